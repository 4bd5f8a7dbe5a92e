//! Putting conversations into the index of words that are not there yet: those of large imports, those that were saved
//! before there was one, and those that were handed over to another user. Others are indexed as they are saved.

use std::time::Duration;

use omp_model::Result;

use crate::Service;
use crate::failure::shown;

/// Conversations that are indexed in one transaction, so that writes in between do not wait.
const CHUNK: u32 = 8;
/// How often to look for what waits.
const LOOK: Duration = Duration::from_secs(5);

impl Service {
    /// Indexes conversations until the task is dropped or aborted.
    pub(crate) async fn index_conversations_forever(self) {
        loop {
            if let Err(error) = self.index_conversations(u32::MAX).await {
                tracing::warn!(%error, "conversations could not be indexed; searches say that they do not find them");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Indexes what waits, about `most` conversations at most.
    pub async fn index_conversations(&self, most: u32) -> Result<()> {
        let mut left = most;
        while left > 0 && self.store.index_conversations(CHUNK.min(left)).await.map_err(shown)? {
            left = left.saturating_sub(CHUNK);
        }
        Ok(())
    }
}
