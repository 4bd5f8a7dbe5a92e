//! One memory.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::Kind;
use crate::json::members::elements;
use crate::json::strings;
use crate::{Members, Source, Subject};

/// A record: the members of one memory, kept as they were written, with typed getters for the floor's fields
/// (omi.md (c)).
///
/// A getter answers `None` when the member is absent or of another type; the untouched text is in
/// [`get`](Members::get). Nothing is checked here: [`validate`](crate::validate()) judges.
///
/// `Debug` shows the id and the names of the members, never what a memory says.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Record {
    members: Members,
}

impl Record {
    /// A record with the three members that every record has (omi.md R2).
    pub fn new(id: &str, content: &str, created: &str) -> Self {
        let mut members = Members::new();
        members.set_text("id", id);
        members.set_text("content", content);
        members.set_text("created", created);
        Self { members }
    }

    /// Parses one JSON object. Errors when `text` is not exactly one.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        Members::parse(text).map(Self::from)
    }

    /// The members.
    pub fn members(&self) -> &Members {
        &self.members
    }

    /// Takes the members out.
    pub fn into_members(self) -> Members {
        self.members
    }

    /// The id.
    pub fn id(&self) -> Option<Cow<'_, str>> {
        self.get_str("id")
    }

    /// The memory itself, sufficient alone (omi.md R9).
    pub fn content(&self) -> Option<Cow<'_, str>> {
        self.get_str("content")
    }

    /// When it was made; a date-time if the file is L1, else any text. See
    /// [`is_date_time`](crate::is_date_time).
    pub fn created(&self) -> Option<Cow<'_, str>> {
        self.get_str("created")
    }

    /// The type hint, an open vocabulary (omi.md R18).
    pub fn kind(&self) -> Option<Cow<'_, str>> {
        self.get_str("type")
    }

    /// The tags that are strings; none if `tags` is not a list.
    pub fn tags(&self) -> Vec<Cow<'_, str>> {
        let Some(raw) = self.get("tags") else { return Vec::new() };
        let strings = elements(raw.get()).into_iter().filter(|tag| Kind::of(tag) == Kind::String);
        strings.map(strings::decode).collect()
    }

    /// The origin hint. A member of it that is not a string reads as absent.
    pub fn source(&self) -> Option<Source> {
        let source = self.get_as::<Members>("source").ok()??;
        let text = |name| source.get_str(name).map(Cow::into_owned);
        Some(Source { platform: text("platform"), reference: text("ref"), method: text("method") })
    }

    /// The record's own subject, which wins over the envelope's as a whole (omi.md R15).
    pub fn subject(&self) -> Option<Subject> {
        subject_of(self)
    }

    /// How sure the producer was, 0 to 1 in a conforming file.
    pub fn confidence(&self) -> Option<f64> {
        self.get_as("confidence").ok()?
    }

    /// The language tag of the content.
    pub fn lang(&self) -> Option<Cow<'_, str>> {
        self.get_str("lang")
    }

    /// Since when the fact holds: a calendar date. Not a storage lifetime.
    pub fn valid_from(&self) -> Option<Cow<'_, str>> {
        self.get_str("valid_from")
    }

    /// Until when the fact holds; `None` also for `null`, which means no end.
    pub fn valid_to(&self) -> Option<Cow<'_, str>> {
        self.get_str("valid_to")
    }

    /// The entities as they came.
    pub fn entities(&self) -> Option<&RawValue> {
        self.get("entities")
    }

    /// The relations as they came.
    pub fn relations(&self) -> Option<&RawValue> {
        self.get("relations")
    }

    /// Everything above the floor, by profile name (omi.md (h)).
    pub fn ext(&self) -> Option<Members> {
        self.get_as("ext").ok()?
    }

    /// Sets the type hint.
    pub fn set_kind(&mut self, kind: &str) {
        self.set_text("type", kind);
    }

    /// Sets the tags.
    pub fn set_tags<T: AsRef<str>>(&mut self, tags: &[T]) {
        let tags: Vec<&str> = tags.iter().map(AsRef::as_ref).collect();
        self.set_text("tags", tags);
    }

    /// Sets the record's own subject.
    pub fn set_subject(&mut self, subject: &Subject) {
        self.set_text("subject", subject);
    }

    /// Sets the origin hint.
    pub fn set_source(&mut self, source: &Source) {
        self.set_text("source", source);
    }

    /// Sets one profile in `ext` and leaves the others. Errors when `value` cannot be written as JSON.
    pub fn set_profile(&mut self, profile: &str, value: impl Serialize) -> Result<(), serde_json::Error> {
        let mut ext = self.ext().unwrap_or_default();
        ext.set(profile, value)?;
        self.set("ext", ext)
    }
}

