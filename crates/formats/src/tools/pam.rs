//! Portable AI Memory 1.0.
//!
//! **Recognised** by `schema`: `portable-ai-memory`, `portable-ai-memory-conversation`.
//!
//! **Read.** A store (one JSON file), or a folder or ZIP with its conversations, each a file. The type becomes a kind and
//! a tag. What is superseded, deprecated or retracted is a fact that has ended: it has an end of validity, if not its own
//! then that of its last change. Relations stay with the memory that they leave.
//!
//! **Written** as a store with the hashes that the format asks for. What it has no place for is in
//! `metadata.open_memory`. The checksum is over all memories in the order of their ids and so needs all of them at once;
//! a store of more than 64 MiB is written without it, which the format allows.
//!
//! **Cannot carry** entities, relations to what is no memory, embeddings; a signature is gone, because the file is
//! another one.

mod conversation;
mod write;

use std::collections::HashMap;

use omp_model::Metadata;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::format::{BeginFile, Write};
use crate::items::{Item, Items, each_item, each_member, whole, why_bad};
use crate::kinds::{is_ours, kind_of};
use crate::moment;
use crate::own::{self, Own};
use crate::tools::silent::Silent;
use crate::tools::values::{at, day, objects, text, time, words};
use crate::{Draft, Format, Input, Member, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct Pam;

const NAME: &str = "pam";

/// What a file of the format is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schema {
    Store,
    Conversation,
    Other,
}

fn schema(outline: &Outline) -> Option<Schema> {
    match outline.text(".schema")? {
        "portable-ai-memory" => Some(Schema::Store),
        "portable-ai-memory-conversation" => Some(Schema::Conversation),
        other => other.starts_with("portable-ai-memory-").then_some(Schema::Other),
    }
}

