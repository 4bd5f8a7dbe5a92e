//! The version of users, keys and shares on SQLite.
//!
//! Asking the engine at every request would make requests wait for each other: even its smallest read takes locks that
//! all connections of a process share. So what was read is leased.

use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use super::SqliteStore;
use super::connection::{failure, open_reader};
use crate::Result;
use crate::lease::Begun;

/// The connection that looks, one at a time.
#[derive(Default)]
pub(super) struct Watcher(Mutex<Option<Watch>>);

/// A connection that notices writes of others.
struct Watch {
    connection: Connection,
    data_version: i64,
    version: (i64, i64),
}

impl SqliteStore {
    /// The version of users, keys and shares, and of the file.
    pub(super) fn leased_version(&self) -> Result<(i64, i64)> {
        let lease = &self.inner.lease;
        if let Some(version) = lease.holding() {
            return Ok(version);
        }
        let mut watch = self.inner.watcher.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have looked while this one waited.
        if let Some(version) = lease.holding() {
            return Ok(version);
        }
        let at = Begun::now();
        let mut looking = match watch.take() {
            Some(watch) => watch,
            None => Watch { connection: open_reader(&self.inner.file)?, data_version: -1, version: (0, 0) },
        };
        // A connection that failed may be broken, and is not kept.
        let version = looking.look().map_err(|error| failure(&self.inner.file.path, &error))?;
        *watch = Some(looking);
        lease.take(at, version);
        Ok(version)
    }

    /// Returns when no process goes by what was read before now.
    pub(super) async fn settle(&self) {
        self.inner.lease.settle().await;
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
