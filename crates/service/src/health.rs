//! The state of the server.

use omp_model::api::{EmbeddingState, Health, OMP_VERSION};
use omp_model::{Principal, Result};

use crate::Service;
use crate::failure::shown;

impl Service {
    /// The state of the server; an error when the store does not answer.
    pub async fn health(&self) -> Result<Health> {
        let count =
            self.store.count_memories(Principal::OWNER.owner, self.clock.now()).await.map_err(shown)?;
        Ok(Health {
            status: "ok".into(),
            version: OMP_VERSION.into(),
            // What the running configuration really offers (reading 3).
            compliance: self.compliance().into(),
            memories_count: count,
            embedding: self.embedding_state().await?,
            server_version: env!("CARGO_PKG_VERSION").into(),
        })
    }

    /// The level that the running configuration has. Users and tools can be told apart only where a key is needed.
    fn compliance(&self) -> &'static str {
        match (self.embeddings.are_on(), self.is_locked()) {
            (true, true) => "OMP-Full",
            (true, false) => "OMP-Search",
            (false, _) => "OMP-Core",
        }
    }

    /// How far the vectors are: those of the model that is being made ready, else those that searches use.
    async fn embedding_state(&self) -> Result<Option<EmbeddingState>> {
        if !self.embeddings.are_on() {
            return Ok(None);
        }
        let spaces = self.store.vector_spaces().await.map_err(shown)?;
        let Some(space) = spaces.into_iter().min_by_key(|space| space.active) else { return Ok(None) };
        let waiting = self.store.count_backlog(space.slot).await.map_err(shown)?;
        Ok(Some(EmbeddingState { model: space.model.name, active: space.active, waiting }))
    }
}
