//! What a writer tells of itself while it works.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::{StoreError, StoreVitals};

/// Why a transaction failed, by numbers that fit into an atomic; 0 is that it did not.
const TROUBLES: [&str; 5] = ["", "full", "read_only", "failing", "unreachable"];

/// Counted by writers, read by anybody.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commits: AtomicU64,
    writes: AtomicU64,
    trouble: AtomicU8,
}

impl Counters {
    /// A transaction is on the disk, with so many writes.
    pub(crate) fn committed(&self, writes: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        self.trouble.store(0, Ordering::Relaxed);
    }

    /// A transaction failed. What is wrong with a single write says nothing of the store.
    pub(crate) fn failed(&self, error: &StoreError) {
        let trouble = match error {
            StoreError::Full(_) => 1,
            StoreError::ReadOnly(_) | StoreError::Denied { .. } => 2,
            StoreError::Corrupt(_) | StoreError::Internal(_) => 3,
            StoreError::Unreachable { .. } => 4,
            _ => return,
        };
        self.trouble.store(trouble, Ordering::Relaxed);
    }

    /// Without the sizes, which each engine finds in its own way.
    pub(crate) fn vitals(&self) -> StoreVitals {
        let trouble = TROUBLES[usize::from(self.trouble.load(Ordering::Relaxed))];
        StoreVitals {
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            trouble: (!trouble.is_empty()).then_some(trouble),
            ..StoreVitals::default()
        }
    }
}
