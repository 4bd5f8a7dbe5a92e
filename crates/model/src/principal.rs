//! Who is asking, and what they may reach.

use std::sync::Arc;

use crate::shares::{ShareAccess, SharedNamespace};
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
    /// What of another user's memories is shared, in the place of the key's own limits.
    shared: Option<Arc<Limits>>,
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
    /// Of these namespaces, those in which nothing may be written.
    pub read_only: Vec<Namespace>,
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

    /// Whether something may be written into a namespace.
    pub fn admits_writing(&self, namespace: Option<&Namespace>) -> bool {
        self.admits(namespace) && namespace.is_none_or(|name| !self.read_only.contains(name))
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
        Self { owner, grant: None, shared: None }
    }

    /// Whoever holds a key.
    pub fn with(grant: Arc<Grant>) -> Self {
        Self { owner: grant.user, grant: Some(grant), shared: None }
    }

    /// The same person or tool among the memories of another user: it reaches what is shared, as far as its key reaches
    /// such namespaces among its own. `None` when that is nothing.
    #[must_use]
    pub fn among(&self, owner: OwnerId, shares: &[SharedNamespace]) -> Option<Self> {
        let own = self.grant.as_ref().map(|grant| &grant.limits);
        let admitted = |share: &&SharedNamespace| own.is_none_or(|own| own.admits(Some(&share.namespace)));
        let shares: Vec<&SharedNamespace> = shares.iter().filter(admitted).collect();
        // No namespaces would mean no limit.
        if shares.is_empty() {
            return None;
        }
        let read_only = shares.iter().filter(|share| share.access == ShareAccess::Read);
        let limits = Limits {
            tool: own.and_then(|own| own.tool.clone()),
            own_tool_only: own.is_some_and(|own| own.own_tool_only),
            namespaces: shares.iter().map(|share| NamespacePattern::exactly(&share.namespace)).collect(),
            read_only: read_only.map(|share| share.namespace.clone()).collect(),
        };
        Some(Self { owner, grant: self.grant.clone(), shared: Some(Arc::new(limits)) })
    }

    /// Whether the memories are those of the user who acts.
    pub fn is_at_home(&self) -> bool {
        self.shared.is_none()
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

    /// What of the memories is reached; `None` is all of them.
    fn limits(&self) -> Option<&Limits> {
        self.shared.as_deref().or_else(|| self.grant.as_ref().map(|grant| &grant.limits))
    }

    /// The limits, if there are any that hide memories.
    pub fn sight(&self) -> Option<&Limits> {
        let limits = self.limits()?;
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
        self.may(Scope::Read)
            && self.limits().is_none_or(|limits| {
                limits.only_tool().is_none_or(|only| tool == Some(only)) && limits.admits(namespace)
            })
    }

    /// Whether a memory that is seen may be changed or removed: one of another tool may not, nor
    /// one in a namespace that is shared for reading.
    pub fn may_change(&self, memory: &Memory) -> bool {
        self.may_change_of(Some(&memory.source.tool)) && self.admits(memory.namespace.as_ref())
    }

    /// The same by tool only.
    pub fn may_change_of(&self, tool: Option<&ToolName>) -> bool {
        self.may(Scope::Write) && self.tool().is_none_or(|own| tool == Some(own))
    }

    /// The tool that is stamped on what is written.
    pub fn tool(&self) -> Option<&ToolName> {
        self.limits()?.tool.as_ref()
    }

    /// Where memories go that name no namespace. Among the memories of another user that is the only place where
    /// anything may be written, if there is one only.
    pub fn default_namespace(&self) -> Option<Namespace> {
        let Some(shared) = &self.shared else { return self.grant.as_ref()?.default_namespace.clone() };
        let mut writable = shared
            .namespaces
            .iter()
            .filter_map(|pattern| Namespace::new(pattern.as_str()).ok())
            .filter(|name| shared.admits_writing(Some(name)));
        writable.next().filter(|_| writable.next().is_none())
    }

    /// The namespaces in which something may be written; none at all means everywhere.
    pub fn writable(&self) -> Vec<&str> {
        let limits = self.limits();
        let patterns =
            limits.iter().flat_map(|limits| limits.namespaces.iter().map(move |one| (limits, one)));
        patterns
            .filter(|(limits, pattern)| {
                !limits.read_only.iter().any(|name| name.as_str() == pattern.as_str())
            })
            .map(|(_, pattern)| pattern.as_str())
            .collect()
    }

    /// Whether something may be written into a namespace.
    pub fn admits(&self, namespace: Option<&Namespace>) -> bool {
        self.limits().is_none_or(|limits| limits.admits_writing(namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(namespace: &str, access: ShareAccess) -> SharedNamespace {
        SharedNamespace { namespace: Namespace::new(namespace).unwrap(), access }
    }

    #[test]
    fn nothing_shared_is_no_way_to_everything() {
        assert_eq!(Principal::OWNER.among(OwnerId(2), &[]), None);
    }

    #[test]
    fn what_is_shared_for_reading_is_read_and_not_written() {
        let shares = [share("work", ShareAccess::Read), share("home", ShareAccess::Write)];
        let guest = Principal::OWNER.among(OwnerId(2), &shares).unwrap();
        let [work, home, other] = ["work", "home", "homes"].map(|name| Namespace::new(name).unwrap());
        assert_eq!((guest.owner, guest.user()), (OwnerId(2), OwnerId::FIRST));
        assert!(!guest.sees_everything());
        let limits = guest.sight().unwrap();
        assert_eq!([&work, &home, &other].map(|name| limits.admits(Some(name))), [true, true, false]);
        assert_eq!([&work, &home, &other].map(|name| guest.admits(Some(name))), [false, true, false]);
        assert!(!limits.admits(None) && !guest.admits(None));
        assert_eq!((guest.default_namespace(), guest.writable()), (Some(home), vec!["home"]));
    }
}
