//! Memories as the records of one interchange file, which is one that any reader takes: each record in the right form,
//! with the right subject and an id of its own.

use std::collections::{HashMap, HashSet};

use omi::{Envelope, Members, Record, Serialization, Subject};
use omp_formats::interchange::{
    self, Context, from_record, native, overlay, repair, repair_envelope, set_profile,
};
use omp_model::{Memory, MemoryId, Result};
use omp_store::{Exported, Original};
use serde_json::value::{RawValue, to_raw_value};

use super::export::Export;
use super::unique_ids::UniqueIds;
use crate::failure::shown;

/// The profile of `ext` that keeps what the envelopes of several imports say, where one envelope cannot say all of it.
const ENVELOPES: &str = "org.open-memory.envelopes";

/// Turns memories into records.
pub(super) struct Records {
    pub(super) envelope: Envelope,
    /// The subject of each import, as it is written in its envelope.
    subjects: HashMap<i64, Box<RawValue>>,
    /// Memories that are the first part of a cut record which went out whole.
    whole: HashSet<MemoryId>,
    /// Records that were cut and do not go out whole, by their first part.
    cut: HashMap<MemoryId, Record>,
    /// Parts whose first part comes later.
    waiting: Vec<(MemoryId, Memory, Original)>,
    /// The ids that went out, for a file in which they must differ.
    ids: Option<UniqueIds>,
}

impl Records {
    /// For an interchange file of that form, or for another tool's file, which has rules of its own for ids.
    pub(super) fn new(export: &Export, to: Option<Serialization>) -> Result<Self> {
        let as_line = to == Some(Serialization::JsonLines);
        let known = export.service.store.envelopes(export.principal.owner, interchange::FORMAT);
        let known: Vec<(i64, Envelope)> = export
            .handle
            .block_on(known)
            .map_err(shown)?
            .into_iter()
            .filter_map(|(number, text)| {
                let mut envelope = Envelope::from(Members::parse(&text).ok()?);
                repair_envelope(&mut envelope, as_line);
                Some((number, envelope))
            })
            .collect();
        let subjects = known
            .iter()
            .filter_map(|(number, envelope)| Some((*number, envelope.members().get("subject")?.to_owned())))
            .collect();
        // What they say of themselves may be about memories that this key does not see.
        let said: Vec<Envelope> = if export.principal.sees_everything() {
            known.into_iter().map(|(_, envelope)| envelope).collect()
        } else {
            Vec::new()
        };
        let mut envelope = common(said);
        if envelope.subject().is_none() {
            envelope.set_subject(&owner());
        }
        envelope.set_generated_at(&export.service.clock.now().to_string());
        envelope.set_generator(concat!("open-memory/", env!("CARGO_PKG_VERSION")));
        Ok(Self {
            envelope,
            subjects,
            whole: HashSet::new(),
            cut: HashMap::new(),
            waiting: Vec::new(),
            ids: to.map(|_| UniqueIds::default()),
        })
    }

    /// The record of a memory. `None` for a part of a record that goes out whole, or that [`rest`](Self::rest) has.
    pub(super) fn record(&mut self, export: &Export, exported: Exported) -> Option<Record> {
        let memory = exported.memory;
        let Some(original) = exported.original.filter(|o| o.format == interchange::FORMAT) else {
            return Some(self.ready(native(&memory), &memory, None));
        };
        if let Some(head) = original.head {
            if self.whole.contains(&head) {
                return None;
            }
            if !self.cut.contains_key(&head) && stored(export, head).is_some() {
                // Its first part was imported again, and may go out whole.
                self.waiting.push((head, memory, original));
                return None;
            }
            return Some(self.part(head, &memory, &original));
        }
        let Some(mut record) = original.raw.as_deref().and_then(|raw| Record::parse(raw).ok()) else {
            return Some(self.ready(native(&memory), &memory, original.envelope));
        };
        let subject = self.came_with(&original);
        let context = Context { subject: subject.as_deref(), fallback: memory.created_at };
        let parts = from_record(&record, context).map(|mapped| mapped.parts).unwrap_or_default();
        if parts.len() < 2 {
            record = overlay(record, &memory, context.subject);
        } else if all_there(export, &memory, &parts) {
            self.whole.insert(memory.id);
        } else {
            self.cut.insert(memory.id, record.clone());
            // Of the text only what is still here; of the rest all of it.
            record.set("content", parts[0].content.as_str()).expect("text is JSON");
            record = overlay(record, &memory, context.subject);
        }
        Some(self.ready(record, &memory, original.envelope))
    }

