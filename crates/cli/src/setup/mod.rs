//! Writing `omp` into the configuration of other tools, and taking it out again.
//!
//! * `tools`: which tools there are, where their files lie, what is written.
//! * `document`: the change of a JSON or TOML file that leaves everything else as it is.
//! * `launch`: how a tool starts this program.
//! * `undo`: what a file was before, and how it comes back.

mod document;
mod jsonc;
mod launch;
mod places;
mod toml;
mod tools;
mod undo;

pub(crate) use self::document::Edit;
pub(crate) use self::launch::Launch;
pub(crate) use self::places::Places;
pub(crate) use self::tools::{Change, TOOLS, Tool};
pub(crate) use self::undo::{Record, Records, Undone};

/// What the entry is called in every tool.
pub(crate) const NAME: &str = "open-memory";
