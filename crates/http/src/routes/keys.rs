//! `/v1/keys`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use omp_model::api::ErrorBody;
use omp_model::keys::{KeyList, KeyWithSecret, RotateKey};
use omp_model::{NewKey, Principal};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::{App, bodies};

const BODY: usize = 64 << 10;

/// Make a key
///
/// Takes the scope `admin`. The secret is in this answer and nowhere else; only its hash is stored. Another user's key
/// is made by administrators.
#[utoipa::path(post, path = "/v1/keys", tag = "access", security(("key" = [])),
    request_body = bodies::NewKeyBody, responses(
    (status = 201, description = "The key with its secret", body = KeyWithSecret),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn create_key(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<BODY>,
) -> Answer<(StatusCode, Json<KeyWithSecret>)> {
    let key = app.service.create_key(principal, body.read(NewKey::read)?).await?;
    Ok((StatusCode::CREATED, Json(key)))
}

/// List keys
///
/// Takes the scope `admin`: one's own keys, for administrators everybody's; those that were revoked too.
#[utoipa::path(get, path = "/v1/keys", tag = "access", security(("key" = [])), responses(
    (status = 200, description = "The keys, without their secrets", body = KeyList),
    (status = 403, description = "`forbidden`", body = ErrorBody),
))]
pub(crate) async fn list_keys(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
) -> Answer<Json<KeyList>> {
    Ok(Json(app.service.list_keys(principal).await?))
}

/// Revoke a key
///
/// It stops working at once.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "access", security(("key" = [])), params(
    ("id" = String, Path, description = "The key's id"),
), responses(
    (status = 204, description = "It does not work any more"),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 404, description = "`not_found`", body = ErrorBody),
))]
pub(crate) async fn revoke_key(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    app.service.revoke_key(principal, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a key a new secret
///
/// With `grace_seconds` the former secret goes on working for so long, so that clients can be changed over.
#[utoipa::path(post, path = "/v1/keys/{id}/rotate", tag = "access", security(("key" = [])), params(
    ("id" = String, Path, description = "The key's id"),
), request_body = bodies::RotateKeyBody, responses(
    (status = 200, description = "The key with its new secret", body = KeyWithSecret),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 404, description = "`not_found`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn rotate_key(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
    body: JsonText<1_024>,
) -> Answer<Json<KeyWithSecret>> {
    let rotate = body.read(RotateKey::read)?;
    Ok(Json(app.service.rotate_key(principal, &id, rotate).await?))
}
