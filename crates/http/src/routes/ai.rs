//! `/v1/extract` and `/v1/compress`

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use omp_model::Principal;
use omp_model::api::{CompressResponse, ErrorBody, ExtractResponse};
use omp_service::{CompressRequest, ExtractRequest};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::{App, bodies};

/// The longest transcript, each character escaped as a pair of surrogates.
const BODY: usize = 4 << 20;

/// Extract memories from a conversation
///
/// What is new is stored with the words that bear it, what is known is not stored again, and what no longer holds is superseded. Takes an
/// AI provider; without one the answer is 422 `no_api_key`, unless `provider` is `rules`.
#[utoipa::path(post, path = "/v1/extract", tag = "ai", security(("key" = [])),
    request_body = bodies::ExtractBody, responses(
    (status = 201, description = "What was stored", body = ExtractResponse),
    (status = 200, description = "What would be stored (`dry_run`)", body = ExtractResponse),
    (status = 404, description = "`not_found`: there is no such conversation", body = ErrorBody),
    (status = 422, description = "`no_api_key`, or `validation_error`", body = ErrorBody),
    (status = 502, description = "`ai_error`: the provider failed, and nothing was stored", body = ErrorBody),
))]
pub(crate) async fn extract_memories(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<BODY>,
) -> Answer<(StatusCode, Json<ExtractResponse>)> {
    let extracted = app.service.extract(principal, body.read(ExtractRequest::read)?).await?;
    let status = if extracted.dry_run { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(extracted)))
}

/// Compress a conversation into one memory
///
/// Takes an AI provider; without one the answer is 422 `no_api_key`, unless `provider` is `rules`.
#[utoipa::path(post, path = "/v1/compress", tag = "ai", security(("key" = [])),
    request_body = bodies::CompressBody, responses(
    (status = 201, description = "The summary", body = CompressResponse),
    (status = 404, description = "`not_found`: there is no such conversation", body = ErrorBody),
    (status = 422, description = "`no_api_key`, or `validation_error`", body = ErrorBody),
    (status = 502, description = "`ai_error`: the provider failed, and nothing was stored", body = ErrorBody),
))]
pub(crate) async fn compress_conversation(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<BODY>,
) -> Answer<(StatusCode, Json<CompressResponse>)> {
    let compressed = app.service.compress(principal, body.read(CompressRequest::read)?).await?;
    Ok((StatusCode::CREATED, Json(compressed)))
}
