//! Writes a store.

use std::io;

use omi::Members;
use omp_model::{MemoryType, Timestamp};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;

use super::NAME;
use crate::draft::json as raw_json;
use crate::origin::hex;
use crate::own::{self, Part, beside, tell_lost};
use crate::write::{Outgoing, RecordWriter};
use crate::{Place, Sink};

/// Most bytes of canonical text that are held for the checksum.
const MOST: usize = 64 << 20;

/// Writes memories as they come; what is about all of them stands behind them.
pub(super) struct Writer<W> {
    out: W,
    array: own::Array,
    /// Ids and canonical texts, as long as there is room.
    canonical: Option<Vec<(String, String)>>,
    bytes: usize,
    count: u64,
    relations: Vec<Box<RawValue>>,
    /// The owner of the store that the memories came from.
    owner: Option<String>,
}

impl<W: io::Write> Writer<W> {
    pub(super) fn new(mut out: W, now: Timestamp) -> io::Result<Self> {
        let head = json!({
            "schema": "portable-ai-memory",
            "schema_version": "1.0",
            "spec_uri": "https://portable-ai-memory.org/spec/v1.0",
            "export_id": own::uuid(&["pam", &now.to_string()]),
            "exported_by": concat!("open-memory/", env!("CARGO_PKG_VERSION")),
            "export_date": now.to_string(),
            "export_type": "full",
        });
        let head = head.to_string();
        write!(out, "{},\"memories\":[", &head[..head.len() - 1])?;
        let canonical = Some(Vec::new());
        Ok(Self {
            out,
            array: own::Array::new(),
            canonical,
            bytes: 0,
            count: 0,
            relations: Vec::new(),
            owner: None,
        })
    }

    fn item(&mut self, id: &str, item: &str) -> io::Result<()> {
        self.count += 1;
        if let Some(known) = &mut self.canonical {
            let text = canonical(item)?;
            self.bytes += text.len();
            known.push((id.to_owned(), text));
            if self.bytes > MOST {
                self.canonical = None;
            }
        }
        let raw = RawValue::from_string(item.to_owned())?;
        self.array.item(&mut self.out, &raw)
    }
}

/// RFC 8785.
fn canonical(json: &str) -> io::Result<String> {
    let value: Value = serde_json::from_str(json)?;
    serde_json_canonicalizer::to_string(&value).map_err(Into::into)
}

/// The hash that tells the same text: trimmed, in small letters, NFC, single gaps.
fn content_hash(content: &str) -> String {
    let text: String = content.trim().to_lowercase().nfc().collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("sha256:{}", hex(&Sha256::digest(text.as_bytes())))
}

/// A word in the form that the format asks of tags and platforms.
fn word(text: &str) -> String {
    let word: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' })
        .collect();
    word.trim_matches(['-', '_']).to_owned()
}

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let origin = outgoing.from(NAME);
        if let Some(owner) = origin.map(crate::origin::Origin::scope).filter(|owner| !owner.is_empty()) {
            if self.owner.as_ref().is_some_and(|known| *known != owner) {
                report.changed("owner", "is another one than that of the file", &outgoing.place);
            }
            self.owner.get_or_insert(owner);
        }
        let relations = origin.and_then(|origin| origin.get::<Vec<Box<RawValue>>>("relations"));
        self.relations.extend(relations.unwrap_or_default());
        if let Some(same) = outgoing.same_again(NAME) {
            let id = origin.and_then(crate::origin::Origin::id).unwrap_or_default();
            return self.item(&id, same.get());
        }
        let mut carried = vec!["valid_from", "valid_to", "confidence"];
        if origin.is_some() {
            carried.push("relations");
        }
        tell_lost(outgoing, &carried, report);
        let (id, item) = memory(outgoing);
        self.item(&id, &item)
    }

    fn finish(mut self: Box<Self>, report: &mut dyn Sink) -> io::Result<()> {
        let owner = json!({"id": self.owner.as_deref().unwrap_or("owner")});
        let relations = serde_json::to_string(&self.relations)?;
        write!(self.out, "\n],\"owner\":{owner},\"relations\":{relations}")?;
        if let Some(mut known) = self.canonical.take() {
            known.sort();
            let texts: Vec<&str> = known.iter().map(|(_, text)| text.as_str()).collect();
            let mut sum = Sha256::new();
            sum.update(b"[");
            for (index, text) in texts.iter().enumerate() {
                sum.update(if index > 0 { &b","[..] } else { b"" });
                sum.update(text.as_bytes());
            }
            sum.update(b"]");
            let checksum = format!("sha256:{}", hex(&sum.finalize()));
            let integrity =
                json!({"canonicalization": "RFC8785", "checksum": checksum, "total_memories": self.count});
            write!(self.out, ",\"integrity\":{integrity}")?;
        } else {
            report.lost("integrity", "is not written for a store of this size", &Place::default());
        }
        self.out.write_all(b"}\n")?;
        self.out.flush()
    }
}

