//! What a memory was.

use omp_model::{Content, HistoryQuery, Memory, MemoryId, MemoryPatch, Timestamp, Version};

use super::{BY, NOW, OWNER, memory, tagged};
use crate::transfer::{ImportChunk, ImportItem};
use crate::{Restored, Store};

/// Changes the text `after` seconds.
async fn say(store: &dyn Store, id: MemoryId, text: &str, after: i64) {
    let patch = MemoryPatch { content: Some(Content::new(text).expect("fits")), ..MemoryPatch::default() };
    let changed = store.update_memory(&BY, id, patch, at(after)).await.expect("updated");
    assert!(changed.done().is_some());
}

fn at(seconds: i64) -> Timestamp {
    NOW.plus_millis(seconds * 1_000)
}

async fn versions(store: &dyn Store, id: MemoryId) -> Vec<Version> {
    let history =
        store.history(&BY, id, HistoryQuery::default(), at(100)).await.expect("read").expect("there");
    assert_eq!(history.total, history.versions.len() as u64);
    history.versions
}

fn texts(versions: &[Version]) -> Vec<(u64, &str, Timestamp, Option<Timestamp>)> {
    versions.iter().map(|v| (v.version, v.memory.content.as_str(), v.valid_from, v.valid_to)).collect()
}

