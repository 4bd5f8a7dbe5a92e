//! `/v1/namespaces`

use axum::extract::State;
use axum::{Extension, Json};
use omp_model::Principal;
use omp_model::api::{ErrorBody, NamespaceList};

use crate::App;
use crate::answer::Answer;

/// List the namespaces that memories are in
///
/// By name, each with the number of its memories; the first thousand.
#[utoipa::path(get, path = "/v1/namespaces", tag = "memories", security(("key" = [])), responses(
    (status = 200, description = "The namespaces", body = NamespaceList),
    (status = 401, description = "`unauthorized`: no valid key", body = ErrorBody),
))]
pub(crate) async fn list_namespaces(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
) -> Answer<Json<NamespaceList>> {
    Ok(Json(app.service.namespaces(principal).await?))
}
