//! Requests whose ends are told differently by different readers, and heads that do not end.

use super::{KEY, raw, status};
use crate::program::Home;

#[test]
fn no_request_hides_inside_another() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    let hidden = "GET /v1/health HTTP/1.1\r\nhost: a\r\n\r\n";
    let body = format!("0\r\n\r\n{hidden}");
    let length = body.len();
    for lines in [
        format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
        format!("transfer-encoding: gzip, chunked\r\ncontent-length: {length}\r\n"),
        format!("transfer-encoding: chunked\r\ntransfer-encoding: identity\r\ncontent-length: {length}\r\n"),
        format!("transfer-encoding: xchunked\r\ncontent-length: {length}\r\n"),
        format!("transfer-encoding : chunked\r\ncontent-length: {length}\r\n"),
        format!("transfer-encoding:\x0bchunked\r\ncontent-length: {length}\r\n"),
        "content-length: 0\r\ncontent-length: 5\r\n".to_owned(),
        "content-length: +5\r\n".to_owned(),
        "content-length: -1\r\n".to_owned(),
        "content-length: 0x5\r\n".to_owned(),
        "content-length: 99999999999999999999999\r\n".to_owned(),
    ] {
        let head = format!(
            "POST /v1/memories HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\n{lines}\r\n"
        );
        let answer = raw(&server, format!("{head}{body}").as_bytes());
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "a second answer after {lines}: {answer}");
        assert!(!answer.contains("memories_count"), "{lines}: {answer}");
    }
    let old = format!(
        "POST /v1/memories HTTP/1.0\r\nauthorization: Bearer {KEY}\r\ntransfer-encoding: chunked\r\n\r\n{body}"
    );
    assert!(raw(&server, old.as_bytes()).matches("HTTP/1.").count() <= 1);
}

#[test]
fn heads_have_an_end() {
    let home = Home::new();
    let server = home.serve(None);
    let large =
        format!("GET /v1/health HTTP/1.1\r\nhost: localhost\r\nx-large: {}\r\n\r\n", "x".repeat(200_000));
    assert!(matches!(status(&raw(&server, large.as_bytes())), 431 | 0));
    let many = "x-many: 1\r\n".repeat(2_000);
    let many = format!("GET /v1/health HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    assert!(matches!(status(&raw(&server, many.as_bytes())), 431 | 0));
    let path = format!("GET /v1/memories/{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(200_000));
    assert!(matches!(status(&raw(&server, path.as_bytes())), 414 | 431 | 0));
    for odd in [
        &b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\nx: a\0b\r\n\r\n"[..],
        b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\nx: a\r\n folded\r\n\r\n",
        b"GET /v1/he\nalth HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let answer = raw(&server, odd);
        assert!(matches!(status(&answer), 400 | 0 | 505), "{answer}");
    }
    let health = raw(&server, b"GET /v1/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert_eq!(status(&health), 200, "and the server is well");
}

#[test]
fn compressed_bodies_are_not_unpacked() {
    let home = Home::new();
    let server = home.serve(None);
    for path in ["/v1/memories", "/v1/import", "/v1/memories/search"] {
        for coding in ["gzip", "br", "zstd", "identity, gzip", "GZIP"] {
            let headers = [("content-type", "application/json"), ("content-encoding", coding)];
            let (code, _, body) = server.call("POST", path, &headers, &[0x1f, 0x8b, 8, 0]).unwrap();
            assert!(code == 415 && String::from_utf8_lossy(&body).contains("compressed"), "{path} {coding}");
        }
    }
}
