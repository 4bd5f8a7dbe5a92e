//! One request, again and again until it is clear how it ends.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);

/// The pause after the first failure; it doubles after each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that a service may ask for with `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Waits between attempts; an argument so that tests need not wait.
pub type Sleep = Arc<dyn Fn(Duration) + Send + Sync>;

/// What a request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long one attempt may take altogether, however slowly bytes drip.
    pub timeout: Duration,
    /// How often it is made before its failure counts.
    pub attempts: u32,
    /// The most bytes of an answer.
    pub most_bytes: u64,
    /// Whether it is made again when no answer came in time. Whoever pays for each attempt does not want that.
    pub again_after_timeout: bool,
}

/// How a request ended without an answer. It quotes neither what was sent nor what came back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It could not be reached or did not answer in full.
    #[error("{problem}")]
    Unreachable {
        /// What happened.
        problem: &'static str,
    },
    /// No answer in time.
    #[error("it did not answer in time")]
    Timeout,
    /// The answer is longer than it may be.
    #[error("its answer is too long")]
    TooLong,
    /// It answered with another status than 200.
    #[error("it answered {0}")]
    Refused(u16),
}

impl Failure {
    /// Whether the same request may well succeed later without anybody changing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout => true,
            Self::Refused(status) => matches!(status, 408 | 429) || *status >= 500,
            Self::TooLong => false,
        }
    }
}

/// The connections to a service.
pub struct Transport {
    agent: Agent,
    limits: Limits,
    sleep: Sleep,
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transport").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Transport {
    /// Connections that keep to these limits.
    pub fn new(limits: Limits, sleep: Sleep) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(limits.timeout))
            .timeout_connect(Some(CONNECT))
            .max_redirects(0) // the key is for this address and no other
            .max_redirects_will_error(false)
            .user_agent(concat!("open-memory/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, limits, sleep }
    }

    /// The body of the answer to `body`.
    pub fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, Failure> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let (failure, asked) = match self.attempt(url, headers, body) {
                Ok(answer) => return Ok(answer),
                Err(ended) => ended,
            };
            let again =
                failure.is_temporary() && (failure != Failure::Timeout || self.limits.again_after_timeout);
            if attempt >= self.limits.attempts || !again {
                return Err(failure);
            }
            (self.sleep)(asked.unwrap_or(pause).min(LONGEST_PAUSE));
            pause *= 2;
            attempt += 1;
        }
    }

    fn attempt(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: &impl Serialize,
    ) -> Result<Vec<u8>, (Failure, Option<Duration>)> {
        let broken = |error: ureq::Error| (failure_of(&error), None);
        let mut request = self.agent.post(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.send_json(body).map_err(broken)?;
        let status = response.status().as_u16();
        if status == 200 {
            let limits = response.body_mut().with_config().limit(self.limits.most_bytes);
            return limits.read_to_vec().map_err(broken);
        }
        let wait =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Err((Failure::Refused(status), wait.map(Duration::from_secs)))
    }
}

/// What happened, in words that quote neither address nor headers.
fn failure_of(error: &ureq::Error) -> Failure {
    let problem = match error {
        ureq::Error::Timeout(_) => return Failure::Timeout,
        ureq::Error::BodyExceedsLimit(_) => return Failure::TooLong,
        ureq::Error::HostNotFound => "there is no such host",
        ureq::Error::Io(e) => match e.kind() {
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => return Failure::Timeout,
            std::io::ErrorKind::ConnectionRefused => "connection refused",
            std::io::ErrorKind::ConnectionReset => "connection reset",
            std::io::ErrorKind::UnexpectedEof => "the connection ended in the middle of the answer",
            _ => "the connection broke",
        },
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "no secure connection could be made",
        _ => "the connection failed",
    };
    Failure::Unreachable { problem }
}

/// Host and port of an address, for error texts.
#[must_use]
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader, Read, Write};
    use std::net::TcpListener;
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;

    const LIMITS: Limits = Limits {
        timeout: Duration::from_secs(30),
        attempts: 4,
        most_bytes: 1_000,
        again_after_timeout: false,
    };

    /// Takes a request on a connection of its own for each answer, and answers with these bytes.
    fn serve(answers: Vec<String>) -> (String, std::thread::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            for answer in answers {
                let mut reader = BufReader::new(listener.accept().unwrap().0);
                let (mut line, mut length) = (String::new(), 0);
                while line != "\r\n" {
                    line.clear();
                    reader.read_line(&mut line).unwrap();
                    let lower = line.to_ascii_lowercase();
                    if let Some(value) = lower.strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                reader.into_inner().write_all(answer.as_bytes()).unwrap();
            }
        });
        (address, thread)
    }

    fn answer(status: &str, headers: &str, body: &str) -> String {
        let length = body.len();
        format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
    }

    fn post(answers: Vec<String>) -> (Result<Vec<u8>, Failure>, Vec<u128>) {
        let (address, server) = serve(answers);
        let pauses = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&pauses);
        let sleep: Sleep = Arc::new(move |pause| record.lock().unwrap().push(pause.as_millis()));
        let result = Transport::new(LIMITS, sleep).post(&address, &[("x-key", "secret")], &json!({"a": 1}));
        server.join().unwrap();
        let pauses = pauses.lock().unwrap().clone();
        (result, pauses)
    }

    #[test]
    fn what_is_temporary_is_tried_again_and_a_service_may_say_when() {
        let busy = |headers: &str| answer("429 Slow Down", headers, "{}");
        let (result, pauses) = post(vec![
            answer("503 Later", "", ""),
            busy("retry-after: 7\r\n"),
            busy("retry-after: 4000\r\n"),
            answer("200 OK", "", "yes"),
        ]);
        assert_eq!((result.unwrap(), pauses), (b"yes".to_vec(), vec![500, 7_000, 30_000]));
    }

    #[test]
    fn what_is_not_temporary_is_not() {
        for (status, code) in [("401 No", 401), ("307 Elsewhere", 307), ("204 Nothing", 204)] {
            let (result, pauses) = post(vec![answer(status, "location: /b\r\n", "")]);
            assert_eq!((result.unwrap_err(), pauses.len()), (Failure::Refused(code), 0));
        }
    }

    #[test]
    fn an_answer_has_a_size_and_an_end() {
        let (result, pauses) = post(vec![answer("200 OK", "", &"x".repeat(1_001))]);
        assert_eq!((result.unwrap_err(), pauses.len()), (Failure::TooLong, 0));
        let cut = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\nconnection: close\r\n\r\n{\"a\":".to_owned();
        let (result, pauses) = post(vec![cut.clone(), cut.clone(), cut.clone(), cut]);
        assert!(matches!(result.unwrap_err(), Failure::Unreachable { .. }));
        assert_eq!(pauses, [500, 1_000, 2_000]);
    }

    #[test]
    fn hosts_are_named_without_what_follows() {
        assert_eq!(host_of("https://api.example.org:8443/v1/x"), "api.example.org:8443");
        assert_eq!(host_of("nonsense"), "nonsense");
    }
}
