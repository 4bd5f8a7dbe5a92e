//! Keeping, changing, finding memories.

use async_trait::async_trait;
use omp_model::{
    Dedupe, ListQuery, Memory, MemoryId, MemoryPatch, Namespace, OwnerId, Principal, SearchFilter, Timestamp,
};
use omp_search::Keywords;

use crate::Result;

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
    pub filter: &'a SearchFilter,
    /// How many at most.
    pub limit: u32,
    /// Whether vectors come along.
    pub with_embedding: bool,
}

/// What a new memory means to those that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Addition {
    /// The memory in whose place it stands. Such a memory is stored, repeat or not.
    pub supersedes: Option<MemoryId>,
    /// Which repeats are not stored.
    pub dedupe: Dedupe,
}

/// What became of a new memory. Only with [`Added::Stored`] did anything change.
#[derive(Debug, Clone, PartialEq)]
pub enum Added {
    /// It is stored.
    Stored,
    /// Its id is taken.
    IdTaken,
    /// It says what this one says.
    Repeat(Box<Memory>),
    /// There is no memory that it could supersede.
    NothingToSupersede,
    /// This memory stands in that place already.
    SupersededBy(MemoryId),
    /// The memory that it would supersede is another tool's.
    Refused,
}

/// What became of a change of something that may not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed<T> {
    /// It is done.
    Done(T),
    /// There is no such thing, as far as whoever asks may see.
    Missing,
    /// It is there, but not for whoever asks to change.
    Refused,
}

impl<T> Changed<T> {
    /// The result, if there is one.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(result) => Some(result),
            Self::Missing | Self::Refused => None,
        }
    }
}

/// The aggregate of memories. A memory that has expired at `now`, and one that the principal may not see, does not
/// exist for any of these methods.
#[async_trait]
pub trait MemoryStore: Send + Sync {
    /// Stores a new memory, unless it repeats one that is there. A memory that is superseded by it stays, with all its
    /// members, and is a change of its own in the feed. Expired and superseded memories are not repeated, and an
    /// expired successor stands in nobody's place.
    async fn add_memory(
        &self,
        by: &Principal,
        memory: &Memory,
        addition: Addition,
        now: Timestamp,
    ) -> Result<Added>;

    /// Stores a new memory. `false` when its id is taken; then nothing changes.
    async fn create_memory(&self, by: &Principal, memory: &Memory, now: Timestamp) -> Result<bool> {
        let added = self.add_memory(by, memory, Addition::default(), now).await?;
        Ok(added == Added::Stored)
    }

    /// Reads one memory.
    async fn get_memory(
        &self,
        by: &Principal,
        id: MemoryId,
        with_embedding: bool,
        now: Timestamp,
    ) -> Result<Option<Memory>>;

    /// Changes one memory and returns what it is now. What it was stays as a version.
    async fn update_memory(
        &self,
        by: &Principal,
        id: MemoryId,
        patch: MemoryPatch,
        now: Timestamp,
    ) -> Result<Changed<Memory>>;

    /// Removes one memory with its versions for good and leaves a tombstone. A memory whose
    /// successor is removed has the successor's successor, or is current again.
    async fn delete_memory(&self, by: &Principal, id: MemoryId, now: Timestamp) -> Result<Changed<()>>;

    /// One page, in order.
    async fn list_memories(&self, by: &Principal, query: &ListQuery, now: Timestamp) -> Result<Page<Memory>>;

    /// Up to `limit` namespaces that have memories, by name, each with their number; those that
    /// have expired and wait for the sweep are counted.
    async fn namespaces(&self, owner: OwnerId, limit: u32) -> Result<Vec<(Namespace, u64)>>;

    /// The best matches by BM25, best first; `total` counts all matches.
    async fn search_memories(
        &self,
        by: &Principal,
        search: KeywordSearch<'_>,
        now: Timestamp,
    ) -> Result<Page<Memory>>;

    /// How many memories there are, of one owner or of all together.
    async fn count_memories(&self, owner: Option<OwnerId>, now: Timestamp) -> Result<u64>;
}
