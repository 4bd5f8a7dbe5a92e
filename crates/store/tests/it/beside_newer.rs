//! A file that a newer program has brought up to date, and a program that knows less.

use omp_store::conformance::relocations;
use omp_store::{Maintenance, SqliteStore, StoreError};
use rusqlite::Connection;

use crate::suite::{Temporary, make as make_own, open};

/// The version that every program of these tests knows.
fn known(connection: &Connection) -> u32 {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
}

/// What a newer program leaves behind that only adds: a version, since when programs can
/// work with it, and a column more in every table.
fn expand(connection: &Connection) {
    let known = known(connection);
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' \
         AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '%words_%'";
    let mut select = connection.prepare(sql).unwrap();
    let tables: Vec<String> =
        select.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert!(tables.len() > 15, "{tables:?}");
    for table in tables {
        let sql = format!(
            "ALTER TABLE {table} ADD COLUMN later INTEGER NOT NULL DEFAULT 7; ALTER TABLE {table} ADD COLUMN note TEXT"
        );
        connection.execute_batch(&sql).unwrap();
    }
    says(connection, i64::from(known));
}

/// The file is of version 99, and says so of programs.
fn says(connection: &Connection, serves_since: i64) {
    let sql = "INSERT INTO settings (name, value) VALUES ('serves_since_99', ?1) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.execute(sql, [serves_since]).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
}

async fn make() -> Temporary {
    make_own().await.changed_by(expand).await
}

// Everything goes on as it was.
omp_store::conformance_suite!(make);

/// A server is at work while somebody's newer program opens the file.
#[tokio::test]
async fn a_program_at_work_goes_on_while_a_newer_one_adds() {
    let store = make_own().await;
    relocations::fill(&*store).await;
    relocations::go_on(&*store, 1).await;
    expand(&Connection::open(store.path()).unwrap());
    relocations::go_on(&*store, 2).await;
    assert_eq!(store.ready().await, Ok(()));
    assert!(store.check().await.unwrap().iter().all(|check| check.problem.is_none()));
}

#[tokio::test]
async fn a_newer_file_is_opened_only_if_it_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    let running: SqliteStore = open(&path).unwrap();
    let connection = Connection::open(&path).unwrap();
    let known = i64::from(known(&connection));
    assert_eq!(running.ready().await, Ok(()));
    // Whether it was open before makes no difference.
    for (serves_since, welcome) in [(known, true), (known + 1, false), (1, true), (99, false)] {
        says(&connection, serves_since);
        let (opened, ready) = (open(&path).map(drop), running.ready().await);
        assert_eq!(opened, ready, "{serves_since}");
        match opened {
            Ok(()) => assert!(welcome, "{serves_since}"),
            Err(StoreError::Newer { found: 99, .. }) => assert!(!welcome, "{serves_since}"),
            Err(error) => panic!("{error}"),
        }
    }
    // What was said of one version means nothing for the next.
    says(&connection, 1);
    connection.execute_batch("PRAGMA user_version = 100").unwrap();
    assert!(matches!(open(&path).map(drop), Err(StoreError::Newer { found: 100, .. })));
    assert_eq!(info_version(&running).await, 100);
}

async fn info_version(store: &SqliteStore) -> u32 {
    store.info().await.unwrap().schema_version
}

#[tokio::test]
async fn words_of_a_newer_program_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("memory.db");
    drop(open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let other = "UPDATE settings SET value = value + 1 WHERE name = 'tokenizer_version'";
    connection.execute(other, []).unwrap();
    says(&connection, 1);
    assert!(matches!(open(&path).map(drop), Err(StoreError::Newer { found: 99, .. })));
}
