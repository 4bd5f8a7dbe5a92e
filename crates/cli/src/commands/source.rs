//! Files and folders that are read.

use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use omp_client::Upload;
use omp_service::ImportSource;

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

/// The same for what works without memories.
pub(super) fn open_here(path: &Path) -> anyhow::Result<ImportSource> {
    Ok(match open(path)? {
        Upload::File(file) => ImportSource::File(file),
        Upload::Folder(path) => ImportSource::Folder(path),
    })
}

/// What a file is called: its name and the folders just above it, by which rule files are known.
pub(super) fn name(path: &Path) -> Option<String> {
    if path.as_os_str() == "-" || path.is_dir() {
        return None;
    }
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let parts: Vec<_> = whole.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    let shown = parts.len().saturating_sub(KEPT);
    Some(parts[shown..].join("/"))
}

/// A rule file lies at most three folders below its project's: `project/.cursor/rules/style.mdc`.
const KEPT: usize = 4;
