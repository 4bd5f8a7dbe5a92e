//! What was done and by whom; never what it said.

use serde::{Deserialize, Serialize};

use crate::fields::{Field, Fields};
use crate::{KeyId, Timestamp, ToolName, UserName};

/// Something that is written down when it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Action {
    /// A memory was stored.
    CreateMemory,
    /// A memory was changed.
    UpdateMemory,
    /// A memory was removed.
    DeleteMemory,
    /// A former version of a memory came back.
    RestoreMemory,
    /// Memories came with an import, new or over others.
    ImportMemories,
    /// Memories that had expired were removed by the server itself.
    ExpireMemories,
    /// A conversation was saved.
    CreateConversation,
    /// A conversation was removed.
    DeleteConversation,
    /// Conversations came with an import.
    ImportConversations,
    /// An export began, of so many memories.
    Export,
    /// A user was added.
    CreateUser,
    /// A user was removed, with so many memories and conversations; a row for each step.
    RemoveUser,
    /// A key was made.
    CreateKey,
    /// A key was stopped.
    RevokeKey,
    /// A key got a new secret.
    RotateKey,
    /// The memories of a namespace went to another one.
    MoveNamespace,
    /// The memories of a namespace were removed.
    DeleteNamespace,
    /// A namespace was shared with a user.
    ShareNamespace,
    /// A namespace is not shared with a user any more.
    UnshareNamespace,
    /// So many requests came with a wrong key or none, within a minute.
    SignInFailure,
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::CreateMemory,
        Self::UpdateMemory,
        Self::DeleteMemory,
        Self::RestoreMemory,
        Self::ImportMemories,
        Self::ExpireMemories,
        Self::CreateConversation,
        Self::DeleteConversation,
        Self::ImportConversations,
        Self::Export,
        Self::CreateUser,
        Self::RemoveUser,
        Self::CreateKey,
        Self::RevokeKey,
        Self::RotateKey,
        Self::MoveNamespace,
        Self::DeleteNamespace,
        Self::ShareNamespace,
        Self::UnshareNamespace,
        Self::SignInFailure,
    ];

    const fn row(self) -> (u8, &'static str) {
        match self {
            Self::CreateMemory => (1, "create_memory"),
            Self::UpdateMemory => (2, "update_memory"),
            Self::DeleteMemory => (3, "delete_memory"),
            Self::RestoreMemory => (4, "restore_memory"),
            Self::ImportMemories => (5, "import_memories"),
            Self::ExpireMemories => (6, "expire_memories"),
            Self::CreateConversation => (11, "create_conversation"),
            Self::DeleteConversation => (12, "delete_conversation"),
            Self::ImportConversations => (13, "import_conversations"),
            Self::Export => (21, "export"),
            Self::CreateUser => (31, "create_user"),
            Self::RemoveUser => (32, "remove_user"),
            Self::CreateKey => (41, "create_key"),
            Self::RevokeKey => (42, "revoke_key"),
            Self::RotateKey => (43, "rotate_key"),
            Self::MoveNamespace => (51, "move_namespace"),
            Self::DeleteNamespace => (52, "delete_namespace"),
            Self::ShareNamespace => (53, "share_namespace"),
            Self::UnshareNamespace => (54, "unshare_namespace"),
            Self::SignInFailure => (61, "sign_in_failure"),
        }
    }

    /// Its stored number.
    pub const fn number(self) -> u8 {
        self.row().0
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }

    /// The action of a stored number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.number() == number)
    }

    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

impl Field for Action {
    fn from_text(text: &str) -> Result<Self, String> {
        let words = || Self::ALL.map(Self::as_str).join(", ");
        Self::parse(text).ok_or_else(|| format!("must be one of {}", words()))
    }
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// Its number; larger is later.
    pub number: u64,
    /// When.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The user who did it; `user:` and a number for one who was removed, `null` for the
    /// server itself and for whoever failed to sign in.
    pub user: Option<String>,
    /// With which key; `null` for the key of the server's configuration and for the command line at the file.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub key: Option<KeyId>,
    /// The tool that the key belongs to.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub tool: Option<ToolName>,
    /// What.
    pub action: Action,
    /// The id of the one thing that it was about.
    pub target: Option<String>,
    /// How many things.
    pub count: u64,
}

/// A page of the audit, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The page.
    pub entries: Vec<AuditEntry>,
    /// What to give as `before` to go on; `null` when there is no more.
    pub next: Option<u64>,
}

/// Which part of the audit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only what this user did.
    pub user: Option<UserName>,
    /// Only this.
    pub action: Option<Action>,
    /// Only at this instant or later.
    pub since: Option<Timestamp>,
    /// Only at this instant or earlier.
    pub until: Option<Timestamp>,
    /// Only what has a smaller number.
    pub before: Option<u64>,
    /// How many at most: 1 to 1,000, by default 100.
    pub limit: Option<u32>,
}

impl AuditQuery {
    /// Reads the query string of `GET /v1/audit`; a limit over 1,000 is cut.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let limit = fields.optional::<u64>("limit");
        if limit == Some(0) {
            fields.fail("limit", "must be at least 1");
        }
        Self {
            user: fields.optional("user"),
            action: fields.optional("action"),
            since: fields.optional("since"),
            until: fields.optional("until"),
            before: fields.optional("before"),
            limit: limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)),
        }
    }

    /// How many at most.
    pub fn page(&self) -> u32 {
        self.limit.unwrap_or(100).clamp(1, 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_a_number_and_a_word_of_its_own() {
        for action in Action::ALL {
            assert_eq!(Action::from_number(action.number()), Some(action));
            assert_eq!(Action::parse(action.as_str()), Some(action));
            assert_eq!(serde_json::to_string(&action).unwrap(), format!("\"{}\"", action.as_str()));
        }
    }
}
