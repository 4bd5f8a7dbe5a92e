//! `/v1/extract` and `/v1/compress`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use omp_model::Principal;
use omp_model::api::{CompressResponse, ErrorBody, ExtractJob, ExtractJobs, ExtractResponse};
use omp_service::{CompressRequest, ExtractJobRequest, ExtractRequest};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::{App, bodies};

/// The longest transcript, each character escaped as a pair of surrogates.
const BODY: usize = 4 << 20;

/// Extract memories from a conversation
///
/// What is new is stored with the words that bear it, what is known is not stored again, and what no longer holds is
/// superseded. Takes an AI provider; without one the answer is 422 `no_api_key`, unless `provider` is `rules`.
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

/// Extract memories from many saved conversations, in the background
///
/// From those that are named, or from all (with `model`, `since`: from these). Takes what extracting takes.
#[utoipa::path(post, path = "/v1/extract/jobs", tag = "ai", security(("key" = [])),
    request_body = bodies::ExtractJobBody, responses(
    (status = 202, description = "What was begun", body = ExtractJob),
    (status = 422, description = "`no_api_key`, or `validation_error`", body = ErrorBody),
    (status = 503, description = "`unavailable`: two jobs of this key run already", body = ErrorBody),
))]
pub(crate) async fn start_extract_job(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<BODY>,
) -> Answer<(StatusCode, Json<ExtractJob>)> {
    let job = app.service.start_extract_job(principal, body.read(ExtractJobRequest::read)?).await?;
    Ok((StatusCode::ACCEPTED, Json(job)))
}

/// List the jobs that this key began, newest first
///
/// Those that have ended are remembered for 30 days, and 200 of them.
///
/// A job whose server ended is taken over by another one, or by the next; it is `interrupted` when that cannot be, as
/// with a provider's key that came along.
#[utoipa::path(get, path = "/v1/extract/jobs", tag = "ai", security(("key" = [])), responses(
    (status = 200, description = "The jobs", body = ExtractJobs),
    (status = 403, description = "`forbidden`", body = ErrorBody),
))]
pub(crate) async fn list_extract_jobs(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
) -> Answer<Json<ExtractJobs>> {
    Ok(Json(app.service.extract_jobs(&principal).await?))
}

/// See how far a job is
#[utoipa::path(get, path = "/v1/extract/jobs/{id}", tag = "ai", security(("key" = [])), params(
    ("id" = String, Path, description = "The job's id"),
), responses(
    (status = 200, description = "The job", body = ExtractJob),
    (status = 404, description = "`not_found`", body = ErrorBody),
))]
pub(crate) async fn get_extract_job(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<Json<ExtractJob>> {
    Ok(Json(app.service.extract_job(&principal, &id).await?))
}

/// Cancel a job, on whichever server it runs; what it has stored stays
#[utoipa::path(delete, path = "/v1/extract/jobs/{id}", tag = "ai", security(("key" = [])), params(
    ("id" = String, Path, description = "The job's id"),
), responses(
    (status = 200, description = "The job as it ended", body = ExtractJob),
    (status = 404, description = "`not_found`", body = ErrorBody),
))]
pub(crate) async fn cancel_extract_job(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<Json<ExtractJob>> {
    Ok(Json(app.service.cancel_extract_job(&principal, &id).await?))
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
