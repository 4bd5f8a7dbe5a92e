//! One SQLite file: one writer with group commit, readers that never wait for it.

mod adopt;
mod audit;
mod budgets;
mod changes;
mod checkpoint;
mod cipher;
mod connection;
mod conversation_backlog;
mod conversation_index;
mod conversations;
mod counts;
mod entries;
mod handover;
mod index;
mod jobs;
mod keys;
mod lease;
mod list;
mod maintenance;
mod memories;
mod migrate;
mod namespaces;
mod originals;
mod read_ahead;
mod rekey;
mod relocation;
mod repeats;
mod rows;
mod search;
mod seen;
mod shares;
mod succession;
mod transfer;
mod tx;
mod users;
mod vectors;
mod versions;
mod vitals;
mod write;
mod writer;

pub use cipher::{DatabaseKey, SHORTEST_PASSPHRASE};

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};

use omp_model::Timestamp;
use rusqlite::Connection;
use tokio::sync::Semaphore;

use self::connection::{DatabaseFile, failure};
use self::lease::Watcher;
use self::tx::Tx;
use self::writer::Writer;
use crate::budgets::Budgets;
use crate::fair_queue::FairQueue;
use crate::hints::Hints;
use crate::lease::Lease;
use crate::queue::Priority;
use crate::{Result, StoreError};

/// How to open a store.
#[derive(Debug, Clone)]
pub struct SqliteOptions {
    /// The database file; made when it does not exist.
    pub path: PathBuf,
    /// The present instant, for what is made while opening.
    pub now: Timestamp,
    /// What opens it if it is encrypted; a new file is encrypted with it.
    pub key: Option<Arc<DatabaseKey>>,
}

impl SqliteOptions {
    /// A file that is not encrypted.
    pub fn plain(path: PathBuf, now: Timestamp) -> Self {
        Self { path, now, key: None }
    }
}

/// A store in one SQLite file, which several processes may use at once.
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    file: DatabaseFile,
    writer: Writer,
    /// Tells of this process's changes; those of others are looked for.
    hints: Arc<Hints>,
    budgets: Budgets,
    readers: Mutex<Vec<Connection>>,
    /// Done when somebody begins to read all that an owner has.
    read_ahead: Once,
    /// Bounds the reads that may take long, so that they leave the machine some air.
    long_reads: Semaphore,
    /// Notices when users, keys or shares change.
    lease: Lease,
    watcher: Watcher,
    /// Whose conversations are indexed next.
    fair_queue: FairQueue,
}

/// Long reads that may run at once.
const LONG_READS: usize = 4;

impl SqliteStore {
    /// Opens the file, brings its schema up to date and, when it is one of the published TypeScript server's,
    /// copies it and takes its memories over.
    ///
    /// # Errors
    /// [`StoreError::BeingFilled`] while a move into this file is unfinished; else what the system and the engine say.
    pub fn open(options: &SqliteOptions) -> Result<Self> {
        Self::open_as(options, false)
    }

    /// The same for whoever moves another database into this file, which nobody else may open until that is done.
    ///
    /// # Errors
    /// As for [`SqliteStore::open`].
    pub fn open_to_fill(options: &SqliteOptions) -> Result<Self> {
        Self::open_as(options, true)
    }

    fn open_as(options: &SqliteOptions, to_fill: bool) -> Result<Self> {
        let path = &options.path;
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            create_private_folder(folder)?;
        }
        create_private_file(path)?;
        // Processes that start at once must not migrate at once.
        let lock = writer::open_lock(path)?;
        lock.lock().map_err(|e| StoreError::Internal(format!("the lock file failed: {e}")))?;
        let file = DatabaseFile { path: path.clone(), key: options.key.clone() };
        let mut connection = connection::open_writer(&file)?;
        migrate::migrate(&mut connection, path, options.now)?;
        if to_fill {
            // What refers to each other comes one after the other, and goes in that order too.
            connection.execute_batch("PRAGMA foreign_keys = OFF").map_err(|e| failure(path, &e))?;
        } else if relocation::is_being_filled(&connection).map_err(|e| failure(path, &e))? {
            return Err(StoreError::BeingFilled(path.display().to_string()));
        }
        drop(lock);
        let hints = Arc::<Hints>::default();
        let inner = Inner {
            writer: Writer::start(connection, &file, &hints)?,
            file,
            hints,
            budgets: Budgets::default(),
            readers: Mutex::default(),
            read_ahead: Once::new(),
            long_reads: Semaphore::new(LONG_READS),
            lease: Lease::default(),
            watcher: Watcher::default(),
            fair_queue: FairQueue::default(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The database file.
    pub fn path(&self) -> &Path {
        &self.inner.file.path
    }

    /// A read that touches a handful of pages. It runs where it is called: handing it to another thread would
    /// cost several times what it takes.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        self.inner.read(work)
    }

    /// A read whose cost grows with the data; it runs on a thread that may block.
    async fn read_long<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let _permit = self.inner.long_reads.acquire().await.map_err(|_| StoreError::Closed)?;
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || inner.read(work));
        task.await.map_err(|_| StoreError::Internal("a read ended early".into()))?
    }

    async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.inner.writer.run(Priority::Single, false, work).await
    }

    /// A chunk of something large; `more` when the next one is on its way.
    async fn write_bulk<T, F>(&self, more: bool, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.inner.writer.run(Priority::Bulk, more, work).await
    }

    /// Writes of a move into this file, during which it takes no others.
    async fn fill<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        self.inner.writer.fill(work).await
    }
}

impl Inner {
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let pooled = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = pooled.map_or_else(|| connection::open_reader(&self.file), Ok)?;
        let result = work(&connection).map_err(|e| failure(&self.file.path, &e));
        // A connection that failed may be broken; the next read opens a new one.
        if result.is_ok() {
            self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
        result
    }
}

/// Runs `work` on one state of the database, however many statements it makes.
fn snapshot<T>(connection: &Connection, work: impl FnOnce() -> rusqlite::Result<T>) -> rusqlite::Result<T> {
    connection.execute_batch("BEGIN")?;
    let result = work();
    connection.execute_batch("COMMIT")?;
    result
}

/// Makes an empty file that only its user can read, if there is none; the engine gives its log the same rights.
fn create_private_file(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.create_new(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // What is wrong with a file that exists is for the engine to say.
        Ok(_) => Ok(()),
        Err(_) if path.exists() => Ok(()),
        Err(error) => Err(StoreError::Open { path: path.to_owned(), reason: error.to_string() }),
    }
}

fn create_private_folder(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|e| StoreError::Open { path: folder.to_owned(), reason: e.to_string() })
}
