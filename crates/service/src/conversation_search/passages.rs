//! What of a conversation is embedded: passages of neighbouring turns, about as long as a model sees at once.

use omp_embed::Pool;
use omp_model::{Conversation, Result};
use omp_store::{Passages, PendingConversation, VectorSpace};

use crate::Service;
use crate::embeddings::{embed, failed};
use crate::failure::shown;

/// Conversations that are embedded before it is looked for memories again: new ones should not wait for long.
const BATCH: u32 = 1;
/// Most passages of one conversation: what comes after them is found by its words.
const MOST: usize = 64;
/// Characters of a passage, about.
const LONG: usize = 1_000;
/// Characters of one turn that are looked at: what is pasted is longer, and says at its beginning what it is.
const TURN: usize = 2_000;

/// Neighbouring turns.
#[derive(Debug, PartialEq)]
struct Passage {
    /// The first of them.
    turn: u16,
    text: String,
}

/// The passages of a conversation; its topic stands before the first one, unless that begins with it.
fn passages(conversation: &Conversation) -> Vec<Passage> {
    let mut passages: Vec<Passage> = Vec::new();
    let topic = conversation.topic.as_str();
    let mut length = 0;
    for (turn, message) in conversation.messages.iter().enumerate() {
        let said = message.content.as_str();
        let said = said.char_indices().nth(TURN).map_or(said, |(end, _)| &said[..end]);
        let chars = said.chars().count();
        length += chars;
        if let Some(passage) = passages.last_mut().filter(|_| length <= LONG) {
            passage.text.push('\n');
            passage.text.push_str(said);
            continue;
        }
        if passages.len() == MOST {
            break;
        }
        let about = if turn == 0 && !said.starts_with(topic) { format!("{topic}\n") } else { String::new() };
        passages.push(Passage { turn: u16::try_from(turn).unwrap_or(u16::MAX), text: about + said });
        length = chars;
    }
    passages
}

impl Service {
    /// Embeds a few conversations that wait in this space, and tells how many: 0 when none waits.
    pub(crate) async fn embed_conversations(&self, pool: &Pool, space: &VectorSpace) -> Result<u64> {
        let pending = self.store.conversation_backlog(space.slot, BATCH).await.map_err(shown)?;
        if pending.is_empty() {
            return Ok(0);
        }
        let mut embedded = Vec::with_capacity(pending.len());
        for PendingConversation { pk, conversation } in pending {
            let (turns, texts): (Vec<u16>, Vec<String>) =
                passages(&conversation).into_iter().map(|passage| (passage.turn, passage.text)).unzip();
            let mut made = Passages { pk, ..Passages::default() };
            let windows = embed(pool, texts).await.map_err(|error| failed(&error))?;
            for (turn, window) in
                turns.iter().zip(windows).flat_map(|(turn, all)| all.into_iter().map(move |w| (turn, w)))
            {
                made.turns.push(*turn);
                made.vectors.extend(window);
            }
            embedded.push(made);
        }
        let count = embedded.len() as u64;
        self.store.put_passages(space.slot, embedded).await.map_err(shown)?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use omp_model::conversation::{Message, NewConversation, Role};
    use omp_model::{Content, ConversationId, ModelName, Timestamp, Topic};

    use super::*;

    fn cut(topic: &str, turns: &[&str]) -> Vec<(u16, String)> {
        let message =
            |text: &&str| Message { role: Role::User, content: Content::new(*text).unwrap(), origin: None };
        let new = NewConversation {
            model: ModelName::new("m").unwrap(),
            topic: Topic::new(topic).unwrap(),
            messages: turns.iter().map(message).collect(),
            source_url: None,
        };
        let conversation = new.into_conversation(ConversationId::derive(&["x"]), Timestamp::from_millis(0));
        passages(&conversation).into_iter().map(|one| (one.turn, one.text)).collect()
    }

    #[test]
    fn short_turns_are_embedded_together_and_long_ones_alone() {
        let long = "é".repeat(990);
        let told = cut("Tea", &["One.", "Two.", &long, "Three."]);
        assert_eq!(told, [(0, "Tea\nOne.\nTwo.\n".to_owned() + &long), (3, "Three.".to_owned())]);
        let told = cut("Tea", &["Tea for two", &"x".repeat(9_000), "More."]);
        assert_eq!(
            told.iter().map(|(turn, text)| (*turn, text.len())).collect::<Vec<_>>(),
            [(0, 11), (1, TURN), (2, 5)]
        );
    }

    #[test]
    fn a_conversation_has_a_bounded_number_of_passages() {
        let turn = "x".repeat(LONG);
        let told = cut("t", &vec![turn.as_str(); 200]);
        assert_eq!((told.len(), told.last().unwrap().0), (MOST, 63));
    }
}
