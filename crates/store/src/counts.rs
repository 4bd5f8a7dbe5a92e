//! What lists can be filtered by, with counts.

use async_trait::async_trait;
use omp_model::{Principal, Timestamp};

use crate::Result;

/// What sort of thing is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Tags.
    Tags,
    /// Tools.
    Tools,
    /// Types.
    Types,
}

/// Counts of what a principal sees.
#[async_trait]
pub trait CountStore: Send + Sync {
    /// Every value that a memory has, with how many memories have it, by value.
    async fn counts(&self, by: &Principal, what: Counted, now: Timestamp) -> Result<Vec<(String, u64)>>;
}
