//! Where tools keep their files.

use std::path::PathBuf;

use anyhow::Context as _;
use etcetera::BaseStrategy as _;

/// The folders that tools' files are found from.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    /// The person's home folder.
    pub(crate) home: PathBuf,
    /// Where programs with windows keep their settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    pub(crate) settings: PathBuf,
    /// Codex's folder.
    pub(crate) codex: PathBuf,
    /// The folder of Claude Code's settings.
    pub(crate) claude: PathBuf,
    /// Claude Code's own file, with its MCP servers.
    pub(crate) claude_json: PathBuf,
    /// Zed's folder.
    pub(crate) zed: PathBuf,
}

impl Places {
    /// This machine's.
    pub(crate) fn here() -> anyhow::Result<Self> {
        let strategy = etcetera::base_strategy::choose_native_strategy()
            .context("this system names no home directory, where tools keep their settings")?;
        let home = strategy.home_dir().to_owned();
        let settings = if cfg!(target_os = "macos") { strategy.data_dir() } else { strategy.config_dir() };
        let variable =
            |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let claude = variable("CLAUDE_CONFIG_DIR");
        let zed = if cfg!(windows) {
            settings.join("Zed")
        } else if cfg!(target_os = "macos") {
            home.join(".config/zed")
        } else {
            settings.join("zed")
        };
        Ok(Self {
            codex: variable("CODEX_HOME").unwrap_or_else(|| home.join(".codex")),
            claude_json: claude.as_ref().unwrap_or(&home).join(".claude.json"),
            claude: claude.unwrap_or_else(|| home.join(".claude")),
            zed,
            settings,
            home,
        })
    }

    /// VS Code's folder of the person's settings.
    pub(crate) fn code(&self) -> PathBuf {
        self.settings.join("Code").join("User")
    }
}
