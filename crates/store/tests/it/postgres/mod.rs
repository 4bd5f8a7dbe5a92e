//! The PostgreSQL store against the suite, and what only a database server can show. These tests need such a server, so
//! they are left out unless asked for: `tests/postgres/run cargo test --workspace --test it -- --ignored`.

mod beside_newer;
mod budgets;
mod conversations;
mod membership;
mod moving;
mod notifications;
mod partitions;
mod pgvector;
mod spaces;
mod statistics;
mod suite;
mod taking_in;
mod together;
mod trouble;
mod walls;
mod word_index;
