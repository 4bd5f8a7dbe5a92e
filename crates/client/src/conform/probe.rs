//! One request to the server and what is said of its answer.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Why a check did not pass.
#[derive(Debug, Clone)]
pub(super) enum Finding {
    /// The server does something else than the clause asks.
    Fail { expected: String, got: String },
    /// The clause could not be judged.
    Skip(String),
}

/// What a check comes to.
pub(super) type Verdict = Result<(), Finding>;

/// A failure.
pub(super) fn fail(expected: impl Into<String>, got: impl Into<String>) -> Finding {
    Finding::Fail { expected: expected.into(), got: got.into() }
}

/// A clause that cannot be judged.
pub(super) fn skip(reason: impl Into<String>) -> Finding {
    Finding::Skip(reason.into())
}

/// Fails unless `holds`.
pub(super) fn ensure(holds: bool, expected: impl Into<String>, got: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(fail(expected, got())) }
}

/// Fails if there are faults.
pub(super) fn faultless(expected: &str, faults: &[String]) -> Verdict {
    ensure(faults.is_empty(), expected, || faults.join("; "))
}

/// Whose key goes with a request.
#[derive(Debug, Clone)]
pub(super) enum Credential {
    /// The key of the options, if there is one.
    Ours,
    /// No `Authorization` header at all.
    None,
    /// This `Authorization` header.
    Header(String),
}

/// A request before it is sent.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) chunked: bool,
    pub(super) credential: Credential,
}

impl Call {
    /// A request without a body.
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: Vec::new(),
            body: None,
            chunked: false,
            credential: Credential::Ours,
        }
    }

    /// `GET path`.
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// `DELETE path`.
    pub(super) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    /// `POST path` with a JSON body.
    pub(super) fn post(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body.to_string())
    }

    /// `PUT path` with a JSON body.
    pub(super) fn put(path: impl Into<String>, body: &Value) -> Self {
        Self::new(Method::PUT, path).json(body.to_string())
    }

    /// With these bytes as a JSON body, valid or not.
    pub(super) fn json(self, body: impl Into<Vec<u8>>) -> Self {
        self.bytes(body).header("content-type", "application/json")
    }

    /// With these bytes as body and nothing said of what they are.
    pub(super) fn bytes(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// With one more header.
    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With the body sent in chunks, its length untold.
    pub(super) fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Without a key.
    pub(super) fn anonymous(mut self) -> Self {
        self.credential = Credential::None;
        self
    }

    /// With this `Authorization` header in place of ours.
    pub(super) fn authorization(mut self, value: impl Into<String>) -> Self {
        self.credential = Credential::Header(value.into());
        self
    }
}

/// What the server said.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// Method and path of the request.
    pub(super) call: String,
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    /// The body, if it is JSON; else null.
    pub(super) json: Value,
    /// From sending to the last byte.
    pub(super) took: Duration,
}

impl Answer {
    /// A header, or nothing.
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Whether the answer calls itself JSON.
    pub(super) fn is_json(&self) -> bool {
        let kind = self.header("content-type");
        kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
    }

    /// Status and the start of the body, for people.
    pub(super) fn got(&self) -> String {
        format!("{} {} to {}", self.status, cut(&self.text, 240), self.call)
    }

    /// The answer itself if its status is `status`.
    pub(super) fn be(self, status: u16) -> Result<Self, Finding> {
        if self.status == status { Ok(self) } else { Err(fail(status.to_string(), self.got())) }
    }

    /// The answer itself if its status is one of `statuses`.
    pub(super) fn be_one_of(self, statuses: &[u16]) -> Result<Self, Finding> {
        if statuses.contains(&self.status) {
            return Ok(self);
        }
        let names: Vec<String> = statuses.iter().map(u16::to_string).collect();
        Err(fail(names.join(" or "), self.got()))
    }

    /// The answer itself if it is no failure of the server, and, if it is an error, has the form of one.
    pub(super) fn sane(self) -> Result<Self, Finding> {
        if self.status >= 500 {
            return Err(fail("no status of 500 or above", self.got()));
        }
        let faults = if self.status >= 400 { super::shape::envelope(&self.json) } else { Vec::new() };
        ensure(faults.is_empty(), "an error with error, message and details", || {
            format!("{}: {}", faults.join("; "), self.got())
        })?;
        Ok(self)
    }

    /// Holds if the answer is the error `code` with `status`.
    pub(super) fn error(&self, status: u16, code: &str) -> Verdict {
        let holds = self.status == status && self.json["error"] == code;
        ensure(holds, format!("{status} {code}"), || self.got())
    }

    /// Holds if the answer is the error of a request that breaks a rule of its fields.
    pub(super) fn refused(&self) -> Verdict {
        self.error(422, "validation_error")
    }
}

/// The start of a text.
pub(super) fn cut(text: &str, limit: usize) -> String {
    let mut short: String = text.chars().take(limit).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A text as part of a query: everything but letters, digits, `-`, `.`, `_` and `~` percent-encoded.
pub(super) fn encode(text: &str) -> String {
    use std::fmt::Write as _;

    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, text: &str) -> Answer {
        Answer {
            call: "GET /".into(),
            status,
            headers: HeaderMap::new(),
            text: text.into(),
            json: serde_json::from_str(text).unwrap_or_default(),
            took: Duration::ZERO,
        }
    }

    #[test]
    fn an_error_needs_both_status_and_code() {
        let text = r#"{"error":"validation_error","message":"m","details":{}}"#;
        assert!(answer(422, text).refused().is_ok());
        assert!(answer(400, text).refused().is_err());
        assert!(answer(422, r#"{"error":"no_api_key"}"#).refused().is_err());
    }

    #[test]
    fn a_page_of_html_is_no_sane_error() {
        assert!(answer(404, "<html>").sane().is_err());
        assert!(answer(500, r#"{"error":"internal_error","message":"m","details":{}}"#).sane().is_err());
        assert!(answer(200, "").sane().is_ok());
    }

    #[test]
    fn encoding_spares_only_the_unreserved() {
        assert_eq!(encode("a b+é~"), "a%20b%2B%C3%A9~");
    }

    #[test]
    fn cutting_counts_characters() {
        assert_eq!(cut("ééé", 2), "éé…");
        assert_eq!(cut("éé", 2), "éé");
    }
}
