//! Opening connections, and the engine's errors in our words.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode as Code, OpenFlags};

use super::cipher::{self, DatabaseKey};
use crate::StoreError;

/// A database file, and what opens it if it is encrypted.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    pub(super) path: PathBuf,
    pub(super) key: Option<Arc<DatabaseKey>>,
}

/// Marks our files (`PRAGMA application_id`): `OMem`.
pub(super) const APPLICATION_ID: i32 = 0x4f4d_656d;

/// How long a connection waits for a lock of another one's.
pub(super) const BUSY_TIMEOUT: std::time::Duration = std::time::Duration::from_mins(1);

/// Statements that a connection keeps compiled.
const STATEMENTS: usize = 128;

/// The one connection that writes. Every commit is synced to the disk before it is acknowledged.
pub(super) fn open_writer(file: &DatabaseFile) -> Result<Connection, StoreError> {
    // The cache is small because the file is cached by the operating system anyway, and a server on a laptop
    // must stay small through an import of a million memories.
    let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -24576; PRAGMA temp_store = MEMORY; \
         PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA trusted_schema = OFF;";
    open(file, OpenFlags::SQLITE_OPEN_CREATE, pragmas)
}

/// A connection that can only read. No memory map: a disk error must be an error, not a signal.
pub(super) fn open_reader(file: &DatabaseFile) -> Result<Connection, StoreError> {
    let pragmas = "PRAGMA query_only = ON; PRAGMA cache_size = -2048; \
         PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
    open(file, OpenFlags::empty(), pragmas)
}

fn open(file: &DatabaseFile, flags: OpenFlags, pragmas: &str) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&file.path, flags).map_err(|e| opening(file, &e))?;
    cipher::unlock(&connection, &file.path, file.key.as_deref())?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .and_then(|()| connection.execute_batch(pragmas))
        // Otherwise a statement whose LIMIT is a parameter is compiled anew whenever it is run. The price: no value of a
        // parameter ever chooses an index, so what partial indices ask for is written into statements as it is.
        .and_then(|()| connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true))
        .map_err(|e| opening(file, &e))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The error of an engine call on an open file.
pub(super) fn failure(path: &Path, error: &rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(Code::DiskFull) => StoreError::Full(path),
        // A write that the file size limit or a full quota cut short comes back as an I/O error.
        Some(Code::SystemIoFailure) if extended(error) == rusqlite::ffi::SQLITE_IOERR_WRITE => {
            StoreError::Full(path)
        }
        Some(Code::ReadOnly | Code::PermissionDenied | Code::AuthorizationForStatementDenied) => {
            StoreError::ReadOnly(path)
        }
        Some(Code::DatabaseCorrupt) => StoreError::Corrupt(path),
        Some(Code::NotADatabase) => StoreError::NotADatabase(path),
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => StoreError::Busy,
        _ => StoreError::Internal(format!("the database engine failed: {}", without_values(error))),
    }
}

fn opening(file: &DatabaseFile, error: &rusqlite::Error) -> StoreError {
    let path = &file.path;
    match error.sqlite_error_code() {
        Some(Code::CannotOpen) => StoreError::Open { path: path.clone(), reason: reason(path) },
        Some(Code::NotADatabase) if file.key.is_some() => StoreError::WrongPassphrase(path.clone()),
        Some(Code::NotADatabase) if cipher::may_be_encrypted(path) => StoreError::Sealed(path.clone()),
        _ => failure(path, error),
    }
}

/// Why a file cannot be opened, in the operating system's words: the engine has only one word for all of them.
fn reason(path: &Path) -> String {
    let tried = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    tried.err().map_or_else(|| "the database engine gives no reason".to_owned(), |e| e.to_string())
}

fn extended(error: &rusqlite::Error) -> i32 {
    error.sqlite_error().map_or(0, |e| e.extended_code)
}

/// The engine's message; never the values of a row, which are memory content.
fn without_values(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(code, Some(message)) => {
            format!("{message} (code {})", code.extended_code)
        }
        rusqlite::Error::SqliteFailure(code, None) => format!("code {}", code.extended_code),
        rusqlite::Error::FromSqlConversionFailure(column, kind, _) => {
            format!("column {column} holds an unusable {kind}")
        }
        rusqlite::Error::InvalidColumnType(column, name, kind) => {
            format!("column {column} ({name}) is {kind}")
        }
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        rusqlite::Error::QueryReturnedNoRows => "a row is missing".into(),
        _ => "an unexpected answer".into(),
    }
}
