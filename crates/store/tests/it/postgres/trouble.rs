//! What is wrong with a database is told in words that help.

use omp_store::conformance::{BY, NOW, databases, memory};
use omp_store::{MemoryStore, StoreError};

use super::suite::open;

async fn told(url: &str) -> StoreError {
    open(url).await.err().expect("it was opened")
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    // Nothing listens on this port: it is reserved.
    let error = told("postgres://anna:s3cret@127.0.0.1:1/memories").await;
    assert!(
        matches!(&error, StoreError::Unreachable { place, .. } if place == "postgres://127.0.0.1:1/memories")
    );
    assert!(error.to_string().contains("refused") && !error.to_string().contains("s3cret"), "{error}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_database_that_is_not_there_is_told() {
    let url = std::env::var(databases::VARIABLE).unwrap() + "_of_nobody";
    let error = told(&url).await.to_string();
    assert!(error.contains("does not exist") && error.contains("createdb"), "{error}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_right_that_is_missing_is_told() {
    let url = databases::required().await;
    let client = databases::client(&url).await;
    client
        .batch_execute(
            "DO $$ BEGIN EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM CURRENT_USER', current_schema); END $$",
        )
        .await
        .unwrap();
    let error = told(&url).await;
    assert!(matches!(error, StoreError::Denied { .. }), "{error}");
    assert!(error.to_string().contains("the right to create tables"), "{error}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn tables_of_others_are_left_alone() {
    let url = databases::required().await;
    databases::client(&url).await.batch_execute("CREATE TABLE memories (x integer)").await.unwrap();
    assert!(matches!(told(&url).await, StoreError::NotADatabase(_)));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_newer_schema_is_left_alone() {
    let url = databases::required().await;
    drop(open(&url).await.unwrap());
    databases::client(&url).await.batch_execute("INSERT INTO open_memory VALUES (99, 0)").await.unwrap();
    assert!(matches!(told(&url).await, StoreError::Newer { found: 99, .. }));
}

/// It was refused: a connection was prepared for encryption under the server's name, and here it has none.
#[cfg(unix)]
#[tokio::test]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn a_socket_of_the_system_leads_to_the_database() {
    let folder = std::env::var("OMP_TEST_DATABASE_FOLDER").unwrap().replace('/', "%2F");
    let url = databases::required().await.replace("127.0.0.1", &folder);
    let store = open(&url).await.unwrap();
    assert!(store.create_memory(&BY, &memory(0, "x"), NOW).await.unwrap());
}

/// A restart of the database server ends all connections; the next request makes new ones.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs PostgreSQL: tests/postgres/run"]
async fn lost_connections_heal() {
    // A name of its own, so that no other test's connections are ended.
    let url = databases::required().await + "&application_name=omp-lost";
    let store = open(&url).await.unwrap();
    for round in 0..3 {
        assert!(store.create_memory(&BY, &memory(round, "x"), NOW).await.unwrap());
        let client = databases::client(&url).await;
        client
            .batch_execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE application_name = 'omp-lost' AND pid <> pg_backend_pid()",
            )
            .await
            .unwrap();
        // A connection that was ended just now may still look sound; what fails then is told, and the next call heals.
        let mut found = store.get_memory(&BY, memory(round, "x").id, false, NOW).await;
        for _ in 0..32 {
            if !matches!(found, Err(StoreError::Unreachable { .. })) {
                break;
            }
            found = store.get_memory(&BY, memory(round, "x").id, false, NOW).await;
        }
        assert_eq!(found.unwrap().map(|memory| memory.content.into_string()).as_deref(), Some("x"));
    }
}
