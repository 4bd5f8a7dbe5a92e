//! After everything was done that can be done, nothing private is where it may not be.

use std::io::{Read, Write};
use std::process::Stdio;

use serde_json::{Value, json};

use crate::program::{Home, Server};

const KEY: &str = "keykeykey-0123456789abcdef-keykey";
const WRONG_KEY: &str = "wrongwrong-0123456789abcdef-wrong";

/// Words of our own for each way in; what they are in may be stored, logged or shown nowhere else.
const STORED: &str = "zebrafinch";
const CHANGED: &str = "quillwort";
const ASKED: &str = "marzipan";
const REFUSED: &str = "hornbeam";
const SPOKEN: &str = "lapwing";
const IMPORTED: &str = "saxifrage";
const DELETED: &str = "periwinkle";
const WORDS: [&str; 7] = [STORED, CHANGED, ASKED, REFUSED, SPOKEN, IMPORTED, DELETED];

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// What the metrics say at the moment.
fn metrics(port: u16) -> String {
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

/// Uses every door of a server for writes, questions, transfers and mistakes.
fn use_everything(server: &Server) {
    let bearer = format!("Bearer {KEY}");
    let call = |method: &str, path: &str, body: &str| {
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
        let (status, _, answer) = server.call(method, path, &headers, body.as_bytes()).unwrap();
        (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
    };
    let memory = |word: &str| {
        json!({"content": format!("{word} at night"), "type": "semantic", "source": {"tool": "t"}, "tags": [word],
            "metadata": {"note": word}})
    };
    let store = |word: &str| {
        let (status, stored) = call("POST", "/v1/memories", &memory(word).to_string());
        assert_eq!(status, 201);
        format!("/v1/memories/{}", stored["id"].as_str().unwrap())
    };
    let path = store(STORED);
    assert_eq!(call("PUT", &path, &json!({"content": format!("{CHANGED} by day")}).to_string()).0, 200);
    let gone = store(DELETED);
    assert_eq!(call("POST", "/v1/memories/search", &json!({"q": ASKED}).to_string()).0, 200);
    for path in [
        format!("/v1/memories/search?q={ASKED}"),
        format!("/v1/context?q={ASKED}"),
        format!("/v1/memories?tags={ASKED}"),
        format!("/v1/{ASKED}"),
        format!("/v1/memories/{ASKED}"),
        format!("{path}/history?{ASKED}=1"),
        "/v1/export?format=omi&include=embedding".to_owned(),
    ] {
        assert!(call("GET", &path, "").0 < 500, "{path}");
    }
    let conversation = json!({"model": "m", "messages": [{"role": "user", "content": SPOKEN}]});
    assert_eq!(call("POST", "/v1/conversations", &conversation.to_string()).0, 201);
    assert_eq!(
        call(
            "POST",
            "/v1/handoff",
            &json!({"target_model": "x", "model": "m", "messages": conversation["messages"]}).to_string()
        )
        .0,
        200
    );
    let mut item = memory(IMPORTED);
    let at = json!("2026-01-01T00:00:00Z");
    for (name, value) in [("id", &json!("mem_aaaaaaaaaaaaaaaa")), ("created_at", &at), ("updated_at", &at)] {
        item[name] = value.clone();
    }
    let export = json!({"omp_version": "0.1", "exported_at": at, "server": "x", "memories": [item, {"content": REFUSED, "type": 7}, {"content": REFUSED}]});
    assert_eq!(call("POST", "/v1/import", &export.to_string()).0, 200);
    // What is refused must leave nothing behind.
    for body in [
        format!("{{\"content\":\"{REFUSED}\",}}"),
        format!("\"{REFUSED}"),
        json!({"content": REFUSED, "type": REFUSED, "source": {"tool": 7}, REFUSED: 1}).to_string(),
        json!({"content": REFUSED.repeat(2_000), "type": "semantic", "source": {"tool": "t"}}).to_string(),
    ] {
        for path in ["/v1/memories", "/v1/memories/search", "/v1/conversations", "/v1/extract"] {
            let status = call("POST", path, &body).0;
            let refused = (400..500).contains(&status);
            assert!(refused || path.ends_with("search") && status == 200, "{path} {status}");
        }
    }
    // The provider of this server is not there.
    let asked = json!({"transcript": REFUSED, "provider": "openai", "api_key": WRONG_KEY}).to_string();
    for path in ["/v1/extract", "/v1/compress"] {
        assert_eq!(call("POST", path, &asked).0, 502, "{path}");
    }
    for _ in 0..50 {
        let headers = [("authorization", WRONG_KEY), ("x-request-id", "not a name")];
        server.call("GET", "/v1/memories", &headers, b"").unwrap();
        let headers = [("authorization", &*format!("Bearer {WRONG_KEY}"))];
        server.call("GET", "/v1/memories", &headers, b"").unwrap();
    }
    assert_eq!(call("DELETE", &gone, "").0, 204);
}

#[test]
fn logs_metrics_and_files_hold_nothing_that_they_may_not() {
    for format in ["text", "json"] {
        let home = Home::new();
        let log = std::fs::File::create(home.path("log")).unwrap();
        let port = free_port();
        let mut command = home.command(&["serve", "--port", "0", "--log-format", format]);
        command.env("OMP_API_KEY", KEY).env("OMP_LOG", "trace").env("OMP_METRICS_LISTEN", port.to_string());
        command.env("OMP_AI_PROVIDER", "openai").env("OMP_AI_BASE_URL", "http://127.0.0.1:9/v1");
        let server = Server::wait_for(command.stdout(Stdio::piped()).stderr(log).spawn().unwrap());
        use_everything(&server);
        let figures = metrics(port);
        let counted = "omp_http_request_duration_seconds_count{method=\"POST\",route=\"/v1/memories\",status=\"201\"} 2";
        for line in [counted, "omp_memories 2", "omp_store_up 1", "omp_store_commits_total "] {
            assert!(figures.contains(line), "{line} is missing in {figures}");
        }
        #[cfg(unix)]
        assert_eq!(server.stop(), Some(0));
        #[cfg(not(unix))]
        drop(server);
        let log = std::fs::read_to_string(home.path("log")).unwrap();
        assert!(log.contains("answered") && log.contains("/v1/memories/{id}"), "{log}");
        for secret in WORDS.into_iter().chain([KEY, WRONG_KEY]) {
            for (place, text) in [("the log", &log), ("the metrics", &figures)] {
                let line = text.lines().find(|line| line.contains(secret));
                assert!(line.is_none(), "{secret} is in {place}: {line:?}");
            }
        }
        for entry in std::fs::read_dir(home.folder.path()).unwrap() {
            let file = entry.unwrap().path();
            let bytes = std::fs::read(&file).unwrap();
            // What is asked, refused or deleted is in no file, and neither is a key.
            for secret in [ASKED, REFUSED, DELETED, KEY, WRONG_KEY] {
                let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
                assert!(!found, "{secret} is in {}", file.display());
            }
        }
        let database = home.stored();
        for word in [STORED, CHANGED, SPOKEN, IMPORTED] {
            assert!(
                database.windows(word.len()).any(|part| part == word.as_bytes()),
                "{word} is kept: the search works"
            );
        }
    }
}
