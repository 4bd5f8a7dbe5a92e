//! The error envelope for whatever did not come from a handler: unknown routes, wrong methods, time-outs, panics.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use omp_model::{Error, ErrorCode};

use crate::answer::Failure;

/// The same answer in the envelope.
pub(crate) fn in_envelope(bare: &Response, method: &str, path: &str) -> Response {
    let path: String = path.chars().take(100).collect();
    let error = match bare.status() {
        // A path that is not UTF-8 names nothing either.
        StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => {
            Error::new(ErrorCode::NotFound, format!("There is no {path} here; /docs lists what there is."))
        }
        StatusCode::METHOD_NOT_ALLOWED => Error::new(
            ErrorCode::MethodNotAllowed,
            format!("{path} does not take {method}; the Allow header lists what it takes."),
        ),
        StatusCode::REQUEST_TIMEOUT => Error::new(ErrorCode::RequestTimeout, "The request took too long."),
        StatusCode::PAYLOAD_TOO_LARGE => Error::new(ErrorCode::PayloadTooLarge, "The body is too large."),
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
