//! Removing for good what has expired (it was gone from every answer at once; this only frees its
//! room), and what is remembered for a time only.

use std::time::Duration;

use crate::Service;

/// How often.
const INTERVAL: Duration = Duration::from_secs(30);
/// How many in one transaction, so that writes in between do not wait: taking the words of a memory out of the index
/// costs about a millisecond.
const CHUNK: u32 = 50;

impl Service {
    /// Sweeps until the task is dropped or aborted.
    pub(crate) async fn sweep_forever(self) {
        let mut ticks = tokio::time::interval(INTERVAL);
        loop {
            ticks.tick().await;
            self.tend_audit().await;
            self.forget_old_jobs().await;
            loop {
                match self.store.purge_expired(CHUNK, self.clock.now()).await {
                    Ok(0) => break,
                    Ok(purged) => tracing::debug!(purged, "removed expired memories"),
                    Err(error) => {
                        tracing::warn!(%error, "expired memories could not be removed");
                        break;
                    }
                }
            }
        }
    }
}
