//! `/v1/audit`

use axum::extract::State;
use axum::{Extension, Json};
use omp_model::Principal;
use omp_model::api::ErrorBody;
use omp_model::audit::{AuditPage, AuditQuery};

use crate::App;
use crate::answer::Answer;
use crate::query::Query;

/// Read what was done, newest first
///
/// Takes the scope `admin`: everything for administrators, else what one's own keys did. Every write, export, change of
/// keys and users and (together, by the minute) failure to sign in; ids and counts, never content.
#[utoipa::path(get, path = "/v1/audit", tag = "access", security(("key" = [])), params(
    ("user" = Option<String>, Query, description = "Only what this user did"),
    ("action" = Option<String>, Query, description = "Only this, such as `delete_memory`"),
    ("since" = Option<String>, Query, description = "Only at this date-time or later"),
    ("until" = Option<String>, Query, description = "Only at this date-time or earlier"),
    ("before" = Option<u64>, Query, description = "Only what has a smaller number: `next` of the page before"),
    ("limit" = Option<u32>, Query, description = "1 to 1000, by default 100; more is cut to 1000"),
), responses(
    (status = 200, description = "One page", body = AuditPage),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn get_audit(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    query: Query,
) -> Answer<Json<AuditPage>> {
    let query = query.read(|fields| Some(AuditQuery::read(fields)))?;
    Ok(Json(app.service.audit(principal, &query).await?))
}
