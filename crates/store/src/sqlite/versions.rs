//! The versions of memories on SQLite.

use std::collections::HashSet;

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{History, HistoryQuery, Memory, MemoryId, OwnerId, Principal, Timestamp, Version};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::memories::{find_seen, find_to_change};
use super::tx::Tx;
use super::{SqliteStore, audit, rows, snapshot, succession, write};
use crate::versions::{MOST_VERSIONS, restored};
use crate::{Changed, Restored, Result, VersionStore};

/// The former version that was kept last: its number, and until when it held.
type Last = Option<(u64, Timestamp)>;

#[async_trait]
impl VersionStore for SqliteStore {
    async fn history(
        &self,
        by: &Principal,
        id: MemoryId,
        query: HistoryQuery,
        now: Timestamp,
    ) -> Result<Option<History>> {
        self.read(|connection| {
            snapshot(connection, || {
                let found = find_seen(connection, by, id, now)?;
                found.map(|(pk, memory)| history(connection, by, pk, memory, query, now)).transpose()
            })
        })
    }

    async fn superseded(
        &self,
        owner: OwnerId,
        ids: &[MemoryId],
        now: Timestamp,
    ) -> Result<HashSet<MemoryId>> {
        self.read(|connection| snapshot(connection, || succession::superseded(connection, owner, ids, now)))
    }

    async fn restore_version(
        &self,
        by: &Principal,
        id: MemoryId,
        version: u64,
        now: Timestamp,
    ) -> Result<Restored> {
        let by = by.clone();
        self.write(move |tx| {
            let (pk, mut before) = match find_to_change(tx, &by, id, now)? {
                Changed::Done(found) => found,
                Changed::Missing => return Ok(Restored::NoMemory),
                Changed::Refused => return Ok(Restored::Refused),
            };
            before.embedding = rows::supplied_embedding(tx.connection(), pk)?;
            let newest = last(tx.connection(), pk)?.map_or(1, |(number, _)| number + 1);
            let kept = match kept(tx.connection(), pk, version)? {
                Some(kept) => kept,
                None if version == newest => before.clone(),
                None => {
                    let oldest = newest.saturating_sub(count(tx.connection(), pk)?).max(1);
                    return Ok(Restored::NoVersion { oldest, newest });
                }
            };
            let mut after = restored(&before, kept, now);
            // What it was may lie where this key may not write.
            if !by.sees(&after) || !by.may_change(&after) {
                return Ok(Restored::Refused);
            }
            write::update(tx, by.owner, pk, &before, &after, now)?;
            audit::one(tx, &by, Action::RestoreMemory, id, now)?;
            after.embedding = None;
            Ok(Restored::Memory(Box::new(after)))
        })
        .await
    }
}

fn history(
    connection: &Connection,
    by: &Principal,
    pk: i64,
    memory: Memory,
    query: HistoryQuery,
    now: Timestamp,
) -> rusqlite::Result<History> {
    let (id, last) = (memory.id, last(connection, pk)?);
    let successor = succession::successor(connection, pk, now)?;
    let present = Version {
        version: last.map_or(1, |(number, _)| number + 1),
        valid_from: last.map_or(memory.created_at, |(_, until)| until),
        valid_to: successor.map(|(at, _)| at),
        memory,
    };
    let (versions, total) = if by.sight().is_none() {
        (page(connection, pk, present, query)?, count(connection, pk)? + 1)
    } else {
        // A memory has few versions, so those that lie within the key's limits are counted by looking.
        let everything = HistoryQuery { limit: MOST_VERSIONS + 1, offset: 0 };
        let mut seen = page(connection, pk, present, everything)?;
        seen.retain(|version| by.sees(&version.memory));
        let total = seen.len() as u64;
        let offset = usize::try_from(query.offset).unwrap_or(usize::MAX);
        (seen.into_iter().skip(offset).take(query.limit as usize).collect(), total)
    };
    let seen = |id: MemoryId| find_seen(connection, by, id, now).map(|found| found.map(|_| id));
    Ok(History {
        versions,
        total,
        supersedes: succession::predecessor(connection, by.owner, id, now)?.map(seen).transpose()?.flatten(),
        superseded_by: successor.map(|(_, id)| seen(id)).transpose()?.flatten(),
    })
}

/// The memory itself is the newest version; the former ones are rows.
fn page(
    connection: &Connection,
    pk: i64,
    present: Version,
    query: HistoryQuery,
) -> rusqlite::Result<Vec<Version>> {
    let (mut versions, mut limit, mut offset) = (Vec::new(), i64::from(query.limit), query.offset);
    if offset == 0 {
        versions.push(present);
        limit -= 1;
    } else {
        offset -= 1;
    }
    let mut select = connection.prepare_cached(
        "SELECT version, memory, valid_from, valid_to FROM versions WHERE pk = ?1 ORDER BY version DESC LIMIT ?2 OFFSET ?3",
    )?;
    for former in select.query_map(params![pk, limit, i64::try_from(offset).unwrap_or(i64::MAX)], |row| {
        Ok(Version {
            version: row.get::<_, i64>(0)?.unsigned_abs(),
            memory: stored(row, 1)?,
            valid_from: Timestamp::from_millis(row.get(2)?),
            valid_to: Some(Timestamp::from_millis(row.get(3)?)),
        })
    })? {
        versions.push(former?);
    }
    Ok(versions)
}

fn stored(row: &Row<'_>, column: usize) -> rusqlite::Result<Memory> {
    serde_json::from_str(row.get_ref(column)?.as_str()?)
        .map_err(|_| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a memory".into()))
}

fn last(connection: &Connection, pk: i64) -> rusqlite::Result<Last> {
    connection
        .prepare_cached("SELECT version, valid_to FROM versions WHERE pk = ?1 ORDER BY version DESC LIMIT 1")?
        .query_row([pk], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), Timestamp::from_millis(row.get(1)?)))
        })
        .optional()
}

fn count(connection: &Connection, pk: i64) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM versions WHERE pk = ?1")?
        .query_row([pk], |row| row.get::<_, i64>(0))
        .map(i64::unsigned_abs)
}

fn kept(connection: &Connection, pk: i64, version: u64) -> rusqlite::Result<Option<Memory>> {
    let Ok(version) = i64::try_from(version) else { return Ok(None) };
    connection
        .prepare_cached("SELECT memory FROM versions WHERE pk = ?1 AND version = ?2")?
        .query_row([pk, version], |row| stored(row, 0))
        .optional()
}

/// Keeps what a memory was until `now`.
pub(super) fn keep(tx: &Tx<'_>, pk: i64, before: &Memory, now: Timestamp) -> rusqlite::Result<()> {
    let last = last(tx.connection(), pk)?;
    let version = last.map_or(1, |(number, _)| number + 1);
    let valid_from = last.map_or(before.created_at, |(_, until)| until);
    let json = serde_json::to_string(before).expect("a memory is JSON");
    tx.statement(
        "INSERT INTO versions (pk, version, valid_from, valid_to, memory) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        pk,
        i64::try_from(version).unwrap_or(i64::MAX),
        valid_from.as_millis(),
        now.max(valid_from).as_millis(),
        json
    ])?;
    if version > u64::from(MOST_VERSIONS) {
        tx.statement("DELETE FROM versions WHERE pk = ?1 AND version <= ?2")?
            .execute(params![pk, i64::try_from(version).unwrap_or(i64::MAX) - i64::from(MOST_VERSIONS)])?;
    }
    Ok(())
}

/// Removes a row's versions.
pub(super) fn forget(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.statement("DELETE FROM versions WHERE pk = ?1")?.execute([pk]).map(drop)
}
