//! The feed of changes.

use omp_model::MemoryPatch;

use super::{BY, NOW, OWNER, memory};
use crate::{Change, Store};

/// Numbers grow by one a write; a memory stands at its last change.
pub async fn every_write_has_its_number(store: &dyn Store) {
    let start = store.last_seq(OWNER).await.expect("read");
    for number in 0..3 {
        store.create_memory(&BY, &memory(number, "text"), NOW).await.expect("created");
    }
    store.update_memory(&BY, memory(0, "x").id, MemoryPatch::default(), NOW).await.expect("updated");
    assert_eq!(store.last_seq(OWNER).await.expect("read"), start + 4);
    let change = |seq, number| Change { seq: start + seq, id: memory(number, "x").id, deleted: false };
    let changes = store.changes_since(OWNER, start, 10).await.expect("read");
    assert_eq!(changes, [change(2, 1), change(3, 2), change(4, 0)]);
    assert_eq!(store.changes_since(OWNER, start, 1).await.expect("read"), [change(2, 1)]);
    assert_eq!(store.changes_since(OWNER, start + 4, 10).await.expect("read"), []);
}

/// Whoever follows the changes learns of deletions and of the sweep.
pub async fn a_tombstone_stands_for_what_was_deleted(store: &dyn Store) {
    let mut brief = memory(1, "brief");
    brief.expires_at = Some(NOW.plus_millis(1));
    store.create_memory(&BY, &memory(0, "text"), NOW).await.expect("created");
    store.create_memory(&BY, &brief, NOW).await.expect("created");
    let seq = store.last_seq(OWNER).await.expect("read");
    store.delete_memory(&BY, memory(0, "x").id, NOW).await.expect("deleted");
    store.purge_expired(10, NOW.plus_millis(1)).await.expect("purged");
    let gone = |n, number| Change { seq: seq + n, id: memory(number, "x").id, deleted: true };
    assert_eq!(store.changes_since(OWNER, seq, 10).await.expect("read"), [gone(1, 0), gone(2, 1)]);
}

/// Whoever waits comes back when there is something to see, also when it was there before.
pub async fn whoever_waits_is_stirred_by_a_change(store: &dyn Store) {
    let start = store.last_seq(OWNER).await.expect("read");
    store.until_stirred(OWNER, start - 1).await.expect("waited");
    let waiting = async {
        loop {
            store.until_stirred(OWNER, start).await.expect("waited");
            let seq = store.last_seq(OWNER).await.expect("read");
            if seq != start {
                return seq;
            }
        }
    };
    let writing = async {
        tokio::task::yield_now().await;
        store.create_memory(&BY, &memory(0, "text"), NOW).await.expect("created");
    };
    let (seen, ()) = tokio::join!(waiting, writing);
    assert_eq!(seen, start + 1);
}
