//! Exports of mcp-memory-service.
//!
//! **Recognised** by an object with `export_metadata` and `memories`.
//!
//! **Read.** `content_hash` is the item's name. `memory_type` gives the kind and is kept as a tag when it says more; the
//! tag `untagged` and those that its importer adds (`source:…`) are passed over. Embeddings are, too: they are made anew.
//!
//! **Written** in the same shape, with `content_hash` (SHA-256 of the text) and times as seconds. What has no place there
//! is in `metadata.open_memory`. The type is `observation`, which is what its importer makes of every type that it does
//! not know.
//!
//! **Cannot carry** entities, relations and truth intervals.

use std::io;

use omi::Members;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::draft::{json, slug};
use crate::format::{BeginFile, Write};
use crate::items::{Item, Items, each_item, why_bad};
use crate::kinds::{is_ours, kind_of};
use crate::loose::{Entries, List, Word};
use crate::moment::Moment;
use crate::origin::hex;
use crate::own::{self, Own, Part, beside, tell_lost};
use crate::write::{Outgoing, RecordWriter};
use crate::{Draft, Format, Input, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct McpMemoryService;

const NAME: &str = "mcp-memory-service";

/// The type of what is written.
const TYPE: &str = "observation";

impl Format for McpMemoryService {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "mcp-memory-service export (JSON)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(|outline| {
            outline.has_all(&[".export_metadata", ".memories"])
                || outline.has_all(&[".memories[].content_hash", ".memories[].memory_type"])
        })?;
        Some(Recognised::certain("it has `export_metadata` or its memories have `content_hash`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            if input.is_single() || member.ends_with(".json") {
                each_item(input, member, Items { arrays: &["memories"], itself: false }, sink, item)?;
            }
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |mut out, options| {
            out.write_all(b"{\"memories\":[")?;
            let now = options.now.to_string();
            Ok(Box::new(Writer { out, array: own::Array::new(), count: 0, now }))
        };
        Some(Write::File { extension: "mcp-memory.json", media_type: "application/json", begin: BEGIN })
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wire<'a> {
    #[serde(borrow)]
    content: Word<'a>,
    #[serde(borrow)]
    content_hash: Word<'a>,
    #[serde(borrow)]
    tags: Tags<'a>,
    #[serde(borrow)]
    memory_type: Word<'a>,
    created_at: Moment,
    created_at_iso: Moment,
    updated_at: Moment,
    updated_at_iso: Moment,
    #[serde(borrow)]
    metadata: Entries<'a, &'a RawValue>,
    #[serde(borrow)]
    embedding: Option<&'a RawValue>,
}

/// A list, or in old rows a text with commas.
#[derive(Debug, Default)]
struct Tags<'a>(Vec<std::borrow::Cow<'a, str>>);

impl<'de: 'a, 'a> Deserialize<'de> for Tags<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('[') {
            let list = serde_json::from_str::<List<Word<'a>>>(raw).unwrap_or_default();
            return Ok(Self(list.0.into_iter().filter_map(|word| word.0).collect()));
        }
        let text = serde_json::from_str::<Word<'a>>(raw).unwrap_or_default().owned().unwrap_or_default();
        Ok(Self(text.split(',').map(|tag| tag.trim().to_owned().into()).collect()))
    }
}

