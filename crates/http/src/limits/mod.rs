//! Who asks how often, and who tries keys.

mod client;
mod rate;
mod sign_in;

pub(crate) use self::client::Peer;
pub(crate) use self::rate::{Asker, Limits, count_address, count_asker};
