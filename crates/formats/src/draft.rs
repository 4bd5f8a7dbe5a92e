//! A memory as another tool has it, on its way to a record.

use std::borrow::Cow;

use omi::{Record, Subject};
use omp_model::{MemoryId, MemoryType, Metadata, Namespace, SessionRef, Timestamp};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::interchange::{PROFILE, Profile};
use crate::origin::{self, Dated, Origin};
use crate::{Fate, Note, Place, Sink};

/// A memory as another tool has it. What is not known is left out; nothing is made up.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The format's name.
    pub format: &'static str,
    /// Within what `id` names something: an account, a file, a namespace. Empty when it does so by itself.
    pub scope: String,
    /// Its name here, when the file was written here and says so.
    pub own_id: Option<MemoryId>,
    /// Its name there. Without one it is known by its text.
    pub id: Option<String>,
    /// What it says, of any length.
    pub content: String,
    /// What it is.
    pub kind: MemoryType,
    /// Its tags as they are there.
    pub tags: Vec<String>,
    /// The tool that wrote it.
    pub platform: String,
    /// The conversation or file that it comes from, as the tool calls it.
    pub reference: Option<String>,
    /// How it came about: `extracted`, `stated`, `inferred`, `imported`, `summarized`.
    pub method: Option<&'static str>,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Whether of `created` only the day is known.
    pub day_only: bool,
    /// Whether `created` was not said of the memory but of what it is part of.
    pub date_assumed: bool,
    /// When it was changed last.
    pub updated: Option<Timestamp>,
    /// When it was observed, where that is not when it was created.
    pub observed: Option<Timestamp>,
    /// When it is to be gone.
    pub expires: Option<Timestamp>,
    /// From which day on the fact holds, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// The first day on which it no longer holds.
    pub valid_to: Option<String>,
    /// Its project, user or area, levels joined with `:`. Brought into form.
    pub namespace: Option<String>,
    /// The account or user of the file that it belongs to.
    pub account: Option<String>,
    /// Whom it is about, when that is not the importing person.
    pub subject: Option<Subject>,
    /// How sure it is, 0 to 1.
    pub confidence: Option<f64>,
    /// Things that it speaks of, each an object with any of `id`, `type`, `label`.
    pub entities: Vec<Box<RawValue>>,
    /// Its relations, each an object with `type` and `target`.
    pub relations: Vec<Box<RawValue>>,
    /// Free-form data that belongs beside the memory; at most ten members are kept there, all in `raw`.
    pub metadata: Metadata,
    /// The untouched original: the item's JSON, or its text as a JSON string ([`Draft::raw_text`]).
    pub raw: Option<Box<RawValue>>,
    /// What its writer needs to give it back in its place: a path, a heading. Becomes members of the origin.
    pub extra: Vec<(&'static str, Box<RawValue>)>,
    /// Where it stands.
    pub place: Place,
}

impl Draft {
    /// A memory of which only this is known.
    pub fn new(format: &'static str, platform: impl Into<String>, content: impl Into<String>) -> Self {
        Self {
            format,
            scope: String::new(),
            own_id: None,
            id: None,
            content: content.into(),
            kind: MemoryType::Semantic,
            tags: Vec::new(),
            platform: platform.into(),
            reference: None,
            method: None,
            created: None,
            day_only: false,
            date_assumed: false,
            updated: None,
            observed: None,
            expires: None,
            valid_from: None,
            valid_to: None,
            namespace: None,
            account: None,
            subject: None,
            confidence: None,
            entities: Vec::new(),
            relations: Vec::new(),
            metadata: Metadata::default(),
            raw: None,
            extra: Vec::new(),
            place: Place::default(),
        }
    }

    /// Keeps the original JSON text; what is none is kept as a string.
    pub fn raw_json(&mut self, raw: &str) {
        self.raw = Some(RawValue::from_string(raw.to_owned()).unwrap_or_else(|_| json(&raw)));
    }

    /// Keeps the original text.
    pub fn raw_text(&mut self, raw: &str) {
        self.raw = Some(json(&raw));
    }

    /// Adds a member of the origin.
    pub fn extra(&mut self, name: &'static str, value: impl Serialize) {
        self.extra.push((name, json(&value)));
    }

    /// Adds something that it speaks of.
    pub fn entity(&mut self, label: &str, kind: Option<&str>) {
        self.entities.push(json(&Entity { label, kind }));
    }

    /// Adds a relation.
    pub fn relation(&mut self, kind: &str, target: &str) {
        self.relations.push(json(&Relation { kind, target }));
    }

