//! The untouched records that memories were imported from, and the envelopes that they came in.

use std::collections::HashMap;

use omp_model::{MemoryId, OwnerId, Timestamp};
use tokio_postgres::Row;

use super::session::{Columns, Session, number};
use super::tx::Tx;
use crate::stored::IMPORT_BEGINS;
use crate::{Original, Result};

fn original(row: &Row) -> Result<Original> {
    Ok(Original {
        format: row.column(0)?,
        envelope: row.column(1)?,
        raw: row.column(2)?,
        head: row.column::<Option<&str>>(3)?.and_then(MemoryId::from_body),
    })
}

/// The originals of these rows.
pub(super) async fn read_all(
    session: &Session,
    owner: OwnerId,
    pks: &[i64],
) -> Result<HashMap<i64, Original>> {
    let sql = "SELECT format, envelope, raw, head, pk FROM originals WHERE owner = $1 AND pk = ANY($2)";
    let rows = session.rows(sql, &[&number(owner), &pks]).await?;
    rows.iter().map(|row| Ok((row.column(4)?, original(row)?))).collect()
}

/// Writes the originals of these rows, in the place of those that are there.
pub(super) async fn put_all(tx: &Tx, owner: OwnerId, originals: &[(i64, &Original)]) -> Result<()> {
    if originals.is_empty() {
        return Ok(());
    }
    let pks: Vec<i64> = originals.iter().map(|(pk, _)| *pk).collect();
    let formats: Vec<&str> = originals.iter().map(|(_, o)| o.format.as_str()).collect();
    let envelopes: Vec<Option<i64>> = originals.iter().map(|(_, o)| o.envelope).collect();
    let heads: Vec<Option<&str>> =
        originals.iter().map(|(_, o)| o.head.as_ref().map(MemoryId::body)).collect();
    let raws: Vec<Option<&str>> = originals.iter().map(|(_, o)| o.raw.as_deref()).collect();
    tx.execute(
        "INSERT INTO originals (owner, pk, format, envelope, head, raw) \
         SELECT $1, * FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[]) \
         ON CONFLICT (owner, pk) DO UPDATE SET format = excluded.format, envelope = excluded.envelope, \
         head = excluded.head, raw = excluded.raw",
        &[&number(owner), &pks, &formats, &envelopes, &heads, &raws],
    )
    .await
    .map(drop)
}

/// Removes a row's original and nothing else.
pub(super) async fn remove(tx: &Tx, owner: OwnerId, pk: i64) -> Result<()> {
    tx.execute("DELETE FROM originals WHERE owner = $1 AND pk = $2", &[&number(owner), &pk]).await.map(drop)
}

/// Removes a row's original. The record of a memory that was cut lies with its first part and holds the text of all:
/// when any part goes, the record goes, and the other parts are memories of their own from then on. An envelope goes
/// with the last memory that came in it.
pub(super) async fn forget(tx: &Tx, owner: OwnerId, pk: i64, now: Timestamp) -> Result<()> {
    let owner = number(owner);
    let sql = "DELETE FROM originals WHERE owner = $1 AND pk = $2 RETURNING format, envelope, raw, head";
    let Some(row) = tx.row(sql, &[&owner, &pk]).await? else { return Ok(()) };
    let Original { envelope, head, .. } = original(&row)?;
    if let Some(head) = head {
        tx.execute(
            "DELETE FROM originals WHERE owner = $1 AND pk = (SELECT pk FROM memories WHERE owner = $1 AND id = $2)",
            &[&owner, &head.body()],
        )
        .await?;
    }
    if let Some(envelope) = envelope {
        tx.execute(
            "DELETE FROM envelopes WHERE owner = $1 AND envelope = $2 AND created_at <= $3 AND NOT EXISTS ( \
             SELECT 1 FROM originals AS o WHERE o.owner = $1 AND o.envelope = $2)",
            &[&owner, &envelope, &(now.as_millis() - IMPORT_BEGINS)],
        )
        .await?;
    }
    Ok(())
}

const LEFT_OVER: &str = "FROM envelopes AS e WHERE created_at <= $1 AND NOT EXISTS ( \
     SELECT 1 FROM originals AS o WHERE o.owner = e.owner AND o.envelope = e.envelope)";

/// Whether there are envelopes that nothing refers to and no import can still refer to.
pub(super) async fn any_left_over(session: &Session, now: Timestamp) -> Result<bool> {
    let sql = format!("SELECT 1 {LEFT_OVER} LIMIT 1");
    Ok(session.row(&sql, &[&(now.as_millis() - IMPORT_BEGINS)]).await?.is_some())
}

/// Removes them.
pub(super) async fn sweep(tx: &Tx, now: Timestamp) -> Result<()> {
    tx.execute(&format!("DELETE {LEFT_OVER}"), &[&(now.as_millis() - IMPORT_BEGINS)]).await.map(drop)
}
