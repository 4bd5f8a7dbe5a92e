//! Items of `LangGraph`'s store, and what `LangMem` keeps there.
//!
//! **Recognised** by items with `namespace` (an array), `key` and `value`, or with the columns of its SQL table:
//! `prefix`, `key`, `value`.
//!
//! **Read.** There is no file format: people dump a list, an object with `items`, lines, or the table. The text is in
//! `value`, wherever it is there: `content.content` (`LangMem`), `content`, `text`, `memory`, `page_content`, `data`; else
//! the only text member with its name; else the value as JSON, which the report tells. A triple reads as a sentence. The
//! namespace's levels are joined with `:`; a key is itself only within its namespace. `LangMem` dumps without `value` are
//! read with `--from langgraph`.
//!
//! **Written** as a list of items: the text in `value.content`, `type`, `tags` and `metadata` beside it, and what the
//! store has no place for in `value.open_memory`. A memory without a namespace goes to `Open Memory`, because the store
//! takes no empty one.
//!
//! **Cannot carry** entities, relations and truth intervals; a TTL, which only the table has.

use std::io;

use omi::Members;
use omp_model::MemoryType;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::draft::{json as raw_json, slug};
use crate::format::{BeginFile, Write};
use crate::items::{Item, Items, each_item, each_line, why_bad};
use crate::kinds::{is_ours, kind_of};
use crate::loose::{List, Word};
use crate::moment::Moment;
use crate::own::{self, Own, Part, beside, tell_lost};
use crate::write::{Outgoing, RecordWriter};
use crate::{Draft, Format, Input, Outline, Probe, ReadOptions, Recognised, Root, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct LangGraph;

const NAME: &str = "langgraph";

/// Where memories without a namespace go; no namespace here can be called so.
const NOWHERE: &str = "Open Memory";

const ARRAYS: [&str; 4] = ["items", "memories", "results", "data"];

impl Format for LangGraph {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "LangGraph store items and LangMem memories (a list, an object with items, or lines)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let homes =
            || ["[]", ""].map(str::to_owned).into_iter().chain(ARRAYS.map(|name| format!(".{name}[]")));
        let items = |outline: &Outline, names: [&str; 3]| {
            homes().any(|home| names.iter().all(|name| outline.has(&format!("{home}{name}"))))
        };
        if probe.json(|outline| items(outline, [".namespace[]", ".key", ".value"])).is_some() {
            return Some(Recognised::certain("its items have `namespace` (an array), `key` and `value`"));
        }
        probe.json(|outline| items(outline, [".prefix", ".key", ".value"]))?;
        Some(Recognised::certain("its items have `prefix`, `key` and `value`, as the store's table has"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            let outline = Outline::of(&input.head(member, crate::probe::HEAD)?);
            match outline.root {
                Root::Object if outline.lines => each_line(input, member, sink, item)?,
                Root::Object | Root::Array => {
                    each_item(input, member, Items { arrays: &ARRAYS, itself: true }, sink, item)?;
                }
                _ => sink.passed("file", "is no JSON", &member.place()),
            }
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |mut out, _| {
            out.write_all(b"[")?;
            Ok(Box::new(Writer { out, array: own::Array::new() }))
        };
        Some(Write::File { extension: "langgraph.json", media_type: "application/json", begin: BEGIN })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    namespace: List<Word<'a>>,
    #[serde(borrow)]
    prefix: Word<'a>,
    #[serde(borrow)]
    key: Word<'a>,
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    user_id: Word<'a>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
    created_at: Moment,
    #[serde(rename = "createdAt")]
    created_too: Moment,
    updated_at: Moment,
    #[serde(rename = "updatedAt")]
    updated_too: Moment,
    expires_at: Moment,
}

fn item(sink: &mut dyn Sink, item: Item<'_>) -> Result<(), Stop> {
    let wire = match serde_json::from_str::<Wire<'_>>(item.raw) {
        Ok(wire) => wire,
        Err(error) => {
            sink.failed("item", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    // A dump of LangMem has the value's members on the item itself.
    let value: Value = serde_json::from_str(wire.value.map_or(item.raw, RawValue::get)).unwrap_or_default();
    let value = match value {
        // The table has it as text.
        Value::String(text) => {
            serde_json::from_str(&text).ok().filter(Value::is_object).unwrap_or(text.into())
        }
        value => value,
    };
    // Of an item without a value only a text counts: its members are names and times.
    let Some(said) = said(&value).filter(|said| wire.value.is_some() || !said.rendered) else {
        sink.failed("item", "has a `value` that says nothing", &item.place);
        return Ok(());
    };
    if said.rendered {
        sink.changed("value", "has no text of its own and reads as a rendering of its members", &item.place);
    }
    let mut draft = Draft::new(NAME, NAME, said.text);
    let levels: Vec<String> = if wire.namespace.0.is_empty() {
        wire.prefix.get().map(|prefix| prefix.split('.').map(str::to_owned).collect()).unwrap_or_default()
    } else {
        wire.namespace.0.iter().filter_map(Word::owned).collect()
    };
    draft.scope = levels.join(".");
    draft.id = wire.key.owned().or_else(|| wire.id.owned());
    if levels != [NOWHERE] && !levels.is_empty() {
        let levels: Vec<String> = levels.iter().map(|level| level.replace(':', "-")).collect();
        draft.namespace = Some(levels.join(":"));
    }
    draft.account = wire.user_id.owned();
    draft.created = wire.created_at.0.or(wire.created_too.0);
    draft.updated = wire.updated_at.0.or(wire.updated_too.0);
    draft.expires = wire.expires_at.0;
    members(&value, &mut draft);
    draft.raw_json(item.raw);
    draft.place = item.place;
    sink.memory(draft)
}

/// What a value says beside its text.
fn members(value: &Value, draft: &mut Draft) {
    let words = |name: &str| {
        let list = value.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
    };
    draft.tags = words("tags");
    draft.tags.extend(words("categories"));
    let own = value.get(own::KEY).map(Value::to_string);
    let own = own.as_deref().and_then(Own::parse);
    for word in ["type", "kind"].iter().filter_map(|name| value.get(*name)?.as_str()) {
        if draft.kind == MemoryType::Semantic {
            draft.kind = kind_of(word);
        }
        // `Memory` is what LangMem calls every memory without a schema.
        if own.is_none() && !is_ours(word) && word != "Memory" {
            draft.tags.push(slug(word).into_owned());
        }
    }
    if let Some(triple) = triple(value) {
        draft.entity(triple.subject, None);
        draft.entity(triple.object, None);
        draft.relation(triple.predicate, triple.object);
    }
    if let Some(own) = own {
        let metadata = value.get("metadata").map(Value::to_string);
        draft.metadata = metadata.and_then(|text| omp_model::Metadata::parse(&text).ok()).unwrap_or_default();
        own.lay(draft);
    }
}

/// The text of a value, and whether it was made from more than one member.
struct Said {
    text: String,
    rendered: bool,
}

fn said(value: &Value) -> Option<Said> {
    let plain = |text: &str| Some(Said { text: text.to_owned(), rendered: false });
    let filled = |value: &'_ Value| value.as_str().filter(|text| !text.trim().is_empty()).map(str::to_owned);
    if let Some(text) = filled(value) {
        return plain(&text);
    }
    let members = value.as_object()?;
    let inner = members.get("content").and_then(|content| content.get("content")).and_then(filled);
    let outer = || {
        ["content", "text", "memory", "page_content", "data"]
            .iter()
            .find_map(|name| filled(members.get(*name)?))
    };
    if let Some(text) = inner.or_else(outer) {
        return plain(&text);
    }
    if let Some(triple) = triple(value) {
        let context = triple.context.map(|context| format!(" ({context})")).unwrap_or_default();
        let text = format!("{} {} {}{context}", triple.subject, triple.predicate, triple.object);
        return Some(Said { text, rendered: true });
    }
    let mut texts = members.iter().filter(|(name, _)| !NO_TEXT.contains(&name.as_str()));
    let mut texts = texts.by_ref().filter_map(|(name, value)| Some((name, filled(value)?)));
    if let (Some((name, text)), None) = (texts.next(), texts.next()) {
        return plain(&format!("{name}: {text}"));
    }
    let inner = members.get("content").filter(|content| content.is_object());
    let shown = inner.unwrap_or(value);
    (!members.is_empty()).then(|| Said { text: shown.to_string(), rendered: true })
}

/// Members that say something about a value and are none of its texts.
const NO_TEXT: [&str; 12] = [
    "kind",
    "type",
    "id",
    "key",
    "namespace",
    "prefix",
    "user_id",
    "created_at",
    "updated_at",
    "createdAt",
    "updatedAt",
    "expires_at",
];

struct Triple<'a> {
    subject: &'a str,
    predicate: &'a str,
    object: &'a str,
    context: Option<&'a str>,
}

fn triple(value: &Value) -> Option<Triple<'_>> {
    let home = value.get("content").filter(|content| content.is_object()).unwrap_or(value);
    let text = |name: &str| home.get(name)?.as_str().filter(|text| !text.is_empty());
    Some(Triple {
        subject: text("subject")?,
        predicate: text("predicate")?,
        object: text("object")?,
        context: text("context"),
    })
}

struct Writer<W> {
    out: W,
    array: own::Array,
}

/// What an item has no place for.
const BESIDE: [Part; 5] = [Part::Observed, Part::Expires, Part::Tool, Part::Session, Part::User];

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        if let Some(same) = outgoing.same_again(NAME) {
            return self.array.item(&mut self.out, &same);
        }
        tell_lost(outgoing, &[], report);
        let original = own::original(outgoing, NAME);
        let home = original.as_ref().filter(|item| item.contains("namespace") && item.contains("key"));
        let old = home.and_then(|item| item.get_as::<Map<String, Value>>("value").ok().flatten());
        let mut value = old.unwrap_or_default();
        value.retain(|name, _| {
            !["kind", "categories", "text", "memory", "page_content", "data"].contains(&&**name)
        });
        value.insert("content".into(), outgoing.content.as_str().into());
        value.insert("type".into(), outgoing.kind.as_str().into());
        value.insert("tags".into(), json!(outgoing.tags));
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        value.insert("metadata".into(), parsed(&outgoing.memory.metadata.to_json()));
        let levels: Vec<&str> = outgoing.namespace().map_or(vec![NOWHERE], |name| name.split(':').collect());
        let empty_level = levels.iter().any(|level| level.is_empty());
        let levels = if empty_level { vec![NOWHERE] } else { levels };
        let mut parts = BESIDE.to_vec();
        // A label may not be empty, and an item that came from there stays in its place.
        if empty_level || home.is_some() {
            parts.push(Part::Namespace);
        }
        value.insert(own::KEY.into(), parsed(beside(outgoing, &parts).get()));
        let mut item = Members::new();
        let kept = |name: &str| home.and_then(|item| item.get(name)).map(ToOwned::to_owned);
        item.push_raw("namespace", kept("namespace").unwrap_or_else(|| raw_json(&levels)));
        let id = outgoing.memory.id.to_string();
        item.push_raw("key", kept("key").unwrap_or_else(|| raw_json(&id)));
        item.push_raw("value", raw_json(&value));
        item.push_raw("created_at", raw_json(&outgoing.created.to_string()));
        item.push_raw("updated_at", raw_json(&outgoing.updated.to_string()));
        self.array.item(&mut self.out, &item)
    }

    fn finish(mut self: Box<Self>, _: &mut dyn Sink) -> io::Result<()> {
        self.out.write_all(b"\n]\n")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
