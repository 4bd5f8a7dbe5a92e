//! Vectors on SQLite.

use async_trait::async_trait;
use omp_model::{Embedding, OwnerId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::tx::Tx;
use super::{SqliteStore, conversation_index, rows};
use crate::stored::{filling, floats, vector_bytes};
use crate::vectors::{NewVector, Pending, Slot, SpaceModel, VectorSpace};
use crate::{CandidateStore, Result, StoreError, VectorStore};

/// Memories that are put on a new space's backlog in one transaction.
const FILL: i64 = 20_000;

#[async_trait]
impl VectorStore for SqliteStore {
    async fn vector_spaces(&self) -> Result<Vec<VectorSpace>> {
        self.read(spaces)
    }

    async fn open_vector_space(&self, model: &SpaceModel) -> Result<VectorSpace> {
        let known = self.vector_spaces().await?.into_iter().find(|space| space.model == *model);
        let space = if let Some(space) = known {
            space
        } else {
            let model = model.clone();
            self.write(move |tx| open(tx, &model)).await?
        };
        self.fill_backlog(space.slot).await?;
        Ok(space)
    }

    async fn activate_vector_space(&self, slot: Slot) -> Result<()> {
        self.fill_backlog(slot).await?;
        self.write(move |tx| {
            empty(tx, Slot(1 - slot.0))?;
            tx.statement("UPDATE vector_spaces SET active = 1 WHERE slot = ?1")?.execute([slot.0]).map(drop)
        })
        .await
    }

    async fn count_backlog(&self, slot: Slot) -> Result<u64> {
        self.read_long(move |connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM backlog WHERE slot = ?1) + (SELECT count(*) FROM settings WHERE name = ?2)",
                )?
                .query_row(params![slot.0, filling(slot)], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
        })
        .await
    }

    async fn backlog(&self, slot: Slot, limit: u32) -> Result<Vec<Pending>> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {}, m.pk, m.owner, m.seq FROM backlog AS b CROSS JOIN memories AS m ON m.pk = b.pk \
                 WHERE b.slot = ?1 ORDER BY b.pk DESC LIMIT ?2",
                rows::COLUMNS
            );
            let pending = |row: &Row<'_>| {
                Ok(Pending {
                    memory: rows::memory(row, 0)?,
                    pk: row.get(rows::WIDTH)?,
                    owner: OwnerId(row.get(rows::WIDTH + 1)?),
                    seq: row.get(rows::WIDTH + 2)?,
                })
            };
            connection.prepare_cached(&sql)?.query_map(params![slot.0, limit], pending)?.collect()
        })
    }

    async fn put_vectors(&self, space: &VectorSpace, vectors: Vec<NewVector>) -> Result<()> {
        let (slot, model) = (space.slot, space.model.clone());
        let put = move |tx: &mut Tx<'_>| {
            let known = spaces(tx.connection())?;
            if known.iter().all(|space| space.slot != slot || space.model != model) {
                return Ok(false);
            }
            vectors.iter().try_for_each(|vector| put(tx, slot, vector)).map(|()| true)
        };
        if self.write(put).await? { Ok(()) } else { Err(StoreError::OtherModel) }
    }

    async fn vectors(&self, slot: Slot, pks: &[i64]) -> Result<Vec<Option<Vec<f32>>>> {
        self.read(|connection| pks.iter().map(|pk| vector(connection, slot, *pk)).collect())
    }
}

/// FTS5 knows no vectors: where there is no index in memory, searches go by words.
impl CandidateStore for SqliteStore {}

impl SqliteStore {
    /// Puts what was stored before the space was made on its backlog, whoever began with
    /// it. What is stored meanwhile puts itself there.
    async fn fill_backlog(&self, slot: Slot) -> Result<()> {
        while self.read(|connection| filled_until(connection, slot))?.is_some() {
            self.write_bulk(false, move |tx| fill(tx, slot)).await?;
        }
        Ok(())
    }
}

/// The space of a model, made if it is new. That its backlog has to be filled is written with it.
fn open(tx: &Tx<'_>, model: &SpaceModel) -> rusqlite::Result<VectorSpace> {
    let known = spaces(tx.connection())?;
    if let Some(space) = known.iter().find(|space| space.model == *model) {
        return Ok(space.clone());
    }
    let active = known.iter().find(|space| space.active);
    let slot = Slot(active.map_or(0, |space| 1 - space.slot.0));
    empty(tx, slot)?;
    tx.statement(
        "INSERT INTO vector_spaces (slot, name, revision, dimensions, active) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![slot.0, model.name, model.revision, model.dimensions, active.is_none()])?;
    tx.statement("INSERT INTO settings (name, value) VALUES (?1, 0)")?.execute([filling(slot)])?;
    conversation_index::expect_all(tx, slot)?;
    Ok(VectorSpace { slot, model: model.clone(), active: active.is_none() })
}

/// Up to which memory a space's backlog is filled; `None` when it is.
fn filled_until(connection: &Connection, slot: Slot) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([filling(slot)], |row| row.get(0))
        .optional()
}

