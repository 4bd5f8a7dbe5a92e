//! Who may do what: the one place where a key's scopes and limits are turned into decisions.
//!
//! What a key may not see is not there (404, in no list, total or export); what it sees and may not change, and what it
//! lacks a scope for, is `forbidden` (403). The store keeps to the same limits inside of its transactions.

use omp_model::{Error, Memory, MemoryPatch, Namespace, NewMemory, Principal, Result, Scope, ToolName};

/// Refuses a key without this scope, by name.
pub(crate) fn require(principal: &Principal, scope: Scope) -> Result<()> {
    if principal.may(scope) { Ok(()) } else { Err(Error::missing_scope(scope)) }
}

/// Changing what is there needs both: whoever may not see a thing cannot change it.
pub(crate) fn require_change(principal: &Principal) -> Result<()> {
    require(principal, Scope::Write)?;
    require(principal, Scope::Read)
}

/// Refuses whoever does not administer the server.
pub(crate) fn require_administrator(principal: &Principal) -> Result<()> {
    require(principal, Scope::Admin)?;
    if principal.administers() {
        return Ok(());
    }
    Err(Error::forbidden("Only a user who administers the server may do this."))
}

/// Gives a new memory the tool and namespace of the key, and refuses a namespace outside of its limits.
pub(crate) fn stamp_new(principal: &Principal, new: &mut NewMemory) -> Result<()> {
    stamp(principal, &mut new.tool, &mut new.namespace)
}

/// The same for a memory of an import.
pub(crate) fn stamp_imported(principal: &Principal, memory: &mut Memory) -> Result<()> {
    stamp(principal, &mut memory.source.tool, &mut memory.namespace)
}

fn stamp(principal: &Principal, tool: &mut ToolName, namespace: &mut Option<Namespace>) -> Result<()> {
    if let Some(own) = principal.tool() {
        tool.clone_from(own);
    }
    if namespace.is_none() {
        *namespace = principal.default_namespace();
    }
    require_namespace(principal, namespace.as_ref())
}

/// A change may not move a memory to another tool or out of the key's namespaces.
pub(crate) fn check_patch(principal: &Principal, patch: &mut MemoryPatch) -> Result<()> {
    if let (Some(_), Some(own)) = (&patch.source.tool, principal.tool()) {
        patch.source.tool = Some(own.clone());
    }
    patch.namespace.as_ref().map_or(Ok(()), |namespace| require_namespace(principal, namespace.as_ref()))
}

/// Refuses to write into a namespace outside of the key's limits.
pub(crate) fn require_namespace(principal: &Principal, namespace: Option<&Namespace>) -> Result<()> {
    if principal.admits(namespace) {
        return Ok(());
    }
    let patterns = principal.writable();
    if patterns.is_empty() {
        return Err(Error::forbidden("What this user shares with you is shared for reading only."));
    }
    Err(Error::forbidden(format!(
        "This key writes only in the namespaces {}; name one of them in `namespace`.",
        patterns.join(", ")
    ))
    .with_detail("namespaces", patterns))
}

/// Conversations are in no namespace, so a key that is limited to some has none.
pub(crate) fn require_conversations(principal: &Principal) -> Result<()> {
    if principal.admits(None) {
        return Ok(());
    }
    Err(Error::forbidden(
        "This key is limited to namespaces, and a conversation is in none; use another key.",
    ))
}

/// Refuses what cannot be done with the memories that another user shares.
pub(crate) fn require_own(principal: &Principal) -> Result<()> {
    if principal.is_at_home() {
        return Ok(());
    }
    Err(Error::forbidden(
        "Only the user whose memories they are may do this; leave `shared_by` out for your own.",
    ))
}

/// What is seen but may not be changed: another tool's, or in a namespace that is shared for reading.
pub(crate) fn not_to_be_changed(principal: &Principal) -> Error {
    match principal.tool() {
        Some(tool) => Error::forbidden(format!(
            "This key changes only what the tool {tool} wrote, and this is another tool's."
        )),
        None => Error::forbidden("This memory is shared with you for reading only."),
    }
}
