//! The sizes of the files, beside what the writer counts.

use std::path::Path;

use crate::StoreVitals;
use crate::vitals::Counters;

/// How the store is at this moment.
pub(super) fn vitals(counters: &Counters, path: &Path) -> StoreVitals {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let bytes = |file: &Path| std::fs::metadata(file).map_or(0, |about| about.len());
    StoreVitals {
        bytes: bytes(path),
        log_bytes: bytes(Path::new(&log)),
        free_bytes: free(path),
        ..counters.vitals()
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