/// The newest version is the memory itself; the windows follow each other without a gap.
pub async fn every_change_keeps_what_was(store: &dyn Store) {
    let mut first = tagged(memory(0, "one"), &["t"]);
    first.metadata = omp_model::Metadata::parse(r#"{"n":1.50}"#).expect("valid");
    store.create_memory(&BY, &first, NOW).await.expect("created");
    say(store, first.id, "two", 1).await;
    say(store, first.id, "three", 2).await;
    let found = versions(store, first.id).await;
    assert_eq!(
        texts(&found),
        [(3, "three", at(2), None), (2, "two", at(1), Some(at(2))), (1, "one", NOW, Some(at(1))),]
    );
    assert_eq!(found[2].memory, first, "member for member");
    let unknown = store.history(&BY, memory(9, "x").id, HistoryQuery::default(), NOW).await.expect("ran");
    assert_eq!(unknown, None);
}

/// A client that sends back what it got makes no history.
pub async fn a_change_of_nothing_is_no_version(store: &dyn Store) {
    let first = memory(0, "one");
    store.create_memory(&BY, &first, NOW).await.expect("created");
    say(store, first.id, "one", 1).await;
    assert_eq!(texts(&versions(store, first.id).await), [(1, "one", NOW, None)]);
}

/// What an import overwrites can be had back.
pub async fn an_overwriting_import_keeps_what_was(store: &dyn Store) {
    let first = memory(0, "one");
    store.create_memory(&BY, &first, NOW).await.expect("created");
    let new = Memory { content: Content::new("two").expect("fits"), ..first.clone() };
    let items = vec![ImportItem { memory: new, original: None, date_assumed: false }];
    let conflict = omp_model::transfer::Conflict::Overwrite;
    let chunk = ImportChunk::plain(items, conflict);
    store.import_memories(&BY, chunk, at(5)).await.expect("imported");
    let found = versions(store, first.id).await;
    assert_eq!(texts(&found), [(2, "two", at(5), None), (1, "one", NOW, Some(at(5)))]);
}

/// Having a version back is a change like any other.
pub async fn a_version_comes_back_as_a_new_one(store: &dyn Store) {
    let first = tagged(memory(0, "green tea"), &["old"]);
    store.create_memory(&BY, &first, NOW).await.expect("created");
    say(store, first.id, "black coffee", 1).await;
    let tags = tagged(memory(0, "x"), &["new"]).tags;
    let patch = MemoryPatch { tags: Some(tags), ..MemoryPatch::default() };
    store.update_memory(&BY, first.id, patch, at(2)).await.expect("updated");
    let Restored::Memory(now) = store.restore_version(&BY, first.id, 1, at(3)).await.expect("ran") else {
        panic!("there is a first version");
    };
    assert_eq!(*now, Memory { updated_at: at(3), ..first.clone() });
    assert_eq!(store.get_memory(&BY, first.id, false, at(3)).await.expect("read"), Some(*now));
    let numbers: Vec<u64> = versions(store, first.id).await.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    assert_eq!(super::searches::search(store, OWNER, "tea").await, ["green tea"]);
    assert_eq!(super::searches::search(store, OWNER, "coffee").await, Vec::<String>::new());
    let again = store.restore_version(&BY, first.id, 4, at(4)).await.expect("ran");
    assert!(matches!(again, Restored::Memory(_)), "the present one is a version too");
}

/// The answer tells which there are.
pub async fn an_unknown_version_is_refused(store: &dyn Store) {
    let first = memory(0, "one");
    store.create_memory(&BY, &first, NOW).await.expect("created");
    say(store, first.id, "two", 1).await;
    for unknown in [0, 3, u64::MAX] {
        let answer = store.restore_version(&BY, first.id, unknown, at(2)).await.expect("ran");
        assert_eq!(answer, Restored::NoVersion { oldest: 1, newest: 2 }, "{unknown}");
    }
    let nobody = store.restore_version(&BY, memory(9, "x").id, 1, NOW).await.expect("ran");
    assert_eq!(nobody, Restored::NoMemory);
}

/// An id that is used again begins anew.
pub async fn versions_go_with_their_memory(store: &dyn Store) {
    let first = memory(0, "one");
    store.create_memory(&BY, &first, NOW).await.expect("created");
    say(store, first.id, "two", 1).await;
    store.delete_memory(&BY, first.id, at(2)).await.expect("deleted");
    assert_eq!(store.history(&BY, first.id, HistoryQuery::default(), at(2)).await.expect("ran"), None);
    store.create_memory(&BY, &first, at(3)).await.expect("created");
    assert_eq!(texts(&versions(store, first.id).await), [(1, "one", NOW, None)]);
}

/// Else the memory would be gone at once.
pub async fn an_expiry_that_has_passed_does_not_come_back(store: &dyn Store) {
    let mut brief = memory(0, "one");
    brief.expires_at = Some(at(10));
    store.create_memory(&BY, &brief, NOW).await.expect("created");
    let patch = MemoryPatch {
        content: Some(Content::new("two").expect("fits")),
        expires_at: Some(None),
        ..MemoryPatch::default()
    };
    store.update_memory(&BY, brief.id, patch, at(1)).await.expect("updated");
    let Restored::Memory(now) = store.restore_version(&BY, brief.id, 1, at(20)).await.expect("ran") else {
        panic!("there is a first version");
    };
    assert_eq!((now.content.as_str(), now.expires_at), ("one", None));
}

/// Pages are as long as asked for, and the oldest versions of very long histories go.
pub async fn long_histories_come_in_pages(store: &dyn Store) {
    let first = memory(0, "0");
    store.create_memory(&BY, &first, NOW).await.expect("created");
    for number in 1..=30 {
        say(store, first.id, &number.to_string(), number).await;
    }
    let mut numbers = Vec::new();
    for page in 0..5 {
        let query = HistoryQuery { limit: 7, offset: page * 7 };
        let history = store.history(&BY, first.id, query, at(100)).await.expect("read").expect("there");
        assert_eq!(history.total, 31);
        assert_eq!(history.versions.len(), if page == 4 { 3 } else { 7 });
        numbers.extend(history.versions.into_iter().map(|version| version.version));
    }
    assert_eq!(numbers, (1..=31).rev().collect::<Vec<u64>>());
    for number in 31..=1_005 {
        say(store, first.id, &number.to_string(), number).await;
    }
    let last = HistoryQuery { limit: 1, offset: 1_000 };
    let history = store.history(&BY, first.id, last, at(2_000)).await.expect("read").expect("there");
    let oldest = &history.versions[0];
    assert_eq!((history.total, oldest.version, oldest.memory.content.as_str()), (1_001, 6, "5"));
}
