//! The export document of Open Memory Protocol (omp.md section 2):
//! `{"omp_version", "exported_at", "server", "memories": [...]}`, with `conversations` beside it on request
//! (reading 42). It carries memories whole; it cannot carry the originals of imported ones, which an interchange
//! export does.

mod read;
mod write;

pub use read::{Entry, Reader, not_json, structural_error, survey};
pub use write::Writer;

/// Members of a memory; anything else in an item has no place.
pub(crate) const MEMORY_MEMBERS: [&str; 11] = [
    "id",
    "content",
    "type",
    "source",
    "tags",
    "namespace",
    "created_at",
    "updated_at",
    "expires_at",
    "metadata",
    "embedding",
];
