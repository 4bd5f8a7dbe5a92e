//! Which memory stands in whose place.

use std::collections::HashSet;

use omp_model::{MemoryId, OwnerId, Timestamp};

use super::rows;
use super::session::{Columns, Session, number};
use super::tx::Tx;
use crate::Result;

/// Since when, and which memory stands in the place of this row; an expired one stands in nobody's.
pub(super) async fn successor(
    session: &Session,
    owner: OwnerId,
    pk: i64,
    now: Timestamp,
) -> Result<Option<(Timestamp, MemoryId)>> {
    let sql = "SELECT m.superseded_at, s.id FROM memories AS m \
         JOIN memories AS s ON s.owner = m.owner AND s.id = m.superseded_by \
         WHERE m.owner = $1 AND m.pk = $2 AND (s.expires_at IS NULL OR s.expires_at > $3)";
    let row = session.row(sql, &[&number(owner), &pk, &now.as_millis()]).await?;
    row.map(|row| Ok((Timestamp::from_millis(row.column(0)?), rows::id(&row, 1)?))).transpose()
}

/// Those of an owner's memories in whose place another stands that has not expired.
pub(super) async fn superseded(
    session: &Session,
    owner: OwnerId,
    ids: &[MemoryId],
    now: Timestamp,
) -> Result<HashSet<MemoryId>> {
    let sql = "SELECT m.id FROM memories AS m \
         JOIN memories AS s ON s.owner = m.owner AND s.id = m.superseded_by \
         WHERE m.owner = $1 AND m.id = ANY($2) AND (s.expires_at IS NULL OR s.expires_at > $3)";
    let ids: Vec<&str> = ids.iter().map(MemoryId::body).collect();
    let rows = session.rows(sql, &[&number(owner), &ids, &now.as_millis()]).await?;
    rows.iter().map(|row| rows::id(row, 0)).collect()
}

/// The memory in whose place this one stands.
pub(super) async fn predecessor(
    session: &Session,
    owner: OwnerId,
    id: MemoryId,
    now: Timestamp,
) -> Result<Option<MemoryId>> {
    let sql = "SELECT id FROM memories WHERE owner = $1 AND superseded_by = $2 \
         AND (expires_at IS NULL OR expires_at > $3) LIMIT 1";
    let row = session.row(sql, &[&number(owner), &id.body(), &now.as_millis()]).await?;
    row.map(|row| rows::id(&row, 0)).transpose()
}

/// Puts `successor` in the place of a row. Indices learn of it by the row's new number.
pub(super) async fn supersede(
    tx: &mut Tx,
    owner: OwnerId,
    pk: i64,
    successor: MemoryId,
    now: Timestamp,
) -> Result<()> {
    let seq = tx.next_seq(owner)?;
    tx.execute(
        "UPDATE memories SET superseded_at = $3, superseded_by = $4, seq = $5 WHERE owner = $1 AND pk = $2",
        &[&number(owner), &pk, &now.as_millis(), &successor.body(), &seq],
    )
    .await
    .map(drop)
}

/// A memory goes: what it superseded has its successor now, or is current again if it has none.
pub(super) async fn step_back(tx: &mut Tx, owner: OwnerId, pk: i64, id: MemoryId) -> Result<()> {
    let sql = "SELECT pk FROM memories WHERE owner = $1 AND superseded_by = $2";
    for row in tx.rows(sql, &[&number(owner), &id.body()]).await? {
        let (predecessor, seq): (i64, i64) = (row.column(0)?, tx.next_seq(owner)?);
        tx.execute(
            "UPDATE memories AS m SET superseded_by = s.by, seq = $4, \
             superseded_at = CASE WHEN s.by IS NULL THEN NULL ELSE m.superseded_at END \
             FROM (SELECT superseded_by AS by FROM memories WHERE owner = $1 AND pk = $3) AS s \
             WHERE m.owner = $1 AND m.pk = $2",
            &[&number(owner), &predecessor, &pk, &seq],
        )
        .await?;
    }
    Ok(())
}
