//! What is read of an item, as far as it is there and of the type it should have.

use omp_model::{MemoryId, MemoryType, Namespace, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::loose::{Flag, List, Word};
use crate::moment::Moment;

/// A memory of the library or the platform.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wire<'a> {
    #[serde(borrow)]
    pub(super) id: Word<'a>,
    #[serde(borrow)]
    pub(super) memory: Word<'a>,
    #[serde(borrow)]
    pub(super) text: Word<'a>,
    #[serde(borrow)]
    pub(super) data: Word<'a>,
    #[serde(borrow)]
    pub(super) content: Word<'a>,
    #[serde(borrow)]
    pub(super) metadata: Option<&'a RawValue>,
    pub(super) created_at: Moment,
    pub(super) updated_at: Moment,
    #[serde(borrow)]
    pub(super) user_id: Word<'a>,
    #[serde(borrow)]
    pub(super) agent_id: Word<'a>,
    #[serde(borrow)]
    pub(super) app_id: Word<'a>,
    #[serde(borrow)]
    pub(super) run_id: Word<'a>,
    #[serde(borrow)]
    pub(super) session_id: Word<'a>,
    #[serde(borrow)]
    pub(super) categories: List<Word<'a>>,
    #[serde(borrow)]
    pub(super) memory_type: Word<'a>,
    #[serde(borrow)]
    pub(super) expiration_date: Word<'a>,
    #[serde(borrow)]
    pub(super) replaced_by: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) lifecycle_state: Word<'a>,
    pub(super) deleted: Flag,
}

/// Where the text may be, the usual name first.
pub(super) const TEXTS: [&str; 4] = ["memory", "text", "data", "content"];

impl Wire<'_> {
    /// Its text.
    pub(super) fn text(&self) -> Option<&str> {
        [&self.memory, &self.text, &self.data, &self.content].into_iter().find_map(Word::get)
    }

    /// The members of its metadata.
    pub(super) fn metadata(&self) -> omi::Members {
        self.metadata.and_then(|raw| omi::Members::parse(raw.get()).ok()).unwrap_or_default()
    }
}

/// What we put into the metadata of an item, so that it comes back: what the format has no member for.
#[derive(Debug, Default)]
pub(super) struct Ours {
    pub(super) id: Option<MemoryId>,
    pub(super) kind: Option<MemoryType>,
    pub(super) namespace: Option<Namespace>,
    pub(super) expires_at: Option<Timestamp>,
    pub(super) observed_at: Option<Timestamp>,
}

impl Ours {
    pub(super) const ID: &str = "omp_id";
    pub(super) const KIND: &str = "omp_type";
    pub(super) const NAMESPACE: &str = "omp_namespace";
    pub(super) const EXPIRES: &str = "omp_expires_at";
    pub(super) const OBSERVED: &str = "omp_timestamp";

    /// Takes what is ours out of an item's metadata; what is none of it stays.
    pub(super) fn take(metadata: &mut omi::Members) -> Self {
        fn take<T>(metadata: &mut omi::Members, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
            let value = metadata.get_str(name).and_then(|text| read(&text));
            if value.is_some() {
                metadata.remove(name);
            }
            value
        }
        Self {
            id: take(metadata, Self::ID, MemoryId::parse),
            kind: take(metadata, Self::KIND, MemoryType::parse),
            namespace: take(metadata, Self::NAMESPACE, |text| Namespace::new(text).ok()),
            expires_at: take(metadata, Self::EXPIRES, Timestamp::parse),
            observed_at: take(metadata, Self::OBSERVED, Timestamp::parse),
        }
    }
}
