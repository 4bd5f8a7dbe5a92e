//! Documents that something happens to at a time: they expire, or are superseded.

use std::collections::BTreeSet;

use super::bits::Bits;

/// No time: the document never expires, or is not superseded.
pub(crate) const NEVER: i64 = i64::MAX;

#[derive(Clone, Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(i64, u32)>,
    documents: Bits,
}

impl Deadlines {
    pub(crate) fn insert(&mut self, at: i64, document: u32) {
        if at != NEVER {
            self.by_time.insert((at, document));
            self.documents.insert(document);
        }
    }

    pub(crate) fn remove(&mut self, at: i64, document: u32) {
        if self.by_time.remove(&(at, document)) {
            self.documents.remove(document);
        }
    }

    pub(crate) fn any_past(&self, now: i64) -> bool {
        self.by_time.first().is_some_and(|&(at, _)| at <= now)
    }

    /// Takes out of `bits` every document whose time has come. Usually that is none, or (for what was superseded) all;
    /// both are quick.
    pub(crate) fn strike_past(&self, now: i64, bits: &mut Bits) {
        if self.by_time.last().is_some_and(|&(at, _)| at <= now) {
            bits.strike(&self.documents);
        } else {
            self.by_time.range(..=(now, u32::MAX)).for_each(|&(_, document)| bits.remove(document));
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        // A node of the tree is two thirds full on average.
        self.by_time.len() * size_of::<(i64, u32)>() * 3 / 2 + self.documents.bytes()
    }
}
