//! A keyword query, looked up: which postings, and what each term weighs.

use std::borrow::Cow;

use super::Shard;
use super::bits::Bits;
use super::bm25::{self, Norms};
use super::pairs::MAX_COUNT;
use super::postings::Postings;
use crate::query::{Keyword, Keywords, MAX_TERMS};

/// The terms of a query that occur.
pub(crate) struct Plan<'a> {
    pub(crate) terms: Vec<Term<'a>>,
    pub(crate) norms: Norms,
    /// Numbers of terms, ascending, and the place in `terms` each belongs to.
    lookup: Vec<(u32, usize)>,
}

pub(crate) struct Term<'a> {
    /// Its place in the query.
    pub(crate) place: usize,
    pub(crate) idf: f32,
    pub(crate) weight: f32,
    /// The living documents that hold it.
    pub(crate) documents: usize,
    pub(crate) postings: Cow<'a, Postings>,
}

impl Shard {
    pub(crate) fn plan(&self, keywords: &Keywords) -> Plan<'_> {
        let living = self.documents.living();
        let mut plan =
            Plan { terms: Vec::new(), norms: Norms::new(living, self.documents.words()), lookup: Vec::new() };
        for (place, Keyword { token, prefix }) in keywords.terms().iter().enumerate() {
            let numbers = if *prefix {
                self.terms.starting_with(token)
            } else {
                Vec::from_iter(self.terms.find(token))
            };
            let postings = match *numbers.as_slice() {
                [] => continue,
                [number] => Cow::Borrowed(self.terms.postings(number)),
                _ => Cow::Owned(self.union(&numbers)),
            };
            if postings.alive() == 0 {
                continue;
            }
            let idf = bm25::idf(living, postings.alive());
            let documents = postings.alive();
            plan.lookup.extend(numbers.into_iter().map(|number| (number, plan.terms.len())));
            plan.terms.push(Term { place, idf, weight: bm25::weight(idf), documents, postings });
        }
        plan.lookup.sort_unstable();
        plan
    }

    /// The postings of several terms as if they were one.
    fn union(&self, numbers: &[u32]) -> Postings {
        let mut all = Vec::new();
        for &number in numbers {
            self.terms.postings(number).each(|document, count| all.push((document, count)));
        }
        all.sort_unstable();
        let (lengths, alive) = (self.documents.lengths(), self.documents.alive());
        let mut union = Postings::new();
        for run in all.chunk_by(|a, b| a.0 == b.0).filter(|run| alive.contains(run[0].0)) {
            let count = run.iter().map(|&(_, count)| count).sum();
            union.push(run[0].0, count, lengths[run[0].0 as usize]);
        }
        union
    }

    /// How often each term of a plan occurs in a document, by place in `plan.terms`.
    pub(crate) fn counts(&self, plan: &Plan<'_>, document: u32) -> [u32; MAX_TERMS] {
        let mut counts = [0; MAX_TERMS];
        let mut lookup = plan.lookup.as_slice();
        for (number, count) in self.terms.held_by(document) {
            while let Some((&(wanted, term), rest)) = lookup.split_first()
                && wanted <= number
            {
                if wanted == number {
                    counts[term] = (counts[term] + count).min(MAX_COUNT);
                }
                lookup = rest;
            }
            if lookup.is_empty() {
                break;
            }
        }
        counts
    }

    /// What each term of a plan adds to the score of a document, by place in `plan.terms`; 0 if it adds nothing.
    pub(crate) fn parts<'p>(
        &self,
        plan: &'p Plan<'_>,
        document: u32,
        counts: &'p [u32; MAX_TERMS],
    ) -> impl Iterator<Item = u32> + 'p {
        let norm = plan.norms.of(self.documents.lengths()[document as usize]);
        let part = move |(term, &count): (&Term<'_>, &u32)| match count {
            0 => 0,
            _ => bm25::units(term.weight, norm, count),
        };
        plan.terms.iter().zip(counts).map(part)
    }
}

impl Plan<'_> {
    /// How many documents of the selection hold one of the terms.
    ///
    /// Frequent terms have their documents as a set, which is joined a word at a time; the others are short.
    pub(crate) fn count(&self, selection: &super::filter::Selection<'_>) -> usize {
        match self.terms.as_slice() {
            [] => 0,
            [term] if selection.everything => term.documents,
            terms => {
                let room = terms.iter().map(|term| term.postings.next()).max().unwrap_or(0);
                let mut union = Bits::with_room(room as usize);
                for Term { postings, .. } in terms {
                    match postings.set() {
                        Some(set) => union.add(set),
                        None => postings.each_document(|document| union.insert(document)),
                    }
                }
                if selection.everything { union.count() } else { union.count_common(&selection.bits) }
            }
        }
    }
}