/// The next part of it. What has its vector by now waits no more.
fn fill(tx: &Tx<'_>, slot: Slot) -> rusqlite::Result<()> {
    let Some(after) = filled_until(tx.connection(), slot)? else { return Ok(()) };
    let until = tx
        .statement("SELECT max(pk) FROM (SELECT pk FROM memories WHERE pk > ?1 ORDER BY pk LIMIT ?2)")?
        .query_row([after, FILL], |row| row.get::<_, Option<i64>>(0))?;
    let Some(until) = until else {
        return tx.statement("DELETE FROM settings WHERE name = ?1")?.execute([filling(slot)]).map(drop);
    };
    tx.statement(&format!(
        "INSERT OR IGNORE INTO backlog (slot, pk) SELECT ?1, m.pk FROM memories AS m WHERE m.pk > ?2 AND m.pk <= ?3 \
         AND NOT EXISTS (SELECT 1 FROM {} AS v WHERE v.pk = m.pk)",
        table(slot)
    ))?
    .execute(params![slot.0, after, until])?;
    tx.statement("UPDATE settings SET value = ?2 WHERE name = ?1")?
        .execute(params![filling(slot), until])
        .map(drop)
}

/// The table of a space's vectors.
fn table(slot: Slot) -> &'static str {
    if slot.0 == 0 { "vectors_0" } else { "vectors_1" }
}

pub(super) fn spaces(connection: &Connection) -> rusqlite::Result<Vec<VectorSpace>> {
    let space = |row: &Row<'_>| {
        let model = SpaceModel { name: row.get(1)?, revision: row.get(2)?, dimensions: row.get(3)? };
        Ok(VectorSpace { slot: Slot(row.get(0)?), model, active: row.get(4)? })
    };
    connection
        .prepare_cached("SELECT slot, name, revision, dimensions, active FROM vector_spaces ORDER BY slot")?
        .query_map([], space)?
        .collect()
}

/// Removes a space and what is in it.
fn empty(tx: &Tx<'_>, slot: Slot) -> rusqlite::Result<()> {
    tx.statement("DELETE FROM settings WHERE name = ?1")?.execute([filling(slot)])?;
    tx.statement(&format!("DELETE FROM {}", table(slot)))?.execute([])?;
    tx.statement("DELETE FROM backlog WHERE slot = ?1")?.execute([slot.0])?;
    conversation_index::empty(tx, slot)?;
    tx.statement("DELETE FROM vector_spaces WHERE slot = ?1")?.execute([slot.0]).map(drop)
}

fn put(tx: &mut Tx<'_>, slot: Slot, vector: &NewVector) -> rusqlite::Result<()> {
    let owner = tx
        .statement("SELECT owner FROM memories WHERE pk = ?1 AND seq = ?2")?
        .query_row([vector.pk, vector.seq], |row| row.get(0).map(OwnerId))
        .optional()?;
    let Some(owner) = owner else { return Ok(()) };
    if tx.statement("DELETE FROM backlog WHERE slot = ?1 AND pk = ?2")?.execute(params![slot.0, vector.pk])?
        == 0
        || vector.windows.is_empty()
    {
        return Ok(());
    }
    let seq = tx.next_seq(owner)?;
    tx.statement(&format!(
        "INSERT OR REPLACE INTO {} (pk, owner, seq, vector) VALUES (?1, ?2, ?3, ?4)",
        table(slot)
    ))?
    .execute(params![vector.pk, owner.0, seq, vector_bytes(&vector.windows)])
    .map(drop)
}

/// A row's vector in a space, all windows.
pub(super) fn vector(connection: &Connection, slot: Slot, pk: i64) -> rusqlite::Result<Option<Vec<f32>>> {
    connection
        .prepare_cached(&format!("SELECT vector FROM {} WHERE pk = ?1", table(slot)))?
        .query_row([pk], |row| Ok(floats(row.get_ref(0)?.as_blob()?)))
        .optional()
}

/// The vectors of a space that came after a change, in order.
pub(super) fn since(
    connection: &Connection,
    owner: OwnerId,
    slot: Slot,
    seq: i64,
    limit: u32,
) -> rusqlite::Result<Vec<(i64, i64, Vec<f32>)>> {
    let table = table(slot);
    connection
        .prepare_cached(&format!(
            "SELECT seq, pk, vector FROM {table} INDEXED BY {table}_seq WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"
        ))?
        .query_map(params![owner.0, seq, limit], |row| {
            Ok((row.get(0)?, row.get(1)?, floats(row.get_ref(2)?.as_blob()?)))
        })?
        .collect()
}

/// A memory is new and waits for its vector in every space.
pub(super) fn expect_first(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.statement("INSERT OR IGNORE INTO backlog (slot, pk) SELECT slot, ?1 FROM vector_spaces")?
        .execute([pk])
        .map(drop)
}

/// A memory's text is new: its vectors stand for another one, and it waits for new ones in every space.
pub(super) fn expect(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    forget(tx, pk)?;
    expect_first(tx, pk)
}

/// Removes a row's vectors.
pub(super) fn forget(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.statement("DELETE FROM vectors_0 WHERE pk = ?1")?.execute([pk])?;
    tx.statement("DELETE FROM vectors_1 WHERE pk = ?1")?.execute([pk])?;
    tx.statement("DELETE FROM backlog WHERE pk = ?1 AND slot IN (0, 1)")?.execute([pk]).map(drop)
}

/// The vector that goes with a memory when one is asked for: what a client
/// supplied, else the active space's first window.
pub(super) fn shown(connection: &Connection, pk: i64) -> rusqlite::Result<Option<Embedding>> {
    let supplied = rows::supplied_embedding(connection, pk)?;
    if supplied.is_some() {
        return Ok(supplied);
    }
    let Some(space) = spaces(connection)?.into_iter().find(|space| space.active) else { return Ok(None) };
    let windows = vector(connection, space.slot, pk)?;
    Ok(windows.and_then(|mut windows| {
        windows.truncate(space.model.dimensions as usize);
        Embedding::new(windows).ok()
    }))
}