impl Format for Pam {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Portable AI Memory 1.0 (a store, or a folder or ZIP with its conversations)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(|outline| schema(outline).is_some())?;
        Some(Recognised::certain("its `schema` is `portable-ai-memory`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let members = input.members();
        let mut found = false;
        for member in members.iter() {
            let json = input.is_single() || member.ends_with(".json");
            let head = if json { input.head(member, crate::probe::HEAD)? } else { Vec::new() };
            match schema(&Outline::of(&head)) {
                Some(Schema::Store) => store(input, member, sink)?,
                Some(Schema::Conversation) => {
                    let text = whole(input, member, sink)?;
                    conversation::read(&text, member, sink)?;
                }
                Some(Schema::Other) => {
                    sink.passed("embeddings", "are not kept; they are made anew", &member.place());
                }
                None if input.is_single() => {
                    // Named by the user: a store that does not say so.
                    store(input, member, sink)?;
                }
                None => {
                    sink.passed("file", "is none of this format", &member.place());
                    continue;
                }
            }
            found = true;
        }
        let nothing = "there is no file of this format in it";
        if found { Ok(()) } else { Err(Stop::broken(&crate::Place::default(), nothing)) }
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |out, options| Ok(Box::new(write::Writer::new(out, options.now)?));
        Some(Write::File { extension: "pam.json", media_type: "application/json", begin: BEGIN })
    }
}

/// Relations by the memory that they leave.
type Relations = HashMap<String, Vec<Box<RawValue>>>;

fn store(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut account = None;
    each_member(input, member, &["memories", "relations", "conversations_index"], |name, raw| {
        if name == "owner" {
            let owner: Value = serde_json::from_str(raw).unwrap_or_default();
            account = text(&owner, "id").map(str::to_owned);
        }
    })?;
    let (mut relations, mut talks) = (Relations::new(), 0_u64);
    let beside = Items { arrays: &["relations", "conversations_index"], itself: false };
    // What is wrong with the memories is told when they are read.
    each_item(input, member, beside, &mut Silent, |_, item| {
        if item.array == "conversations_index" {
            talks += 1;
            return Ok(());
        }
        let relation: Value = serde_json::from_str(item.raw).unwrap_or_default();
        if let (Some(from), Ok(raw)) = (text(&relation, "from"), RawValue::from_string(item.raw.to_owned())) {
            relations.entry(from.to_owned()).or_default().push(raw);
        }
        Ok(())
    })?;
    if talks > 0 && input.is_single() {
        let what = format!("names {talks} conversations that are files of their own");
        sink.passed("conversations_index", &what, &member.place());
    }
    let memories = Items { arrays: &["memories"], itself: false };
    each_item(input, member, memories, sink, |sink, item| {
        memory(&item, account.as_deref(), &mut relations, sink)
    })
}

fn memory(
    item: &Item<'_>,
    account: Option<&str>,
    relations: &mut Relations,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let value: Value = match serde_json::from_str(item.raw) {
        Ok(value) => value,
        Err(error) => {
            sink.failed("memory", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    let Some(content) = text(&value, "content") else {
        sink.failed("memory", "has no `content`", &item.place);
        return Ok(());
    };
    let mut draft = Draft::new(NAME, text(&value, "provenance.platform").unwrap_or(NAME), content);
    draft.id = text(&value, "id").map(str::to_owned);
    account.unwrap_or_default().clone_into(&mut draft.scope);
    draft.account = account.map(str::to_owned);
    draft.tags = words(&value, "tags");
    draft.reference = text(&value, "provenance.conversation_ref").map(str::to_owned);
    draft.method = match text(&value, "provenance.extraction_method") {
        Some("llm_inference") => Some("inferred"),
        Some("explicit_user_input" | "manual") => Some("stated"),
        Some("api_export" | "browser_extraction") => Some("extracted"),
        _ => None,
    };
    draft.created = time(&value, "temporal.created_at");
    draft.updated = time(&value, "temporal.updated_at");
    draft.observed = time(&value, "provenance.extracted_at");
    draft.valid_from = day(&value, "temporal.valid_from");
    draft.valid_to = day(&value, "temporal.valid_until");
    draft.confidence = at(&value, "confidence.current").and_then(Value::as_f64);
    let own = at(&value, &format!("metadata.{}", own::KEY)).map(Value::to_string);
    let own = own.as_deref().and_then(Own::parse);
    let word = text(&value, "custom_type").or_else(|| text(&value, "type")).unwrap_or_default();
    draft.kind = kind_of(word);
    if own.is_none() && !is_ours(word) {
        draft.tags.push(word.to_owned());
    }
    ended(&value, &mut draft, item, sink);
    if let Some(Value::Object(mut members)) = at(&value, "metadata").cloned() {
        members.remove(own::KEY);
        members.retain(|_, value| !value.is_null());
        match Metadata::parse(&Value::from(members).to_string()) {
            Ok(metadata) => draft.metadata = metadata,
            Err(what) => {
                sink.changed("metadata", &format!("{what}; it stays in the original"), &item.place);
            }
        }
    }
    let leaving = draft.id.as_deref().and_then(|id| relations.remove(id)).unwrap_or_default();
    for relation in &leaving {
        let relation: Value = serde_json::from_str(relation.get()).unwrap_or_default();
        if let (Some(kind), Some(to)) = (text(&relation, "type"), text(&relation, "to")) {
            draft.relation(kind, to);
        }
    }
    if !leaving.is_empty() {
        draft.extra("relations", &leaving);
    }
    if let Some(own) = own {
        draft.account = None;
        own.lay(&mut draft);
    }
    draft.raw_json(item.raw);
    draft.place = item.place.clone();
    sink.memory(draft)
}

/// What is not active has ended, but for what is only put away.
fn ended(value: &Value, draft: &mut Draft, item: &Item<'_>, sink: &mut dyn Sink) {
    match text(value, "status") {
        None | Some("active") => {}
        Some("archived") => draft.tags.push("archived".into()),
        Some(status) => {
            draft.tags.push(status.to_owned());
            if draft.valid_to.is_none() {
                let at = draft.updated.or(draft.created);
                // A fact without any date has ended before all that can be asked for.
                draft.valid_to = Some(at.map_or_else(|| "1970-01-01".to_owned(), moment::day));
                let what = "is not active any more and says not since when; its last change counts";
                sink.changed("valid_until", what, &item.place);
            }
        }
    }
    if let Some(next) = text(value, "temporal.superseded_by") {
        draft.relation("superseded_by", next);
    }
    if objects(value, "access.shared_with").next().is_some() {
        sink.lost("access", "grants are not kept; a memory here is its owner's", &item.place);
    }
}

#[cfg(test)]
mod tests;
