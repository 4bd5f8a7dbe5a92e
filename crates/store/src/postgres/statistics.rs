//! What the engine knows of tables that imports have filled.
//!
//! Until it has looked at a table that has grown, it guesses badly: among 100,000 memories that had just come, a search
//! by words took 20 seconds, and a tenth of one afterwards. By itself it looks about once a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PostgresStore;
use super::session::Session;

/// From how many imported memories on it is worth a look; after that, whenever they are twice as many.
const FIRST: u64 = 1_000;

/// Counts what imports of this server have brought.
pub(super) struct Growth {
    imported: AtomicU64,
    /// The next look.
    due: AtomicU64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { imported: AtomicU64::new(0), due: AtomicU64::new(FIRST) }
    }
}

impl Growth {
    /// So many memories more are there; whether the engine should look.
    fn is_due(&self, more: u64) -> bool {
        let imported = self.imported.fetch_add(more, Ordering::Relaxed) + more;
        let due = self.due.load(Ordering::Relaxed);
        // Of several imports that get here at once, one has it done.
        imported >= due
            && self.due.compare_exchange(due, imported * 2, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl PostgresStore {
    /// Has the engine look at what an import brought, if that is much. Nobody waits for it.
    pub(super) fn imported(&self, memories: u64) {
        if !self.growth.is_due(memories) {
            return;
        }
        let (pool, place) = (self.pool.clone(), Arc::clone(&self.place));
        tokio::spawn(async move {
            let looked = async {
                let session = Session::glance(&pool, &place).await?;
                session.batch("ANALYZE memories, memory_tags, words, backlog").await
            };
            if let Err(error) = looked.await {
                tracing::debug!(%error, "the database did not look at what was imported; it will by itself");
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_due_whenever_twice_as_much_has_come() {
        let growth = Growth::default();
        let due = |more| growth.is_due(more);
        assert_eq!([999, 1, 999, 1].map(due), [false, true, false, true]);
        assert_eq!([1_500, 500, 7_000].map(due), [false, true, true]);
        assert_eq!([0, 10_999, 1].map(due), [false, false, true]);
    }
}
