//! A change of a configuration file that leaves everything else as it is.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{jsonc, toml};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// JSON, with comments and trailing commas where the tool allows them.
    Json,
    /// TOML.
    Toml,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// A member of the object at this path.
    Member { at: Vec<String>, name: String, value: Value },
    /// An element of the list at this path; one that has the mark in a command is ours.
    Element { at: Vec<String>, value: Value, mark: String },
}

/// What an edit is without its value: by this it is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Trace {
    pub(crate) at: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<String>,
}

impl Edit {
    pub(crate) fn member(at: &[&str], name: &str, value: Value) -> Self {
        Self::Member { at: at.iter().map(ToString::to_string).collect(), name: name.to_owned(), value }
    }

    pub(crate) fn element(at: &[&str], value: Value, mark: &str) -> Self {
        Self::Element { at: at.iter().map(ToString::to_string).collect(), value, mark: mark.to_owned() }
    }

    /// How it is found again.
    pub(crate) fn trace(&self) -> Trace {
        match self {
            Self::Member { at, name, .. } => Trace { at: at.clone(), name: Some(name.clone()), mark: None },
            Self::Element { at, mark, .. } => Trace { at: at.clone(), name: None, mark: Some(mark.clone()) },
        }
    }
}

impl Kind {
    /// The text with the changes; the error says what is wrong with the text.
    pub(crate) fn apply(self, text: Option<&str>, edits: &[Edit]) -> Result<String, String> {
        match self {
            Self::Json => jsonc::apply(text.unwrap_or_default(), edits),
            Self::Toml => toml::apply(text.unwrap_or_default(), edits),
        }
    }

    /// The text without what is ours, as far as it is there.
    pub(crate) fn take_out(self, text: &str, traces: &[Trace]) -> Result<String, String> {
        match self {
            Self::Json => jsonc::take_out(text, traces),
            Self::Toml => toml::take_out(text, traces),
        }
    }

    /// The text at a path, if there is one.
    pub(crate) fn text_at(self, text: &str, at: &[&str]) -> Option<String> {
        match self {
            Self::Json => jsonc::text_at(text, at),
            Self::Toml => toml::text_at(text, at),
        }
    }

    /// Whether something is there already that these traces name.
    pub(crate) fn has(self, text: &str, traces: &[Trace]) -> bool {
        self.take_out(text, traces).is_ok_and(|without| without != text)
    }
}

/// Whether a list's element is the one with this mark.
pub(crate) fn is_marked(element: &Value, mark: &str) -> bool {
    let commands = element.get("hooks").and_then(Value::as_array);
    commands.is_some_and(|hooks| {
        hooks
            .iter()
            .any(|hook| hook.get("command").and_then(Value::as_str).is_some_and(|line| line.contains(mark)))
    })
}
