//! The feed of indices in memory, on SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};
use rusqlite::{Connection, Row, params};

use super::read_ahead::read_ahead;
use super::{SqliteStore, rows, snapshot, vectors};
use crate::stored::pk_range;
use crate::{IndexChange, IndexFeed, IndexPosition, IndexRow, Result, Slot};

#[async_trait]
impl IndexFeed for SqliteStore {
    fn is_remote(&self) -> bool {
        false
    }

    async fn index_position(&self, owner: OwnerId) -> Result<IndexPosition> {
        self.read(|connection| position(connection, owner))
    }

    async fn index_rows(
        &self,
        owner: OwnerId,
        after: i64,
        limit: u32,
        slot: Option<Slot>,
    ) -> Result<Vec<IndexRow>> {
        let inner = Arc::clone(&self.inner);
        self.read_long(move |connection| {
            inner.read_ahead.call_once(|| read_ahead(&inner.file.path));
            let (first, last) = pk_range(owner);
            let sql = format!(
                "SELECT {}, pk, superseded_at FROM memories WHERE pk > ?1 AND pk <= ?2 ORDER BY pk LIMIT ?3",
                rows::COLUMNS
            );
            connection
                .prepare_cached(&sql)?
                .query_map(params![after.max(first), last, limit], |row| index_row(connection, row, slot))?
                .collect()
        })
        .await
    }

    async fn index_changes(
        &self,
        owner: OwnerId,
        seq: i64,
        limit: u32,
        slot: Option<Slot>,
    ) -> Result<Vec<(i64, IndexChange)>> {
        self.read(|connection| snapshot(connection, || changes(connection, owner, seq, limit, slot)))
    }

    async fn memories_by_pk(
        &self,
        owner: OwnerId,
        pks: &[i64],
        with_embedding: bool,
    ) -> Result<Vec<(i64, Memory)>> {
        self.read(|connection| snapshot(connection, || by_pk(connection, owner, pks, with_embedding)))
    }

    async fn position_and_memories(
        &self,
        owner: OwnerId,
        pks: &[i64],
    ) -> Result<(IndexPosition, Vec<(i64, Memory)>)> {
        self.read(|connection| {
            snapshot(connection, || Ok((position(connection, owner)?, by_pk(connection, owner, pks, false)?)))
        })
    }
}

fn position(connection: &Connection, owner: OwnerId) -> rusqlite::Result<IndexPosition> {
    let sql = "SELECT seq, coalesce((SELECT value FROM settings WHERE name = 'generation'), 0), \
         coalesce((SELECT n FROM facets AS f WHERE f.owner = ?1 AND kind = 'all' AND f.value = ''), 0) \
         FROM owners WHERE owner = ?1";
    let (seq, generation, memories) = connection
        .prepare_cached(sql)?
        .query_row([owner.0], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?)))?;
    let space = vectors::spaces(connection)?.into_iter().find(|space| space.active);
    Ok(IndexPosition { seq, generation, space, memories: memories.unsigned_abs() })
}

fn by_pk(
    connection: &Connection,
    owner: OwnerId,
    pks: &[i64],
    with_embedding: bool,
) -> rusqlite::Result<Vec<(i64, Memory)>> {
    let (first, last) = pk_range(owner);
    let mut found = Vec::with_capacity(pks.len());
    for pk in pks.iter().filter(|pk| (first..=last).contains(*pk)) {
        let memory = rows::by_pk_if_there(connection, *pk, with_embedding)?;
        found.extend(memory.map(|memory| (*pk, memory)));
    }
    Ok(found)
}

fn index_row(connection: &Connection, row: &Row<'_>, slot: Option<Slot>) -> rusqlite::Result<IndexRow> {
    let pk = row.get(rows::WIDTH)?;
    Ok(IndexRow {
        pk,
        memory: rows::memory(row, 0)?,
        superseded_at: row.get(rows::WIDTH + 1)?,
        vector: slot.map(|slot| vectors::vector(connection, slot, pk)).transpose()?.flatten(),
    })
}

/// Each kind of change is cut at the limit before they are merged, so the cost is the answer's.
fn changes(
    connection: &Connection,
    owner: OwnerId,
    seq: i64,
    limit: u32,
    slot: Option<Slot>,
) -> rusqlite::Result<Vec<(i64, IndexChange)>> {
    let sql = format!(
        "SELECT {}, pk, superseded_at, seq FROM memories INDEXED BY memories_seq \
         WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        rows::COLUMNS
    );
    let mut changes: Vec<(i64, IndexChange)> = connection
        .prepare_cached(&sql)?
        .query_map(params![owner.0, seq, limit], |row| {
            let put = IndexChange::Put(Box::new(index_row(connection, row, slot)?));
            Ok((row.get(rows::WIDTH + 2)?, put))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let removed = "SELECT seq, pk FROM tombstones WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    for change in connection
        .prepare_cached(removed)?
        .query_map(params![owner.0, seq, limit], |row| Ok((row.get(0)?, IndexChange::Removed(row.get(1)?))))?
    {
        changes.push(change?);
    }
    if let Some(slot) = slot {
        let vectors = vectors::since(connection, owner, slot, seq, limit)?;
        changes.extend(vectors.into_iter().map(|(seq, pk, vector)| (seq, IndexChange::Vector(pk, vector))));
    }
    changes.sort_unstable_by_key(|(seq, _)| *seq);
    changes.truncate(limit as usize);
    Ok(changes)
}
