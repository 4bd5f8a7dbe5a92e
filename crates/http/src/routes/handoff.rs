//! `/v1/handoff`

use axum::extract::State;
use axum::{Extension, Json};
use omp_model::Principal;
use omp_model::api::{ErrorBody, HandoffResponse};
use omp_service::HandoffRequest;

use super::conversations::BODY;
use crate::answer::Answer;
use crate::body::JsonText;
use crate::{App, bodies};

/// Hand a conversation off to another tool
///
/// Of a saved conversation (`conversation_id`) or of one that comes along (`model`, `messages`, `topic`).
#[utoipa::path(post, path = "/v1/handoff", tag = "conversations", security(("key" = [])),
    request_body = bodies::HandoffBody, responses(
    (status = 200, description = "A text to paste into the other tool", body = HandoffResponse),
    (status = 404, description = "`not_found`", body = ErrorBody),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn hand_off_conversation(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<BODY>,
) -> Answer<Json<HandoffResponse>> {
    Ok(Json(app.service.hand_off(principal, body.read(HandoffRequest::read)?).await?))
}
