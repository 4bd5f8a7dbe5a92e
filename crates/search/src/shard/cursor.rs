//! Reading the postings of a term forwards, unpacking only what is needed.

use super::bm25::{Impact, Norms};
use super::postings::{Postings, Unpacked};

pub(crate) struct Cursor<'a> {
    postings: &'a Postings,
    /// The block that is unpacked; its postings from `at` to `length` are still to come.
    block: usize,
    unpacked: Unpacked,
    length: usize,
    at: usize,
    has_counts: bool,
    /// The first block that was not reached yet.
    next_block: usize,
    /// The block from which the next bound is looked for.
    bounding: usize,
    /// The bound of that block, once it was needed.
    bounded: Option<u32>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(postings: &'a Postings) -> Self {
        Self {
            postings,
            block: 0,
            unpacked: Unpacked::new(),
            length: 0,
            at: 0,
            has_counts: false,
            next_block: 0,
            bounding: 0,
            bounded: None,
        }
    }

    /// What the term can add to a document of `start..end` at most. The starts of successive calls must not fall.
    pub(crate) fn bound(&mut self, start: u32, end: u32, weight: f32, norms: Norms) -> u32 {
        if self.postings.next() <= start {
            return 0;
        }
        let first = self.postings.block_of(self.bounding, start);
        if first != self.bounding {
            (self.bounding, self.bounded) = (first, None);
        }
        let of = |impact: Impact| impact.bound(weight, norms);
        let mut bound = *self.bounded.get_or_insert_with(|| of(self.postings.impact(first)));
        let mut block = first;
        while self.postings.last(block).is_some_and(|last| last + 1 < end) {
            block += 1;
            if self.postings.last(block).is_some() {
                bound = bound.max(of(self.postings.impact(block)));
            }
        }
        bound
    }

    /// The postings before `end` that lie together, from the first at `start` or later; empty when there are none
    /// left. Blocks that are not `worth` it are passed over. Counts are one less than they are. The cursor stands
    /// behind them.
    pub(crate) fn take(&mut self, start: u32, end: u32, worth: impl Fn(Impact) -> bool) -> (&[u32], &[u32]) {
        while !self.is_within(start) {
            let block = self.postings.block_of(self.next_block, start);
            let Some(last) = self.postings.last(block) else { return (&[], &[]) };
            let before = block.checked_sub(1).and_then(|before| self.postings.last(before));
            if before.is_some_and(|before| before + 1 >= end) {
                return (&[], &[]);
            }
            if worth(self.postings.impact(block)) {
                self.open(block);
            } else if last < end {
                self.next_block = block + 1;
            } else {
                return (&[], &[]); // what lies beyond may be worth more there
            }
        }
        self.skip_to(start);
        let from = self.at;
        let rest = &self.unpacked.documents[from..self.length];
        self.at += if rest[rest.len() - 1] < end {
            rest.len()
        } else {
            rest.partition_point(|&document| document < end)
        };
        self.need_counts();
        (&self.unpacked.documents[from..self.at], &self.unpacked.counts[from..self.at])
    }

    /// How often the term occurs in a document, if it does. Documents must be asked for in ascending order.
    pub(crate) fn count(&mut self, document: u32) -> Option<u32> {
        if self.postings.set().is_some_and(|set| !set.contains(document)) {
            return None;
        }
        if !self.is_within(document) {
            let block = self.postings.block_of(self.next_block, document);
            self.postings.last(block)?;
            self.open(block);
        }
        self.skip_to(document);
        if self.unpacked.documents[self.at] != document {
            return None;
        }
        self.need_counts();
        Some(self.unpacked.counts[self.at] + 1)
    }

    /// Whether the unpacked block has a posting at `target` or later.
    fn is_within(&self, target: u32) -> bool {
        self.at < self.length && self.unpacked.documents[self.length - 1] >= target
    }

    fn open(&mut self, block: usize) {
        self.length = self.postings.unpack(block, &mut self.unpacked);
        (self.block, self.at, self.next_block, self.has_counts) = (block, 0, block + 1, false);
    }

    /// Goes to the first posting at `target` or later, which the unpacked block has.
    fn skip_to(&mut self, target: u32) {
        if self.unpacked.documents[self.at] < target {
            let rest = &self.unpacked.documents[self.at..self.length];
            self.at += rest.partition_point(|&document| document < target);
        }
    }

    fn need_counts(&mut self) {
        if !self.has_counts {
            self.postings.unpack_counts(self.block, &mut self.unpacked);
            self.has_counts = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_third(length: u32) -> Postings {
        let mut postings = Postings::new();
        (0..length).for_each(|n| postings.push(3 * n, 1 + n % 2, 10));
        postings
    }

    #[test]
    fn slices_join_to_the_postings_of_a_range() {
        let postings = every_third(1_000);
        let mut cursor = Cursor::new(&postings);
        let mut seen = Vec::new();
        for (start, end) in [(10, 11), (600, 1_500), (1_500, 1_501), (2_990, 9_000), (9_000, 9_001)] {
            loop {
                let (documents, counts) = cursor.take(start, end, |_| true);
                if documents.is_empty() {
                    break;
                }
                seen.extend(documents.iter().copied().zip(counts.iter().map(|count| count + 1)));
            }
        }
        let wanted = (200..500).chain([500]).chain(997..1_000).map(|n| (3 * n, 1 + n % 2));
        assert_eq!(seen, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn a_block_that_is_passed_over_in_one_range_is_there_in_the_next() {
        let postings = every_third(300); // blocks end at 381, 765 and 897
        let mut cursor = Cursor::new(&postings);
        assert_eq!(cursor.take(0, 500, |_| false).0, []);
        assert_eq!(cursor.take(500, 510, |_| true).0, [501, 504, 507]);
        assert_eq!(cursor.take(510, 520, |_| false).0, [510, 513, 516, 519], "unpacked already");
        assert_eq!(cursor.take(600, 800, |_| true).0.len(), 56);
        assert_eq!(cursor.take(600, 800, |_| false).0, []);
        assert_eq!(cursor.take(800, 810, |_| true).0, [801, 804, 807]);
        assert_eq!(cursor.take(890, 900, |_| false).0, [891, 894, 897]);
        assert_eq!(cursor.take(900, 1_000, |_| true).0, []);
    }

    #[test]
    fn a_document_is_looked_up() {
        for length in [100, 1_000] {
            let postings = every_third(length);
            let mut cursor = Cursor::new(&postings);
            let found: Vec<u32> = (0..4 * length).filter(|&n| cursor.count(n).is_some()).collect();
            assert_eq!(found, (0..length).map(|n| 3 * n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_bound_covers_the_blocks_of_its_range_and_no_others() {
        let mut postings = Postings::new();
        for n in 0..640 {
            postings.push(n, if n == 300 { 9 } else { 1 }, 10);
        }
        let norms = Norms::new(640, 6_400);
        let mut cursor = Cursor::new(&postings);
        let mut bound = |start, end| cursor.bound(start, end, 1e6, norms);
        let low = bound(0, 256);
        assert!(bound(100, 257) > low && bound(256, 300) > low);
        assert_eq!(bound(384, 640), low);
        assert_eq!(bound(640, 700), 0);
    }
}
