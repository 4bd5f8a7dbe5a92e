//! The use cases: who may, what happens, in which order. Every door (HTTP, command line, later MCP) calls these and
//! adds no rule of its own.

mod compress;
mod conversations;
mod extract;
mod failure;
mod handoff;
mod health;
mod memories;
mod search;
mod sweep;
mod transfer;

use std::path::PathBuf;
use std::sync::Arc;

use omp_model::{Clock, OsRandom, RandomSource, SystemClock};
use omp_store::Store;
use tokio::sync::Semaphore;

pub use self::compress::CompressRequest;
pub use self::extract::{ExtractRequest, Provider};
pub use self::handoff::HandoffRequest;
pub use self::transfer::{ExportReport, ImportSource, Progress, convert, inspect};

/// Most imports and exports at once; more wait.
const TRANSFERS: usize = 8;

/// All use cases over one store. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    /// Imports and exports that run at once. Each holds a thread, also while it waits for a slow peer.
    transfers: Arc<Semaphore>,
    /// Where a body that must be read twice is put meanwhile, in a file without a name.
    spool_folder: PathBuf,
}

impl Service {
    /// The use cases over `store`, with the machine's clock and random source.
    pub fn new(store: Arc<dyn Store>, spool_folder: PathBuf) -> Self {
        Self {
            store,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            transfers: Arc::new(Semaphore::new(TRANSFERS)),
            spool_folder,
        }
    }

    /// The same with another clock and random source: for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>, random: Arc<dyn RandomSource>) -> Self {
        (self.clock, self.random) = (clock, random);
        self
    }

    /// The store beneath.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }
}
