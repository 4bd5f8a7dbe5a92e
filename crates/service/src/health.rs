//! The state of the server.

use std::time::Duration;

use omp_model::api::{EmbeddingState, Health, OMP_VERSION, ReplicaState};
use omp_model::{Error, ErrorCode, Principal, Result};
pub use omp_store::StoreVitals;
use omp_store::{ReplicationLag, StoreError};

use crate::Service;
use crate::failure::shown;

/// How long the store may take to say that it is there. Whoever asks usually gives up after a second.
const PROMPTLY: Duration = Duration::from_millis(800);

/// How much there is of everything; no content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vitals {
    /// The store's own figures.
    pub store: StoreVitals,
    /// Memories that have not expired.
    pub memories: u64,
    /// Memories and conversations that wait for their vectors.
    pub waiting: u64,
    /// Owners who have an index in memory: of their memories, of the passages of their conversations.
    pub indices: u64,
    /// Bytes that they take.
    pub index_bytes: u64,
}

impl Service {
    /// The state of the server; an error when the store does not answer. Its count is of the memories that whoever asks
    /// may see; who asks without a key (`None`) is told how many there are as long as there is one user.
    pub async fn health(&self, asker: Option<&Principal>) -> Result<Health> {
        let count = match asker {
            Some(asker) => self.total(asker).await?,
            None if self.ring().await?.has_guests() => 0,
            None => self.store.count_memories(None, self.clock.now()).await.map_err(shown)?,
        };
        let replica = self.store.replication_lag().await.map_err(shown)?;
        let trouble = if replica.is_some() { Some("read_only") } else { self.store.vitals().trouble };
        let well = replica.map_or(trouble.is_none(), |lag| lag.connected);
        Ok(Health {
            status: if well { "ok" } else { "degraded" }.into(),
            version: OMP_VERSION.into(),
            // What the running configuration really offers (reading 3).
            compliance: self.compliance().await.into(),
            memories_count: count,
            embedding: self.embedding_state().await?,
            store: trouble.unwrap_or("ok").into(),
            server_version: env!("CARGO_PKG_VERSION").into(),
            replica: replica.map(|ReplicationLag { connected, bytes, millis }| ReplicaState {
                connected,
                behind_bytes: bytes,
                behind_ms: millis,
            }),
        })
    }

    /// Whether a request would be served now. The error names the check that failed, and nothing of the inside.
    pub async fn ready(&self) -> Result<()> {
        let (check, message) = match tokio::time::timeout(PROMPTLY, self.store.ready()).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(StoreError::BeingFilled(_))) => ("move", "A move into the database is not finished."),
            Ok(Err(StoreError::Newer { .. })) => {
                ("schema", "A newer server has changed the database so that this one cannot work with it.")
            }
            Ok(Err(StoreError::Closed)) => ("stopping", "The server is shutting down."),
            Ok(Err(error)) => {
                tracing::debug!(%error, "not ready");
                ("store", "The database does not answer.")
            }
            Err(_) => ("store", "The database does not answer in time."),
        };
        Err(Error::new(ErrorCode::Unavailable, message).with_detail("check", check))
    }

    /// The level that the running configuration has. Users and tools can be told apart only where a key is needed.
    async fn compliance(&self) -> &'static str {
        match (self.embeddings.are_on(), self.is_locked().await) {
            (true, true) => "OMP-Full",
            (true, false) => "OMP-Search",
            (false, _) => "OMP-Core",
        }
    }

    /// Figures for whoever watches over the server.
    pub async fn vitals(&self) -> Result<Vitals> {
        let memories = self.store.count_memories(None, self.clock.now()).await.map_err(shown)?;
        let waiting = self.embedding_state().await?.map_or(0, |embedding| embedding.waiting);
        let (indices, index_bytes) = self.room.size();
        Ok(Vitals { store: self.store.vitals(), memories, waiting, indices, index_bytes })
    }

    /// How far the vectors are: those of the model that is being made ready, else those that searches use.
    async fn embedding_state(&self) -> Result<Option<EmbeddingState>> {
        if !self.embeddings.are_on() {
            return Ok(None);
        }
        let spaces = self.store.vector_spaces().await.map_err(shown)?;
        let Some(space) = spaces.into_iter().min_by_key(|space| space.active) else { return Ok(None) };
        let waiting = self.count_waiting(&space).await?;
        Ok(Some(EmbeddingState { model: space.model.name, active: space.active, waiting }))
    }
}
