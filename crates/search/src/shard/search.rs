//! What can be asked of a shard.

use super::filter::Filter;
use super::rescore::SPARE;
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

impl Shard {
    /// The best `limit` memories by BM25, and how many match. A memory matches when it holds one of the terms or a
    /// [variant](super#variants) of one; of two with the same score the one with the higher key comes first.
    pub fn keyword(&self, keywords: &Keywords, filter: &Filter<'_>, limit: usize) -> Found {
        let selection = self.select(filter);
        let plan = self.plan(keywords, &selection);
        let hits = self.rank(&plan, &selection, limit).into_sorted();
        let hits = hits.map(|(units, (key, _))| Hit { key, score: bm25::score(units) }).collect();
        Found { hits, total: plan.count(&selection) }
    }

    /// How many postings a search by exactly these words may have to read.
    pub fn postings(&self, keywords: &Keywords) -> usize {
        let of = |Keyword { token, prefix }: &Keyword| {
            let numbers = self.terms.meant(token, *prefix).into_iter();
            numbers.map(|number| self.terms.postings(number).len()).sum::<usize>()
        };
        keywords.terms().iter().map(of).sum()
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
        Ok(best.into_sorted().map(|(score, (key, _))| Hit { key, score: unsortable(score) }).collect())
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
}
