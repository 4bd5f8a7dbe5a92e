//! Writes memories as items.

use std::io;

use md5::{Digest, Md5};
use omi::Members;
use omp_model::{MemoryType, Metadata, Timestamp};
use serde_json::value::RawValue;

use super::wire::{Ours, TEXTS, Wire};
use super::{NAME, read};
use crate::draft::json;
use crate::tools::losses::{Field, tell};
use crate::write::{Outgoing, RecordWriter};
use crate::{Sink, moment};

/// A day in milliseconds.
pub(super) const DAY: i64 = 86_400_000;

/// Writes items as they come.
pub(super) struct Writer<W> {
    out: W,
    begun: bool,
}

impl<W: io::Write> Writer<W> {
    pub(super) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"{\"results\":[")?;
        Ok(Self { out, begun: false })
    }
}

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        self.out.write_all(if self.begun { b",\n" } else { b"\n" })?;
        self.begun = true;
        // What came from the plugin's Markdown is no item.
        let original =
            outgoing.from(NAME).and_then(|origin| Some((origin, Members::parse(origin.raw()?.get()).ok()?)));
        match original {
            Some((origin, _)) if outgoing.untouched => {
                self.out.write_all(origin.raw().map(RawValue::get).unwrap_or_default().as_bytes())
            }
            Some((_, item)) => Ok(serde_json::to_writer(&mut self.out, &laid_over(item, outgoing))?),
            None => {
                tell(outgoing, MISSING, report);
                Ok(serde_json::to_writer(&mut self.out, &made(outgoing))?)
            }
        }
    }

    fn finish(mut self: Box<Self>, _: &mut dyn Sink) -> io::Result<()> {
        self.out.write_all(b"\n]}\n")?;
        self.out.flush()
    }
}

const MISSING: &[Field] = &[
    Field::Confidence,
    Field::Entities,
    Field::Language,
    Field::Original,
    Field::Relations,
    Field::Validity,
];

/// The item of a memory that did not come from mem0.
fn made(outgoing: &Outgoing) -> Members {
    let (memory, mut item) = (&outgoing.memory, Members::new());
    let mut metadata = members_of(&memory.metadata);
    metadata.push_raw(Ours::ID, json(&memory.id));
    set_kind(&mut metadata, outgoing.kind, MemoryType::Semantic);
    if let Some(namespace) = outgoing.namespace() {
        metadata.push_raw(Ours::NAMESPACE, json(namespace));
    }
    if let Some(at) = outgoing.profile.as_ref().and_then(|profile| profile.observed_at) {
        metadata.push_raw(Ours::OBSERVED, json(&at.to_string()));
    }
    let mut set = |name: &str, value: Box<RawValue>| item.push_raw(name, value);
    set("id", json(&memory.id));
    set("memory", json(&outgoing.content));
    set("hash", json(&hash(&outgoing.content)));
    if outgoing.is_dated() {
        set("created_at", json(&outgoing.created.to_string()));
    }
    if outgoing.is_dated() || outgoing.updated != outgoing.created {
        set("updated_at", json(&outgoing.updated.to_string()));
    }
    if let Some(user) = &memory.source.user_id {
        set("user_id", json(user.as_str()));
    }
    if outgoing.platform != NAME {
        set("agent_id", json(&outgoing.platform));
    }
    if let Some(run) = &outgoing.reference {
        set("run_id", json(run));
    }
    if !outgoing.tags.is_empty() {
        set("categories", json(&outgoing.tags));
    }
    if let Some(at) = memory.expires_at {
        set("expiration_date", json(&moment::day(at)));
    }
    set_expires(&mut metadata, memory.expires_at);
    item.push_raw("metadata", json(&metadata));
    item
}

/// An item with what was changed here laid over it.
fn laid_over(mut item: Members, outgoing: &Outgoing) -> Members {
    let raw = serde_json::to_string(&item).unwrap_or_default();
    let wire: Wire<'_> = serde_json::from_str(&raw).unwrap_or_default();
    let before = read::draft(&wire);
    let mut metadata = wire.metadata();
    if before.content != outgoing.content {
        let name = TEXTS.into_iter().find(|name| item.get_str(name).is_some_and(|text| !text.is_empty()));
        item.set_raw(name.unwrap_or("memory"), json(&outgoing.content));
        if item.contains("hash") {
            item.set_raw("hash", json(&hash(&outgoing.content)));
        }
    }
    if before.tags != outgoing.tags {
        item.set_raw("categories", json(&outgoing.tags));
        metadata.remove("category");
    }
    set_kind(&mut metadata, outgoing.kind, before.kind);
    let namespace = before.namespace.as_deref().and_then(crate::draft::namespace);
    if namespace.as_ref() != outgoing.memory.namespace.as_ref() {
        match outgoing.namespace() {
            Some(namespace) => metadata.set_raw(Ours::NAMESPACE, json(namespace)),
            None => drop(metadata.remove(Ours::NAMESPACE)),
        }
    }
    if before.expires != outgoing.memory.expires_at {
        match outgoing.memory.expires_at {
            Some(at) => item.set_raw("expiration_date", json(&moment::day(at))),
            None => drop(item.remove("expiration_date")),
        }
        set_expires(&mut metadata, outgoing.memory.expires_at);
    }
    if before.metadata != outgoing.memory.metadata {
        // Members beyond the ten that a memory holds stay.
        for (name, _) in members_of(&before.metadata).iter() {
            metadata.remove(name);
        }
        for (name, value) in members_of(&outgoing.memory.metadata).iter() {
            metadata.set_raw(name, value.to_owned());
        }
    }
    if !metadata.is_empty() || item.contains("metadata") {
        item.set_raw("metadata", json(&metadata));
    }
    item.set_raw("updated_at", json(&outgoing.updated.to_string()));
    item
}

/// Names the kind when the item's own members say another one.
fn set_kind(metadata: &mut Members, kind: MemoryType, said: MemoryType) {
    if kind != said {
        metadata.set_raw(Ours::KIND, json(kind.as_str()));
    }
}

/// An `expiration_date` is a day; the moment stands beside it when it is not the day's end.
fn set_expires(metadata: &mut Members, at: Option<Timestamp>) {
    metadata.remove(Ours::EXPIRES);
    if let Some(at) = at.filter(|at| (at.as_millis() + 1).rem_euclid(DAY) != 0) {
        metadata.push_raw(Ours::EXPIRES, json(&at.to_string()));
    }
}

fn members_of(metadata: &Metadata) -> Members {
    Members::parse(&metadata.to_json()).unwrap_or_default()
}

/// As mem0 makes it.
fn hash(text: &str) -> String {
    crate::origin::hex(&Md5::digest(text.as_bytes()))
}
