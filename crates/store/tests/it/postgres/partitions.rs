//! The store on tables that were divided by owner, as docs/scaling.md tells how to.

use omp_store::PostgresStore;
use omp_store::conformance::databases;

use super::suite::open;

const DIVIDE: &str = include_str!("../../../../../docs/partition-by-owner.sql");

/// The address of a database whose tables are in three parts.
async fn divided() -> String {
    let url = databases::required().await;
    open(&url).await.unwrap();
    let client = databases::client(&url).await;
    client.batch_execute(&format!("SET omp.partitions = 3; {DIVIDE}")).await.unwrap();
    url
}

async fn make() -> Box<PostgresStore> {
    Box::new(open(&divided().await).await.unwrap())
}

omp_store::conformance_suite!(
    #[ignore = "needs PostgreSQL: tests/postgres/run"]
    make
);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn an_owner_is_in_one_part_of_each_table() {
    let url = divided().await;
    let client = databases::client(&url).await;
    for table in ["memories", "memory_tags", "words", "versions", "vectors"] {
        let sql = format!("EXPLAIN SELECT * FROM {table} WHERE owner = 7");
        let plan: Vec<String> = client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
        let touched =
            |part: &i32| plan.iter().any(|line| line.contains(&format!(" on {table}_{part} {table} ")));
        let parts = (0..3).filter(touched).count();
        assert_eq!(parts, 1, "{plan:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn the_wall_stands_around_each_part() {
    let url = divided().await;
    let client = databases::client(&url).await;
    let sql = "SELECT count(*) FROM pg_class AS part JOIN pg_inherits ON inhrelid = part.oid JOIN pg_class AS whole ON inhparent = whole.oid \
         WHERE part.relnamespace = current_schema::regnamespace AND part.relkind = 'r' \
         AND (whole.relrowsecurity, whole.relforcerowsecurity) <> (part.relrowsecurity, part.relforcerowsecurity)";
    assert_eq!(client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0), 0);
    let walled = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema::regnamespace \
         AND relname IN ('memories_0', 'memories_1', 'memories_2', 'vectors_0') AND relforcerowsecurity";
    assert_eq!(client.query_one(walled, &[]).await.unwrap().get::<_, i64>(0), 4);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn what_is_divided_is_not_divided_again() {
    let url = divided().await;
    let client = databases::client(&url).await;
    let again = client.batch_execute(&format!("SET omp.partitions = 3; {DIVIDE}")).await.unwrap_err();
    let told = again.as_db_error().unwrap().message().to_owned();
    assert_eq!(told, "the table memories is divided already");
}
