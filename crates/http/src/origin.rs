//! Which web pages may talk to the server.
//!
//! Without a key, whatever runs on this machine may; so a browser must not carry a foreign page's requests in. That is
//! found by the name that the request was meant for (DNS rebinding: a page's own name that resolves to this machine),
//! by the page's `Origin`, and by what the browser says of itself in `Sec-Fetch-Site`. With a key none of this matters,
//! for no browser adds the key by itself; then only CORS decides whether a page may read an answer.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header};
use omp_model::{Error, ErrorCode, Result};
use tower_http::cors::CorsLayer;

use crate::App;
use crate::settings::Origin;

/// How long a browser may remember what a preflight said.
const PREFLIGHT: Duration = Duration::from_hours(1);

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Refuses what a foreign page may have made; with a key, nothing. Answers whether a key is needed.
pub(crate) async fn require_own(app: &App, parts: &Parts) -> Result<bool> {
    if app.service.is_locked().await {
        app.locked.store(true, Ordering::Relaxed);
        return Ok(true);
    }
    own(app, &parts.method, &parts.uri, &parts.headers).map(|()| false)
}

/// The same for probes, which must not ask the store whether a key is needed: they go by what the last request was
/// told. Without a key a server is reached from this machine only, and so under its names.
pub(crate) fn require_own_name(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    if app.locked.load(Ordering::Relaxed) { Ok(()) } else { own(app, method, uri, headers) }
}

fn own(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<()> {
    let why = foreign(method, uri, headers, &app.settings.cors_origins);
    why.map_or(Ok(()), |why| Err(Error::new(ErrorCode::Forbidden, why)))
}

/// Why the request may be a foreign page's.
fn foreign(method: &Method, uri: &Uri, headers: &HeaderMap, allowed: &[Origin]) -> Option<&'static str> {
    const HOST: &str =
        "Without an API key this server answers only under the names localhost, 127.0.0.1 and [::1].";
    const ORIGIN: &str = "Without an API key this server answers no web pages of other origins; --cors-origin names those that may.";
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next();
    let named = host.map(|host| host.to_str().unwrap_or_default());
    let written = uri.authority().map(axum::http::uri::Authority::as_str);
    if hosts.next().is_some()
        || named.is_some_and(|name| !is_local(name))
        || written.is_some_and(|name| !is_local(name))
    {
        return Some(HOST);
    }
    if let Some(known) = known_page(headers, allowed) {
        return (!known).then_some(ORIGIN);
    }
    let site = headers.get(FETCH_SITE).map(HeaderValue::as_bytes);
    let from_elsewhere = site.is_some_and(|site| site != b"same-origin" && site != b"none");
    // A link to the web app or to the documents may stand on any page; what it leads to is ours.
    let followed_link = method == Method::GET
        && headers.get(FETCH_MODE).is_some_and(|mode| mode == "navigate")
        && !uri.path().starts_with("/v1")
        && !uri.path().starts_with("/mcp");
    (from_elsewhere && !followed_link).then_some(ORIGIN)
}

/// Whether the page that made the request may: one of this server's, an extension's, or one of an allowed origin.
/// `None` when no page says that it did.
pub(crate) fn known_page(headers: &HeaderMap, allowed: &[Origin]) -> Option<bool> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next()?;
    let known = is_own(origin, headers.get(header::HOST))
        || is_extension(origin)
        || allowed.iter().any(|one| one == origin.as_bytes());
    Some(origins.next().is_none() && known)
}

/// Whether the page is this server's: its origin is the name that the request went to.
fn is_own(origin: &HeaderValue, host: Option<&HeaderValue>) -> bool {
    let page = origin.as_bytes();
    let page = page.strip_prefix(b"http://").or_else(|| page.strip_prefix(b"https://"));
    matches!((page, host), (Some(page), Some(host)) if page.eq_ignore_ascii_case(host.as_bytes()))
}

/// Whether a browser extension asks: the person installed it and let it
/// talk to this server, and no page can pose as one.
fn is_extension(origin: &HeaderValue) -> bool {
    ["chrome-extension://", "moz-extension://", "safari-web-extension://"]
        .iter()
        .any(|scheme| origin.as_bytes().starts_with(scheme.as_bytes()))
}

pub(crate) fn is_local(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What pages of other origins may do; `None`, the default, is nothing (reading 45).
pub(crate) fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    // No cookies and no wildcard: a page brings the key itself.
    let layer = CorsLayer::new()
        .allow_origin(origins.iter().map(Origin::header).collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("mcp-session-id"),
            HeaderName::from_static("mcp-protocol-version"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
            HeaderName::from_static("mcp-session-id"),
        ])
        .max_age(PREFLIGHT);
    (!origins.is_empty()).then_some(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(method: &Method, uri: &str, headers: &[(&'static str, &'static str)]) -> Option<&'static str> {
        let headers = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .fold(HeaderMap::new(), |mut all, (name, value)| {
                all.append(name, value);
                all
            });
        foreign(method, &uri.parse().unwrap(), &headers, &["https://notes.example".parse().unwrap()])
    }

    #[test]
    fn only_this_machine_is_local() {
        for local in
            ["localhost", "LocalHost:3456", "127.0.0.1:3456", "127.1.2.3", "[::1]:3456", "app.localhost:1"]
        {
            assert!(is_local(local), "{local}");
        }
        for other in
            ["evil.example", "localhost.evil.example:3456", "127.0.0.1.evil.example", "10.0.0.1", "[::2]", ""]
        {
            assert!(!is_local(other), "{other}");
        }
    }

    #[test]
    fn foreign_pages_are_told_by_host_origin_and_what_the_browser_says() {
        let host = ("host", "localhost:3456");
        let passes: &[&[(&'static str, &'static str)]] = &[
            &[host],
            &[host, ("origin", "http://localhost:3456"), ("sec-fetch-site", "same-origin")],
            &[host, ("sec-fetch-site", "none")],
            &[host, ("origin", "https://notes.example"), ("sec-fetch-site", "cross-site")],
            &[host, ("origin", "chrome-extension://abcdef"), ("sec-fetch-site", "cross-site")],
        ];
        for headers in passes {
            assert_eq!(why(&Method::POST, "/v1/memories", headers), None, "{headers:?}");
        }
        let refused: &[&[(&'static str, &'static str)]] = &[
            &[("host", "evil.example")],
            &[host, ("host", "evil.example")],
            &[host, ("origin", "https://evil.example")],
            &[host, ("origin", "http://localhost:5173")],
            &[host, ("origin", "http://localhost:3456.evil.example")],
            &[host, ("origin", "null")],
            &[host, ("origin", "http://localhost:3456"), ("origin", "https://evil.example")],
            &[host, ("sec-fetch-site", "cross-site")],
            &[host, ("sec-fetch-site", "same-site")],
            &[host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
        ];
        for headers in refused {
            assert!(why(&Method::GET, "/v1/memories", headers).is_some(), "{headers:?}");
        }
        assert!(why(&Method::GET, "http://evil.example/v1/memories", &[host]).is_some());
        let link = [host, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        assert_eq!(why(&Method::GET, "/app", &link), None);
        assert!(why(&Method::POST, "/app", &link).is_some());
    }
}
