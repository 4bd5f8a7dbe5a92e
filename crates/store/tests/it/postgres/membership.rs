//! The only server that writes goes by what it knows for a moment; as soon as there is another one, nobody does.

use std::time::Duration;

use omp_store::conformance::{BY, NOW, OWNER, databases, memory};
use omp_store::{IndexFeed, Maintenance, MemoryStore, PostgresStore};

use super::suite::open;

async fn seq(store: &PostgresStore) -> i64 {
    store.index_position(OWNER).await.unwrap().seq
}

/// How often, of twenty times, a server did not notice at once what a program wrote that is not named among the writers,
/// as one of an older version.
async fn unnoticed(url: &str, store: &PostgresStore) -> usize {
    let stranger = databases::client(url).await;
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
async fn a_server_goes_by_what_it_knows_while_no_other_one_writes() {
    let url = databases::required().await;
    let [here, there] = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    assert!(here.create_memory(&BY, &memory(0, "x"), NOW).await.unwrap());
    assert!(unnoticed(&url, &here).await > 0, "it asked each time");
    assert_eq!(unnoticed(&url, &there).await, 0, "there is another one that writes");

    assert!(there.create_memory(&BY, &memory(1, "x"), NOW).await.unwrap());
    assert_eq!(unnoticed(&url, &here).await, 0, "there is another one by now");
    there.close().await.unwrap();
    assert!(unnoticed(&url, &here).await > 0, "it asked each time, though the other one is closed");
}

/// The first write of each server is the one that others know nothing of before.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn whatever_was_acknowledged_by_any_server_is_known() {
    let url = databases::required().await;
    let here = open(&url).await.unwrap();
    for number in 0..10 {
        let there = open(&url).await.unwrap();
        let before = seq(&here).await;
        assert!(there.create_memory(&BY, &memory(number, "x"), NOW).await.unwrap());
        assert!(seq(&here).await > before, "a change of another server was missed");
        there.close().await.unwrap();
    }
    for number in 10..200 {
        let before = seq(&here).await;
        assert!(here.create_memory(&BY, &memory(number, "x"), NOW).await.unwrap());
        assert!(seq(&here).await > before, "a change of its own was missed");
    }
}

/// Rows of servers that were killed are over after a while, and go then.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn one_row_each_and_none_of_those_that_were_closed() {
    let url = databases::required().await;
    let client = databases::client(&url).await;
    let rows = async || {
        let row =
            client.query_one("SELECT count(*), count(*) FILTER (WHERE until > now()) FROM writers", &[]);
        let row = row.await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    let [here, there] = [open(&url).await.unwrap(), open(&url).await.unwrap()];
    assert_eq!(rows().await, (0, 0), "nobody has written");
    assert!(here.create_memory(&BY, &memory(0, "x"), NOW).await.unwrap());
    assert!(here.create_memory(&BY, &memory(1, "x"), NOW).await.unwrap());
    assert_eq!(rows().await, (1, 1));
    client.batch_execute("UPDATE writers SET until = now() - interval '1 second'").await.unwrap();
    assert!(there.create_memory(&BY, &memory(2, "x"), NOW).await.unwrap());
    assert_eq!(rows().await, (1, 1), "what is over is removed by who comes next");
    here.close().await.unwrap();
    there.close().await.unwrap();
    assert_eq!(rows().await, (0, 0));
}
