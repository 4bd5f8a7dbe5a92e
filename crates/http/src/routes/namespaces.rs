//! `/v1/namespaces` and `/v1/namespaces/{namespace}`

use axum::extract::{Path, State};
use axum::{Extension, Json};
use omp_model::api::{ErrorBody, NamespaceList};
use omp_model::counts::Affected;
use omp_model::{Namespace, Principal};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::whose::Whose;
use crate::{App, bodies};

/// List the namespaces that memories are in
///
/// By name, each with the number of its memories; the first thousand.
#[utoipa::path(get, path = "/v1/namespaces", tag = "memories", security(("key" = [])), params(
    ("shared_by" = Option<String>, Query, description = "Among the memories that this user shares"),
), responses(
    (status = 200, description = "The namespaces", body = NamespaceList),
    (status = 401, description = "`unauthorized`: no valid key", body = ErrorBody),
))]
pub(crate) async fn list_namespaces(
    State(app): State<App>,
    Whose(principal): Whose,
) -> Answer<Json<NamespaceList>> {
    Ok(Json(app.service.namespaces(principal).await?))
}

/// Move a namespace
///
/// Every memory in it goes to another namespace and keeps what it was as a version. Into a namespace that nothing is in
/// this is a rename, and whoever it is shared with goes on seeing it; otherwise the shares of the former one end.
/// Interrupted, it goes on when it is asked for again.
#[utoipa::path(post, path = "/v1/namespaces/{namespace}/move", tag = "memories", security(("key" = [])), params(
    ("namespace" = String, Path, description = "The namespace"),
), request_body = bodies::MoveBody, responses(
    (status = 200, description = "How many memories were moved", body = Affected),
    (status = 403, description = "`forbidden`: the key does not reach all of it", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn move_namespace(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(namespace): Path<String>,
    body: JsonText<1_024>,
) -> Answer<Json<Affected>> {
    let to = body.read(|fields| {
        let to = fields.nullable::<Namespace>("to");
        if to.is_none() {
            fields.fail("to", "is required: a namespace, or null for the default one");
        }
        to
    })?;
    Ok(Json(Affected { memories: app.service.move_namespace(principal, &namespace, to).await? }))
}

/// Delete a namespace
///
/// Every memory in it is deleted for good, and its shares end. Interrupted, it goes on when it is asked for again.
#[utoipa::path(delete, path = "/v1/namespaces/{namespace}", tag = "memories", security(("key" = [])), params(
    ("namespace" = String, Path, description = "The namespace"),
), responses(
    (status = 200, description = "How many memories were deleted", body = Affected),
    (status = 403, description = "`forbidden`: the key does not reach all of it", body = ErrorBody),
    (status = 422, description = "`validation_error`: this is no name of a namespace", body = ErrorBody),
))]
pub(crate) async fn delete_namespace(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(namespace): Path<String>,
) -> Answer<Json<Affected>> {
    Ok(Json(Affected { memories: app.service.delete_namespace(principal, &namespace).await? }))
}
