//! A text with which a conversation goes on in another tool.

use omp_model::api::HandoffResponse;
use omp_model::conversation::{Message, Messages, Role};
use omp_model::{Fields, ModelName, Principal, Result, Scope, Topic};

use crate::Service;
use crate::access::require;
use crate::extract::Provider;

/// Longest topic and last message that a brief quotes, in characters.
const QUOTED: usize = 300;

/// What is handed off, and to whom.
#[derive(Debug)]
pub struct HandoffRequest {
    /// Where it goes on.
    pub target_model: ModelName,
    /// The conversation.
    pub conversation: Handed,
}

/// A conversation, by id or in full.
#[derive(Debug)]
pub enum Handed {
    /// A saved one.
    Saved(String),
    /// One that comes with the request.
    Inline {
        /// Where it was held.
        model: ModelName,
        /// What it is about.
        topic: Option<Topic>,
        /// Its turns.
        messages: Vec<Message>,
    },
}

impl HandoffRequest {
    /// Hands a saved conversation off.
    pub fn saved(conversation_id: &str, target_model: ModelName) -> Self {
        Self { target_model, conversation: Handed::Saved(conversation_id.to_owned()) }
    }

    /// Reads the body of `POST /v1/handoff`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let target_model = fields.required("target_model");
        let id = fields.nullable::<String>("conversation_id").flatten();
        Provider::read(fields);
        let inline = |fields: &mut Fields<'_>| {
            let model = fields.required::<ModelName>("model");
            let topic = fields.nullable::<Topic>("topic").flatten();
            let messages = fields.required::<Messages>("messages");
            Some(Handed::Inline { model: model?, topic, messages: messages?.0 })
        };
        let conversation = match id {
            Some(id) => Some(Handed::Saved(id)),
            None if !fields.has("model") && !fields.has("messages") => {
                fields.fail("conversation_id", "is required, or `model` and `messages` of a conversation");
                None
            }
            None => inline(fields),
        };
        Some(Self { target_model: target_model?, conversation: conversation? })
    }
}

impl Service {
    /// Writes the brief, in the person's own voice. Without an AI provider it follows a template.
    pub async fn hand_off(&self, principal: Principal, request: HandoffRequest) -> Result<HandoffResponse> {
        require(&principal, Scope::Read)?;
        let (model, topic, messages) = match request.conversation {
            Handed::Saved(id) => {
                let saved = self.get_conversation(principal, &id).await?;
                (saved.model, saved.topic, saved.messages)
            }
            Handed::Inline { model, topic, messages } => {
                let topic = topic.or_else(|| Topic::cut(messages.first()?.content.as_str()));
                (model, topic.unwrap_or_else(|| Topic::new("").expect("may be empty")), messages)
            }
        };
        Ok(HandoffResponse {
            brief: brief(&model, &request.target_model, &topic, &messages),
            topic: topic.into_string(),
            source_model: model.into_string(),
            target_model: request.target_model.into_string(),
            message_count: messages.len(),
        })
    }
}

fn brief(source: &ModelName, target: &ModelName, topic: &Topic, messages: &[Message]) -> String {
    let (from, to) = (display_name(source.as_str()), display_name(target.as_str()));
    let topic = quoted(topic.as_str());
    let mut brief = format!("I have been talking with {from} about \u{201c}{topic}\u{201d}.");
    let last =
        messages.iter().rev().find(|message| message.role == Role::User).map(|m| quoted(m.content.as_str()));
    if let Some(last) = last.filter(|last| *last != topic) {
        brief.push_str(&format!(" The last thing I said there was: \u{201c}{last}\u{201d}."));
    }
    let request = if from == to {
        " Please go on from there.".to_owned()
    } else {
        format!(" {to}, please go on from where {from} left off.")
    };
    brief + &request
}

/// One line, not too long.
fn quoted(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= QUOTED {
        return line;
    }
    line.chars().take(QUOTED).chain("…".chars()).collect()
}

/// What people call the tools that the published clients know.
fn display_name(model: &str) -> &str {
    let known = ["ChatGPT", "Claude", "Copilot", "Cursor", "Gemini", "Grok", "Perplexity"];
    known.into_iter().find(|name| name.eq_ignore_ascii_case(model)).unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use omp_model::Text;

    use super::*;

    fn message(role: Role, text: &str) -> Message {
        Message { role, content: Text::new(text).unwrap(), origin: None }
    }

    #[test]
    fn the_brief_names_the_topic_and_the_last_question() {
        let messages = [
            message(Role::User, "What is a monad?"),
            message(Role::Assistant, "…"),
            message(Role::User, "And\na functor?"),
        ];
        let (model, target) = (Text::new("chatgpt").unwrap(), Text::new("claude").unwrap());
        assert_eq!(
            brief(&model, &target, &Text::new("Category theory").unwrap(), &messages),
            "I have been talking with ChatGPT about “Category theory”. The last thing I said there was: “And a functor?”. \
             Claude, please go on from where ChatGPT left off."
        );
    }

    #[test]
    fn long_messages_are_cut_in_the_brief() {
        let messages = [message(Role::User, &"long ".repeat(500))];
        let model = Text::new("m").unwrap();
        assert!(brief(&model, &model, &Text::new("t").unwrap(), &messages).chars().count() < 450);
    }
}
