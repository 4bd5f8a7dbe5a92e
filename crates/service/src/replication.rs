//! A server over a read replica: what it refuses before it has begun, and what it leaves to the servers of the primary.

use omp_model::{Error, ErrorCode, Result};
use omp_store::ReplicationRole;
use tokio::task::JoinSet;

use crate::Service;

impl Service {
    /// Whether everything that is stored comes from a primary, and nothing is written here.
    pub fn is_replica(&self) -> bool {
        self.store.replication_role() == ReplicationRole::Standby
    }

    /// Refuses what would have to be written down in the end, before it costs anybody anything.
    pub(crate) fn require_primary(&self) -> Result<()> {
        if self.is_replica() { Err(only_read()) } else { Ok(()) }
    }

    /// Looks after what is stored until the task is dropped or aborted: vectors, indices, what has expired, and jobs if
    /// that is wanted. A replica's server begins with it when the database is promoted.
    pub async fn work_in_background(self, with_jobs: bool) {
        loop {
            self.store.until_role(ReplicationRole::Primary).await;
            // They end when this is dropped.
            let mut tasks = JoinSet::new();
            tasks.spawn(self.clone().sweep_forever());
            tasks.spawn(self.clone().index_conversations_forever());
            tasks.spawn(self.clone().embed_forever());
            if with_jobs {
                tasks.spawn(self.clone().run_jobs_forever());
            }
            self.store.until_role(ReplicationRole::Standby).await;
        }
    }
}

/// Why nothing is written.
pub(crate) fn only_read() -> Error {
    let message = "This server reads from a replica and writes nothing; send writes to the server of the primary database.";
    Error::new(ErrorCode::ReadOnly, message)
}
