//! Which servers write to the database, each named in the table `writers`, so that the only one can know that it is
//! ([`super::positions`]).
//!
//! A server is named there before its first write, which it does only a lease later: whoever found nobody else before
//! goes by that no longer. Its row holds for minutes and is prolonged as long as the server runs; when it is killed, the
//! others ask the database at each search until the row is over. No clocks are compared: the database measures how long
//! a row holds, and each server, from before it asked, how long it may count on its own.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::Pool;

use super::session::{Columns, Session};
use crate::Result;
use crate::lease::LEASE;

/// How long a row holds after it was prolonged.
const HOLDS: &str = "interval '5 minutes'";
/// How long a server counts on its own: shorter, because the database's clock may be set.
const COUNTED_ON: Duration = Duration::from_mins(4);
/// How often it is prolonged.
const PROLONGED_EACH: Duration = Duration::from_mins(1);
/// How long closing waits for its removal.
const LAST: Duration = Duration::from_secs(1);

/// Whether no server but the one with the number `$3` writes: a condition.
pub(super) const ALONE: &str = "NOT EXISTS (SELECT FROM writers AS w WHERE w.id <> $3 AND w.until > now())";

/// This server among those that write.
pub(super) struct Membership {
    pool: Pool,
    place: Arc<str>,
    /// The number of its row; 0 before it has one.
    id: AtomicI64,
    /// When it was prolonged last, as soon as all others have noticed.
    known_since: Mutex<Option<Instant>>,
    /// Held while it is prolonged.
    prolonging: tokio::sync::Mutex<()>,
}

impl Membership {
    /// Not named yet.
    pub(super) fn new(pool: Pool, place: Arc<str>) -> Self {
        Self {
            pool,
            place,
            id: AtomicI64::new(0),
            known_since: Mutex::default(),
            prolonging: tokio::sync::Mutex::default(),
        }
    }

    /// The number of this server's row, 0 if it has none.
    pub(super) fn id(&self) -> i64 {
        self.id.load(Ordering::Acquire)
    }

    fn is_known(&self) -> bool {
        let since = *self.known_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() < COUNTED_ON)
    }

    /// Returns when every other server knows that this one writes.
    pub(super) async fn join(&self) -> Result<()> {
        if self.is_known() {
            return Ok(());
        }
        let _prolonging = self.prolonging.lock().await;
        // Somebody else may have done it while this one waited.
        if self.is_known() { Ok(()) } else { self.prolong().await }
    }

    /// Keeps the row, once there is one, until the task ends.
    pub(super) async fn stay_forever(self: Arc<Self>) {
        loop {
            tokio::time::sleep(PROLONGED_EACH).await;
            if self.id() == 0 {
                continue;
            }
            let _prolonging = self.prolonging.lock().await;
            if let Err(error) = self.prolong().await {
                tracing::debug!(%error, "that this server writes could not be said again at the moment");
            }
        }
    }

    async fn prolong(&self) -> Result<()> {
        let at = Instant::now();
        let session = Session::write(&self.pool, &self.place, None).await?;
        session.batch("DELETE FROM writers WHERE until < now()").await?;
        let sql = format!("UPDATE writers SET until = now() + {HOLDS} WHERE id = $1");
        if session.execute(&sql, &[&self.id()]).await? == 0 {
            let sql = format!("INSERT INTO writers (until) VALUES (now() + {HOLDS}) RETURNING id");
            self.id.store(session.one(&sql, &[]).await?.column(0)?, Ordering::Release);
        }
        session.commit().await?;
        tokio::time::sleep(LEASE).await;
        *self.known_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
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
