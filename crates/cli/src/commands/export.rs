//! `omp export`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use omp_model::transfer::{ExportOptions, Format};
use serde_json::json;
use tempfile::NamedTempFile;

use crate::args::{Export, Global};
use crate::printer::{Printer, Stream};
use crate::progress;

pub(super) async fn run(global: &Global, args: &Export, printer: &Printer) -> anyhow::Result<ExitCode> {
    let path = args.file.as_deref().filter(|path| path.as_os_str() != "-");
    let format = args.to.map(Into::into).or_else(|| path.and_then(by_name)).unwrap_or_default();
    let options =
        ExportOptions { format, with_embedding: args.embeddings, with_conversations: args.conversations };
    let api = global.api()?;
    let Some(path) = path else {
        api.export(options, Box::new(Stream), None).await?;
        return Ok(ExitCode::SUCCESS);
    };
    let target = Target::new(path, args.force)?;
    let bar = progress::bytes(printer, None);
    let summary = api.export(options, target.writer()?, progress::teller(bar.as_ref())).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let summary = summary?;
    target.keep()?;
    let told = format!("wrote {} ({} bytes, {})", path.display(), summary.bytes, format.as_str());
    if printer.json {
        printer.value(&json!({"file": path, "format": format, "bytes": summary.bytes}))?;
    } else {
        printer.say(told);
    }
    Ok(ExitCode::SUCCESS)
}

/// The format that a file's name asks for.
pub(super) fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let mut parts = name.rsplit('.');
    match (parts.next()?, parts.next()?) {
        ("jsonl", _) => Some(Format::OmiJsonl),
        ("json", "omi") => Some(Format::Omi),
        ("json", _) => Some(Format::Omp),
        _ => None,
    }
}

/// A file that appears under its name when it is complete, and never half.
pub(super) struct Target {
    file: NamedTempFile,
    path: std::path::PathBuf,
}

impl Target {
    pub(super) fn new(path: &Path, force: bool) -> anyhow::Result<Self> {
        ensure!(force || !path.exists(), "{} exists already; --force replaces it", path.display());
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = NamedTempFile::new_in(folder)
            .with_context(|| format!("{} cannot be written", folder.display()))?;
        Ok(Self { file, path: path.to_owned() })
    }

    pub(super) fn writer(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        Ok(Box::new(self.file.reopen()?))
    }

    pub(super) fn keep(self) -> anyhow::Result<()> {
        self.file.as_file().sync_all()?;
        let path = self.path;
        self.file.persist(&path).with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(())
    }
}
