//! A space of vectors that is made while others write.

use std::sync::Arc;

use omp_store::conformance::{BY, NOW, databases, memory};
use omp_store::{MemoryStore, NewVector, PostgresStore, SpaceModel, VectorStore};
use tokio_postgres::Client;

use super::suite::open;

fn model() -> SpaceModel {
    SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 }
}

/// A server whose connections have a name, and a connection past it that sees everybody's rows.
async fn named(url: &str, name: &str) -> Arc<PostgresStore> {
    Arc::new(open(&format!("{url}&application_name={name}")).await.unwrap())
}

async fn client(url: &str) -> Client {
    let client = databases::client(url).await;
    client.batch_execute("SET omp.owner = '0'").await.unwrap();
    client
}

/// Returns when this has ended, or a connection of that name waits for a lock.
async fn ended_or_blocked<T>(task: &tokio::task::JoinHandle<T>, url: &str, name: &str) {
    let client = client(url).await;
    let sql =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
    while !task.is_finished() && client.query_one(sql, &[&name]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
}

fn opened(store: &Arc<PostgresStore>) -> tokio::task::JoinHandle<omp_store::VectorSpace> {
    let store = Arc::clone(store);
    tokio::spawn(async move { store.open_vector_space(&model()).await.unwrap() })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_being_stored_waits_in_a_new_space_too() {
    let url = databases::required().await;
    let store = named(&url, "opens_a_space").await;
    store.create_memory(&BY, &memory(0, "text"), NOW).await.unwrap();
    // Another server is about to commit a memory, and looked for spaces when there was none.
    let writer = client(&url).await;
    writer
        .batch_execute(
            "BEGIN; UPDATE owners SET next_pk = next_pk + 1, seq = seq + 1; \
             INSERT INTO memories SELECT (jsonb_populate_record(m, jsonb_build_object('pk', pk + 1, 'seq', seq + 1, 'id', 'x'))).* \
             FROM memories AS m",
        )
        .await
        .unwrap();
    let opening = opened(&store);
    ended_or_blocked(&opening, &url, "opens_a_space").await;
    writer.batch_execute("COMMIT").await.unwrap();
    let space = opening.await.unwrap();
    assert_eq!(store.count_backlog(space.slot).await.unwrap(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_deleted_while_a_space_is_filled_does_not_wait_for_ever() {
    let url = databases::required().await;
    let (store, other) = (named(&url, "fills_a_space").await, named(&url, "deletes_from_it").await);
    for number in 0..3 {
        store.create_memory(&BY, &memory(number, "text"), NOW).await.unwrap();
    }
    // Something holds up the filling: a row that may yet come or not.
    let holding = client(&url).await;
    holding
        .batch_execute("BEGIN; INSERT INTO backlog (owner, slot, pk) SELECT owner, 0, min(pk) FROM memories GROUP BY owner")
        .await
        .unwrap();
    let opening = opened(&store);
    ended_or_blocked(&opening, &url, "fills_a_space").await;
    let deleting = {
        let other = Arc::clone(&other);
        tokio::spawn(async move { other.delete_memory(&BY, memory(0, "x").id, NOW).await.unwrap() })
    };
    ended_or_blocked(&deleting, &url, "deletes_from_it").await;
    holding.batch_execute("ROLLBACK").await.unwrap();
    let space = opening.await.unwrap();
    let slot = space.slot;
    deleting.await.unwrap();
    let pending = store.backlog(slot, 10).await.unwrap();
    assert_eq!(pending.len(), 2);
    let vectors = pending.iter().map(|one| NewVector { pk: one.pk, seq: one.seq, windows: vec![1.0, 0.0] });
    store.put_vectors(&space, vectors.collect()).await.unwrap();
    assert_eq!(store.count_backlog(slot).await.unwrap(), 0);
}
