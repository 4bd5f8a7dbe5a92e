//! The version of users, keys and shares on PostgreSQL: one question to the database in each lease, however many
//! requests come.

use super::PostgresStore;
use super::session::Columns;
use crate::Result;
use crate::lease::Begun;

impl PostgresStore {
    /// The version of users, keys and shares, and of the database.
    pub(super) async fn leased_version(&self) -> Result<(i64, i64)> {
        if let Some(version) = self.lease.holding() {
            return Ok(version);
        }
        let _turn = self.turn.lock().await;
        // Somebody else may have looked while this one waited.
        if let Some(version) = self.lease.holding() {
            return Ok(version);
        }
        let at = Begun::now();
        let sql = "SELECT coalesce((SELECT value FROM settings WHERE name = 'access'), 0), \
             coalesce((SELECT value FROM settings WHERE name = 'generation'), 0)";
        let row = self.glance().await?.one(sql, &[]).await?;
        let version = (row.column(0)?, row.column(1)?);
        self.lease.take(at, version);
        Ok(version)
    }

    /// Returns when no server goes by what was read before now.
    pub(super) async fn settle(&self) {
        self.lease.settle().await;
    }
}
