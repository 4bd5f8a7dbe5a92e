//! `/v1/health`

use axum::Json;
use axum::extract::State;
use omp_model::api::Health;

use crate::App;
use crate::answer::Answer;

/// The state of the server
///
/// Needs no key.
#[utoipa::path(get, path = "/v1/health", tag = "server", responses(
    (status = 200, description = "The server works", body = Health),
))]
pub(crate) async fn get_health(State(app): State<App>) -> Answer<Json<Health>> {
    Ok(Json(app.service.health().await?))
}