/// The id and the JSON of a memory.
fn memory(outgoing: &Outgoing) -> (String, String) {
    let memory = &outgoing.memory;
    let mut item = own::original(outgoing, NAME).unwrap_or_default();
    let mut parts = vec![Part::Type, Part::Namespace, Part::Expires, Part::Session, Part::User];
    let id = item.get_str("id").map_or_else(|| memory.id.to_string(), std::borrow::Cow::into_owned);
    let kind = match outgoing.kind {
        MemoryType::Procedural => "instruction",
        MemoryType::Episodic => "context",
        MemoryType::Semantic => "fact",
    };
    let mut set = |name: &str, value: Value| item.set_raw(name, raw_json(&value));
    set("id", id.as_str().into());
    set("content", outgoing.content.as_str().into());
    set("content_hash", content_hash(&outgoing.content).into());
    let mut tags: Vec<String> =
        outgoing.tags.iter().map(|tag| word(tag)).filter(|tag| !tag.is_empty()).collect();
    tags.sort();
    tags.dedup();
    // As they are written there, or as they are here; both when they differ.
    parts.push(Part::Tags);
    set("tags", tags.into());
    let platform: String = word(&outgoing.platform).chars().take(32).collect();
    if platform != outgoing.platform || platform.len() < 2 {
        parts.push(Part::Tool);
    }
    let session = memory.source.session_id.as_ref().map(omp_model::SessionRef::as_str);
    let observed = Some(memory.source.timestamp).filter(|at| *at != memory.created_at);
    let day = |name: &str| {
        let day = outgoing.record.members().get_str(name)?.into_owned();
        Some(if day.len() == 10 { format!("{day}T00:00:00Z") } else { day })
    };
    let temporal = json!({
        "created_at": moment(memory.created_at),
        "updated_at": moment(memory.updated_at),
        "valid_from": day("valid_from"),
        "valid_until": day("valid_to"),
    });
    let provenance = json!({
        "platform": if platform.len() < 2 { "other" } else { &platform },
        "conversation_ref": session,
        "extracted_at": observed.map(moment),
    });
    for (name, new) in [("temporal", temporal), ("provenance", provenance)] {
        let old = item.get_as::<Value>(name).ok().flatten();
        item.set_raw(name, raw_json(&merged(old, new)));
    }
    // What is there by default is written all the same: some readers sum up what they have understood.
    for (name, usual) in [("type", kind), ("status", "active")] {
        if !item.contains(name) {
            item.set_raw(name, raw_json(usual));
        }
    }
    if let Some(confidence) = outgoing.record.confidence() {
        let old = item.get_as::<Value>("confidence").ok().flatten();
        item.set_raw("confidence", raw_json(&merged(old, json!({"current": confidence}))));
    }
    let mut metadata = Members::parse(&memory.metadata.to_json()).unwrap_or_default();
    // These two have a form of their own there.
    if ["language", "domain", own::KEY].iter().any(|name| metadata.contains(name)) {
        parts.push(Part::Metadata);
        metadata = Members::new();
    }
    metadata.set_raw(own::KEY, beside(outgoing, &parts));
    item.set_raw("metadata", raw_json(&metadata));
    (id, raw_json(&item).get().to_owned())
}

/// The members of an old object with those of a new one laid over; what is null is left out.
fn merged(old: Option<Value>, new: Value) -> Value {
    let mut members = match old {
        Some(Value::Object(old)) => old,
        _ => Map::new(),
    };
    if let Value::Object(new) = new {
        members.extend(new);
    }
    members.retain(|_, value| !value.is_null());
    Value::Object(members)
}

/// A time without a fraction or with six digits of one: so it is the same text once a program has understood it.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match text.strip_suffix(".000Z") {
        Some(whole) => format!("{whole}Z"),
        None => text.replace('Z', "000Z"),
    }
}
