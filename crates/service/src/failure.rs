//! Store errors as what may be shown to whoever asked.

use omp_model::{Error, ErrorCode};
use omp_store::StoreError;

use crate::replication::only_read;

/// Shows what the caller can act on; the rest goes to the log, for it may name files.
pub(crate) fn shown(error: StoreError) -> Error {
    match error {
        StoreError::Full(_) => Error::new(
            ErrorCode::StorageFull,
            "The disk that holds the memories is full; this was not stored, what was stored before is intact.",
        ),
        StoreError::ReadOnly(_) => Error::new(
            ErrorCode::ReadOnly,
            "The database cannot be written: the file, its folder or its disk is read-only.",
        ),
        StoreError::Replica(_) => only_read(),
        StoreError::Busy => {
            Error::new(ErrorCode::Unavailable, "Too many writes are waiting; try again in a moment.")
        }
        StoreError::Unreachable { .. } => {
            tracing::error!(%error, "the database does not answer");
            Error::new(ErrorCode::Unavailable, "The database does not answer; try again in a moment.")
        }
        StoreError::Denied { .. } => {
            tracing::error!(%error, "the database refuses");
            Error::new(ErrorCode::ReadOnly, "The database does not let this server write.")
        }
        StoreError::BeingFilled(_) => Error::new(
            ErrorCode::Unavailable,
            "Another database is being moved into this one; until that is done, nothing else is written to it.",
        ),
        StoreError::OtherModel => Error::new(
            ErrorCode::Unavailable,
            "Another server of this database makes vectors with another model; all of them need the same embedding model.",
        ),
        StoreError::Closed => Error::new(ErrorCode::Unavailable, "The server is shutting down."),
        error => {
            tracing::error!(%error, "the store failed");
            Error::internal()
        }
    }
}
