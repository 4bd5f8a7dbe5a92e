//! What an export holds of saved memories.

use std::collections::HashMap;

use omp_model::{MemoryType, Timestamp};

use super::NAME;
use super::conversation::{Tree, place};
use super::text::{cleaned, said};
use super::wire::{Conversation, Message};
use crate::items::Item;
use crate::{Draft, Place, Sink, Stop, moment};

/// What is repeated in every conversation, and is given once at the end.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Custom instructions by their text.
    instructions: HashMap<String, Instruction>,
    /// Their order.
    order: Vec<String>,
    /// The newest list of saved memories, and when it was given.
    context: Option<(Option<Timestamp>, String, Place)>,
}

#[derive(Debug)]
struct Instruction {
    kind: MemoryType,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    place: Place,
}

impl Kept {
    /// Looks for memories in a conversation, on all branches.
    pub(super) fn collect(
        &mut self,
        wire: &Conversation<'_>,
        tree: &Tree<'_>,
        item: &Item<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), Stop> {
        for (number, (name, message)) in tree.nodes.iter().enumerate() {
            let Some(message) = message else { continue };
            let bio = message.role() == "assistant" && message.recipient.get() == Some("bio");
            if bio {
                let dated = tree.time(number);
                sink.memory_of_bio(wire, name, message, dated, item)?;
            } else if matches!(message.content_type(), "user_editable_context" | "model_editable_context") {
                self.context(wire, tree.time(number), name, message, item);
            }
        }
        Ok(())
    }

    fn context(
        &mut self,
        wire: &Conversation<'_>,
        at: Option<Timestamp>,
        name: &str,
        message: &Message<'_>,
        item: &Item<'_>,
    ) {
        let Some(content) = &message.content.0 else { return };
        let at = at.or(wire.create_time.0);
        let about =
            message.metadata.0.as_ref().and_then(|metadata| metadata.user_context_message_data.0.as_ref());
        let profile = about.and_then(|about| about.about_user_message.get()).or(content.user_profile.get());
        let instructions =
            about.and_then(|about| about.about_model_message.get()).or(content.user_instructions.get());
        for (text, kind) in [(profile, MemoryType::Semantic), (instructions, MemoryType::Procedural)] {
            let text = text.map(unwrapped).unwrap_or_default();
            if !text.is_empty() {
                self.instruction(text, kind, at, || place(item, name));
            }
        }
        if let Some(text) = content.model_set_context.get().filter(|text| !text.trim().is_empty()) {
            let newest = self.context.as_ref().is_none_or(|(known, ..)| at >= *known);
            if newest {
                self.context = Some((at, text.to_owned(), place(item, name)));
            }
        }
    }

    fn instruction(
        &mut self,
        text: &str,
        kind: MemoryType,
        at: Option<Timestamp>,
        place: impl FnOnce() -> Place,
    ) {
        if let Some(known) = self.instructions.get_mut(text) {
            known.first = known.first.into_iter().chain(at).min();
            known.last = known.last.max(at);
            return;
        }
        self.order.push(text.to_owned());
        self.instructions.insert(text.to_owned(), Instruction { kind, first: at, last: at, place: place() });
    }

    /// Gives what was kept.
    pub(super) fn give(mut self, sink: &mut dyn Sink) -> Result<(), Stop> {
        for text in std::mem::take(&mut self.order) {
            let Some(Instruction { kind, first, last, place }) = self.instructions.remove(&text) else {
                continue;
            };
            let mut draft = Draft::new(NAME, NAME, text);
            draft.scope = "custom-instructions".into();
            draft.kind = kind;
            let tag = if kind == MemoryType::Procedural { "instructions" } else { "profile" };
            draft.tags = vec![tag.into()];
            draft.method = Some("stated");
            (draft.created, draft.updated) = (first, last);
            draft.date_assumed = true;
            draft.place = place;
            sink.memory(draft)?;
        }
        let Some((at, context, place)) = self.context else { return Ok(()) };
        let mut entries: Vec<(u64, Option<Timestamp>, String)> = Vec::new();
        for (line, text) in (1..).zip(context.lines()) {
            match (entry(text), entries.last_mut()) {
                (Some((date, text)), _) => entries.push((line, date, text.to_owned())),
                (None, Some((.., said))) => {
                    said.push('\n');
                    said.push_str(text);
                }
                (None, None) if text.trim().is_empty() => {}
                (None, None) => {
                    let at = place.inside(format!("model_set_context line {line}"));
                    sink.passed("text before saved memories", "is no memory", &at);
                }
            }
        }
        for (line, date, text) in &entries {
            let text = text.trim_end();
            let mut draft = Draft::new(NAME, NAME, text);
            draft.scope = "saved-memories".into();
            draft.method = Some("extracted");
            draft.created = (*date).or(at);
            draft.day_only = date.is_some();
            draft.date_assumed = date.is_none();
            draft.raw_text(text);
            draft.place = place.inside(format!("model_set_context line {line}"));
            sink.memory(draft)?;
        }
        Ok(())
    }
}

impl dyn Sink + '_ {
    fn memory_of_bio(
        &mut self,
        wire: &Conversation<'_>,
        name: &str,
        message: &Message<'_>,
        dated: Option<Timestamp>,
        item: &Item<'_>,
    ) -> Result<(), Stop> {
        let text = message.content.0.as_ref().and_then(|content| content.text.get());
        let text = text.map_or_else(|| said(message).text, |text| cleaned(text).into_owned());
        if text.trim().is_empty() {
            return Ok(());
        }
        let mut draft = Draft::new(NAME, NAME, text.trim());
        draft.id = Some(message.id.get().unwrap_or(name).to_owned());
        draft.method = Some("extracted");
        draft.reference = wire.name().map(str::to_owned);
        draft.namespace = wire.project();
        draft.created = dated.or(wire.create_time.0);
        draft.date_assumed = message.create_time.0.is_none();
        if let Some(raw) = raw_message(item.raw, name) {
            draft.raw_json(raw);
        }
        draft.place = place(item, name);
        self.memory(draft)
    }
}

/// The JSON text of a message. Saved memories are rare, so it is looked for again.
fn raw_message<'a>(conversation: &'a str, node: &str) -> Option<&'a str> {
    use serde_json::value::RawValue;
    type Raw<'a> = std::collections::HashMap<std::borrow::Cow<'a, str>, &'a RawValue>;
    let conversation: Raw<'a> = serde_json::from_str(conversation).ok()?;
    let mapping: Raw<'a> = serde_json::from_str(conversation.get("mapping")?.get()).ok()?;
    let node: Raw<'a> = serde_json::from_str(mapping.get(node)?.get()).ok()?;
    node.get("message").map(|message| message.get())
}

/// The text inside a fence, if there is one: the export puts an explanation before custom instructions.
fn unwrapped(text: &str) -> &str {
    let inside =
        text.split_once("```").and_then(|(_, rest)| rest.rsplit_once("```")).map(|(inside, _)| inside);
    inside.unwrap_or(text).trim()
}

/// A line such as `3. [2026-05-01]. Likes tea.`
fn entry(line: &str) -> Option<(Option<Timestamp>, &str)> {
    let rest = line.trim().trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix(['.', ')'])?.trim_start();
    let Some((date, text)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return (!rest.is_empty()).then_some((None, rest));
    };
    let text = text.trim_start_matches(['.', ' ', '-', ':']).trim();
    (!text.is_empty()).then(|| (moment::from_text(date), text))
}
