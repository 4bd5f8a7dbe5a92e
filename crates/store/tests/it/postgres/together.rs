//! Several servers on one database.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use omp_model::{KeyId, Limits, MemoryId, Scope, Scopes, UserName};
use omp_store::conformance::{BY, NOW, OWNER, databases, memory};
use omp_store::{
    AccessStore, ChangeFeed, KeyChange, MemoryStore, NewVector, PostgresStore, SpaceModel, StoreError,
    StoredKey, VectorStore,
};

use super::suite::open;

/// Two servers on one database.
async fn two() -> [Arc<PostgresStore>; 2] {
    let url = databases::required().await;
    [Arc::new(open(&url).await.unwrap()), Arc::new(open(&url).await.unwrap())]
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn servers_that_start_at_once_make_one_schema() {
    let url = databases::required().await;
    let stores = join_all((0..4).map(|_| open(&url))).await;
    let stores: Vec<PostgresStore> = stores.into_iter().collect::<omp_store::Result<_>>().unwrap();
    assert!(stores[0].create_memory(&BY, &memory(0, "x"), NOW).await.unwrap());
    assert!(!stores[3].create_memory(&BY, &memory(0, "x"), NOW).await.unwrap());
}

/// Transactions commit in any order; whoever asks for everything after the last number must miss nothing all the same.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn whoever_follows_the_changes_misses_none() {
    const EACH: i64 = 150;
    let stores = two().await;
    let writing = Arc::new(AtomicBool::new(true));
    let follower = {
        let (store, writing) = (Arc::clone(&stores[0]), Arc::clone(&writing));
        tokio::spawn(async move {
            let (mut seen, mut last): (BTreeSet<MemoryId>, i64) = (BTreeSet::new(), 0);
            loop {
                // Asked before the changes, so that the last round sees everything.
                let more = writing.load(Ordering::SeqCst);
                let changes = store.changes_since(OWNER, last, 1_000).await.unwrap();
                last = changes.last().map_or(last, |change| change.seq);
                seen.extend(changes.iter().map(|change| change.id));
                if !more {
                    return seen;
                }
            }
        })
    };
    let writers = (0..8).map(|writer| {
        let store = Arc::clone(&stores[usize::from(writer % 2 == 0)]);
        tokio::spawn(async move {
            for number in 0..EACH {
                let memory = memory(i64::from(writer) * EACH + number, "text");
                assert!(store.create_memory(&BY, &memory, NOW).await.unwrap());
            }
        })
    });
    for writer in join_all(writers).await {
        writer.unwrap();
    }
    writing.store(false, Ordering::SeqCst);
    let seen = follower.await.unwrap();
    let stored: BTreeSet<MemoryId> = (0..8 * EACH).map(|number| memory(number, "x").id).collect();
    assert_eq!(seen.len(), stored.len());
    assert_eq!(seen, stored);
    assert_eq!(stores[1].count_memories(Some(OWNER), NOW).await.unwrap(), 8 * EACH.unsigned_abs());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn one_id_is_taken_once_whichever_server_is_asked() {
    let stores = two().await;
    let memory = memory(0, "text");
    let both = join_all((0..20).map(|n| stores[n % 2].create_memory(&BY, &memory, NOW))).await;
    assert_eq!(both.into_iter().filter(|created| *created == Ok(true)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_revoked_key_is_known_to_every_server_when_that_is_acknowledged() {
    let [here, there] = two().await;
    let id = KeyId::from_body(&"0".repeat(16)).unwrap();
    let key = StoredKey {
        id,
        owner: OWNER,
        user: UserName::new("owner").unwrap(),
        administers: true,
        name: omp_model::Text::new("k").unwrap(),
        hash: [7; 32],
        former: None,
        scopes: Scopes::new([Scope::Read]),
        limits: Limits::default(),
        default_namespace: None,
        created_at: NOW,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    let empty = there.access_version().await.unwrap();
    here.create_key(&BY, &key).await.unwrap();
    let made = there.access_version().await.unwrap();
    assert_ne!(made, empty);
    assert_eq!(there.keys().await.unwrap(), [key]);
    assert!(here.change_key(&BY, None, id, KeyChange::Revoke, NOW).await.unwrap());
    assert_ne!(there.access_version().await.unwrap(), made);
    assert_eq!(there.keys().await.unwrap()[0].revoked_at, Some(NOW));
}

/// Two servers share the work: no memory is given to both, and none is left.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_waits_for_its_vector_is_given_to_one_server_only() {
    let stores = two().await;
    let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
    let spaces = join_all(stores.iter().map(|store| store.open_vector_space(&model))).await;
    let space = spaces[0].as_ref().unwrap();
    let slot = space.slot;
    assert_eq!(spaces[0], spaces[1]);
    for number in 0..40 {
        stores[0].create_memory(&BY, &memory(number, "text"), NOW).await.unwrap();
    }
    let works = (0..8).map(|worker| {
        let (store, space) = (Arc::clone(&stores[worker % 2]), space.clone());
        tokio::spawn(async move {
            let taken = store.backlog(slot, 10).await.unwrap();
            let vector = |pending: &omp_store::Pending| NewVector {
                pk: pending.pk,
                seq: pending.seq,
                windows: vec![0.5, -0.25],
            };
            store.put_vectors(&space, taken.iter().map(vector).collect()).await.unwrap();
            taken.iter().map(|pending| pending.pk).collect::<Vec<_>>()
        })
    });
    let taken: Vec<i64> = join_all(works).await.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(taken.len(), 40);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 40);
    assert_eq!(stores[0].count_backlog(slot).await.unwrap(), 0);
    assert_eq!(stores[1].vectors(slot, &taken[..1]).await.unwrap(), [Some(vec![0.5, -0.25])]);
}

/// A write that fails gives its locks back at once, and not when its server writes again.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_failed_on_one_server_holds_up_no_other() {
    let [here, there] = two().await;
    let model = |name: &str| SpaceModel { name: name.into(), revision: "1".into(), dimensions: 2 };
    here.create_memory(&BY, &memory(0, "text"), NOW).await.unwrap();
    here.open_vector_space(&model("first")).await.unwrap();
    let gave_way = here.open_vector_space(&model("second")).await.unwrap();
    let pending = here.backlog(gave_way.slot, 1).await.unwrap();
    there.open_vector_space(&model("third")).await.unwrap();
    let late = NewVector { pk: pending[0].pk, seq: pending[0].seq, windows: vec![0.6, 0.8] };
    assert_eq!(here.put_vectors(&gave_way, vec![late]).await, Err(StoreError::OtherModel));
    // Longer than any write takes, and shorter than a lock is waited for.
    let other = memory(1, "text");
    let written = tokio::time::timeout(Duration::from_secs(20), there.create_memory(&BY, &other, NOW)).await;
    assert_eq!(written, Ok(Ok(true)));
}
