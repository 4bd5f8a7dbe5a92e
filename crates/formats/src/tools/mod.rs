//! The formats of other tools, one place each.

pub mod chatgpt;
