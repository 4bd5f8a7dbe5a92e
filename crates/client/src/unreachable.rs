//! Why a server cannot be reached, in words that say what to do about it.

use std::error::Error as StdError;
use std::io::ErrorKind;

use omp_model::{Error, ErrorCode};
use reqwest::Url;

/// What a person reads when no answer came.
pub(crate) fn unreachable(base: &Url, error: &reqwest::Error) -> Error {
    let place = base.as_str().trim_end_matches('/');
    let message = format!("The server {place} cannot be reached: {}.", reason(base, error));
    Error::new(ErrorCode::Unavailable, message)
}

fn reason(base: &Url, error: &reqwest::Error) -> String {
    let host = base.host_str().unwrap_or_default();
    if error.is_dns() {
        return format!("no machine of the name {host} is known");
    }
    let words = words(error);
    if let Some(reason) = encryption(host, &words) {
        return reason;
    }
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    if !error.is_connect() {
        return "the connection broke".to_owned();
    }
    match kind(error) {
        Some(ErrorKind::ConnectionRefused) => "nothing answers there; `omp serve` starts a server".to_owned(),
        Some(ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable) => {
            "this machine has no way there; is the network on?".to_owned()
        }
        _ => format!("there is no connection ({})", words.last().map_or("no reason given", String::as_str)),
    }
}

/// What went wrong with TLS. Its library has no types that reach us here, only sentences.
fn encryption(host: &str, words: &[String]) -> Option<String> {
    let says = |what: &str| words.iter().any(|words| words.contains(what));
    if says("NotValidForName") || says("not valid for name") {
        return Some(format!("its certificate is not for the name {host}; use a name that it is for"));
    }
    if says("certificate expired") || says("certificate: Expired") {
        return Some("its certificate has expired".to_owned());
    }
    if says("invalid peer certificate") {
        return Some(
            "its certificate is not trusted here. If you trust it, name the file that holds it, or that of the authority \
             that signed it, in SSL_CERT_FILE (on Linux), or add it to the certificates of this machine"
                .to_owned(),
        );
    }
    if says("received corrupt message") {
        return Some("it answers without encryption; use http:// in the place of https://".to_owned());
    }
    if says("invalid HTTP version") {
        return Some(
            "it does not answer in HTTP; if it encrypts, use https:// in the place of http://".to_owned(),
        );
    }
    None
}

/// The error and what lies behind it, each in its own words.
fn words(error: &reqwest::Error) -> Vec<String> {
    causes(error).into_iter().map(ToString::to_string).collect()
}

/// What the operating system says.
fn kind(error: &reqwest::Error) -> Option<ErrorKind> {
    causes(error)
        .into_iter()
        .rev()
        .find_map(|cause| cause.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
}

fn causes(error: &reqwest::Error) -> Vec<&(dyn StdError + 'static)> {
    let mut causes: Vec<&(dyn StdError + 'static)> = vec![error];
    while let Some(cause) = causes.last().copied().and_then(StdError::source) {
        causes.push(cause);
    }
    causes
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use crate::{Api as _, Http};

    async fn told(url: &str) -> String {
        Http::new(url, None).unwrap().health().await.unwrap_err().message
    }

    /// A server that answers anything with these bytes.
    fn answering(bytes: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut stream = stream;
                let _ = stream.read(&mut [0; 1 << 12]);
                let _ = stream.write_all(bytes);
            }
        });
        port
    }

    #[tokio::test]
    async fn each_reason_has_its_own_words() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let refused = told(&format!("http://127.0.0.1:{free}")).await;
        assert!(refused.contains("nothing answers there"), "{refused}");
        let unknown = told("http://no-such-host.invalid").await;
        assert!(unknown.contains("no machine of the name no-such-host.invalid"), "{unknown}");
        let plain =
            told(&format!("https://127.0.0.1:{}", answering(b"HTTP/1.1 400 Bad Request\r\n\r\n"))).await;
        assert!(plain.contains("use http://"), "{plain}");
        // The alert that a server sends to whoever does not speak TLS.
        let encrypted =
            told(&format!("http://127.0.0.1:{}", answering(b"\x15\x03\x03\x00\x02\x02\x32"))).await;
        assert!(encrypted.contains("use https://"), "{encrypted}");
    }

    #[test]
    fn other_schemes_than_http_are_refused() {
        assert!(Http::new("ftp://localhost", None).is_err());
        assert!(Http::new("localhost:3456", None).is_ok());
    }
}
