//! The untouched records that memories were imported from, and the envelopes that they came in.

use omp_model::{MemoryId, OwnerId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::tx::Tx;
use crate::Original;
use crate::stored::IMPORT_BEGINS;

/// A row's original.
pub(super) fn read(connection: &Connection, pk: i64) -> rusqlite::Result<Option<Original>> {
    let original = |row: &Row<'_>| {
        let head = row.get_ref(3)?.as_str_or_null()?.and_then(MemoryId::from_body);
        Ok(Original { format: row.get(0)?, envelope: row.get(1)?, raw: row.get(2)?, head })
    };
    connection
        .prepare_cached("SELECT format, envelope, raw, head FROM originals WHERE pk = ?1")?
        .query_row([pk], original)
        .optional()
}

/// Removes a row's original and nothing else.
pub(super) fn remove(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.statement("DELETE FROM originals WHERE pk = ?1")?.execute([pk]).map(drop)
}

/// Removes a row's original. The record of a memory that was cut lies with its first part and holds the text of all:
/// when any part goes, the record goes, and the other parts are memories of their own from then on. An envelope goes
/// with the last memory that came in it.
pub(super) fn forget(tx: &Tx<'_>, owner: OwnerId, pk: i64, now: Timestamp) -> rusqlite::Result<()> {
    let Some(Original { envelope, head, .. }) = read(tx.connection(), pk)? else { return Ok(()) };
    remove(tx, pk)?;
    if let Some(head) = head {
        tx.statement(
            "DELETE FROM originals WHERE pk = (SELECT pk FROM memories WHERE owner = ?1 AND id = ?2)",
        )?
        .execute(params![owner.0, head.body()])?;
    }
    if let Some(envelope) = envelope {
        tx.statement(
            "DELETE FROM envelopes WHERE envelope = ?1 AND created_at <= ?2 \
             AND NOT EXISTS (SELECT 1 FROM originals AS o WHERE o.envelope = ?1)",
        )?
        .execute([envelope, now.as_millis() - IMPORT_BEGINS])?;
    }
    Ok(())
}

/// Whether there are envelopes that nothing refers to and no import can still refer to.
pub(super) fn any_left_over(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT 1 FROM envelopes AS e WHERE created_at <= ?1 \
             AND NOT EXISTS (SELECT 1 FROM originals AS o WHERE o.envelope = e.envelope)",
        )?
        .exists([now.as_millis() - IMPORT_BEGINS])
}

/// Removes them.
pub(super) fn sweep(tx: &mut Tx<'_>, now: Timestamp) -> rusqlite::Result<()> {
    let removed = tx
        .statement(
            "DELETE FROM envelopes WHERE created_at <= ?1 \
             AND NOT EXISTS (SELECT 1 FROM originals AS o WHERE o.envelope = envelopes.envelope)",
        )?
        .execute([now.as_millis() - IMPORT_BEGINS])?;
    if removed > 0 {
        tx.forgets();
    }
    Ok(())
}
