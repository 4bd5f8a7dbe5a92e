//! Encrypting a file, decrypting it, or giving it another passphrase: a whole copy takes its place.

use std::path::Path;

use rusqlite::Connection;

use super::cipher::{self, DatabaseKey};
use super::connection::{self, DatabaseFile, failure};
use super::{SqliteStore, maintenance, migrate, writer};
use crate::{Result, StoreError};

/// How long to wait while the file is in use: by a command that is about to end.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

impl SqliteStore {
    /// Whether the file is a database that is not encrypted.
    pub fn is_plain(path: &Path) -> bool {
        cipher::is_plain(path)
    }

    /// Replaces the file by one with the same content that `to` opens; `None` stands for no encryption. The copy is
    /// complete and checked before it takes the place of the file, so that a crash leaves one of the two. Nobody else
    /// may have the file open.
    ///
    /// # Errors
    /// [`StoreError::InUse`] while another program has the file open; otherwise as opening, and as any write.
    pub fn recode(
        path: &Path,
        from: Option<&std::sync::Arc<DatabaseKey>>,
        to: Option<&std::sync::Arc<DatabaseKey>>,
    ) -> Result<()> {
        if from.is_none() && to.is_none() {
            return Err(StoreError::NoEncryption);
        }
        // Whoever opens the store takes this lock first, and so finds the new file.
        let lock = writer::open_lock(path)?;
        lock.lock().map_err(|e| StoreError::Internal(format!("the lock file failed: {e}")))?;
        let old = DatabaseFile { path: path.to_owned(), key: from.cloned() };
        let connection = alone(&old)?;
        let new = DatabaseFile { path: maintenance::partial(path), key: to.cloned() };
        copy(&connection, &new).inspect_err(|_| drop(std::fs::remove_file(&new.path)))?;
        std::fs::File::open(&new.path)
            .and_then(|file| file.sync_all())
            .and_then(|()| std::fs::rename(&new.path, path))
            .map_err(|e| StoreError::Open { path: path.to_owned(), reason: e.to_string() })?;
        sync_folder(path);
        drop(connection);
        drop(lock);
        Ok(())
    }
}

/// The file for this connection alone, everything of its log in it.
fn alone(file: &DatabaseFile) -> Result<Connection> {
    let connection = connection::open_writer(file)?;
    migrate::check_identity(&connection, &file.path)?;
    // The engine gives up its log only when no other connection is open, of whatever process.
    let in_use = |_| StoreError::InUse(file.path.clone());
    connection.busy_timeout(PATIENCE).map_err(in_use)?;
    connection
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT",
        )
        .map_err(in_use)?;
    Ok(connection)
}

fn copy(connection: &Connection, new: &DatabaseFile) -> Result<()> {
    let failed = |e: rusqlite::Error| failure(&new.path, &e);
    // Left over from a copy that was interrupted.
    let _ = std::fs::remove_file(&new.path);
    super::create_private_file(&new.path)?;
    let key = cipher::fresh(new.key.as_deref());
    connection
        .execute("ATTACH DATABASE ?1 AS copy KEY ?2", [new.path.to_string_lossy().as_ref(), &key])
        .map_err(failed)?;
    connection.query_row("SELECT sqlcipher_export('copy')", [], |_| Ok(())).map_err(failed)?;
    // The two numbers in the file's head are no rows, and are not copied with them.
    for pragma in ["user_version", "application_id"] {
        let value: i64 = connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(failed)?;
        connection.pragma_update(Some("copy"), pragma, value).map_err(failed)?;
    }
    let counted = counts(connection, "main").and_then(|main| Ok((main, counts(connection, "copy")?)));
    let (before, after) = counted.map_err(failed)?;
    connection.execute_batch("DETACH DATABASE copy").map_err(failed)?;
    // Opened anew, as the next program will do it.
    maintenance::checked(new)?;
    if before == after { Ok(()) } else { Err(StoreError::Corrupt(new.path.clone())) }
}

/// The rows of every table.
fn counts(connection: &Connection, of: &str) -> rusqlite::Result<Vec<(String, i64)>> {
    let names: Vec<String> = connection
        .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' AND rootpage > 0 ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let count = |name: String| {
        let sql = format!("SELECT count(*) FROM {of}.\"{name}\"");
        connection.query_row(&sql, [], |row| row.get(0)).map(|n| (name, n))
    };
    names.into_iter().map(count).collect()
}

/// The new name survives a power cut.
fn sync_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        // The rename has happened; a folder that cannot be synced makes it no less so.
        let _ = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
    }
}
