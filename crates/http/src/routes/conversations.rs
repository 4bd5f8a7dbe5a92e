//! `/v1/conversations`

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use omp_model::api::{ConversationHits, ConversationList, Deleted, ErrorBody};
use omp_model::conversation::NewConversation;
use omp_model::{Conversation, ConversationQuery, ConversationSearch, Principal};

use crate::answer::Answer;
use crate::body::JsonText;
use crate::query::Query;
use crate::{App, bodies};

/// 500 messages of 10,000 characters, each character escaped as a pair of surrogates.
pub(super) const BODY: usize = 64 << 20;

/// Save a conversation
#[utoipa::path(post, path = "/v1/conversations", tag = "conversations", security(("key" = [])),
    request_body = bodies::ConversationBody, responses(
    (status = 201, description = "The conversation as it was saved", body = Conversation),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn create_conversation(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    body: JsonText<BODY>,
) -> Answer<(StatusCode, Json<Conversation>)> {
    let saved = app.service.create_conversation(principal, body.read(NewConversation::read)?).await?;
    Ok((StatusCode::CREATED, Json(saved)))
}

/// List conversations, newest first
#[utoipa::path(get, path = "/v1/conversations", tag = "conversations", security(("key" = [])), params(
    ("model" = Option<String>, Query, description = "Only held with this model, or with any of a service: chatgpt, claude, gemini, grok"),
    ("exclude_model" = Option<String>, Query, description = "Not held with this model or service"),
    ("since" = Option<String>, Query, description = "Saved at this date-time or later"),
    ("limit" = Option<u32>, Query, description = "1 to 50, by default 10; more is cut to 50"),
    ("offset" = Option<u64>, Query, description = "How many to pass over"),
), responses(
    (status = 200, description = "One page", body = ConversationList),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn list_conversations(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    query: Query,
) -> Answer<Json<ConversationList>> {
    let query = query.read(|fields| Some(ConversationQuery::read(fields)))?;
    Ok(Json(app.service.list_conversations(principal, &query).await?))
}

/// Search saved conversations
///
/// By words and by meaning: the best conversations first, each with the turns where
/// the words stand, or that are about the question.
#[utoipa::path(get, path = "/v1/conversations/search", tag = "conversations", security(("key" = [])), params(
    ("q" = String, Query, description = "What is looked for"),
    ("mode" = Option<String>, Query, description = "`keyword`, `semantic` or `hybrid`; by default the last one where there is an embedding model. One that is not available falls back to `keyword`, and the answer says so"),
    ("model" = Option<String>, Query, description = "Only held with this model, or with any of a service: chatgpt, claude, gemini, grok"),
    ("exclude_model" = Option<String>, Query, description = "Not held with this model or service"),
    ("since" = Option<String>, Query, description = "Saved at this date-time or later"),
    ("limit" = Option<u32>, Query, description = "1 to 50, by default 10; more is cut to 50"),
    ("offset" = Option<u64>, Query, description = "How many to pass over"),
), responses(
    (status = 200, description = "One page", body = ConversationHits),
    (status = 422, description = "`validation_error`: `details` has a text for each field", body = ErrorBody),
))]
pub(crate) async fn search_conversations(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    query: Query,
) -> Answer<Json<ConversationHits>> {
    let search = query.read(ConversationSearch::read)?;
    Ok(Json(app.service.search_conversations(principal, &search).await?))
}

/// Read a conversation
#[utoipa::path(get, path = "/v1/conversations/{id}", tag = "conversations", security(("key" = [])), params(
    ("id" = String, Path, description = "The conversation's id"),
), responses(
    (status = 200, description = "The conversation", body = Conversation),
    (status = 404, description = "`not_found`", body = ErrorBody),
))]
pub(crate) async fn get_conversation(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<Json<Conversation>> {
    Ok(Json(app.service.get_conversation(principal, &id).await?))
}

/// Remove a conversation
#[utoipa::path(delete, path = "/v1/conversations/{id}", tag = "conversations", security(("key" = [])), params(
    ("id" = String, Path, description = "The conversation's id"),
), responses(
    (status = 200, description = "It is gone", body = Deleted),
    (status = 404, description = "`not_found`", body = ErrorBody),
))]
pub(crate) async fn delete_conversation(
    State(app): State<App>,
    Extension(principal): Extension<Principal>,
    Path(id): Path<String>,
) -> Answer<Json<Deleted>> {
    app.service.delete_conversation(principal, &id).await?;
    Ok(Json(Deleted { deleted: true }))
}
