//! The dictionary, the postings of each term, and the terms of each document.

use hashbrown::HashMap;

use super::families::Families;
use super::names::Names;
use super::pairs::{self, Pairs};
use super::postings::Postings;
use super::reserve;

/// Every term has its postings, and every document its list of terms: with it a document that dies is taken out of the
/// statistics at once, and a candidate is scored without looking through postings.
#[derive(Clone, Default)]
pub(crate) struct Terms {
    names: Names,
    postings: Vec<Postings>,
    /// The terms that start with a character, for queries by prefix.
    starts: HashMap<char, Vec<u32>>,
    families: Families,
    held: Vec<u8>,
    held_ends: Vec<u32>,
}

impl Terms {
    /// The numbers of the terms in `words`, ascending, a number for each occurrence. New terms get a number.
    pub(crate) fn number(&mut self, words: &str) -> Vec<u32> {
        let mut numbers = Vec::with_capacity(words.len() / 6 + 1);
        numbers.extend(words.split(' ').filter(|word| !word.is_empty()).map(|word| self.number_one(word)));
        numbers.sort_unstable();
        numbers
    }

    fn number_one(&mut self, word: &str) -> u32 {
        let number = self.names.number(word);
        if number as usize == self.postings.len() {
            reserve(&mut self.postings, 1);
            self.postings.push(Postings::new());
            self.families.push(&self.names, number);
            if let Some(first) = word.chars().next() {
                self.starts.entry(first).or_default().push(number);
            }
        }
        number
    }

    /// Adds the next document, which holds the terms `numbers`.
    pub(crate) fn push(&mut self, document: u32, numbers: &[u32], length: u16) {
        let counted =
            numbers.chunk_by(|a, b| a == b).map(|run| (run[0], u32::try_from(run.len()).unwrap_or(u32::MAX)));
        self.push_counted(document, counted, length);
    }

    fn push_counted(&mut self, document: u32, counted: impl Iterator<Item = (u32, u32)>, length: u16) {
        let mut next = 0;
        if self.held.capacity() - self.held.len() < 4 * usize::from(length) {
            reserve(&mut self.held, 4 * usize::from(length));
        }
        for (number, count) in counted {
            pairs::push(&mut self.held, next, number, count);
            next = number + 1;
            self.postings[number as usize].push(document, count, length);
        }
        debug_assert_eq!(self.held_ends.len(), document as usize, "documents come in order");
        reserve(&mut self.held_ends, 1);
        self.held_ends.push(u32::try_from(self.held.len()).expect("the words of a shard are under 4 GB"));
    }

    /// Takes a document that died out of the statistics.
    pub(crate) fn bury(&mut self, document: u32) {
        let Self { postings, held, held_ends, .. } = self;
        held_by(held, held_ends, document).for_each(|(number, _)| postings[number as usize].lose_one());
    }

    /// The terms that a document holds, by number, and how often.
    pub(crate) fn held_by(&self, document: u32) -> Pairs<'_> {
        held_by(&self.held, &self.held_ends, document)
    }

    pub(crate) fn find(&self, word: &str) -> Option<u32> {
        self.names.find(word)
    }

    /// The terms that a word of a query means: itself, or all that start with it.
    pub(crate) fn meant(&self, token: &str, prefix: bool) -> Vec<u32> {
        if prefix { self.starting_with(token) } else { Vec::from_iter(self.find(token)) }
    }

    /// The terms that start with `prefix`, ascending.
    pub(crate) fn starting_with(&self, prefix: &str) -> Vec<u32> {
        let Some(first) = prefix.chars().next() else { return Vec::new() };
        let same_start = self.starts.get(&first).map(Vec::as_slice).unwrap_or_default();
        let starts = |&number: &u32| self.names.name(number).starts_with(prefix);
        same_start.iter().copied().filter(starts).collect()
    }

    /// The variants of a term, which need not occur itself.
    pub(crate) fn variants<'a>(&'a self, term: &'a str) -> impl Iterator<Item = u32> + 'a {
        self.families.variants(&self.names, term)
    }

    pub(crate) fn name(&self, number: u32) -> &str {
        self.names.name(number)
    }

    pub(crate) fn postings(&self, number: u32) -> &Postings {
        &self.postings[number as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// The terms without the documents that are gone. `kept` are the old numbers of the others, in order.
    pub(crate) fn compacted(&self, kept: &[u32], lengths: &[u16]) -> Self {
        let mut terms = Self::default();
        let numbers: Vec<Option<u32>> = (0_u32..)
            .zip(&self.postings)
            .map(|(number, postings)| {
                (postings.alive() > 0).then(|| terms.number_one(self.names.name(number)))
            })
            .collect();
        terms.held_ends.reserve_exact(kept.len());
        for (document, &old) in (0..).zip(kept) {
            // The numbers keep their order.
            let counted = self
                .held_by(old)
                .filter_map(|(number, count)| numbers[number as usize].map(|number| (number, count)));
            terms.push_counted(document, counted, lengths[document as usize]);
        }
        terms
    }

    pub(crate) fn bytes(&self) -> usize {
        let starts = self.starts.values().map(|terms| terms.capacity() * size_of::<u32>()).sum::<usize>();
        self.names.bytes()
            + self.postings.capacity() * size_of::<Postings>()
            + self.postings.iter().map(Postings::bytes).sum::<usize>()
            + self.starts.allocation_size()
            + self.families.bytes()
            + starts
            + self.held.capacity()
            + self.held_ends.capacity() * size_of::<u32>()
    }
}

fn held_by<'a>(held: &'a [u8], ends: &[u32], document: u32) -> Pairs<'a> {
    let document = document as usize;
    let start = if document == 0 { 0 } else { ends[document - 1] as usize };
    pairs::read(&held[start..ends[document] as usize], 0)
}
