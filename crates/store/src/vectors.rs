//! Vectors of memories: one space for each embedding model, and what still waits for its vector.

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};

use crate::Result;

/// Which of the two places for vector spaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(pub u8);

/// A model as the store knows it: vectors of different models are never compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceModel {
    /// Its name.
    pub name: String,
    /// Its revision: other weights are another model.
    pub revision: String,
    /// The length of its vectors.
    pub dimensions: u32,
}

/// The vectors that one model made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorSpace {
    /// Where they are.
    pub slot: Slot,
    /// Who made them.
    pub model: SpaceModel,
    /// Whether searches use it; the other one is being made ready.
    pub active: bool,
}

/// A memory that waits for its vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Pending {
    /// Whose.
    pub owner: OwnerId,
    /// Its row number.
    pub pk: i64,
    /// The number of its last change: a vector of an older text is not taken.
    pub seq: i64,
    /// The memory.
    pub memory: Memory,
}

/// A vector to store.
#[derive(Clone, PartialEq)]
pub struct NewVector {
    /// The memory's row number.
    pub pk: i64,
    /// The number of the change whose text it stands for.
    pub seq: i64,
    /// Its windows, one after the other, each as long as the space's dimensions; empty when there is nothing to embed.
    pub windows: Vec<f32>,
}

impl std::fmt::Debug for NewVector {
    /// Without the values, from which the text could be guessed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewVector")
            .field("pk", &self.pk)
            .field("values", &self.windows.len())
            .finish_non_exhaustive()
    }
}

/// Vectors are derived from memories: they can be made again, and follow
/// the memory's row in a transaction of their own.
#[async_trait]
pub trait VectorStore: Send + Sync {
    /// The spaces that there are.
    async fn vector_spaces(&self) -> Result<Vec<VectorSpace>>;

    /// The space of this model, made if it is new: then every memory waits for its vector in it. The first space is
    /// active at once; another one replaces a space that was being made ready, never the active one.
    async fn open_vector_space(&self, model: &SpaceModel) -> Result<VectorSpace>;

    /// Lets searches use this space and removes the other one.
    async fn activate_vector_space(&self, slot: Slot) -> Result<()>;

    /// How many memories wait in this space.
    async fn count_backlog(&self, slot: Slot) -> Result<u64>;

    /// Memories that wait, the one stored last first. Where several servers share a store, each gets others; those that
    /// one of them got and did not give vectors to wait again after a while.
    async fn backlog(&self, slot: Slot, limit: u32) -> Result<Vec<Pending>>;

    /// Stores vectors whose memory has not changed since and takes these memories off the backlog. When another model
    /// has the place of this space by now, nothing is stored:
    /// [`StoreError::OtherModel`](crate::StoreError::OtherModel).
    async fn put_vectors(&self, space: &VectorSpace, vectors: Vec<NewVector>) -> Result<()>;

    /// The vectors of these rows (all windows), as they were stored; `None` where there is none.
    async fn vectors(&self, slot: Slot, pks: &[i64]) -> Result<Vec<Option<Vec<f32>>>>;
}
