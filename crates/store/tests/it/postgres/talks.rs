//! The index of conversations in a database that was there before it.

use omp_model::{ConversationQuery, Principal};
use omp_search::keywords;
use omp_store::conformance::conversation_index::{conversation, save};
use omp_store::conformance::{BY, databases};
use omp_store::{ConversationIndex, ConversationStore, Maintenance, PostgresStore};

use super::suite::open;

/// How many conversations hold the word, and how many wait.
async fn told(store: &PostgresStore, word: &str) -> (usize, u64) {
    let by: &Principal = &BY;
    let hits = store.conversation_hits(by, &keywords(word), &ConversationQuery::default()).await.unwrap();
    (hits.hits.len(), hits.waiting)
}

async fn whole(store: &PostgresStore) {
    let problems: Vec<_> =
        store.check().await.unwrap().into_iter().filter(|check| check.problem.is_some()).collect();
    assert_eq!(problems, []);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_an_earlier_version_saved_is_indexed() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    for number in 0..20 {
        save(&store, &conversation(number, "a", "t", &["tea", "and milk"])).await;
    }
    store.close().await.unwrap();
    // As the version before would have left it.
    databases::client(&url)
        .await
        .batch_execute(
            "DROP TABLE conversation_words, conversation_totals, conversation_vectors, conversation_backlog; \
             DROP FUNCTION conversation_comes, conversation_goes CASCADE; \
             ALTER TABLE vectors DROP COLUMN windowed; DELETE FROM open_memory WHERE version >= 2",
        )
        .await
        .unwrap();
    let store = open(&url).await.unwrap();
    assert_eq!(told(&store, "tea").await, (0, 20));
    whole(&store).await;
    assert!(store.index_conversations(7).await.unwrap());
    assert_eq!(told(&store, "tea").await, (7, 13), "the newest first");
    whole(&store).await;
    while store.index_conversations(7).await.unwrap() {}
    assert_eq!(told(&store, "milk").await, (20, 0));
    whole(&store).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_server_of_the_version_before_leaves_a_whole_index() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    let kept = conversation(1, "a", "t", &["tea"]);
    save(&store, &kept).await;
    let client = databases::client(&url).await;
    // What it does knows nothing of the index.
    client
        .batch_execute(
            "SET omp.owner = '1'; INSERT INTO conversations SELECT owner, pk + 1, 'x' || substr(id, 2), model, topic, message_count, \
             source_url, created_at, updated_at, messages, origin, tool FROM conversations",
        )
        .await
        .unwrap();
    assert_eq!(told(&store, "tea").await, (1, 1));
    whole(&store).await;
    while store.index_conversations(7).await.unwrap() {}
    assert_eq!(told(&store, "tea").await, (2, 0));
    client.batch_execute("DELETE FROM conversations").await.unwrap();
    assert_eq!(told(&store, "tea").await, (0, 0));
    assert_eq!(store.get_conversation(&BY, kept.id).await.unwrap(), None);
    whole(&store).await;
}
