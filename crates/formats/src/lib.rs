//! Bytes to memories and back: one place a format.
//!
//! * [`sniff`] tells which format a file is, by its content.
//! * [`omp`] reads and writes the export documents of Open Memory Protocol, one item at a time.
//! * [`interchange`] turns records of Open Memory Interchange (read and written by the `omi` crate) into memories
//!   and back, and keeps what a memory cannot hold.
//!
//! Readers never fail whole: an item is a memory or a reason, with its place, and reading goes on.

pub mod interchange;
pub mod omp;
pub mod sniff;
