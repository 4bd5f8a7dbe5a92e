//! A PostgreSQL database, which several servers may use at once.
//!
//! Files that do the same as one of `sqlite/` have its name. What is different, and why:
//!
//! * **Numbers in their order.** Whoever follows the changes asks for everything after a number, so a smaller number must
//!   never become visible after a larger one. Transactions commit in any order; therefore a writer holds the lock of
//!   the owner's row from before it takes its numbers until its commit. Owners do not wait for each other, and servers
//!   need no clock and no leader in common.
//! * **Group commit.** Because of that lock, writes for one owner would take turns with a flush of the disk each; so each
//!   server collects what waits and gives it one transaction, as the writer of SQLite does. Owners are spread over a few
//!   writers.
//! * **Lists** are walks of the engine's own indices; what lists are filtered by has a counter, so totals cost no scan.
//! * **Two walls.** Every statement names its owner, and row-level security holds to the owner that the transaction was
//!   begun for.

mod audit;
mod budgets;
mod candidates;
mod changes;
mod connection;
mod conversation_backlog;
mod conversation_index;
mod conversations;
mod counts;
mod filter;
mod forecast;
mod handover;
mod index;
mod inserts;
mod jobs;
mod keys;
mod lease;
mod list;
mod listen;
mod maintenance;
mod membership;
mod memories;
mod migrate;
mod namespaces;
mod notify;
mod originals;
mod pgvector;
mod positions;
mod relocation;
mod repeats;
mod replication;
mod rows;
mod search;
mod seen;
mod session;
mod shares;
mod statistics;
mod succession;
mod tls;
mod transfer;
mod tsvector;
mod tx;
mod users;
mod vectors;
mod versions;
mod vitals;
mod write;
mod writer;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;
use omp_model::{OwnerId, Timestamp};

use self::budgets::SharedBudgets;
use self::connection::Way;
use self::listen::Listener;
use self::membership::Membership;
use self::notify::{Notifier, Task};
use self::pgvector::Pgvector;
use self::positions::Positions;
use self::replication::RoleWatch;
use self::session::Session;
use self::statistics::Statistics;
use self::tx::Tx;
use self::vitals::Sizes;
use self::writer::Writers;
use crate::fair_queue::FairQueue;
use crate::hints::Hints;
use crate::lease::Lease;
use crate::queue::Priority;
use crate::{ReplicationRole, Result, StoreError};

/// How to open a store.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database`, with the driver's parameters and `sslrootcert`.
    pub url: String,
    /// The present instant, for what is made while opening.
    pub now: Timestamp,
    /// Most connections at once.
    pub connections: usize,
    /// From how many vectors of one owner on pgvector keeps a graph of them; fewer are all compared, which is exact.
    pub graph_from: u64,
    /// How often whoever waits for changes looks by itself, in case that another server's word was lost. While there is
    /// no connection that hears them, five times as often.
    pub look_each: Duration,
}

impl PostgresOptions {
    /// A look that often where nobody says.
    pub const LOOK_EACH: Duration = Duration::from_secs(5);

    /// A graph from here on where nobody says: comparing so many takes a few hundredths of a second.
    pub const GRAPH_FROM: u64 = 20_000;

    /// Most connections where nobody says: several servers fit into the hundred that a database has by default.
    pub const CONNECTIONS: usize = 16;

    /// With the usual number of connections.
    pub fn new(url: impl Into<String>, now: Timestamp) -> Self {
        Self {
            url: url.into(),
            now,
            connections: Self::CONNECTIONS,
            graph_from: Self::GRAPH_FROM,
            look_each: Self::LOOK_EACH,
        }
    }
}

impl std::fmt::Debug for PostgresOptions {
    /// Without the address, which may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresOptions").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// A store in a PostgreSQL database.
pub struct PostgresStore {
    pool: Pool,
    /// One connection for what must not wait for those who read.
    aside: Pool,
    place: Arc<str>,
    writers: Writers,
    /// Whether it takes writes.
    role: Arc<RoleWatch>,
    hints: Arc<Hints>,
    teller: Arc<Notifier>,
    /// What tells other servers, and what watches; gone when the store is closed.
    tasks: std::sync::Mutex<Vec<Task>>,
    listener: Arc<Listener>,
    /// What hears them, once somebody has waited.
    listening: OnceLock<Task>,
    budgets: Arc<SharedBudgets>,
    /// What settles them, once somebody has spent.
    settling: OnceLock<Task>,
    /// This server among those that write, and what it goes by while no other one does.
    membership: Arc<Membership>,
    positions: Arc<Positions>,
    /// Notices when users, keys or shares change.
    lease: Lease,
    /// Only one reads at a time what all of them wait for.
    turn: tokio::sync::Mutex<()>,
    sizes: Sizes,
    statistics: Statistics,
    pgvector: Pgvector,
    graph_from: u64,
    /// When it was last seen which graphs are wanted.
    tended: tokio::sync::Mutex<Option<Instant>>,
    /// Whose conversations are indexed next.
    fair_queue: FairQueue,
}

impl PostgresStore {
    /// Reaches the database and brings its schema up to date. Servers that start at
    /// once take turns. A standby is taken as it is.
    ///
    /// # Errors
    /// [`StoreError::BeingFilled`] while a move into this database is unfinished; else what the server says.
    pub async fn open(options: &PostgresOptions) -> Result<Self> {
        let store = Self::open_to_fill(options).await?;
        if relocation::is_being_filled(&store.read_all().await?).await? {
            return Err(StoreError::BeingFilled(store.place().to_owned()));
        }
        Ok(store)
    }

