//! `omp backup` and `omp restore`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use omp_model::{Clock, Error, ErrorCode, SystemClock};
use omp_store::{Maintenance as _, SqliteOptions, SqliteStore, StoreError};
use serde_json::json;

use crate::args::{Backup, Global, Restore};
use crate::files::real_place;
use crate::printer::Printer;

/// What belongs to a database file, beside it.
const PARTS: [&str; 3] = ["", "-wal", "-shm"];

pub(super) async fn backup(global: &Global, args: &Backup, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_file("backup")?;
    global.spare_database(&args.file)?;
    ensure!(!args.file.exists(), "{} exists already; name another file", args.file.display());
    let store = global.store().await?;
    store.backup(&args.file).await?;
    let bytes = std::fs::metadata(&args.file)?.len();
    printer.either(
        &json!({"file": args.file, "bytes": bytes}),
        format!("{} ({bytes} bytes)", args.file.display()),
    )?;
    store.close().await?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn restore(global: &Global, args: &Restore, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_file("restore")?;
    let options = global.file_options()?;
    if !args.file.is_file() {
        let message = format!("{} is no file", args.file.display());
        return Err(Error::new(ErrorCode::NotFound, message).into());
    }
    ensure!(
        real_place(&args.file) != real_place(&options.path),
        "{} is the database itself",
        args.file.display()
    );
    // Before anything is touched.
    SqliteStore::check_backup(&args.file, options.key.as_ref())?;
    // What is there now may be all that somebody has: it is kept.
    let kept = beside(&options.path, &format!(".before-restore-{}.bak", SystemClock.now().as_millis()));
    if !replaced(&options, &args.file, &kept).await? {
        put_aside(&options.path, &kept)?;
        let restored = take(&options, &args.file).await;
        restored.or_else(|error| put_back(&options.path, &kept, error))?;
    }
    let told = format!("restored {}; what was there before is in {}", args.file.display(), kept.display());
    printer.either(&json!({"restored": args.file, "kept": kept}), told)?;
    Ok(ExitCode::SUCCESS)
}

/// Copies a sound database to `kept` and replaces what is in it. `false` when it is damaged; nothing has happened then.
async fn replaced(options: &SqliteOptions, backup: &Path, kept: &Path) -> anyhow::Result<bool> {
    let damaged = |error: &StoreError| matches!(error, StoreError::Corrupt(_) | StoreError::NotADatabase(_));
    let store = match SqliteStore::open(options) {
        Ok(store) => store,
        Err(error) if damaged(&error) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let copied = store.backup(kept).await;
    store.close().await?;
    if let Err(error) = copied {
        remove(kept);
        return if damaged(&error) { Ok(false) } else { Err(error.into()) };
    }
    let Err(error) = take(options, backup).await else { return Ok(true) };
    let back = take(options, kept).await;
    back.with_context(|| format!("{error:#}; what was there before is in {}", kept.display()))?;
    remove(kept);
    Err(error)
}

/// Puts a backup in the place of what the database file holds.
async fn take(options: &SqliteOptions, backup: &Path) -> anyhow::Result<()> {
    let store = SqliteStore::open(options)?;
    let restored = store.restore(backup).await;
    store.close().await?;
    restored?;
    // Opening brings an older backup up to date.
    SqliteStore::open(options)?.close().await?;
    Ok(())
}

/// Gives a damaged file another name, with all that belongs to it.
fn put_aside(path: &Path, kept: &Path) -> std::io::Result<()> {
    for part in PARTS.iter().filter(|part| beside(path, part).exists()) {
        std::fs::rename(beside(path, part), beside(kept, part))?;
    }
    Ok(())
}

/// Takes the new file away again and gives the damaged one its name back.
fn put_back(path: &Path, kept: &Path, error: anyhow::Error) -> anyhow::Result<()> {
    remove(path);
    let back = put_aside(kept, path);
    back.with_context(|| format!("{error:#}; the damaged database is in {}", kept.display()))?;
    Err(error)
}

/// Removes a file of ours that is of no use to anybody.
fn remove(path: &Path) {
    for part in PARTS.iter().chain(&[".partial"]) {
        let _ = std::fs::remove_file(beside(path, part));
    }
}

/// `memory.db` and `.bak` give `memory.db.bak`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
