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

/// Items in one transaction.
pub(crate) const CHUNK: usize = 500;
