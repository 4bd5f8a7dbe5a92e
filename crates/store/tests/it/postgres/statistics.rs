//! What the engine knows of tables that have been filled.

use std::time::Duration;

use omp_model::transfer::Conflict;
use omp_store::TransferStore;
use omp_store::conformance::conversation_index::conversation;
use omp_store::conformance::{BY, NOW, databases, memory};
use omp_store::transfer::{ImportChunk, ImportItem};
use omp_store::{ConversationIndex, ConversationStore, Indexing};

use super::suite::open;

/// Waits until the engine knows of a thousand rows or more in each of these tables.
async fn looked_at(client: &tokio_postgres::Client, tables: &[&str]) {
    let known = "SELECT count(*) FROM pg_class WHERE relname = ANY($1) AND reltuples >= 1000";
    let looked = async {
        while client.query_one(known, &[&tables]).await.unwrap().get::<_, i64>(0)
            < i64::try_from(tables.len()).unwrap()
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looked).await.expect("the engine was told to look");
}

/// Without that, the first searches by words after an import took seconds each.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn the_engine_looks_at_once_at_what_an_import_brought() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    let client = databases::client(&url).await;
    // It would also look by itself, some time.
    let off = "ALTER TABLE words SET (autovacuum_enabled = off); ALTER TABLE memories SET (autovacuum_enabled = off)";
    client.batch_execute(off).await.unwrap();
    let items = (0..1_000).map(|number| ImportItem {
        memory: memory(number, "text"),
        original: None,
        date_assumed: false,
    });
    store.import_memories(&BY, ImportChunk::plain(items.collect(), Conflict::Skip), NOW).await.unwrap();
    looked_at(&client, &["words", "memories"]).await;
}

/// Conversations are put into the word index after they were imported.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn the_engine_looks_at_conversations_once_they_can_be_found() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    let client = databases::client(&url).await;
    client.batch_execute("ALTER TABLE conversation_words SET (autovacuum_enabled = off)").await.unwrap();
    let turns = ["Let us bake bread."; 249];
    let coming = (0..6).map(|number| conversation(number, "claude", "Baking", &turns)).collect();
    store.import_conversations(&BY, coming, Conflict::Skip, Indexing::Later, NOW).await.unwrap();
    while store.index_conversations(100).await.unwrap() {}
    looked_at(&client, &["conversation_words"]).await;
}