    /// What had to wait for its first part, when there are no more memories.
    pub(super) fn rest(&mut self) -> Vec<Record> {
        let waiting = std::mem::take(&mut self.waiting);
        let single: Vec<_> = waiting.into_iter().filter(|(head, ..)| !self.whole.contains(head)).collect();
        single.iter().map(|(head, memory, original)| self.part(*head, memory, original)).collect()
    }

    /// A later part of a record that does not go out whole.
    fn part(&mut self, head: MemoryId, memory: &Memory, original: &Original) -> Record {
        let subject = self.came_with(original);
        let mut record = match self.cut.get(&head) {
            Some(whole) => {
                let mut record = whole.clone();
                record.set("content", memory.content.as_str()).expect("text is JSON");
                overlay(record, memory, subject.as_deref())
            }
            None => native(memory),
        };
        // The record's id is that of all parts.
        set_profile(&mut record, memory);
        self.ready(record, memory, original.envelope)
    }

    /// Whom the envelope of its import names.
    fn came_with(&self, original: &Original) -> Option<String> {
        let raw = self.subjects.get(&original.envelope?)?;
        Members::parse(raw.get()).ok()?.get_str("id").map(std::borrow::Cow::into_owned)
    }

    /// A record that may go into the file.
    fn ready(&mut self, mut record: Record, memory: &Memory, envelope: Option<i64>) -> Record {
        repair(&mut record, memory);
        if !record.members().contains("subject") {
            self.set_subject(&mut record, envelope);
        }
        if let Some(ids) = &mut self.ids {
            let id = record.id().unwrap_or_default().into_owned();
            let name = ids.take(&id);
            if name != id {
                record.set("id", &name).expect("text is JSON");
                // So that it is found as itself when the file is imported here again.
                set_profile(&mut record, memory);
            }
        }
        record
    }

    /// Names the subject of a record that has none of its own, unless the envelope does: that of the envelope with
    /// which it came, else the owner of the memories.
    fn set_subject(&self, record: &mut Record, envelope: Option<i64>) {
        let Some(raw) = envelope.and_then(|envelope| self.subjects.get(&envelope)) else {
            let owner = owner();
            if self.envelope.subject().is_none_or(|subject| subject.id != owner.id) {
                record.set_subject(&owner);
            }
            return;
        };
        record.set_raw("subject", raw.clone());
        if record.get_compact("subject") == self.envelope.get_compact("subject") {
            record.remove("subject");
        }
    }
}

/// Whose memories the native ones are.
fn owner() -> Subject {
    Subject::new(interchange::OWNER).with_kind("person")
}

/// One envelope for the records of several imports. What all say is said again; what not all say is kept in `ext`.
fn common(mut envelopes: Vec<Envelope>) -> Envelope {
    /// What is written anew for every file.
    const OWN: [&str; 5] = ["format", "version", "serialization", "generated_at", "generator"];
    let mut apart: Vec<Members> = Vec::new();
    let mut put_apart = |members: Members| {
        if !members.is_empty() && !apart.contains(&members) {
            apart.push(members);
        }
    };
    envelopes.iter_mut().flat_map(take_apart).for_each(&mut put_apart);
    let said = |envelope: &Envelope, name: &str| envelope.get_compact(name);
    let mut result = Envelope::new();
    let Some(newest) = envelopes.last() else { return result };
    let shared = |name: &str| envelopes.iter().all(|envelope| said(envelope, name) == said(newest, name));
    for (name, raw) in newest.iter().filter(|(name, _)| !OWN.contains(name) && shared(name)) {
        result.set_raw(name, raw.to_owned());
    }
    for envelope in &envelopes {
        let mut members = Members::new();
        for (name, raw) in envelope.iter().filter(|(name, _)| !OWN.contains(name) && *name != "subject") {
            if !result.contains(name) {
                members.set_raw(name, raw.to_owned());
            }
        }
        put_apart(members);
    }
    if !apart.is_empty() {
        let mut profile = Members::new();
        let (Ok(v), Ok(list)) = (to_raw_value(&1), to_raw_value(&apart)) else { return result };
        profile.push_raw("v", v);
        profile.push_raw("envelopes", list);
        let mut ext = result.ext().unwrap_or_default();
        if ext.set(ENVELOPES, &profile).is_ok() {
            result.set("ext", &ext).expect("members are JSON");
        }
    }
    result
}

