//! Query strings.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use omp_model::Fields;

use crate::answer::Failure;

/// The pairs of a query string, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads the parameters into a value.
    pub(crate) fn read<T>(self, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> Result<T, Failure> {
        let mut fields = Fields::from_pairs(self.0);
        let value = read(&mut fields);
        Ok(fields.finish(value)?)
    }
}

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // Decoding never fails: broken escapes stay as they are, broken UTF-8 is replaced.
        Ok(Self(serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).unwrap_or_default()))
    }
}
