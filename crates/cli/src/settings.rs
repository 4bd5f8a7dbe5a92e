//! Where things are when nobody says.

use std::path::PathBuf;

use anyhow::Context as _;
use etcetera::{AppStrategy, AppStrategyArgs, app_strategy::choose_native_strategy};

/// The database file of this person on this machine.
pub(crate) fn default_database() -> anyhow::Result<PathBuf> {
    Ok(folders()
        .context("this system names no home directory; say where the database is with --db")?
        .in_data_dir("memory.db"))
}

/// Where we keep what is no memory: the platform's data directory.
pub(crate) fn data_folder() -> anyhow::Result<PathBuf> {
    Ok(folders().context("this system names no home directory")?.data_dir())
}

fn folders() -> anyhow::Result<impl AppStrategy> {
    let args = AppStrategyArgs {
        top_level_domain: "org".into(),
        author: "Open Memory".into(),
        app_name: "open-memory".into(),
    };
    Ok(choose_native_strategy(args)?)
}

/// The memory that search indices may take: a quarter of the machine's, or two gigabytes where that is not known.
pub(crate) fn index_bytes() -> u64 {
    const UNKNOWN: u64 = 8 << 30;
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    total.map_or(UNKNOWN, |kib: u64| kib << 10) / 4
}

/// The port: `--port`, else `OMP_PORT`, else `PORT`, else 3456, as the published server does.
pub(crate) fn port(flag: Option<u16>) -> anyhow::Result<u16> {
    if let Some(port) = flag {
        return Ok(port);
    }
    for name in ["OMP_PORT", "PORT"] {
        if let Ok(text) = std::env::var(name) {
            return text
                .parse()
                .with_context(|| format!("{name} must be a port number, 0 to 65535; it is `{text}`"));
        }
    }
    Ok(3456)
}
