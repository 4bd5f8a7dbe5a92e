//! The versions of memories on PostgreSQL.

use std::collections::HashSet;

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{History, HistoryQuery, Memory, MemoryId, OwnerId, Principal, Timestamp, Version};
use tokio_postgres::Row;

use super::memories::{find_seen, find_to_change};
use super::session::{Columns, Session, number, unusable};
use super::tx::Tx;
use super::{PostgresStore, audit, rows, succession, write};
use crate::versions::{MOST_VERSIONS, restored};
use crate::{Changed, Restored, Result, VersionStore};

/// The former version that was kept last: its number, and until when it held.
type Last = Option<(u64, Timestamp)>;

#[async_trait]
impl VersionStore for PostgresStore {
    async fn history(
        &self,
        by: &Principal,
        id: MemoryId,
        query: HistoryQuery,
        now: Timestamp,
    ) -> Result<Option<History>> {
        let session = self.read(by.owner).await?;
        let Some((pk, memory)) = find_seen(&session, by, id, now).await? else { return Ok(None) };
        let last = last(&session, by.owner, pk).await?;
        let successor = succession::successor(&session, by.owner, pk, now).await?;
        let present = Version {
            version: last.map_or(1, |(number, _)| number + 1),
            valid_from: last.map_or(memory.created_at, |(_, until)| until),
            valid_to: successor.map(|(at, _)| at),
            memory,
        };
        let (versions, total) = if by.sight().is_none() {
            let total = count(&session, by.owner, pk).await? + 1;
            (page(&session, by.owner, pk, present, query).await?, total)
        } else {
            // A memory has few versions, so those that lie within the key's limits are counted by looking.
            let everything = HistoryQuery { limit: MOST_VERSIONS + 1, offset: 0 };
            let mut seen = page(&session, by.owner, pk, present, everything).await?;
            seen.retain(|version| by.sees(&version.memory));
            let total = seen.len() as u64;
            let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
            (seen.into_iter().skip(offset).take(query.limit as usize).collect(), total)
        };
        let mut history = History {
            versions,
            total,
            supersedes: succession::predecessor(&session, by.owner, id, now).await?,
            superseded_by: successor.map(|(_, id)| id),
        };
        // What whoever asks may not see is not named either.
        for neighbour in [&mut history.supersedes, &mut history.superseded_by] {
            if let Some(id) = *neighbour
                && find_seen(&session, by, id, now).await?.is_none()
            {
                *neighbour = None;
            }
        }
        Ok(Some(history))
    }

    async fn superseded(
        &self,
        owner: OwnerId,
        ids: &[MemoryId],
        now: Timestamp,
    ) -> Result<HashSet<MemoryId>> {
        succession::superseded(&self.read(owner).await?, owner, ids, now).await
    }

    async fn restore_version(
        &self,
        by: &Principal,
        id: MemoryId,
        version: u64,
        now: Timestamp,
    ) -> Result<Restored> {
        let by = by.clone();
        self.write(by.owner, async move |tx| {
            let (pk, mut before) = match find_to_change(tx, &by, id, now).await? {
                Changed::Done(found) => found,
                Changed::Missing => return Ok(Restored::NoMemory),
                Changed::Refused => return Ok(Restored::Refused),
            };
            before.embedding = rows::supplied_embedding(tx, by.owner, pk).await?;
            let newest = last(tx, by.owner, pk).await?.map_or(1, |(number, _)| number + 1);
            let kept = match kept(tx, by.owner, pk, version).await? {
                Some(kept) => kept,
                None if version == newest => before.clone(),
                None => {
                    let oldest = newest.saturating_sub(count(tx, by.owner, pk).await?).max(1);
                    return Ok(Restored::NoVersion { oldest, newest });
                }
            };
            let mut after = restored(&before, kept, now);
            // What it was may lie where this key may not write.
            if !by.sees(&after) || !by.may_change(&after) {
                return Ok(Restored::Refused);
            }
            write::update(tx, by.owner, pk, &before, &after, now).await?;
            audit::one(tx, &by, Action::RestoreMemory, id, now);
            after.embedding = None;
            Ok(Restored::Memory(Box::new(after)))
        })
        .await
    }
}

