//! Comparing a query with every vector of a selection.
//!
//! What a scan costs is fetching the rows from memory. A large one is shared among the threads of the process, each of
//! which has its own way to memory; they are as many as there are cores, whatever is asked at once.

use std::collections::VecDeque;
use std::ops::Range;

use rayon::prelude::*;

use super::Shard;
use super::bits::Bits;
use super::filter::Selection;
use super::top::{TopDocuments, sortable};
use super::vectors::Probe;

/// For so many documents rows are sent at once, the one whose turn it is included.
const AHEAD: usize = 8;
/// What one thread gets at least: handing work over takes as long as comparing a thousand.
const SHARE: usize = 16_384;

impl Shard {
    /// The best `count` documents of a selection by the likeness of their best window, and of how many documents
    /// `counts` is true, given their likeness.
    pub(super) fn scan(
        &self,
        probe: &Probe,
        selection: &Selection<'_>,
        count: usize,
        counts: impl Fn(u32, f32) -> bool + Sync,
    ) -> (TopDocuments, usize) {
        let parts = match selection.count / SHARE {
            0 | 1 => 1,
            shares => shares.min(rayon::current_num_threads()),
        };
        self.scan_in(parts, probe, &selection.bits, count, &counts)
    }

    fn scan_in(
        &self,
        parts: usize,
        probe: &Probe,
        documents: &Bits,
        count: usize,
        counts: &(impl Fn(u32, f32) -> bool + Sync),
    ) -> (TopDocuments, usize) {
        let words = documents.words().len();
        let scan = |part: usize| {
            self.scan_part(part * words / parts..(part + 1) * words / parts, probe, documents, count, counts)
        };
        if parts == 1 {
            return scan(0);
        }
        let both = |(top, sum): (TopDocuments, usize), (other, more): (TopDocuments, usize)| {
            (top.merged(other), sum + more)
        };
        (0..parts).into_par_iter().map(scan).reduce(|| (TopDocuments::new(count), 0), both)
    }

    /// Of the documents in these words of the set.
    fn scan_part(
        &self,
        words: Range<usize>,
        probe: &Probe,
        documents: &Bits,
        count: usize,
        counts: &impl Fn(u32, f32) -> bool,
    ) -> (TopDocuments, usize) {
        let (mut top, mut sum) = (TopDocuments::new(count), 0);
        if count == 0 {
            return (top, sum);
        }
        let mut floor = 0;
        let mut documents = documents.iter_in(words);
        let mut ahead = VecDeque::with_capacity(AHEAD);
        loop {
            while ahead.len() < AHEAD
                && let Some(soon) = documents.next()
            {
                self.vectors.send_for(soon);
                ahead.push_back(soon);
            }
            let Some(document) = ahead.pop_front() else { return (top, sum) };
            let Some(cosine) = self.vectors.best(document, probe) else { continue };
            sum += usize::from(counts(document, cosine));
            let score = sortable(cosine);
            if score >= floor {
                top.offer(score, (self.documents.row(document).key, document));
                floor = top.floor();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Filter;
    use super::super::fixtures::{Memory, Random, shard_of};

    #[test]
    fn a_scan_that_is_shared_finds_what_one_thread_finds() {
        let mut random = Random(7);
        let mut shard = shard_of(&(0..1_000).map(|key| (key, Memory::new("a"))).collect::<Vec<_>>());
        for key in 0..1_000 {
            // Some have none, and many are alike.
            if key % 9 > 0 {
                shard.put_vectors(key, &[&[(random.bell() * 8.0).round(), 1.0]]).unwrap();
            }
        }
        let probe = shard.vectors.probe(&[1.0, 0.5]).unwrap();
        let selection = shard.select(&Filter::at(0));
        let scan = |parts, count| {
            let (top, sum) = shard.scan_in(parts, &probe, &selection.bits, count, &|_, cosine| cosine > 0.6);
            (top.into_sorted().collect::<Vec<_>>(), sum)
        };
        for count in [1, 10, 100, 2_000] {
            let alone = scan(1, count);
            assert!(alone.1 > 100 && alone.0.len() == count.min(888), "{} {}", alone.1, alone.0.len());
            for parts in [2, 3, 7, 40] {
                assert_eq!(scan(parts, count), alone);
            }
        }
    }
}
