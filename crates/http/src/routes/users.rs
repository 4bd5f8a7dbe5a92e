//! `/v1/users`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use omp_model::api::ErrorBody;
use omp_model::users::{Legacy, Removed, UserList};
use omp_model::{NewUser, Principal, User};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::query::Query;
use crate::{App, bodies};

/// Add a user
///
/// For administrators. The user has no key yet: `POST /v1/keys` with `user` makes one.
#[utoipa::path(post, path = "/v1/users", tag = "access", security(("key" = [])),
    request_body = bodies::NewUserBody, responses(
    (status = 201, description = "The user", body = User),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn create_user(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<1_024>,
) -> Answer<(StatusCode, Json<User>)> {
    let user = app.service.create_user(principal, body.read(NewUser::read)?).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// List users
///
/// For administrators.
#[utoipa::path(get, path = "/v1/users", tag = "access", security(("key" = [])), responses(
    (status = 200, description = "All users", body = UserList),
    (status = 403, description = "`forbidden`", body = ErrorBody),
))]
pub(crate) async fn list_users(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
) -> Answer<Json<UserList>> {
    Ok(Json(app.service.list_users(principal).await?))
}

/// Read a user
///
/// For administrators.
#[utoipa::path(get, path = "/v1/users/{name}", tag = "access", security(("key" = [])), params(
    ("name" = String, Path, description = "The user's name"),
), responses(
    (status = 200, description = "The user", body = User),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 404, description = "`not_found`", body = ErrorBody),
))]
pub(crate) async fn get_user(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
) -> Answer<Json<User>> {
    Ok(Json(app.service.get_user(principal, &name).await?))
}

/// Remove a user
///
/// For administrators. All keys of the user stop working at once. What the user has is deleted for good
/// (`memories=delete`) or given to another user (`hand_over_to`); one of the two must be said.
#[utoipa::path(delete, path = "/v1/users/{name}", tag = "access", security(("key" = [])), params(
    ("name" = String, Path, description = "The user's name"),
    ("memories" = Option<String>, Query, description = "`delete`: everything that the user has is deleted"),
    ("hand_over_to" = Option<String>, Query, description = "The user who gets everything"),
), responses(
    (status = 200, description = "The user is gone", body = Removed),
    (status = 403, description = "`forbidden`", body = ErrorBody),
    (status = 404, description = "`not_found`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn delete_user(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(name): Path<String>,
    query: Query,
) -> Answer<Json<Removed>> {
    let legacy = query.read(Legacy::read)?;
    Ok(Json(app.service.delete_user(principal, &name, legacy).await?))
}
