//! Moving memories in and out, as streams.

use std::sync::Arc;
use std::time::Duration;

use omp_model::{Error, ErrorCode, Result};
use tokio::sync::OwnedSemaphorePermit;

use crate::Service;

mod chunks;
mod convert;
mod detect;
mod export;
mod foreign;
mod import;
mod inspect;
mod outgoing;
mod records;
mod source;
mod talks;
mod unique_ids;

pub use convert::{ConvertOptions, ConvertTarget, convert};
pub use export::{ExportReport, check_export, file_form};
pub use inspect::inspect;
pub use source::{ImportSource, pack_folder};

#[cfg(test)]
mod tests;

impl Service {
    /// Waits for its turn among the imports and exports.
    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let permit = tokio::time::timeout(TURN, Arc::clone(&self.transfers).acquire_owned()).await;
        let busy = || {
            Error::new(ErrorCode::Unavailable, "Too many imports and exports are running; try again later.")
        };
        permit.ok().and_then(std::result::Result::ok).ok_or_else(busy)
    }
}

impl Service {
    /// Waits until no import or export runs.
    pub(crate) async fn transfers_done(&self) {
        let mut looks = tokio::time::interval(LOOK);
        while self.transfers.available_permits() < crate::TRANSFERS {
            looks.tick().await;
        }
    }
}

/// Told now and then how many items have been done.
pub type Progress = Box<dyn Fn(u64) + Send>;

/// Longest wait for a turn.
const TURN: Duration = Duration::from_secs(30);

/// How often to look whether transfers have ended.
const LOOK: Duration = Duration::from_millis(100);

/// Items in one transaction of an import: more make it faster, fewer let single writes in sooner.
pub(crate) const CHUNK: usize = 1_000;
/// Bytes of text in one transaction, whatever the number of items: long texts must not fill the memory.
pub(crate) const CHUNK_BYTES: usize = 2 << 20;
