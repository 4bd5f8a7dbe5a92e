//! Whose conversations come next: owners take turns, so that what one of them imported does not keep the others
//! waiting, and what cannot be read is passed over, so that it keeps nobody waiting.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::stored::{owner_of, pk_range};

/// What a process remembers of the backlogs of conversations, which themselves are in the store.
#[derive(Debug)]
pub(crate) struct FairQueue {
    /// For each backlog, below which row number those wait whose turn it is.
    below: [AtomicI64; 3],
    /// What cannot be read. It stays on the backlog: another version may
    /// know how to read it, and damage may be repaired.
    unreadable: Mutex<BTreeSet<i64>>,
}

impl Default for FairQueue {
    fn default() -> Self {
        Self { below: [i64::MAX; 3].map(AtomicI64::new), unreadable: Mutex::default() }
    }
}

impl FairQueue {
    /// Where to look in a backlog: below the first of these row numbers, and where nothing is found, below the second.
    pub(crate) fn places(&self, what: u8) -> [i64; 2] {
        [self.below[usize::from(what)].load(Ordering::Relaxed), i64::MAX]
    }

    /// The one of this row number was the last to be given out: now it is the turn of those below its owner.
    pub(crate) fn gave(&self, what: u8, pk: i64) {
        let next = owner_of(pk).map_or(i64::MAX, |owner| pk_range(owner).0);
        self.below[usize::from(what)].store(next, Ordering::Relaxed);
    }

    /// A conversation cannot be read, so it is given out no more.
    pub(crate) fn pass_over(&self, pk: i64) {
        if self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).insert(pk) {
            tracing::warn!(
                row = pk,
                "a saved conversation cannot be read, so searches do not find it; it is tried again at the next start"
            );
        }
    }

    /// What is passed over.
    pub(crate) fn passed_over(&self) -> Vec<i64> {
        self.unreadable.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use omp_model::OwnerId;

    use super::*;

    #[test]
    fn the_turn_goes_to_the_owner_below_and_then_to_the_first_again() {
        let (fair_queue, first) = (FairQueue::default(), |owner| pk_range(OwnerId(owner)).0);
        assert_eq!(fair_queue.places(0), [i64::MAX; 2]);
        fair_queue.gave(0, first(7) + 20);
        assert_eq!(fair_queue.places(0), [first(7), i64::MAX]);
        fair_queue.gave(0, first(3) + 90);
        assert_eq!(fair_queue.places(0), [first(3), i64::MAX]);
        assert_eq!(fair_queue.places(2), [i64::MAX; 2], "each backlog has turns of its own");
    }
}
