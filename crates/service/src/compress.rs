//! A conversation's summary as one memory: written by a model, or put together by rules from its own sentences.

use omp_ai::script::day_of;
use omp_ai::{rules, summary};
use omp_model::api::CompressResponse;
use omp_model::conversation::Role;
use omp_model::{Content, Error, Fields, MemoryType, Metadata, NewMemory, Principal, Result, Scope, Tags};
use serde_json::json;

use crate::Service;
use crate::access::{require, require_namespace};
use crate::ai::{ConversationSource, LoadedConversation, Reader, ToRead};
use crate::handoff::{QUOTED, quoted};

/// The longest transcript.
pub(crate) const TRANSCRIPT: usize = 200_000;
/// What a summary is said to come from when nobody says.
const TOOL: &str = "omp-compress";

/// Sentences of a conversation that a summary by rules tells, at most.
const POINTS: usize = 12;

/// A conversation to summarise.
#[derive(Debug, Clone)]
pub struct CompressRequest {
    /// Which, and what is said of it on the summary.
    pub read: ToRead<TRANSCRIPT>,
}

impl CompressRequest {
    /// Of this conversation, read by whoever the server has.
    pub fn new(source: ConversationSource<TRANSCRIPT>) -> Self {
        Self { read: ToRead::new(source, TOOL) }
    }

    /// Reads the body of `POST /v1/compress`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { read: ToRead::read(fields, TOOL)? })
    }
}

impl Service {
    /// Summarises a conversation and stores the summary. When the provider fails nothing is stored.
    pub async fn compress(&self, principal: Principal, request: CompressRequest) -> Result<CompressResponse> {
        require(&principal, Scope::Write)?;
        self.require_primary()?;
        let read = request.read;
        let reader = self.ai.reader(&read.ai, "compress a conversation into a memory")?;
        let namespace = read.namespace.clone().or_else(|| principal.default_namespace());
        require_namespace(&principal, namespace.as_ref())?;
        let held = self.held(&principal, &read).await?;
        let compressed_by = reader.name();
        let text = match reader {
            Reader::Rules => by_rules(&held),
            Reader::Model(model) => {
                let script = held.sendable(self.secrets);
                // Each window comes with the summary so far, and gives another.
                let each = u64::from(summary::MOST_TOKENS) * 2;
                let tokens = script.tokens() + script.windows().len() as u64 * each;
                self.ai.within_budget(tokens, read.source.field())?;
                self.ai.ask(model, move |model| summary::summarise(model, &script)).await?
            }
        };
        self.require_still(&principal).await?;
        let content =
            Content::cut(&text).ok_or_else(|| Error::invalid(read.source.field(), "says nothing"))?;
        let mut new = NewMemory::new(content, MemoryType::Episodic, read.source_tool);
        new.tags = Tags::normalize(["session-summary"]);
        new.namespace = namespace;
        new.session_id = Some(held.session);
        new.observed_at = Some(held.script.held_at);
        let metadata = json!({"compressed_by": compressed_by, "messages": held.script.messages});
        new.metadata = Metadata::parse(&metadata.to_string()).map_err(|_| Error::internal())?;
        let memory = self.create_memory(principal, new).await?.memory;
        Ok(CompressResponse { memory, compressed_by })
    }
}

/// A conversation in its own words: how it began, what rules find in it, how it ended.
fn by_rules(held: &LoadedConversation) -> String {
    let script = &held.script;
    let day = day_of(script.held_at);
    let of = |role: Role| script.turns.iter().filter(move |turn| turn.role == role);
    let mut text = match &held.about {
        Some((topic, model)) => {
            let topic = quoted(topic);
            format!(
                "Conversation of {day} with {model}, {} messages: \u{201c}{topic}\u{201d}.",
                script.messages
            )
        }
        None => format!("Conversation of {day}, {} messages.", script.messages),
    };
    let first = of(Role::User).next().map(|turn| quoted(&turn.text));
    let last = of(Role::User).next_back().map(|turn| quoted(&turn.text));
    if let Some(first) = &first {
        text.push_str(&format!("\nThe user began: \u{201c}{first}\u{201d}"));
    }
    let found = rules::extract(script).candidates;
    let points: Vec<&str> = found.iter().map(|point| point.content.as_str()).take(POINTS).collect();
    if !points.is_empty() {
        text.push_str("\nThe user said:");
        for point in points {
            text.push_str(&format!("\n- {point}"));
        }
    }
    if let Some(last) = last.filter(|last| Some(last) != first.as_ref()) {
        text.push_str(&format!("\nThe user asked last: \u{201c}{last}\u{201d}"));
    }
    if let Some(answer) = of(Role::Assistant).next_back() {
        text.push_str(&format!("\nThe assistant answered last: \u{201c}{}\u{201d}", quoted(&answer.text)));
    }
    debug_assert!(text.chars().count() < Content::MAX, "quotations are {QUOTED} characters at most");
    text
}

#[cfg(test)]
mod tests {
    use omp_ai::Script;
    use omp_model::{SessionRef, Timestamp};

    use super::*;

    fn held(script: Script) -> LoadedConversation {
        LoadedConversation { script, session: SessionRef::new("s").unwrap(), about: None }
    }

    #[test]
    fn without_a_model_a_summary_is_made_of_what_was_said() {
        let turns = [
            (Role::User, "Which database should I take? I live in Lisbon."),
            (Role::Assistant, "PostgreSQL."),
            (Role::User, "We decided to use SQLite for now."),
            (Role::Assistant, "Good."),
        ];
        let held_at = Timestamp::parse("2026-05-01T10:00:00Z").unwrap();
        assert_eq!(
            by_rules(&held(Script::new(turns, held_at))),
            "Conversation of 2026-05-01, 4 messages.\n\
             The user began: “Which database should I take? I live in Lisbon.”\n\
             The user said:\n- I live in Lisbon.\n- We decided to use SQLite for now.\n\
             The user asked last: “We decided to use SQLite for now.”\n\
             The assistant answered last: “Good.”"
        );
    }

    #[test]
    fn however_long_a_conversation_is_its_summary_is_a_memory() {
        let long = format!("I live in {}.", "Llanfair ".repeat(30));
        let turns: Vec<(Role, &str)> = (0..400).map(|_| (Role::User, long.as_str())).collect();
        let text = by_rules(&held(Script::new(turns, Timestamp::from_millis(0))));
        assert!(Content::new(text).is_ok());
    }
}
