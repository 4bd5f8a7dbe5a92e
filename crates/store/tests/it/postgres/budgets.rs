//! Budgets that several servers spend from.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use omp_store::conformance::databases;
use omp_store::{Budget, BudgetStore, PostgresStore};

use super::suite::open;

/// Nothing of it comes back while a test runs.
fn budget() -> Budget {
    Budget { name: "a key".into(), at_once: 40, each: Duration::from_hours(1) }
}

/// How many of so many at once are let through by each server.
async fn spent(stores: &[Arc<PostgresStore>], each: usize) -> Vec<usize> {
    let of_one = |store: &Arc<PostgresStore>| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            let waits = join_all((0..each).map(|_| {
                let store = Arc::clone(&store);
                async move { store.spend(&budget()).await }
            }));
            waits.await.into_iter().filter(Option::is_none).count()
        })
    };
    join_all(stores.iter().map(of_one)).await.into_iter().map(Result::unwrap).collect()
}

async fn servers(url: &str, count: usize) -> Vec<Arc<PostgresStore>> {
    join_all((0..count).map(|_| async { Arc::new(open(url).await.unwrap()) })).await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn servers_together_let_through_no_more_than_one_would() {
    let url = databases::required().await;
    let stores = servers(&url, 3).await;
    let through: usize = spent(&stores, 60).await.iter().sum();
    // Each may be one ahead of what it has settled.
    assert!((40..=43).contains(&through), "{through}");
    for store in &stores {
        let wait = store.spend(&budget()).await.expect("it is spent up");
        assert!(wait > Duration::from_mins(30), "{wait:?}");
    }
    // A server that comes later brings no budget of its own.
    let late = servers(&url, 1).await;
    let through: usize = spent(&late, 60).await.iter().sum();
    assert!(through <= 1, "{through}");
}

/// What one server leaves is there for the others.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn nothing_is_set_aside_for_a_server_that_does_not_ask() {
    let url = databases::required().await;
    let stores = servers(&url, 2).await;
    assert_eq!(spent(&stores[..1], 10).await, [10]);
    let through = spent(&stores[1..], 60).await[0];
    assert!((30..=31).contains(&through), "{through}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_server_that_cannot_ask_counts_for_itself() {
    let url = databases::required().await;
    let stores = servers(&url, 2).await;
    databases::client(&url).await.batch_execute("DROP TABLE budgets").await.unwrap();
    for through in spent(&stores, 60).await {
        assert_eq!(through, 40, "its own limit holds");
    }
}
