//! Who asks how often, and who tries keys.

mod client;
mod rate;
mod sign_in;

pub(crate) use self::client::Peer;
pub(crate) use self::rate::{Limits, limit_addresses, limit_keys};
