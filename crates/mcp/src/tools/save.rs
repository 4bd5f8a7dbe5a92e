//! `omp_save_conversation`

use omp_model::conversation::MAX_MESSAGES;
use omp_model::{Content, Error, Message, ModelName, NewConversation, Result, Role, Topic};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Verb};

/// The conversation.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SaveConversation {
    /// All turns that matter, in order
    messages: Vec<Turn>,
    /// What it is about
    topic: Option<String>,
}

// One turn. (A doc comment would stand in the schema.)
#[derive(Deserialize, JsonSchema)]
struct Turn {
    role: Speaker,
    content: String,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Speaker {
    User,
    Assistant,
}

/// What was saved.
#[derive(Serialize, JsonSchema)]
pub(super) struct Saved {
    id: String,
}

impl Verb for SaveConversation {
    const NAME: &'static str = "omp_save_conversation";
    const TITLE: &'static str = "Save the conversation";
    const DESCRIPTION: &'static str = "Save this conversation so that it can go on in another AI tool.";
    const EFFECT: Effect = Effect::Adds;
    type Output = Saved;

    async fn call(self, call: Call) -> Result<(String, Saved)> {
        let messages: Vec<Message> = self.messages.iter().flat_map(turn).collect();
        if messages.is_empty() || messages.len() > MAX_MESSAGES {
            let what =
                format!("must be 1 to {MAX_MESSAGES} turns that say something; these are {}", messages.len());
            return Err(Error::invalid("messages", what));
        }
        let topic = self.topic.as_deref().map(str::trim).filter(|topic| !topic.is_empty()).map(str::to_owned);
        let topic = topic.unwrap_or_else(|| messages[0].content.as_str().to_owned());
        let model = ModelName::new(call.tool.as_str()).map_err(|what| Error::invalid("model", what))?;
        let topic = Topic::cut(&topic).ok_or_else(Error::internal)?;
        let new = NewConversation { model, topic, messages, source_url: None };
        let saved = call.api.create_conversation(new).await?;
        let text = format!("Saved as {}. In another tool, omp_handoff goes on with it.", saved.id);
        Ok((text, Saved { id: saved.id.to_string() }))
    }
}

/// A turn that is longer than a message becomes several; one that says nothing is none.
fn turn(turn: &Turn) -> Vec<Message> {
    let role = match turn.role {
        Speaker::User => Role::User,
        Speaker::Assistant => Role::Assistant,
    };
    let characters: Vec<char> = turn.content.trim().chars().filter(|c| *c != '\0').collect();
    let pieces = characters
        .chunks(Content::MAX)
        .filter_map(|piece| Content::new(piece.iter().collect::<String>()).ok());
    pieces.map(|content| Message { role, content, origin: None }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_turn_is_too_long_and_empty_ones_are_left_out() {
        let of = |content: String| turn(&Turn { role: Speaker::User, content }).len();
        assert_eq!(of("  ".into()), 0);
        assert_eq!(of("x".repeat(10_000)), 1);
        assert_eq!(of("x".repeat(10_001)), 2);
    }
}
