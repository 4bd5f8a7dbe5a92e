//! What somebody with bad intentions sends, on a real server: a test for each way in.

mod framing;
mod input;
mod keys;
mod logs;
mod pages;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::program::Server;

pub(crate) const KEY: &str = "0123456789abcdef0123456789abcdef";

/// The bytes as they are on a connection of their own; everything that comes back until the server closes it, or says
/// nothing for a while.
fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
    // The server may have heard enough and closed.
    let _ = stream.write_all(bytes);
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of an answer; 0 when the connection was closed without one.
fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
}

/// One GET with these header lines.
fn get(server: &Server, path: &str, lines: &str) -> String {
    raw(server, format!("GET {path} HTTP/1.1\r\n{lines}connection: close\r\n\r\n").as_bytes())
}
