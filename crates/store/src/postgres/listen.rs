//! Hearing what other servers have changed: one connection that listens, from the first time that somebody waits.

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_postgres::AsyncMessage;

use super::connection::Way;
use super::notify::{self, CHANNEL, Task};
use super::replication::RoleWatch;
use crate::hints::Hints;
use crate::{ReplicationRole, Result, StoreError};

/// After so long without a word it is tried whether the connection still works.
const BEAT: Duration = Duration::from_secs(15);
/// The rest before the connection is made anew, and the longest that it becomes.
const SHORT: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(5);

/// The connection that listens.
pub(super) struct Listener {
    way: Way,
    hints: Arc<Hints>,
    role: Arc<RoleWatch>,
    /// How often whoever waits looks by itself while this listens.
    look_each: Duration,
    hearing: AtomicBool,
}

impl Listener {
    pub(super) fn new(way: Way, hints: Arc<Hints>, role: Arc<RoleWatch>, look_each: Duration) -> Self {
        Self { way, hints, role, look_each, hearing: AtomicBool::new(false) }
    }

    /// How long nobody need look by themselves: without a connection that
    /// listens, other servers' changes are only found so.
    pub(super) fn patience(&self) -> Duration {
        if self.hearing.load(Ordering::Acquire) { self.look_each } else { self.look_each / 5 }
    }

    /// Listens until the task ends.
    pub(super) async fn listen_forever(self: Arc<Self>) {
        let mut rest = SHORT;
        loop {
            // A standby takes no LISTEN.
            self.role.until(ReplicationRole::Primary).await;
            let Err(error) = self.listen().await;
            if self.hearing.swap(false, Ordering::AcqRel) {
                tracing::warn!(%error, "changes of other servers are not heard at the moment; they are looked for instead");
                rest = SHORT;
                // Everybody goes over to looking often.
                self.hints.tell_all();
            }
            tokio::time::sleep(rest).await;
            rest = (rest * 2).min(LONG);
        }
    }

    async fn listen(&self) -> Result<Infallible> {
        // A proxy may take the connection and never answer.
        let late = |_| self.way.lost();
        let (client, mut connection) = timeout(BEAT, self.way.connect()).await.map_err(late)??;
        let (sender, mut heard) = mpsc::unbounded_channel();
        let _driving = Task::spawn(async move {
            while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(notification) = message {
                    // Nobody hears any more when it is about to end.
                    let _ = sender.send(notification.payload().to_owned());
                }
            }
        });
        let failed = |error: tokio_postgres::Error| self.way.failed(&error);
        let listen = async {
            let named = client.query_one(&format!("SELECT {CHANNEL}"), &[]).await?;
            let channel: String = named.try_get(0)?;
            client.batch_execute(&format!("LISTEN {channel}")).await
        };
        timeout(BEAT, listen).await.map_err(late)?.map_err(failed)?;
        self.hearing.store(true, Ordering::Release);
        // What came before this moment was not heard.
        self.hints.tell_all();
        loop {
            match timeout(BEAT, heard.recv()).await {
                Ok(Some(message)) => {
                    notify::read(&message).for_each(|(owner, seq)| self.hints.tell(owner, seq));
                }
                Ok(None) => return Err(self.way.lost()),
                Err(_) => {
                    timeout(BEAT, client.batch_execute("SELECT")).await.map_err(late)?.map_err(failed)?;
                }
            }
        }
    }
}

impl Way {
    fn lost(&self) -> StoreError {
        StoreError::Unreachable { place: self.place().to_string(), reason: "the connection was lost".into() }
    }
}
