//! The state of the server.

use omp_model::api::{Health, OMP_VERSION};
use omp_model::{Principal, Result};

use crate::Service;
use crate::failure::shown;

/// What this program really offers: no embedder is loaded, so no semantic search (reading 3).
const COMPLIANCE: &str = "OMP-Core";

impl Service {
    /// The state of the server; an error when the store does not answer.
    pub async fn health(&self) -> Result<Health> {
        let count =
            self.store.count_memories(Principal::OWNER.owner, self.clock.now()).await.map_err(shown)?;
        Ok(Health {
            status: "ok".into(),
            version: OMP_VERSION.into(),
            compliance: COMPLIANCE.into(),
            memories_count: count,
            server_version: env!("CARGO_PKG_VERSION").into(),
        })
    }
}
