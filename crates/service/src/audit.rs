//! Who did what, for whoever may know; and the failures to sign in, which nobody may use to fill the disk.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use omp_model::audit::{Action, AuditPage, AuditQuery};
use omp_model::{Error, OwnerId, Principal, Result, Scope, Timestamp};
use omp_store::audit::AuditFilter;

use crate::Service;
use crate::access::require;
use crate::failure::shown;

/// Failures to sign in within this time are one entry, in milliseconds.
const TOGETHER: i64 = 60_000;
/// How long entries are kept when nothing else is said.
pub(crate) const KEPT: Duration = Duration::from_hours(24 * 365);
/// Entries that are removed in one transaction.
const CHUNK: u32 = 5_000;

/// Failures that wait to be written down.
#[derive(Default)]
pub(crate) struct Failures {
    state: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    count: u64,
    /// When the last entry was made.
    last: Option<i64>,
}

impl Failures {
    fn state(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one; whether something is due to be written down.
    fn count(&self, now: Timestamp) -> bool {
        let mut waiting = self.state();
        waiting.count += 1;
        waiting.is_due(now.as_millis())
    }

    /// What is due to be written down: the first failure at once, the next ones a minute later, together.
    fn due(&self, now: Timestamp) -> Option<u64> {
        let mut waiting = self.state();
        if waiting.is_due(now.as_millis()) { Some(waiting.take(now)) } else { None }
    }

    /// Everything that waits to be written down, due or not.
    fn rest(&self, now: Timestamp) -> Option<u64> {
        let mut waiting = self.state();
        if waiting.count > 0 { Some(waiting.take(now)) } else { None }
    }
}

impl Waiting {
    fn is_due(&self, now: i64) -> bool {
        self.count > 0 && self.last.is_none_or(|last| now.saturating_sub(last) >= TOGETHER)
    }

    fn take(&mut self, now: Timestamp) -> u64 {
        self.last = Some(now.as_millis());
        std::mem::take(&mut self.count)
    }
}

impl Service {
    /// The same with another time that the audit is kept for.
    #[must_use]
    pub fn with_audit_kept(mut self, kept: Duration) -> Self {
        self.audit_kept = kept;
        self
    }

    /// A page of what was done: everything for whoever administers the server, else what the user did.
    pub async fn audit(&self, principal: Principal, query: &AuditQuery) -> Result<AuditPage> {
        require(&principal, Scope::Admin)?;
        let mut user = None;
        if let Some(name) = &query.user {
            let own = principal.grant().is_some_and(|grant| grant.user_name == *name);
            if !own && !principal.administers() {
                return Err(Error::forbidden(
                    "Only a user who administers the server may see what others did.",
                ));
            }
            user = Some(self.user(name.as_str()).await?.owner);
        }
        let user: Option<OwnerId> = if principal.administers() { user } else { Some(principal.user()) };
        let AuditQuery { action, since, until, before, .. } = *query;
        let filter = AuditFilter { user, action, since, until, before };
        let entries = self.store.audit(filter, query.page()).await.map_err(shown)?;
        let full = entries.len() == query.page() as usize;
        Ok(AuditPage { next: entries.last().map(|entry| entry.number).filter(|_| full), entries })
    }

    /// Somebody came with a wrong key. What is written down grows with time and not with their number.
    pub(crate) fn sign_in_failed(&self) {
        let now = self.clock.now();
        if self.failures.count(now) {
            let service = self.clone();
            // It takes what waits when it runs: if the server stops before, that is still there for `finish`.
            tokio::spawn(async move { service.write_failures(service.failures.due(now), now).await });
        }
    }

    /// Writes down what waits to be, for a server that stops and has answered everybody.
    pub async fn finish(&self) {
        self.release_jobs().await;
        let now = self.clock.now();
        self.write_failures(self.failures.rest(now), now).await;
    }

    async fn write_failures(&self, count: Option<u64>, now: Timestamp) {
        let Some(count) = count else { return };
        if let Err(error) = self.store.record(None, Action::SignInFailure, count, now).await {
            tracing::warn!(%error, count, "failures to sign in could not be written down");
        }
    }

    /// Writes down what waits and removes what has been kept long enough.
    pub(crate) async fn tend_audit(&self) {
        let now = self.clock.now();
        self.write_failures(self.failures.due(now), now).await;
        let kept = i64::try_from(self.audit_kept.as_millis()).unwrap_or(i64::MAX);
        let before = Timestamp::from_millis(now.as_millis().saturating_sub(kept));
        loop {
            match self.store.purge_audit(before, CHUNK).await {
                Ok(removed) if removed == u64::from(CHUNK) => {}
                Ok(_) => return,
                Err(error) => {
                    tracing::warn!(%error, "old entries of the audit could not be removed");
                    return;
                }
            }
        }
    }

    /// Writes down that an export begins. A disk that is full must not keep people from saving what they have.
    pub(crate) async fn note_export(&self, principal: &Principal) {
        let one = omp_model::ListQuery { limit: 1, ..omp_model::ListQuery::default() };
        let now = self.clock.now();
        let count = self.store.list_memories(principal, &one, now).await.map_or(0, |page| page.total);
        if let Err(error) = self.store.record(Some(principal), Action::Export, count, now).await {
            tracing::warn!(%error, "an export could not be written down");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_thousand_failures_are_two_entries_a_minute_at_most() {
        let failures = Failures::default();
        let at = |second: i64| Timestamp::from_millis(1_000_000 + second * 1_000);
        let write = |n: i64| if failures.count(at(n / 1_000)) { failures.due(at(n / 1_000)) } else { None };
        let written: Vec<u64> = (0..10_000).filter_map(write).collect();
        assert_eq!(written, [1], "the first at once");
        assert_eq!(failures.due(at(59)), None);
        assert_eq!(failures.due(at(61)), Some(9_999));
        assert_eq!(failures.due(at(200)), None);
    }

    #[test]
    fn what_was_not_due_when_the_server_stops_is_not_lost() {
        let failures = Failures::default();
        let now = Timestamp::from_millis(1_000_000);
        assert!(failures.count(now));
        assert_eq!(failures.due(now), Some(1));
        assert!(!failures.count(now));
        assert_eq!((failures.due(now), failures.rest(now), failures.rest(now)), (None, Some(1), None));
    }
}
