//! Memories as an import brings them into a store.

use omp_model::transfer::Conflict;
use omp_model::{Memory, Principal, Timestamp};
use omp_store::{ImportChunk, ImportItem, TransferStore};

/// Imports a chunk; more of them come.
///
/// # Errors
///
/// Those of the store.
pub async fn import(
    store: &impl TransferStore,
    memories: impl Iterator<Item = Memory>,
    now: Timestamp,
) -> omp_store::Result<()> {
    let items = memories.map(|memory| ImportItem { memory, original: None, date_assumed: false });
    let chunk = ImportChunk { more: true, ..ImportChunk::plain(items.collect(), Conflict::Skip) };
    store.import_memories(&Principal::OWNER, chunk, now).await.map(drop)
}
