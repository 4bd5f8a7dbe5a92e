//! A PostgreSQL database for a test: a schema of its own in the one that the environment names.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// Names the address of a database whose user may make schemas; `tests/postgres/run` starts such a server.
pub const VARIABLE: &str = "OMP_TEST_DATABASE_URL";

/// The address of a new and empty place for a store; `None` when the environment names no database.
pub async fn fresh() -> Option<String> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let url = std::env::var(VARIABLE).ok()?;
    let schema = format!("t{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let client = client(&url).await;
    client
        .batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}"))
        .await
        .expect("schemas can be made");
    Some(within(&url, &schema))
}

/// The same; without a database the test stops.
pub async fn required() -> String {
    fresh().await.unwrap_or_else(|| {
        panic!("{VARIABLE} names no database: `tests/postgres/run COMMAND` starts a server and sets it")
    })
}

/// The address with another schema.
fn within(url: &str, schema: &str) -> String {
    format!("{url}?options=-csearch_path%3D{schema}%2Cpublic")
}

/// A connection past the store, for what a test must see or do by itself.
pub async fn client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database answers");
    tokio::spawn(async move {
        // It ends with the client, or with the server; the test will see.
        let _ = connection.await;
    });
    client
}

/// Every row of every table, as text.
pub async fn everything(url: &str) -> String {
    let client = client(url).await;
    client.batch_execute("SET omp.owner = '0'").await.expect("it is a setting");
    let sql = "SELECT relname::text FROM pg_class WHERE relnamespace = current_schema::regnamespace AND relkind = 'r'";
    let tables = client.query(sql, &[]).await.expect("tables are listed");
    assert!(!tables.is_empty(), "there is nothing to look into");
    let mut text = String::new();
    for table in tables {
        let table: &str = table.get(0);
        let rows =
            client.query(&format!("SELECT t::text FROM {table} AS t"), &[]).await.expect("rows are text");
        for row in rows {
            text.push_str(row.get(0));
            text.push('\n');
        }
    }
    text
}
