//! `/v1/memories/search`

use axum::Json;
use axum::extract::State;
use omp_model::SearchQuery;
use omp_model::api::{ErrorBody, SearchResponse};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::query::Query;
use crate::whose::Whose;
use crate::{App, bodies};

const BODY: usize = 1 << 20;

/// Find memories
///
/// Every filter holds in every mode. Without `mode` the best there is: hybrid where there are vectors. `mode_used` is
/// the mode that really ran; `degraded` tells why, if it is another than the one asked for.
#[utoipa::path(post, path = "/v1/memories/search", tag = "search", security(("key" = [])), params(
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
),
    request_body = bodies::SearchBody, responses(
    (status = 200, description = "The best memories, best first", body = SearchResponse),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn search_memories(
    State(app): State<App>,
    Whose(principal): Whose,
    body: JsonText<BODY>,
) -> Answer<Json<SearchResponse>> {
    let query = body.read(SearchQuery::read)?;
    Ok(Json(app.service.search_memories(principal, &query).await?))
}

/// Find memories, by a query string
#[utoipa::path(get, path = "/v1/memories/search", tag = "search", security(("key" = [])), params(
    ("q" = String, Query, description = "The words to look for"),
    ("type" = Option<String>, Query, description = "Only of this type"),
    ("tool" = Option<String>, Query, description = "Only written by this tool"),
    ("tags" = Option<String>, Query, description = "Only with all of these tags, separated by commas"),
    ("namespace" = Option<String>, Query, description = "Only in this namespace, or in one of several separated by commas"),
    ("created_after" = Option<String>, Query, description = "Only stored at this instant or later"),
    ("created_before" = Option<String>, Query, description = "Only stored at this instant or earlier"),
    ("as_of" = Option<String>, Query, description = "As it was at this time"),
    ("limit" = Option<u32>, Query, description = "1 to 100, by default 10"),
    ("mode" = Option<String>, Query, description = "keyword, semantic or hybrid"),
    ("explain" = Option<bool>, Query, description = "Tell why each memory ranks where it does"),
    ("include" = Option<String>, Query, description = "`embedding` to get vectors too, `superseded` to find what others stand in place of"),
    ("shared" = Option<bool>, Query, description = "Look into what other users share, too; `owners` tells whose each memory is"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "The best memories, best first", body = SearchResponse),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn search_memories_by_query(
    State(app): State<App>,
    Whose(principal): Whose,
    query: Query,
) -> Answer<Json<SearchResponse>> {
    let query = query.read(SearchQuery::read)?;
    Ok(Json(app.service.search_memories(principal, &query).await?))
}
