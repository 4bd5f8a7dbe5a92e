//! What can go wrong in a store.

use std::path::PathBuf;

/// An error of a store. The texts name files and never hold memory content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No room on the disk.
    #[error("the disk that holds {0} is full; what was stored before is intact")]
    Full(PathBuf),
    /// The file or its folder cannot be written.
    #[error("{0} cannot be written: the file, its folder or its disk is read-only for this user")]
    ReadOnly(PathBuf),
    /// The file cannot be opened.
    #[error("{path} cannot be opened: {reason}")]
    Open {
        /// The file.
        path: PathBuf,
        /// The operating system's or the engine's words.
        reason: String,
    },
    /// The file is something else.
    #[error("{0} is not an Open Memory database")]
    NotADatabase(PathBuf),
    /// The file is encrypted, or no database at all: without a passphrase nobody can tell.
    #[error(
        "{0} is encrypted, or no Open Memory database: if it is, put its passphrase into OMP_DB_PASSPHRASE, or name the file that holds it with --db-passphrase-file"
    )]
    Sealed(PathBuf),
    /// The passphrase is wrong, or the file is damaged or no database.
    #[error("the passphrase does not open {0}; or the file is damaged, or no Open Memory database")]
    WrongPassphrase(PathBuf),
    /// There is a passphrase for a file that needs none.
    #[error("{0} is not encrypted, but there is a passphrase for it; `omp encrypt` encrypts it")]
    NotEncrypted(PathBuf),
    /// The passphrase is too short: it could be guessed.
    #[error(
        "the passphrase of a database needs at least {0} characters: whoever has the file can try as many as they like"
    )]
    ShortPassphrase(usize),
    /// This build has no encryption.
    #[error(
        "this omp was built without encryption of its database; `cargo build --release -p omp --features encryption` builds one that has it"
    )]
    NoEncryption,
    /// The file is open elsewhere.
    #[error("another program has {0} open, a server perhaps; stop it and try again")]
    InUse(PathBuf),
    /// The file was written by a newer program.
    #[error(
        "{path} has schema version {found}, but this program knows versions up to {known}; use the newer program that wrote it"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest that this program knows.
        known: u32,
    },
    /// The file is damaged.
    #[error("the database {0} is damaged; `omp doctor` tells more, `omp restore` brings a backup back")]
    Corrupt(PathBuf),
    /// The database server does not answer.
    #[error("the database at {place} cannot be reached: {reason}")]
    Unreachable {
        /// The server and the database, without a password.
        place: String,
        /// The system's or the server's words.
        reason: String,
    },
    /// The database server denies us access.
    #[error("the database at {place} refuses: {reason}")]
    Denied {
        /// The server and the database, without a password.
        place: String,
        /// What is missing.
        reason: String,
    },
    /// It follows another database and takes no writes.
    #[error("{0} is a read replica, in which nothing is written; writes go to its primary")]
    Replica(String),
    /// A move into it is not finished.
    #[error(
        "{0} holds an unfinished move of another database; `omp migrate` with the same --from and --to finishes it"
    )]
    BeingFilled(String),
    /// The vectors are those of a model whose space another model's has replaced.
    #[error(
        "another model has made room for its vectors in place of these; all servers of a database need the same embedding model"
    )]
    OtherModel,
    /// Somebody asked for what this kind of store does not do.
    #[error("{0}")]
    Unsupported(&'static str),
    /// More writes are waiting than the store takes.
    #[error("too many writes are waiting; try again in a moment")]
    Busy,
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
    /// Anything else: a fault of ours or of the machine's.
    #[error("{0}")]
    Internal(String),
}
