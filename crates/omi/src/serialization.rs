//! The two forms of a file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The form of a file; both describe the same model (omi.md (e), (j)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Serialization {
    /// One JSON object with its records in `memories`: `.omi.json`.
    #[serde(rename = "json")]
    Json,
    /// JSON Lines, one record a line, as a rule under a header line: `.omi.jsonl`.
    #[serde(rename = "jsonl")]
    JsonLines,
}

impl Serialization {
    /// The label that a file gives itself in `serialization`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonLines => "jsonl",
        }
    }

    /// The form of that label.
    pub fn from_label(label: &str) -> Option<Self> {
        match label {
            "json" => Some(Self::Json),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// The form that a file name claims by its extension, in capitals or not.
    pub fn from_file_name(name: &str) -> Option<Self> {
        let ends = |form: &Self| {
            let extension = form.extension().as_bytes();
            let tail = name.len().checked_sub(extension.len());
            tail.is_some_and(|at| name.as_bytes()[at..].eq_ignore_ascii_case(extension))
        };
        [Self::Json, Self::JsonLines].into_iter().find(ends)
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/vnd.omi+json",
            Self::JsonLines => "application/vnd.omi+jsonl",
        }
    }

    /// The full file name extension, with its dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => ".omi.json",
            Self::JsonLines => ".omi.jsonl",
        }
    }
}

impl fmt::Display for Serialization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a file is laid out (omi.md JL1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layout {
    /// One JSON object.
    Document,
    /// JSON Lines; the first line is the envelope.
    Headed,
    /// JSON Lines; records only, the envelope is implied (JL5).
    Bare,
}

impl Layout {
    /// The form that this layout belongs to.
    pub fn serialization(self) -> Serialization {
        match self {
            Self::Document => Serialization::Json,
            Self::Headed | Self::Bare => Serialization::JsonLines,
        }
    }
}
