//! The key.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use omp_model::{Error, ErrorCode, Principal};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::App;
use crate::answer::Failure;

/// Fewest characters of a key (reading 33).
const SHORTEST: usize = 32;

/// The one key of the server; only its hash is kept.
#[derive(Clone)]
pub struct ApiKey([u8; 32]);

/// A key that is too short.
#[derive(Debug, thiserror::Error)]
#[error(
    "the API key has {0} characters, but a key needs at least {SHORTEST}; `openssl rand -hex 32` makes a good one"
)]
pub struct WeakKey(usize);

impl ApiKey {
    /// Takes a key of at least 32 characters.
    pub fn new(key: &str) -> Result<Self, WeakKey> {
        match key.chars().count() {
            length if length < SHORTEST => Err(WeakKey(length)),
            _ => Ok(Self::weak(key)),
        }
    }

    /// Takes any key: for trials.
    pub fn weak(key: &str) -> Self {
        Self(Sha256::digest(key).into())
    }

    /// Compares in a time that tells nothing about the key.
    fn matches(&self, key: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(key).into();
        self.0.ct_eq(&given).into()
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<key>")
    }
}

/// Lets a request through with the right key, or any when the server has none. Comes before the body is read
/// (reading 35) and tells the handlers who is asking.
pub(crate) async fn require_key(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // A browser's preflight brings no key (reading 45).
    let allowed = request.method() == Method::OPTIONS
        || app
            .key
            .as_ref()
            .is_none_or(|key| bearer(request.headers()).is_some_and(|given| key.matches(given)));
    if !allowed {
        let message = "This server needs its API key: send `Authorization: Bearer <key>`.";
        return Failure(Error::new(ErrorCode::Unauthorized, message)).into_response();
    }
    request.extensions_mut().insert(Principal::OWNER);
    next.run(request).await
}

/// The token of `Authorization: Bearer`; the scheme's case does not matter.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_keys_are_refused_and_never_shown() {
        assert!(ApiKey::new(&"x".repeat(31)).is_err());
        let key = ApiKey::new(&"x".repeat(32)).unwrap();
        assert!(key.matches(&"x".repeat(32)) && !key.matches(&"x".repeat(33)));
        assert_eq!(format!("{key:?}"), "<key>");
    }
}
