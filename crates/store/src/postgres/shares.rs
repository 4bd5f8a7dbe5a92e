//! Shares on PostgreSQL.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::shares::Share;
use omp_model::{Namespace, OwnerId, Principal, ShareAccess, Timestamp, UserName};
use tokio_postgres::Row;

use super::session::{Columns, number, unusable};
use super::tx::Tx;
use super::{PostgresStore, audit, rows};
use crate::Result;
use crate::shares::{ShareStore, StoredShare};

#[async_trait]
impl ShareStore for PostgresStore {
    async fn shares(&self) -> Result<Vec<StoredShare>> {
        let sql = "SELECT s.owner, s.guest, o.name, s.namespace, u.name, s.may_write, s.created_at FROM shares AS s \
             JOIN owners AS o ON o.owner = s.owner JOIN owners AS u ON u.owner = s.guest \
             ORDER BY o.name, s.namespace, u.name";
        self.read_all().await?.rows(sql, &[]).await?.iter().map(stored).collect()
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
        let sharing = self.write(by.owner, async move |tx| {
            // The key lock keeps the user from being removed meanwhile.
            let there = "SELECT 1 FROM owners WHERE owner = $1 FOR KEY SHARE";
            if tx.row(there, &[&number(user)]).await?.is_none() {
                return Ok(false);
            }
            tx.execute(
                "INSERT INTO shares (owner, namespace, guest, may_write, created_at) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (owner, namespace, guest) DO UPDATE SET may_write = excluded.may_write",
                &[
                    &number(by.owner),
                    &namespace.as_str(),
                    &number(user),
                    &(access == ShareAccess::Write),
                    &now.as_millis(),
                ],
            )
            .await?;
            tx.access_changed();
            audit::one(tx, &by, Action::ShareNamespace, format!("user:{}", user.0), now);
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
        let ending = self.write(by.owner, async move |tx| {
            let sql = "DELETE FROM shares WHERE owner = $1 AND namespace = $2 AND guest = $3";
            let ended = tx.execute(sql, &[&number(by.owner), &namespace.as_str(), &number(user)]).await?;
            if ended > 0 {
                tx.access_changed();
                audit::one(tx, &by, Action::UnshareNamespace, format!("user:{}", user.0), now);
            }
            Ok(ended > 0)
        });
        let ended = ending.await?;
        self.settle().await;
        Ok(ended)
    }
}

fn stored(row: &Row) -> Result<StoredShare> {
    let owner = |column| row.column::<i32>(column).map(|owner| OwnerId(owner.cast_unsigned()));
    let name = |column| UserName::new(row.column::<&str>(column)?).map_err(|_| unusable(column));
    Ok(StoredShare {
        owner: owner(0)?,
        user: owner(1)?,
        share: Share {
            owner: name(2)?,
            namespace: rows::namespace(row, 3)?.ok_or_else(|| unusable(3))?,
            user: name(4)?,
            access: if row.column(5)? { ShareAccess::Write } else { ShareAccess::Read },
            created_at: Timestamp::from_millis(row.column(6)?),
        },
    })
}

/// A namespace has another name; who sees it goes on seeing it.
pub(super) async fn rename(tx: &mut Tx, owner: OwnerId, from: &Namespace, to: &Namespace) -> Result<()> {
    let renamed = tx
        .execute(
            "UPDATE shares AS s SET namespace = $3 WHERE owner = $1 AND namespace = $2 AND NOT EXISTS ( \
             SELECT 1 FROM shares AS t WHERE t.owner = $1 AND t.namespace = $3 AND t.guest = s.guest)",
            &[&number(owner), &from.as_str(), &to.as_str()],
        )
        .await?;
    if renamed > 0 {
        tx.access_changed();
    }
    Ok(())
}

/// A namespace is there no more: who saw it would see whatever comes into one of the same name.
pub(super) async fn end(tx: &mut Tx, owner: OwnerId, namespace: &Namespace) -> Result<()> {
    let sql = "DELETE FROM shares WHERE owner = $1 AND namespace = $2";
    if tx.execute(sql, &[&number(owner), &namespace.as_str()]).await? > 0 {
        tx.access_changed();
    }
    Ok(())
}

/// All of an owner's end, and those with them.
pub(super) async fn end_all(tx: &mut Tx, owner: OwnerId) -> Result<()> {
    let sql = "DELETE FROM shares WHERE owner = $1 OR guest = $1";
    if tx.execute(sql, &[&number(owner)]).await? > 0 {
        tx.access_changed();
    }
    Ok(())
}
