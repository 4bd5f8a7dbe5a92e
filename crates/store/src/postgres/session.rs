//! A connection at work: statements in a transaction, on behalf of one owner.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{Object, Pool};
use futures_util::future::join_all;
use omp_model::OwnerId;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Row, Statement};

use super::connection::{failure, no_connection};
use crate::{Result, StoreError};

/// A value for a statement.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// A value of a statement that is sent later.
pub(super) type Owned = Box<dyn ToSql + Sync + Send>;

/// What is sent with the next statement that has an answer.
enum Deferred {
    /// Text without values.
    Text(String),
    Statement(Statement, Vec<Owned>),
}

impl Deferred {
    async fn run(self, client: &Object) -> std::result::Result<(), tokio_postgres::Error> {
        match self {
            Self::Text(sql) => client.batch_execute(&sql).await,
            Self::Statement(statement, values) => client.execute_raw(&statement, values).await.map(drop),
        }
    }
}

/// A connection inside of a transaction. What was not committed is rolled back when it is dropped, and the connection
/// goes back to the pool.
///
/// Each answer that is waited for costs the way to the database and back, so what needs no answer of its own is
/// deferred: it goes out with the next statement, before it, or with the commit. When one of them fails, so does the
/// transaction, and whoever waits next is told why.
pub(super) struct Session {
    /// Gone only while this is dropped.
    client: Option<Object>,
    place: Arc<str>,
    deferred: Mutex<Vec<Deferred>>,
    /// Whether a transaction may be under way.
    begun: AtomicBool,
    ended: bool,
}

/// Whose rows the database lets a transaction see; nobody in particular is upkeep.
fn on_behalf_of(owner: Option<OwnerId>) -> String {
    format!("SET LOCAL omp.owner = '{}'", owner.map_or(0, |owner| owner.0))
}

/// Lets the engine plan for the values, where it thinks that worth it: filters find few rows or many.
const PLANNED_BY_VALUES: &str = "SET LOCAL plan_cache_mode = auto";

/// A single statement on behalf of the owner `$1`, which needs no transaction around
/// it: the wall goes up in the statement itself.
///
/// `inner` must take its owner from `wall.owner`. So the engine cannot begin with it, and `OFFSET 0` keeps it whole:
/// the wall is up before the first row is looked at.
pub(super) fn walled(inner: &str) -> String {
    debug_assert!(inner.contains("wall.owner"), "it could run before the wall is up");
    format!(
        "SELECT m.* FROM (SELECT set_config('omp.owner', $1::integer::text, true)::integer AS owner) AS wall \
         CROSS JOIN LATERAL ({inner} OFFSET 0) AS m"
    )
}

impl Session {
    /// Statements that see one state of the database, and write nothing.
    pub(super) async fn read(pool: &Pool, place: &Arc<str>, owner: Option<OwnerId>) -> Result<Self> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {}; {PLANNED_BY_VALUES}",
            on_behalf_of(owner)
        );
        Self::begin(pool, place, Some(begin)).await
    }

    /// Statements that write. What others committed meanwhile is seen by the next statement.
    pub(super) async fn write(pool: &Pool, place: &Arc<str>, owner: Option<OwnerId>) -> Result<Self> {
        let begin =
            format!("BEGIN ISOLATION LEVEL READ COMMITTED; {}; {PLANNED_BY_VALUES}", on_behalf_of(owner));
        Self::begin(pool, place, Some(begin)).await
    }

    /// Statements that store what is new, whose plans are the same for all values.
    pub(super) async fn store(pool: &Pool, place: &Arc<str>, owner: OwnerId) -> Result<Self> {
        let begin = format!("BEGIN ISOLATION LEVEL READ COMMITTED; {}", on_behalf_of(Some(owner)));
        Self::begin(pool, place, Some(begin)).await
    }

    /// For one statement without a transaction around it, which must be [`walled`], or read what belongs to nobody.
    pub(super) async fn glance(pool: &Pool, place: &Arc<str>) -> Result<Self> {
        Self::begin(pool, place, None).await
    }

    async fn begin(pool: &Pool, place: &Arc<str>, begin: Option<String>) -> Result<Self> {
        let client = pool.get().await.map_err(|error| no_connection(place, &error))?;
        Ok(Self {
            client: Some(client),
            place: Arc::clone(place),
            ended: begin.is_none(),
            deferred: Mutex::new(begin.into_iter().map(Deferred::Text).collect()),
            begun: AtomicBool::new(false),
        })
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

    fn deferred(&self) -> MutexGuard<'_, Vec<Deferred>> {
        self.deferred.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was deferred, on its way: whoever polls this first sends all of it, in order.
    fn before(&self) -> impl Future<Output = std::result::Result<(), tokio_postgres::Error>> + '_ {
        let deferred = std::mem::take(&mut *self.deferred());
        if !deferred.is_empty() {
            self.begun.store(true, Ordering::Release);
        }
        // It is sent in this order: all of them are polled before any is waited for.
        let sent = join_all(deferred.into_iter().map(|one| one.run(self.client())));
        async move { sent.await.into_iter().collect() }
    }

    /// Runs what a statement does, after what was deferred: all is sent at once.
    async fn after_deferred<T>(
        &self,
        work: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        let (before, done) = tokio::join!(biased; self.before(), work);
        before.and(done).map_err(|error| self.failed(&error))
    }

    async fn statement(&self, sql: &str) -> Result<Statement> {
        self.client().prepare_cached(sql).await.map_err(|error| self.failed(&error))
    }

    /// Prepares a statement, so that nothing stands between it and what is sent at the same time.
    pub(super) async fn ready(&self, sql: &str) -> Result<()> {
        self.statement(sql).await.map(drop)
    }

    /// All rows of an answer.
    pub(super) async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let statement = self.statement(sql).await?;
        self.after_deferred(self.client().query(&statement, values)).await
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
        self.after_deferred(self.client().execute(&statement, values)).await
    }

    /// Statements without values.
    pub(super) async fn batch(&self, sql: &str) -> Result<()> {
        self.after_deferred(self.client().batch_execute(sql)).await
    }

    /// Runs a statement with the next one that has an answer, or with the commit.
    pub(super) async fn defer(&self, sql: &str, values: Vec<Owned>) -> Result<()> {
        // It is prepared now, so that nothing is waited for between this one and those after it.
        let statement = self.statement(sql).await?;
        self.deferred().push(Deferred::Statement(statement, values));
        Ok(())
    }

    /// The same for a text without values.
    pub(super) fn defer_text(&self, sql: impl Into<String>) {
        self.deferred().push(Deferred::Text(sql.into()));
    }

    /// From the next statement on the database lets this transaction see and write the rows of this owner only.
    pub(super) fn act_for(&self, owner: Option<OwnerId>) {
        self.defer_text(on_behalf_of(owner));
    }

    /// Makes everything last; tells how long that took, with what was deferred until now.
    pub(super) async fn commit(mut self) -> Result<Duration> {
        let idle = !self.begun.load(Ordering::Acquire) && self.deferred().len() < 2;
        if idle {
            // Nothing but the beginning was to be sent.
            self.deferred().clear();
            self.ended = true;
            return Ok(Duration::ZERO);
        }
        let begun = Instant::now();
        // A commit after a failure is a rollback.
        let (before, ended) = tokio::join!(biased; self.before(), self.client().batch_execute("COMMIT"));
        let outcome = before.and(ended).map(|()| begun.elapsed()).map_err(|error| self.failed(&error));
        self.ended = outcome.is_ok();
        outcome
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
