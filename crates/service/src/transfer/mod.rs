//! Moving memories in and out, as streams.

mod convert;
mod export;
mod import;
mod inspect;
mod source;

pub use convert::convert;
pub use export::ExportReport;
pub use inspect::inspect;
pub use source::ImportSource;

/// Told now and then how many items have been done.
pub type Progress = Box<dyn Fn(u64) + Send>;

/// Items in one transaction of an import: more make it faster, fewer let single writes in sooner.
pub(crate) const CHUNK: usize = 1_000;
/// Bytes of text in one transaction, whatever the number of items: long texts must not fill the memory.
pub(crate) const CHUNK_BYTES: usize = 2 << 20;
