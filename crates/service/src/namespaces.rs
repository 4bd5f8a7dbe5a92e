//! Whole namespaces: listing, moving, removing them.

use omp_model::api::{NamespaceCount, NamespaceList};
use omp_model::{Error, Filter, ListQuery, Namespace, Principal, Result};

use crate::Service;
use crate::access::{require, require_change, require_namespace, require_own};
use crate::failure::shown;
use crate::shares::name;

/// Namespaces of one answer.
const NAMESPACES: u32 = 1_000;
/// Memories that are moved at once: each writes its version and a few list entries.
const MOVED: u32 = 200;
/// Memories that are removed at once: taking the words of one out of the index costs about a millisecond.
const REMOVED: u32 = 50;

impl Service {
    /// The namespaces that memories are in, by name: those that the key sees, with what it sees in them.
    pub async fn namespaces(&self, principal: Principal) -> Result<NamespaceList> {
        require(&principal, omp_model::Scope::Read)?;
        let all = self.store.namespaces(principal.owner, NAMESPACES).await.map_err(shown)?;
        let mut namespaces = Vec::new();
        let seen = |name: &Namespace| principal.sight().is_none_or(|limits| limits.admits(Some(name)));
        for (namespace, mut memories) in all.into_iter().filter(|(name, _)| seen(name)) {
            // The counters are everybody's; a key for one tool counts that tool's.
            if principal.sight().is_some_and(|limits| limits.only_tool().is_some()) {
                let filter = Filter { namespace: Some(namespace.clone()), ..Filter::default() };
                let query = ListQuery { filter, limit: 1, ..ListQuery::default() };
                memories = self.list_memories(principal.clone(), &query).await?.total;
            }
            if memories > 0 {
                namespaces.push(NamespaceCount { namespace, memories });
            }
        }
        Ok(NamespaceList { namespaces })
    }

    /// Moves every memory of a namespace to another one; tells how many there were. Into a namespace that nothing is in
    /// this is a rename: its shares go along.
    pub async fn move_namespace(
        &self,
        principal: Principal,
        from: &str,
        to: Option<Namespace>,
    ) -> Result<u64> {
        let from = whole(&principal, from)?;
        require_namespace(&principal, to.as_ref())?;
        if to.as_ref() == Some(&from) {
            return Err(Error::invalid("to", "must be another namespace"));
        }
        let mut moved = 0;
        loop {
            let step = self.store.move_namespace(&principal, &from, to.as_ref(), MOVED, self.clock.now());
            let step = step.await.map_err(shown)?;
            moved += step.memories;
            if step.done {
                return Ok(moved);
            }
        }
    }

    /// Deletes every memory of a namespace for good; tells how many there were.
    pub async fn delete_namespace(&self, principal: Principal, namespace: &str) -> Result<u64> {
        let namespace = whole(&principal, namespace)?;
        let mut deleted = 0;
        loop {
            let step = self.store.delete_namespace(&principal, &namespace, REMOVED, self.clock.now());
            let step = step.await.map_err(shown)?;
            deleted += step.memories;
            if step.done {
                return Ok(deleted);
            }
        }
    }
}

/// The namespace, for whoever may change everything in it.
fn whole(principal: &Principal, namespace: &str) -> Result<Namespace> {
    require_change(principal)?;
    require_own(principal)?;
    let namespace = name(namespace)?;
    require_namespace(principal, Some(&namespace))?;
    match principal.tool() {
        None => Ok(namespace),
        Some(tool) => Err(Error::forbidden(format!(
            "This key changes only what the tool {tool} wrote; a whole namespace needs another key."
        ))),
    }
}
