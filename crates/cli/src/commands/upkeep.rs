//! `omp backup` and `omp restore`

use std::process::ExitCode;

use omp_model::{Clock, SystemClock};
use omp_store::Maintenance;
use serde_json::json;

use crate::args::{Backup, Global, Restore};
use crate::printer::Printer;

pub(super) async fn backup(global: &Global, args: &Backup, printer: &Printer) -> anyhow::Result<ExitCode> {
    global.require_file("backup")?;
    let store = global.store()?;
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
    let store = global.store()?;
    // What is there now may be all that somebody has: it is kept.
    let mut kept = store.path().as_os_str().to_owned();
    kept.push(format!(".before-restore-{}.bak", SystemClock.now().as_millis()));
    let kept = std::path::PathBuf::from(kept);
    store.backup(&kept).await?;
    store.restore(&args.file).await?;
    store.close().await?;
    // Opening brings an older backup up to date.
    global.store()?.close().await?;
    let told = format!("restored {}; what was there before is in {}", args.file.display(), kept.display());
    printer.either(&json!({"restored": args.file, "kept": kept}), told)?;
    Ok(ExitCode::SUCCESS)
}
