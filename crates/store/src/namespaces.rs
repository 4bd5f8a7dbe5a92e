//! What happens to a whole namespace.

use async_trait::async_trait;
use omp_model::{Namespace, Principal, Timestamp};

use crate::Result;

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Memories of this step.
    pub memories: u64,
    /// Whether none is left.
    pub done: bool,
}

/// Moving and removing what is in a namespace, step by step: to be called until it is done. Whatever ends in between
/// goes on from there when it is begun again.
#[async_trait]
pub trait NamespaceStore: Send + Sync {
    /// Moves at most `limit` memories to another namespace (`None`: the default one); each keeps what it was as a
    /// version. A namespace that nothing was in takes the shares of the former one along; otherwise they end.
    async fn move_namespace(
        &self,
        by: &Principal,
        from: &Namespace,
        to: Option<&Namespace>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Progress>;

    /// Deletes at most `limit` memories of a namespace for good; its shares end.
    async fn delete_namespace(
        &self,
        by: &Principal,
        namespace: &Namespace,
        limit: u32,
        now: Timestamp,
    ) -> Result<Progress>;
}
