//! The record of what was done.

use async_trait::async_trait;
use omp_model::audit::{Action, AuditEntry};
use omp_model::{OwnerId, Principal, Timestamp};

use crate::Result;

/// Which entries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only what this user did.
    pub user: Option<OwnerId>,
    /// Only this.
    pub action: Option<Action>,
    /// Only at this instant or later.
    pub since: Option<Timestamp>,
    /// Only at this instant or earlier.
    pub until: Option<Timestamp>,
    /// Only what has a smaller number.
    pub before: Option<u64>,
}

/// Every change is written down in its own transaction by the method that makes it; these are for the rest.
#[async_trait]
pub trait AuditStore: Send + Sync {
    /// Writes down what is no change of the store. Nobody (`None`) is the server itself.
    async fn record(&self, by: Option<&Principal>, action: Action, count: u64, now: Timestamp) -> Result<()>;

    /// Up to `limit` entries, newest first.
    async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<AuditEntry>>;

    /// Removes up to `limit` of the oldest entries that were made before an instant; returns how many.
    async fn purge_audit(&self, before: Timestamp, limit: u32) -> Result<u64>;
}
