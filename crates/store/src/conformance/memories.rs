//! Single memories.

use omp_model::{Content, Embedding, MemoryPatch, OwnerId, Principal, SourcePatch};

use super::{BY, NOW, OWNER, memory, tagged, within};
use crate::{Changed, Store};

/// What was created is read back, member for member.
pub async fn created_memories_are_read_back(store: &dyn Store) {
    let mut full =
        within(tagged(memory(1, "Likes tea. 🍵 \"quoted\"\nnew line"), &["a:b", "c-d_e"]), "project:x");
    full.metadata = omp_model::Metadata::parse(r#"{"n":1.50,"deep":{"a":[null,true]}}"#).expect("valid");
    full.source.session_id = Some(omp_model::Text::new("s").expect("fits"));
    full.expires_at = Some(NOW.plus_millis(60_000));
    for expected in [memory(0, "x"), full] {
        assert!(store.create_memory(&BY, &expected, NOW).await.expect("created"));
        assert_eq!(store.get_memory(&BY, expected.id, false, NOW).await.expect("read"), Some(expected));
    }
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 2);
}

/// A second memory with the same id changes nothing.
pub async fn an_id_can_be_taken_once(store: &dyn Store) {
    let first = memory(0, "first");
    assert!(store.create_memory(&BY, &first, NOW).await.expect("created"));
    assert!(!store.create_memory(&BY, &memory(0, "second"), NOW).await.expect("refused"));
    assert_eq!(store.get_memory(&BY, first.id, false, NOW).await.expect("read"), Some(first));
}

/// Members that a patch does not name stay.
pub async fn a_patch_changes_only_what_it_names(store: &dyn Store) {
    let before = within(tagged(memory(0, "before"), &["old"]), "n");
    store.create_memory(&BY, &before, NOW).await.expect("created");
    let patch = MemoryPatch {
        content: Some(Content::new("after").expect("fits")),
        namespace: Some(None),
        source: SourcePatch {
            session_id: Some(Some(omp_model::Text::new("s").expect("fits"))),
            ..SourcePatch::default()
        },
        ..MemoryPatch::default()
    };
    let after = store
        .update_memory(&BY, before.id, patch, NOW.plus_millis(5))
        .await
        .expect("updated")
        .done()
        .expect("there");
    assert_eq!((after.content.as_str(), &after.namespace, &after.tags), ("after", &None, &before.tags));
    assert_eq!((after.created_at, after.source.tool.as_str()), (before.created_at, "claude"));
    assert!(after.updated_at > before.updated_at);
    assert_eq!(store.get_memory(&BY, before.id, false, NOW).await.expect("read"), Some(after));
    let missing =
        store.update_memory(&BY, memory(9, "x").id, MemoryPatch::default(), NOW).await.expect("ran");
    assert_eq!(missing, Changed::Missing);
}

/// Deleting works once.
pub async fn deleted_memories_are_gone(store: &dyn Store) {
    let gone = memory(0, "gone");
    store.create_memory(&BY, &gone, NOW).await.expect("created");
    assert_eq!(store.delete_memory(&BY, gone.id, NOW).await.expect("deleted"), Changed::Done(()));
    assert_eq!(store.delete_memory(&BY, gone.id, NOW).await.expect("ran"), Changed::Missing);
    assert_eq!(store.get_memory(&BY, gone.id, false, NOW).await.expect("read"), None);
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 0);
    assert!(store.create_memory(&BY, &gone, NOW).await.expect("its id is free again"));
}

/// From the instant of its expiry a memory is gone from every read and write (reading 20).
pub async fn expired_memories_do_not_exist(store: &dyn Store) {
    let mut brief = tagged(memory(0, "brief"), &["t"]);
    brief.expires_at = Some(NOW.plus_millis(1));
    store.create_memory(&BY, &brief, NOW).await.expect("created");
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 1);
    let later = NOW.plus_millis(1);
    assert_eq!(store.get_memory(&BY, brief.id, false, later).await.expect("read"), None);
    assert_eq!(store.count_memories(Some(OWNER), later).await.expect("counted"), 0);
    assert_eq!(
        store.update_memory(&BY, brief.id, MemoryPatch::default(), later).await.expect("ran"),
        Changed::Missing
    );
    assert_eq!(store.delete_memory(&BY, brief.id, later).await.expect("ran"), Changed::Missing);
    let list = store.list_memories(&BY, &omp_model::ListQuery::default(), later).await.expect("listed");
    assert_eq!((list.items.len(), list.total), (0, 0));
    assert!(store.create_memory(&BY, &memory(0, "another"), later).await.expect("its id is free"));
}

