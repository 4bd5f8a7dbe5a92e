//! Both sides of a hybrid search at once: what each found, and for all of it what the other would have said.

use hashbrown::HashSet;

use super::bm25;
use super::filter::Filter;
use super::sessions::Neighbours;
use super::vectors::{Cosine, VectorError};
use super::{Shard, TermFact};
use crate::query::Keywords;

/// A memory that keywords or likeness brought up, with all that a ranking may want to know.
///
/// Its `Debug` tells no text; there is none in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The memory.
    pub key: i64,
    /// Its BM25 score among what passes the filter, whichever side brought it up; 0 if it holds none of the terms.
    pub keyword: f32,
    /// A bit for each term of the query that it holds, as itself or as a [variant](super#variants), by place in [`Keywords::terms`].
    pub matched: u64,
    /// Its likeness to the query; `None` if it has no vector or the search none.
    pub cosine: Option<Cosine>,
    /// Its type.
    pub kind: u8,
    /// When it was stored, in milliseconds.
    pub created_at: i64,
    /// When it was last changed, in milliseconds.
    pub updated_at: i64,
    /// What stands before and after it in its session and may be seen: in the same namespaces at the same time,
    /// whatever its type, tool, tags and dates.
    pub neighbours: Neighbours,
    /// Its [`text_hash`](super::text_hash): candidates that share it say the same.
    pub text_hash: u64,
}

/// What [`Shard::candidates`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidates {
    /// The best of either side, the latest stored first.
    pub list: Vec<Candidate>,
    /// How many memories pass the filter and hold a term of the query.
    pub matching: usize,
    /// How many memories pass the filter.
    pub selected: usize,
    /// The terms of the query that occur in what passes the filter.
    pub terms: Vec<TermFact>,
}

impl Shard {
    /// The `per_side` best by keywords and the `per_side` best by likeness (to `query`, if there is one), each memory
    /// once, with both scores.
    ///
    /// # Errors
    ///
    /// When the query's vector does not fit the shard's.
    pub fn candidates(
        &self,
        keywords: &Keywords,
        query: Option<&[f32]>,
        filter: &Filter<'_>,
        per_side: usize,
    ) -> Result<Candidates, VectorError> {
        let probe = query.map(|query| self.vectors.probe(query)).transpose()?;
        let selection = self.select(filter);
        let plan = self.plan(keywords, &selection);
        let scope = self.select(&filter.scope());

        let by_keyword = self.rank(&plan, &selection, per_side).into_sorted();
        let by_likeness = probe
            .iter()
            .flat_map(|probe| self.scan(probe, &selection, per_side, |_, _| false).0.into_sorted());
        let mut seen = HashSet::new();
        let mut keys: Vec<i64> =
            by_keyword.chain(by_likeness).map(|(_, key)| key).filter(|&key| seen.insert(key)).collect();
        keys.sort_unstable_by(|a, b| b.cmp(a));

        let candidate = |key: i64| {
            let document = self.documents.find(key)?;
            let row = self.documents.row(document);
            let (units, matched) = self.score(&plan, document);
            Some(Candidate {
                key,
                keyword: bm25::score(units),
                matched,
                cosine: probe.as_ref().and_then(|probe| self.vectors.cosine(document, probe)),
                kind: row.kind,
                created_at: row.created_at,
                updated_at: row.updated_at,
                neighbours: self.sessions.neighbours(&self.documents, document, &scope),
                text_hash: row.text_hash,
            })
        };
        Ok(Candidates {
            list: keys.into_iter().filter_map(candidate).collect(),
            matching: plan.count(&selection),
            selected: selection.count,
            terms: plan.facts(),
        })
    }
}
