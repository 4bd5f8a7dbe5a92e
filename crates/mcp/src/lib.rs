//! The MCP door: what an AI assistant can do with a person's memories, over the product's verbs ([`omp_client::Api`]).
//!
//! Protocol and transports are the official SDK's (`rmcp`), which speaks 2026-07-28 (`server/discover`, no session) and
//! the handshake from 2025-11-25 back to 2024-11-05. Here are the tools, and what makes them kind to models: arguments
//! that are nearly right are put into form (`arguments`), errors say what to do next, and recalled text is marked as
//! data.

mod arguments;
mod batch;
mod caller;
mod handler;
mod http;
mod lines;
mod malformed;
mod prompts;
mod refusal;
mod resources;
mod schema;
mod stdio;
mod tools;
mod watch;

pub use self::http::HttpDoor;
pub use self::stdio::serve_stdio;
