//! Users on SQLite.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::users::Removed;
use omp_model::{KeyId, NewUser, OwnerId, Principal, Timestamp, User, UserName};
use omp_search::Analyzer;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, params};

use super::tx::Tx;
use super::{SqliteStore, audit, conversations, handover, jobs, keys, list, rows, shares, snapshot, write};
use crate::Result;
use crate::access::{AccessStore, KeyChange, Removal, StoredKey, StoredUser};
use crate::stored::{FacetKind, pk_range};

/// A conversation takes about as long to remove as this many memories.
const CONVERSATION: u32 = 20;

#[async_trait]
impl AccessStore for SqliteStore {
    async fn access_version(&self) -> Result<(i64, i64)> {
        self.leased_version()
    }

    async fn keys(&self) -> Result<Vec<StoredKey>> {
        self.read(keys::all)
    }

    async fn create_key(&self, by: &Principal, key: &StoredKey) -> Result<()> {
        let (by, key) = (by.clone(), key.clone());
        self.write(move |tx| {
            keys::insert(tx, &key)?;
            audit::one(tx, &by, Action::CreateKey, key.id, key.created_at)
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
        let change = self.write(move |tx| {
            let changed = keys::change(tx, owner, id, change, now)?;
            let action = match change {
                KeyChange::Revoke => Action::RevokeKey,
                KeyChange::Rotate { .. } => Action::RotateKey,
            };
            if changed {
                audit::one(tx, &by, action, id, now)?;
            }
            Ok(changed)
        });
        let changed = change.await?;
        self.settle().await;
        Ok(changed)
    }

    async fn touch_key(&self, id: KeyId, now: Timestamp) -> Result<()> {
        self.write(move |tx| {
            tx.statement("UPDATE keys SET last_used_at = ?2 WHERE id = ?1")?
                .execute(params![id.body(), now.as_millis()])
                .map(drop)
        })
        .await
    }

    async fn users(&self, now: Timestamp) -> Result<Vec<StoredUser>> {
        self.read_long(move |connection| snapshot(connection, || users(connection, now))).await
    }

    async fn create_user(&self, by: &Principal, new: &NewUser, now: Timestamp) -> Result<Option<OwnerId>> {
        let (by, new) = (by.clone(), new.clone());
        let creation = self.write(move |tx| {
            let owner = create(tx, &new, now)?;
            if let Some(owner) = owner {
                audit::one(tx, &by, Action::CreateUser, format!("user:{}", owner.0), now)?;
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
        let step = self.write_bulk(false, move |tx| {
            let removal = remove(tx, owner, heir, limit, now)?;
            let (target, removed) = (format!("user:{}", owner.0), removal.removed);
            let count = removed.memories + removed.conversations;
            audit::record(tx, Some(&by), Action::RemoveUser, Some(&target), count, now)?;
            Ok(removal)
        });
        let removal = step.await?;
        self.settle().await;
        Ok(removal)
    }
}

/// All owners: whoever has memories, or may have some.
pub(super) fn owners(connection: &Connection) -> rusqlite::Result<Vec<OwnerId>> {
    let mut select = connection.prepare_cached("SELECT owner FROM owners")?;
    select.query_map([], |row| Ok(OwnerId(row.get(0)?)))?.collect()
}

fn users(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<StoredUser>> {
    let mut select = connection.prepare_cached(
        "SELECT owner, name, admin, created_at, \
         (SELECT count(*) FROM conversations AS c INDEXED BY conversations_created WHERE c.owner = o.owner), \
         (SELECT count(*) FROM keys AS k WHERE k.owner = o.owner AND k.revoked_at IS NULL \
          AND (k.expires_at IS NULL OR k.expires_at > ?1)) \
         FROM owners AS o ORDER BY owner",
    )?;
    let mut rows = select.query([now.as_millis()])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        let owner = OwnerId(row.get(0)?);
        let unusable = |_| rusqlite::Error::FromSqlConversionFailure(1, Type::Text, "not a name".into());
        let all = list::facet(connection, owner, FacetKind::All, "")?.map_or(0, |facet| facet.n);
        let user = User {
            name: UserName::new(row.get::<_, String>(1)?).map_err(unusable)?,
            admin: row.get(2)?,
            created_at: Timestamp::from_millis(row.get(3)?),
            memories: all.saturating_sub(list::expired(connection, owner, &[], now)?),
            conversations: row.get::<_, i64>(4)?.unsigned_abs(),
            keys: row.get::<_, i64>(5)?.unsigned_abs(),
        };
        users.push(StoredUser { owner, user });
    }
    Ok(users)
}

/// A number is never used twice: an index in memory may still hold what its last owner had.
fn create(tx: &Tx<'_>, new: &NewUser, now: Timestamp) -> rusqlite::Result<Option<OwnerId>> {
    if tx.statement("SELECT 1 FROM owners WHERE name = ?1")?.exists([new.name.as_str()])? {
        return Ok(None);
    }
    let last: Option<u32> = tx
        .statement("SELECT value FROM settings WHERE name = 'last_owner'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    let owner = last.unwrap_or(OwnerId::FIRST.0) + 1;
    tx.statement("INSERT OR REPLACE INTO settings (name, value) VALUES ('last_owner', ?1)")?
        .execute([owner])?;
    tx.statement("INSERT INTO owners (owner, name, next_pk, created_at, admin) VALUES (?1, ?2, 0, ?3, ?4)")?
        .execute(params![owner, new.name.as_str(), now.as_millis(), new.admin])?;
    keys::changed(tx)?;
    Ok(Some(OwnerId(owner)))
}

/// One step of a removal.
fn remove(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    heir: Option<OwnerId>,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Removal> {
    // Nobody may go on writing, or seeing, what is being removed.
    let revoked = tx
        .statement(
            "UPDATE keys SET revoked_at = ?2, former_hash = NULL WHERE owner = ?1 AND revoked_at IS NULL",
        )?
        .execute(params![owner.0, now.as_millis()])?;
    if revoked > 0 {
        keys::changed(tx)?;
    }
    shares::end_all(tx, owner)?;
    jobs::remove_all(tx, owner)?;
    let mut removed = Removed::default();
    let (first, last) = pk_range(owner);
    let pks: Vec<i64> = tx
        .statement("SELECT pk FROM memories WHERE pk BETWEEN ?1 AND ?2 ORDER BY pk LIMIT ?3")?
        .query_map(params![first, last, limit], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let memories = rows::by_pk(tx.connection(), &pks, false)?;
    let mut analyzer = Analyzer::new();
    for (pk, memory) in pks.iter().zip(&memories) {
        match heir.filter(|_| !memory.is_expired(now)) {
            Some(heir) => {
                let renamed = handover::memory(tx, (owner, heir), *pk, memory, &mut analyzer, now)?;
                removed.renamed += u64::from(renamed);
            }
            None => write::delete(tx, owner, *pk, memory, now)?,
        }
        removed.memories += u64::from(!memory.is_expired(now));
    }
    if !pks.is_empty() {
        return Ok(Removal { removed, done: false });
    }
    // A conversation has the words of many memories.
    let limit = limit.div_ceil(CONVERSATION);
    if let Some(heir) = heir {
        (removed.conversations, removed.renamed) = handover::conversations(tx, (owner, heir), limit)?;
    } else {
        let pks: Vec<i64> = tx
            .statement("SELECT pk FROM conversations WHERE owner = ?1 ORDER BY id LIMIT ?2")?
            .query_map([owner.0, limit], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        pks.iter().try_for_each(|pk| conversations::delete_row(tx, *pk))?;
        removed.conversations = pks.len() as u64;
    }
    let done = removed.conversations < u64::from(limit);
    if done {
        forget_owner(tx, owner)?;
    }
    Ok(Removal { removed, done })
}

/// Removes an owner who has nothing left.
fn forget_owner(tx: &mut Tx<'_>, owner: OwnerId) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM facets WHERE owner = ?1",
        "DELETE FROM tombstones WHERE owner = ?1",
        "DELETE FROM envelopes WHERE owner = ?1",
        "DELETE FROM conversation_totals WHERE owner = ?1",
        "DELETE FROM keys WHERE owner = ?1",
        "DELETE FROM owners WHERE owner = ?1",
    ] {
        tx.statement(sql)?.execute([owner.0])?;
    }
    tx.forget_facets();
    keys::changed(tx)
}
