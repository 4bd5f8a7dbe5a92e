//! Any bytes as a document, and as whatever they look like.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omi::Serialization;

#[path = "support/omi.rs"]
mod support;

fuzz_target!(|bytes: &[u8]| {
    support::exercise(bytes, Some(Serialization::Json));
    support::exercise(bytes, None);
});
