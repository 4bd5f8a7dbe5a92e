//! Finds the files of a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use omp_model::Timestamp;

use super::{Limits, Member, is_litter};
use crate::Stop;

/// Folders that never hold memories and may hold very much else.
const PASSED: [&str; 6] = [".git", ".hg", ".svn", "node_modules", ".venv", ".obsidian"];

pub(super) struct Found {
    pub(super) members: Vec<Member>,
    pub(super) paths: Vec<PathBuf>,
    pub(super) ignored: Vec<(String, &'static str)>,
}

/// All files below `root` in the order of their paths.
pub(super) fn walk(root: &Path, limits: &Limits) -> Result<Found, Stop> {
    let mut found = Found { members: Vec::new(), paths: Vec::new(), ignored: Vec::new() };
    let mut waiting = vec![(root.to_owned(), String::new(), 0)];
    while let Some((folder, prefix, depth)) = waiting.pop() {
        if depth > limits.folders {
            found.ignored.push((prefix, "is nested too deep"));
            continue;
        }
        let mut entries = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                found.ignored.push((path, "is a link"));
            } else if kind.is_dir() {
                if !PASSED.contains(&&*name) && !is_litter(&name) {
                    waiting.push((entry.path(), path, depth + 1));
                }
            } else if kind.is_file() && !is_litter(&name) {
                if found.members.len() == limits.files {
                    return Err(Stop::Limit(format!(
                        "the folder has more than {} files; name the one that holds the memories",
                        limits.files
                    )));
                }
                let metadata = entry.metadata()?;
                let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                let modified = modified.and_then(|since| i64::try_from(since.as_millis()).ok());
                let number = found.paths.len();
                found.paths.push(entry.path());
                found.members.push(Member {
                    path: path.into(),
                    size: metadata.len(),
                    modified: modified.map(Timestamp::from_millis),
                    alone: false,
                    number,
                });
            }
        }
    }
    found.members.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}
