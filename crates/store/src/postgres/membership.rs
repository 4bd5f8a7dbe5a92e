//! Which servers write to the database, each named in the table `writers`, so that the only one can know that it is
//! ([`super::positions`]).
//!
//! Whoever finds nobody else there goes by what it read for a lease. So that it misses nothing, a server that is not
//! named, or not for long enough, answers whoever wrote a lease after the commit: by then all that was read before is
//! over. One that stays names itself a moment after its first write, and need not wait from then on; its row holds for
//! minutes and is prolonged as long as it runs. When it is killed, the others ask the database at each search until the
//! row is over. No clocks are compared: the database measures how long a row holds, and each server, from before it
//! asked, how long it may count on its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio::sync::Notify;

use super::session::{Columns, Session};
use crate::lease::{Begun, LEASE};
use crate::{Result, StoreError};

/// How long a row holds after it was prolonged.
const HOLDS: &str = "interval '5 minutes'";
/// How long a server counts on its own: shorter, because the database's clock may be set.
const COUNTED_ON: Duration = Duration::from_mins(4);
/// How often it is prolonged.
const PROLONGED_EACH: Duration = Duration::from_mins(1);
/// How long after its first write a server is taken for one that stays: commands that store something are over by then.
const STAYS_AFTER: Duration = Duration::from_secs(1);
/// How long closing waits for its removal.
const LAST: Duration = Duration::from_secs(1);

/// Whether no server but the one with the number `$3` writes: a condition. A standby tells only later who writes.
pub(super) const ALONE: &str = "NOT pg_is_in_recovery() \
     AND NOT EXISTS (SELECT FROM writers AS w WHERE w.id <> $3 AND w.until > now())";

/// This server among those that write.
pub(super) struct Membership {
    pool: Pool,
    place: Arc<str>,
    /// The number of its row; 0 before it has one.
    id: AtomicI64,
    row: Mutex<Row>,
    /// It wrote and was not known.
    wanted: Notify,
}

/// What this server knows of its row.
#[derive(Default)]
struct Row {
    /// When it was prolonged last, if all others have noticed by now.
    known_since: Option<Begun>,
    /// How often it may have gone with the database.
    losses: u64,
}

impl Membership {
    /// Not named yet.
    pub(super) fn new(pool: Pool, place: Arc<str>) -> Self {
        Self { pool, place, id: AtomicI64::new(0), row: Mutex::default(), wanted: Notify::new() }
    }

    /// The number of this server's row, 0 if it has none.
    pub(super) fn id(&self) -> i64 {
        self.id.load(Ordering::Acquire)
    }

    fn row(&self) -> MutexGuard<'_, Row> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something was committed: returns when nobody goes by what was read before.
    pub(super) async fn settle(&self) {
        if self.row().known_since.is_some_and(|since| since.is_within(COUNTED_ON)) {
            return;
        }
        self.wanted.notify_one();
        tokio::time::sleep(LEASE).await;
    }

    /// The database went away: it may be another one now, without this server's row.
    pub(super) fn lost(&self, error: &StoreError) {
        if matches!(error, StoreError::Unreachable { .. } | StoreError::Denied { .. }) {
            let mut row = self.row();
            row.known_since = None;
            row.losses += 1;
        }
    }

    /// Names this server, once it has written, and keeps the row until the task ends.
    pub(super) async fn stay_forever(self: Arc<Self>) {
        self.wanted.notified().await;
        tokio::time::sleep(STAYS_AFTER).await;
        let mut told = false;
        loop {
            if let Err(error) = self.prolong().await {
                self.lost(&error);
                if !told {
                    tracing::warn!(%error, "that this server writes could not be said; it answers writes a moment later");
                }
                told = true;
            }
            tokio::select! {
                () = tokio::time::sleep(PROLONGED_EACH) => {}
                () = self.wanted.notified() => tokio::time::sleep(STAYS_AFTER).await,
            }
        }
    }

    async fn prolong(&self) -> Result<()> {
        let (at, losses) = (Begun::now(), self.row().losses);
        let session = Session::write(&self.pool, &self.place, None).await?;
        let sql = "DELETE FROM writers WHERE id IN \
             (SELECT id FROM writers WHERE until < now() FOR UPDATE SKIP LOCKED)";
        session.batch(sql).await?;
        let sql = format!("UPDATE writers SET until = now() + {HOLDS} WHERE id = $1");
        if session.execute(&sql, &[&self.id()]).await? == 0 {
            // A number that nobody had before: one out of a sequence could come again after a failover.
            let sql = format!(
                "INSERT INTO writers (id, until) VALUES (1 + (random() * 9e15)::bigint, now() + {HOLDS}) RETURNING id"
            );
            self.id.store(session.one(&sql, &[]).await?.column(0)?, Ordering::Release);
        }
        session.commit().await?;
        tokio::time::sleep(LEASE).await;
        let mut row = self.row();
        if row.losses == losses {
            row.known_since = Some(at);
        }
        Ok(())
    }

    /// This server writes no more.
    pub(super) async fn leave(&self) {
        if self.id() == 0 {
            return;
        }
        let remove = async {
            let session = Session::write(&self.pool, &self.place, None).await?;
            session.execute("DELETE FROM writers WHERE id = $1", &[&self.id()]).await?;
            session.commit().await
        };
        // Otherwise it is over by itself after a while.
        if let Ok(Err(error)) = tokio::time::timeout(LAST, remove).await {
            tracing::debug!(%error, "that this server writes no more could not be said");
        }
    }
}
