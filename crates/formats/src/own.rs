//! What a memory says and another tool's format has no place for: one object in a free-form place of its items. With
//! it, what went out from here comes back as it was; the other tool keeps it or drops it, and loses nothing of its own.

use std::borrow::Cow;

use omi::Members;
use omp_model::{Memory, MemoryId, MemoryType, Metadata};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::draft::json;
use crate::loose::{List, Word};
use crate::moment::Moment;
use crate::origin::hex;
use crate::write::Outgoing;
use crate::{Draft, Sink};

/// How the object is called.
pub(crate) const KEY: &str = "open_memory";

/// Something that a memory says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Type,
    Tags,
    Namespace,
    Created,
    Updated,
    Observed,
    Expires,
    Tool,
    Session,
    User,
    Metadata,
}

/// The object: the memory's id and the parts that the format has no place for. What a reader takes for granted is left
/// out: that nothing was changed, that it was observed when it was created.
pub(crate) fn beside(outgoing: &Outgoing, parts: &[Part]) -> Box<RawValue> {
    let memory = &outgoing.memory;
    let mut members = Members::new();
    members.push_raw("id", json(&memory.id.to_string()));
    for part in parts {
        if let Some((name, value)) = said(memory, outgoing, *part) {
            members.push_raw(name, value);
        }
    }
    json(&members)
}

fn said(memory: &Memory, outgoing: &Outgoing, part: Part) -> Option<(&'static str, Box<RawValue>)> {
    fn some<T: Serialize>(name: &'static str, value: Option<T>) -> Option<(&'static str, Box<RawValue>)> {
        value.map(|value| (name, json(&value)))
    }
    let source = &memory.source;
    match part {
        Part::Type => some("type", Some(memory.kind.as_str())),
        Part::Tags => some("tags", Some(&outgoing.tags).filter(|tags| !tags.is_empty())),
        Part::Namespace => some("namespace", outgoing.namespace()),
        Part::Created => some("created_at", Some(memory.created_at.to_string())),
        Part::Updated => {
            let changed = Some(memory.updated_at).filter(|at| *at != memory.created_at);
            some("updated_at", changed.map(|at| at.to_string()))
        }
        Part::Observed => {
            let observed = Some(source.timestamp).filter(|at| *at != memory.created_at);
            some("observed_at", observed.map(|at| at.to_string()))
        }
        Part::Expires => some("expires_at", memory.expires_at.map(|at| at.to_string())),
        Part::Tool => some("tool", Some(source.tool.as_str())),
        Part::Session => some("session", source.session_id.as_ref().map(omp_model::SessionRef::as_str)),
        Part::User => some("user", source.user_id.as_ref().map(omp_model::SessionRef::as_str)),
        Part::Metadata => some("metadata", Some(&memory.metadata).filter(|data| !data.is_empty())),
    }
}

/// The object as it is read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Own<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(rename = "type", borrow)]
    kind: Word<'a>,
    #[serde(borrow)]
    tags: Option<List<Word<'a>>>,
    #[serde(borrow)]
    namespace: Word<'a>,
    created_at: Moment,
    updated_at: Moment,
    observed_at: Moment,
    expires_at: Moment,
    #[serde(borrow)]
    tool: Word<'a>,
    #[serde(borrow)]
    session: Word<'a>,
    #[serde(borrow)]
    user: Word<'a>,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
}

impl<'a> Own<'a> {
    /// Reads it; `None` when it was not written here.
    pub(crate) fn parse(raw: &'a str) -> Option<Self> {
        let own: Self = serde_json::from_str(raw).ok()?;
        own.id().is_some().then_some(own)
    }

    /// The memory's id here.
    pub(crate) fn id(&self) -> Option<MemoryId> {
        self.id.get().and_then(MemoryId::parse)
    }

    /// Lays over a draft what it says.
    pub(crate) fn lay(self, draft: &mut Draft) {
        draft.own_id = self.id();
        // The scope would name something of the other tool.
        draft.kind = self.kind.get().and_then(MemoryType::parse).unwrap_or(draft.kind);
        if let Some(tags) = &self.tags {
            draft.tags = tags.0.iter().filter_map(Word::owned).collect();
        }
        let text = |word: &Word<'_>| word.owned();
        draft.namespace = text(&self.namespace).or(draft.namespace.take());
        draft.created = self.created_at.0.or(draft.created);
        draft.updated = self.updated_at.0.or(draft.updated);
        draft.observed = self.observed_at.0.or(draft.observed);
        draft.expires = self.expires_at.0.or(draft.expires);
        if let Some(tool) = self.tool.get() {
            tool.clone_into(&mut draft.platform);
        }
        draft.reference = text(&self.session).or(draft.reference.take());
        draft.account = text(&self.user).or(draft.account.take());
        if let Some(metadata) = self.metadata.and_then(|raw| Metadata::parse(raw.get()).ok()) {
            draft.metadata = metadata;
        }
    }
}

/// A UUID that always belongs to these parts (version 8 of RFC 9562: made as its maker sees fit).
pub(crate) fn uuid(parts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let mut bytes = digest.finalize();
    bytes[6] = bytes[6] & 0x0F | 0x80;
    bytes[8] = bytes[8] & 0x3F | 0x80;
    let hex = hex(&bytes[..16]);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// Whether the text is a UUID.
pub(crate) fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Members of a record that no memory has and few formats carry.
const OTHERS: [&str; 7] =
    ["entities", "relations", "valid_from", "valid_to", "confidence", "lang", "subject"];

/// Tells which of the record's further members are not written, those but `carried`.
pub(crate) fn tell_lost(outgoing: &Outgoing, carried: &[&str], report: &mut dyn Sink) {
    let members = outgoing.record.members();
    for name in OTHERS.iter().filter(|name| !carried.contains(name)) {
        if members.get(name).is_some_and(|value| value.get() != "null") {
            report.lost(name, "has no place in this format", &outgoing.place);
        }
    }
}

/// The original of an item that came from this format, as members to lay changes over.
pub(crate) fn original(outgoing: &Outgoing, format: &str) -> Option<Members> {
    Members::parse(outgoing.from(format)?.raw()?.get()).ok()
}

/// Metadata whose values are all texts, as a format of texts has a place for.
pub(crate) fn texts_only(metadata: &Metadata) -> bool {
    #[derive(Deserialize)]
    struct Texts<'a>(#[serde(borrow)] std::collections::BTreeMap<Cow<'a, str>, Cow<'a, str>>);
    serde_json::from_str::<Texts<'_>>(&metadata.to_json()).is_ok_and(|texts| !texts.0.contains_key(KEY))
}

/// The items of a JSON array, written one by one.
#[derive(Debug)]
pub(crate) struct Array {
    empty: bool,
}

impl Array {
    pub(crate) const fn new() -> Self {
        Self { empty: true }
    }

    /// Writes an item.
    pub(crate) fn item(
        &mut self,
        out: &mut dyn std::io::Write,
        item: &impl Serialize,
    ) -> std::io::Result<()> {
        out.write_all(if self.empty { b"\n" } else { b",\n" })?;
        self.empty = false;
        serde_json::to_writer(out, item).map_err(Into::into)
    }
}
