//! Each store against the suite, and what only a file or only a database server can show.
#![expect(clippy::unwrap_used, reason = "in helpers too, a test that cannot go on must stop")]

mod beside_newer;
mod files;
mod forgetting;
mod moving;
mod postgres;
mod suite;
mod typescript;