/// Takes out what an export like this one has put apart, so that it does not grow by being imported.
fn take_apart(envelope: &mut Envelope) -> Vec<Members> {
    let Some(mut ext) = envelope.ext().filter(|ext| ext.contains(ENVELOPES)) else { return Vec::new() };
    let profile = ext.get_as::<Members>(ENVELOPES).ok().flatten();
    let list = profile.and_then(|profile| profile.get_as::<Vec<Members>>("envelopes").ok().flatten());
    let Some(list) = list else { return Vec::new() };
    ext.remove(ENVELOPES);
    if ext.is_empty() {
        envelope.remove("ext");
    } else {
        envelope.set("ext", &ext).expect("members are JSON");
    }
    list
}

/// Whether every part of a cut record is stored as it was imported. Such records are rare, so each part is a read.
fn all_there(export: &Export, head: &Memory, parts: &[Memory]) -> bool {
    let same =
        |stored: &Memory, part: &Memory| Memory { id: stored.id, embedding: None, ..part.clone() } == *stored;
    let part = |index: usize| stored(export, interchange::part_id(head.id, index));
    same(&Memory { embedding: None, ..head.clone() }, &parts[0])
        && (1..parts.len()).all(|index| part(index).is_some_and(|stored| same(&stored, &parts[index])))
}

/// The memory of this id, if the export may show it.
fn stored(export: &Export, id: MemoryId) -> Option<Memory> {
    let read = export.service.store.get_memory(&export.principal, id, false, export.service.clock.now());
    export.handle.block_on(read).ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelope(json: &str) -> Envelope {
        Envelope::from(Members::parse(json).unwrap())
    }

    fn text(envelope: &Envelope) -> String {
        serde_json::to_string(envelope.members()).unwrap()
    }

    #[test]
    fn what_all_envelopes_say_is_said_once_more() {
        let first = r#"{"format":"f","generated_at":"1","subject":{"id":"u"},"license":"CC0","ext":{"p":1}}"#;
        let second =
            r#"{"format":"f","generated_at":"2","subject":{ "id": "u" },"license":"CC0","ext":{"p":1}}"#;
        assert_eq!(
            text(&common(vec![envelope(first), envelope(second)])),
            r#"{"format":"open-memory-interchange","version":"0.1","subject":{ "id": "u" },"license":"CC0","ext":{"p":1}}"#
        );
        assert_eq!(text(&common(Vec::new())), text(&Envelope::new()));
    }

    #[test]
    fn what_not_all_envelopes_say_is_kept_and_does_not_grow() {
        let first = r#"{"subject":{"id":"u"},"license":"CC0","ext":{"p":1}}"#;
        let both = common(vec![envelope(first), envelope(r#"{"subject":{"id":"v"},"license":"MIT"}"#)]);
        assert_eq!(
            text(&both),
            r#"{"format":"open-memory-interchange","version":"0.1","ext":{"org.open-memory.envelopes":{"v":1,"envelopes":[{"license":"CC0","ext":{"p":1}},{"license":"MIT"}]}}}"#
        );
        let again = common(vec![both.clone(), envelope(first), both.clone()]);
        assert_eq!(text(&again), text(&both));
    }
}
