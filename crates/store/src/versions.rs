//! What a memory was before each of its changes.

use std::collections::HashSet;

use async_trait::async_trait;
use omp_model::{History, HistoryQuery, Memory, MemoryId, OwnerId, Principal, Timestamp};

use crate::Result;

/// Most former versions that are kept of a memory; then the oldest go.
pub const MOST_VERSIONS: u32 = 1_000;

/// What came of restoring a version.
#[derive(Debug, Clone, PartialEq)]
pub enum Restored {
    /// It is the present one again, as a new version.
    Memory(Box<Memory>),
    /// There is no such memory, as far as whoever asks may see.
    NoMemory,
    /// It is there, but not for whoever asks to change.
    Refused,
    /// The memory has no such version; its versions have these numbers.
    NoVersion {
        /// The oldest that is kept.
        oldest: u64,
        /// The present one.
        newest: u64,
    },
}

/// What a memory is when it becomes what it was in a version. `created_at` stays, `updated_at` moves, and if the
/// version would have expired by now, the present expiry stays too.
pub(crate) fn restored(before: &Memory, kept: Memory, now: Timestamp) -> Memory {
    let mut after = Memory {
        id: before.id,
        created_at: before.created_at,
        updated_at: now.max(before.updated_at.plus_millis(1)),
        embedding: before.embedding.clone().filter(|_| kept.content == before.content),
        ..kept
    };
    if after.is_expired(now) {
        after.expires_at = before.expires_at;
    }
    after
}

/// Every change of a memory keeps what it was as a version; a change of nothing but `updated_at` is none. Versions go
/// with their memory. A version has no vector.
#[async_trait]
pub trait VersionStore: Send + Sync {
    /// One page of a memory's versions, newest first, the present one included; `None` when there is no such memory.
    /// Versions that lie outside of what the principal may see are left out.
    async fn history(
        &self,
        by: &Principal,
        id: MemoryId,
        query: HistoryQuery,
        now: Timestamp,
    ) -> Result<Option<History>>;

    /// Those of an owner's memories in whose place another stands that has not expired, whoever may see that one: as in
    /// a search.
    async fn superseded(&self, owner: OwnerId, ids: &[MemoryId], now: Timestamp)
    -> Result<HashSet<MemoryId>>;

    /// Makes a version the present one. `created_at` stays, `updated_at` moves, and if the version would have expired
    /// by now, the present expiry stays too.
    async fn restore_version(
        &self,
        by: &Principal,
        id: MemoryId,
        version: u64,
        now: Timestamp,
    ) -> Result<Restored>;
}
