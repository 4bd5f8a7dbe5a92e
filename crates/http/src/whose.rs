//! Whose memories a request is about: one's own, or with `shared_by` another user's.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use omp_model::{Error, Principal};

use crate::App;
use crate::answer::Failure;
use crate::query::Query;

/// Who is asking, among the memories that they ask about.
pub(crate) struct Whose(pub(crate) Principal);

impl FromRequestParts<App> for Whose {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Failure> {
        let principal = parts.extensions.get::<Principal>().cloned().ok_or_else(Error::internal)?;
        // Reading the query a second time is only paid for where the name occurs.
        if !parts.uri.query().is_some_and(|query| query.contains("shared_by")) {
            return Ok(Self(principal));
        }
        let Ok(query) = Query::from_request_parts(parts, app).await;
        let owner = query.read(|fields| Some(fields.optional::<String>("shared_by")))?;
        match owner {
            None => Ok(Self(principal)),
            Some(owner) => Ok(Self(app.service.among(&principal, &owner).await?)),
        }
    }
}
