//! Who may come in is asked at every request, and any process may change it.
//!
//! Asking the engine each time would make requests wait for each other: even its smallest read takes locks that all
//! connections of a process share. So what was read holds for a moment, the lease, and whoever changes users, keys or
//! shares acknowledges that only after a lease: then every process has seen it, and a key that was revoked opens nothing.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::SqliteStore;
use super::connection::{failure, open_reader};
use crate::Result;

/// How long a process may go by what it read.
pub(super) const LEASE: Duration = Duration::from_millis(20);

/// What the version was, and when it was read.
#[derive(Default)]
pub(super) struct Lease {
    known: Mutex<Option<Known>>,
    watch: Mutex<Option<Watch>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// When the reading began.
    at: Instant,
    version: (i64, i64),
}

/// A connection that notices writes of others.
struct Watch {
    connection: Connection,
    data_version: i64,
    version: (i64, i64),
}

impl Lease {
    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn holding(&self) -> Option<(i64, i64)> {
        let known = *self.known();
        known.filter(|known| known.at.elapsed() < LEASE).map(|known| known.version)
    }
}

impl SqliteStore {
    /// The version of users, keys and shares, and of the file.
    pub(super) fn leased_version(&self) -> Result<(i64, i64)> {
        let lease = &self.inner.lease;
        if let Some(version) = lease.holding() {
            return Ok(version);
        }
        let mut watch = lease.watch.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have looked while this one waited.
        if let Some(version) = lease.holding() {
            return Ok(version);
        }
        let at = Instant::now();
        let mut looking = match watch.take() {
            Some(watch) => watch,
            None => Watch { connection: open_reader(&self.inner.file)?, data_version: -1, version: (0, 0) },
        };
        // A connection that failed may be broken, and is not kept.
        let version = looking.look().map_err(|error| failure(&self.inner.file.path, &error))?;
        *watch = Some(looking);
        *lease.known() = Some(Known { at, version });
        Ok(version)
    }

    /// Returns when no process goes by what was read before now.
    pub(super) async fn settle(&self) {
        *self.inner.lease.known() = None;
        tokio::time::sleep(LEASE).await;
    }
}

impl Watch {
    /// The engine tells in some microseconds whether anybody has written since; only then is the number read.
    fn look(&mut self) -> rusqlite::Result<(i64, i64)> {
        let data = self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if data != self.data_version {
            let sql = "SELECT coalesce((SELECT value FROM settings WHERE name = 'access'), 0), \
                 coalesce((SELECT value FROM settings WHERE name = 'generation'), 0)";
            self.version =
                self.connection.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            self.data_version = data;
        }
        Ok(self.version)
    }
}
