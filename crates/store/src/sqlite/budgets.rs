//! Budgets beside a SQLite file: each process counts for itself. A file is served by one server.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::SqliteStore;
use crate::{Budget, BudgetStore};

#[async_trait]
impl BudgetStore for SqliteStore {
    async fn spend(&self, budget: &Budget) -> Option<Duration> {
        self.inner.budgets.spend(budget, Instant::now())
    }
}
