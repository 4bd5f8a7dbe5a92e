//! Files and folders that are read, and other servers.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use omp_client::{Api as _, Http, Upload};
use omp_model::ErrorCode;
use omp_model::transfer::{ExportOptions, Format};
use omp_service::ImportSource;

use super::sealing;

/// The file or folder, or standard input put into a file: an import may have to be read twice.
pub(super) fn open(path: &Path) -> anyhow::Result<Upload> {
    if path.as_os_str() == "-" {
        let mut spool = tempfile::tempfile()?;
        io::copy(&mut io::stdin(), &mut spool).context("standard input cannot be read")?;
        io::Seek::rewind(&mut spool)?;
        return Ok(Upload::File(spool));
    }
    if path.is_dir() {
        return Ok(Upload::Folder(path.to_owned()));
    }
    Ok(Upload::File(File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?))
}

/// The address of a server, if that is what was typed in the place of a file.
pub(super) fn server(path: &Path) -> Option<&str> {
    let text = path.to_str()?;
    ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme)).then_some(text)
}

/// Everything that the key sees on another server, put into a file first: what breaks off leaves nothing half done.
pub(super) async fn fetched(url: &str, key: Option<String>) -> anyhow::Result<Upload> {
    let mut spool = tempfile::tempfile()?;
    let options = ExportOptions { format: Format::OMP, with_conversations: true, ..ExportOptions::default() };
    let out = Box::new(io::BufWriter::new(spool.try_clone()?));
    let exported = Http::new(url, key)?.export(options, out, None).await;
    exported.map_err(|error| {
        let key = if error.code == ErrorCode::Unauthorized { "; --from-key names its key" } else { "" };
        anyhow::Error::new(error).context(format!("{url} gave no export{key}"))
    })?;
    io::Seek::rewind(&mut spool)?;
    Ok(Upload::File(spool))
}

/// The same for what works without memories.
pub(super) fn open_here(path: &Path) -> anyhow::Result<ImportSource> {
    Ok(match open(path)? {
        Upload::File(mut file) => {
            anyhow::ensure!(
                !file.metadata()?.is_file() || !sealing::is_sealed(&mut file)?,
                "{} is encrypted (age); decrypt it with `age --decrypt` first, or let `omp import` read it",
                path.display()
            );
            ImportSource::File(file)
        }
        Upload::Folder(path) => ImportSource::Folder(path),
    })
}

/// What a file is called: its name and the folders just above it, by which rule files are known.
pub(super) fn name(path: &Path) -> Option<String> {
    if path.as_os_str() == "-" || path.is_dir() || server(path).is_some() {
        return None;
    }
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let parts: Vec<_> = whole.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let shown = parts.len().saturating_sub(KEPT);
    Some(parts[shown..].join("/"))
}

/// A rule file lies at most three folders below its project's: `project/.cursor/rules/style.mdc`.
const KEPT: usize = 4;
