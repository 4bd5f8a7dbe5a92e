//! Telling other servers what has changed: `NOTIFY`, beside the transactions that write.
//!
//! A transaction with a `NOTIFY` in it commits under a lock that all databases of the server share, and holds it until
//! its commit is on the disk; so writers of different owners would take turns with their flushes, on all servers
//! together. And a lone writer would pay for it at every create. Therefore a commit is told after it has happened, by a
//! transaction of its own that waits for no disk: one for all owners that have changed meanwhile, and at most twenty a
//! second. When a server dies in between, its last hint is lost; the others look by themselves now and then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;
use omp_model::OwnerId;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::session::Session;
use crate::Result;
use crate::hints::Hints;

/// The pause after each message. The first after a while is sent at once.
const PACE: Duration = Duration::from_millis(50);
/// The rest after one could not be sent.
const REST: Duration = Duration::from_secs(1);
/// How long closing waits for the last one.
const LAST: Duration = Duration::from_secs(1);
/// Owners in one message: a notification may have 8,000 bytes, and one of these at most 31.
const OWNERS: usize = 200;

/// The name of the channel: a database may hold several stores, each in a schema of its own.
pub(super) const CHANNEL: &str =
    "'open_memory_' || (SELECT relnamespace FROM pg_class WHERE oid = 'owners'::regclass)";

/// A task that ends when nobody needs it any more.
pub(super) struct Task(JoinHandle<()>);

impl Task {
    pub(super) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Owners with the numbers of their last changes.
pub(super) type Changed = Vec<(OwnerId, i64)>;

/// What this server has to tell.
pub(super) struct Notifier {
    pool: Pool,
    place: Arc<str>,
    hints: Arc<Hints>,
    untold: Mutex<BTreeMap<OwnerId, i64>>,
    /// Held while something is on its way.
    sending: tokio::sync::Mutex<()>,
    news: Notify,
}

impl Notifier {
    pub(super) fn new(pool: Pool, place: Arc<str>, hints: Arc<Hints>) -> Self {
        Self {
            pool,
            place,
            hints,
            untold: Mutex::default(),
            sending: tokio::sync::Mutex::default(),
            news: Notify::new(),
        }
    }

    fn untold(&self) -> MutexGuard<'_, BTreeMap<OwnerId, i64>> {
        self.untold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A transaction has changed these owners' memories, for good. Who waits in this process hears of it at once.
    pub(super) fn committed(&self, changed: &[(OwnerId, i64)]) {
        if changed.is_empty() {
            return;
        }
        for (owner, seq) in changed {
            self.hints.tell(*owner, *seq);
        }
        self.put(changed.iter().copied());
        self.news.notify_one();
    }

    fn put(&self, changed: impl IntoIterator<Item = (OwnerId, i64)>) {
        let mut untold = self.untold();
        for (owner, seq) in changed {
            let known = untold.entry(owner).or_insert(seq);
            *known = seq.max(*known);
        }
    }

    /// Tells other servers until the task ends.
    pub(super) async fn tell_forever(self: Arc<Self>) {
        loop {
            self.news.notified().await;
            let pause = match self.tell().await {
                Ok(()) => PACE,
                Err(error) => {
                    tracing::debug!(%error, "other servers could not be told of changes; they look by themselves");
                    self.news.notify_one();
                    REST
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Tells what is left to tell, if that is possible.
    pub(super) async fn finish(&self) {
        // Whoever is not told looks by itself.
        let _ = tokio::time::timeout(LAST, self.tell()).await;
    }

    async fn tell(&self) -> Result<()> {
        let _sending = self.sending.lock().await;
        let changed = std::mem::take(&mut *self.untold());
        if changed.is_empty() {
            return Ok(());
        }
        let sent = self.send(messages(&changed)).await;
        if sent.is_err() {
            self.put(changed);
        }
        sent
    }

    async fn send(&self, messages: Vec<String>) -> Result<()> {
        let session = Session::write(&self.pool, &self.place, None).await?;
        session.defer_text("SET LOCAL synchronous_commit = off");
        let sql = format!("SELECT pg_notify({CHANNEL}, message) FROM unnest($1::text[]) AS message");
        session.defer(&sql, vec![Box::new(messages)]).await?;
        session.commit().await.map(drop)
    }
}

/// `7:42 9:3`: owners and numbers, nothing of what was written.
fn messages(changed: &BTreeMap<OwnerId, i64>) -> Vec<String> {
    let told: Vec<String> = changed.iter().map(|(owner, seq)| format!("{}:{seq}", owner.0)).collect();
    told.chunks(OWNERS).map(|some| some.join(" ")).collect()
}

/// What a message says; what is none of ours says nothing.
pub(super) fn read(message: &str) -> impl Iterator<Item = (OwnerId, i64)> {
    message.split(' ').filter_map(|told| {
        let (owner, seq) = told.split_once(':')?;
        Some((OwnerId(owner.parse().ok()?), seq.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_fit_and_are_read_as_they_were_meant() {
        let changed: BTreeMap<OwnerId, i64> =
            (0..1_000).map(|number| (OwnerId(u32::MAX - number), i64::MAX - i64::from(number))).collect();
        let messages = messages(&changed);
        assert!(messages.iter().all(|message| message.len() < 8_000));
        assert_eq!(messages.iter().flat_map(|message| read(message)).collect::<BTreeMap<_, _>>(), changed);
        assert_eq!(read("nonsense 7 7: :7 x:7 3:4").collect::<Vec<_>>(), [(OwnerId(3), 4)]);
    }
}
