//! Ready apart from alive: `/livez` and `/readyz` while a server begins, works, loses its database and ends.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::program::{Home, Server};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Status and body of a probe, with no key; nothing when the connection breaks.
fn probe(server: &Server, path: &str) -> Option<(u16, Value)> {
    let (status, _, body) = server.call("GET", path, &[], b"").ok()?;
    Some((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Asks until this is the answer; tells the last body.
fn until(server: &Server, path: &str, wanted: u16) -> Value {
    for _ in 0..6_000 {
        match probe(server, path) {
            Some((status, body)) if status == wanted => return body,
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    panic!("{path} never answers {wanted}: {:?}", probe(server, path))
}

/// What stands in the way, as the envelope tells it, with nothing else beside it.
fn hindrance(body: &Value) -> &str {
    assert_eq!(body["error"], "unavailable", "{body}");
    assert_eq!(body["details"].as_object().map(serde_json::Map::len), Some(1), "{body}");
    body["details"]["check"].as_str().unwrap()
}

fn terminate(server: &Server) {
    assert!(Command::new("kill").arg(server.child.id().to_string()).status().unwrap().success());
}

/// A request whose body the server has begun to read; what is left of it is returned.
fn begin_request(server: &Server, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let length = body.len();
    let head = format!(
        "POST /v1/memories HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\nexpect: 100-continue\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(told, *b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
#[cfg(unix)]
fn a_server_that_ends_says_so_and_finishes_what_it_has_begun() {
    let home = Home::new();
    let mut server = home.serve(Some(KEY));
    assert_eq!(until(&server, "/readyz", 200), json!({"status": "ready"}));
    let body = json!({"content": "kept", "type": "semantic", "source": {"tool": "t"}}).to_string();
    let mut begun = begin_request(&server, &body);
    terminate(&server);
    assert_eq!(hindrance(&until(&server, "/readyz", 503)), "stopping");
    assert_eq!(probe(&server, "/livez"), Some((200, json!({"status": "alive"}))));
    let headers = [("authorization", &*format!("Bearer {KEY}"))];
    // It says that it stops a moment before it does.
    let list = || server.call("GET", "/v1/memories", &headers, b"").unwrap();
    let (status, head, _) =
        std::iter::repeat_with(list).take(100).find(|(status, ..)| *status != 200).unwrap();
    assert!(status == 503 && head.to_lowercase().contains("retry-after: 1"), "{head}");
    begun.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
}

/// A balancer needs a moment to notice; until then everything is served as before.
#[test]
#[cfg(unix)]
fn a_server_that_drains_serves_on_while_it_is_not_ready() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--port", "0", "--drain", "3600"]);
    command.env("OMP_API_KEY", KEY);
    let mut server = Server::start(command);
    // Then it hears signals.
    until(&server, "/readyz", 200);
    terminate(&server);
    assert_eq!(hindrance(&until(&server, "/readyz", 503)), "stopping");
    let headers = [("authorization", &*format!("Bearer {KEY}"))];
    for _ in 0..3 {
        assert_eq!(server.call("GET", "/v1/memories", &headers, b"").unwrap().0, 200);
    }
    terminate(&server);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// Whoever floods the server is refused; whoever asks whether it lives is not, and its line in the log is not there.
#[test]
fn probes_are_outside_of_limits_and_of_the_log() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("OMP_API_KEY", KEY).stderr(Stdio::piped()).stdout(Stdio::piped());
    let server = Server::wait_for(command.spawn().unwrap());
    let asked = |path: &str| server.call("GET", path, &[], b"").unwrap().0;
    assert!((0..50_000).any(|_| asked("/v1/health") == 429), "requests without a key have a limit");
    for _ in 0..200 {
        assert_eq!((asked("/livez"), asked("/readyz")), (200, 200));
    }
    let mut server = server;
    let mut log = server.child.stderr.take().unwrap();
    server.child.kill().unwrap();
    let mut told = String::new();
    log.read_to_string(&mut told).unwrap();
    assert!(!told.contains("livez") && !told.contains("readyz"), "{told}");
}

/// A way to the database that can be cut.
struct Wire {
    address: SocketAddr,
    cut: Arc<AtomicBool>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Wire {
    fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, streams) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (is_cut, open) = (Arc::clone(&cut), Arc::clone(&streams));
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let mut open = open.lock().unwrap();
                if is_cut.load(Ordering::SeqCst) {
                    continue;
                }
                let database = TcpStream::connect(&server).unwrap();
                for (from, to) in [(&client, &database), (&database, &client)] {
                    let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    std::thread::spawn(move || {
                        // Either side may end it at any time.
                        let _ = std::io::copy(&mut from, &mut to);
                        let _ = to.shutdown(Shutdown::Both);
                    });
                }
                open.extend([client, database]);
            }
        });
        Self { address, cut, streams }
    }

    fn cut(&self) {
        let mut open = self.streams.lock().unwrap();
        self.cut.store(true, Ordering::SeqCst);
        for stream in open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }
}

#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn without_its_database_a_server_lives_and_is_not_ready() {
    let home = Home::new();
    let url = home.database.clone().expect("tests/postgres/run names one");
    let database = url.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap().to_owned();
    let wire = Wire::to(database.clone());
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("OMP_DATABASE_URL", url.replace(&database, &wire.address.to_string()));
    command.env("OMP_API_KEY", KEY);
    let server = Server::start(command);
    for _ in 0..2 {
        assert_eq!(until(&server, "/readyz", 200), json!({"status": "ready"}));
        wire.cut();
        let told = until(&server, "/readyz", 503);
        assert_eq!(hindrance(&told), "store");
        assert!(!told.to_string().contains("127.0.0.1"), "{told}");
        assert_eq!(probe(&server, "/livez"), Some((200, json!({"status": "alive"}))));
        assert_eq!(probe(&server, "/v1/health").map(|(status, _)| status), Some(503));
        wire.mend();
    }
    until(&server, "/readyz", 200);
    assert_eq!(probe(&server, "/v1/health").map(|(status, _)| status), Some(200));
}

/// Another server brings the schema up to date, and this one waits for its turn.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn a_server_that_is_still_opening_its_database_lives_and_is_not_ready() {
    let home = Home::new();
    let url = home.database.clone().expect("tests/postgres/run names one");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let client = runtime.block_on(omp_store::conformance::databases::client(&url));
    let lock = "SELECT pg_advisory_lock(x'4f4d656d'::bigint)";
    runtime.block_on(client.batch_execute(lock)).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = home.command(&["serve", "--port", &port.to_string()]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let server = Server { child, url: format!("http://127.0.0.1:{port}") };
    assert_eq!(until(&server, "/livez", 200), json!({"status": "alive"}));
    assert_eq!(hindrance(&until(&server, "/readyz", 503)), "opening");
    assert_eq!(probe(&server, "/v1/memories").map(|(status, _)| status), Some(503));
    drop(client);
    assert_eq!(until(&server, "/readyz", 200), json!({"status": "ready"}));
    assert_eq!(probe(&server, "/v1/memories").map(|(status, _)| status), Some(200));
}
