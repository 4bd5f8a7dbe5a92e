//! The key.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use omp_model::KeyId;
use sha2::{Digest, Sha256};

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

    /// The key's hash.
    pub(crate) fn hash(self) -> [u8; 32] {
        self.0
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<key>")
    }
}

/// Finds out who is asking and tells the handlers. Comes before the body is read (reading 35).
pub(crate) async fn require_key(State(app): State<App>, mut request: Request, next: Next) -> Response {
    // A browser's preflight brings no key (reading 45), and nothing that answers one asks who it is.
    if request.method() != Method::OPTIONS {
        let principal = match app.service.authenticate(bearer(request.headers())).await {
            Ok(principal) => principal,
            Err(error) => return Failure(error).into_response(),
        };
        let key = principal.key();
        request.extensions_mut().insert(principal);
        let mut response = next.run(request).await;
        if let Some(key) = key {
            response.extensions_mut().insert(AskedWith(key));
        }
        return response;
    }
    next.run(request).await
}

/// With which key a request came, for the log: its id says nothing of the key.
#[derive(Clone)]
pub(crate) struct AskedWith(pub(crate) KeyId);

/// The token of `Authorization: Bearer`; the scheme's case does not matter.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
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
        assert_eq!(format!("{key:?}"), "<key>");
    }
}
