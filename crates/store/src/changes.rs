//! What changed since: the feed of derived indices, replicas and other processes.

use async_trait::async_trait;
use omp_model::MemoryId;

use crate::{OwnerId, Result};

/// One change of one memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// Its number; larger is later, numbers are never used twice.
    pub seq: i64,
    /// Which memory.
    pub id: MemoryId,
    /// Whether it was removed (a tombstone) or is there, new or changed.
    pub deleted: bool,
}

/// Every write of a memory gives it the next `seq` in the same transaction.
#[async_trait]
pub trait ChangeFeed: Send + Sync {
    /// The number of the last change.
    async fn last_seq(&self, owner: OwnerId) -> Result<i64>;

    /// Returns when it is worth looking again: the owner's number is another than `known`, somebody said so, or it is
    /// a while ago. Whoever loops over this misses nothing, whichever process writes, and costs little meanwhile.
    async fn until_stirred(&self, owner: OwnerId, known: i64) -> Result<()>;

    /// Up to `limit` changes after `seq`, in order; a memory that changed twice appears with its last change.
    async fn changes_since(&self, owner: OwnerId, seq: i64, limit: u32) -> Result<Vec<Change>>;
}
