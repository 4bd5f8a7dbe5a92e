//! What tests look at: scores and what they are made of, one by one.

use super::filter::{Filter, Selection, Validity};
use super::plan::{Plan, Term};
use super::sessions::Neighbours;
use super::{Shard, bm25};
use crate::query::Keywords;

/// What a shard knows of a term of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct TermFact {
    /// Its place in [`Keywords::terms`].
    pub(super) place: usize,
    /// How many memories hold the term itself, of those that the filter admits.
    pub(super) memories: usize,
    /// How many of them hold it or one of its [variants](super#variants).
    pub(super) matching: usize,
}

/// What a term adds to the score of a memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    /// The term.
    pub(super) term: TermFact,
    /// How often the memory holds the term itself.
    pub(super) count: u32,
    /// How often it holds [variants](super#variants) of it.
    pub(super) variants: u32,
    /// What that adds.
    pub(super) score: f32,
}

/// What scores are relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Statistics {
    /// The number of memories.
    pub(super) memories: usize,
    /// The mean number of words in one.
    pub(super) mean_words: f32,
}

impl Shard {
    /// The BM25 score of each of these memories among all there are, found by this query or not; 0 if it holds none of
    /// the terms or is not there.
    pub(super) fn score_keyword(&self, keywords: &Keywords, keys: &[i64]) -> Vec<f32> {
        let plan = self.plan(keywords, &self.everything());
        let score = |&key: &i64| {
            self.documents.find(key).map_or(0.0, |document| bm25::score(self.score(&plan, document).0))
        };
        keys.iter().map(score).collect()
    }

    /// Which terms of the query a memory holds, and what each adds to its score among all there are, in the order of
    /// the query. Empty if it holds none or is not there.
    pub(super) fn explain(&self, keywords: &Keywords, key: i64) -> Vec<Part> {
        let plan = self.plan(keywords, &self.everything());
        let Some(document) = self.documents.find(key) else { return Vec::new() };
        let counts = self.counts(&plan, document);
        let parts = self.parts(&plan, document, &counts);
        let parts = plan.terms.iter().enumerate().zip(parts).map(|((at, term), units)| Part {
            term: term.fact(),
            count: counts.exact[at],
            variants: counts.variants[at],
            score: bm25::score(units),
        });
        parts.filter(|part| part.count + part.variants > 0).collect()
    }

    /// The terms of a query that occur in what passes a filter.
    pub(super) fn terms_within(&self, keywords: &Keywords, filter: &Filter<'_>) -> Vec<TermFact> {
        self.plan(keywords, &self.select(filter)).facts()
    }

    /// The terms of a query that occur anywhere, in its order.
    pub(super) fn terms(&self, keywords: &Keywords) -> Vec<TermFact> {
        self.plan(keywords, &self.everything()).facts()
    }

    /// What scores are relative to when there is no filter.
    pub(super) fn statistics(&self) -> Statistics {
        let memories = self.documents.living();
        Statistics { memories, mean_words: bm25::mean(memories, self.documents.words()) }
    }

    /// All that live, the expired and the superseded included.
    fn everything(&self) -> Selection<'_> {
        self.select(&Filter { validity: Validity::Ever, ..Filter::at(i64::MIN) })
    }

    /// How many memories pass a filter.
    pub(super) fn count(&self, filter: &Filter<'_>) -> usize {
        self.select(filter).count
    }

    /// What stands before and after each of these memories in its session and passes the filter.
    pub(super) fn neighbours(&self, keys: &[i64], filter: &Filter<'_>) -> Vec<Neighbours> {
        let selection = self.select(filter);
        let neighbours = |&key: &i64| {
            self.documents
                .find(key)
                .map(|document| self.sessions.neighbours(&self.documents, document, &selection))
                .unwrap_or_default()
        };
        keys.iter().map(neighbours).collect()
    }
}

impl Term<'_> {
    fn fact(&self) -> TermFact {
        TermFact { place: self.place, memories: self.documents, matching: self.matching() }
    }
}

impl Plan<'_> {
    pub(super) fn facts(&self) -> Vec<TermFact> {
        self.terms.iter().map(Term::fact).collect()
    }
}
