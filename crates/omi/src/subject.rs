//! The small objects of the floor in typed form (omi.md (d)).

use serde::{Deserialize, Serialize};

/// Who or what a memory is about. Members beyond these three are open; they stay in the raw text.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What identifies it.
    pub id: String,
    /// What it is: `person`, `agent`, `organization`, `team`, `project` or any other word.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// A name for people to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl Subject {
    /// A subject with only an id.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), kind: None, label: None }
    }

    /// The same with a type.
    #[must_use]
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    /// The same with a label.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

impl std::fmt::Debug for Subject {
    /// Leaves the label out: it is a person's name.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subject").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// Where a memory came from: a hint, not a provenance graph. Further members stay in the raw text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Source {
    /// The tool it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// An opaque pointer inside that tool, such as a session.
    #[serde(rename = "ref", default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How it came about: `extracted`, `stated`, `inferred`, `imported`, `summarized` or any other word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

impl Source {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
