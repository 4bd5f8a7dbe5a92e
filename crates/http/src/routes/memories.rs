//! `/v1/memories`

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use omp_model::api::{ErrorBody, MemoryList};
use omp_model::creation::{Created, Warning};
use omp_model::query::wants_embedding;
use omp_model::{
    CreateMemory, Dedupe, History, HistoryQuery, ListQuery, Memory, MemoryPatch, RestoreVersion,
};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::query::Query;
use crate::whose::Whose;
use crate::{App, bodies};

/// A memory with the longest content in its longest spelling, and room for metadata.
const BODY: usize = 1 << 20;

/// What looks like a secret in a memory that was stored.
const WARNINGS: HeaderName = HeaderName::from_static(Warning::HEADER);

/// Store a memory
///
/// Send a memory without `id`, `created_at` and `updated_at`. `source.timestamp` may be left out; it is
/// now then. With `supersedes` it stands in the place of another memory from now on; that one stays, with
/// the end of its validity. With `dedupe=exact` a text that is there already is not stored again: the
/// answer is 200 with the memory that is there and `duplicate_of`. With `dedupe=near` one that says nearly
/// the same is merged into the one that is there, too.
#[utoipa::path(post, path = "/v1/memories", tag = "memories", security(("key" = [])), params(
    ("dedupe" = Option<String>, Query, description = "`exact`, `near` or `off` (default); goes before the body's"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), request_body = bodies::NewMemoryBody, responses(
    (status = 201, description = "The memory as it was stored", body = Memory, headers(
        ("X-OMP-Warnings" = String, description = "Only when something in it looks like a secret: `content=github_token`, with commas"),
    )),
    (status = 200, description = "The memory that says the same, and its id as `duplicate_of`", body = Created),
    (status = 400, description = "`invalid_json`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn create_memory(
    State(app): State<App>,
    Whose(principal): Whose,
    query: Query,
    body: JsonText<BODY>,
) -> Answer<(StatusCode, HeaderMap, Json<Created>)> {
    let dedupe = query.read(|fields| Some(fields.optional::<Dedupe>("dedupe")))?;
    let create = body.read(CreateMemory::read)?;
    let create = CreateMemory { dedupe: dedupe.unwrap_or(create.dedupe), ..create };
    let mut created = app.service.create_memory(principal, create).await?;
    let status = if created.duplicate_of.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    let mut headers = HeaderMap::new();
    let warnings = std::mem::take(&mut created.warnings);
    if !warnings.is_empty() {
        headers.extend(HeaderValue::from_str(&Warning::list(&warnings)).map(|list| (WARNINGS, list)));
    }
    Ok((status, headers, Json(created)))
}

/// List memories
///
/// Filters apply before paging; `total` counts everything that they match.
#[utoipa::path(get, path = "/v1/memories", tag = "memories", security(("key" = [])), params(
    ("type" = Option<String>, Query, description = "Only of this type: episodic, semantic or procedural"),
    ("tool" = Option<String>, Query, description = "Only written by this tool"),
    ("tags" = Option<String>, Query, description = "Only with all of these tags, separated by commas"),
    ("namespace" = Option<String>, Query, description = "Only in this namespace"),
    ("limit" = Option<u32>, Query, description = "1 to 100, by default 20; more is cut to 100"),
    ("offset" = Option<u64>, Query, description = "How many to pass over"),
    ("sort" = Option<String>, Query, description = "created_at_desc (default), created_at_asc or updated_at_desc"),
    ("include" = Option<String>, Query, description = "`embedding` to get vectors too"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "One page", body = MemoryList),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn list_memories(
    State(app): State<App>,
    Whose(principal): Whose,
    query: Query,
) -> Answer<Json<MemoryList>> {
    let query = query.read(|fields| Some(ListQuery::read(fields)))?;
    Ok(Json(app.service.list_memories(principal, &query).await?))
}

/// Read a memory
#[utoipa::path(get, path = "/v1/memories/{id}", tag = "memories", security(("key" = [])), params(
    ("id" = String, Path, description = "The memory's id"),
    ("include" = Option<String>, Query, description = "`embedding` to get the vector too"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "The memory", body = Memory),
    (status = 404, description = "`memory_not_found`", body = ErrorBody),
))]
pub(crate) async fn get_memory(
    State(app): State<App>,
    Whose(principal): Whose,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<Memory>> {
    let with_embedding = query.read(|fields| Some(wants_embedding(fields)))?;
    Ok(Json(app.service.get_memory(principal, &id, with_embedding).await?))
}

/// Change a memory
///
/// Only the members that are sent change. `source` may be partial; `null` clears `namespace`, `expires_at`,
/// `source.session_id` and `source.user_id`; `tags` and `metadata` are replaced whole.
#[utoipa::path(put, path = "/v1/memories/{id}", tag = "memories", security(("key" = [])), params(
    ("id" = String, Path, description = "The memory's id"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), request_body = bodies::MemoryPatchBody, responses(
    (status = 200, description = "The memory as it is now", body = Memory),
    (status = 404, description = "`memory_not_found`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn update_memory(
    State(app): State<App>,
    Whose(principal): Whose,
    Path(id): Path<String>,
    body: JsonText<BODY>,
) -> Answer<Json<Memory>> {
    let patch = body.read(|fields| Some(MemoryPatch::read(fields)))?;
    Ok(Json(app.service.update_memory(principal, &id, patch).await?))
}

/// Forget a memory
#[utoipa::path(delete, path = "/v1/memories/{id}", tag = "memories", security(("key" = [])), params(
    ("id" = String, Path, description = "The memory's id"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 204, description = "It is gone"),
    (status = 404, description = "`memory_not_found`", body = ErrorBody),
))]
pub(crate) async fn delete_memory(
    State(app): State<App>,
    Whose(principal): Whose,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    app.service.delete_memory(principal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read a memory's history
///
/// What the memory was before each of its changes and when, newest first; the memory as it is comes first. At most
/// 1,000 former versions are kept; deleting the memory deletes them. `superseded_by` and `supersedes` name the memories
/// in whose places they stand.
#[utoipa::path(get, path = "/v1/memories/{id}/history", tag = "memories", security(("key" = [])), params(
    ("id" = String, Path, description = "The memory's id"),
    ("limit" = Option<u32>, Query, description = "1 to 100, by default 20; more is cut to 100"),
    ("offset" = Option<u64>, Query, description = "How many to pass over"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "One page", body = History),
    (status = 404, description = "`memory_not_found`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn get_memory_history(
    State(app): State<App>,
    Whose(principal): Whose,
    Path(id): Path<String>,
    query: Query,
) -> Answer<Json<History>> {
    let query = query.read(|fields| Some(HistoryQuery::read(fields)))?;
    Ok(Json(app.service.memory_history(principal, &id, query).await?))
}

/// Have a former version of a memory back
///
/// It becomes the present one, as a new version. `created_at` stays, and so does the present
/// `expires_at` if that of the version has passed.
#[utoipa::path(post, path = "/v1/memories/{id}/restore", tag = "memories", security(("key" = [])), params(
    ("id" = String, Path, description = "The memory's id"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), request_body = bodies::RestoreBody, responses(
    (status = 200, description = "The memory as it is now", body = Memory),
    (status = 404, description = "`memory_not_found`", body = ErrorBody),
    (status = 422, description = "`validation_error`: there is no such version", body = ErrorBody),
))]
pub(crate) async fn restore_memory(
    State(app): State<App>,
    Whose(principal): Whose,
    Path(id): Path<String>,
    body: JsonText<1_024>,
) -> Answer<Json<Memory>> {
    let version = body.read(RestoreVersion::read)?;
    Ok(Json(app.service.restore_memory(principal, &id, version).await?))
}
