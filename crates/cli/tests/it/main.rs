//! The real binary, as people run it.
#![expect(clippy::unwrap_used, reason = "in helpers too, a test that cannot go on must stop")]

mod ai;
mod attacks;
mod commands;
mod conversations;
mod crash;
mod encryption;
mod foreign;
mod foreign_again;
mod foreign_stores;
mod generated;
mod injecting;
mod interchange;
mod isolation;
mod jobs;
mod leaks;
mod mcp;
mod migrating;
mod on_postgres;
mod probes;
mod processes;
mod program;
mod project;
mod refusals;
mod replicas;
mod sealing;
mod searching;
mod secrets;
mod serving;
mod setup;
mod storage_trouble;
mod tables;
mod tls;
