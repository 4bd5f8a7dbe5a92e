//! Whether requests are served: before the database is open, while it does
//! not answer, and when the server is about to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::Extensions;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use omp_model::{Error, ErrorCode, Result};
use omp_service::Service;
use tokio::sync::Mutex;

use crate::answer::Failure;
use crate::headers;
use crate::routes::get_livez;

/// How long an answer of the store holds. Probes need no key and no limit counts them; so however many come, the
/// database is asked four times a second.
const HOLDS: Duration = Duration::from_millis(250);

/// Signals that a server is about to end: from then on it reports not ready, and serves until it ends. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Leaving(Arc<AtomicBool>);

impl Leaving {
    /// Says so.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it was said.
    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Marks requests of connections that came after the server had stopped taking any: only probes are answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Late;

/// Why a server that was told to end serves nothing new.
pub(crate) fn stopping() -> Error {
    let message = "This server is shutting down; ask again, or another one.";
    Error::new(ErrorCode::Unavailable, message).with_detail("check", "stopping")
}

/// Refuses what comes late.
pub(crate) fn turn_away_late(extensions: &Extensions) -> Result<()> {
    if extensions.get::<Late>().is_some() { Err(stopping()) } else { Ok(()) }
}

/// What the store said last.
#[derive(Default)]
pub(crate) struct Readiness(Mutex<Option<(Instant, Result<()>)>>);

impl Readiness {
    /// Whether a request would be served now, as far as the store goes. Those who ask at once share one look.
    pub(crate) async fn of(&self, service: &Service) -> Result<()> {
        let mut last = self.0.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < HOLDS
        {
            return answer.clone();
        }
        let answer = service.ready().await;
        let before = last.as_ref().map(|(_, answer)| answer.is_ok());
        match &answer {
            Err(error) if before != Some(false) => tracing::warn!(%error, "not ready"),
            Ok(()) if before == Some(false) => tracing::info!("ready again"),
            _ => {}
        }
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}

/// What a server answers whose database is not open yet.
pub(crate) fn while_opening() -> Router {
    Router::new().route("/livez", get(get_livez)).fallback(opening).layer(from_fn(secured))
}

async fn opening() -> Failure {
    let message = "This server is opening its database; ask again in a moment.";
    Failure(Error::new(ErrorCode::Unavailable, message).with_detail("check", "opening"))
}

async fn secured(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let mut response = next.run(request).await;
    headers::secure(response.headers_mut(), &path);
    response
}
