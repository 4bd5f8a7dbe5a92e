//! An item becomes a memory.

use omi::{Members, Subject};
use omp_model::{MemoryType, Metadata, Timestamp};

use super::NAME;
use super::wire::{Ours, Wire};
use crate::items::{Item, why_bad};
use crate::loose::Object;
use crate::{Draft, Sink, Stop, moment};

/// Gives an item to the sink.
pub(super) fn item(item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    if item.array == "relations" {
        sink.lost("relation of the graph store", "belongs to no memory and is not kept", &item.place);
        return Ok(());
    }
    let wire = match serde_json::from_str::<Object<Wire<'_>>>(item.raw) {
        Ok(Object(Some(wire))) => wire,
        Ok(Object(None)) => {
            sink.failed("memory", "is no object", &item.place);
            return Ok(());
        }
        Err(error) => {
            sink.failed("memory", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    if wire.text().is_none() {
        sink.failed("memory", "has none of `memory`, `text`, `data` and `content`", &item.place);
        return Ok(());
    }
    if wire.replaced_by.is_some() {
        sink.passed("superseded memory", "was replaced by a newer one there", &item.place);
        return Ok(());
    }
    if wire.deleted.0 || wire.lifecycle_state.get() == Some("deleted") {
        sink.passed("deleted memory", "was deleted there", &item.place);
        return Ok(());
    }
    let mut draft = draft(&wire);
    let mut metadata = wire.metadata();
    Ours::take(&mut metadata);
    if metadata.len() > Metadata::MAX_KEYS {
        sink.changed("metadata", "has more than ten members; the rest stays in the original", &item.place);
    }
    draft.raw_json(item.raw);
    draft.place = item.place.clone();
    sink.memory(draft)
}

/// What an item says.
pub(super) fn draft(wire: &Wire<'_>) -> Draft {
    let mut metadata = wire.metadata();
    let ours = Ours::take(&mut metadata);
    let tool = wire.agent_id.get().or(wire.app_id.get()).unwrap_or(NAME);
    let mut draft = Draft::new(NAME, tool, wire.text().unwrap_or_default());
    draft.id = wire.id.owned();
    if draft.id.is_none() {
        // The same text may be true of two.
        let whose = [("user", &wire.user_id), ("agent", &wire.agent_id)];
        let whose = whose.iter().find_map(|(kind, name)| Some(format!("{kind}:{}", name.get()?)));
        draft.scope = whose.unwrap_or_default();
    }
    draft.own_id = ours.id;
    draft.tags = wire.categories.0.iter().filter_map(crate::loose::Word::owned).collect();
    let mut named = None;
    // In what was written here, these are the user's own members and say nothing else.
    if ours.id.is_none() {
        let category = metadata.get_str("category").map(std::borrow::Cow::into_owned);
        draft.tags.extend(category.filter(|category| !category.is_empty() && !draft.tags.contains(category)));
        named = ["type", "kind"].iter().find_map(|name| kind(&metadata.get_str(name)?));
    }
    draft.kind =
        ours.kind.or(named).or_else(|| wire.memory_type.get().and_then(kind)).unwrap_or(MemoryType::Semantic);
    draft.namespace = match ours.namespace {
        Some(namespace) => Some(namespace.as_str().to_owned()),
        None => wire.app_id.get().map(|app| format!("{NAME}:{app}")),
    };
    draft.reference = wire.run_id.owned().or_else(|| wire.session_id.owned());
    draft.account = wire.user_id.owned();
    if draft.account.is_none() && ours.id.is_none() {
        draft.subject = wire.agent_id.get().map(|agent| Subject::new(agent).with_kind("agent"));
    }
    draft.method = Some("extracted").filter(|_| ours.id.is_none());
    (draft.created, draft.updated) = (wire.created_at.0, wire.updated_at.0);
    draft.observed = ours.observed_at;
    draft.expires = ours.expires_at.or_else(|| wire.expiration_date.get().and_then(end));
    draft.metadata = first_ten(&metadata);
    draft
}

/// The kind that a word names.
fn kind(word: &str) -> Option<MemoryType> {
    let word = word.to_lowercase();
    [
        ("procedur", MemoryType::Procedural),
        ("episod", MemoryType::Episodic),
        ("semantic", MemoryType::Semantic),
    ]
    .into_iter()
    .find_map(|(part, kind)| word.starts_with(part).then_some(kind))
}

/// The end of a day, or the moment.
fn end(text: &str) -> Option<Timestamp> {
    match Timestamp::parse_date(text.trim()) {
        Some(day) => Some(day.plus_millis(super::write::DAY - 1)),
        None => moment::from_text(text),
    }
}

/// As much of it as a memory holds.
pub(in crate::tools) fn first_ten(members: &Members) -> Metadata {
    let mut first = Members::new();
    for (name, value) in members.iter().filter(|(name, _)| !name.is_empty()).take(Metadata::MAX_KEYS) {
        first.set_raw(name, value.to_owned());
    }
    let json = serde_json::to_string(&first).unwrap_or_default();
    Metadata::parse(&json).unwrap_or_default()
}
