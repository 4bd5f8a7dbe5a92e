//! Requests to services that somebody configured: endpoints that embed, AI providers.
//!
//! JSON goes out by `POST` and bytes come back. What is temporary is tried again with growing pauses; an answer has a
//! size and a time; nobody is sent elsewhere with a key; and no error holds what was sent, a header or the answer.

mod key;
mod transport;

pub use key::Key;
pub use transport::{Failure, Limits, Sleep, Transport, host_of};
