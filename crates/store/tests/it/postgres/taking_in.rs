//! Vectors on their way to pgvector, and without it again.

use std::sync::Arc;

use omp_model::SearchFilter;
use omp_store::candidates::Found;
use omp_store::conformance::{BY, NOW, databases, memory};
use omp_store::{CandidateStore, Maintenance, MemoryStore, VectorStore};

use super::pgvector::{
    Confined, DIMENSIONS, Numbers, ask, best, cosine, embed, filters, found, many, model, nearest, one_in,
    pks, tend, there_is_pgvector, with_graphs_from,
};
use super::suite::open;

/// A search misses none of the vectors that came a moment ago, and does without while most are missing.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_not_taken_in_yet_is_found_all_the_same() {
    if !there_is_pgvector() {
        return;
    }
    let url = databases::required().await;
    let (store, slot, vectors) = many(&url, 50).await;
    tend(&store).await;
    let client = databases::client(&url).await;
    client.batch_execute("SET omp.owner = '0'").await.unwrap();
    let forget = async |condition: &str| {
        let sql = format!(
            "DELETE FROM vector_windows WHERE {condition}; UPDATE vectors SET windowed = false WHERE {condition}"
        );
        client.batch_execute(&sql).await.unwrap();
    };
    forget("pk % 6 = 0").await;
    let mut numbers = Numbers(15);
    let (mut hits, mut wanted) = (0, 0);
    for (every, filter) in filters() {
        let admitted = one_in(&vectors, every);
        for _ in 0..5 {
            let question = numbers.vector(DIMENSIONS);
            let candidates = found(ask(&store, &BY, slot, &question, &filter, 100).await);
            let expected = nearest(&admitted, &question, 10);
            // Those that are taken in come from the graph, where so many pass.
            wanted += expected.len();
            hits += best(&candidates, &question, 10).intersection(&expected).count();
            if every == 100 {
                assert_eq!(pks(&candidates), admitted.keys().copied().collect());
                let alike = admitted.values().filter(|windows| cosine(&question, windows) >= 0.2).count();
                assert!(candidates.alike.abs_diff(alike as u64) <= 1, "{} {alike}", candidates.alike);
            }
        }
    }
    assert!(hits * 100 >= wanted * 95, "{hits} of {wanted}");
    forget("true").await;
    let question = numbers.vector(DIMENSIONS);
    let Found::Unable(Some(reason)) = ask(&store, &BY, slot, &question, &SearchFilter::default(), 10).await
    else {
        panic!("next to nothing is taken in")
    };
    assert!(reason.contains("still taking in"), "{reason}");
    tend(&store).await;
    let all = one_in(&vectors, 1);
    let candidates = found(ask(&store, &BY, slot, &question, &SearchFilter::default(), 100).await);
    let best = best(&candidates, &question, 10);
    assert!(best.intersection(&nearest(&all, &question, 10)).count() >= 9);
}

/// Taking vectors in can take its time, of which nobody who writes notices anything.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn who_writes_does_not_wait_for_a_graph() {
    if !there_is_pgvector() {
        return;
    }
    let url = databases::required().await;
    let store = Arc::new(open(&format!("{url}&application_name=takes_in")).await.unwrap());
    let slot = store.open_vector_space(&model("m", 4)).await.unwrap().slot;
    store.create_memory(&BY, &memory(0, "text"), NOW).await.unwrap();
    let slow = databases::client(&url).await;
    slow.batch_execute("BEGIN; LOCK TABLE vector_windows IN SHARE MODE").await.unwrap();
    let embedding = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { embed(&store, slot, 4, 10, &mut Numbers(16)).await })
    };
    super::moving::blocked(&url, "takes_in").await;
    store.create_memory(&BY, &memory(1, "text"), NOW).await.unwrap();
    slow.batch_execute("COMMIT").await.unwrap();
    let all = embedding.await.unwrap();
    let question = Numbers(17).vector(4);
    let candidates = found(ask(&store, &BY, slot, &question, &SearchFilter::default(), 10).await);
    assert_eq!(pks(&candidates), all.keys().copied().collect());
    assert_eq!(store.check().await.unwrap().into_iter().filter(|check| check.problem.is_some()).count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn when_the_extension_is_removed_everything_else_goes_on() {
    if !there_is_pgvector() {
        return;
    }
    let confined = Confined::make("removed").await;
    let admin = databases::client(&confined.admin).await;
    admin.batch_execute("CREATE EXTENSION vector").await.unwrap();
    let store = with_graphs_from(&confined.url, 10).await;
    let slot = store.open_vector_space(&model("m", 4)).await.unwrap().slot;
    for number in 0..20 {
        store.create_memory(&BY, &memory(number, "text"), NOW).await.unwrap();
    }
    let mut all = embed(&store, slot, 4, 100, &mut Numbers(18)).await;
    tend(&store).await;
    let (question, everything) = (Numbers(19).vector(4), SearchFilter::default());
    assert!(!found(ask(&store, &BY, slot, &question, &everything, 10).await).memories.is_empty());

    admin.batch_execute("DROP EXTENSION vector CASCADE").await.unwrap();
    store.create_memory(&BY, &memory(20, "text"), NOW).await.unwrap();
    all.extend(embed(&store, slot, 4, 100, &mut Numbers(20)).await);
    assert_eq!((all.len(), store.count_backlog(slot).await.unwrap()), (21, 0));
    assert!(!store.tend_candidates().await.unwrap());
    let Found::Unable(Some(reason)) = ask(&store, &BY, slot, &question, &everything, 10).await else {
        panic!("nothing is left to search in")
    };
    assert!(reason.contains("pgvector was removed"), "{reason}");

    admin.batch_execute("CREATE EXTENSION vector").await.unwrap();
    let after = open(&confined.url).await.unwrap();
    tend(&after).await;
    let candidates = found(ask(&after, &BY, slot, &question, &everything, 21).await);
    assert_eq!(pks(&candidates), all.keys().copied().collect());
    drop(admin);
    confined.remove().await;
}
