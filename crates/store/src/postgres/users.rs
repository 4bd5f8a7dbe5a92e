//! Users on PostgreSQL.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::users::Removed;
use omp_model::{KeyId, Memory, NewUser, OwnerId, Principal, Timestamp, User, UserName};
use omp_search::Analyzer;

use super::session::{Columns, number, unusable};
use super::tx::Tx;
use super::{PostgresStore, audit, handover, jobs, keys, rows, shares, write};
use crate::Result;
use crate::access::{AccessStore, KeyChange, Removal, StoredKey, StoredUser};

/// A conversation takes as long to remove as so many memories, about.
const CONVERSATION: u32 = 20;

#[async_trait]
impl AccessStore for PostgresStore {
    async fn access_version(&self) -> Result<(i64, i64)> {
        self.leased_version().await
    }

    async fn keys(&self) -> Result<Vec<StoredKey>> {
        keys::all(&self.read_all().await?).await
    }

    async fn create_key(&self, by: &Principal, key: &StoredKey) -> Result<()> {
        let (by, key) = (by.clone(), key.clone());
        self.write_all(async move |tx| {
            keys::insert(tx, &key).await?;
            audit::one(tx, &by, Action::CreateKey, key.id, key.created_at);
            Ok(())
        })
        .await?;
        self.settle().await;
        Ok(())
    }

    async fn change_key(
        &self,
        by: &Principal,
        owner: Option<OwnerId>,
        id: KeyId,
        change: KeyChange,
        now: Timestamp,
    ) -> Result<bool> {
        let by = by.clone();
        let change = self.write_all(async move |tx| {
            let changed = keys::change(tx, owner, id, change, now).await?;
            let action = match change {
                KeyChange::Revoke => Action::RevokeKey,
                KeyChange::Rotate { .. } => Action::RotateKey,
            };
            if changed {
                audit::one(tx, &by, action, id, now);
            }
            Ok(changed)
        });
        let changed = change.await?;
        self.settle().await;
        Ok(changed)
    }

    async fn touch_key(&self, id: KeyId, now: Timestamp) -> Result<()> {
        self.write_all(async move |tx| {
            let sql = "UPDATE keys SET last_used_at = $2 WHERE id = $1";
            tx.execute(sql, &[&id.body(), &now.as_millis()]).await.map(drop)
        })
        .await
    }

    async fn users(&self, now: Timestamp) -> Result<Vec<StoredUser>> {
        let sql = "SELECT owner, name, admin, created_at, \
             coalesce((SELECT n FROM facets AS f WHERE f.owner = o.owner AND kind = 'all' AND value = ''), 0) \
             - (SELECT count(*) FROM memories AS m WHERE m.owner = o.owner AND m.expires_at <= $1), \
             (SELECT count(*) FROM conversations AS c WHERE c.owner = o.owner), \
             (SELECT count(*) FROM keys AS k WHERE k.owner = o.owner AND k.revoked_at IS NULL \
              AND (k.expires_at IS NULL OR k.expires_at > $1)) \
             FROM owners AS o ORDER BY owner";
        let rows = self.read_all().await?.rows(sql, &[&now.as_millis()]).await?;
        rows.iter()
            .map(|row| {
                let user = User {
                    name: UserName::new(row.column::<&str>(1)?).map_err(|_| unusable(1))?,
                    admin: row.column(2)?,
                    created_at: Timestamp::from_millis(row.column(3)?),
                    memories: row.count(4)?,
                    conversations: row.count(5)?,
                    keys: row.count(6)?,
                };
                Ok(StoredUser { owner: OwnerId(row.column::<i32>(0)?.cast_unsigned()), user })
            })
            .collect()
    }

    async fn create_user(&self, by: &Principal, new: &NewUser, now: Timestamp) -> Result<Option<OwnerId>> {
        let (by, new) = (by.clone(), new.clone());
        let creation = self.write_all(async move |tx| {
            let owner = create(tx, &new, now).await?;
            if let Some(owner) = owner {
                audit::one(tx, &by, Action::CreateUser, format!("user:{}", owner.0), now);
            }
            Ok(owner)
        });
        let owner = creation.await?;
        self.settle().await;
        Ok(owner)
    }

