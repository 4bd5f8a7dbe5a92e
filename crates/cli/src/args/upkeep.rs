//! The server and its file.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::door::Door;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The port; 0 takes a free one. By default `OMP_PORT`, else `PORT`, else 3456
    #[arg(long, short)]
    pub(crate) port: Option<u16>,
    /// The address to listen on; other than this machine needs a key, and encryption
    #[arg(long, env = "OMP_HOST", hide_env_values = true, default_value = "127.0.0.1")]
    pub(crate) host: IpAddr,
    /// Take a key of fewer than 32 characters: for trials
    #[arg(long)]
    pub(crate) allow_weak_key: bool,
    /// How the log on stderr is written
    #[arg(
        long,
        env = "OMP_LOG_FORMAT",
        hide_env_values = true,
        value_name = "FORMAT",
        default_value = "text"
    )]
    pub(crate) log_format: LogFormat,
    /// Days that the audit is kept
    #[arg(
        long,
        env = "OMP_KEEP_AUDIT",
        hide_env_values = true,
        value_name = "DAYS",
        default_value_t = 365,
        value_parser = clap::value_parser!(u64).range(1..=36_500)
    )]
    pub(crate) keep_audit: u64,
    #[command(flatten)]
    pub(crate) door: Door,
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// A JSON object a line, for programs
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// The file to write; it must not exist
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Encrypt {
    /// The file with the passphrase that an encrypted database is to have from now on
    #[arg(long, value_name = "FILE")]
    pub(crate) new_passphrase_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Conform {
    /// The server to check; by default the one of --server
    #[arg(long, value_name = "URL", value_parser = super::server_url)]
    pub(crate) url: Option<String>,
    /// Print the clauses and check nothing
    #[arg(long)]
    pub(crate) list: bool,
}
