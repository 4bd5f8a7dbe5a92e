//! Moving memories in and out.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ErrorCode;
use crate::fields::word_field;
use crate::{Namespace, Timestamp};

/// What happens to an item whose id is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Conflict {
    /// What is stored stays.
    #[default]
    Skip,
    /// The item replaces what is stored.
    Overwrite,
    /// Every item gets a new id, taken or not (reading 5).
    Duplicate,
    /// The item replaces what is stored if its source has changed since it was imported, and later than what is
    /// stored was. The default for files of other tools.
    Newer,
}

impl Conflict {
    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "skip" => Some(Self::Skip),
            "overwrite" => Some(Self::Overwrite),
            "duplicate" => Some(Self::Duplicate),
            "newer" => Some(Self::Newer),
            _ => None,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Overwrite => "overwrite",
            Self::Duplicate => "duplicate",
            Self::Newer => "newer",
        }
    }
}

word_field!(Conflict, "skip, overwrite, duplicate, newer");

impl Serialize for Conflict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Conflict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::parse(&word).ok_or_else(|| serde::de::Error::custom("not a way to treat taken ids"))
    }
}

/// A form in which memories travel, by its name: `omp`, `omi`, `omi-jsonl`, or one of the foreign ones that
/// `omp_formats` registers. The set is open, so a name says nothing about who can read it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Format {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl Format {
    /// The longest name.
    const MAX: usize = 31;

    /// The export document of Open Memory Protocol.
    pub const OMP: Self = Self::named("omp");
    /// An Open Memory Interchange document, `.omi.json`.
    pub const OMI: Self = Self::named("omi");
    /// Open Memory Interchange as JSON Lines, `.omi.jsonl`.
    pub const OMI_JSONL: Self = Self::named("omi-jsonl");
    /// The two standards' own forms.
    pub const NATIVE: [Self; 3] = [Self::OMP, Self::OMI, Self::OMI_JSONL];

    /// The format of a registered name, which must be valid: small letters, digits and `-`, at most 31 bytes.
    pub const fn named(name: &str) -> Self {
        match Self::try_named(name) {
            Some(format) => format,
            None => panic!("a format's name is small letters, digits and `-`"),
        }
    }

    const fn try_named(name: &str) -> Option<Self> {
        let (text, mut bytes, mut at) = (name.as_bytes(), [0; Self::MAX], 0);
        if text.is_empty() || text.len() > Self::MAX {
            return None;
        }
        while at < text.len() {
            if !(text[at].is_ascii_lowercase() || text[at].is_ascii_digit() || text[at] == b'-') {
                return None;
            }
            bytes[at] = text[at];
            at += 1;
        }
        #[expect(clippy::cast_possible_truncation, reason = "at most 31")]
        Some(Self { bytes, len: at as u8 })
    }

    /// Its name in parameters and reports.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("made of ASCII")
    }

    /// The format of this name, known or not; `None` when it cannot be a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::try_named(text)
    }
}

impl Default for Format {
    fn default() -> Self {
        Self::OMP
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Format {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::parse(&name).ok_or_else(|| serde::de::Error::custom("not the name of a format"))
    }
}

word_field!(Format, "a format's name such as omp, omi or omi-jsonl");

/// How to export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// In which form.
    pub format: Format,
    /// Whether vectors come along.
    pub with_embedding: bool,
    /// Whether saved conversations come along (OMP only, reading 42).
    pub with_conversations: bool,
}

/// How to import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The form; absent means found out from the content.
    pub format: Option<Format>,
    /// What the sender's media type suggests; counts where the content does not say otherwise.
    pub media: Option<Format>,
    /// What happens to taken ids; absent means what the body says, else [`Conflict::Skip`] (reading 4), and
    /// [`Conflict::Newer`] for the files of other tools.
    pub conflict: Option<Conflict>,
    /// Only tell what would happen.
    pub dry_run: bool,
    /// What the file is called: some formats are told by it.
    pub name: Option<String>,
    /// How the items of another tool's file are chosen and changed on the way.
    pub choice: Choice,
}

/// Which items of another tool's file are taken, and what is done to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Only items that were changed at this time or later; items without a time are taken.
    pub since: Option<Timestamp>,
    /// The namespace of all items, in place of their own.
    pub namespace: Option<Namespace>,
    /// Only items of this account or user of the file.
    pub owner: Option<String>,
    /// Whether mail addresses, telephone numbers and keys are blotted out.
    pub redact: bool,
    /// Which columns or members of a table mean what: `content=text,created_at=ts`, or the same as a JSON object.
    pub map: Option<String>,
}

/// One item that was left out, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportIssue {
    /// Its place in the file, from 0.
    pub index: u64,
    /// The line of the file on which it begins, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Its id, if it has a readable one.
    pub id: Option<String>,
    /// Where in a file of another tool: the file in the archive and the place in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The error code.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub error: ErrorCode,
    /// What is wrong, and with which field.
    pub message: String,
}

/// Something that could not be kept as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportNote {
    /// The item's place in the file, from 0.
    pub index: u64,
    /// Where in a file of another tool: the file in the archive and the place in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The member that it is about.
    pub field: String,
    /// What happened to it.
    pub message: String,
}

/// How often something happened, by kind: exact however long the lists of examples would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportCounts {
    /// What was kept: memories, conversations.
    pub kept: BTreeMap<String, u64>,
    /// What was brought into form.
    pub changed: BTreeMap<String, u64>,
    /// What was passed over on purpose, by its kind in the file: hidden messages, deleted memories.
    pub passed: BTreeMap<String, u64>,
    /// What could not be kept.
    pub lost: BTreeMap<String, u64>,
}

