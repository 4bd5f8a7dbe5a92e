//! The door's own document, and its patience.
#![expect(clippy::unwrap_used, reason = "in helpers too, a test that cannot go on must stop")]

mod generated;
mod slow;
