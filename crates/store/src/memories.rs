//! Keeping, changing, finding memories.

use async_trait::async_trait;
use omp_model::{Filter, ListQuery, Memory, MemoryId, MemoryPatch, Timestamp};
use omp_search::Keywords;

use crate::{OwnerId, Result};

/// Part of an answer, and how large the whole is.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    /// The part.
    pub items: Vec<T>,
    /// How many there are in all.
    pub total: u64,
}

/// A search by words.
#[derive(Debug, Clone, Copy)]
pub struct KeywordSearch<'a> {
    /// The words; at least one must occur, more and rarer ones rank higher.
    pub keywords: &'a Keywords,
    /// Which memories may answer.
    pub filter: &'a Filter,
    /// How many at most.
    pub limit: u32,
    /// Whether vectors come along.
    pub with_embedding: bool,
}

/// The aggregate of memories. A memory that has expired at `now` does not exist for any of these methods.
#[async_trait]
pub trait MemoryStore: Send + Sync {
    /// Stores a new memory. `false` when its id is taken; then nothing changes.
    async fn create_memory(&self, owner: OwnerId, memory: &Memory, now: Timestamp) -> Result<bool>;

    /// Reads one memory.
    async fn get_memory(
        &self,
        owner: OwnerId,
        id: MemoryId,
        with_embedding: bool,
        now: Timestamp,
    ) -> Result<Option<Memory>>;

    /// Changes one memory and returns what it is now; `None` when there is none.
    async fn update_memory(
        &self,
        owner: OwnerId,
        id: MemoryId,
        patch: MemoryPatch,
        now: Timestamp,
    ) -> Result<Option<Memory>>;

    /// Removes one memory and leaves a tombstone; `false` when there is none.
    async fn delete_memory(&self, owner: OwnerId, id: MemoryId, now: Timestamp) -> Result<bool>;

    /// One page, in order.
    async fn list_memories(&self, owner: OwnerId, query: &ListQuery, now: Timestamp) -> Result<Page<Memory>>;

    /// The best matches by BM25, best first; `total` counts all matches.
    async fn search_memories(
        &self,
        owner: OwnerId,
        search: KeywordSearch<'_>,
        now: Timestamp,
    ) -> Result<Page<Memory>>;

    /// How many memories there are.
    async fn count_memories(&self, owner: OwnerId, now: Timestamp) -> Result<u64>;
}
