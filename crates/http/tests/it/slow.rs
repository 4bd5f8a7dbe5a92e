//! Clients that send slowly, on a clock that jumps whenever nobody has anything to do.

use std::time::Duration;

use omp_http::Settings;
use omp_service::Service;
use omp_store::{SqliteOptions, SqliteStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// A client of a server with an empty store, which is gone with the folder.
async fn connected() -> (TcpStream, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteOptions::plain(folder.path().join("memory.db"), omp_model::Timestamp::from_millis(0));
    let store = std::sync::Arc::new(SqliteStore::open(&options).unwrap());
    let service = Service::new(store, folder.path().to_owned());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = omp_http::router(service, None, Settings::default());
    tokio::spawn(omp_http::serve(listener, router, None, std::future::pending()));
    (TcpStream::connect(address).await.unwrap(), folder)
}

/// Sends `head`, then a byte of `rest` every second, until the server closes; what it said, and after how long.
async fn trickled(head: &str, rest: u8) -> (String, Duration) {
    let (stream, _folder) = connected().await;
    let (mut read, mut write) = stream.into_split();
    write.write_all(head.as_bytes()).await.unwrap();
    let begun = Instant::now();
    let sending = tokio::spawn(async move {
        while write.write_all(&[rest]).await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    });
    let mut answer = Vec::new();
    // A server that has heard enough may also reset the connection.
    let _ = read.read_to_end(&mut answer).await;
    sending.abort();
    (String::from_utf8_lossy(&answer).into_owned(), begun.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_loses_its_connection() {
    let (answer, took) = trickled("GET /v1/health HTTP/1.1\r\nhost: localhost\r\nx-slow: ", b'x').await;
    assert!(answer.is_empty() || answer.contains(" 408 "), "{answer}");
    assert!((25..60).contains(&took.as_secs()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_requests_is_closed() {
    let (mut stream, _folder) = connected().await;
    stream.write_all(b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let begun = Instant::now();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && (25..60).contains(&begun.elapsed().as_secs()), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_says_nothing_is_closed() {
    let (mut stream, _folder) = connected().await;
    let begun = Instant::now();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    assert!((25..60).contains(&begun.elapsed().as_secs()), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_not_waited_for() {
    let head = "POST /v1/memories HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 100000\r\n\r\n";
    let (answer, took) = trickled(head, b' ').await;
    assert!(answer.contains(" 408 ") && answer.contains("request_timeout"), "{answer}");
    assert!((25..90).contains(&took.as_secs()), "{took:?}");
}
