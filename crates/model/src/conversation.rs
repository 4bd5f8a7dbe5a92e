//! A saved conversation, to be continued in another tool (omp.md section 2).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::FieldErrors;
use crate::fields::{Field, Fields, word_field};
use crate::{Content, ConversationId, ModelName, SourceUrl, Timestamp, Topic};

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Role {
    /// The person.
    User,
    /// The AI.
    Assistant,
}

impl Role {
    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "user" => Some(Self::User),
            "assistant" => Some(Self::Assistant),
            _ => None,
        }
    }
}

word_field!(Role, "user, assistant");

/// One turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 10_000))]
    pub content: Content,
    /// What the tool that it comes from says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Box<MessageOrigin>>,
}

/// What another tool says of one turn. Members that are not known are left out.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MessageOrigin {
    /// Its name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The name of the turn before it there; turns that were left out may lie between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// When it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub created_at: Option<Timestamp>,
    /// Which model said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Names of files that came with it; their bytes are not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<String>,
}

impl std::fmt::Debug for MessageOrigin {
    /// Without the names of files, which are somebody's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MessageOrigin").field("created_at", &self.created_at).finish_non_exhaustive()
    }
}

/// What another tool says of a conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationOrigin {
    /// The format that it was read from.
    pub format: String,
    /// Its name there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its project or folder there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Which part of how many this is, from 1, when it was too long for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<(u32, u32)>,
    /// Turns beside the path that was taken: edited questions, answers made again. Each branch holds what is not on
    /// the path; the `parent_id` of its first turn tells where it leaves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub branches: Vec<Vec<Message>>,
}

impl ConversationOrigin {
    /// Reads the member of an exported conversation; what is none counts as absent.
    fn read(fields: &mut Fields<'_>) -> Option<Box<Self>> {
        fields.raw("origin").and_then(|raw| serde_json::from_str(raw.get()).ok())
    }
}

impl Field for Message {
    fn from_text(_: &str) -> Result<Self, String> {
        Err("must be an object".into())
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let at_member =
            |errors: FieldErrors| errors.into_iter().map(|(at, what)| (format!(".{at}"), what)).collect();
        let mut fields = Fields::from_json(json.get())
            .map_err(|_| vec![(String::new(), "must be an object".to_owned())])?;
        let (role, content) = (fields.required("role"), fields.required("content"));
        let origin = fields.raw("origin").and_then(|raw| serde_json::from_str(raw.get()).ok());
        let message = role.zip(content).map(|(role, content)| Self { role, content, origin });
        fields.into_result(message).map_err(at_member)
    }
}

/// The most turns of one conversation.
pub const MAX_MESSAGES: usize = 500;

/// 1 to 500 turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Messages(pub Vec<Message>);

impl Field for Messages {
    fn from_text(_: &str) -> Result<Self, String> {
        Err("must be an array".into())
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let messages = Vec::<Message>::from_json(json)?;
        if messages.is_empty() || messages.len() > MAX_MESSAGES {
            return Err(vec![(
                String::new(),
                format!("must be 1 to {MAX_MESSAGES} messages; there are {}", messages.len()),
            )]);
        }
        Ok(Self(messages))
    }
}

/// A conversation to be saved.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConversation {
    /// Which AI it was held with.
    pub model: ModelName,
    /// What it is about; by default its first message.
    pub topic: Topic,
    /// The turns.
    pub messages: Vec<Message>,
    /// Where it took place.
    pub source_url: Option<SourceUrl>,
}

impl NewConversation {
    /// Reads the body of `POST /v1/conversations`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let model = fields.required("model");
        let topic = fields.nullable::<Topic>("topic").flatten().filter(|t| !t.as_str().is_empty());
        let messages = fields.required::<Messages>("messages");
        let source_url = fields.nullable("source_url").flatten();
        let messages = messages?.0;
        let topic = topic.or_else(|| Topic::cut(messages.first()?.content.as_str()))?;
        Some(Self { model: model?, topic, messages, source_url })
    }

    /// The conversation that this becomes.
    pub fn into_conversation(self, id: ConversationId, now: Timestamp) -> Conversation {
        Conversation {
            id,
            model: self.model,
            topic: self.topic,
            message_count: self.messages.len(),
            messages: self.messages,
            source_url: self.source_url,
            created_at: now,
            updated_at: now,
            origin: None,
        }
    }
}

/// A saved conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Conversation {
    /// Its name, made by the server.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^conv_[a-z0-9]{16}$"))]
    pub id: ConversationId,
    /// Which AI it was held with.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 100))]
    pub model: ModelName,
    /// What it is about.
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 200))]
    pub topic: Topic,
    /// The turns.
    pub messages: Vec<Message>,
    /// How many turns.
    pub message_count: usize,
    /// Where it took place.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 500))]
    pub source_url: Option<SourceUrl>,
    /// When it was saved.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// What the tool that it was imported from says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Box<ConversationOrigin>>,
}

impl Conversation {
    /// Reads a conversation of an export.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.required::<ConversationId>("id");
        let created_at = fields.required::<Timestamp>("created_at");
        let updated_at = fields.optional::<Timestamp>("updated_at");
        let origin = ConversationOrigin::read(fields);
        let new = NewConversation::read(fields);
        let (id, created_at) = (id?, created_at?);
        let mut conversation = new?.into_conversation(id, created_at);
        conversation.updated_at = updated_at.unwrap_or(created_at);
        conversation.origin = origin;
        Some(conversation)
    }
}

impl Field for ConversationId {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "must be `conv_` and 16 of a-z and 0-9".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_is_the_topic_when_none_is_given() {
        let body =
            format!(r#"{{"model":"claude","messages":[{{"role":"user","content":"{}"}}]}}"#, "x".repeat(300));
        let mut fields = Fields::from_json(&body).unwrap();
        let new = NewConversation::read(&mut fields);
        assert_eq!(fields.finish(new).unwrap().topic.as_str().len(), 200);
    }

    #[test]
    fn a_wrong_message_is_named_by_its_place() {
        let mut fields =
            Fields::from_json(r#"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"tool"}]}"#)
                .unwrap();
        let new = NewConversation::read(&mut fields);
        let error = fields.finish(new).unwrap_err();
        assert_eq!(error.details.keys().collect::<Vec<_>>(), ["messages[1].role", "messages[1].content"]);
    }
}
