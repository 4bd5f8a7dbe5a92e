//! How long a process may go by what it read of users, keys and shares.
//!
//! Who may come in is asked at every request, and any process may change it. What was read holds for a moment,
//! the lease, and whoever changes users, keys or shares acknowledges that only after a lease: then every
//! process has seen it, and a key that was revoked opens nothing. No clocks are compared: each process
//! measures its own lease from before its reading began.
//!
//! Over PostgreSQL the same holds for an owner's last change, where only one server is known to write.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How long what was read may be relied on.
pub(crate) const LEASE: Duration = Duration::from_millis(20);

/// When something began, by the clock that stands still while the machine sleeps, and by the one that may be set: what
/// is over by either of them is over.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun(Instant, SystemTime);

impl Begun {
    /// At this moment.
    pub(crate) fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }

    /// Whether that is less than `time` ago.
    pub(crate) fn is_within(self, time: Duration) -> bool {
        self.0.elapsed() < time && self.1.elapsed().is_ok_and(|elapsed| elapsed < time)
    }

    /// Whether it began before another.
    pub(crate) fn is_before(self, other: Self) -> bool {
        self.0 < other.0
    }
}

/// What the version was, and when it was read.
#[derive(Default)]
pub(crate) struct Lease {
    known: Mutex<Option<Known>>,
}

#[derive(Clone, Copy)]
struct Known {
    /// When the reading began.
    at: Begun,
    version: (i64, i64),
}

impl Lease {
    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read, as long as it holds.
    pub(crate) fn holding(&self) -> Option<(i64, i64)> {
        let known = *self.known();
        known.filter(|known| known.at.is_within(LEASE)).map(|known| known.version)
    }

    /// Goes by a version that was read by a reading that began `at`.
    pub(crate) fn take(&self, at: Begun, version: (i64, i64)) {
        *self.known() = Some(Known { at, version });
    }

    /// Returns when no process goes by what was read before now.
    pub(crate) async fn settle(&self) {
        *self.known() = None;
        tokio::time::sleep(LEASE).await;
    }
}