impl ImportCounts {
    /// The most kinds that are counted apart.
    const MAX_KINDS: usize = 200;

    fn add(counts: &mut BTreeMap<String, u64>, kind: &str, times: u64) {
        if let Some(count) = counts.get_mut(kind) {
            *count += times;
        } else {
            let kind = if counts.len() < Self::MAX_KINDS { kind } else { "(others)" };
            *counts.entry(kind.to_owned()).or_default() += times;
        }
    }
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReport {
    /// The form that was read.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub format: Format,
    /// Items that the file has, good and bad.
    pub read: u64,
    /// Memories that are new.
    pub imported: u64,
    /// Memories that were replaced.
    pub updated: u64,
    /// Memories that were there already, just so.
    pub unchanged: u64,
    /// Memories whose id was taken by something else that stayed.
    pub skipped: u64,
    /// Conversations that are new or were replaced.
    pub conversations: u64,
    /// Their ids, so that something can be done with them; at most [`ImportReport::MAX_CONVERSATIONS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conversation_ids: Vec<String>,
    /// Items that were left out; at most [`ImportReport::MAX_ERRORS`] of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<ImportIssue>,
    /// How many items were left out in all.
    pub error_count: u64,
    /// What was repaired or brought into form on the way; the original is kept beside the memory.
    pub changed: Vec<ImportNote>,
    /// What could not be kept at all.
    pub lost: Vec<ImportNote>,
    /// What was passed over on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<ImportNote>,
    /// All of these by kind.
    #[serde(default)]
    pub counts: ImportCounts,
    /// What was done with taken ids.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub conflict: Conflict,
    /// By what the format was recognised, when nobody named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether nothing was written because that was asked for.
    pub dry_run: bool,
}

impl ImportReport {
    /// The most items that were left out: a file of many million bad lines must not fill the memory.
    pub const MAX_ERRORS: usize = 100_000;
    /// The most entries of each other list.
    pub const MAX_LISTED: usize = 1_000;
    /// The most ids of conversations.
    pub const MAX_CONVERSATIONS: usize = 10_000;

    /// Records an item that was left out.
    pub fn fail(&mut self, issue: ImportIssue) {
        self.error_count += 1;
        if self.errors.len() < Self::MAX_ERRORS {
            self.errors.push(issue);
        }
    }

    /// Counts something that was kept.
    pub fn keep(&mut self, kind: &str, times: u64) {
        ImportCounts::add(&mut self.counts.kept, kind, times);
    }

    /// Records something that was passed over on purpose.
    pub fn pass(&mut self, note: ImportNote) {
        ImportCounts::add(&mut self.counts.passed, &note.field, 1);
        if self.passed.len() < Self::MAX_LISTED {
            self.passed.push(note);
        }
    }

    /// Records a repair.
    pub fn change(&mut self, note: ImportNote) {
        ImportCounts::add(&mut self.counts.changed, &note.field, 1);
        if self.changed.len() < Self::MAX_LISTED {
            self.changed.push(note);
        }
    }

    /// Records a loss.
    pub fn lose(&mut self, note: ImportNote) {
        ImportCounts::add(&mut self.counts.lost, &note.field, 1);
        if self.lost.len() < Self::MAX_LISTED {
            self.lost.push(note);
        }
    }
}

/// What an import did: the protocol's three members, and the whole report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportResponse {
    /// Items of the file that are stored now and were not before, or replaced what was.
    pub imported: u64,
    /// Items that stayed out because their id was taken.
    pub skipped: u64,
    /// Items that were not valid.
    pub errors: Vec<ImportIssue>,
    /// All the figures. What was left out is in `errors` above.
    pub report: ImportReport,
}

impl From<ImportReport> for ImportResponse {
    fn from(mut report: ImportReport) -> Self {
        let errors = std::mem::take(&mut report.errors);
        let (mut imported, mut skipped) = (report.imported + report.updated, report.skipped);
        // Overwriting with the same is still overwriting; only to skip it is to skip it.
        *(if report.conflict == Conflict::Overwrite { &mut imported } else { &mut skipped }) +=
            report.unchanged;
        Self { imported, skipped, errors, report }
    }
}

impl From<ImportResponse> for ImportReport {
    fn from(response: ImportResponse) -> Self {
        Self { errors: response.errors, ..response.report }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_overwritten_with_the_same_was_imported() {
        let count = |conflict| {
            let report =
                ImportReport { imported: 1, unchanged: 2, skipped: 4, conflict, ..Default::default() };
            let response = ImportResponse::from(report);
            (response.imported, response.skipped)
        };
        assert_eq!(count(Conflict::Overwrite), (3, 4));
        assert_eq!(count(Conflict::Skip), (1, 6));
    }

    #[test]
    fn errors_stand_once_in_the_answer_and_come_back_into_the_report() {
        let mut report = ImportReport::default();
        let (id, message) = (Some("x".to_owned()), "is wrong".to_owned());
        report.fail(ImportIssue {
            index: 0,
            line: None,
            id,
            place: None,
            error: ErrorCode::ValidationError,
            message,
        });
        let response = ImportResponse::from(report.clone());
        assert_eq!(serde_json::to_string(&response).unwrap().matches("is wrong").count(), 1);
        assert_eq!(ImportReport::from(response), report);
    }
}
