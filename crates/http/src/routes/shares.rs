//! `/v1/shares` and `/v1/namespaces/{namespace}/shares/{user}`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use omp_model::api::ErrorBody;
use omp_model::shares::{Share, ShareList};
use omp_model::{Principal, ShareAccess};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::{App, bodies};

/// List what is shared
///
/// What the user shares with others, and what others share with the user.
#[utoipa::path(get, path = "/v1/shares", tag = "access", security(("key" = [])), responses(
    (status = 200, description = "Both", body = ShareList),
    (status = 403, description = "`forbidden`: the key lacks the scope `read`", body = ErrorBody),
))]
pub(crate) async fn list_shares(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
) -> Answer<Json<ShareList>> {
    Ok(Json(app.service.list_shares(principal).await?))
}

/// Share a namespace with another user
///
/// What is in it, now and later, is seen by that user with `shared_by`, and in searches with `shared=true`. Sharing it
/// again changes what the user may do.
#[utoipa::path(put, path = "/v1/namespaces/{namespace}/shares/{user}", tag = "access", security(("key" = [])), params(
    ("namespace" = String, Path, description = "The namespace"),
    ("user" = String, Path, description = "The other user"),
), request_body = bodies::ShareBody, responses(
    (status = 200, description = "The share", body = Share),
    (status = 403, description = "`forbidden`: the key lacks the scope `admin`, or does not reach the namespace", body = ErrorBody),
    (status = 404, description = "`not_found`: there is no such user", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn share_namespace(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path((namespace, user)): Path<(String, String)>,
    body: JsonText<1_024>,
) -> Answer<Json<Share>> {
    let access = body.read(ShareAccess::read)?;
    Ok(Json(app.service.share_namespace(principal, &namespace, &user, access).await?))
}

/// End a share
#[utoipa::path(delete, path = "/v1/namespaces/{namespace}/shares/{user}", tag = "access", security(("key" = [])), params(
    ("namespace" = String, Path, description = "The namespace"),
    ("user" = String, Path, description = "The other user"),
), responses(
    (status = 204, description = "The user sees it no more"),
    (status = 403, description = "`forbidden`: the key lacks the scope `admin`, or does not reach the namespace", body = ErrorBody),
    (status = 404, description = "`not_found`: it is not shared with this user", body = ErrorBody),
))]
pub(crate) async fn unshare_namespace(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path((namespace, user)): Path<(String, String)>,
) -> Answer<StatusCode> {
    app.service.unshare_namespace(principal, &namespace, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
