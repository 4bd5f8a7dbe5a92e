//! The size of the database, as it was when it was asked for last.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::StoreVitals;
use crate::vitals::Counters;

/// Bytes on the server's disk.
#[derive(Default)]
pub(super) struct Sizes(AtomicU64);

impl Sizes {
    /// Remembers what the database said.
    pub(super) fn remember(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// How the store is at this moment. What room the server's disk has is not for clients to see.
    pub(super) fn vitals(&self, counters: &Counters) -> StoreVitals {
        StoreVitals { bytes: self.0.load(Ordering::Relaxed), ..counters.vitals() }
    }
}