fn item(sink: &mut dyn Sink, item: Item<'_>) -> Result<(), Stop> {
    let wire = match serde_json::from_str::<Wire<'_>>(item.raw) {
        Ok(wire) => wire,
        Err(error) => {
            sink.failed("memory", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    let Some(content) = wire.content.get() else {
        sink.failed("memory", "has no `content`", &item.place);
        return Ok(());
    };
    let mut draft = Draft::new(NAME, NAME, content);
    draft.id = wire.content_hash.owned();
    for tag in wire.tags.0.iter().filter(|tag| !tag.is_empty()) {
        if tag != "untagged" && !tag.starts_with("source:") {
            draft.tags.push(tag.clone().into_owned());
        }
    }
    draft.created = wire.created_at.0.or(wire.created_at_iso.0);
    draft.updated = wire.updated_at.0.or(wire.updated_at_iso.0);
    let member =
        |name: &str| wire.metadata.0.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.get());
    let own = member(own::KEY).and_then(Own::parse);
    if let Some(word) = wire.memory_type.get().filter(|_| own.is_none()) {
        draft.kind = kind_of(word);
        if !is_ours(word) {
            draft.tags.push(slug(word).into_owned());
        }
    }
    if wire.embedding.is_some_and(|embedding| embedding.get() != "null") {
        sink.passed("embedding", "is not kept; it is made anew", &item.place);
    }
    let mut rest = Members::new();
    for (name, value) in wire.metadata.0.iter().filter(|(name, _)| name != own::KEY) {
        rest.push_raw(name, (*value).to_owned());
    }
    match omp_model::Metadata::parse(json(&rest).get()) {
        Ok(metadata) => draft.metadata = metadata,
        Err(what) => sink.changed("metadata", &format!("{what}; it stays in the original"), &item.place),
    }
    if let Some(own) = own {
        own.lay(&mut draft);
    }
    draft.raw_json(item.raw);
    draft.place = item.place;
    sink.memory(draft)
}

struct Writer<W> {
    out: W,
    array: own::Array,
    count: u64,
    now: String,
}

/// What an item has no place for.
const BESIDE: [Part; 8] = [
    Part::Type,
    Part::Tags,
    Part::Namespace,
    Part::Observed,
    Part::Expires,
    Part::Tool,
    Part::Session,
    Part::User,
];

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        self.count += 1;
        if let Some(same) = outgoing.same_again(NAME) {
            return self.array.item(&mut self.out, &same);
        }
        tell_lost(outgoing, &[], report);
        let mut item = own::original(outgoing, NAME).unwrap_or_default();
        item.set_raw("content", json(&outgoing.content));
        // The name of an item stays its name, although its text is another one.
        if !item.contains("content_hash") {
            item.set_raw("content_hash", json(&hex(&Sha256::digest(outgoing.content.as_bytes()))));
        }
        item.set_raw("tags", json(&outgoing.tags));
        item.set_raw("created_at", json(&seconds(outgoing.created)));
        item.set_raw("updated_at", json(&seconds(outgoing.updated)));
        if !item.contains("memory_type") {
            item.set_raw("memory_type", json(TYPE));
        }
        let mut metadata = Members::parse(&outgoing.memory.metadata.to_json()).unwrap_or_default();
        metadata.set_raw(own::KEY, beside(outgoing, &BESIDE));
        item.set_raw("metadata", json(&metadata));
        self.array.item(&mut self.out, &item)
    }

    fn finish(mut self: Box<Self>, _: &mut dyn Sink) -> io::Result<()> {
        let head = serde_json::json!({
            "source_machine": "open-memory",
            "export_timestamp": self.now.trim_end_matches('Z'),
            "total_memories": self.count,
            "include_embeddings": false,
            "filter_tags": null,
            "exporter_version": concat!("open-memory-", env!("CARGO_PKG_VERSION")),
        });
        writeln!(self.out, "\n],\"export_metadata\":{head}}}")?;
        self.out.flush()
    }
}

fn seconds(at: omp_model::Timestamp) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age are whole in a double")]
    let seconds = at.as_millis() as f64 / 1e3;
    seconds
}

#[cfg(test)]
mod tests {
    use omp_model::MemoryType;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use crate::Fate;
    use crate::testing::{collect, decided, file};
    use crate::trial;

    fn export() -> String {
        json!({
            "export_metadata": {"source_machine": "box", "total_memories": 3},
            "memories": [
                {"content": "Rows on Sundays.", "content_hash": "h1", "tags": ["Sport", "source:box", "untagged"],
                 "created_at": 1_777_630_830.5, "updated_at": 1_777_630_900.0, "memory_type": "note", "metadata": {"project": "boat", "n": 1.50}},
                {"content": "Restart twice.", "content_hash": "h2", "tags": "ops, hot", "created_at": "2026-05-01T10:20:30Z",
                 "memory_type": "procedure", "metadata": {}, "embedding": [0.1, 0.2]},
                {"content": "", "content_hash": "h3"},
            ],
        })
        .to_string()
    }

    #[test]
    fn an_export_is_read() {
        assert_eq!(decided(&mut file("e.json", export().as_bytes())), Some("mcp-memory-service"));
        let found = collect("mcp-memory-service", "e.json", export().as_bytes());
        assert_eq!(found.texts(), ["Rows on Sundays.", "Restart twice."]);
        let memories = found.memories();
        let tags =
            |n: usize| memories[n].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>().join(" ");
        assert_eq!((tags(0), tags(1)), ("sport note".to_owned(), "ops hot procedure".to_owned()));
        assert_eq!((memories[0].kind, memories[1].kind), (MemoryType::Semantic, MemoryType::Procedural));
        assert_eq!(memories[0].created_at.to_string(), "2026-05-01T10:20:30.500Z");
        assert_eq!(memories[0].metadata.to_json(), r#"{"project":"boat","n":1.5}"#);
        assert_eq!((found.count(Fate::Failed, "memory"), found.count(Fate::Passed, "embedding")), (1, 1));
    }

    #[test]
    fn items_go_out_as_they_came() {
        let whole = export().replace(",{\"content\":\"\",\"content_hash\":\"h3\"}", "");
        assert_ne!(whole, export());
        trial::same_again("mcp-memory-service", "", &whole, |text| {
            serde_json::from_str::<Value>(text).unwrap()["memories"].as_array().unwrap().clone()
        });
    }

    proptest! {
        #[test]
        fn what_is_written_comes_back(memories in trial::memories()) {
            trial::come_back("mcp-memory-service", &memories)?;
        }
    }
}
