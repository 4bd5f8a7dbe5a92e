//! Texts that would like to be lines of the log.

use std::process::Stdio;

use super::{get, raw};
use crate::program::{Home, Server};

#[test]
fn nothing_that_is_sent_breaks_a_line_of_the_log() {
    for format in ["text", "json"] {
        let home = Home::new();
        let log = std::fs::File::create(home.path("log")).unwrap();
        let mut command = home.command(&["serve", "--port", "0", "--log-format", format]);
        command.env("OMP_LOG", "trace").stdout(Stdio::piped()).stderr(log);
        let server = Server::wait_for(command.spawn().unwrap());
        let forged = "FORGED";
        for text in ["%0aFORGED", "%0d%0aFORGED", "%1b[31mFORGED", "%c2%85FORGED", "%e2%80%a8FORGED"] {
            get(&server, &format!("/v1/memories/{text}?q={text}"), "host: localhost\r\n");
            get(&server, &format!("/{text}"), "host: localhost\r\n");
            get(
                &server,
                "/v1/memories",
                &format!("host: {text}\r\nx-request-id: {text}\r\nuser-agent: {text}\r\n"),
            );
        }
        get(
            &server,
            "/v1/memories",
            "host: localhost\r\nx-request-id: a\x1b[31mFORGED\r\nreferer: \x1b]0;FORGED\x07\r\n",
        );
        raw(&server, b"FORGED\x1b[31m /v1/health HTTP/1.1\r\nhost: localhost\r\n\r\n");
        for body in [
            r#"{"content":"x","type":"semantic","source":{"tool":"a\nFORGED"}}"#,
            r#"{"content":"x\nFORGED","type":"FOR\u001b[31mGED\nFORGED","source":{"tool":"t"}}"#,
            r#"{"content":"\nFORGED","type":"semantic","source":{"tool":"FORGED"},"tags":["\nFORGED"]}"#,
            "\nFORGED",
        ] {
            server
                .call("POST", "/v1/memories", &[("content-type", "application/json")], body.as_bytes())
                .unwrap();
            server
                .call("POST", "/v1/import", &[("content-type", "application/json")], body.as_bytes())
                .unwrap();
        }
        drop(server);
        let log = std::fs::read_to_string(home.path("log")).unwrap();
        assert!(log.contains("answered"), "{log}");
        assert!(!log.contains(forged) && !log.contains('\u{1b}'), "{log}");
        if format == "json" {
            for line in log.lines().filter(|line| line.starts_with('{')) {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
            assert!(log.lines().any(|line| line.starts_with('{')));
        }
    }
}

#[test]
fn a_request_is_found_in_the_log_by_its_name() {
    let home = Home::new();
    let log = std::fs::File::create(home.path("log")).unwrap();
    let mut command = home.command(&["serve", "--port", "0"]);
    command.env("OMP_LOG", "omp_http=debug").stdout(Stdio::piped()).stderr(log);
    let key = home.ok(&["keys", "create", "laptop", "--json"]).json();
    let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
    let server = Server::wait_for(command.spawn().unwrap());
    let headers = [("x-request-id", "from-me-1"), ("authorization", bearer.as_str())];
    let (_, head, _) =
        server.call("GET", "/v1/memories/mem_0000000000000000?q=private", &headers, b"").unwrap();
    assert!(head.to_lowercase().contains("x-request-id: from-me-1"), "{head}");
    drop(server);
    let log = std::fs::read_to_string(home.path("log")).unwrap();
    let line = log.lines().find(|line| line.contains("from-me-1")).unwrap();
    assert!(line.contains("/v1/memories/{id}") && line.contains("404"), "{line}");
    assert!(line.contains(key["key"]["id"].as_str().unwrap()) && !log.contains(&bearer[7..]), "{line}");
    assert!(!log.contains("mem_0000000000000000") && !log.contains("private"), "{log}");
}
