//! Whole namespaces, and sharing them.

use omp_model::{Filter, ListQuery, Namespace, NewUser, OwnerId, Principal, ShareAccess, UserName};

use super::{BY, NOW, OWNER, memory, tagged, within};
use crate::{Addition, Counted, Store};

fn name(text: &str) -> Namespace {
    Namespace::new(text).expect("fits")
}

async fn fill(store: &dyn Store) {
    for (number, namespace) in [(1, "old"), (2, "old"), (3, "old"), (4, "other")] {
        let memory = within(tagged(memory(number, "tea"), &["drinks"]), namespace);
        store.add_memory(&BY, &memory, Addition::default(), NOW).await.expect("stored");
    }
}

async fn anna(store: &dyn Store) -> OwnerId {
    let new = NewUser { name: UserName::new("anna").expect("fits"), admin: false };
    store.create_user(&BY, &new, NOW).await.expect("stored").expect("free")
}

async fn counted(store: &dyn Store) -> Vec<(String, u64)> {
    let all = store.namespaces(OWNER, 10).await.expect("read");
    all.into_iter().map(|(name, n)| (name.as_str().to_owned(), n)).collect()
}

async fn shared(store: &dyn Store) -> Vec<String> {
    let all = store.shares().await.expect("read");
    all.into_iter().map(|stored| stored.share.namespace.as_str().to_owned()).collect()
}

/// Moving goes step by step and keeps a version of each memory; shares go into an empty namespace along.
pub async fn a_namespace_moves_step_by_step(store: &dyn Store) {
    fill(store).await;
    let anna = anna(store).await;
    assert!(store.share(&BY, &name("old"), anna, ShareAccess::Read, NOW).await.expect("shared"));
    let (old, new) = (name("old"), name("new"));
    let mut steps = Vec::new();
    loop {
        let step = store.move_namespace(&BY, &old, Some(&new), 2, NOW).await.expect("moved");
        steps.push(step.memories);
        if step.done {
            break;
        }
    }
    assert_eq!(steps, [2, 1]);
    assert_eq!(counted(store).await, [("new".to_owned(), 3), ("other".to_owned(), 1)]);
    assert_eq!(shared(store).await, ["new"]);
    let filter = Filter { namespace: Some(new.clone()), ..Filter::default() };
    let query = ListQuery { filter, ..ListQuery::default() };
    let page = store.list_memories(&BY, &query, NOW).await.expect("listed");
    assert_eq!((page.total, page.items.len()), (3, 3));
    for moved in page.items {
        let history =
            store.history(&BY, moved.id, omp_model::HistoryQuery { limit: 10, offset: 0 }, NOW).await;
        let versions = history.expect("read").expect("is there").versions;
        let places: Vec<_> = versions.iter().map(|version| version.memory.namespace.clone()).collect();
        assert_eq!(places, [Some(new.clone()), Some(old.clone())]);
        assert!(moved.updated_at > moved.created_at);
    }
    let step = store.move_namespace(&BY, &new, None, 10, NOW).await.expect("moved");
    assert_eq!((step.memories, step.done), (3, true));
    assert_eq!(counted(store).await, [("other".to_owned(), 1)]);
    assert_eq!(shared(store).await, [] as [&str; 0], "the default namespace is shared with nobody");
}

/// Who saw the former namespace was not meant to see what is in the other one.
pub async fn shares_end_when_namespaces_become_one(store: &dyn Store) {
    fill(store).await;
    let anna = anna(store).await;
    store.share(&BY, &name("old"), anna, ShareAccess::Write, NOW).await.expect("shared");
    let step = store.move_namespace(&BY, &name("old"), Some(&name("other")), 10, NOW).await.expect("moved");
    assert_eq!((step.memories, step.done), (3, true));
    assert_eq!(counted(store).await, [("other".to_owned(), 4)]);
    assert_eq!(shared(store).await, [] as [&str; 0]);
}

/// Only what is in it goes, for good.
pub async fn a_deleted_namespace_takes_its_memories_and_shares_along(store: &dyn Store) {
    fill(store).await;
    let anna = anna(store).await;
    for namespace in ["old", "other"] {
        store.share(&BY, &name(namespace), anna, ShareAccess::Read, NOW).await.expect("shared");
    }
    let step = store.delete_namespace(&BY, &name("old"), 10, NOW).await.expect("deleted");
    assert_eq!((step.memories, step.done), (3, true));
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 1);
    assert_eq!(shared(store).await, ["other"]);
}

/// A removal takes many steps; from the first on nobody sees what is being removed or handed over.
pub async fn shares_of_whoever_is_removed_end_first(store: &dyn Store) {
    fill(store).await;
    let anna = Principal::everything(anna(store).await);
    for number in 5..8 {
        let memory = within(memory(number, "coffee"), "hers");
        store.add_memory(&anna, &memory, Addition::default(), NOW).await.expect("stored");
    }
    assert!(store.share(&anna, &name("hers"), OWNER, ShareAccess::Read, NOW).await.expect("shared"));
    assert!(store.share(&BY, &name("other"), anna.owner, ShareAccess::Read, NOW).await.expect("shared"));
    let before = store.access_version().await.expect("read");
    let step = store.remove_user(&BY, anna.owner, Some(OWNER), 1, NOW).await.expect("a step");
    assert!(!step.done);
    assert_eq!(shared(store).await, [] as [&str; 0]);
    assert_ne!(store.access_version().await.expect("read"), before);
    while !store.remove_user(&BY, anna.owner, Some(OWNER), 10, NOW).await.expect("a step").done {}
    assert_eq!(store.count_memories(Some(OWNER), NOW).await.expect("counted"), 7);
}

/// Every change of a share is another version, and none is made for nobody.
pub async fn shares_change_the_version(store: &dyn Store) {
    let anna = anna(store).await;
    let mut before = store.access_version().await.expect("read");
    let mut changes = async |changed: bool| {
        let now = store.access_version().await.expect("read");
        assert_eq!(now != before, changed);
        before = now;
    };
    let old = name("old");
    assert!(!store.share(&BY, &old, OwnerId(77), ShareAccess::Read, NOW).await.expect("asked"));
    changes(false).await;
    assert!(store.share(&BY, &old, anna, ShareAccess::Read, NOW).await.expect("shared"));
    changes(true).await;
    assert!(store.share(&BY, &old, anna, ShareAccess::Write, NOW).await.expect("shared"));
    changes(true).await;
    let all = store.shares().await.expect("read");
    assert_eq!(
        (all.len(), all[0].owner, all[0].user, all[0].share.access),
        (1, OWNER, anna, ShareAccess::Write)
    );
    assert!(store.unshare(&BY, &old, anna, NOW).await.expect("ended"));
    changes(true).await;
    assert!(!store.unshare(&BY, &old, anna, NOW).await.expect("asked"));
    changes(false).await;
}

/// What nobody has is not counted.
pub async fn tags_tools_and_types_are_counted(store: &dyn Store) {
    fill(store).await;
    for (what, expected) in
        [(Counted::Tags, ("drinks", 4)), (Counted::Tools, ("claude", 4)), (Counted::Types, ("semantic", 4))]
    {
        let counts = store.counts(&BY, what, NOW).await.expect("counted");
        assert_eq!(counts, [(expected.0.to_owned(), expected.1)], "{what:?}");
    }
    store.delete_namespace(&BY, &name("old"), 10, NOW).await.expect("deleted");
    store.delete_namespace(&BY, &name("other"), 10, NOW).await.expect("deleted");
    assert_eq!(store.counts(&BY, Counted::Tags, NOW).await.expect("counted"), []);
}
