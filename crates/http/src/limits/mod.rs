//! Who asks how often, and who tries keys.

mod client;
mod rate;
mod sign_in;

pub(crate) use self::client::Peer;
pub(crate) use self::rate::{Limits, count_address, count_asker};
