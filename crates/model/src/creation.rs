//! Storing a memory: the memory, and what it means to those that are there.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::fields::{Fields, word_field};
use crate::{Memory, MemoryId, NewMemory};

/// Which repeats of a memory are not stored again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dedupe {
    /// None: every memory is stored.
    #[default]
    Off,
    /// One whose text is the same but for case, width and white space, in the same namespace.
    Exact,
    /// That, and one that says nearly the same: a cosine of 0.95 or more, with the same numbers in it. It is merged
    /// into the one that is there, which keeps its text and gets the tags of both.
    Near,
}

impl Dedupe {
    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "off" => Some(Self::Off),
            "exact" => Some(Self::Exact),
            "near" => Some(Self::Near),
            _ => None,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Exact => "exact",
            Self::Near => "near",
        }
    }
}

word_field!(Dedupe, "off, exact, near");

/// A memory to be stored, and what it means to those that are there.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateMemory {
    /// The memory.
    pub new: NewMemory,
    /// The memory in whose place it stands from now on. Such a memory is always stored, repeat or not.
    pub supersedes: Option<MemoryId>,
    /// Which repeats are not stored.
    pub dedupe: Dedupe,
}

impl From<NewMemory> for CreateMemory {
    fn from(new: NewMemory) -> Self {
        Self { new, supersedes: None, dedupe: Dedupe::Off }
    }
}

impl CreateMemory {
    /// Reads the body of `POST /v1/memories`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let new = NewMemory::read(fields);
        let supersedes = fields.nullable("supersedes").flatten();
        let dedupe = fields.nullable("dedupe").flatten().unwrap_or_default();
        Some(Self { new: new?, supersedes, dedupe })
    }
}

/// The answer to storing a memory.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Created {
    /// The memory as it was stored, or the one that was there.
    #[serde(flatten)]
    pub memory: Memory,
    /// Only when repeats were asked about and this is one: the id of the memory that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub duplicate_of: Option<MemoryId>,
    /// What looks like a secret in it. Over HTTP it is in the header [`Warning::HEADER`], so that the body is the
    /// memory of the protocol and nothing else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub warnings: Vec<Warning>,
}

/// Something in a memory that looks like a secret: where, and of which kind. Never the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// The field that holds it.
    #[cfg_attr(feature = "openapi", schema(example = "content"))]
    pub field: String,
    /// The kind of secret.
    #[cfg_attr(feature = "openapi", schema(example = "github_token"))]
    pub secret: String,
}

impl Warning {
    /// The header of an answer that lists them.
    pub const HEADER: &str = "x-omp-warnings";

    /// What the header says: `content=github_token, metadata=password`.
    pub fn list(warnings: &[Self]) -> String {
        let each = warnings.iter().map(|warning| format!("{}={}", warning.field, warning.secret));
        each.collect::<Vec<_>>().join(", ")
    }

    /// Reads the header; what has another form is passed over.
    pub fn read_list(text: &str) -> Vec<Self> {
        let each = text.split(',').filter_map(|one| one.trim().split_once('='));
        each.map(|(field, secret)| Self { field: field.to_owned(), secret: secret.to_owned() }).collect()
    }
}

impl<'de> Deserialize<'de> for Created {
    /// Reads the text twice: a flattened member would lose how numbers in `metadata` were written.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Beside {
            duplicate_of: Option<MemoryId>,
        }
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let memory = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let Beside { duplicate_of } = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(Self { memory, duplicate_of, warnings: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn read(extra: &str) -> crate::Result<CreateMemory> {
        let json = format!(
            r#"{{"content":"x","type":"semantic","source":{{"tool":"t"}},"metadata":{{"n":1.50}}{extra}}}"#
        );
        let mut fields = Fields::from_json(&json)?;
        let create = CreateMemory::read(&mut fields);
        fields.finish(create)
    }

    #[test]
    fn nothing_is_superseded_and_every_repeat_stored_by_default() {
        let create = read("").unwrap();
        assert_eq!((create.supersedes, create.dedupe), (None, Dedupe::Off));
        assert_eq!(read(r#","dedupe":"exact""#).unwrap().dedupe, Dedupe::Exact);
    }

    #[test]
    fn what_is_no_id_and_no_known_word_is_named() {
        let error = read(r#","supersedes":"mem_x","dedupe":"fuzzy""#).unwrap_err();
        assert_eq!(error.details.keys().collect::<Vec<_>>(), ["supersedes", "dedupe"]);
    }

    #[test]
    fn warnings_are_read_as_they_were_listed() {
        let one = |field: &str, secret: &str| Warning { field: field.into(), secret: secret.into() };
        let warnings = vec![one("content", "github_token"), one("metadata", "password")];
        assert_eq!(Warning::list(&warnings), "content=github_token, metadata=password");
        assert_eq!(Warning::read_list(&Warning::list(&warnings)), warnings);
        assert!(Warning::read_list("").is_empty());
    }

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        let id = MemoryId::derive(&["x"]);
        let memory = read("").unwrap().new.into_memory(id, Timestamp::from_millis(0));
        for duplicate_of in [None, Some(id)] {
            let created = Created { memory: memory.clone(), duplicate_of, warnings: Vec::new() };
            let json = serde_json::to_string(&created).unwrap();
            assert_eq!(json.contains("duplicate_of"), duplicate_of.is_some());
            assert!(json.contains("1.50"));
            assert_eq!(serde_json::from_str::<Created>(&json).unwrap(), created);
        }
    }
}
