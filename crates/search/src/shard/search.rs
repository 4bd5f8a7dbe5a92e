//! What can be asked of a shard.

use super::filter::Filter;
use super::plan::{Plan, Term};
use super::rescore::SPARE;
use super::sessions::Neighbours;
use super::top::unsortable;
use super::vectors::{Cosine, VectorError};
use super::{Shard, bm25};
use crate::query::{Keyword, Keywords};

/// A memory and its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The memory.
    pub key: i64,
    /// BM25, or a cosine.
    pub score: f32,
}

/// What a keyword search found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The best, best first.
    pub hits: Vec<Hit>,
    /// How many memories match and pass the filter.
    pub total: usize,
}

/// What a shard knows of a term of a query.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TermFact {
    /// Its place in [`Keywords::terms`].
    pub place: usize,
    /// How many memories hold the term itself, of those that the filter admits.
    pub memories: usize,
    /// How many of them hold it or one of its [variants](super#variants).
    pub matching: usize,
    /// How telling it is among `N` of them: `ln(1 + (N - memories + ½) / (memories + ½))`.
    pub idf: f32,
}

/// What a term adds to the score of a memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// The term.
    pub term: TermFact,
    /// How often the memory holds the term itself.
    pub count: u32,
    /// How often it holds [variants](super#variants) of it.
    pub variants: u32,
    /// What that adds.
    pub score: f32,
}

/// What scores are relative to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statistics {
    /// The number of memories.
    pub memories: usize,
    /// The mean number of words in one.
    pub mean_words: f32,
}

impl Shard {
    /// The best `limit` memories by BM25, and how many match. A memory matches when it holds one of the terms or a
    /// [variant](super#variants) of one; of two with the same score the one with the higher key comes first.
    pub fn keyword(&self, keywords: &Keywords, filter: &Filter<'_>, limit: usize) -> Found {
        let selection = self.select(filter);
        let plan = self.plan(keywords, &selection);
        let hits = self.rank(&plan, &selection, limit).into_sorted();
        let hits = hits.map(|(units, key)| Hit { key, score: bm25::score(units) }).collect();
        Found { hits, total: plan.count(&selection) }
    }

    /// The BM25 score of each of these memories among all there are, found by this query or not; 0 if it holds none of
    /// the terms or is not there.
    pub fn score_keyword(&self, keywords: &Keywords, keys: &[i64]) -> Vec<f32> {
        let plan = self.plan(keywords, &self.everything());
        let score = |&key: &i64| {
            self.documents.find(key).map_or(0.0, |document| bm25::score(self.score(&plan, document).0))
        };
        keys.iter().map(score).collect()
    }

    /// Which terms of the query a memory holds, and what each adds to its score among all there are, in the order of
    /// the query. Empty if it holds none or is not there.
    pub fn explain(&self, keywords: &Keywords, key: i64) -> Vec<Part> {
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

    /// The terms of a query that occur anywhere, in its order.
    pub fn terms(&self, keywords: &Keywords) -> Vec<TermFact> {
        self.plan(keywords, &self.everything()).facts()
    }

    /// How many postings a search by exactly these words may have to read.
    pub fn postings(&self, keywords: &Keywords) -> usize {
        let of = |Keyword { token, prefix }: &Keyword| {
            let numbers = self.terms.meant(token, *prefix).into_iter();
            numbers.map(|number| self.terms.postings(number).len()).sum::<usize>()
        };
        keywords.terms().iter().map(of).sum()
    }

    /// What scores are relative to when there is no filter.
    pub fn statistics(&self) -> Statistics {
        let memories = self.documents.living();
        Statistics { memories, mean_words: bm25::mean(memories, self.documents.words()) }
    }

    /// Candidates for the best `limit` memories by likeness to `query`: [`SPARE`] more than that, with a cosine that
    /// is right to two digits, best first. [`rescore`](super::rescore) chooses among them.
    ///
    /// # Errors
    ///
    /// When the query's vector does not fit the shard's.
    pub fn semantic(
        &self,
        query: &[f32],
        filter: &Filter<'_>,
        limit: usize,
    ) -> Result<Vec<Hit>, VectorError> {
        let probe = self.vectors.probe(query)?;
        let (best, _) = self.scan(&probe, &self.select(filter), limit.saturating_add(SPARE), |_, _| false);
        Ok(best.into_sorted().map(|(score, key)| Hit { key, score: unsortable(score) }).collect())
    }

    /// The likeness of each of these memories to `query`, right to two digits; `None` if it has no vector or is not
    /// there.
    ///
    /// # Errors
    ///
    /// When the query's vector does not fit the shard's.
    pub fn cosines(&self, query: &[f32], keys: &[i64]) -> Result<Vec<Option<Cosine>>, VectorError> {
        let probe = self.vectors.probe(query)?;
        let cosine = |&key: &i64| self.vectors.cosine(self.documents.find(key)?, &probe);
        Ok(keys.iter().map(cosine).collect())
    }

    /// How many memories pass a filter.
    pub fn count(&self, filter: &Filter<'_>) -> usize {
        self.select(filter).count
    }

    /// What stands before and after each of these memories in its session and passes the filter.
    pub fn neighbours(&self, keys: &[i64], filter: &Filter<'_>) -> Vec<Neighbours> {
        let selection = self.select(filter);
        let neighbours = |&key: &i64| {
            self.documents
                .find(key)
                .map(|document| self.sessions.neighbours(&self.documents, document, &selection))
                .unwrap_or_default()
        };
        keys.iter().map(neighbours).collect()
    }

    /// The memories of a namespace (`None`: those without one) whose text has this [hash](super::text_hash) and that
    /// have not expired, the last stored first.
    pub fn same_text(&self, namespace: Option<&str>, hash: u64, now: i64) -> Vec<i64> {
        let namespace = match namespace.map(|name| self.namespaces.number(name)) {
            None => super::NONE,
            Some(Some(number)) => number,
            Some(None) => return Vec::new(),
        };
        let found = self.documents.with_text(hash).filter(|&document| {
            let row = self.documents.row(document);
            self.documents.alive().contains(document) && row.namespace == namespace && row.expires_at > now
        });
        found.map(|document| self.documents.row(document).key).collect()
    }
}

impl Term<'_> {
    fn fact(&self) -> TermFact {
        TermFact { place: self.place, memories: self.documents, matching: self.matching(), idf: self.idf }
    }
}

impl Plan<'_> {
    pub(super) fn facts(&self) -> Vec<TermFact> {
        self.terms.iter().map(Term::fact).collect()
    }
}
