//! The use cases: who may, what happens, in which order. Every door (HTTP, command line, MCP) calls these and
//! adds no rule of its own.

mod access;
mod ai;
mod audit;
mod budgets;
mod compress;
mod context;
mod conversation_search;
mod conversations;
mod counts;
mod duplicates;
mod embeddings;
mod extract;
mod failure;
mod handoff;
mod health;
mod index_cache;
mod keys;
mod memories;
mod namespaces;
mod replication;
mod search;
mod secrets;
mod shares;
mod sweep;
mod transfer;
mod users;
mod versions;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use omp_model::{Clock, OsRandom, RandomSource, SystemClock};
use omp_store::Store;
use tokio::sync::Semaphore;

use self::ai::Ai;
pub use self::ai::{AiChoice, ConversationSource, ToRead};
use self::audit::Failures;
pub use self::budgets::Budget;
pub use self::compress::CompressRequest;
pub use self::context::{Budgeted, recalled, within_budget};
use self::conversation_search::Meanings;
pub use self::embeddings::Embeddings;
use self::extract::Jobs;
pub use self::extract::{ExtractJobRequest, ExtractRequest};
pub use self::handoff::{Handed, HandoffRequest};
pub use self::health::{StoreVitals, Vitals};
use self::index_cache::IndexCache;
use self::keys::KeyRing;
use self::search::HotIndices;
pub use self::secrets::SecretPolicy;
pub use self::transfer::{
    ConvertOptions, ConvertTarget, ExportReport, ImportSource, Progress, check_export, convert, file_form,
    inspect, pack_folder,
};
pub use omp_ai as models;
pub use omp_embed as embed;
pub use omp_formats as formats;

/// Most imports and exports at once; more wait.
const TRANSFERS: usize = 8;

/// The memory that indices may take when nothing else is said.
const INDEX_BYTES: u64 = 2 << 30;
/// All use cases over one store. Cheap to clone.
#[derive(Clone)]
pub struct Service {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn RandomSource>,
    /// Imports and exports that run at once. Each holds a thread, also while it waits for a slow peer.
    transfers: Arc<Semaphore>,
    embeddings: Embeddings,
    /// Who reads conversations.
    ai: Arc<Ai>,
    /// What this server reads in the background.
    jobs: Arc<Jobs>,
    /// What the next two hold, within one budget.
    room: Arc<IndexCache>,
    indices: HotIndices,
    /// What conversations are about.
    meanings: Meanings,
    keys: Arc<KeyRing>,
    failures: Arc<Failures>,
    audit_kept: Duration,
    /// The hash of the key in the server's configuration.
    server_key: Option<[u8; 32]>,
    /// How long a search waits for an index that is being made; by default only where that takes no time.
    patience: Option<Duration>,
    /// What happens to secrets in what is stored.
    secrets: SecretPolicy,
    /// Where a body that must be read twice is put meanwhile, in a file without a name.
    spool_folder: PathBuf,
}

impl Service {
    /// The use cases over `store`, with the machine's clock and random source.
    pub fn new(store: Arc<dyn Store>, spool_folder: PathBuf) -> Self {
        let room = Arc::new(IndexCache::new(INDEX_BYTES));
        Self {
            store,
            clock: Arc::new(SystemClock),
            random: Arc::new(OsRandom),
            transfers: Arc::new(Semaphore::new(TRANSFERS)),
            embeddings: Embeddings::off(),
            ai: Arc::new(Ai::new(models::AiSettings::default())),
            jobs: Arc::default(),
            indices: HotIndices::new(Arc::clone(&room)),
            meanings: Meanings::new(Arc::clone(&room)),
            room,
            keys: Arc::default(),
            failures: Arc::default(),
            audit_kept: audit::KEPT,
            server_key: None,
            patience: None,
            secrets: SecretPolicy::default(),
            spool_folder,
        }
    }

    /// The same with vectors: searches by meaning.
    #[must_use]
    pub fn with_embeddings(mut self, embeddings: Embeddings) -> Self {
        self.embeddings = embeddings;
        self
    }

    /// The same with an AI provider: who reads conversations when a request does not say.
    #[must_use]
    pub fn with_ai(mut self, settings: models::AiSettings) -> Self {
        self.ai = Arc::new(Ai::new(settings));
        self
    }

    /// The same with other room for indices: the bytes of memory that all of them may take.
    #[must_use]
    pub fn with_index_room(mut self, bytes: u64) -> Self {
        self.room = Arc::new(IndexCache::new(bytes));
        self.indices = HotIndices::new(Arc::clone(&self.room));
        self.meanings = Meanings::new(Arc::clone(&self.room));
        self
    }

    /// The same with another patience: how long a search waits for an
    /// index that is being made, before it goes by words.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// The same with another policy for what looks like a secret; by default it is stored and told of.
    #[must_use]
    pub fn with_secrets(mut self, secrets: SecretPolicy) -> Self {
        self.secrets = secrets;
        self
    }

    /// The vectors.
    pub fn embeddings(&self) -> &Embeddings {
        &self.embeddings
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
