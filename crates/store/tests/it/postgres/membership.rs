//! The only server that writes goes by what it knows for a moment; as soon as there is another one, nobody does.

use std::time::{Duration, Instant};

use omp_store::conformance::{BY, NOW, OWNER, databases, memory};
use omp_store::{IndexFeed, Maintenance, MemoryStore, PostgresStore};
use tokio_postgres::Client;

use super::suite::open;

async fn seq(store: &PostgresStore) -> i64 {
    store.index_position(OWNER).await.unwrap().seq
}

async fn write(store: &PostgresStore, number: i64) {
    assert!(store.create_memory(&BY, &memory(number, "x"), NOW).await.unwrap());
}

/// How many servers are named, and how many of those rows hold.
async fn rows(client: &Client) -> (i64, i64) {
    let sql = "SELECT count(*), count(*) FILTER (WHERE until > now()) FROM writers";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1))
}

/// Servers name themselves a moment after they wrote first.
async fn until_named(client: &Client, servers: i64) {
    let begun = Instant::now();
    while rows(client).await != (servers, servers) {
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", rows(client).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often, of twenty times, a server did not notice at once what a program wrote that is not named among the writers
/// and does not wait, as one of an older version.
async fn unnoticed(stranger: &Client, store: &PostgresStore) -> usize {
    stranger.batch_execute("SET synchronous_commit = off").await.unwrap();
    let mut unnoticed = 0;
    for _ in 0..20 {
        let before = seq(store).await;
        stranger.batch_execute("UPDATE owners SET seq = seq + 1").await.unwrap();
        unnoticed += usize::from(seq(store).await == before);
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert_eq!(seq(store).await, before + 1, "noticed after a moment at the latest");
    }
    unnoticed
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_server_goes_by_what_it_knows_while_no_other_one_is_named() {
    let url = databases::required().await;
    let client = databases::client(&url).await;
    let [here, there] = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    write(&here, 0).await;
    until_named(&client, 1).await;
    assert!(unnoticed(&client, &here).await > 0, "it asked each time");
    assert_eq!(unnoticed(&client, &there).await, 0, "there is another one that writes");

    write(&there, 1).await;
    until_named(&client, 2).await;
    assert_eq!(unnoticed(&client, &here).await, 0, "there is another one by now");
    there.close().await.unwrap();
    assert!(unnoticed(&client, &here).await > 0, "it asked each time, though the other one is closed");
}

/// Before another server is named, while it becomes so, and afterwards.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn whatever_was_acknowledged_by_any_server_is_known() {
    let url = databases::required().await;
    let client = databases::client(&url).await;
    let [here, there] = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    let (mut number, mut beyond) = (0, 0);
    while beyond < 50 {
        for writer in [&here, &there] {
            for reader in [&here, &there] {
                let before = seq(reader).await;
                write(writer, number).await;
                number += 1;
                assert!(seq(reader).await > before, "change {number} was missed");
            }
        }
        beyond += i32::from(rows(&client).await == (2, 2));
        assert!(number < 10_000, "{:?}", rows(&client).await);
    }
}

/// Rows of servers that were killed are over after a while, and go then.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn there_are_rows_of_those_that_write_and_stay() {
    let url = databases::required().await;
    let client = databases::client(&url).await;
    let short = open(&url).await.unwrap();
    write(&short, 0).await;
    drop(short);
    assert_eq!(rows(&client).await, (0, 0), "what only stores something is none that stays");

    let killed = open(&url).await.unwrap();
    write(&killed, 1).await;
    until_named(&client, 1).await;
    drop(killed);
    assert_eq!(rows(&client).await, (1, 1), "nobody took it away");
    client.batch_execute("UPDATE writers SET until = now() - interval '1 second'").await.unwrap();
    let here = open(&url).await.unwrap();
    write(&here, 2).await;
    until_named(&client, 1).await;
    here.close().await.unwrap();
    assert_eq!(rows(&client).await, (0, 0));
}
