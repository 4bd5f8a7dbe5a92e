//! A database that a newer server has brought up to date, and servers that know less: before, while and after.

use omp_store::conformance::{databases, relocations};
use omp_store::{Maintenance, PostgresStore, StoreError};
use tokio_postgres::Client;

use super::suite::open;

/// The database is of this version, and says since which programs can work with it.
async fn says(client: &Client, version: u32, serves_since: u32) {
    let sql = format!(
        "INSERT INTO open_memory (version, made_at) VALUES ({version}, 0) ON CONFLICT DO NOTHING; \
         INSERT INTO settings (name, value) VALUES ('serves_since_{version}', {serves_since}) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    );
    client.batch_execute(&sql).await.unwrap();
}

/// The newest version that the program of these tests knows.
async fn known(store: &PostgresStore) -> u32 {
    store.info().await.unwrap().schema_version
}

/// What a newer server leaves behind that only adds: a column more in every table.
async fn expand(url: &str) {
    let client = databases::client(url).await;
    let sql = "DO $$ DECLARE t name; n integer := 0; BEGIN FOR t IN SELECT relname FROM pg_class \
         WHERE relnamespace = current_schema::regnamespace AND relkind = 'r' LOOP \
         EXECUTE format('ALTER TABLE %I ADD COLUMN later integer NOT NULL DEFAULT 7, ADD COLUMN note text', t); \
         n := n + 1; END LOOP; ASSERT n > 15; END $$";
    client.batch_execute(sql).await.unwrap();
}

async fn make() -> Box<PostgresStore> {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    expand(&url).await;
    says(&databases::client(&url).await, 99, known(&store).await).await;
    store.close().await.unwrap();
    Box::new(open(&url).await.unwrap())
}

// Everything goes on as it was.
omp_store::conformance_suite!(
    #[ignore = "needs PostgreSQL: tests/postgres/run"]
    make
);

/// Servers are replaced one after the other: the others have prepared their statements before the newer one comes.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_server_at_work_goes_on_while_a_newer_one_adds() {
    let url = databases::required().await;
    let store = open(&url).await.unwrap();
    relocations::fill(&store).await;
    relocations::go_on(&store, 1).await;
    expand(&url).await;
    says(&databases::client(&url).await, 99, known(&store).await).await;
    relocations::go_on(&store, 2).await;
    assert_eq!(store.ready().await, Ok(()));
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_newer_database_is_opened_only_if_it_says_so() {
    let url = databases::required().await;
    let running = open(&url).await.unwrap();
    let (client, known) = (databases::client(&url).await, known(&running).await);
    assert_eq!(running.ready().await, Ok(()));
    for (serves_since, welcome) in [(known, true), (known + 1, false), (1, true), (99, false)] {
        says(&client, 99, serves_since).await;
        let (opened, ready) = (open(&url).await.map(drop), running.ready().await);
        assert_eq!(opened, ready, "{serves_since}");
        match opened {
            Ok(()) => assert!(welcome, "{serves_since}"),
            Err(StoreError::Newer { found: 99, .. }) => assert!(!welcome, "{serves_since}"),
            Err(error) => panic!("{error}"),
        }
    }
    // Words of a newer program are left alone.
    says(&client, 99, 1).await;
    let other = "UPDATE settings SET value = value + 1 WHERE name = 'tokenizer_version'";
    client.batch_execute(other).await.unwrap();
    assert!(matches!(open(&url).await.map(drop), Err(StoreError::Newer { found: 99, .. })));
}
