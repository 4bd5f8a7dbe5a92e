//! Moving and removing whole namespaces on SQLite.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{Memory, Namespace, OwnerId, Principal, Timestamp};
use rusqlite::params;

use super::tx::Tx;
use super::{SqliteStore, audit, list, rows, shares, write};
use crate::Result;
use crate::namespaces::{NamespaceStore, Progress};
use crate::stored::FacetKind;

#[async_trait]
impl NamespaceStore for SqliteStore {
    async fn move_namespace(
        &self,
        by: &Principal,
        from: &Namespace,
        to: Option<&Namespace>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Progress> {
        let (by, from, to) = (by.clone(), from.clone(), to.cloned());
        let step = self.write_bulk(false, move |tx| {
            let found = first(tx, by.owner, &from, limit)?;
            if let Some(to) = to.as_ref().filter(|_| !found.is_empty())
                && list::facet(tx.connection(), by.owner, FacetKind::Namespace, to.as_str())?.is_none()
            {
                shares::rename(tx, by.owner, &from, to)?;
            }
            let step = step(tx, found, limit, |tx, pk, mut before| {
                if before.is_expired(now) {
                    return write::delete(tx, by.owner, pk, &before, now);
                }
                before.embedding = rows::supplied_embedding(tx.connection(), pk)?;
                let updated_at = now.max(before.updated_at.plus_millis(1));
                let after = Memory { namespace: to.clone(), updated_at, ..before.clone() };
                write::update(tx, by.owner, pk, &before, &after, now)
            })?;
            finish(tx, &by, &from, Action::MoveNamespace, step, now)
        });
        self.settled(step.await?).await
    }

    async fn delete_namespace(
        &self,
        by: &Principal,
        namespace: &Namespace,
        limit: u32,
        now: Timestamp,
    ) -> Result<Progress> {
        let (by, namespace) = (by.clone(), namespace.clone());
        let step = self.write_bulk(false, move |tx| {
            let found = first(tx, by.owner, &namespace, limit)?;
            let step =
                step(tx, found, limit, |tx, pk, memory| write::delete(tx, by.owner, pk, &memory, now))?;
            finish(tx, &by, &namespace, Action::DeleteNamespace, step, now)
        });
        self.settled(step.await?).await
    }
}

impl SqliteStore {
    /// Shares end with the last step.
    async fn settled(&self, step: Progress) -> Result<Progress> {
        if step.done {
            self.settle().await;
        }
        Ok(step)
    }
}

/// The row numbers of the first memories of a namespace.
fn first(tx: &Tx<'_>, owner: OwnerId, namespace: &Namespace, limit: u32) -> rusqlite::Result<Vec<i64>> {
    let Some(facet) = list::facet(tx.connection(), owner, FacetKind::Namespace, namespace.as_str())? else {
        return Ok(Vec::new());
    };
    tx.statement("SELECT pk FROM facet_entries WHERE owner = ?1 AND facet = ?2 ORDER BY at, id LIMIT ?3")?
        .query_map(params![owner.0, facet.id, limit], |row| row.get(0))?
        .collect()
}

fn step(
    tx: &mut Tx<'_>,
    found: Vec<i64>,
    limit: u32,
    mut each: impl FnMut(&mut Tx<'_>, i64, Memory) -> rusqlite::Result<()>,
) -> rusqlite::Result<Progress> {
    let memories = rows::by_pk(tx.connection(), &found, false)?;
    let progress = Progress { memories: memories.len() as u64, done: found.len() < limit as usize };
    for (pk, memory) in found.into_iter().zip(memories) {
        each(tx, pk, memory)?;
    }
    Ok(progress)
}

fn finish(
    tx: &Tx<'_>,
    by: &Principal,
    namespace: &Namespace,
    action: Action,
    step: Progress,
    now: Timestamp,
) -> rusqlite::Result<Progress> {
    if step.done {
        shares::end(tx, by.owner, namespace)?;
    }
    if step.memories > 0 {
        audit::record(tx, Some(by), action, None, step.memories, now)?;
    }
    Ok(step)
}
