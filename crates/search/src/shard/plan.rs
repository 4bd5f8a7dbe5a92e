//! A keyword query, looked up: which postings, and what each term weighs.

use std::borrow::Cow;

use super::Shard;
use super::bits::Bits;
use super::bm25::{self, Norms};
use super::filter::Selection;
use super::pairs::MAX_COUNT;
use super::postings::Postings;
use super::variants::{MOST, MOST_IN_ALL, Variants};
use crate::query::{Keyword, Keywords, MAX_TERMS};

/// The terms of a query that occur in a selection, themselves or as variants.
pub(crate) struct Plan<'a> {
    pub(crate) terms: Vec<Term<'a>>,
    pub(crate) norms: Norms,
    lookup: Lookup,
}

pub(crate) struct Term<'a> {
    /// Its place in the query.
    pub(crate) place: usize,
    /// 0 if no document of the selection holds it.
    pub(crate) weight: f32,
    /// The documents of the selection that hold it.
    pub(crate) documents: usize,
    pub(crate) postings: Cow<'a, Postings>,
    pub(crate) variants: Option<Variants<'a>>,
}

/// How often a document holds each term of a plan, by place in `plan.terms`.
pub(crate) struct Counts {
    pub(crate) exact: [u32; MAX_TERMS],
    pub(crate) variants: [u32; MAX_TERMS],
}

impl Shard {
    /// The weights are those of the selection: what is rare in one project may be in every memory of another.
    pub(crate) fn plan(&self, keywords: &Keywords, selection: &Selection<'_>) -> Plan<'_> {
        self.plan_with(keywords, selection, true)
    }

    /// The same, with the variants of each term or without.
    pub(crate) fn plan_with(
        &self,
        keywords: &Keywords,
        selection: &Selection<'_>,
        with_variants: bool,
    ) -> Plan<'_> {
        let norms = Norms::new(self.documents.living(), self.documents.words());
        let most = (MOST_IN_ALL / keywords.len().max(1)).min(MOST);
        let (mut terms, mut numbered) = (Vec::new(), Vec::new());
        for (place, Keyword { token, prefix }) in keywords.terms().iter().enumerate() {
            let numbers = self.terms.meant(token, *prefix);
            let postings = match *numbers.as_slice() {
                [] => Cow::Owned(Postings::new()),
                [number] => Cow::Borrowed(self.terms.postings(number)),
                _ => Cow::Owned(self.union(&numbers, selection)),
            };
            let documents = postings.count_in(selection);
            let variants =
                if !with_variants || *prefix || !self.variants_help(&postings, documents, selection) {
                    None
                } else {
                    self.variants(token, &postings, documents, selection, most)
                };
            if documents == 0 && variants.is_none() {
                continue;
            }
            let weight = match documents {
                0 => 0.0,
                _ => bm25::weight(bm25::idf(selection.count, documents)),
            };
            let kin = variants.iter().flat_map(|variants| &variants.numbers);
            numbered.extend(numbers.iter().map(|&number| (number, terms.len(), true)));
            numbered.extend(kin.map(|&number| (number, terms.len(), false)));
            terms.push(Term { place, weight, documents, postings, variants });
        }
        Plan { terms, norms, lookup: Lookup::new(numbered) }
    }

    /// How often each term of a plan and its variants occur in a document.
    pub(crate) fn counts(&self, plan: &Plan<'_>, document: u32) -> Counts {
        let mut counts = Counts { exact: [0; MAX_TERMS], variants: [0; MAX_TERMS] };
        for (number, count) in self.terms.held_by(document) {
            for &(_, term, exact) in plan.lookup.get(number) {
                let place = if exact { &mut counts.exact[term] } else { &mut counts.variants[term] };
                *place = (*place + count).min(MAX_COUNT);
            }
        }
        counts
    }

