//! Where MCP is mounted, and what its clients expect of the door: the origin check, how to ask for a key, and the
//! metadata that tells where this resource is (RFC 9728).

use std::convert::Infallible;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{any_service, get};
use axum::{Json, Router};
use omp_model::{Error, ErrorCode};
use serde_json::{Value, json};

use crate::answer::{Enveloped, Failure};
use crate::{App, origin};

/// The endpoint.
const PATH: &str = "/mcp";
/// The metadata of a resource at a path stands at the path within this.
const METADATA: &str = "/.well-known/oauth-protected-resource";
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The endpoint, which needs the key, and its metadata, which do not.
pub(crate) fn endpoint<M>(mcp: M) -> (Router<App>, Router<App>)
where
    M: tower::Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    M::Response: IntoResponse,
    M::Future: Send + 'static,
{
    let metadata =
        Router::new().route(METADATA, get(metadata)).route(&format!("{METADATA}{PATH}"), get(metadata));
    (Router::new().route(PATH, any_service(mcp)), metadata)
}

/// Stands around the key: a page of another origin is refused even with one, as MCP demands; and who brings no key is
/// told where the metadata are.
pub(crate) async fn around(State(app): State<App>, request: Request, next: Next) -> Response {
    if origin::known_page(request.headers(), &app.settings.cors_origins) == Some(false) {
        let why = "Web pages of other origins may not use MCP here; --cors-origin names those that may.";
        return Failure(Error::new(ErrorCode::Forbidden, why)).into_response();
    }
    let base = base(request.headers());
    let mut response = next.run(request).await;
    // Its errors are JSON-RPC's.
    response.extensions_mut().insert(Enveloped);
    if response.status() == StatusCode::UNAUTHORIZED {
        let challenge = format!("Bearer realm=\"open-memory\", resource_metadata=\"{base}{METADATA}{PATH}\"");
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
    }
    response
}

/// What this resource is called, and that its key goes into a header.
async fn metadata(headers: HeaderMap) -> Json<Value> {
    Json(json!({
        "resource": format!("{}{PATH}", base(&headers)),
        "resource_name": "Open Memory",
        "bearer_methods_supported": ["header"],
        "authorization_servers": [],
    }))
}

/// The address under which the client knows this server. What comes from elsewhere
/// comes encrypted, by whatever stands in front.
fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || "-.:[]_".contains(*c)).collect();
    let encrypted = headers.get(FORWARDED_PROTO).map_or(!origin::is_local(&host), |proto| proto == "https");
    format!("{}://{host}", if encrypted { "https" } else { "http" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_is_told_the_address_that_it_used() {
        let named = |host: &'static str, proto: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            if let Some(proto) = proto {
                headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
            }
            base(&headers)
        };
        assert_eq!(named("localhost:3456", None), "http://localhost:3456");
        assert_eq!(named("memory.example", None), "https://memory.example");
        assert_eq!(named("localhost:8443", Some("https")), "https://localhost:8443");
        assert_eq!(named("a\"b", None), "https://ab");
    }
}
