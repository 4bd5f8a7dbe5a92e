//! `omp export`

use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use omp_model::transfer::{ExportOptions, Format};
use omp_service::{ConvertOptions, ImportSource};
use serde_json::json;
use tempfile::NamedTempFile;

use super::sealing::Sealed;
use crate::args::{Export, Global};
use crate::printer::{Printer, Stream, counted};
use crate::progress;

pub(super) async fn run(global: &Global, args: &Export, printer: &Printer) -> anyhow::Result<ExitCode> {
    let path = args.file.as_deref().filter(|path| path.as_os_str() != "-");
    let format = args.to.or_else(|| path.and_then(by_name)).unwrap_or_default();
    if !Format::NATIVE.contains(&format) {
        ensure!(!args.sealing.is_asked(), "only omp, omi and omi-jsonl can be encrypted");
        return foreign(global, args, format, printer).await;
    }
    let options =
        ExportOptions { format, with_embedding: args.embeddings, with_conversations: args.conversations };
    let api = global.api().await?;
    let Some(path) = path else {
        let out = Sealed::new(&args.sealing, Box::new(Stream))?;
        api.export(options, Box::new(out.clone()), None).await?;
        out.finish()?;
        return Ok(ExitCode::SUCCESS);
    };
    let target = Target::new(global, path, args.force)?;
    let out = Sealed::new(&args.sealing, target.writer()?)?;
    let bar = progress::bytes(printer, None);
    let summary = api.export(options, Box::new(out.clone()), progress::teller(bar.as_ref())).await;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let summary = summary?;
    out.finish()?;
    target.keep()?;
    let told = format!("wrote {} ({} bytes, {})", path.display(), summary.bytes, format.as_str());
    if printer.json {
        printer.value(&json!({"file": path, "format": format, "bytes": summary.bytes}))?;
    } else {
        printer.say(told);
    }
    Ok(ExitCode::SUCCESS)
}

/// Another tool's format, by way of an interchange file: so the losses are told, whichever carrier there is, and files
/// that are there are kept where the format lets others write in them.
async fn foreign(
    global: &Global,
    args: &Export,
    format: Format,
    printer: &Printer,
) -> anyhow::Result<ExitCode> {
    let spool = tempfile::tempfile()?;
    let options = ExportOptions { format: Format::OMI_JSONL, ..ExportOptions::default() };
    global.api().await?.export(options, Box::new(spool.try_clone()?), None).await?;
    let mut spool = spool;
    std::io::Seek::rewind(&mut spool)?;
    let options = ConvertOptions { from: Some(Format::OMI_JSONL), to: format, ..ConvertOptions::default() };
    let path = args.file.as_deref();
    let report = super::convert::write(global, ImportSource::File(spool), &options, path, args.force)?;
    super::losses::print(&report, printer);
    let Some(path) = path.filter(|path| path.as_os_str() != "-") else { return Ok(ExitCode::SUCCESS) };
    if printer.json {
        printer.value(&json!({"file": path, "format": format, "written": report.imported, "lost": report.lost, "changed": report.changed, "counts": report.counts}))?;
    } else {
        printer.say(format!("wrote {} ({}, {format})", path.display(), counted(report.imported, "memory")));
    }
    Ok(ExitCode::SUCCESS)
}

/// The format that a file's name asks for.
pub(super) fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let mut parts = name.strip_suffix(".age").unwrap_or(&name).rsplit('.');
    match (parts.next()?, parts.next()?) {
        ("jsonl", _) => Some(Format::OMI_JSONL),
        ("json", "omi") => Some(Format::OMI),
        ("json", _) => Some(Format::OMP),
        _ => None,
    }
}

/// A file that appears under its name when it is complete, and never half.
pub(super) struct Target {
    file: NamedTempFile,
    path: std::path::PathBuf,
}

impl Target {
    pub(super) fn new(global: &Global, path: &Path, force: bool) -> anyhow::Result<Self> {
        global.spare_database(path)?;
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
