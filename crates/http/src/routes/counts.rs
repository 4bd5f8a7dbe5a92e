//! `/v1/tags` and `/v1/stats`

use axum::Json;
use axum::extract::State;
use omp_model::api::ErrorBody;
use omp_model::counts::{Stats, TagList};

use crate::App;
use crate::answer::Answer;
use crate::whose::Whose;

/// List tags
///
/// Those of memories that the key sees, with how many.
#[utoipa::path(get, path = "/v1/tags", tag = "memories", security(("key" = [])), params(
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "The most used first", body = TagList),
    (status = 403, description = "`forbidden`", body = ErrorBody),
))]
pub(crate) async fn list_tags(State(app): State<App>, Whose(principal): Whose) -> Answer<Json<TagList>> {
    Ok(Json(app.service.list_tags(principal).await?))
}

/// Count what there is
///
/// As far as the key sees.
#[utoipa::path(get, path = "/v1/stats", tag = "memories", security(("key" = [])), params(
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "The counts", body = Stats),
    (status = 403, description = "`forbidden`", body = ErrorBody),
))]
pub(crate) async fn get_stats(State(app): State<App>, Whose(principal): Whose) -> Answer<Json<Stats>> {
    Ok(Json(app.service.stats(principal).await?))
}
