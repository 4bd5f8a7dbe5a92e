//! How often somebody may do something: counted where the memories are, so
//! that servers that share a store count together.

use std::time::Duration;

pub use omp_store::Budget;

use crate::Service;

impl Service {
    /// Spends one. `Some`: it is spent up, and how long until there is one again.
    pub async fn spend(&self, budget: &Budget) -> Option<Duration> {
        self.store.spend(budget).await
    }
}
