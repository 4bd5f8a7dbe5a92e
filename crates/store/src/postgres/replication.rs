//! Whether the database is a standby: the one place that knows. A standby can be promoted at any time, and an address
//! can lead to another server after a failover; so it is asked again and again.

use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::watch;

use super::session::{Columns, Session};
use crate::{ReplicationLag, ReplicationRole, Result, StoreError};

/// How often.
const LOOK: Duration = Duration::from_secs(2);

/// What the database was found to be last.
pub(super) struct RoleWatch {
    pool: Pool,
    place: Arc<str>,
    found: watch::Sender<ReplicationRole>,
}

impl RoleWatch {
    /// Asks for the first time.
    pub(super) async fn begin(pool: Pool, place: Arc<str>) -> Result<Self> {
        let found = watch::Sender::new(in_recovery(&pool, &place).await?);
        Ok(Self { pool, place, found })
    }

    pub(super) fn get(&self) -> ReplicationRole {
        *self.found.borrow()
    }

    /// Refuses what would write.
    pub(super) fn require_primary(&self) -> Result<()> {
        match self.get() {
            ReplicationRole::Primary => Ok(()),
            ReplicationRole::Standby => Err(self.refusal()),
        }
    }

    /// The error of a write in words that fit, if it failed because the database has become a standby.
    pub(super) async fn explain(&self, error: StoreError) -> StoreError {
        let denied = matches!(error, StoreError::Denied { .. });
        if denied && matches!(self.look().await, Ok(ReplicationRole::Standby)) {
            self.refusal()
        } else {
            error
        }
    }

    fn refusal(&self) -> StoreError {
        StoreError::Replica(self.place.to_string())
    }

    /// Returns when the database is found to be this.
    pub(super) async fn until(&self, role: ReplicationRole) {
        // It cannot fail: the other end is here.
        let _ = self.found.subscribe().wait_for(|found| *found == role).await;
    }

    /// Asks until the task ends.
    pub(super) async fn look_forever(self: Arc<Self>) {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "whether the database is a standby is not known at the moment");
            }
        }
    }

    async fn look(&self) -> Result<ReplicationRole> {
        let role = in_recovery(&self.pool, &self.place).await?;
        if self.found.send_replace(role) != role {
            match role {
                ReplicationRole::Primary => {
                    tracing::info!("the database was promoted: this server writes now");
                }
                ReplicationRole::Standby => {
                    tracing::warn!(
                        "the database is a read replica now: nothing is written until it is promoted"
                    );
                }
            }
        }
        Ok(role)
    }

    /// How far a standby is behind.
    pub(super) async fn lag(&self) -> Result<Option<ReplicationLag>> {
        // Whose row of the receiver is hidden from a common user still has one.
        let sql = "SELECT pg_is_in_recovery(), EXISTS (SELECT FROM pg_stat_wal_receiver), \
             pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::bigint, \
             (extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint";
        let row = Session::glance(&self.pool, &self.place).await?.one(sql, &[]).await?;
        if !row.column::<bool>(0)? {
            return Ok(None);
        }
        let (connected, bytes, age): (bool, Option<i64>, Option<i64>) =
            (row.column(1)?, row.column(2)?, row.column(3)?);
        // What is replayed can be beyond what was received by streaming, and clocks differ.
        let [bytes, age] = [bytes, age].map(|figure| figure.map(|figure| figure.max(0).unsigned_abs()));
        let millis = if connected && bytes == Some(0) { Some(0) } else { age };
        Ok(Some(ReplicationLag { connected, bytes, millis }))
    }
}

async fn in_recovery(pool: &Pool, place: &Arc<str>) -> Result<ReplicationRole> {
    let row = Session::glance(pool, place).await?.one("SELECT pg_is_in_recovery()", &[]).await?;
    Ok(if row.column(0)? { ReplicationRole::Standby } else { ReplicationRole::Primary })
}
