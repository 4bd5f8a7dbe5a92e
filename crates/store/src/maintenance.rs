//! Looking after the store itself.

use std::path::Path;

use async_trait::async_trait;
use omp_model::Timestamp;

use crate::{ReplicationLag, ReplicationRole, Result};

/// What is where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreInfo {
    /// The engine with its version.
    pub engine: String,
    /// Where the data is.
    pub location: String,
    /// The schema's version.
    pub schema_version: u32,
    /// Bytes on disk.
    pub bytes: u64,
}

/// How the store is at this moment; cheap to ask for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreVitals {
    /// Bytes of the data on disk.
    pub bytes: u64,
    /// Bytes of the log that is not yet in it.
    pub log_bytes: u64,
    /// Bytes that the disk still has, where the system tells.
    pub free_bytes: Option<u64>,
    /// Transactions since the store was opened.
    pub commits: u64,
    /// Writes in them: several share a transaction when they come at once.
    pub writes: u64,
    /// Why the last transaction failed, if it did: a word such as `full`.
    pub trouble: Option<&'static str>,
}

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// What is wrong, or nothing.
    pub problem: Option<String>,
}

/// Upkeep.
#[async_trait]
pub trait Maintenance: Send + Sync {
    /// What is where.
    async fn info(&self) -> Result<StoreInfo>;

    /// How it is at this moment.
    fn vitals(&self) -> StoreVitals;

    /// Whether it takes writes.
    fn replication_role(&self) -> ReplicationRole {
        ReplicationRole::Primary
    }

    /// Returns when it stands like this.
    async fn until_role(&self, role: ReplicationRole) {
        if role == ReplicationRole::Standby {
            std::future::pending::<()>().await;
        }
    }

    /// How far it is behind what it follows; nothing if it takes writes itself.
    async fn replication_lag(&self) -> Result<Option<ReplicationLag>> {
        Ok(None)
    }

    /// Whether what is asked next would be answered: the data is reached, and no move into it is under way. Touches as
    /// little as that takes.
    async fn ready(&self) -> Result<()>;

    /// Removes up to `limit` expired memories for good; returns how many.
    async fn purge_expired(&self, limit: u32, now: Timestamp) -> Result<u64>;

    /// Checks everything: the file, the indices against the rows, the counters.
    async fn check(&self) -> Result<Vec<Check>>;

    /// Writes a complete copy to a new file while others go on reading and writing.
    async fn backup(&self, to: &Path) -> Result<()>;

    /// Replaces everything by a backup; the backup is checked first.
    async fn restore(&self, from: &Path) -> Result<()>;

    /// Waits for the writes that are under way and closes.
    async fn close(&self) -> Result<()>;
}
