//! The key of the configuration.

use sha2::{Digest, Sha256};

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
