//! The door's own document.

mod generated;
