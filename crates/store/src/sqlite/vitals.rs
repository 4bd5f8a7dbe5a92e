//! What the writer tells of itself while it works.

use std::path::Path;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use crate::{StoreError, StoreVitals};

/// Why a transaction failed, by numbers that fit into an atomic; 0 is that it did not.
const TROUBLES: [&str; 4] = ["", "full", "read_only", "failing"];

/// Counted by the writer's thread, read by anybody.
#[derive(Debug, Default)]
pub(super) struct Counters {
    commits: AtomicU64,
    writes: AtomicU64,
    trouble: AtomicU8,
}

impl Counters {
    /// A transaction is on the disk, with so many writes.
    pub(super) fn committed(&self, writes: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.writes.fetch_add(writes as u64, Ordering::Relaxed);
        self.trouble.store(0, Ordering::Relaxed);
    }

    /// A transaction failed. What is wrong with a single write says nothing of the store.
    pub(super) fn failed(&self, error: &StoreError) {
        let trouble = match error {
            StoreError::Full(_) => 1,
            StoreError::ReadOnly(_) => 2,
            StoreError::Corrupt(_) | StoreError::Internal(_) => 3,
            _ => return,
        };
        self.trouble.store(trouble, Ordering::Relaxed);
    }

    /// With the sizes of the files.
    pub(super) fn vitals(&self, path: &Path) -> StoreVitals {
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |about| about.len());
        let trouble = TROUBLES[usize::from(self.trouble.load(Ordering::Relaxed))];
        StoreVitals {
            bytes: bytes(path),
            log_bytes: bytes(Path::new(&log)),
            free_bytes: free(path),
            commits: self.commits.load(Ordering::Relaxed),
            writes: self.writes.load(Ordering::Relaxed),
            trouble: (!trouble.is_empty()).then_some(trouble),
        }
    }
}

#[cfg(unix)]
fn free(path: &Path) -> Option<u64> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
