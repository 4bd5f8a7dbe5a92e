//! Moving memories in and out.

use serde::{Deserialize, Serialize};

use crate::error::ErrorCode;
use crate::fields::word_field;

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
}

impl Conflict {
    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "skip" => Some(Self::Skip),
            "overwrite" => Some(Self::Overwrite),
            "duplicate" => Some(Self::Duplicate),
            _ => None,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Overwrite => "overwrite",
            Self::Duplicate => "duplicate",
        }
    }
}

word_field!(Conflict, "skip, overwrite, duplicate");

/// A form in which memories travel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Format {
    /// The export document of Open Memory Protocol.
    #[default]
    Omp,
    /// An Open Memory Interchange document, `.omi.json`.
    Omi,
    /// Open Memory Interchange as JSON Lines, `.omi.jsonl`.
    OmiJsonl,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Omp, Self::Omi, Self::OmiJsonl];

    /// Its name in parameters and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Omp => "omp",
            Self::Omi => "omi",
            Self::OmiJsonl => "omi-jsonl",
        }
    }

    /// The format of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The media type on the wire.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Omp => "application/json",
            Self::Omi => "application/vnd.omi+json",
            Self::OmiJsonl => "application/vnd.omi+jsonl",
        }
    }

    /// What a file of this format is called.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Omp => "omp.json",
            Self::Omi => "omi.json",
            Self::OmiJsonl => "omi.jsonl",
        }
    }
}

word_field!(Format, "omp, omi, omi-jsonl");

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The form; absent means found out from the content.
    pub format: Option<Format>,
    /// What happens to taken ids; absent means what the body says, else [`Conflict::Skip`] (reading 4).
    pub conflict: Option<Conflict>,
    /// Only tell what would happen.
    pub dry_run: bool,
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
    /// The member that it is about.
    pub field: String,
    /// What happened to it.
    pub message: String,
}

/// What an import did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportReport {
    /// The form that was read.
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
    /// Items that were left out; at most [`ImportReport::MAX_LISTED`] of them.
    pub errors: Vec<ImportIssue>,
    /// How many items were left out in all.
    pub error_count: u64,
    /// What was repaired or brought into form on the way; the original is kept beside the memory.
    pub changed: Vec<ImportNote>,
    /// What could not be kept at all.
    pub lost: Vec<ImportNote>,
    /// Whether nothing was written because that was asked for.
    pub dry_run: bool,
}

impl ImportReport {
    /// The most entries of each list: a file of a million bad lines must not fill the memory.
    pub const MAX_LISTED: usize = 1_000;

    /// Records an item that was left out.
    pub fn fail(&mut self, issue: ImportIssue) {
        self.error_count += 1;
        if self.errors.len() < Self::MAX_LISTED {
            self.errors.push(issue);
        }
    }

    /// Records a repair.
    pub fn change(&mut self, note: ImportNote) {
        if self.changed.len() < Self::MAX_LISTED {
            self.changed.push(note);
        }
    }

    /// Records a loss.
    pub fn lose(&mut self, note: ImportNote) {
        if self.lost.len() < Self::MAX_LISTED {
            self.lost.push(note);
        }
    }
}
