//! `/mcp` of `omp serve`.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::remote::Remote;
use super::session::MODERN;
use crate::program::Home;

const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

#[test]
fn both_eras_are_served_at_one_address_under_the_key() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let client = Remote::new(&server, Some(KEY), version).initialize();
        let tools = client.send("tools/list", json!({})).message()["result"]["tools"].clone();
        assert_eq!(tools.as_array().map(Vec::len), Some(10), "{tools}");
        let fact = json!({"content": format!("said in {version}")});
        assert_eq!(client.ok("omp_remember", &fact)["stored"], true);
    }
    let client = Remote::new(&server, Some(KEY), MODERN);
    let found = client.send("server/discover", json!({})).message();
    assert!(found["result"]["supportedVersions"].as_array().unwrap().contains(&MODERN.into()), "{found}");
    let answer = client.send("tools/call", json!({"name": "omp_recall", "arguments": {"query": "said"}}));
    assert!(answer.header("content-type").unwrap().starts_with("application/json"), "{}", answer.head);
    assert!(answer.header("mcp-session-id").is_none());
    let memories = answer.message()["result"]["structuredContent"]["memories"].clone();
    assert_eq!(memories.as_array().map(Vec::len), Some(3), "{memories}");
    assert!(
        memories.as_array().unwrap().iter().all(|memory| memory["tool"] == "remote-client"),
        "{memories}"
    );
}

#[test]
fn headers_that_contradict_the_message_and_unknown_versions_are_refused() {
    let home = Home::new();
    let server = home.serve(None);
    let client = Remote::new(&server, None, MODERN);
    let other = Remote::new(&server, None, "2099-01-01");
    assert_eq!(client.send("nothing/such", json!({})).status, 404);
    let lie = Remote::new(&server, None, MODERN).with("mcp-method", "tools/list");
    assert_eq!(lie.send("prompts/list", json!({})).status, 400);
    let answer = other.send("tools/list", json!({}));
    assert!(answer.status == 400 && answer.message()["error"]["code"] == -32022, "{}", answer.head);
}

#[test]
fn who_brings_no_key_is_told_where_the_metadata_are() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    for key in [None, Some("wrong")] {
        let answer = Remote::new(&server, key, MODERN).send("tools/list", json!({}));
        assert_eq!(answer.status, 401);
        let url = format!("{}/.well-known/oauth-protected-resource/mcp", server.url);
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(
            challenge.starts_with("Bearer ") && challenge.contains(&format!("resource_metadata=\"{url}\""))
        );
        let (status, metadata) = server.json("GET", url.trim_start_matches(&server.url), &Value::Null);
        assert_eq!((status, &metadata["resource"]), (200, &json!(format!("{}/mcp", server.url))));
        assert_eq!(server.json("GET", "/.well-known/oauth-protected-resource", &Value::Null).1, metadata);
    }
}

#[test]
fn a_session_is_no_key_and_pages_of_other_origins_are_refused_even_with_one() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    let session = Remote::new(&server, Some(KEY), "2025-11-25").initialize();
    let stolen = Remote::new(&server, None, "2025-11-25").with("mcp-session-id", session.session());
    assert_eq!(stolen.send("tools/list", json!({})).status, 401);
    let unknown = Remote::new(&server, Some(KEY), "2025-11-25").with("mcp-session-id", "no-such-session");
    assert_eq!(unknown.send("tools/list", json!({})).status, 404);

    let page = |origin: &str| {
        Remote::new(&server, Some(KEY), MODERN).with("origin", origin).send("tools/list", json!({}))
    };
    assert_eq!(page("https://evil.example").status, 403);
    assert_eq!(page("null").status, 403);
    assert_eq!(page(&server.url).status, 200);
}

#[test]
fn a_session_belongs_to_its_key_and_ends_with_it() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    let [one, other] = ["one", "other"].map(|name| home.ok(&["keys", "create", name, "--json"]).json());
    let secret = |key: &Value| key["secret"].as_str().unwrap().to_owned();
    let client = Remote::new(&server, Some(&secret(&one)), "2025-11-25").initialize();
    client.ok("omp_remember", &json!({"content": "Likes tea"}));
    let id = client.session().to_owned();
    let stolen = Remote::new(&server, Some(&secret(&other)), "2025-11-25").with("mcp-session-id", &id);
    assert_eq!(stolen.send("tools/list", json!({})).status, 404);
    home.ok(&["keys", "revoke", one["key"]["id"].as_str().unwrap()]);
    assert_eq!(client.send("tools/list", json!({})).status, 401);
}

#[test]
#[cfg(unix)]
fn an_open_stream_does_not_keep_the_server_from_stopping() {
    let home = Home::new();
    let server = home.serve(None);
    let answer = Remote::new(&server, None, "2025-11-25").send(
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}),
    );
    let session = answer.header("mcp-session-id").unwrap();
    let host = server.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET /mcp HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\nmcp-session-id: {session}\r\n\r\n"
    )
    .unwrap();
    let mut status = String::new();
    BufReader::new(stream.try_clone().unwrap()).read_line(&mut status).unwrap();
    assert!(status.contains("200"), "{status}");
    assert_eq!(server.stop(), Some(0));
}

/// A balancer sends a session to the server that began it, and other requests anywhere.
#[test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
fn who_subscribed_on_one_server_is_told_what_another_stores() {
    let home = Home::new();
    assert!(home.database.is_some(), "tests/postgres/run names one");
    let servers = [home.serve(None), home.serve(None)];
    let client = Remote::new(&servers[0], None, "2025-11-25").initialize();
    let answer = client.send("resources/subscribe", json!({"uri": "omp://memories/context"}));
    assert_eq!(answer.status, 200);
    let host = servers[0].url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let session = client.session();
    write!(
        stream,
        "GET /mcp HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\nmcp-session-id: {session}\r\n\r\n"
    )
    .unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("200"));
    for number in 0..3 {
        let memory = json!({"content": format!("Tea {number}"), "type": "semantic", "source": {"tool": "t"}});
        assert_eq!(servers[1].json("POST", "/v1/memories", &memory).0, 201);
        let told = lines.find(|line| line.contains("notifications/resources/updated")).unwrap();
        assert!(told.contains("omp://memories/context"), "{told}");
    }
}
