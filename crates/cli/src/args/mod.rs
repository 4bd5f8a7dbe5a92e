//! What can be typed. Only types: help and completions need no program behind them.

mod access;
mod ai;
mod door;
mod embedding;
mod memories;
mod migrate;
mod project;
mod sealing;
mod setup;
mod transfer;
mod upkeep;

use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use omp_service::SecretPolicy;

pub(crate) use self::access::{Audit, CreateKey, Keys, Namespaces, RemoveUser, Users};
use self::ai::Models;
pub(crate) use self::ai::{Chosen, Compress, Extract, Which};
use self::embedding::Vectors;
pub(crate) use self::memories::{Edit, Forget, History, List, Recall, Remember, Show, Whose};
pub(crate) use self::migrate::Migrate;
pub(crate) use self::project::{
    Context, ContextFormat, Conversations, Handoff, Inject, Log, Reader, Recent, Save,
};
pub(crate) use self::sealing::{Opening, Sealing};
pub(crate) use self::setup::{Hook, HookEvent, Setup};
pub(crate) use self::transfer::{Convert, Export, Import, Inspect, LevelName, Validate};
pub(crate) use self::upkeep::{Backup, Conform, Encrypt, LogFormat, Restore, Serve};

/// One memory for all your AI tools, on a server that you own.
///
/// Without --server the commands work on the database file of this machine, which several programs may use at once.
#[derive(Debug, Parser)]
#[command(name = "omp", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The server to talk to, such as `http://localhost:3456`
    #[arg(
        long,
        env = "OMP_SERVER",
        hide_env_values = true,
        global = true,
        value_name = "URL",
        value_parser = server_url
    )]
    pub(crate) server: Option<String>,
    /// The server's key (of `omp serve`: the key that clients must bring)
    #[arg(long, env = "OMP_API_KEY", hide_env_values = true, global = true, value_name = "KEY")]
    pub(crate) api_key: Option<String>,
    /// The database file
    #[arg(
        long,
        env = "OMP_DB_PATH",
        hide_env_values = true,
        global = true,
        value_name = "FILE",
        value_parser = OsStringValueParser::new().map(PathBuf::from)
    )]
    pub(crate) db: Option<PathBuf>,
    /// The file that holds the passphrase of an encrypted database file; without it `OMP_DB_PASSPHRASE` may hold it
    #[arg(long, env = "OMP_DB_PASSPHRASE_FILE", hide_env_values = true, global = true, value_name = "FILE")]
    pub(crate) db_passphrase_file: Option<PathBuf>,
    /// A PostgreSQL database in the place of the file, such as `postgres://user@host/memories`
    #[arg(long, env = "OMP_DATABASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Print JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print data only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// What happens to what looks like a secret in a memory: off, warn, mask (it becomes `***`) or refuse
    #[arg(
        long,
        env = "OMP_SECRETS",
        hide_env_values = true,
        global = true,
        value_name = "POLICY",
        default_value = "warn"
    )]
    pub(crate) secrets: SecretPolicy,
    #[command(flatten)]
    pub(crate) vectors: Vectors,
    #[command(flatten)]
    pub(crate) models: Models,
}

/// Takes addresses of servers; nothing at all stands for none, and `localhost:3456` for `http://localhost:3456`.
fn server_url(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some((scheme, _)) if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) => {
            Err("it must begin with http:// or https://".to_owned())
        }
        _ => Ok(text.to_owned()),
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the server
    Serve(Serve),
    /// Answer an AI tool over MCP on standard input and output
    ///
    /// Tools start this themselves: put `omp mcp` into their MCP configuration. With --server (`OMP_SERVER`) it passes
    /// on to a server, without it works on the database file.
    Mcp,
    /// Store a memory
    Remember(Remember),
    /// Find memories
    Recall(Recall),
    /// List memories
    List(List),
    /// Show memories by their ids
    Show(Show),
    /// Change a memory, with options or in your editor
    Edit(Edit),
    /// Show what a memory was before its changes, and have a version back
    History(History),
    /// Remove memories by their ids, for good
    Forget(Forget),
    /// Print what is remembered, for an AI tool to read
    ///
    /// In a project it is what is in the project's namespace and what is in none. The project is that of the nearest
    /// `omp.toml` from here upwards (`namespace = "project:boat"`), else of the git repository: `project:` and the name
    /// of its folder. Outside of any project it is everything.
    Context(Context),
    /// Write what is remembered into the file that a coding tool reads
    ///
    /// Only the block between our two comments changes, everything else stays byte for byte. Which memories: as
    /// `omp context`.
    Inject(Inject),
    /// Show the conversations and memories that were saved or changed last
    Recent(Recent),
    /// Find saved conversations by their words and by meaning
    Conversations(Conversations),
    /// Show what happened, newest first; with an id, what became of that memory
    Log(Log),
    /// Pick out of a conversation what is worth remembering, and store what is new
    ///
    /// Each memory keeps the words that bear it. What is known is not stored again; what no longer holds is superseded.
    /// With `--provider rules` nothing leaves the machine.
    Extract(Extract),
    /// Summarise a conversation as one memory
    Compress(Compress),
    /// Print a brief with which a saved conversation goes on in another AI tool
    Handoff(Handoff),
    /// Save a conversation: lines with `User:` and `Assistant:`, JSON messages, or any file that `omp import` reads
    Save(Save),
    /// Write `omp` into the MCP configuration of your AI tools, or take it out again
    ///
    /// Shows what changes in which file and asks. What the file was is kept; --undo brings it back.
    Setup(Setup),
    /// What coding agents run when a session begins and ends; `omp setup --hooks` tells them to
    Hook(Hook),
    /// Read a file into the memories
    Import(Import),
    /// Write all memories to a file
    Export(Export),
    /// List, move, delete and share namespaces
    #[command(subcommand)]
    Namespaces(Namespaces),
    /// List tags, the most used first
    Tags,
    /// Count what there is
    Stats,
    /// Add, list and remove users
    #[command(subcommand)]
    Users(Users),
    /// Make, list, revoke and change keys
    #[command(subcommand)]
    Keys(Keys),
    /// Show what was done, by whom and when, newest first
    Audit(Audit),
    /// Check an Open Memory Interchange file
    Validate(Validate),
    /// Turn a file into another format
    Convert(Convert),
    /// Tell what is in a file
    Inspect(Inspect),
    /// Write a complete copy of the database file
    Backup(Backup),
    /// Put a copy back in the place of the database file
    Restore(Restore),
    /// Encrypt the database file, or give it another passphrase
    ///
    /// A checked copy takes the place of the file. From then on whatever opens it needs the passphrase, and without it
    /// nobody can read it. Takes a build with encryption.
    Encrypt(Encrypt),
    /// Take the encryption off the database file
    Decrypt,
    /// Move everything to another database: from the file to PostgreSQL, back, or from file to file
    ///
    /// Users, keys, versions, vectors and the audit go along, ids and times stay; then both sides are compared row by
    /// row. A server may go on working on the source meanwhile. Interrupted, the same command goes on; run again, it
    /// brings over what was written since.
    Migrate(Migrate),
    /// Make the vectors of all memories and conversations with the configured model
    Reindex,
    /// Check that everything is in order
    Doctor,
    /// Check any server of Open Memory Protocol from outside
    Conform(Conform),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}
