//! `/v1/health`

use axum::Json;
use axum::extract::{Request, State};
use omp_model::api::Health;

use crate::answer::Answer;
use crate::{App, admission};

/// The state of the server
///
/// Needs no key. `memories_count` is of what the key may see that comes along;
/// without one it is 0 where there are several users.
#[utoipa::path(get, path = "/v1/health", tag = "server", responses(
    (status = 200, description = "The server works", body = Health),
))]
pub(crate) async fn get_health(State(app): State<App>, request: Request) -> Answer<Json<Health>> {
    let (parts, _) = request.into_parts();
    let asker = admission::recognise(&app, &parts).await;
    Ok(Json(app.service.health(asker.as_ref()).await?))
}
