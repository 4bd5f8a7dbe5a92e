//! Load and speed measurements. See `README.md`.
