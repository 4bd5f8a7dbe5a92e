//! What the engine knows of tables that imports have filled.

use std::time::Duration;

use omp_model::transfer::Conflict;
use omp_store::TransferStore;
use omp_store::conformance::{BY, NOW, databases, memory};
use omp_store::transfer::{ImportChunk, ImportItem};

use super::suite::open;

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
    let known = "SELECT count(*) FROM pg_class WHERE oid IN ('words'::regclass, 'memories'::regclass) AND reltuples = 1000";
    let looked = async {
        while client.query_one(known, &[]).await.unwrap().get::<_, i64>(0) < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), looked).await.expect("the engine was told to look");
}