    async fn remove_user(
        &self,
        by: &Principal,
        owner: OwnerId,
        heir: Option<OwnerId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Removal> {
        let by = by.clone();
        let step = self.write_bulk(None, async move |tx| {
            let removal = remove(tx, owner, heir, limit, now).await?;
            let (target, removed) = (format!("user:{}", owner.0), removal.removed);
            let count = removed.memories + removed.conversations;
            audit::record(tx, Some(&by), Action::RemoveUser, Some(target), count, now);
            Ok(removal)
        });
        let removal = step.await?;
        self.settle().await;
        Ok(removal)
    }
}

/// A number is never used twice: an index in memory may still hold what its last owner had.
async fn create(tx: &mut Tx, new: &NewUser, now: Timestamp) -> Result<Option<OwnerId>> {
    // This row's lock makes servers take turns, so a name that is free stays free.
    let sql = "INSERT INTO settings (name, value) VALUES ('last_owner', $1) \
         ON CONFLICT (name) DO UPDATE SET value = settings.value RETURNING value";
    let last: i64 = tx.one(sql, &[&i64::from(OwnerId::FIRST.0)]).await?.column(0)?;
    if tx.row("SELECT 1 FROM owners WHERE name = $1", &[&new.name.as_str()]).await?.is_some() {
        return Ok(None);
    }
    let owner = i32::try_from(last + 1).map_err(|_| unusable(0))?;
    tx.execute("UPDATE settings SET value = $1 WHERE name = 'last_owner'", &[&i64::from(owner)]).await?;
    tx.execute(
        "INSERT INTO owners (owner, name, created_at, admin) VALUES ($1, $2, $3, $4)",
        &[&owner, &new.name.as_str(), &now.as_millis(), &new.admin],
    )
    .await?;
    tx.access_changed();
    Ok(Some(OwnerId(owner.cast_unsigned())))
}

/// One step of a removal.
async fn remove(
    tx: &mut Tx,
    owner: OwnerId,
    heir: Option<OwnerId>,
    limit: u32,
    now: Timestamp,
) -> Result<Removal> {
    let mut both: Vec<OwnerId> = heir.into_iter().chain([owner]).collect();
    both.sort_unstable();
    tx.lock(&both).await?;
    // Nobody may go on writing, or seeing, what is being removed.
    let sql = "UPDATE keys SET revoked_at = $2, former_hash = NULL WHERE owner = $1 AND revoked_at IS NULL";
    if tx.execute(sql, &[&number(owner), &now.as_millis()]).await? > 0 {
        tx.access_changed();
    }
    shares::end_all(tx, owner).await?;
    jobs::remove_all(tx, owner).await?;
    let mut removed = Removed::default();
    let sql =
        format!("SELECT {} FROM memories AS m WHERE m.owner = $1 ORDER BY m.pk LIMIT $2", rows::COLUMNS);
    let found = tx.rows(&sql, &[&number(owner), &i64::from(limit)]).await?;
    let found: Vec<(i64, Memory)> = found.iter().map(rows::numbered).collect::<Result<_>>()?;
    let mut analyzer = Analyzer::new();
    for (pk, memory) in &found {
        match heir.filter(|_| !memory.is_expired(now)) {
            Some(heir) => {
                let renamed = handover::memory(tx, (owner, heir), *pk, memory, &mut analyzer, now).await?;
                removed.renamed += u64::from(renamed);
            }
            None => write::delete(tx, owner, *pk, memory, now).await?,
        }
        removed.memories += u64::from(!memory.is_expired(now));
    }
    if !found.is_empty() {
        return Ok(Removal { removed, done: false });
    }
    // A conversation has the words of many memories.
    let limit = limit.div_ceil(CONVERSATION);
    if let Some(heir) = heir {
        (removed.conversations, removed.renamed) = handover::conversations(tx, (owner, heir), limit).await?;
    } else {
        let sql = "DELETE FROM conversations WHERE owner = $1 AND pk IN \
             (SELECT pk FROM conversations WHERE owner = $1 ORDER BY id LIMIT $2)";
        removed.conversations = tx.execute(sql, &[&number(owner), &i64::from(limit)]).await?;
    }
    let done = removed.conversations < u64::from(limit);
    if done {
        forget_owner(tx, owner).await?;
    }
    Ok(Removal { removed, done })
}

/// Removes an owner who has nothing left.
async fn forget_owner(tx: &mut Tx, owner: OwnerId) -> Result<()> {
    for sql in [
        "DELETE FROM facets WHERE owner = $1",
        "DELETE FROM tombstones WHERE owner = $1",
        "DELETE FROM envelopes WHERE owner = $1",
        "DELETE FROM conversation_totals WHERE owner = $1",
        "DELETE FROM keys WHERE owner = $1",
        "DELETE FROM owners WHERE owner = $1",
    ] {
        tx.execute(sql, &[&number(owner)]).await?;
    }
    tx.forget(owner);
    tx.access_changed();
    Ok(())
}
