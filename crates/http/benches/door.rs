//! What admission costs: the same requests, one after the other, to the router as it is served and to its routes
//! without it, over a connection and without one. Rounds alternate, so what else the machine does falls on all alike.
//!
//! `cargo bench -p omp-http --features bench`
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "this is a measurement")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use omp_http::{ApiKey, Metrics, Settings};
use omp_model::{Clock, Content, MemoryType, NewMemory, Principal, SystemClock, ToolName};
use omp_service::Service;
use omp_store::{SqliteOptions, SqliteStore};
use tower::ServiceExt;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const MEMORIES: usize = 2_000;
const ROUNDS: usize = 200;
const REQUESTS: usize = 200;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::plain(folder.path().join("memory.db"), SystemClock.now());
    let store = Arc::new(SqliteStore::open(&options).unwrap());
    let service = Service::new(store, folder.path().to_owned());
    let mut ids = Vec::new();
    for n in 0..MEMORIES {
        let content =
            Content::new(format!("Memory {n} says something about subject {} in a sentence", n % 97))
                .unwrap();
        let new = NewMemory::new(content, MemoryType::Semantic, ToolName::new("bench").unwrap());
        ids.push(service.create_memory(Principal::OWNER, new).await.unwrap().memory.id.to_string());
    }
    let key = || Some(ApiKey::new(KEY).unwrap());
    // No limit is reached; each request is counted all the same.
    let settings = || Settings { rate: 10_000_000, ..Settings::default() };
    let counted = Settings { metrics: Some(Metrics::default()), ..settings() };
    let routers = [
        ("without access checks", omp_http::bare_router(service.clone(), true)),
        ("with a key and limits", omp_http::router(service.clone(), key(), settings())),
        ("without a key: host and origin", omp_http::router(service.clone(), None, Settings::default())),
        ("with a key, limits and metrics", omp_http::router(service.clone(), key(), counted)),
        ("handlers alone", omp_http::bare_router(service, false)),
    ];
    let asked: [(&str, Vec<String>); 3] = [
        ("get by id", ids.iter().map(|id| format!("/v1/memories/{id}")).collect()),
        ("first page", vec!["/v1/memories?limit=20".to_owned()]),
        (
            "search, two words",
            (0..97).map(|n| format!("/v1/memories/search?q=subject+{n}&mode=keyword")).collect(),
        ),
    ];
    let mut connections = Vec::new();
    for (_, router) in &routers {
        connections.push(connect(router.clone()).await);
    }
    for (what, paths) in asked {
        for connected in [true, false] {
            let mut times = vec![Vec::new(); routers.len()];
            for round in 0..ROUNDS {
                for turn in 0..routers.len() {
                    // Another one begins each time: who comes first in a round finds colder caches.
                    let at = (round + turn) % routers.len();
                    times[at].push(if connected {
                        over_connection(&mut connections[at], &paths, round)
                    } else {
                        without_connection(&routers[at].1, &paths, round).await
                    });
                }
            }
            let medians: Vec<f64> = times.into_iter().map(median).collect();
            println!("{what}, {}:", if connected { "over a connection" } else { "without a connection" });
            for ((name, _), median) in routers.iter().zip(&medians) {
                println!("  {name:32} {median:8.2} µs  ratio {:.3}", median / medians[0]);
            }
        }
    }
}

/// A connection to a router that is served by threads of its own.
async fn connect(router: Router) -> TcpStream {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            omp_http::serve(listener, router, None, std::future::pending()).await.unwrap();
        });
    });
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Microseconds for one request, of a round of them.
fn over_connection(stream: &mut TcpStream, paths: &[String], round: usize) -> f64 {
    let mut buffer = vec![0; 1 << 20];
    let mut took = Duration::ZERO;
    for n in 0..REQUESTS {
        let path = &paths[(round * REQUESTS + n) % paths.len()];
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: localhost:3456\r\nauthorization: Bearer {KEY}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n"
        );
        let begun = Instant::now();
        stream.write_all(request.as_bytes()).unwrap();
        let mut read = 0;
        while !is_whole(&buffer[..read]) {
            read += stream.read(&mut buffer[read..]).unwrap();
        }
        took += begun.elapsed();
        assert!(buffer.starts_with(b"HTTP/1.1 200"));
    }
    took.as_secs_f64() * 1e6 / REQUESTS as f64
}

/// Whether an answer has come whole.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    answer.len() >= end + 4 + length.parse::<usize>().unwrap()
}

/// Microseconds for one request, of a round of them.
async fn without_connection(router: &Router, paths: &[String], round: usize) -> f64 {
    let requests: Vec<Request<Body>> = (0..REQUESTS)
        .map(|n| {
            let path = &paths[(round * REQUESTS + n) % paths.len()];
            Request::get(path)
                .header("host", "localhost:3456")
                .header("authorization", format!("Bearer {KEY}"))
                .header("user-agent", "bench")
                .header("accept", "*/*")
                .body(Body::empty())
                .unwrap()
        })
        .collect();
    let mut took = Duration::ZERO;
    for request in requests {
        let begun = Instant::now();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        took += begun.elapsed();
        assert!(!body.is_empty());
    }
    took.as_secs_f64() * 1e6 / REQUESTS as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
