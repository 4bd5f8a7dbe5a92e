//! Giving what one owner has to another.
//!
//! A row's number begins with its owner's, so every row is written anew. A memory keeps its id unless the heir has one
//! of that id (both imported the same file, say); then it gets one that follows from both, so that a removal that goes
//! on after an interruption finds it again.

use omp_model::{ConversationId, Memory, MemoryId, OwnerId, Timestamp};
use omp_search::Analyzer;
use rusqlite::{OptionalExtension, params};

use super::memories::taken_by;
use super::tx::Tx;
use super::{conversation_index, rows, write};
use crate::stored::{handed_over, words};

/// Moves one memory with its versions, vectors and original; tells whether it got a new id.
pub(super) fn memory(
    tx: &mut Tx<'_>,
    (from, to): (OwnerId, OwnerId),
    pk: i64,
    memory: &Memory,
    analyzer: &mut Analyzer,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let mut moved = memory.clone();
    moved.embedding = rows::supplied_embedding(tx.connection(), pk)?;
    let renamed = taken_by(tx, to, memory.id, now)?.is_some();
    if renamed {
        moved.id = handed_over(from, memory.id);
    }
    let words = words(memory, analyzer);
    let new = write::insert(tx, to, &moved, &words)?;
    let succeeded: Option<(i64, MemoryId)> = tx
        .statement(
            "SELECT superseded_at, superseded_by FROM memories WHERE pk = ?1 AND superseded_by IS NOT NULL",
        )?
        .query_row([pk], |row| Ok((row.get(0)?, rows::id(row, 1)?)))
        .optional()?;
    if let Some((at, successor)) = succeeded {
        let successor = id_there(tx, from, to, successor)?;
        tx.statement("UPDATE memories SET superseded_at = ?2, superseded_by = ?3 WHERE pk = ?1")?
            .execute(params![new, at, successor.body()])?;
    }
    tx.statement("UPDATE versions SET pk = ?2 WHERE pk = ?1")?.execute([pk, new])?;
    original(tx, to, pk, new)?;
    for slot in [0, 1] {
        let seq = tx.next_seq(to)?;
        let sql = format!("UPDATE vectors_{slot} SET pk = ?2, owner = ?3, seq = ?4 WHERE pk = ?1");
        if tx.statement(&sql)?.execute(params![pk, new, to.0, seq])? > 0 {
            tx.statement("DELETE FROM backlog WHERE slot = ?1 AND pk = ?2")?.execute([slot, new])?;
        }
    }
    write::withdraw(tx, from, pk, memory, &words)?;
    Ok(renamed)
}

/// What a memory of `from` is called, or will be, when it is the heir's.
fn id_there(tx: &Tx<'_>, from: OwnerId, to: OwnerId, id: MemoryId) -> rusqlite::Result<MemoryId> {
    let has = |owner: OwnerId, id: MemoryId| {
        tx.statement("SELECT 1 FROM memories WHERE owner = ?1 AND id = ?2")?
            .exists(params![owner.0, id.body()])
    };
    let other = handed_over(from, id);
    let renamed = if has(from, id)? { has(to, id)? } else { has(to, other)? };
    Ok(if renamed { other } else { id })
}

/// The record that a memory was imported from goes along, with an envelope of the heir's own.
fn original(tx: &Tx<'_>, to: OwnerId, pk: i64, new: i64) -> rusqlite::Result<()> {
    let envelope: Option<(String, String, i64)> = tx
        .statement(
            "SELECT e.format, e.text, e.created_at FROM originals AS o JOIN envelopes AS e ON e.envelope = o.envelope WHERE o.pk = ?1",
        )?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let envelope = match envelope {
        None => None,
        Some((format, text, at)) => {
            tx.statement(
                "INSERT OR IGNORE INTO envelopes (owner, format, text, created_at) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![to.0, format, text, at])?;
            let number: i64 = tx
                .statement("SELECT envelope FROM envelopes WHERE owner = ?1 AND format = ?2 AND text = ?3")?
                .query_row(params![to.0, format, text], |row| row.get(0))?;
            Some(number)
        }
    };
    tx.statement("UPDATE originals SET pk = ?2, envelope = ?3 WHERE pk = ?1")?
        .execute(params![pk, new, envelope])
        .map(drop)
}

/// Moves up to `limit` conversations; tells how many there were and how many got a new id. They wait for their words
/// and vectors, which have their owner in them.
pub(super) fn conversations(
    tx: &mut Tx<'_>,
    (from, to): (OwnerId, OwnerId),
    limit: u32,
) -> rusqlite::Result<(u64, u64)> {
    let all: Vec<(i64, String)> = tx
        .statement("SELECT pk, id FROM conversations WHERE owner = ?1 ORDER BY id LIMIT ?2")?
        .query_map([from.0, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut renamed = 0;
    for (pk, id) in &all {
        let taken = tx
            .statement("SELECT 1 FROM conversations WHERE owner = ?1 AND id = ?2")?
            .exists(params![to.0, id])?;
        let other = ConversationId::derive(&["handed over", &from.0.to_string(), id]);
        let id = if taken { other.body() } else { id.as_str() };
        let new = tx.next_pk(to)?;
        conversation_index::remove(tx, *pk)?;
        tx.statement("UPDATE conversations SET pk = ?2, owner = ?3, id = ?4 WHERE pk = ?1")?
            .execute(params![pk, new, to.0, id])?;
        conversation_index::expect(tx, new)?;
        renamed += u64::from(taken);
    }
    Ok((all.len() as u64, renamed))
}
