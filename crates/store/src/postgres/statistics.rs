//! What the engine knows of tables that have been filled.
//!
//! Until it has looked at a table that has grown, it guesses badly: among 100,000 memories that had just come, a search
//! by words took 20 seconds, and a tenth of one afterwards. By itself it looks about once a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PostgresStore;
use super::session::Session;

/// From how many rows on it is worth a look; after that, whenever they are twice as many.
const FIRST: u64 = 1_000;

/// What this server has brought in large amounts.
#[derive(Default)]
pub(super) struct Statistics {
    memories: Growth,
    conversations: Growth,
}

/// Counts rows.
struct Growth {
    rows: AtomicU64,
    /// The next look.
    due: AtomicU64,
}

impl Default for Growth {
    fn default() -> Self {
        Self { rows: AtomicU64::new(0), due: AtomicU64::new(FIRST) }
    }
}

impl Growth {
    /// So many more are there; whether the engine should look.
    fn is_due(&self, more: u64) -> bool {
        let rows = self.rows.fetch_add(more, Ordering::Relaxed) + more;
        let due = self.due.load(Ordering::Relaxed);
        // Of several that get here at once, one has it done.
        rows >= due && self.due.compare_exchange(due, rows * 2, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl PostgresStore {
    /// So many memories were imported: if that is much, the engine looks at them.
    pub(super) fn imported(&self, memories: u64) {
        if self.statistics.memories.is_due(memories) {
            self.look_at("memories, memory_tags, words, backlog");
        }
    }

    /// So many entries of conversations that waited can be found now: if that is much, the engine looks at them.
    pub(super) fn indexed_entries(&self, entries: u64) {
        if self.statistics.conversations.is_due(entries) {
            self.look_at("conversations, conversation_words, conversation_backlog");
        }
    }

    /// Has the engine look at tables. Nobody waits for it.
    fn look_at(&self, tables: &'static str) {
        let (pool, place) = (self.pool.clone(), Arc::clone(&self.place));
        tokio::spawn(async move {
            let looked = async {
                let session = Session::glance(&pool, &place).await?;
                session.batch(&format!("ANALYZE {tables}")).await
            };
            if let Err(error) = looked.await {
                tracing::debug!(%error, "the database did not look at what has come; it will by itself");
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
