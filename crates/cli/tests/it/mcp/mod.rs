//! `omp mcp`, as AI tools start it.

mod concurrency;
mod protocol;
mod session;
mod tools;
