//! Memories that say what another one says.

use omp_model::{Content, Dedupe, Memory, MemoryPatch, Timestamp};

use super::{BY, NOW, OWNER, memory, within};
use crate::{Added, Addition, Store};

const EXACT: Addition = Addition { supersedes: None, dedupe: Dedupe::Exact };

async fn add(store: &dyn Store, memory: &Memory, now: Timestamp) -> Added {
    store.add_memory(&BY, memory, EXACT, now).await.expect("ran")
}

/// Case, width and white space make no difference; what is there comes back untouched.
pub async fn an_exact_repeat_is_told_and_not_stored(store: &dyn Store) {
    let texts = ["Prefers nodeJS, over v2Beta", "東京都に住む", "👩🏽‍💻 at 3.14", "a b"];
    for (number, text) in (0..).zip(texts) {
        let first = memory(number, text);
        assert_eq!(add(store, &first, NOW).await, Added::Stored, "{text}");
        let spaced = format!("  {}\n", text.replace(' ', " \t "));
        for (other, again) in (0..).zip([text.to_owned(), text.to_uppercase(), spaced]) {
            let repeat = memory(100 + 10 * number + other, &again);
            assert_eq!(add(store, &repeat, NOW).await, Added::Repeat(Box::new(first.clone())), "{again}");
        }
    }
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 4);
    assert!(store.create_memory(&BY, &memory(50, "a b"), NOW).await.expect("stored unless it is asked"));
}

/// All words of the one in the other are not enough.
pub async fn other_texts_and_namespaces_are_no_repeats(store: &dyn Store) {
    let texts = ["likes green tea", "likes green tea.", "tea likes green", "likes green tea and green"];
    for (number, text) in (0..).zip(texts) {
        assert_eq!(add(store, &memory(number, text), NOW).await, Added::Stored, "{text}");
    }
    let there = within(memory(10, "likes green tea"), "project:x");
    assert_eq!(add(store, &there, NOW).await, Added::Stored);
    let again = within(memory(11, "likes green tea"), "project:x");
    assert_eq!(add(store, &again, NOW).await, Added::Repeat(Box::new(there)));
}

/// Deleted, expired and superseded memories can be said again.
pub async fn what_is_gone_or_superseded_is_not_repeated(store: &dyn Store) {
    let (gone, old) = (memory(0, "gone"), memory(2, "old"));
    let mut brief = memory(1, "brief");
    brief.expires_at = Some(NOW.plus_millis(10));
    for memory in [&gone, &brief, &old] {
        assert_eq!(add(store, memory, NOW).await, Added::Stored);
    }
    store.delete_memory(&BY, gone.id, NOW).await.expect("deleted");
    let addition = Addition { supersedes: Some(old.id), ..EXACT };
    let same = store.add_memory(&BY, &memory(3, "old"), addition, NOW).await.expect("ran");
    assert_eq!(same, Added::Stored, "what supersedes is stored, repeat or not");
    store.delete_memory(&BY, memory(3, "x").id, NOW).await.expect("deleted");
    let new = store.add_memory(&BY, &memory(4, "new"), addition, NOW).await.expect("ran");
    assert_eq!(new, Added::Stored);
    let later = NOW.plus_millis(10);
    for (number, text) in (10..).zip(["gone", "brief", "old"]) {
        assert_eq!(add(store, &memory(number, text), later).await, Added::Stored, "{text}");
    }
}

/// The check and the write are one.
pub async fn two_at_once_store_one(store: &dyn Store) {
    let memories: Vec<_> = (0..20).map(|number| memory(number, "said twenty times")).collect();
    let writes = memories.iter().map(|memory| store.add_memory(&BY, memory, EXACT, NOW));
    let results = super::memories::join_all(writes.collect()).await;
    let stored = results.into_iter().filter(|result| *result.as_ref().expect("ran") == Added::Stored).count();
    assert_eq!((stored, store.count_memories(Some(OWNER), NOW).await.expect("counted")), (1, 1));
}

/// What a memory was before a change is not what it says.
pub async fn a_changed_text_is_compared_as_it_is_now(store: &dyn Store) {
    let first = memory(0, "likes tea");
    assert_eq!(add(store, &first, NOW).await, Added::Stored);
    let patch =
        MemoryPatch { content: Some(Content::new("likes coffee").expect("fits")), ..MemoryPatch::default() };
    store.update_memory(&BY, first.id, patch, NOW).await.expect("updated");
    assert_eq!(add(store, &memory(1, "likes tea"), NOW).await, Added::Stored);
    assert!(
        matches!(add(store, &memory(2, "likes coffee"), NOW).await, Added::Repeat(known) if known.id == first.id)
    );
}
