//! Giving what one owner has to another.
//!
//! A row's number begins with its owner's, so every row is written anew. A memory keeps its id unless the heir has one
//! of that id (both imported the same file, say); then it gets one that follows from both, so that a removal that goes
//! on after an interruption finds it again.

use omp_model::{ConversationId, Memory, MemoryId, OwnerId, Timestamp};
use omp_search::Analyzer;

use super::memories::taken_by;
use super::session::{Columns, number};
use super::tsvector::Words;
use super::tx::Tx;
use super::{rows, transfer, write};
use crate::Result;
use crate::stored::handed_over;

/// Moves one memory with its versions, vectors and original; tells whether it got a new id.
pub(super) async fn memory(
    tx: &mut Tx,
    (from, to): (OwnerId, OwnerId),
    pk: i64,
    memory: &Memory,
    analyzer: &mut Analyzer,
    now: Timestamp,
) -> Result<bool> {
    let mut moved = memory.clone();
    moved.embedding = rows::supplied_embedding(tx, from, pk).await?;
    let renamed = taken_by(tx, to, memory.id, now).await?.is_some();
    if renamed {
        moved.id = handed_over(from, memory.id);
    }
    let words = Words::of(to, memory, analyzer);
    let new = write::insert(tx, to, &moved, &words).await?;
    let (old_owner, new_owner) = (number(from), number(to));
    let sql = "SELECT superseded_at, superseded_by FROM memories \
         WHERE owner = $1 AND pk = $2 AND superseded_by IS NOT NULL";
    if let Some(row) = tx.row(sql, &[&old_owner, &pk]).await? {
        let (at, successor): (i64, MemoryId) = (row.column(0)?, rows::id(&row, 1)?);
        let successor = id_there(tx, from, to, successor).await?;
        let sql = "UPDATE memories SET superseded_at = $3, superseded_by = $4 WHERE owner = $1 AND pk = $2";
        tx.execute(sql, &[&new_owner, &new, &at, &successor.body()]).await?;
    }
    let sql = "UPDATE versions SET owner = $3, pk = $4 WHERE owner = $1 AND pk = $2";
    tx.execute(sql, &[&old_owner, &pk, &new_owner, &new]).await?;
    original(tx, (from, to), pk, new).await?;
    for slot in [0_i16, 1] {
        let seq = tx.next_seq(to)?;
        let sql =
            "UPDATE vectors SET owner = $4, pk = $5, seq = $6 WHERE owner = $1 AND slot = $2 AND pk = $3";
        if tx.execute(sql, &[&old_owner, &slot, &pk, &new_owner, &new, &seq]).await? > 0 {
            let sql = "DELETE FROM backlog WHERE owner = $1 AND slot = $2 AND pk = $3";
            tx.execute(sql, &[&new_owner, &slot, &new]).await?;
        }
    }
    write::withdraw(tx, from, pk, memory).await?;
    Ok(renamed)
}

/// What a memory of `from` is called, or will be, when it is the heir's.
async fn id_there(tx: &Tx, from: OwnerId, to: OwnerId, id: MemoryId) -> Result<MemoryId> {
    let has = async |owner: OwnerId, id: MemoryId| -> Result<bool> {
        let sql = "SELECT 1 FROM memories WHERE owner = $1 AND id = $2";
        Ok(tx.row(sql, &[&number(owner), &id.body()]).await?.is_some())
    };
    let other = handed_over(from, id);
    let renamed = if has(from, id).await? { has(to, id).await? } else { has(to, other).await? };
    Ok(if renamed { other } else { id })
}

/// The record that a memory was imported from goes along, with an envelope of the heir's own.
async fn original(tx: &Tx, (from, to): (OwnerId, OwnerId), pk: i64, new: i64) -> Result<()> {
    let sql = "SELECT e.format, e.text, e.created_at FROM originals AS o \
         JOIN envelopes AS e ON e.owner = o.owner AND e.envelope = o.envelope WHERE o.owner = $1 AND o.pk = $2";
    let envelope = match tx.row(sql, &[&number(from), &pk]).await? {
        None => None,
        Some(row) => {
            let (format, text) = (row.column(0)?, row.column(1)?);
            Some(transfer::save_envelope(tx, to, format, text, row.column(2)?, false).await?)
        }
    };
    let sql = "UPDATE originals SET owner = $3, pk = $4, envelope = $5 WHERE owner = $1 AND pk = $2";
    tx.execute(sql, &[&number(from), &pk, &number(to), &new, &envelope]).await.map(drop)
}

/// Moves up to `limit` conversations; tells how many there were and how many got a new id. They wait for their words
/// and vectors, which have their owner in them.
pub(super) async fn conversations(
    tx: &mut Tx,
    (from, to): (OwnerId, OwnerId),
    limit: u32,
) -> Result<(u64, u64)> {
    let sql = "SELECT pk, id FROM conversations WHERE owner = $1 ORDER BY id LIMIT $2";
    let all = tx.rows(sql, &[&number(from), &i64::from(limit)]).await?;
    let mut renamed = 0;
    for row in &all {
        let (pk, id): (i64, &str) = (row.column(0)?, row.column(1)?);
        let sql = "SELECT 1 FROM conversations WHERE owner = $1 AND id = $2";
        let taken = tx.row(sql, &[&number(to), &id]).await?.is_some();
        let other = ConversationId::derive(&["handed over", &from.0.to_string(), id]);
        let id = if taken { other.body() } else { id };
        let new = tx.next_pk(to)?;
        let sql = "UPDATE conversations SET owner = $3, pk = $4, id = $5 WHERE owner = $1 AND pk = $2";
        tx.execute(sql, &[&number(from), &pk, &number(to), &new, &id]).await?;
        renamed += u64::from(taken);
    }
    Ok((all.len() as u64, renamed))
}
