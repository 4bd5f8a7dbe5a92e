//! What an index in memory is made from and kept current with.

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};

use crate::{Result, Slot, VectorSpace};

/// A memory with what only the index needs.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexRow {
    /// Its row number: larger is stored later.
    pub pk: i64,
    /// The memory.
    pub memory: Memory,
    /// From when another memory stands in its place, in milliseconds.
    pub superseded_at: Option<i64>,
    /// Its vector in the space that was asked for, all windows.
    pub vector: Option<Vec<f32>>,
}

/// Where an index has to be to know everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexPosition {
    /// The number of the owner's last change.
    pub seq: i64,
    /// Changes when the store becomes another one, as a backup is put in its place.
    pub generation: i64,
    /// The vectors that searches use.
    pub space: Option<VectorSpace>,
    /// About how many memories there are.
    pub memories: u64,
}

/// Something that happened after a `seq`.
#[derive(Debug, Clone, PartialEq)]
pub enum IndexChange {
    /// A memory is new or changed.
    Put(Box<IndexRow>),
    /// A memory got its vector.
    Vector(i64, Vec<f32>),
    /// A memory is gone.
    Removed(i64),
}

/// Derived indices read everything once, and then what changed.
#[async_trait]
pub trait IndexFeed: Send + Sync {
    /// Whether another process answers: then a question is worth asking early, and an answer worth keeping.
    fn is_remote(&self) -> bool;

    /// What an index of the owner must have taken in.
    async fn index_position(&self, owner: OwnerId) -> Result<IndexPosition>;

    /// Up to `limit` memories after this row number, in its order, expired ones included.
    async fn index_rows(
        &self,
        owner: OwnerId,
        after: i64,
        limit: u32,
        slot: Option<Slot>,
    ) -> Result<Vec<IndexRow>>;

    /// Up to `limit` changes after `seq`, in order, each with its number.
    async fn index_changes(
        &self,
        owner: OwnerId,
        seq: i64,
        limit: u32,
        slot: Option<Slot>,
    ) -> Result<Vec<(i64, IndexChange)>>;

    /// The memories of these rows, in their order, without those that are gone.
    async fn memories_by_pk(
        &self,
        owner: OwnerId,
        pks: &[i64],
        with_embedding: bool,
    ) -> Result<Vec<(i64, Memory)>>;

    /// The same without vectors, and what an index must have taken in at that moment. A store that is far away is
    /// waited for once.
    async fn position_and_memories(
        &self,
        owner: OwnerId,
        pks: &[i64],
    ) -> Result<(IndexPosition, Vec<(i64, Memory)>)>;
}