    /// The same for whoever moves another database into this one, which nobody else may open until that is done.
    ///
    /// # Errors
    /// As for [`PostgresStore::open`].
    pub async fn open_to_fill(options: &PostgresOptions) -> Result<Self> {
        // Writers have a connection each; readers need some beside them, one may listen,
        // and one is for what must not wait for readers.
        let connections = options.connections.max(writer::WRITERS + 4);
        let way = Way::to(&options.url)?;
        let place = Arc::clone(way.place());
        let pool = way.pool(connections - writer::WRITERS - 2)?;
        let aside = way.pool(1)?;
        let role = Arc::new(RoleWatch::begin(aside.clone(), Arc::clone(&place)).await?);
        let pgvector = match role.get() {
            ReplicationRole::Primary => migrate::migrate(&pool, &place, options.now).await?,
            ReplicationRole::Standby => migrate::as_it_is(&pool, &place).await?,
        };
        match &pgvector {
            Pgvector::Ready(version) => tracing::debug!(%version, "searches can use pgvector"),
            Pgvector::Missing(reason) => tracing::info!(
                "where an index in memory is being made or does not fit, searches go by words alone: {reason}"
            ),
        }
        let hints = Arc::<Hints>::default();
        let teller = Arc::new(Notifier::new(pool.clone(), Arc::clone(&place), Arc::clone(&hints)));
        let membership = Arc::new(Membership::new(pool.clone(), Arc::clone(&place)));
        let positions = Arc::<Positions>::default();
        let writers = Writers::start(&way, &teller, &role, &membership, &positions)?;
        let tasks = vec![
            Task::spawn(Arc::clone(&teller).tell_forever()),
            Task::spawn(Arc::clone(&role).look_forever()),
            Task::spawn(Arc::clone(&membership).stay_forever()),
        ];
        Ok(Self {
            tasks: std::sync::Mutex::new(tasks),
            teller,
            listener: Arc::new(Listener::new(way, Arc::clone(&hints), Arc::clone(&role), options.look_each)),
            listening: OnceLock::new(),
            hints,
            budgets: Arc::new(SharedBudgets::new(aside.clone(), Arc::clone(&place), Arc::clone(&role))),
            role,
            settling: OnceLock::new(),
            pool,
            aside,
            place,
            writers,
            membership,
            positions,
            lease: Lease::default(),
            turn: tokio::sync::Mutex::default(),
            sizes: Sizes::default(),
            statistics: Statistics::default(),
            pgvector,
            graph_from: options.graph_from,
            tended: tokio::sync::Mutex::default(),
            fair_queue: FairQueue::default(),
        })
    }

    /// The server and the database, for people: no user, no password.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Reads for an owner: one state of the database, however many statements.
    async fn read(&self, owner: OwnerId) -> Result<Session> {
        Session::read(&self.pool, &self.place, Some(owner)).await
    }

    /// Reads with one statement, which puts up its wall itself.
    async fn glance(&self) -> Result<Session> {
        Session::glance(&self.pool, &self.place).await
    }

    /// Reads for the upkeep of everything.
    async fn read_all(&self) -> Result<Session> {
        Session::read(&self.pool, &self.place, None).await
    }

    /// Writes for an owner.
    async fn write<T, F>(&self, owner: OwnerId, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnMut(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writers.run(Some(owner), Priority::Single, work).await
    }

    /// A chunk of something large.
    async fn write_bulk<T, F>(&self, owner: Option<OwnerId>, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnMut(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writers.run(owner, Priority::Bulk, work).await
    }

    /// Writes what belongs to nobody in particular: keys, users, spaces of vectors, the record of what was done.
    async fn write_all<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnMut(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writers.run(None, Priority::Single, work).await
    }

    /// Writes of a move into this database, during which it takes no others.
    async fn fill<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnMut(&mut Tx) -> Result<T> + Send + 'static,
    {
        self.writers.fill(work).await
    }
}
