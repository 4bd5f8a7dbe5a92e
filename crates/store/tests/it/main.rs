//! The SQLite store against the suite, and what only a file can show.

mod files;
mod suite;
mod typescript;
