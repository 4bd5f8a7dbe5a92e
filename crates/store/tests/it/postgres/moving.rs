//! Moving everything between files and databases.

use omp_store::PostgresStore;
use omp_store::conformance::{databases, relocations};

use super::suite::make;

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
