//! The outermost layer: what is told of a request, and what every answer has in common.
//!
//! A line and a label hold the route's template, never the path: paths hold ids and questions.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use omp_model::RandomSource;
use tracing::Instrument;

use crate::admission::AskedWith;
use crate::answer::{Enveloped, Failure};
use crate::routes::is_probe;
use crate::{App, envelope, headers};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longest name that a client may give a request.
const LONGEST: usize = 64;

/// What the route of a request is called that has none.
pub(crate) const NO_ROUTE: &str = "none";

/// Names for requests: which start of the server, and a counter.
pub(crate) struct RequestIds {
    start: u64,
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new(random: &dyn RandomSource) -> Self {
        let mut bytes = [0; 8];
        random.fill(&mut bytes);
        Self { start: u64::from_le_bytes(bytes) & 0xffff_ffff, next: AtomicU64::new(0) }
    }

    /// The client's name for the request if it is one that may stand in a line, else a new one.
    fn name(&self, headers: &HeaderMap) -> HeaderValue {
        let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        if let Some(given) = headers.get(REQUEST_ID)
            && (1..=LONGEST).contains(&given.len())
            && given.as_bytes().iter().all(harmless)
        {
            return given.clone();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        HeaderValue::from_str(&format!("{:08x}-{number:x}", self.start)).expect("hexadecimal digits")
    }
}

/// Names the request, gives every error the envelope and every answer its headers, and tells the log what was answered.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let name = app.requests.name(request.headers());
    let method = request.method().clone();
    let path = request.uri().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let route = matched.as_ref().map_or(NO_ROUTE, MatchedPath::as_str);
    let span = tracing::info_span!("request", id = name.to_str().unwrap_or_default());
    let mut response = match headers::unreadable(request.headers()) {
        Some(error) => Failure(error).into_response(),
        None => next.run(request).instrument(span.clone()).await,
    };
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if failed && response.extensions().get::<Enveloped>().is_none() {
        response = span.in_scope(|| envelope::in_envelope(&response, method.as_str(), path.path()));
    }
    let took = begun.elapsed();
    if let Some(metrics) = &app.settings.metrics {
        metrics.answered(&method, route, response.status(), took);
    }
    let key = response.extensions().get::<AskedWith>().map(|AskedWith(key)| tracing::field::display(key));
    span.in_scope(|| {
        let (status, micros) = (status.as_u16(), took.as_micros());
        // That a probe fails is logged once, where the reason was found.
        if status >= 500 && !is_probe(route) {
            tracing::warn!(%method, route, status, micros, key, "answered");
        } else {
            tracing::debug!(%method, route, status, micros, key, "answered");
        }
    });
    headers::secure(response.headers_mut(), path.path());
    response.headers_mut().insert(REQUEST_ID, name);
    response
}

#[cfg(test)]
mod tests {
    use omp_model::OsRandom;

    use super::*;

    #[test]
    fn only_harmless_names_are_taken_from_clients() {
        let ids = RequestIds::new(&OsRandom);
        let named = |value: &[u8]| {
            let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_bytes(value).unwrap())]);
            ids.name(&headers)
        };
        assert_eq!(named(b"abc-1.2_3"), "abc-1.2_3");
        let long = "x".repeat(65);
        for odd in [&b"a b"[..], b"a\tb", b"\x1b[31m", "\u{e9}".as_bytes(), b"", long.as_bytes()] {
            if let Ok(value) = HeaderValue::from_bytes(odd) {
                let headers = HeaderMap::from_iter([(REQUEST_ID, value.clone())]);
                assert_ne!(ids.name(&headers), value);
            }
        }
        assert_ne!(ids.name(&HeaderMap::new()), ids.name(&HeaderMap::new()));
    }
}