/// The subject among some members, if it is an object with a string `id`.
pub(crate) fn subject_of(members: &Members) -> Option<Subject> {
    let subject = members.get_as::<Members>("subject").ok()??;
    let text = |name| subject.get_str(name).map(Cow::into_owned);
    Some(Subject { id: text("id")?, kind: text("type"), label: text("label") })
}

impl From<Members> for Record {
    fn from(members: Members) -> Self {
        Self { members }
    }
}

impl Deref for Record {
    type Target = Members;

    fn deref(&self) -> &Members {
        &self.members
    }
}

impl DerefMut for Record {
    fn deref_mut(&mut self) -> &mut Members {
        &mut self.members
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("id", &self.id()).field("members", &self.members).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Record;
    use crate::{Source, Subject};

    #[test]
    fn a_new_record_has_the_three_members_in_order() {
        let record = Record::new("m-1", "Uses \"metric\" units.", "2026-03-04T05:06:07Z");
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            r#"{"id":"m-1","content":"Uses \"metric\" units.","created":"2026-03-04T05:06:07Z"}"#
        );
    }

    #[test]
    fn getters_read_what_setters_wrote() {
        let mut record = Record::new("m-1", "x", "2026-03-04T05:06:07Z");
        let subject = Subject::new("u").with_kind("person").with_label("Ana");
        let source = Source { platform: Some("p".into()), ..Source::default() };
        record.set_kind("semantic");
        record.set_tags(&["a", "b\n"]);
        record.set_subject(&subject);
        record.set_source(&source);
        record.set("confidence", 0.5).unwrap();
        record.set_profile("org.example.x", serde_json::json!({"v": 1})).unwrap();
        assert_eq!(record.kind().unwrap(), "semantic");
        assert_eq!(record.tags(), ["a", "b\n"]);
        assert_eq!(record.subject(), Some(subject));
        assert_eq!(record.source(), Some(source));
        assert_eq!(record.confidence(), Some(0.5));
        assert_eq!(record.ext().unwrap().get("org.example.x").unwrap().get(), r#"{"v":1}"#);
    }

    #[test]
    fn a_member_of_another_type_reads_as_absent() {
        let text = r#"{"id":7,"content":null,"tags":["a",1,"b"],"subject":{"label":"x"},"source":{"ref":{},"method":"m"},"confidence":"1","valid_to":null,"ext":[]}"#;
        let record = Record::parse(text).unwrap();
        assert_eq!(record.id(), None);
        assert_eq!(record.content(), None);
        assert_eq!(record.tags(), ["a", "b"]);
        assert_eq!(record.subject(), None);
        assert_eq!(record.source().unwrap().reference, None);
        assert_eq!(record.source().unwrap().method.as_deref(), Some("m"));
        assert_eq!(record.confidence(), None);
        assert_eq!(record.valid_to(), None);
        assert!(record.ext().is_none());
    }

    #[test]
    fn debug_says_nothing_of_the_content() {
        let mut record = Record::new("m-1", "SECRET", "2026-03-04T05:06:07Z");
        record.set_subject(&Subject::new("u").with_label("SECRET"));
        let shown = format!("{record:?} {:?}", record.subject());
        assert!(shown.contains("m-1") && shown.contains("content"), "{shown}");
        assert!(!shown.contains("SECRET"), "{shown}");
    }
}
