//! `/v1/context`

use axum::Json;
use axum::extract::State;
use omp_model::ContextQuery;
use omp_model::api::{ContextResponse, ErrorBody};

use crate::App;
use crate::answer::Answer;
use crate::query::Query;
use crate::whose::Whose;

/// A block of text about a question, ready to stand before a prompt
///
/// The memories that are most useful for `q`, within a budget of tokens, marked as data. Without `q`: the newest.
#[utoipa::path(get, path = "/v1/context", tag = "search", security(("key" = [])), params(
    ("q" = Option<String>, Query, description = "What it is about"),
    ("budget" = Option<u32>, Query, description = "Tokens at most, about: 50 to 100000, by default 1000"),
    ("type" = Option<String>, Query, description = "Only of this type"),
    ("tool" = Option<String>, Query, description = "Only written by this tool"),
    ("tags" = Option<String>, Query, description = "Only with all of these tags, separated by commas"),
    ("namespace" = Option<String>, Query, description = "Only in this namespace"),
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "The text", body = ContextResponse),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn get_context(
    State(app): State<App>,
    Whose(principal): Whose,
    query: Query,
) -> Answer<Json<ContextResponse>> {
    let query = query.read(|fields| Some(ContextQuery::read(fields)))?;
    Ok(Json(app.service.context(principal, &query).await?))
}
