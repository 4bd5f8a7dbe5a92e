//! Moving to another database.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Migrate {
    /// Where everything is: `sqlite:FILE` or `postgres://…`; by default the database that this command would work on
    #[arg(long, env = "OMP_MIGRATE_FROM", hide_env_values = true, value_name = "DATABASE")]
    pub(crate) from: Option<String>,
    /// Where everything goes, in the same form: an empty database, or the one of a move that was interrupted
    #[arg(long, env = "OMP_MIGRATE_TO", hide_env_values = true, value_name = "DATABASE")]
    pub(crate) to: String,
    /// The file that holds the passphrase for the file that everything goes
    /// to, if it is to have another one than the source
    #[arg(long, value_name = "FILE")]
    pub(crate) to_passphrase_file: Option<PathBuf>,
    /// Tell what would be moved, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