    /// The record that this becomes. Its `created` is missing when no date is known; [`date`] gives it one where a
    /// file is written.
    pub fn into_record(self, now: Timestamp, sink: &mut dyn Sink) -> Record {
        let mut told = |kind: &str, what: &str| {
            sink.note(Note { kind, what, place: &self.place, fate: Fate::Changed });
        };
        let latest = now.plus_millis(DAY);
        let mut known = |at: Option<Timestamp>, name: &str| {
            let future = at.is_some_and(|at| at > latest);
            if future {
                told(name, "lies in the future and was taken as unknown");
            }
            at.filter(|at| !future && at.as_millis() != 0)
        };
        let created = known(self.created, "created");
        let updated = known(self.updated, "updated");
        let observed = known(self.observed, "observed");
        let id = self.id.unwrap_or_else(|| origin::text_id(&self.content));
        let full_id = if self.scope.is_empty() { id.clone() } else { format!("{}/{id}", self.scope) };
        // Something later than nothing is known: the update is a better date of a memory than the import.
        let dated = created.or(updated).map(|at| at.to_string());
        let mut record = Record::new(&full_id, &self.content, dated.as_deref().unwrap_or_default());
        record.set_kind(self.kind.as_str());
        if !self.tags.is_empty() {
            record.set_tags(&self.tags);
        }
        if let Some(subject) = &self.subject {
            record.set_subject(subject);
        }
        record.set_source(&omi::Source {
            platform: Some(self.platform),
            reference: self.reference,
            method: self.method.map(str::to_owned),
        });
        let mut members = record.into_members();
        if dated.is_none() {
            members.remove("created");
        }
        let mut set = |name: &str, value: Option<Box<RawValue>>| {
            if let Some(value) = value {
                members.set_raw(name, value);
            }
        };
        set("confidence", self.confidence.filter(|c| (0.0..=1.0).contains(c)).map(|c| json(&c)));
        set("valid_from", self.valid_from.as_ref().map(json));
        set("valid_to", self.valid_to.as_ref().map(json));
        set("entities", (!self.entities.is_empty()).then(|| json(&self.entities)));
        set("relations", (!self.relations.is_empty()).then(|| json(&self.relations)));
        let mut record = Record::from(members);
        let namespace = self.namespace.as_deref().and_then(self::namespace);
        let profile = Profile {
            v: Profile::VERSION,
            id: self.own_id,
            updated_at: updated.filter(|_| created.is_some()),
            observed_at: observed,
            expires_at: self.expires,
            namespace,
            user_id: self.account.as_deref().and_then(SessionRef::cut),
            metadata: self.metadata,
            embedding: None,
        };
        if !profile.says_nothing() {
            record.set_profile(PROFILE, &profile).expect("a profile is JSON");
        }
        let dated = match (&dated, self.date_assumed, self.day_only) {
            (None, ..) | (_, true, _) => Some(Dated::Assumed),
            (_, _, true) => Some(Dated::Day),
            _ => None,
        };
        Origin::new(self.format, &self.scope, &id, dated, self.raw, self.extra).put(&mut record);
        record
    }
}

/// Gives a record without a date one, for files that must have it, and marks it.
pub fn date(record: &mut Record, at: Timestamp) {
    if !record.members().contains("created") {
        record.set("created", at.to_string()).expect("text is JSON");
    }
}

/// A namespace of several levels, each brought into form; a longer one than fits is cut and ends with a hash.
pub fn namespace(levels: &str) -> Option<Namespace> {
    if let Ok(in_form) = Namespace::new(levels) {
        return Some(in_form);
    }
    let words: Vec<String> = levels
        .split(':')
        .filter_map(Namespace::normalize)
        .map(|word| word.as_str().replace(':', "-"))
        .collect();
    let joined = words.join(":");
    // A name of which letters are dropped, such as one in another script, is told from others by its hash.
    let whole = levels.len() <= 100 && levels.chars().all(|c| c.is_ascii() || !c.is_alphanumeric());
    if whole {
        return Namespace::new(joined).ok();
    }
    let hash = origin::text_id(levels);
    let cut: String = joined.chars().take(100 - 9).collect();
    Namespace::new(format!("{cut}-{}", &hash[hash.len() - 8..]).trim_start_matches('-')).ok()
}

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

pub(crate) fn json(value: &(impl Serialize + ?Sized)) -> Box<RawValue> {
    to_raw_value(value).expect("plain data is JSON")
}

#[derive(Serialize)]
struct Entity<'a> {
    label: &'a str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
}

#[derive(Serialize)]
struct Relation<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    target: &'a str,
}

/// One word for a tag: what is no letter or digit becomes `-`.
pub fn slug(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | ':')) {
        return Cow::Borrowed(text);
    }
    let mut slug = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() || c == '_' {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    Cow::Owned(slug.trim_matches('-').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_brought_into_form_level_by_level() {
        let of = |text: &str| namespace(text).map(|n| n.as_str().to_owned());
        assert_eq!(of("chatgpt:My Project").as_deref(), Some("chatgpt:my-project"));
        assert_eq!(of(""), None);
        let (one, other) = (of(&"x".repeat(150)).unwrap(), of(&"x".repeat(151)).unwrap());
        assert!(one.len() <= 100 && one != other);
        assert_ne!(of("notes:Київ"), of("notes:Львів"));
    }
}
