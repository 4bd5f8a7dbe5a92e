//! One item becomes a memory.

use omp_model::{MemoryType, Metadata};
use serde_json::{Map, Value};

use super::{Known, NAME};
use crate::items::{Item, each_line, why_bad};
use crate::own::{self, Own};
use crate::tools::values::{at, day, text, time, words};
use crate::{Draft, Input, Member, Sink, Stop};

/// Reads the items of one kind.
pub(super) fn read(
    kind: &str,
    known: &Known,
    input: &mut Input,
    member: &Member,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    match kind {
        "episode" | "fact" | "edge" | "core" | "procedure" | "preference" => {
            each_line(input, member, sink, |sink, item| one(kind, known, &item, sink))
        }
        // They are in the memories that name them.
        "entity" | "context" => {
            let what = "is not kept but for its name in what refers to it";
            each_line(input, member, sink, |sink, item| {
                sink.lost(kind, what, &item.place);
                Ok(())
            })
        }
        "secretRef" => {
            sink.passed("secretRef", "was not read: it refers to secrets", &member.place());
            Ok(())
        }
        _ => each_line(input, member, sink, |sink, item| {
            sink.lost(told(kind), "is no memory and is not kept", &item.place);
            Ok(())
        }),
    }
}

/// The kind in a report: a vendor's own may be any word.
fn told(kind: &str) -> &str {
    let known = ["factLink", "episodeLink", "resource", "chunk", "community", "category"];
    if known.contains(&kind) { kind } else { "item of a vendor's own kind" }
}

fn one(kind: &str, known: &Known, item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let value: Value = match serde_json::from_str(item.raw) {
        Ok(value) => value,
        Err(error) => {
            sink.failed(kind, &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    let id = text(&value, "id").or_else(|| text(&value, "key")).unwrap_or_default();
    if known.is_deleted(kind, id) || at(&value, "deletedAt").is_some() || at(&value, "prunedAt").is_some() {
        sink.passed("deleted item", "was deleted there", &item.place);
        return Ok(());
    }
    let Some(content) = content(kind, &value, known) else {
        sink.failed(kind, "says nothing", &item.place);
        return Ok(());
    };
    let mut draft = Draft::new(NAME, text(&value, "metadata.transfer_source").unwrap_or(NAME), content);
    draft.id = (!id.is_empty()).then(|| id.to_owned());
    if matches!(kind, "core" | "preference") {
        // These are named within their kind.
        kind.clone_into(&mut draft.scope);
    }
    draft.tags = words(&value, "categories");
    draft.confidence = at(&value, "confidence").and_then(Value::as_f64);
    draft.created = time(&value, "ingestionTime").or_else(|| time(&value, "createdAt"));
    draft.observed = time(&value, "eventTime").or_else(|| time(&value, "mentionTime"));
    draft.expires = time(&value, "expirationDate");
    draft.valid_from = day(&value, "tValidFrom");
    draft.valid_to = day(&value, "tValidTo");
    draft.updated = time(&value, "updatedAt").or_else(|| time(&value, "tValidTo"));
    draft.reference = text(&value, "sourceID").or_else(|| text(&value, "episodeID")).map(str::to_owned);
    draft.namespace = text(&value, "contextID").map(|id| known.name(id).replace(':', "-"));
    draft.kind = match (kind, text(&value, "sourceType")) {
        ("procedure", _) => MemoryType::Procedural,
        ("core", _) if id == "persona" => MemoryType::Procedural,
        ("episode", Some("message" | "event" | "conversation")) => MemoryType::Episodic,
        _ => MemoryType::Semantic,
    };
    match kind {
        "edge" => {
            let name = |member: &str| known.name(text(&value, member).unwrap_or_default()).to_owned();
            let (from, to) = (name("srcEntityID"), name("dstEntityID"));
            draft.entity(&from, None);
            draft.entity(&to, None);
            draft.relation(text(&value, "edgeType").unwrap_or("related_to"), &to);
        }
        "fact" => {
            if let (Some(predicate), Some(object)) = (text(&value, "predicate"), text(&value, "object")) {
                draft.relation(predicate, object);
            }
        }
        _ => {}
    }
    if let Some(next) = text(&value, "supersededBy") {
        draft.relation("superseded_by", next);
    }
    metadata(&value, &mut draft, item, sink);
    draft.extra("kind", kind);
    draft.raw_json(item.raw);
    draft.place = item.place.clone();
    sink.memory(draft)
}

fn metadata(value: &Value, draft: &mut Draft, item: &Item<'_>, sink: &mut dyn Sink) {
    let mut members: Map<String, Value> =
        at(value, "metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let own = members.remove(own::KEY);
    match Metadata::parse(&Value::from(members).to_string()) {
        Ok(metadata) => draft.metadata = metadata,
        Err(what) => sink.changed("metadata", &format!("{what}; it stays in the original"), &item.place),
    }
    if let Some(own) = own.as_ref().and_then(Value::as_str).and_then(Own::parse) {
        // What is written of these is in whole seconds, and what nobody was sure of as certain.
        (draft.observed, draft.expires) = (None, None);
        draft.confidence = draft.confidence.filter(|sure| *sure < 1.0);
        own.lay(draft);
    }
}

impl Known {
    /// The name of an entity or context; without one its id.
    fn name<'a>(&'a self, id: &'a str) -> &'a str {
        self.names.get(id).map_or(id, String::as_str)
    }
}

/// What an item says.
fn content(kind: &str, value: &Value, known: &Known) -> Option<String> {
    match kind {
        "episode" => text(value, "details").or_else(|| text(value, "summary")).map(str::to_owned),
        "core" => text(value, "content").map(str::to_owned),
        "preference" => Some(format!("{}: {}", text(value, "key")?, text(value, "value")?)),
        "procedure" => {
            let mut said = text(value, "name")?.to_owned();
            if let Some(trigger) = text(value, "triggerPattern") {
                said.push_str(&format!(" (when: {trigger})"));
            }
            for step in words(value, "steps") {
                said.push_str(&format!("\n- {step}"));
            }
            Some(said)
        }
        "edge" => {
            let name = |member: &str| Some(known.name(text(value, member)?));
            let relation = text(value, "edgeType")?.replace('_', " ");
            Some(format!("{} {relation} {}", name("srcEntityID")?, name("dstEntityID")?))
        }
        _ => text(value, "text").map(str::to_owned).or_else(|| {
            let said = |member: &str| text(value, member);
            Some(format!("{} {} {}", said("subject")?, said("predicate")?, said("object")?))
        }),
    }
}
