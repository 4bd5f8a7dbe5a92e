//! Moving everything between files and databases.

use omp_store::conformance::{NOW, databases, relocations};
use omp_store::relocation::MoveError;
use omp_store::{PostgresOptions, PostgresStore};

use super::suite::{make, open};
use crate::moving;

fn fresh() -> impl Future<Output = Box<PostgresStore>> {
    make()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_file_goes_to_a_database_and_back() {
    let (source, back) = (crate::suite::make().await, crate::suite::make().await);
    relocations::everything_goes_over_and_back(&*source, &*fresh().await, &*back).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_database_goes_to_a_file_and_back() {
    let file = crate::suite::make().await;
    relocations::everything_goes_over_and_back(&*fresh().await, &*file, &*fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_second_run_catches_up_with_a_file() {
    relocations::a_second_run_catches_up(&*crate::suite::make().await, &*fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_second_run_catches_up_with_a_database() {
    relocations::a_second_run_catches_up(&*fresh().await, &*crate::suite::make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn the_door_stays_as_it_was() {
    relocations::the_door_stays_as_it_was(&*crate::suite::make().await, &*fresh().await).await;
    relocations::the_door_stays_as_it_was(&*fresh().await, &*crate::suite::make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_yet_to_wait_goes_over() {
    relocations::what_is_yet_to_wait_goes_over(&*crate::suite::make().await, &*fresh().await).await;
    relocations::what_is_yet_to_wait_goes_over(&*fresh().await, &*crate::suite::make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn conversations_wait_for_a_later_model() {
    relocations::conversations_wait_for_a_later_model(&*crate::suite::make().await, &*fresh().await).await;
    relocations::conversations_wait_for_a_later_model(&*fresh().await, &*crate::suite::make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_file_may_be_written_to_meanwhile() {
    relocations::a_source_may_be_written_to_meanwhile(&*crate::suite::make().await, &*fresh().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_database_may_be_written_to_meanwhile() {
    relocations::a_source_may_be_written_to_meanwhile(&*fresh().await, &*crate::suite::make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn only_an_empty_database_or_a_move_of_the_same_source_is_filled() {
    let source = crate::suite::make().await;
    relocations::only_an_empty_target_or_a_move_of_the_same_source_is_filled(
        &*source,
        &*fresh().await,
        &*fresh().await,
    )
    .await;
}

async fn to_fill(url: &str) -> PostgresStore {
    PostgresStore::open_to_fill(&PostgresOptions::new(url, NOW)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn who_has_a_database_open_writes_nothing_meanwhile() {
    let url = databases::required().await;
    let server = open(&url).await.unwrap();
    let source = crate::suite::make().await;
    moving::who_has_it_open_writes_nothing_meanwhile(&*source, &server, &to_fill(&url).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_written_while_a_database_is_looked_at_stays() {
    let url = databases::required().await;
    let server = open(&url).await.unwrap();
    let source = crate::suite::make().await;
    moving::what_is_written_while_it_is_looked_at_stays(&*source, &server, &to_fill(&url).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn of_two_runs_into_a_database_the_last_one_goes_on() {
    moving::of_two_runs_the_last_one_goes_on(&*crate::suite::make().await, &*fresh().await).await;
}

/// A transaction that began before the move did, and whose end it does not see coming.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn who_is_in_the_middle_of_writing_is_waited_for() {
    let source = crate::suite::make().await;
    relocations::fill(&*source).await;
    let url = databases::required().await;
    let named = format!("{url}&application_name=waits_for_writers");
    let target = to_fill(&named).await;
    let client = databases::client(&url).await;
    client.batch_execute("BEGIN; UPDATE owners SET next_pk = 1, seq = 1").await.unwrap();
    let carrying = relocations::carry(&*source, &target);
    let writing = async {
        blocked(&url, "waits_for_writers").await;
        client.batch_execute("COMMIT").await.unwrap();
    };
    let (ended, ()) = tokio::join!(carrying, writing);
    assert!(matches!(ended, Err(MoveError::NotEmpty(_))), "{ended:?}");
    open(&url).await.unwrap();
}

/// Returns when a connection of this name waits for a lock.
pub(super) async fn blocked(url: &str, name: &str) {
    let client = databases::client(url).await;
    let sql =
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 AND wait_event_type = 'Lock'";
    while client.query_one(sql, &[&name]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn every_table_goes_over_or_is_said_to_stay() {
    let url = databases::required().await;
    drop(super::suite::open(&url).await.unwrap());
    let client = databases::client(&url).await;
    let sql = "SELECT table_name::text, array_agg(column_name::text) FROM information_schema.columns \
         WHERE table_schema = current_schema GROUP BY 1";
    let rows = client.query(sql, &[]).await.unwrap();
    assert!(rows.len() > 15);
    relocations::assert_every_table_is_known(rows.iter().map(|row| (row.get(0), row.get(1))));
}
