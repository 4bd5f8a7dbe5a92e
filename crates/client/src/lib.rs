//! The product's verbs, wherever the memories are: on a server ([`Http`]) or in a database that this process opens
//! itself ([`Embedded`]). Whoever builds on [`Api`] need not know which.
//!
//! [`conform`] checks any server of Open Memory Protocol from outside.

mod access;
mod api;
pub mod conform;
mod embedded;
mod exported;
mod http;
mod pairs;
mod unreachable;

pub use access::AccessApi;
pub use api::{Api, Done, ExportSummary, Progress, Upload};
pub use embedded::Embedded;
pub use http::Http;
