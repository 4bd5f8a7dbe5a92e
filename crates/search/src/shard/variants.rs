//! What the variants of a query's term add: the postings of several terms as if they were one.

use std::borrow::Cow;
use std::cmp::Reverse;

use super::Shard;
use super::bits::Bits;
use super::bm25;
use super::cursor::Cursor;
use super::filter::Selection;
use super::postings::{BLOCK, Postings};

/// What a match of a term or its variants, taken as one term, is worth beside one of the term itself.
const WORTH: f32 = 0.6;

/// A term that so many memories of a selection hold needs no help: its variants would cost more than all else and add
/// little.
const ENOUGH: usize = 1000;

/// Nor, in a small part of the memories, does one that so many of that part hold and `ENOUGH` of all: its variants are
/// as long, and nearly all of what is read of them lies outside of that part.
const ENOUGH_OF_FREQUENT: usize = 20;

/// A selection is a small part if there are more than so many times as many memories.
const SMALL_PART: usize = 8;

/// The variants of one term that count, those in the most memories: beyond them are rare words.
pub(crate) const MOST: usize = 64;
/// The variants of all terms of a query together, divided evenly.
pub(crate) const MOST_IN_ALL: usize = 512;

/// Below this share of the documents a selection leaves little of any list, so all of them are joined.
const NARROW: usize = 32;

/// A list of this share of the documents is joined with the others; longer ones are read where they lie.
const LONG: usize = 1024;

/// A term and its variants, taken as one term.
pub(crate) struct Variants<'a> {
    /// As if it were one term, less what it is worth less.
    pub(crate) weight: f32,
    /// The documents of the selection that hold a variant.
    pub(crate) holding: Bits,
    /// How many hold the term or a variant.
    pub(crate) count: usize,
    /// Those of the variants; a document may be in several.
    pub(crate) postings: Vec<Cow<'a, Postings>>,
    /// The numbers of the variants.
    pub(crate) numbers: Vec<u32>,
}

impl Shard {
    /// Whether variants help a term with these postings, which so many documents of the selection hold.
    pub(crate) fn variants_help(
        &self,
        exact: &Postings,
        documents: usize,
        selection: &Selection<'_>,
    ) -> bool {
        let small = selection.count * SMALL_PART < self.documents.living();
        let enough = if small && exact.alive() >= ENOUGH { ENOUGH_OF_FREQUENT } else { ENOUGH };
        documents < enough
    }

    /// The variants of a term with these postings, which so many documents of the selection hold; `None` if the
    /// selection holds none. At most `most` of them: those with the most memories, then by their names.
    pub(crate) fn variants(
        &self,
        token: &str,
        exact: &Postings,
        documents: usize,
        selection: &Selection<'_>,
        most: usize,
    ) -> Option<Variants<'_>> {
        let alive = |number: u32| self.terms.postings(number).alive();
        let mut numbers: Vec<u32> = self.terms.variants(token).filter(|&number| alive(number) > 0).collect();
        if numbers.len() > most {
            let order = |&number: &u32| (Reverse(alive(number)), self.terms.name(number));
            numbers.select_nth_unstable_by(most, |a, b| order(a).cmp(&order(b)));
            numbers.truncate(most);
        }
        let long = match self.documents.rows().len() {
            all if selection.count * NARROW < all => usize::MAX,
            all => BLOCK.max(all / LONG),
        };
        let (long, short): (Vec<u32>, Vec<u32>) = numbers.iter().partition(|&&number| alive(number) > long);
        let short = self.union(&short, selection);
        if long.is_empty() && short.len() == 0 {
            return None;
        }
        let mut holding = Bits::with_room(self.documents.rows().len());
        if !long.is_empty() {
            for &number in &long {
                self.terms.postings(number).add_in(selection, &mut holding);
            }
            holding.keep(&selection.bits);
        }
        short.each_document(|document| holding.insert(document));
        if holding.is_empty() {
            return None;
        }
        let mut cursor = Cursor::new(exact);
        let count = documents + holding.iter().filter(|&document| cursor.count(document).is_none()).count();

        let mut postings: Vec<_> =
            long.into_iter().map(|number| Cow::Borrowed(self.terms.postings(number))).collect();
        if short.len() > 0 {
            postings.push(Cow::Owned(short));
        }
        let weight = WORTH * bm25::weight(bm25::idf(selection.count, count));
        Some(Variants { weight, holding, count, postings, numbers })
    }

    /// The postings of several terms as if they were one, of the documents of a selection.
    pub(crate) fn union(&self, numbers: &[u32], selection: &Selection<'_>) -> Postings {
        let mut all: Vec<u64> = Vec::new();
        for &number in numbers {
            let postings = self.terms.postings(number);
            postings.each_counted_in(selection, |document, count| {
                all.push(u64::from(document) << 32 | u64::from(count));
            });
        }
        all.sort_unstable();
        let lengths = self.documents.lengths();
        #[expect(clippy::cast_possible_truncation, reason = "32 bits each")]
        let parts = |posting: u64| ((posting >> 32) as u32, (posting & u64::from(u32::MAX)) as u32);
        let mut union = Postings::new();
        for run in all.chunk_by(|&a, &b| parts(a).0 == parts(b).0) {
            let document = parts(run[0]).0;
            let count = run.iter().map(|&posting| parts(posting).1).sum();
            union.push(document, count, lengths[document as usize]);
        }
        union
    }
}
