//! Persistence behind object-safe traits, a subject each; [`Store`] is all of them.
//!
//! A method is one atomic operation: it happened whole or not at all, and when it has returned, it survives a
//! crash. Every method says first on whose behalf it runs
//! ([`Principal`](omp_model::Principal), or the bare [`OwnerId`]) and sees nothing of any other owner. Times come in as
//! arguments. What a store must do is written down as tests in `conformance`, which every store passes.

pub mod access;
mod arrivals;
pub mod audit;
pub mod budgets;
pub mod candidates;
pub mod changes;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod conversation_index;
pub mod conversations;
pub mod counts;
mod error;
mod fair_queue;
mod hints;
pub mod index;
pub mod jobs;
mod lease;
pub mod maintenance;
pub mod memories;
pub mod namespaces;
pub mod postgres;
mod queue;
pub mod relocation;
mod repeats;
mod replication;
mod schema;
pub mod shares;
pub mod sqlite;
mod stored;
pub mod transfer;
pub mod vectors;
pub mod versions;
mod vitals;

pub use access::{AccessStore, KeyChange, StoredKey, StoredUser};
pub use arrivals::Records;
pub use audit::AuditStore;
pub use budgets::{Budget, BudgetStore};
pub use candidates::{Candidate, CandidateStore, Candidates};
pub use changes::{Change, ChangeFeed};
pub use conversation_index::{
    ConversationIndex, FoundTurns, Passages, PendingConversation, WordHit, WordHits,
};
pub use conversations::{ConversationStore, Indexing};
pub use counts::{CountStore, Counted};
pub use error::StoreError;
pub use index::{IndexChange, IndexFeed, IndexPosition, IndexRow};
pub use jobs::{JobBounds, JobConversations, JobLease, JobPlace, JobProgress, JobStore, StoredJob, Stranded};
pub use maintenance::{Check, Maintenance, StoreInfo, StoreVitals};
pub use memories::{Added, Addition, Changed, MemoryStore, Page};
pub use namespaces::NamespaceStore;
pub use omp_model::OwnerId;
pub use postgres::{PostgresOptions, PostgresStore};
pub use relocation::{Relocation, relocate};
pub use replication::{ReplicationLag, ReplicationRole};
pub use shares::{ShareStore, StoredShare};
pub use sqlite::{DatabaseKey, SHORTEST_PASSPHRASE, SqliteOptions, SqliteStore};
pub use stored::words;
pub use transfer::{Exported, ImportChunk, ImportItem, ImportOutcome, Original, TransferStore};
pub use vectors::{NewVector, Pending, Slot, SpaceModel, VectorSpace, VectorStore};
pub use versions::{Restored, VersionStore};

/// The result of every store method.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Everything that a store does.
pub trait Store:
    MemoryStore
    + VersionStore
    + ConversationStore
    + ConversationIndex
    + TransferStore
    + VectorStore
    + CandidateStore
    + IndexFeed
    + ChangeFeed
    + AccessStore
    + AuditStore
    + CountStore
    + NamespaceStore
    + ShareStore
    + BudgetStore
    + JobStore
    + Maintenance
{
}

impl<T> Store for T where
    T: MemoryStore
        + VersionStore
        + ConversationStore
        + ConversationIndex
        + TransferStore
        + VectorStore
        + CandidateStore
        + IndexFeed
        + ChangeFeed
        + AccessStore
        + AuditStore
        + CountStore
        + NamespaceStore
        + ShareStore
        + BudgetStore
        + JobStore
        + Maintenance
{
}
