//! The SQLite store against the suite, and what only a file can show.
#![expect(clippy::unwrap_used, reason = "in helpers too, a test that cannot go on must stop")]

mod files;
mod forgetting;
mod suite;
mod typescript;
