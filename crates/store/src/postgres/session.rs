//! A connection at work: statements in a transaction, on behalf of one owner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use deadpool_postgres::{Object, Pool};
use omp_model::OwnerId;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, ToSql};

use super::connection::{failure, no_connection};
use crate::{Result, StoreError};

/// A value for a statement.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// A connection inside of a transaction. What was not committed is rolled back when it is dropped, and the connection
/// goes back to the pool.
pub(super) struct Session {
    /// Gone only while this is dropped.
    client: Option<Object>,
    place: Arc<str>,
    /// What begins the transaction: sent with the first statement, so that it costs no waiting of its own.
    begin: String,
    begun: AtomicBool,
    ended: bool,
}

/// Whose rows the database lets a transaction see; nobody in particular is upkeep.
pub(super) fn on_behalf_of(owner: Option<OwnerId>) -> String {
    format!("SET LOCAL omp.owner = '{}'", owner.map_or(0, |owner| owner.0))
}

impl Session {
    /// Statements that see one state of the database, and write nothing.
    pub(super) async fn read(pool: &Pool, place: &Arc<str>, owner: Option<OwnerId>) -> Result<Self> {
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}", on_behalf_of(owner));
        Self::begin(pool, place, begin).await
    }

    /// Statements that write. What others committed meanwhile is seen by the next statement.
    pub(super) async fn write(pool: &Pool, place: &Arc<str>, owner: Option<OwnerId>) -> Result<Self> {
        Self::begin(pool, place, format!("BEGIN ISOLATION LEVEL READ COMMITTED; {}", on_behalf_of(owner)))
            .await
    }

    async fn begin(pool: &Pool, place: &Arc<str>, begin: String) -> Result<Self> {
        let client = pool.get().await.map_err(|error| no_connection(place, &error))?;
        let place = Arc::clone(place);
        Ok(Self { client: Some(client), place, begin, begun: AtomicBool::new(false), ended: false })
    }

    /// The database, for people.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    fn client(&self) -> &Object {
        self.client.as_ref().expect("it goes with the session")
    }

    fn failed(&self, error: &tokio_postgres::Error) -> StoreError {
        failure(&self.place, error)
    }

    /// Runs what a statement does, after what begins the transaction: both are sent at once.
    async fn after_begin<T>(
        &self,
        work: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        if self.begun.swap(true, Ordering::AcqRel) {
            return work.await.map_err(|error| self.failed(&error));
        }
        let (begun, done) = tokio::join!(biased; self.client().batch_execute(&self.begin), work);
        begun.and(done).map_err(|error| self.failed(&error))
    }

    async fn statement(&self, sql: &str) -> Result<tokio_postgres::Statement> {
        self.client().prepare_cached(sql).await.map_err(|error| self.failed(&error))
    }

    /// All rows of an answer.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let statement = self.statement(sql).await?;
        self.after_begin(self.client().query(&statement, values)).await
    }

    /// The one row of an answer, if it has one.
    pub(super) async fn row(&self, sql: &str, values: &[Value<'_>]) -> Result<Option<Row>> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// The one row that an answer always has.
    pub(super) async fn one(&self, sql: &str, values: &[Value<'_>]) -> Result<Row> {
        let row = self.row(sql, values).await?;
        row.ok_or_else(|| StoreError::Internal("the database engine failed: a row is missing".into()))
    }

    /// How many rows a statement touched.
    pub(super) async fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        let statement = self.statement(sql).await?;
        self.after_begin(self.client().execute(&statement, values)).await
    }

    /// Statements without values.
    pub(super) async fn batch(&self, sql: &str) -> Result<()> {
        self.after_begin(self.client().batch_execute(sql)).await
    }

    /// Makes everything last.
    pub(super) async fn commit(mut self) -> Result<()> {
        if self.begun.load(Ordering::Acquire) {
            let committed = self.client().batch_execute("COMMIT").await;
            committed.map_err(|error| self.failed(&error))?;
        }
        self.ended = true;
        Ok(())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        if self.ended || !*self.begun.get_mut() {
            return;
        }
        // A connection in a transaction must not go back to the pool, nor a broken one.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(client));
            return;
        };
        // The transaction is ended behind the back of whoever has its answer.
        runtime.spawn(async move {
            if client.batch_execute("ROLLBACK").await.is_err() {
                drop(Object::take(client));
            }
        });
    }
}

/// Columns of a row by their place.
pub(super) trait Columns {
    /// Reads one.
    fn column<'a, T: FromSql<'a>>(&'a self, index: usize) -> Result<T>;

    /// Reads a count.
    fn count(&self, index: usize) -> Result<u64> {
        self.column::<i64>(index).map(i64::unsigned_abs)
    }
}

impl Columns for Row {
    fn column<'a, T: FromSql<'a>>(&'a self, index: usize) -> Result<T> {
        self.try_get(index).map_err(|_| unusable(index))
    }
}

/// A value that no program of ours wrote.
pub(super) fn unusable(column: usize) -> StoreError {
    StoreError::Internal(format!("the database engine failed: column {column} holds an unusable value"))
}

/// An owner's number as the database knows it.
pub(super) fn number(owner: OwnerId) -> i32 {
    owner.0.cast_signed()
}
