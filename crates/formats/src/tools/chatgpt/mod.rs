//! ChatGPT data export.
//!
//! **Recognised** by objects with `mapping` (a tree of messages): in a top-level array, under `conversations`, or alone.
//!
//! **Read.** A ZIP, perhaps packed again inside a folder, an unpacked folder, or one of its JSON files.
//! `conversations.json`, or since 2026 `conversations-000.json` and so on with a hundred conversations each. A
//! conversation is a tree: editing a question or asking for another answer makes a sibling. What the user saw last is the
//! way from `current_node` up to the root; without it, from the leaf with the newest message. That way becomes the
//! conversation, the rest its branches. Hidden messages, system texts, tool calls and their results, and the model's
//! thoughts are passed over and counted.
//!
//! Memories are what the user and the model saved: messages to `bio`, the newest list of saved memories that a
//! conversation was given, and the custom instructions. There is no file of saved memories in the export; should there
//! be a `memories.json`, it is read.
//!
//! **Not read**: `user.json` (mail address, telephone number), images, audio and other files, the data beside.
//!
//! **Not written**: ChatGPT takes no file. The way in is prompt text (`memory-text`).
//!
//! **Cannot carry**: files that came with a message (their names stay), places of citations, tool calls.

mod conversation;
mod memories;
mod text;
mod wire;

use crate::items::{Item, Items, each_item, why_bad};
use crate::{Draft, Format, Input, Member, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct ChatGpt;

const NAME: &str = "chatgpt";

impl Format for ChatGpt {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "ChatGPT data export (ZIP, folder or conversations.json)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let member = probe.json(is_conversations)?;
        let what = if probe.single().is_some() {
            "its items".to_owned()
        } else {
            format!("the items of {}", member.path)
        };
        Some(Recognised::certain(format!("{what} have `mapping`, a tree of messages")))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut kept = memories::Kept::default();
        let members = input.members();
        let single = input.is_single();
        let mut found = false;
        for member in members.iter() {
            match kind(member.name()) {
                _ if single => conversations(input, member, &mut kept, sink)?,
                Kind::Conversations => conversations(input, member, &mut kept, sink)?,
                Kind::Memories => saved(input, member, sink)?,
                Kind::Personal => {
                    sink.passed(
                        "personal data",
                        "was not read: it holds addresses and telephone numbers",
                        &member.place(),
                    );
                }
                Kind::Other => {
                    sink.passed("file", "holds neither conversations nor memories", &member.place());
                    continue;
                }
            }
            found = true;
        }
        if !found {
            let what = "there is no conversations.json in it, and no conversations-000.json";
            return Err(Stop::broken(&crate::Place::default(), what));
        }
        kept.give(sink)
    }
}

enum Kind {
    Conversations,
    Memories,
    Personal,
    Other,
}

fn kind(name: &str) -> Kind {
    let shard = || name.strip_prefix("conversations-")?.strip_suffix(".json");
    match name {
        "conversations.json" => Kind::Conversations,
        "memories.json" => Kind::Memories,
        "user.json" => Kind::Personal,
        _ if shard()
            .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())) =>
        {
            Kind::Conversations
        }
        _ => Kind::Other,
    }
}

fn is_conversations(outline: &Outline) -> bool {
    outline.has("[].mapping")
        || outline.has(".conversations[].mapping")
        || outline.has(".mapping")
            && [".current_node", ".conversation_id", ".create_time"].iter().any(|path| outline.has(path))
}

const ITEMS: Items<'_> = Items { arrays: &["conversations"], itself: true };

fn conversations(
    input: &mut Input,
    member: &Member,
    kept: &mut memories::Kept,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    each_item(input, member, ITEMS, sink, |sink, item| match wire::Conversation::read(item.raw) {
        Ok(Some(wire)) => conversation::read(&wire, &item, kept, sink),
        Ok(None) => {
            sink.failed("conversation", "has no `mapping`, which holds the messages", &item.place);
            Ok(())
        }
        Err(error) => {
            sink.failed("conversation", &why_bad(&error), &item.place);
            Ok(())
        }
    })
}

/// A file of saved memories, should there be one.
fn saved(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    each_item(input, member, Items { arrays: &["memories"], itself: false }, sink, |sink, item| {
        let Ok(saved) = serde_json::from_str::<wire::Saved<'_>>(item.raw) else {
            sink.failed("memory", "is no object", &item.place);
            return Ok(());
        };
        let Some(text) = saved.text() else {
            sink.failed("memory", "has no `content`, `text` or `memory`", &item.place);
            return Ok(());
        };
        let mut draft = Draft::new(NAME, NAME, text);
        draft.id = saved.id.owned();
        draft.created = saved.created_at.0;
        draft.updated = saved.updated_at.0;
        draft.method = Some("extracted");
        draft.raw_json(item.raw);
        draft.place = item.place;
        sink.memory(draft)
    })
}

/// The place of a message.
fn at(item: &Item<'_>, node: &str) -> crate::Place {
    item.place.inside(format!("mapping.{node}"))
}

#[cfg(test)]
mod tests;
