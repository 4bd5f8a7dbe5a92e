//! What a file was before we wrote into it, and how it comes back.
//!
//! Before a file is written, a copy of it is put away and a record says where; then the file is replaced in one step.
//! So whatever ends the program, either nothing has happened or the copy is there.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use omp_model::{Clock, SystemClock};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::document::{Kind, Trace};
use super::tools::{Change, Tool};
use crate::files::{Owned, Readers};
use crate::settings;

/// What was done to one file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// For which tool.
    pub(crate) tool: String,
    /// The file.
    pub(crate) file: PathBuf,
    kind: Kind,
    /// The copy of what it was; `None` when there was no file.
    pub(crate) backup: Option<PathBuf>,
    /// Who might read it.
    mode: Option<u32>,
    /// What it was made into.
    after: String,
    /// What of it is ours.
    ours: Vec<Trace>,
}

/// How a file came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undone {
    /// Every byte is as it was before.
    Exactly,
    /// Somebody has changed it since; only what was ours is gone.
    OursOnly,
    /// Nothing of ours was there any more.
    Nothing,
}

/// Every file that was written into.
pub(crate) struct Records {
    file: Owned,
    folder: PathBuf,
    pub(crate) all: Vec<Record>,
}

impl Records {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let folder = settings::data_folder()?.join("setup");
        let file = Owned::open(&folder.join("records.json"))?;
        let all = file.text.as_deref().map(serde_json::from_str).transpose();
        let all = all.with_context(|| format!("{} is damaged", file.path.display()))?.unwrap_or_default();
        Ok(Self { file, folder, all })
    }

    /// Writes a change into its file, with a copy of what was there.
    pub(crate) fn write(
        &mut self,
        tool: &Tool,
        change: &Change,
        file: &Owned,
        text: &str,
        readers: Readers,
    ) -> anyhow::Result<Option<PathBuf>> {
        let ours: Vec<Trace> = change.edits.iter().map(super::Edit::trace).collect();
        let known = self.all.iter().position(|record| record.file == file.real);
        let (mut backup, mut mode) = (None, mode(&file.real));
        match known.map(|at| &self.all[at]) {
            // It is as we left it, so what it was before us is put away already.
            Some(record) if file.text.as_deref().map(digest).as_deref() == Some(&record.after) => {
                (backup, mode) = (record.backup.clone(), record.mode);
            }
            _ => {
                if let Some(before) = &file.text {
                    let before =
                        change.kind.take_out(before, &all_traces(known.map(|at| &self.all[at]), &ours));
                    let before = match known {
                        Some(_) => before.map_err(anyhow::Error::msg)?,
                        None => file.text.clone().unwrap_or_default(),
                    };
                    backup = Some(self.put_away(tool, &file.real, &before)?);
                }
            }
        }
        let ours = all_traces(known.map(|at| &self.all[at]), &ours);
        let record = Record {
            tool: tool.name.to_owned(),
            file: file.real.clone(),
            kind: change.kind,
            backup: backup.clone(),
            mode,
            after: digest(text),
            ours,
        };
        match known {
            Some(at) => self.all[at] = record,
            None => self.all.push(record),
        }
        self.save()?;
        file.replace(Some(text), readers)?;
        Ok(backup)
    }

    /// A copy that is there before anything else happens.
    fn put_away(&self, tool: &Tool, file: &Path, text: &str) -> anyhow::Result<PathBuf> {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let at = SystemClock.now().as_millis();
        let path = self.folder.join(format!("{}.{name}.{at}.bak", tool.name));
        Owned::open(&path)?.replace(Some(text), Readers::OwnerOnly)?;
        Ok(path)
    }

    fn save(&mut self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.all)?;
        self.file.replace(Some(&text), Readers::OwnerOnly)?;
        self.file.text = Some(text);
        Ok(())
    }

    /// What the file of a record would be, and how exactly it is what it was.
    pub(crate) fn plan(record: &Record) -> anyhow::Result<(Owned, Option<String>, Undone)> {
        let file = Owned::open(&record.file)?;
        let before = record.backup.as_ref().map(std::fs::read_to_string).transpose();
        let before = before
            .with_context(|| format!("the copy of {} is gone; nothing was changed", record.file.display()))?;
        let Some(text) = file.text.clone() else { return Ok((file, None, Undone::Nothing)) };
        if Some(&text) == before.as_ref() {
            return Ok((file, Some(text), Undone::Nothing));
        }
        if digest(&text) == record.after {
            return Ok((file, before, Undone::Exactly));
        }
        let shown = record.file.display();
        if let (Some(before), Some(backup)) = (&before, &record.backup)
            && record.kind.has(before, &record.ours)
        {
            bail!(
                "{shown} was changed since, and had an entry of this name before; nothing was changed. What it was is in {}",
                backup.display()
            );
        }
        let without = record.kind.take_out(&text, &record.ours);
        let without = without.map_err(|what| anyhow::anyhow!("{shown} {what}; nothing was changed"))?;
        let undone = if without == text { Undone::Nothing } else { Undone::OursOnly };
        Ok((file, Some(without), undone))
    }

    /// Does what was planned, and forgets the record.
    pub(crate) fn undo(&mut self, record: &Record, file: &Owned, text: Option<&str>) -> anyhow::Result<()> {
        if file.text.as_deref() != text {
            file.replace(text, Readers::AsUsual)?;
        }
        if text.is_some() {
            restore_mode(&file.real, record.mode)?;
        }
        self.all.retain(|other| other.file != record.file);
        self.save()?;
        // Where the file itself is gone, the copy may be all that is left of it.
        if let Some(backup) = record.backup.as_ref().filter(|_| file.text.is_some()) {
            // Nobody needs it any more; when it cannot be removed, it does no harm.
            let _ = std::fs::remove_file(backup);
        }
        Ok(())
    }
}

/// What is ours after a change: what was, and what comes.
fn all_traces(record: Option<&Record>, new: &[Trace]) -> Vec<Trace> {
    let mut traces: Vec<Trace> = record.map(|record| record.ours.clone()).unwrap_or_default();
    for trace in new {
        if !traces.contains(trace) {
            traces.push(trace.clone());
        }
    }
    traces
}

fn digest(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).ok().map(|found| found.permissions().mode() & 0o7777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(unix)]
fn restore_mode(path: &Path, mode: Option<u32>) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    mode.map_or(Ok(()), |mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)))
}

#[cfg(not(unix))]
fn restore_mode(_: &Path, _: Option<u32>) -> std::io::Result<()> {
    Ok(())
}
