//! MCP, as AI tools use it: `omp mcp`, and `/mcp` of a server.

mod concurrency;
mod http;
mod malformed;
mod protocol;
mod remote;
mod resources;
pub(crate) mod session;
mod tools;
