//! Request bodies.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use futures_util::StreamExt;
use omp_model::{Error, ErrorCode, Fields};

use crate::answer::Failure;

/// How much of a body that is too large is let pass before the connection is cut.
const LET_PASS: usize = 32 << 20;

/// Longest that a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A JSON body of at most `LIMIT` bytes, as text.
///
/// Only a JSON media type is taken: a web page cannot send one to another site without asking first.
pub(crate) struct JsonText<const LIMIT: usize>(String);

impl<const LIMIT: usize> JsonText<LIMIT> {
    /// Reads the body's fields into a value.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Failure> {
        let mut fields = Fields::from_json(&self.0)?;
        let value = read(&mut fields);
        Ok(fields.finish(value)?)
    }
}

impl<S: Sync, const LIMIT: usize> FromRequest<S> for JsonText<LIMIT> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let media_type = media_type(request.headers());
        if media_type != "application/json" && !media_type.ends_with("+json") {
            let message = "Send JSON with `Content-Type: application/json`.";
            return Err(Error::new(ErrorCode::UnsupportedMediaType, message).into());
        }
        let too_large =
            || Error::new(ErrorCode::PayloadTooLarge, format!("The body is larger than {LIMIT} bytes."));
        let announced = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let late = |_| Error::new(ErrorCode::RequestTimeout, "The body did not arrive in time.");
        let body = tokio::time::timeout(PATIENCE, collect(request.into_body(), LIMIT, announced))
            .await
            .map_err(late)?;
        let bytes = body.ok_or_else(too_large)?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            let (line, column) = position(&error.as_bytes()[..at]);
            let message = format!("The body is not valid UTF-8 at line {line}, column {column}.");
            Error::new(ErrorCode::InvalidJson, message)
                .with_detail("line", line)
                .with_detail("column", column)
        })?;
        Ok(Self(text))
    }
}

/// The body, or `None` when it is longer than the limit. Then the rest is let pass, up to a point: a client that is
/// still sending would otherwise find the connection cut instead of our answer.
async fn collect(body: Body, limit: usize, announced: Option<usize>) -> Option<Vec<u8>> {
    let mut pieces = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::with_capacity(announced.unwrap_or(0).min(limit)), 0);
    while let Some(Ok(piece)) = pieces.next().await {
        length += piece.len();
        if length <= limit {
            bytes.extend_from_slice(&piece);
        } else if length > limit + LET_PASS {
            break;
        }
    }
    (length <= limit).then_some(bytes)
}

/// The line and the column after this text, from 1, the column in bytes as JSON's readers count it.
fn position(before: &[u8]) -> (usize, usize) {
    let lines = || before.split(|byte| *byte == b'\n');
    let (line, column) = (lines().count(), lines().next_back().map_or(0, <[u8]>::len) + 1);
    (line, column)
}

/// The media type without parameters, in lower case; empty when there is none.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
