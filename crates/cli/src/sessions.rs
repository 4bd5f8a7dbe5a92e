//! Sessions of coding agents that have ended and are offered for saving.
//!
//! A hook writes down where a session's file is, never what it says. Saving is the person's decision.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::files::{Owned, Readers};
use crate::settings;

/// The most sessions that are offered; the oldest make room.
const MOST: usize = 50;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The agent.
    pub(crate) tool: String,
    /// Its file.
    pub(crate) transcript: PathBuf,
    /// The folder that it worked in.
    pub(crate) folder: PathBuf,
    /// When it ended, or was last heard of.
    pub(crate) at: String,
}

/// The sessions on offer, newest first.
pub(crate) struct Offers {
    file: Owned,
    pub(crate) sessions: Vec<Session>,
}

impl Offers {
    pub(crate) fn open() -> anyhow::Result<Self> {
        let file = Owned::open(&settings::data_folder()?.join("sessions.json"))?;
        let sessions = file.text.as_deref().map(serde_json::from_str).transpose();
        let sessions = sessions.with_context(|| format!("{} is damaged; remove it", file.path.display()))?;
        Ok(Self { file, sessions: sessions.unwrap_or_default() })
    }

    /// Offers a session, in the place of what was offered of it before.
    pub(crate) fn add(mut self, session: Session) -> anyhow::Result<()> {
        self.sessions.retain(|other| other.transcript != session.transcript);
        self.sessions.insert(0, session);
        self.sessions.truncate(MOST);
        self.write()
    }

    /// The newest one whose file still is there.
    pub(crate) fn newest(&self) -> Option<&Session> {
        self.sessions.iter().find(|session| session.transcript.is_file())
    }

    /// The newest one of a folder, or one below.
    pub(crate) fn newest_of(&self, folder: &Path) -> Option<&Session> {
        self.sessions.iter().find(|s| s.folder.starts_with(folder) && s.transcript.is_file())
    }

    /// It is saved, so it is not offered any more.
    pub(crate) fn saved(mut self, transcript: &Path) -> anyhow::Result<()> {
        let before = self.sessions.len();
        self.sessions.retain(|session| session.transcript != transcript);
        if self.sessions.len() == before { Ok(()) } else { self.write() }
    }

    fn write(&self) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(&self.sessions)?;
        self.file.replace(Some(&text), Readers::OwnerOnly)
    }
}
