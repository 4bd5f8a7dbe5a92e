//! Shares on SQLite.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::shares::Share;
use omp_model::{Namespace, OwnerId, Principal, ShareAccess, Timestamp, UserName};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::tx::Tx;
use super::{SqliteStore, audit, keys};
use crate::Result;
use crate::shares::{ShareStore, StoredShare};

#[async_trait]
impl ShareStore for SqliteStore {
    async fn shares(&self) -> Result<Vec<StoredShare>> {
        self.read(all)
    }

    async fn share(
        &self,
        by: &Principal,
        namespace: &Namespace,
        user: OwnerId,
        access: ShareAccess,
        now: Timestamp,
    ) -> Result<bool> {
        let (by, namespace) = (by.clone(), namespace.clone());
        let sharing = self.write(move |tx| {
            if !tx.statement("SELECT 1 FROM owners WHERE owner = ?1")?.exists([user.0])? {
                return Ok(false);
            }
            tx.statement(
                "INSERT INTO shares (owner, namespace, user, may_write, created_at) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (owner, namespace, user) DO UPDATE SET may_write = excluded.may_write",
            )?
            .execute(params![
                by.owner.0,
                namespace.as_str(),
                user.0,
                access == ShareAccess::Write,
                now.as_millis()
            ])?;
            keys::changed(tx)?;
            audit::one(tx, &by, Action::ShareNamespace, format!("user:{}", user.0), now)?;
            Ok(true)
        });
        let shared = sharing.await?;
        self.settle().await;
        Ok(shared)
    }

    async fn unshare(
        &self,
        by: &Principal,
        namespace: &Namespace,
        user: OwnerId,
        now: Timestamp,
    ) -> Result<bool> {
        let (by, namespace) = (by.clone(), namespace.clone());
        let ending = self.write(move |tx| {
            let ended = tx
                .statement("DELETE FROM shares WHERE owner = ?1 AND namespace = ?2 AND user = ?3")?
                .execute(params![by.owner.0, namespace.as_str(), user.0])?;
            if ended > 0 {
                keys::changed(tx)?;
                audit::one(tx, &by, Action::UnshareNamespace, format!("user:{}", user.0), now)?;
            }
            Ok(ended > 0)
        });
        let ended = ending.await?;
        self.settle().await;
        Ok(ended)
    }
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<StoredShare>> {
    connection
        .prepare_cached(
            "SELECT s.owner, s.user, o.name, s.namespace, u.name, s.may_write, s.created_at FROM shares AS s \
             JOIN owners AS o ON o.owner = s.owner JOIN owners AS u ON u.owner = s.user \
             ORDER BY o.name, s.namespace, u.name",
        )?
        .query_map([], stored)?
        .collect()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredShare> {
    let unusable =
        |column| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a valid value".into());
    let name = |column| UserName::new(row.get::<_, String>(column)?).map_err(|_| unusable(column));
    Ok(StoredShare {
        owner: OwnerId(row.get(0)?),
        user: OwnerId(row.get(1)?),
        share: Share {
            owner: name(2)?,
            namespace: Namespace::new(row.get::<_, String>(3)?).map_err(|_| unusable(3))?,
            user: name(4)?,
            access: if row.get(5)? { ShareAccess::Write } else { ShareAccess::Read },
            created_at: Timestamp::from_millis(row.get(6)?),
        },
    })
}

/// A namespace has another name; who sees it goes on seeing it.
pub(super) fn rename(tx: &Tx<'_>, owner: OwnerId, from: &Namespace, to: &Namespace) -> rusqlite::Result<()> {
    let renamed = tx
        .statement("UPDATE OR IGNORE shares SET namespace = ?3 WHERE owner = ?1 AND namespace = ?2")?
        .execute(params![owner.0, from.as_str(), to.as_str()])?;
    if renamed > 0 { keys::changed(tx) } else { Ok(()) }
}

/// A namespace is there no more: who saw it would see whatever comes into one of the same name.
pub(super) fn end(tx: &Tx<'_>, owner: OwnerId, namespace: &Namespace) -> rusqlite::Result<()> {
    let ended = tx
        .statement("DELETE FROM shares WHERE owner = ?1 AND namespace = ?2")?
        .execute(params![owner.0, namespace.as_str()])?;
    if ended > 0 { keys::changed(tx) } else { Ok(()) }
}

/// All of an owner's end, and those with them.
pub(super) fn end_all(tx: &Tx<'_>, owner: OwnerId) -> rusqlite::Result<()> {
    let ended = tx.statement("DELETE FROM shares WHERE owner = ?1 OR user = ?1")?.execute([owner.0])?;
    if ended > 0 { keys::changed(tx) } else { Ok(()) }
}
