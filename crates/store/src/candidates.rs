//! Searching by meaning without an index in memory: a store that can brings up
//! candidates, and whoever asked puts them in order.

use async_trait::async_trait;
use omp_model::{Principal, SearchFilter, Timestamp};
use omp_search::Keywords;

use crate::{Result, Slot};

/// What candidates are wanted for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The space that the vector is of.
    pub slot: Slot,
    /// The vector of the question.
    pub vector: &'a [f32],
    /// Its words; none where only likeness counts.
    pub keywords: Option<&'a Keywords>,
    /// Which memories may answer.
    pub filter: &'a SearchFilter,
    /// How many of each side.
    pub depth: u32,
    /// From which cosine on a memory counts as alike.
    pub alike: f32,
}

/// A memory that may be in the answer, with everything that its place depends on.
#[derive(Clone, PartialEq)]
pub struct Candidate {
    /// Its row number.
    pub pk: i64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// BM25 of the words of the question.
    pub keyword: f32,
    /// A bit for each term of the question that it holds, by place.
    pub matched: u64,
    /// Its vector, all windows, as it was stored.
    pub windows: Vec<f32>,
}

impl std::fmt::Debug for Candidate {
    /// Without the vector, from which the text could be guessed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Candidate").field("pk", &self.pk).finish_non_exhaustive()
    }
}

/// What a store brought up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidates {
    /// The nearest by vector and the best by words, each once, in no order.
    pub memories: Vec<Candidate>,
    /// How many memories hold one of the words.
    pub by_words: u64,
    /// How many memories are alike; where not all were looked at, how many of those that were.
    pub alike: u64,
    /// Whether all that pass the filter were compared with the question: then nothing that is nearer was missed.
    pub exhaustive: bool,
}

/// What came of asking for candidates.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// They are these.
    Candidates(Candidates),
    /// This store does not search by vectors itself, for a reason that people can do something about, if there is one.
    Unable(Option<String>),
}

/// Stores that search by vectors themselves.
#[async_trait]
pub trait CandidateStore: Send + Sync {
    /// Brings up the nearest and, with keywords, the best by words.
    async fn candidates(&self, _: &Principal, _: Wanted<'_>, _: Timestamp) -> Result<Found> {
        Ok(Found::Unable(None))
    }

    /// Does one piece of the upkeep that such searches need, if any is due. Returns whether there is more.
    async fn tend_candidates(&self) -> Result<bool> {
        Ok(false)
    }
}
