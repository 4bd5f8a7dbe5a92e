//! Moving and removing whole namespaces on PostgreSQL.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{Memory, Namespace, OwnerId, Principal, Timestamp};

use super::session::number;
use super::tx::Tx;
use super::{PostgresStore, audit, rows, shares, write};
use crate::Result;
use crate::namespaces::{NamespaceStore, Progress};

#[async_trait]
impl NamespaceStore for PostgresStore {
    async fn move_namespace(
        &self,
        by: &Principal,
        from: &Namespace,
        to: Option<&Namespace>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Progress> {
        let (by, from, to) = (by.clone(), from.clone(), to.cloned());
        let step = self.write_bulk(Some(by.owner), async move |tx| {
            let found = first(tx, by.owner, &from, limit).await?;
            if let Some(to) = to.as_ref().filter(|_| !found.is_empty())
                && first(tx, by.owner, to, 1).await?.is_empty()
            {
                shares::rename(tx, by.owner, &from, to).await?;
            }
            let step = Progress { memories: found.len() as u64, done: found.len() < limit as usize };
            let pks: Vec<i64> = found.iter().map(|(pk, _)| *pk).collect();
            let mut embeddings = rows::supplied_embeddings(tx, by.owner, &pks).await?;
            for (pk, mut before) in found {
                if before.is_expired(now) {
                    write::delete(tx, by.owner, pk, &before, now).await?;
                    continue;
                }
                before.embedding = embeddings.remove(&pk);
                let updated_at = now.max(before.updated_at.plus_millis(1));
                let after = Memory { namespace: to.clone(), updated_at, ..before.clone() };
                write::update(tx, by.owner, pk, &before, &after, now).await?;
            }
            finish(tx, &by, &from, Action::MoveNamespace, step, now).await
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
        let step = self.write_bulk(Some(by.owner), async move |tx| {
            let found = first(tx, by.owner, &namespace, limit).await?;
            let step = Progress { memories: found.len() as u64, done: found.len() < limit as usize };
            for (pk, memory) in found {
                write::delete(tx, by.owner, pk, &memory, now).await?;
            }
            finish(tx, &by, &namespace, Action::DeleteNamespace, step, now).await
        });
        self.settled(step.await?).await
    }
}

impl PostgresStore {
    /// Shares end with the last step.
    async fn settled(&self, step: Progress) -> Result<Progress> {
        if step.done {
            self.settle().await;
        }
        Ok(step)
    }
}

/// The first memories of a namespace.
async fn first(tx: &Tx, owner: OwnerId, namespace: &Namespace, limit: u32) -> Result<Vec<(i64, Memory)>> {
    let sql = format!(
        "SELECT {} FROM memories AS m WHERE m.owner = $1 AND m.namespace = $2 ORDER BY m.created_at, m.id LIMIT $3",
        rows::COLUMNS
    );
    let found = tx.rows(&sql, &[&number(owner), &namespace.as_str(), &i64::from(limit)]).await?;
    found.iter().map(rows::numbered).collect()
}

async fn finish(
    tx: &mut Tx,
    by: &Principal,
    namespace: &Namespace,
    action: Action,
    step: Progress,
    now: Timestamp,
) -> Result<Progress> {
    if step.done {
        shares::end(tx, by.owner, namespace).await?;
    }
    if step.memories > 0 {
        audit::record(tx, Some(by), action, None, step.memories, now);
    }
    Ok(step)
}
