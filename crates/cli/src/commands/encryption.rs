//! `omp encrypt` and `omp decrypt`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use omp_store::{DatabaseKey, SqliteStore, StoreError};
use serde_json::json;

use crate::args::{Encrypt, Global};
use crate::passphrase;
use crate::printer::Printer;

pub(super) fn encrypt(global: &Global, args: &Encrypt, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_file("encrypt")?;
    let path = existing(global)?;
    require_encryption()?;
    let given = global.database_key()?;
    match (SqliteStore::is_plain(&path), &args.new_passphrase_file) {
        (true, None) => {
            let key = given.map_or_else(|| asked(true), Ok)?;
            SqliteStore::recode(&path, None, Some(&key))?;
        }
        (true, Some(_)) => {
            anyhow::bail!("{} is not encrypted; encrypt it without --new-passphrase-file", path.display())
        }
        (false, Some(file)) => {
            let new = Arc::new(DatabaseKey::new(passphrase::in_file(file)?)?);
            let old = given.map_or_else(|| asked(false), Ok)?;
            SqliteStore::recode(&path, Some(&old), Some(&new))?;
        }
        (false, None) => anyhow::bail!(
            "{} is encrypted already, or no database; --new-passphrase-file gives it another passphrase",
            path.display()
        ),
    }
    let copies = copies(&path);
    for copy in &copies {
        printer.say(format!("{} is a copy from before and stays as it was", copy.display()));
    }
    printer.either(
        &json!({"encrypted": path, "copies": copies}),
        format!("{} is encrypted; without its passphrase nobody can read it, you neither", path.display()),
    )?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn decrypt(global: &Global, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_file("decrypt")?;
    let path = existing(global)?;
    ensure!(!SqliteStore::is_plain(&path), "{} is not encrypted", path.display());
    require_encryption()?;
    let key = global.database_key()?.map_or_else(|| asked(false), Ok)?;
    SqliteStore::recode(&path, Some(&key), None)?;
    printer.either(&json!({"decrypted": path}), format!("{} is no longer encrypted", path.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// Told before anybody types a passphrase.
fn require_encryption() -> Result<(), StoreError> {
    if DatabaseKey::IN_THIS_BUILD { Ok(()) } else { Err(StoreError::NoEncryption) }
}

fn existing(global: &Global) -> anyhow::Result<PathBuf> {
    let path = global.file()?;
    ensure!(path.is_file(), "{} is no file; there is nothing to change", path.display());
    Ok(path)
}

fn asked(new: bool) -> anyhow::Result<Arc<DatabaseKey>> {
    let given = passphrase::asked(new).context(
        "put the passphrase into OMP_DB_PASSPHRASE, or name the file that holds it with --db-passphrase-file",
    )?;
    Ok(Arc::new(DatabaseKey::new(given)?))
}

/// Backups that were made beside the file, which an encryption does not reach.
fn copies(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned() + ".";
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut copies: Vec<PathBuf> = entries
        .filter(|entry| {
            let other = entry.file_name().to_string_lossy().into_owned();
            other.starts_with(&name) && SqliteStore::is_plain(&entry.path())
        })
        .map(|entry| entry.path())
        .collect();
    copies.sort();
    copies
}
