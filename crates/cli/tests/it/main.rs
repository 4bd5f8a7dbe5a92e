//! The real binary, as people run it.
#![expect(clippy::unwrap_used, reason = "in helpers too, a test that cannot go on must stop")]

mod attacks;
mod commands;
mod crash;
mod foreign;
mod foreign_stores;
mod generated;
mod interchange;
mod isolation;
mod leaks;
mod mcp;
mod processes;
mod program;
mod sealing;
mod searching;
mod secrets;
mod serving;
mod storage_trouble;
mod tls;
