//! Load and speed measurements. See `README.md`.

pub mod distance;
pub mod import;
