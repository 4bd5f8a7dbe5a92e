//! Files in and out.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use omp_model::transfer::{Conflict, Format};

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    /// The export document of Open Memory Protocol
    Omp,
    /// Open Memory Interchange, one JSON document
    Omi,
    /// Open Memory Interchange, JSON Lines
    OmiJsonl,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Omp => Self::Omp,
            FormatName::Omi => Self::Omi,
            FormatName::OmiJsonl => Self::OmiJsonl,
        }
    }
}

/// What happens to an item whose id is taken.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ConflictName {
    /// What is stored stays
    Skip,
    /// The item replaces it
    Overwrite,
    /// Every item becomes a new memory
    Duplicate,
}

impl From<ConflictName> for Conflict {
    fn from(name: ConflictName) -> Self {
        match name {
            ConflictName::Skip => Self::Skip,
            ConflictName::Overwrite => Self::Overwrite,
            ConflictName::Duplicate => Self::Duplicate,
        }
    }
}

/// A conformance level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    /// Core
    #[value(name = "L0", alias = "l0")]
    L0,
    /// Interchange
    #[value(name = "L1", alias = "l1")]
    L1,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,
    /// Its format; by default found out from its content
    #[arg(long, visible_alias = "format", value_enum)]
    pub(crate) from: Option<FormatName>,
    /// What happens to an item whose id is taken; by default what the file says, else skip
    #[arg(long, value_enum)]
    pub(crate) conflict: Option<ConflictName>,
    /// Write nothing, only tell what would happen
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The file; nothing or `-` is standard output
    pub(crate) file: Option<PathBuf>,
    /// Its format; by default by the file's name, else omp
    #[arg(long, visible_alias = "format", value_enum)]
    pub(crate) to: Option<FormatName>,
    /// Write saved conversations too (omp only)
    #[arg(long)]
    pub(crate) conversations: bool,
    /// Write vectors too
    #[arg(long)]
    pub(crate) embeddings: bool,
    /// Replace the file if it exists
    #[arg(long, short)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The file; `-` is standard input
    pub(crate) file: PathBuf,
    /// Exit with 1 below this level
    #[arg(long, value_enum, default_value = "L0")]
    pub(crate) level: LevelName,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The file to read
    pub(crate) input: PathBuf,
    /// The file to write; `-` is standard output
    pub(crate) output: PathBuf,
    /// The input's format; by default found out from its content
    #[arg(long, value_enum)]
    pub(crate) from: Option<FormatName>,
    /// The output's format; by default by its name
    #[arg(long, value_enum)]
    pub(crate) to: Option<FormatName>,
    /// Replace the output if it exists
    #[arg(long, short)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// The file
    pub(crate) file: PathBuf,
}