    /// What each term of a plan adds to the score of a document, by place in `plan.terms`; 0 if it adds nothing.
    pub(crate) fn parts<'p>(
        &self,
        plan: &'p Plan<'_>,
        document: u32,
        counts: &'p Counts,
    ) -> impl Iterator<Item = u32> + 'p {
        let norm = plan.norms.of(self.documents.lengths()[document as usize]);
        let part = move |weight, count: u32| match count.min(MAX_COUNT) {
            0 => 0,
            count => bm25::units(weight, norm, count),
        };
        plan.terms.iter().enumerate().map(move |(at, term)| {
            let (own, more) = (counts.exact[at], counts.variants[at]);
            let variants = term.variants.as_ref().map_or(0, |variants| part(variants.weight, own + more));
            part(term.weight, own).max(variants)
        })
    }

    /// The score of a document, in units, and a bit for each term of the query that it holds, as itself or as a
    /// variant.
    pub(crate) fn score(&self, plan: &Plan<'_>, document: u32) -> (u32, u64) {
        let counts = self.counts(plan, document);
        let held =
            plan.terms.iter().enumerate().filter(|(at, _)| counts.exact[*at] + counts.variants[*at] > 0);
        let matched = held.fold(0, |bits, (_, term)| bits | 1 << term.place);
        (self.parts(plan, document, &counts).sum(), matched)
    }
}

impl Term<'_> {
    /// The documents of the selection that hold the term or a variant.
    pub(crate) fn matching(&self) -> usize {
        self.variants.as_ref().map_or(self.documents, |variants| variants.count)
    }

    /// One more than the last document.
    pub(crate) fn next(&self) -> u32 {
        let variants = self.variants.iter().flat_map(|variants| &variants.postings);
        variants.map(|postings| postings.next()).fold(self.postings.next(), u32::max)
    }
}

impl Plan<'_> {
    /// How many documents of the selection hold one of the terms.
    ///
    /// Frequent terms have their documents as a set, which is joined a word at a time; the others are short.
    pub(crate) fn count(&self, selection: &Selection<'_>) -> usize {
        match self.terms.as_slice() {
            [] => 0,
            [term] => term.matching(),
            _ => self.holders(selection).count(),
        }
    }

    /// How many postings all terms have together; `None` if variants count too.
    pub(crate) fn postings(&self) -> Option<usize> {
        self.terms.iter().map(|term| term.variants.is_none().then(|| term.postings.len())).sum()
    }

    /// The documents of the selection that hold one of the terms.
    pub(crate) fn holders(&self, selection: &Selection<'_>) -> Bits {
        let room = self.terms.iter().map(Term::next).max().unwrap_or(0);
        let mut union = Bits::with_room(room as usize);
        for Term { postings, variants, .. } in &self.terms {
            postings.add_in(selection, &mut union);
            if let Some(variants) = variants {
                union.add(&variants.holding);
            }
        }
        if !selection.everything {
            union.keep(&selection.bits);
        }
        union
    }
}

/// From the number of a term to where it belongs in a plan.
struct Lookup {
    /// Number, place in `terms`, and whether it is the term itself; ascending.
    entries: Vec<(u32, usize, bool)>,
    /// A bit for the last digits of each number: nearly all that a document holds are sorted out here.
    sieve: [u64; 64],
}

impl Lookup {
    fn new(mut entries: Vec<(u32, usize, bool)>) -> Self {
        entries.sort_unstable();
        let mut sieve = [0; 64];
        for (number, ..) in &entries {
            sieve[*number as usize / 64 % 64] |= 1 << (number % 64);
        }
        Self { entries, sieve }
    }

    fn get(&self, number: u32) -> &[(u32, usize, bool)] {
        if self.sieve[number as usize / 64 % 64] >> (number % 64) & 1 == 0 {
            return &[];
        }
        let rest = &self.entries[self.entries.partition_point(|entry| entry.0 < number)..];
        &rest[..rest.iter().take_while(|entry| entry.0 == number).count()]
    }
}
