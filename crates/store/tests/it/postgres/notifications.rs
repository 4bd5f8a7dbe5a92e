//! What one server changes is heard by the others. Those who wait here look by themselves once a day, so they depend on
//! hearing.

use std::sync::Arc;
use std::time::Duration;

use omp_model::{NewUser, OwnerId, Principal, UserName};
use omp_store::conformance::{BY, NOW, OWNER, databases, memory};
use omp_store::{AccessStore, ChangeFeed, Maintenance, MemoryStore, PostgresOptions, PostgresStore};

use super::suite::open;

const DAY: Duration = Duration::from_hours(24);
/// Nobody waits for so long; a test that fails ends then.
const FOREVER: Duration = Duration::from_mins(2);

async fn hard_of_looking(url: &str) -> Arc<PostgresStore> {
    let options = PostgresOptions { look_each: DAY, ..PostgresOptions::new(url, NOW) };
    Arc::new(PostgresStore::open(&options).await.unwrap())
}

/// The owner's number when it is another than `known`. A lost connection is told, and the next call heals.
async fn changed(store: Arc<PostgresStore>, owner: OwnerId, known: i64) -> i64 {
    loop {
        if store.until_stirred(owner, known).await.is_ok()
            && let Ok(seq) = store.last_seq(owner).await
            && seq != known
        {
            return seq;
        }
    }
}

async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(FOREVER, work).await.expect("it is not heard of")
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_one_server_changes_the_other_hears() {
    let url = databases::required().await;
    let (here, there) = (hard_of_looking(&url).await, open(&url).await.unwrap());
    let mut known = here.last_seq(OWNER).await.unwrap();
    for round in 0..30 {
        let waiting = tokio::spawn(changed(Arc::clone(&here), OWNER, known));
        there.create_memory(&BY, &memory(round, "text"), NOW).await.unwrap();
        known = in_time(waiting).await.unwrap();
    }
    assert_eq!(known, there.last_seq(OWNER).await.unwrap());
    // A program that stores something and ends has told it.
    let waiting = tokio::spawn(changed(Arc::clone(&here), OWNER, known));
    let brief = open(&url).await.unwrap();
    brief.create_memory(&BY, &memory(100, "text"), NOW).await.unwrap();
    brief.close().await.unwrap();
    assert_eq!(in_time(waiting).await.unwrap(), known + 1);
}

/// Many owners at once: each is heard of, and none who waits for another is missed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn whoever_is_changed_is_heard_of() {
    let url = databases::required().await;
    let (here, there) = (hard_of_looking(&url).await, Arc::new(open(&url).await.unwrap()));
    let mut owners = Vec::new();
    for number in 0..12 {
        let name = UserName::new(format!("user{number}")).unwrap();
        let new = NewUser { name, admin: false };
        owners.push(there.create_user(&BY, &new, NOW).await.unwrap().unwrap());
    }
    for round in 0..5 {
        let waiting: Vec<_> = owners
            .iter()
            .map(|owner| tokio::spawn(changed(Arc::clone(&here), *owner, i64::from(round))))
            .collect();
        let writing = owners.iter().map(|owner| {
            let (there, by) = (Arc::clone(&there), Principal::everything(*owner));
            tokio::spawn(async move { there.create_memory(&by, &memory(i64::from(round), "x"), NOW).await })
        });
        for write in writing.collect::<Vec<_>>() {
            assert!(write.await.unwrap().unwrap());
        }
        for waiting in waiting {
            assert_eq!(in_time(waiting).await.unwrap(), i64::from(round) + 1);
        }
    }
}

/// A connection that is lost is made anew, and what came meanwhile is found.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_lost_connection_misses_nothing() {
    let url = databases::required().await;
    // A name of its own, so that no other test's connections are ended.
    let here = hard_of_looking(&format!("{url}&application_name=omp-ears")).await;
    let there = open(&url).await.unwrap();
    let client = databases::client(&url).await;
    let end =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'omp-ears'";
    let mut known = here.last_seq(OWNER).await.unwrap();
    for round in 0..6 {
        let waiting = tokio::spawn(changed(Arc::clone(&here), OWNER, known));
        if round % 2 == 1 {
            let ended: i64 = client.query_one(end, &[]).await.unwrap().get(0);
            assert!(ended > 0);
        }
        there.create_memory(&BY, &memory(round, "text"), NOW).await.unwrap();
        known = in_time(waiting).await.unwrap();
    }
    assert_eq!(known, there.last_seq(OWNER).await.unwrap());
}
