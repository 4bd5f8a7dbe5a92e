//! Web pages that reach for the server through the browser of its owner.

use serde_json::Value;

use super::{KEY, get, raw, status};
use crate::program::{Home, run};

/// Every path of the server by its own document, and those that are not in it.
fn paths() -> Vec<String> {
    let text = include_str!("../../../../../openapi.json");
    let document: Value = serde_json::from_str(text).unwrap();
    let documented = document["paths"].as_object().unwrap().keys().cloned();
    let more = ["/", "/app", "/app/", "/app/app.js", "/manifest.json", "/docs/", "/openapi.json", "/nowhere"];
    documented
        .map(|path| path.replace("{id}", "mem_0000000000000000"))
        .chain(more.map(str::to_owned))
        .collect()
}

#[test]
fn a_name_that_was_pointed_at_this_machine_opens_no_path() {
    let home = Home::new();
    let server = home.serve(None);
    for path in paths() {
        for lines in [
            "host: evil.example\r\n",
            "host: 127.0.0.1.evil.example:3456\r\n",
            "host: localhost\r\nhost: evil.example\r\n",
            "host: evil.example\r\nx-forwarded-host: localhost\r\nx-forwarded-for: 127.0.0.1\r\nforwarded: host=localhost\r\n",
        ] {
            let answer = get(&server, &path, lines);
            assert!(status(&answer) == 403 && answer.contains("\"forbidden\""), "{path} {lines} {answer}");
        }
        assert_ne!(status(&get(&server, &path, "host: localhost\r\n")), 403, "{path}");
    }
    let absolute = get(&server, "http://evil.example/v1/memories", "host: localhost\r\n");
    assert_eq!(status(&absolute), 403);
}

#[test]
fn a_foreign_page_can_neither_write_nor_read() {
    let home = Home::new();
    let server = home.serve(None);
    let body = r#"{"content":"planted","type":"semantic","source":{"tool":"t"}}"#;
    // What a form or a script may send without asking first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"]
    {
        for whose in [
            "origin: https://evil.example\r\n",
            "origin: null\r\n",
            "sec-fetch-site: cross-site\r\n",
            "sec-fetch-site: same-site\r\n",
        ] {
            let head = format!(
                "POST /v1/memories HTTP/1.1\r\nhost: localhost\r\n{whose}content-type: {kind}\r\nconnection: close\r\n"
            );
            let answer =
                raw(&server, format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
            assert_eq!(status(&answer), 403, "{kind} {whose} {answer}");
        }
        // A browser that says nothing of itself is stopped by the media type.
        if kind != "application/json" {
            let head = format!(
                "POST /v1/memories HTTP/1.1\r\nhost: localhost\r\ncontent-type: {kind}\r\nconnection: close\r\n"
            );
            let answer =
                raw(&server, format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes());
            assert_eq!(status(&answer), 415, "{kind} {answer}");
        }
    }
    assert_eq!(
        status(&get(
            &server,
            "/v1/export",
            "host: localhost\r\nsec-fetch-site: cross-site\r\nsec-fetch-mode: no-cors\r\n"
        )),
        403
    );
    assert_eq!(server.json("GET", "/v1/memories", &Value::Null).1["total"], 0);
    let own = get(
        &server,
        "/v1/memories",
        "host: localhost:1\r\norigin: http://localhost:1\r\nsec-fetch-site: same-origin\r\n",
    );
    assert_eq!(status(&own), 200, "the web app's own requests: {own}");
}

#[test]
fn pages_are_let_in_by_name_only() {
    let home = Home::new();
    let asked = "host: localhost\r\norigin: https://notes.example\r\naccess-control-request-method: POST\r\naccess-control-request-headers: authorization,content-type\r\n";
    let preflight = format!("OPTIONS /v1/memories HTTP/1.1\r\n{asked}connection: close\r\n\r\n");
    let closed = home.serve(Some(KEY));
    let answer = raw(&closed, preflight.as_bytes()).to_lowercase();
    assert!(!answer.contains("access-control-allow"), "{answer}");

    let mut command = home.command(&["serve", "--port", "0", "--cors-origin", "https://notes.example"]);
    command.env("OMP_API_KEY", KEY);
    let server = crate::program::Server::start(command);
    let answer = raw(&server, preflight.as_bytes()).to_lowercase();
    assert!(
        status(&answer) == 200 && answer.contains("access-control-allow-origin: https://notes.example\r\n"),
        "{answer}"
    );
    assert!(!answer.contains("allow-credentials"), "{answer}");
    let other = raw(&server, preflight.replace("notes.example", "evil.example").as_bytes()).to_lowercase();
    assert!(!other.contains("access-control-allow-origin"), "{other}");
    let bare = get(&server, "/v1/memories", "host: a\r\norigin: https://notes.example\r\n");
    assert_eq!(status(&bare), 401, "who may read an answer still needs the key");

    let every = run(home.command(&["serve", "--port", "0"]).env("OMP_CORS_ORIGINS", "*"));
    assert!(every.code != 0 && every.err.contains("is not an origin"), "{}", every.err);
}

#[test]
fn every_answer_tells_browsers_what_not_to_do() {
    let home = Home::new();
    let server = home.serve(None);
    for path in paths() {
        let answer = get(&server, &path, "host: localhost\r\n").to_lowercase();
        for line in [
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "x-frame-options: deny",
            "cross-origin-resource-policy: same-origin",
            "frame-ancestors 'none'",
            "x-request-id: ",
        ] {
            assert!(answer.contains(line), "{path}: {line} is missing in {answer}");
        }
        assert!(!path.starts_with("/v1") || answer.contains("cache-control: no-store"), "{path}");
        assert!(!answer.contains("unsafe-eval") && !answer.contains("script-src 'self' 'unsafe"), "{path}");
    }
}