/// The memory itself is the newest version; the former ones are rows.
async fn page(
    session: &Session,
    owner: OwnerId,
    pk: i64,
    present: Version,
    query: HistoryQuery,
) -> Result<Vec<Version>> {
    let (mut versions, mut limit, mut offset) = (Vec::new(), i64::from(query.limit), query.offset);
    if offset == 0 {
        versions.push(present);
        limit -= 1;
    } else {
        offset -= 1;
    }
    let sql = "SELECT version, memory, valid_from, valid_to FROM versions WHERE owner = $1 AND pk = $2 \
         ORDER BY version DESC LIMIT $3 OFFSET $4";
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    for row in session.rows(sql, &[&number(owner), &pk, &limit, &offset]).await? {
        versions.push(Version {
            version: row.count(0)?,
            memory: stored(&row, 1)?,
            valid_from: Timestamp::from_millis(row.column(2)?),
            valid_to: Some(Timestamp::from_millis(row.column(3)?)),
        });
    }
    Ok(versions)
}

fn stored(row: &Row, column: usize) -> Result<Memory> {
    serde_json::from_str(row.column(column)?).map_err(|_| unusable(column))
}

async fn last(session: &Session, owner: OwnerId, pk: i64) -> Result<Last> {
    let sql =
        "SELECT version, valid_to FROM versions WHERE owner = $1 AND pk = $2 ORDER BY version DESC LIMIT 1";
    let row = session.row(sql, &[&number(owner), &pk]).await?;
    row.map(|row| Ok((row.count(0)?, Timestamp::from_millis(row.column(1)?)))).transpose()
}

async fn count(session: &Session, owner: OwnerId, pk: i64) -> Result<u64> {
    let sql = "SELECT count(*) FROM versions WHERE owner = $1 AND pk = $2";
    session.one(sql, &[&number(owner), &pk]).await?.count(0)
}

async fn kept(session: &Session, owner: OwnerId, pk: i64, version: u64) -> Result<Option<Memory>> {
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    let sql = "SELECT memory FROM versions WHERE owner = $1 AND pk = $2 AND version = $3";
    let row = session.row(sql, &[&number(owner), &pk, &version]).await?;
    row.map(|row| stored(&row, 0)).transpose()
}

/// Keeps what a memory was until `now`.
pub(super) async fn keep(tx: &Tx, owner: OwnerId, pk: i64, before: &Memory, now: Timestamp) -> Result<()> {
    let last = last(tx, owner, pk).await?;
    let version = i64::try_from(last.map_or(1, |(number, _)| number + 1)).unwrap_or(i64::MAX);
    let valid_from = last.map_or(before.created_at, |(_, until)| until);
    let json = serde_json::to_string(before).expect("a memory is JSON");
    tx.execute(
        "INSERT INTO versions (owner, pk, version, valid_from, valid_to, memory) VALUES ($1, $2, $3, $4, $5, $6)",
        &[&number(owner), &pk, &version, &valid_from.as_millis(), &now.max(valid_from).as_millis(), &json],
    )
    .await?;
    if version > i64::from(MOST_VERSIONS) {
        let oldest = version - i64::from(MOST_VERSIONS);
        let sql = "DELETE FROM versions WHERE owner = $1 AND pk = $2 AND version <= $3";
        tx.execute(sql, &[&number(owner), &pk, &oldest]).await?;
    }
    Ok(())
}

/// Removes a row's versions.
pub(super) async fn forget(tx: &Tx, owner: OwnerId, pk: i64) -> Result<()> {
    tx.execute("DELETE FROM versions WHERE owner = $1 AND pk = $2", &[&number(owner), &pk]).await.map(drop)
}