/// The sweep takes what has expired and nothing else.
pub async fn purging_removes_only_what_expired(store: &dyn Store) {
    for number in 0..10 {
        let mut memory = tagged(memory(number, "text"), &["t"]);
        memory.expires_at = (number % 2 == 0).then(|| NOW.plus_millis(number));
        store.create_memory(&BY, &memory, NOW.plus_millis(-1)).await.expect("created");
    }
    let purged = store.purge_expired(3, NOW.plus_millis(6)).await.expect("purged");
    assert_eq!(purged, 3, "at most as many as asked for");
    assert_eq!(store.purge_expired(100, NOW.plus_millis(6)).await.expect("purged"), 1);
    assert_eq!(store.purge_expired(100, NOW.plus_millis(6)).await.expect("purged"), 0);
    assert_eq!(store.count_memories(Some(OWNER), NOW.plus_millis(6)).await.expect("counted"), 6);
}

/// Vectors are read only on request.
pub async fn a_vector_comes_along_only_when_asked_for(store: &dyn Store) {
    let mut with = memory(0, "text");
    with.embedding = Some(Embedding::new(vec![0.25, -1.0]).expect("valid"));
    store.create_memory(&BY, &with, NOW).await.expect("created");
    let read = |wanted| store.get_memory(&BY, with.id, wanted, NOW);
    assert_eq!(read(true).await.expect("read").expect("there").embedding, with.embedding);
    assert_eq!(read(false).await.expect("read").expect("there").embedding, None);
}

/// A vector stands for a text; when the text changes it goes.
pub async fn a_new_text_drops_the_old_vector(store: &dyn Store) {
    let mut with = memory(0, "text");
    with.embedding = Some(Embedding::new(vec![1.0]).expect("valid"));
    store.create_memory(&BY, &with, NOW).await.expect("created");
    let tag_only = MemoryPatch { tags: Some(tagged(memory(0, "x"), &["t"]).tags), ..MemoryPatch::default() };
    store.update_memory(&BY, with.id, tag_only, NOW).await.expect("updated");
    assert!(
        store.get_memory(&BY, with.id, true, NOW).await.expect("read").expect("there").embedding.is_some()
    );
    let text = MemoryPatch { content: Some(Content::new("other").expect("fits")), ..MemoryPatch::default() };
    store.update_memory(&BY, with.id, text, NOW).await.expect("updated");
    assert!(
        store.get_memory(&BY, with.id, true, NOW).await.expect("read").expect("there").embedding.is_none()
    );
}

/// Writes that come together are all kept.
pub async fn many_writers_at_once_lose_nothing(store: &dyn Store) {
    let memories: Vec<_> = (0..200).map(|n| tagged(memory(n, &format!("text {n}")), &["t"])).collect();
    let writes = memories.iter().map(|memory| store.create_memory(&BY, memory, NOW));
    let results = join_all(writes.collect()).await;
    assert!(results.into_iter().all(|result| result.expect("created")));
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 200);
}

/// Polls all of them until all are done.
pub(super) async fn join_all<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *result = Some(value),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    results.into_iter().flatten().collect()
}

/// Another owner finds nothing, by any method.
pub async fn owners_do_not_see_each_other(store: &dyn Store) {
    let owner = OwnerId(OWNER.0 + 1);
    let stranger = Principal::everything(owner);
    let mine = tagged(memory(0, "mine"), &["t"]);
    store.create_memory(&BY, &mine, NOW).await.expect("created");
    assert_eq!(store.get_memory(&stranger, mine.id, false, NOW).await.expect("ran"), None);
    assert_eq!(store.count_memories(Some(owner), NOW).await.expect("ran"), 0);
    let list = store.list_memories(&stranger, &omp_model::ListQuery::default(), NOW).await.expect("ran");
    assert_eq!((list.items.len(), list.total), (0, 0));
    assert_eq!(super::searches::search(store, owner, "mine").await, Vec::<String>::new());
    let page =
        crate::transfer::ExportPage { after: None, limit: 10, with_embedding: false, with_original: false };
    assert_eq!(store.export_memories(&stranger, page, NOW).await.expect("ran"), []);
}
