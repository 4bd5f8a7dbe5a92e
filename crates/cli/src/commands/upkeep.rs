//! `omp backup` and `omp restore`

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use omp_model::{Clock, SystemClock};
use omp_store::{Maintenance, SqliteStore, StoreError};
use serde_json::json;

use crate::args::{Backup, Global, Restore};
use crate::printer::Printer;

pub(super) async fn backup(global: &Global, args: &Backup, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_file("backup")?;
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
    anyhow::ensure!(args.file.is_file(), "{} is no file", args.file.display());
    // What is there now may be all that somebody has: it is kept.
    let kept = beside(&global.file()?, &format!(".before-restore-{}.bak", SystemClock.now().as_millis()));
    let store = match open(global) {
        Ok(store) => {
            store.backup(&kept).await?;
            store
        }
        // A file that cannot be opened is why people restore; it is put aside as it is.
        Err(StoreError::Corrupt(path) | StoreError::NotADatabase(path)) => {
            for suffix in ["", "-wal", "-shm"] {
                let part = beside(&path, suffix);
                if part.exists() {
                    std::fs::rename(&part, beside(&kept, suffix))?;
                }
            }
            open(global)?
        }
        Err(error) => return Err(error.into()),
    };
    store.restore(&args.file).await?;
    store.close().await?;
    // Opening brings an older backup up to date.
    global.store().await?.close().await?;
    let told = format!("restored {}; what was there before is in {}", args.file.display(), kept.display());
    printer.either(&json!({"restored": args.file, "kept": kept}), told)?;
    Ok(ExitCode::SUCCESS)
}

fn open(global: &Global) -> Result<Arc<SqliteStore>, StoreError> {
    let options = global.file_options().map_err(|error| StoreError::Internal(format!("{error:#}")))?;
    SqliteStore::open(&options).map(Arc::new)
}

/// `memory.db` and `.bak` give `memory.db.bak`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
