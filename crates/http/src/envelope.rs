//! The error envelope around whatever did not come from a handler: unknown routes, wrong methods, time-outs, panics.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use omp_model::{Error, ErrorCode};

use crate::answer::{Enveloped, Failure};

/// Gives every error the envelope, and every answer the headers that keep browsers from guessing and caching.
pub(crate) async fn wrap(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let mut response = next.run(request).await;
    let status = response.status();
    if (status.is_client_error() || status.is_server_error())
        && response.extensions().get::<Enveloped>().is_none()
    {
        response = in_envelope(&response, method.as_str(), &path);
    }
    tracing::debug!(%method, route = %path, status = status.as_u16(), "answered");
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if path.starts_with("/v1") {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    }
    response
}

fn in_envelope(bare: &Response, method: &str, path: &str) -> Response {
    let path: String = path.chars().take(100).collect();
    let error = match bare.status() {
        StatusCode::NOT_FOUND => {
            Error::new(ErrorCode::NotFound, format!("There is no {path} here; /docs lists what there is."))
        }
        StatusCode::METHOD_NOT_ALLOWED => Error::new(
            ErrorCode::MethodNotAllowed,
            format!("{path} does not take {method}; the Allow header lists what it takes."),
        ),
        StatusCode::REQUEST_TIMEOUT => Error::new(ErrorCode::RequestTimeout, "The request took too long."),
        StatusCode::PAYLOAD_TOO_LARGE => Error::new(ErrorCode::PayloadTooLarge, "The body is too large."),
        StatusCode::BAD_REQUEST => Error::invalid("path", "must be valid UTF-8"),
        status => {
            tracing::error!(status = status.as_u16(), "an answer without a body of ours");
            Error::internal()
        }
    };
    let mut response = Failure(error).into_response();
    if let Some(allow) = bare.headers().get(header::ALLOW) {
        response.headers_mut().insert(header::ALLOW, allow.clone());
    }
    response
}
