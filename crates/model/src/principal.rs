//! Who is asking, and what they may reach.

use std::sync::Arc;

use crate::{KeyId, Memory, Namespace, NamespacePattern, Scope, Scopes, ToolName, UserName};

/// Whose memories: the first column of every key in the store.
///
/// The number is the store's own and means nothing outside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u32);

impl OwnerId {
    /// The owner that a new store starts with.
    pub const FIRST: Self = Self(1);
}

/// On whose behalf a use case runs. It comes from the key, never from a field of the request. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// Whose memories are read and written.
    pub owner: OwnerId,
    /// What the key says; `None` is the person who runs the server, who may do everything.
    grant: Option<Arc<Grant>>,
}

/// What a key allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Whose key it is.
    pub user: OwnerId,
    /// What that user is called.
    pub user_name: UserName,
    /// Which key.
    pub key: KeyId,
    /// Whether that user administers the server.
    pub administers: bool,
    /// What it may be used for.
    pub scopes: Scopes,
    /// What of the memories it reaches.
    pub limits: Limits,
    /// Where memories go that name no namespace.
    pub default_namespace: Option<Namespace>,
}

/// Which memories a key reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// The tool that is stamped on what is written. Only its memories may be changed.
    pub tool: Option<ToolName>,
    /// Whether only that tool's memories are seen.
    pub own_tool_only: bool,
    /// Only in these namespaces; none at all means everywhere.
    pub namespaces: Vec<NamespacePattern>,
}

impl Limits {
    /// The tool whose memories are the only ones to be seen.
    pub fn only_tool(&self) -> Option<&ToolName> {
        self.tool.as_ref().filter(|_| self.own_tool_only)
    }

    /// The namespaces that are the only ones to be seen.
    pub fn only_namespaces(&self) -> Option<&[NamespacePattern]> {
        (!self.namespaces.is_empty()).then_some(&self.namespaces)
    }

    /// Whether a namespace is within the limits.
    pub fn admits(&self, namespace: Option<&Namespace>) -> bool {
        self.namespaces.is_empty()
            || namespace
                .is_some_and(|name| self.namespaces.iter().any(|pattern| pattern.matches(name.as_str())))
    }
}

impl Principal {
    /// The person who runs the server: with the key of its configuration, or at the file itself.
    pub const OWNER: Self = Self::everything(OwnerId::FIRST);

    /// Whoever may do everything with the memories of `owner`.
    pub const fn everything(owner: OwnerId) -> Self {
        Self { owner, grant: None }
    }

    /// Whoever holds a key.
    pub fn with(grant: Arc<Grant>) -> Self {
        Self { owner: grant.user, grant: Some(grant) }
    }

    /// The user who acts: whose key it is.
    pub fn user(&self) -> OwnerId {
        self.grant.as_ref().map_or(OwnerId::FIRST, |grant| grant.user)
    }

    /// The key, if it is one of the store's.
    pub fn key(&self) -> Option<KeyId> {
        self.grant.as_ref().map(|grant| grant.key)
    }

    /// What the key says; `None` is no limit at all.
    pub fn grant(&self) -> Option<&Grant> {
        self.grant.as_deref()
    }

    /// Whether the key may be used for this.
    pub fn may(&self, scope: Scope) -> bool {
        self.grant.as_ref().is_none_or(|grant| grant.scopes.has(scope))
    }

    /// Whether the whole server may be administered: its users, everybody's keys, the audit.
    pub fn administers(&self) -> bool {
        self.grant.as_ref().is_none_or(|grant| grant.administers && grant.scopes.has(Scope::Admin))
    }

    /// The limits of the key, if it has any that hide memories.
    pub fn sight(&self) -> Option<&Limits> {
        let limits = &self.grant.as_ref()?.limits;
        (limits.own_tool_only || !limits.namespaces.is_empty()).then_some(limits)
    }

    /// Whether nothing is hidden.
    pub fn sees_everything(&self) -> bool {
        self.may(Scope::Read) && self.sight().is_none()
    }

    /// Whether a memory of the owner's is there for this principal.
    pub fn sees(&self, memory: &Memory) -> bool {
        self.sees_in(Some(&memory.source.tool), memory.namespace.as_ref())
    }

    /// The same for a conversation: it is in no namespace, and its tool is that of the key that saved it.
    pub fn sees_conversation_of(&self, tool: Option<&ToolName>) -> bool {
        self.sees_in(tool, None)
    }

    fn sees_in(&self, tool: Option<&ToolName>, namespace: Option<&Namespace>) -> bool {
        let Some(grant) = &self.grant else { return true };
        grant.scopes.has(Scope::Read)
            && grant.limits.only_tool().is_none_or(|only| tool == Some(only))
            && grant.limits.admits(namespace)
    }

    /// Whether a memory that is seen may be changed or removed: one of another tool may not.
    pub fn may_change(&self, memory: &Memory) -> bool {
        self.may_change_of(Some(&memory.source.tool))
    }

    /// The same by tool only.
    pub fn may_change_of(&self, tool: Option<&ToolName>) -> bool {
        self.may(Scope::Write) && self.tool().is_none_or(|own| tool == Some(own))
    }

    /// The tool that is stamped on what is written.
    pub fn tool(&self) -> Option<&ToolName> {
        self.grant.as_ref()?.limits.tool.as_ref()
    }

    /// Whether something may be written into a namespace.
    pub fn admits(&self, namespace: Option<&Namespace>) -> bool {
        self.grant.as_ref().is_none_or(|grant| grant.limits.admits(namespace))
    }
}
