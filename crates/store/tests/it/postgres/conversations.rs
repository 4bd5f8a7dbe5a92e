//! The index of conversations in a database that was there before it.

use std::sync::Arc;

use omp_model::transfer::Conflict;
use omp_model::{Conversation, ConversationQuery, Principal};
use omp_search::keywords;
use omp_store::conformance::conversation_index::{conversation, save};
use omp_store::conformance::{BY, NOW, databases};
use omp_store::{
    ConversationIndex, ConversationStore, Indexing, Maintenance, Passages, PendingConversation,
    PostgresStore, Slot, SpaceModel, VectorStore,
};

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
            "DROP TABLE conversation_words, conversation_totals, conversation_vectors, conversation_backlog, job_conversations, jobs, budgets, writers; \
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

/// Some conversations whose words and vectors wait, and where the vectors go.
async fn waiting(store: &PostgresStore, count: i64) -> (Vec<Conversation>, Slot) {
    let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
    let slot = store.open_vector_space(&model).await.unwrap().slot;
    let all: Vec<_> = (0..count).map(|number| conversation(number, "a", "t", &["tea"])).collect();
    store.import_conversations(&BY, all.clone(), Conflict::Overwrite, Indexing::Later, NOW).await.unwrap();
    (all, slot)
}

/// Those that wait for their vectors are said to have none.
async fn embed(store: &PostgresStore, slot: Slot) -> usize {
    let pending = store.conversation_backlog(slot, 10).await.unwrap();
    let none = |one: &PendingConversation| Passages { pk: one.pk, ..Passages::default() };
    store.put_passages(slot, pending.iter().map(none).collect()).await.unwrap();
    pending.len()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_conversation_that_cannot_be_read_keeps_nobody_waiting_and_is_not_lost() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    let (all, slot) = waiting(&store, 4).await;
    let client = databases::client(&url).await;
    client.batch_execute("SET omp.owner = '1'").await.unwrap();
    let sql = "UPDATE conversations SET messages = replace(messages, '\"user\"', '\"oracle\"') WHERE id = $1";
    assert_eq!(client.execute(sql, &[&all[3].id.body()]).await.unwrap(), 1);
    while store.index_conversations(1).await.unwrap() {}
    assert_eq!(told(&store, "tea").await, (3, 1));
    assert_eq!(embed(&store, slot).await, 3);
    assert_eq!(embed(&store, slot).await, 0);
    assert_eq!(store.count_conversation_backlog(slot).await.unwrap(), 0, "nobody waits for it");
    let sql = "UPDATE conversations SET messages = replace(messages, '\"oracle\"', '\"user\"') WHERE id = $1";
    assert_eq!(client.execute(sql, &[&all[3].id.body()]).await.unwrap(), 1);
    let store = open(&url).await.unwrap();
    while store.index_conversations(1).await.unwrap() {}
    assert_eq!(told(&store, "tea").await, (4, 0));
    assert_eq!(store.count_conversation_backlog(slot).await.unwrap(), 1);
    whole(&store).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_waits_without_a_conversation_is_forgotten() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    let (_, slot) = waiting(&store, 2).await;
    databases::client(&url)
        .await
        .batch_execute(
            "SET omp.owner = '0'; INSERT INTO conversation_backlog (owner, what, pk) \
             SELECT owner, w, max(pk) + 7 FROM conversations, generate_series(0, 2) AS w GROUP BY owner, w",
        )
        .await
        .unwrap();
    while store.index_conversations(1).await.unwrap() {}
    assert_eq!(told(&store, "tea").await, (2, 0));
    while embed(&store, slot).await > 0 {}
    assert_eq!(store.count_conversation_backlog(slot).await.unwrap(), 0);
    assert_eq!(store.conversation_backlog(Slot(1 - slot.0), 1).await.unwrap(), []);
    whole(&store).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_conversation_that_is_being_saved_while_a_space_is_opened_waits_for_it() {
    let url = databases::required().await;
    let store = Arc::new(open(&url).await.unwrap());
    save(&*store, &conversation(1, "a", "t", &["tea"])).await;
    let client = databases::client(&url).await;
    client
        .batch_execute(
            "SET omp.owner = '1'; BEGIN; INSERT INTO conversations SELECT owner, pk + 1, 'x' || substr(id, 2), model, topic, \
             message_count, source_url, created_at, updated_at, messages, origin, tool FROM conversations",
        )
        .await
        .unwrap();
    let opening = tokio::spawn({
        let store = Arc::clone(&store);
        let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
        async move { store.open_vector_space(&model).await }
    });
    let watcher = databases::client(&url).await;
    let sql = "SELECT count(*) FROM pg_locks WHERE relation = 'conversations'::regclass AND NOT granted";
    while watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) == 0 && !opening.is_finished() {}
    client.batch_execute("COMMIT").await.unwrap();
    let space = opening.await.unwrap().unwrap();
    assert_eq!(store.count_conversation_backlog(space.slot).await.unwrap(), 2);
}
