//! Our profile of `ext`: what a memory holds and the floor of the interchange format does not.

use omp_model::{Embedding, Memory, MemoryId, Metadata, Namespace, SessionRef, Timestamp};
use serde::{Deserialize, Serialize};

/// The profile's name: reverse-DNS, as omi.md (h) asks of private profiles.
pub const NAME: &str = "org.open-memory.omp";

/// Version 1 of the profile. Members that do not hold are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// The profile's own version.
    pub v: u8,
    /// The memory's id here; the record's own may be a foreign one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MemoryId>,
    /// When the memory was changed last; absent on what comes from another tool and was never changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// When the fact was observed, where that is not when it was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<Timestamp>,
    /// When the memory is gone: retention, and so not `valid_to`, which is about the fact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The project or area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Namespace>,
    /// The writing tool's name of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<SessionRef>,
    /// Free-form data.
    #[serde(default, skip_serializing_if = "Metadata::is_empty")]
    pub metadata: Metadata,
    /// The vector; only when asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedding: Option<Embedding>,
}

impl Profile {
    /// The only version so far.
    pub const VERSION: u8 = 1;

    /// What the profile says of a memory.
    pub fn of(memory: &Memory) -> Self {
        Self {
            v: Self::VERSION,
            id: Some(memory.id),
            updated_at: Some(memory.updated_at),
            observed_at: Some(memory.source.timestamp).filter(|at| *at != memory.created_at),
            expires_at: memory.expires_at,
            namespace: memory.namespace.clone(),
            user_id: memory.source.user_id.clone(),
            metadata: memory.metadata.clone(),
            embedding: memory.embedding.clone(),
        }
    }

    /// Whether it holds nothing.
    pub fn says_nothing(&self) -> bool {
        let Self { v: _, id, updated_at, observed_at, expires_at, namespace, user_id, metadata, embedding } =
            self;
        id.is_none()
            && updated_at.is_none()
            && observed_at.is_none()
            && expires_at.is_none()
            && namespace.is_none()
            && user_id.is_none()
            && metadata.is_empty()
            && embedding.is_none()
    }

    /// The profile of a record, if it has one that we understand.
    pub fn read(record: &omi::Record) -> Option<Self> {
        let profile: Self = record.ext()?.get_as(NAME).ok()??;
        (profile.v == Self::VERSION).then_some(profile)
    }
}
