//! Keys that are wrong, nearly right, or many.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::{KEY, get, raw, status};
use crate::program::{Home, Server};

#[test]
fn a_key_that_is_nearly_right_is_wrong() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    let path = "/v1/memories";
    let right = format!("host: a\r\nauthorization: bearer  {KEY}\r\n");
    assert_eq!(status(&get(&server, path, &right)), 200);
    let long = "0".repeat(50_000);
    let near = [
        KEY[..31].to_owned(),
        format!("{KEY}0"),
        format!("0{KEY}"),
        KEY.to_uppercase(),
        KEY.replace('f', "e"),
        format!("{KEY},{KEY}"),
        format!("\"{KEY}\""),
        format!("{KEY}\u{200b}"),
        long,
        String::new(),
    ];
    for wrong in near {
        let answer = get(&server, path, &format!("host: a\r\nauthorization: Bearer {wrong}\r\n"));
        assert!(
            status(&answer) == 401
                && answer.contains("WWW-Authenticate") | answer.contains("www-authenticate"),
            "{wrong:.40} {answer}"
        );
        assert!(!answer.contains(KEY));
    }
    for lines in [
        format!("host: a\r\nauthorization: {KEY}\r\n"),
        format!("host: a\r\nauthorization: Basic {KEY}\r\n"),
        format!("host: a\r\nx-api-key: {KEY}\r\n"),
        format!("host: a\r\ncookie: key={KEY}\r\n"),
        "host: a\r\nx-forwarded-for: 127.0.0.1\r\nx-original-url: /v1/health\r\n".to_owned(),
        format!("host: a\r\nauthorization: Bearer wrong\r\nauthorization: Bearer {KEY}\r\n"),
    ] {
        assert_eq!(status(&get(&server, path, &lines)), 401, "{lines}");
    }
    for path in [
        &format!("/v1/memories?api_key={KEY}"),
        "/v1/health/../memories",
        "//v1/memories",
        "/V1/memories",
        "/v1/memories/",
    ] {
        assert_ne!(status(&get(&server, path, "host: a\r\n")), 200, "{path}");
    }
}

#[test]
fn the_key_is_asked_for_before_the_body_is_read() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    // Announces a body that never comes.
    let answer = raw(&server, b"POST /v1/import HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n");
    assert_eq!(status(&answer), 401);
}

/// Sends wrong keys as fast as answers come, over one connection; how many were looked at, and how many put off.
fn guess(server: &Server, times: usize) -> (usize, usize) {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    let (mut looked_at, mut put_off, mut sent) = (0, 0, 0);
    while sent < times {
        let batch = 100;
        let mut requests = String::new();
        for n in sent..sent + batch {
            // Who claims to be another client each time is still the same one.
            requests.push_str(&format!("GET /v1/memories HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 10.0.{}.{}\r\nauthorization: Bearer {n:032}\r\n\r\n", n / 250, n % 250));
        }
        stream.write_all(requests.as_bytes()).unwrap();
        let (mut answers, mut piece) = (String::new(), [0; 16384]);
        let count = |answers: &str, status| answers.matches(status).count();
        while count(&answers, "\"rate_limited\"") + count(&answers, "\"unauthorized\"") < batch {
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0, "{answers}");
            answers.push_str(&String::from_utf8_lossy(&piece[..length]));
        }
        assert_eq!(count(&answers.to_lowercase(), "retry-after: "), count(&answers, "\"rate_limited\""));
        looked_at += count(&answers, "\"unauthorized\"");
        put_off += count(&answers, "\"rate_limited\"");
        sent += batch;
    }
    (looked_at, put_off)
}

#[test]
fn a_flood_of_wrong_keys_neither_guesses_nor_hurts_others() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    let bearer = format!("Bearer {KEY}");
    let headers = [("authorization", bearer.as_str())];
    let asked = || server.call("GET", "/v1/memories", &headers, b"").unwrap().0;
    assert_eq!(asked(), 200);
    let done = AtomicBool::new(false);
    let (guessed, others) = std::thread::scope(|scope| {
        let floods: Vec<_> = (0..2).map(|_| scope.spawn(|| guess(&server, 5_000))).collect();
        let others = scope.spawn(|| {
            let mut answered = 0;
            while !done.load(Ordering::Relaxed) || answered == 0 {
                assert_eq!(asked(), 200, "a client that was here before is answered, from the same address");
                answered += 1;
            }
            answered
        });
        let guessed: Vec<_> = floods.into_iter().map(|flood| flood.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        (guessed, others.join().unwrap())
    });
    let (looked_at, put_off) = guessed.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(looked_at + put_off == 10_000 && looked_at < 200, "{looked_at} of 10,000 keys were looked at");
    assert!(others > 0);
    // The right key in another spelling was never here: whoever guesses cannot tell it from a wrong one.
    let found =
        server.call("GET", "/v1/memories", &[("authorization", &format!("bearer {KEY}"))], b"").unwrap();
    let body: Value = serde_json::from_slice(&found.2).unwrap();
    assert_eq!((found.0, body["error"].as_str()), (429, Some("rate_limited")));
    assert_eq!(server.call("GET", "/v1/health", &[], b"").unwrap().0, 200);
}

#[test]
#[cfg(target_os = "linux")]
fn wrong_keys_from_one_address_do_not_touch_another() {
    let home = Home::new();
    let server = home.serve(Some(KEY));
    guess(&server, 500);
    // All of 127.0.0.0/8 is this machine, so there is a second address to come from.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let stream = socket.connect(server.url.trim_start_matches("http://").parse().unwrap()).await.unwrap();
        stream.into_std().unwrap()
    });
    let mut stream = answer;
    stream.set_nonblocking(false).unwrap();
    stream.write_all(format!("GET /v1/memories HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(status(&text), 200, "{text}");
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let home = Home::new();
    let mut command = home.command(&["serve", "--port", "0", "--rate-limit", "1"]);
    command.env("OMP_API_KEY", KEY);
    let server = Server::start(command);
    let bearer = format!("Bearer {KEY}");
    let asked = || server.call("GET", "/v1/memories", &[("authorization", &bearer)], b"").unwrap();
    let refused = (0..100).map(|_| asked()).find(|answer| answer.0 == 429).unwrap();
    assert!(refused.1.to_lowercase().contains("retry-after: 1"), "{}", refused.1);
    assert_eq!(serde_json::from_slice::<Value>(&refused.2).unwrap()["error"], "rate_limited");
}
