//! Admission: what a request passes before its handler.
//!
//! Each kind of route has one layer, which asks everything in order. A layer for each question
//! would cost a request more than the questions do.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use omp_model::{Error, ErrorCode, KeyId, Principal};

use crate::answer::Failure;
use crate::limits::Asker;
use crate::{App, limits, origin, readiness};

/// Why a request is not let in, as its answer.
pub(crate) type Refusal = Box<Response>;

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::new(failure.into_response())
    }
}

/// With which key a request came, for the log: its id says nothing of the key.
#[derive(Clone)]
pub(crate) struct AskedWith(pub(crate) KeyId);

/// Around what needs a key. Comes before the body is read (reading 35), and tells the handlers who is asking.
pub(crate) async fn keyed(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let principal = match admit(&app, &parts).await {
        Ok(principal) => principal,
        Err(refusal) => return *refusal,
    };
    let key = principal.as_ref().and_then(Principal::key);
    if let Some(principal) = principal {
        parts.extensions.insert(principal);
    }
    let mut response = next.run(Request::from_parts(parts, body)).await;
    if let Some(key) = key {
        response.extensions_mut().insert(AskedWith(key));
    }
    response
}

/// Around what needs no key.
pub(crate) async fn keyless(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match look(&app, &parts).await {
        Ok(()) => next.run(Request::<Body>::from_parts(parts, body)).await,
        Err(refusal) => *refusal,
    }
}

/// Around the probes, which no limit counts.
pub(crate) async fn probes(State(app): State<App>, request: Request, next: Next) -> Response {
    match origin::require_own_name(&app, request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(error) => Failure(error).into_response(),
    }
}

/// Who is asking; `None` for a browser's preflight, which brings no key (reading
/// 45): nothing that answers one asks who it is.
async fn admit(app: &App, parts: &Parts) -> Result<Option<Principal>, Refusal> {
    readiness::turn_away_late(&parts.extensions).map_err(Failure)?;
    let locked = origin::require_own(app, parts).await.map_err(Failure)?;
    let asker = if locked { Some(limits::count_asker(app, parts).await?) } else { None };
    if parts.method == Method::OPTIONS {
        return Ok(None);
    }
    Ok(Some(authenticate(app, parts, asker).await.map_err(Failure)?))
}

/// Who is asking where no key is needed: whoever brings one that is right. A wrong one is counted
/// like everywhere, or keys could be guessed here.
pub(crate) async fn recognise(app: &App, parts: &Parts) -> Option<Principal> {
    let asker = match app.service.is_locked().await {
        true if parts.headers.contains_key(header::AUTHORIZATION) => {
            Some(limits::count_asker(app, parts).await.ok()?)
        }
        true => return None,
        false => None,
    };
    authenticate(app, parts, asker).await.ok()
}

/// Checks the key, and takes note of what became of it.
async fn authenticate(app: &App, parts: &Parts, asker: Option<Asker>) -> omp_model::Result<Principal> {
    let admitted = app.service.authenticate(bearer(&parts.headers)).await;
    if let Some(asker) = asker {
        let right = match &admitted {
            Ok(_) => Some(true),
            Err(Error { code: ErrorCode::Unauthorized, .. }) => Some(false),
            Err(_) => None,
        };
        asker.learn(app, right).await;
    }
    admitted
}

/// Whether a request that needs no key may come in.
async fn look(app: &App, parts: &Parts) -> Result<(), Refusal> {
    readiness::turn_away_late(&parts.extensions).map_err(Failure)?;
    if origin::require_own(app, parts).await.map_err(Failure)? {
        limits::count_address(app, parts)?;
    }
    Ok(())
}

/// The token of `Authorization: Bearer`; the scheme's case does not matter.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
