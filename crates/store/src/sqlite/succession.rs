//! Which memory stands in whose place.

use std::collections::HashSet;

use omp_model::{MemoryId, OwnerId, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::rows;
use super::tx::Tx;

/// Since when, and which memory stands in the place of this row; an expired one stands in nobody's.
pub(super) fn successor(
    connection: &Connection,
    pk: i64,
    now: Timestamp,
) -> rusqlite::Result<Option<(Timestamp, MemoryId)>> {
    connection
        .prepare_cached(
            "SELECT m.superseded_at, s.id FROM memories AS m JOIN memories AS s ON s.owner = m.owner AND s.id = m.superseded_by \
             WHERE m.pk = ?1 AND (s.expires_at IS NULL OR s.expires_at > ?2)",
        )?
        .query_row([pk, now.as_millis()], |row| Ok((Timestamp::from_millis(row.get(0)?), rows::id(row, 1)?)))
        .optional()
}

/// Those of an owner's memories in whose place another stands that has not expired.
pub(super) fn superseded(
    connection: &Connection,
    owner: OwnerId,
    ids: &[MemoryId],
    now: Timestamp,
) -> rusqlite::Result<HashSet<MemoryId>> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM memories AS m JOIN memories AS s ON s.owner = m.owner AND s.id = m.superseded_by \
         WHERE m.owner = ?1 AND m.id = ?2 AND (s.expires_at IS NULL OR s.expires_at > ?3)",
    )?;
    let mut superseded = HashSet::new();
    for id in ids {
        if statement.exists(params![owner.0, id.body(), now.as_millis()])? {
            superseded.insert(*id);
        }
    }
    Ok(superseded)
}

/// The memory in whose place this one stands.
pub(super) fn predecessor(
    connection: &Connection,
    owner: OwnerId,
    id: MemoryId,
    now: Timestamp,
) -> rusqlite::Result<Option<MemoryId>> {
    connection
        .prepare_cached(
            "SELECT id FROM memories WHERE owner = ?1 AND superseded_by = ?2 \
             AND (expires_at IS NULL OR expires_at > ?3) LIMIT 1",
        )?
        .query_row(params![owner.0, id.body(), now.as_millis()], |row| rows::id(row, 0))
        .optional()
}

/// Puts `successor` in the place of a row. Indices learn of it by the row's new number.
pub(super) fn supersede(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    pk: i64,
    successor: MemoryId,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let seq = tx.next_seq(owner)?;
    tx.statement("UPDATE memories SET superseded_at = ?2, superseded_by = ?3, seq = ?4 WHERE pk = ?1")?
        .execute(params![pk, now.as_millis(), successor.body(), seq])
        .map(drop)
}

/// A memory goes: what it superseded has its successor now, or is current again if it has none.
pub(super) fn step_back(tx: &mut Tx<'_>, owner: OwnerId, pk: i64, id: MemoryId) -> rusqlite::Result<()> {
    let waiting: Vec<i64> = tx
        .statement("SELECT pk FROM memories WHERE owner = ?1 AND superseded_by = ?2")?
        .query_map(params![owner.0, id.body()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for predecessor in waiting {
        let seq = tx.next_seq(owner)?;
        tx.statement(
            "UPDATE memories SET superseded_by = s.by, superseded_at = iif(s.by IS NULL, NULL, memories.superseded_at), \
             seq = ?3 FROM (SELECT superseded_by AS by FROM memories WHERE pk = ?2) AS s WHERE pk = ?1",
        )?
        .execute([predecessor, pk, seq])?;
    }
    Ok(())
}
