//! `/livez` and `/readyz`: for whoever starts, balances and replaces servers. They need no key, tell nothing of what is
//! stored, and no limit counts them.

use axum::extract::State;
use axum::{Extension, Json};
use omp_model::api::{ErrorBody, Probe};

use crate::App;
use crate::answer::Answer;
use crate::readiness::{Late, stopping};

/// Whether the process lives
///
/// Answers whenever the server can answer at all; the database is not asked. A server that does not answer here does
/// not heal by itself. Needs no key.
#[utoipa::path(get, path = "/livez", tag = "server", responses(
    (status = 200, description = "The process answers", body = Probe),
))]
pub(crate) async fn get_livez() -> Json<Probe> {
    Json(Probe { status: "alive".into() })
}

/// Whether a request would be served now
///
/// The error's `details.check` says what is in the way: `opening` (the database is being brought up to date), `store`
/// (it does not answer), `schema` (a newer server has changed the database so that this one cannot work with it),
/// `move` (a move into it is not finished), `stopping` (the server was told to end). Needs no key.
#[utoipa::path(get, path = "/readyz", tag = "server", responses(
    (status = 200, description = "A request would be served", body = Probe),
    (status = 503, description = "`unavailable`: not now; send requests to another server", body = ErrorBody),
))]
pub(crate) async fn get_readyz(State(app): State<App>, late: Option<Extension<Late>>) -> Answer<Json<Probe>> {
    if late.is_some() || app.settings.leaving.has_begun() {
        return Err(stopping().into());
    }
    app.readiness.of(&app.service).await?;
    Ok(Json(Probe { status: "ready".into() }))
}
