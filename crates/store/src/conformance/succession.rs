//! Memories that stand in the place of others.

use omp_model::{Dedupe, History, HistoryQuery, Memory, MemoryId, Timestamp};

use super::{BY, NOW, OWNER, memory};
use crate::{Added, Addition, Store};

async fn supersede(store: &dyn Store, old: MemoryId, new: &Memory, now: Timestamp) -> Added {
    let addition = Addition { supersedes: Some(old), dedupe: Dedupe::Off };
    store.add_memory(&BY, new, addition, now).await.expect("ran")
}

async fn history(store: &dyn Store, id: MemoryId, now: Timestamp) -> History {
    store.history(&BY, id, HistoryQuery::default(), now).await.expect("read").expect("there")
}

/// One, and two in its place.
async fn pair(store: &dyn Store) -> (Memory, Memory) {
    let (old, new) = (memory(0, "lives in Munich"), memory(1, "lives in Berlin"));
    store.create_memory(&BY, &old, NOW).await.expect("created");
    assert_eq!(supersede(store, old.id, &new, NOW.plus_millis(5)).await, Added::Stored);
    (old, new)
}

/// Whether indices are told, by number `seq` or later, that the memory is superseded.
async fn told(store: &dyn Store, id: MemoryId, seq: i64) -> Vec<bool> {
    let changes = store.index_changes(OWNER, seq, 100, None).await.expect("read");
    let superseded = |change: crate::IndexChange| match change {
        crate::IndexChange::Put(row) if row.memory.id == id => Some(row.superseded_at.is_some()),
        _ => None,
    };
    changes.into_iter().filter_map(|(_, change)| superseded(change)).collect()
}

/// It can be read as before; its window ends when its successor came; indices learn of it.
pub async fn a_superseded_memory_stays_and_tells_its_successor(store: &dyn Store) {
    let (old, new) = pair(store).await;
    let later = NOW.plus_millis(10);
    assert_eq!(store.get_memory(&BY, old.id, false, later).await.expect("read"), Some(old.clone()));
    let (before, after) = (history(store, old.id, later).await, history(store, new.id, later).await);
    assert_eq!((before.superseded_by, before.supersedes), (Some(new.id), None));
    assert_eq!(before.versions[0].valid_to, Some(NOW.plus_millis(5)));
    assert_eq!((after.superseded_by, after.supersedes), (None, Some(old.id)));
    assert_eq!(after.versions[0].valid_to, None);
    assert_eq!(told(store, old.id, 2).await, [true]);
    let superseded =
        store.superseded(OWNER, &[new.id, old.id, memory(9, "x").id], later).await.expect("read");
    assert_eq!(superseded.into_iter().collect::<Vec<_>>(), [old.id]);
}

/// Who supersedes what is superseded is told what to supersede; then nothing is stored.
pub async fn only_a_current_memory_can_be_superseded(store: &dyn Store) {
    let (old, new) = pair(store).await;
    let third = memory(2, "lives in Bonn");
    assert_eq!(supersede(store, old.id, &third, NOW.plus_millis(6)).await, Added::SupersededBy(new.id));
    assert_eq!(supersede(store, memory(9, "x").id, &third, NOW).await, Added::NothingToSupersede);
    assert_eq!(supersede(store, third.id, &third, NOW).await, Added::NothingToSupersede);
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 2);
    assert_eq!(supersede(store, new.id, &third, NOW.plus_millis(7)).await, Added::Stored);
}

/// Its window opens again and indices learn of it.
pub async fn without_its_successor_a_memory_is_current_again(store: &dyn Store) {
    let (old, new) = pair(store).await;
    let seq = store.last_seq(OWNER).await.expect("read");
    store.delete_memory(&BY, new.id, NOW.plus_millis(8)).await.expect("deleted");
    let now = history(store, old.id, NOW.plus_millis(9)).await;
    assert_eq!((now.superseded_by, now.versions[0].valid_to), (None, None));
    assert_eq!(told(store, old.id, seq).await, [false]);
    let third = memory(2, "lives in Bonn");
    assert_eq!(supersede(store, old.id, &third, NOW.plus_millis(10)).await, Added::Stored);
}

/// When the middle one of three goes, the last one stands in the place of the first.
pub async fn a_gap_in_a_chain_closes(store: &dyn Store) {
    let (first, second) = pair(store).await;
    let third = memory(2, "lives in Bonn");
    supersede(store, second.id, &third, NOW.plus_millis(7)).await;
    store.delete_memory(&BY, second.id, NOW.plus_millis(8)).await.expect("deleted");
    let (oldest, newest) = (history(store, first.id, NOW).await, history(store, third.id, NOW).await);
    assert_eq!((oldest.superseded_by, newest.supersedes), (Some(third.id), Some(first.id)));
    assert_eq!(oldest.versions[0].valid_to, Some(NOW.plus_millis(5)));
}

/// What holds for a while stands in the other's place for that while.
pub async fn an_expired_successor_stands_in_nobodys_place(store: &dyn Store) {
    let (old, mut brief) = (memory(0, "works in Munich"), memory(1, "works in Berlin this week"));
    brief.expires_at = Some(NOW.plus_millis(100));
    store.create_memory(&BY, &old, NOW).await.expect("created");
    supersede(store, old.id, &brief, NOW).await;
    let later = NOW.plus_millis(100);
    assert_eq!(history(store, old.id, NOW).await.superseded_by, Some(brief.id));
    assert_eq!(history(store, old.id, later).await.superseded_by, None);
    for (now, superseded) in [(NOW, 1), (later, 0)] {
        assert_eq!(store.superseded(OWNER, &[old.id], now).await.expect("read").len(), superseded);
    }
    let next = memory(2, "works in Bonn");
    assert_eq!(supersede(store, old.id, &next, later).await, Added::Stored);
    store.purge_expired(10, later).await.expect("purged");
    assert_eq!(history(store, old.id, later).await.superseded_by, Some(next.id));
}
