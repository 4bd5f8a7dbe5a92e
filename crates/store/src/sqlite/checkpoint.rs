//! Moving the write-ahead log into the file without holding up who writes.
//!
//! The engine would do it within the commit that makes the log too long, and everybody would wait for thousands of
//! pages. Here a thread with a connection of its own moves them while writes go on; then the writer has only what came
//! meanwhile left to move, and its next transaction begins the log anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

use super::connection::{DatabaseFile, failure, open_reader};
use crate::StoreError;

/// Pages of 4 KiB in the log that are worth moving: half a million or so postings and list entries.
const LONG: u32 = 12_000;

/// A log that is so many times as long although the thread was told is moved by the writer.
const TOO_LONG: u32 = 4;

/// What the writer knows of the log.
pub(super) struct Log {
    /// Pages that are worth moving.
    long: u32,
    /// Pages in the log at the last commit.
    pages: Arc<AtomicU32>,
    before: u32,
    /// At how many pages something has to be done.
    next: u32,
    /// The thread has moved what it could.
    moved: Arc<AtomicBool>,
    order: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Follows the log of the connection that writes.
    pub(super) fn follow(connection: &mut Connection, file: &DatabaseFile) -> Result<Self, StoreError> {
        Self::follow_from(connection, file, LONG)
    }

    fn follow_from(connection: &mut Connection, file: &DatabaseFile, long: u32) -> Result<Self, StoreError> {
        let pages = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&pages);
        connection
            .wal_hook(Some(move |_: &mut _, pages: i32| {
                told.store(pages.unsigned_abs(), Ordering::Relaxed);
                Ok(())
            }))
            .map_err(|e| failure(&file.path, &e))?;
        let moved = Arc::new(AtomicBool::new(false));
        let (order, orders) = sync_channel(1);
        let (file, done) = (file.clone(), Arc::clone(&moved));
        let thread = std::thread::Builder::new()
            .name("omp-checkpoint".into())
            .spawn(move || move_when_told(&file, &orders, &done))
            .map_err(|e| StoreError::Internal(format!("the checkpointer cannot start: {e}")))?;
        Ok(Self { long, pages, before: 0, next: long, moved, order: Some(order), thread: Some(thread) })
    }

    /// After a commit: moves the log, or lets it be moved, when it is long. `wait` when nobody is held up by that.
    pub(super) fn committed(&mut self, connection: &Connection, wait: bool) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages < self.before {
            // It began anew.
            self.next = self.long;
        }
        self.before = pages;
        let due = pages >= self.next;
        if self.moved.swap(false, Ordering::Acquire)
            || (due && wait)
            || pages >= self.next.max(TOO_LONG * self.long)
        {
            passive(connection);
            // Readers may keep it from beginning anew: then it is tried again after as much more.
            self.next = pages.saturating_add(self.long);
        } else if due {
            // If an order waits already, that one will do.
            let _ = self.order.as_ref().map(|order| order.try_send(()));
            self.next = pages.saturating_add(self.long);
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.order = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }
}

fn move_when_told(file: &DatabaseFile, orders: &Receiver<()>, moved: &AtomicBool) {
    let mut connection = None;
    while orders.recv().is_ok() {
        if connection.is_none() {
            connection = open_reader(file).inspect_err(|error| tracing::warn!(%error, "no checkpoint")).ok();
        }
        if let Some(connection) = &connection {
            passive(connection);
            moved.store(true, Ordering::Release);
        }
    }
}

/// Moves what no reader needs in the log, and waits for nobody. A failure leaves the log as it is: nothing is lost, and
/// it is tried again.
fn passive(connection: &Connection) {
    let result = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = result {
        tracing::debug!(code = ?error.sqlite_error_code(), "a checkpoint failed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::connection::open_writer;

    const SHORT: u32 = 40;

    struct Written {
        folder: tempfile::TempDir,
        connection: Connection,
        log: Log,
    }

    impl Written {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let file = DatabaseFile { path: folder.path().join("memory.db"), key: None };
            let mut connection = open_writer(&file).unwrap();
            connection.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (x)").unwrap();
            let log = Log::follow_from(&mut connection, &file, SHORT).unwrap();
            Self { folder, connection, log }
        }

        /// A commit of a few pages; the log's length after it.
        fn commit(&mut self) -> u32 {
            self.connection.execute("INSERT INTO t VALUES (zeroblob(10000))", []).unwrap();
            let pages = self.log.pages.load(Ordering::Relaxed);
            self.log.committed(&self.connection, false);
            pages
        }
    }

    #[test]
    fn the_log_begins_anew_while_writes_go_on() {
        let mut written = Written::new();
        let mut before = 0;
        for _ in 0..100_000 {
            let pages = written.commit();
            if pages < before {
                return;
            }
            before = pages;
        }
        panic!("the log has {before} pages");
    }

    #[test]
    fn without_its_thread_the_log_stays_bounded() {
        let mut written = Written::new();
        written.log.order = None;
        assert!((0..1_000).all(|_| written.commit() < (TOO_LONG + 1) * SHORT + 10));
    }

    #[test]
    fn a_reader_delays_it_and_loses_nothing() {
        let mut written = Written::new();
        written.commit();
        let reader =
            open_reader(&DatabaseFile { path: written.folder.path().join("memory.db"), key: None }).unwrap();
        let count = |reader: &Connection| {
            reader.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, u32>(0)).unwrap()
        };
        reader.execute_batch("BEGIN").unwrap();
        assert_eq!(count(&reader), 1);
        let longest = (0..500).map(|_| written.commit()).max().unwrap();
        assert!(longest > TOO_LONG * SHORT, "{longest}");
        assert_eq!(count(&reader), 1);
        reader.execute_batch("COMMIT").unwrap();
        assert!((0..1_000).any(|_| written.commit() < longest / 2));
        assert_eq!(count(&written.connection), count(&reader));
    }
}
