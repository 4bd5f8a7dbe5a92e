//! Import and export on SQLite.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::transfer::Conflict;
use omp_model::{Memory, MemoryId, OwnerId, Principal, Timestamp};
use omp_search::Analyzer;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::memories::taken_by;
use super::tx::Tx;
use super::{SqliteStore, audit, originals, rows, seen, vectors, write};
use crate::stored::{pk_range, words};
use crate::transfer::{self, ExportPage, PAGE_BYTES};
use crate::{Exported, ImportChunk, ImportItem, ImportOutcome, Result, StoreError, TransferStore};

#[async_trait]
impl TransferStore for SqliteStore {
    async fn import_memories(
        &self,
        by: &Principal,
        chunk: ImportChunk,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>> {
        let by = by.clone();
        let ImportChunk { items, conflict, dry_run, more, held } = chunk;
        if dry_run {
            return self
                .read_long(move |connection| {
                    let outcome = |item: &ImportItem| {
                        let known = rows::find(connection, by.owner, item.memory.id)?
                            .filter(|(_, m)| !m.is_expired(now));
                        decide(connection, &by, known.as_ref(), item, conflict)
                    };
                    items.iter().map(outcome).collect()
                })
                .await;
        }
        // Analysing text is work for a thread of its own, so that the writer only writes.
        let analyse = move || {
            let mut analyzer = Analyzer::new();
            items.into_iter().map(|item| (words(&item.memory, &mut analyzer), item)).collect::<Vec<_>>()
        };
        let items = tokio::task::spawn_blocking(analyse).await;
        let items = items.map_err(|_| StoreError::Internal("the analysis ended early".into()))?;
        let mut waiting = Some((items, held));
        self.write_bulk(more, move |tx| {
            let (items, _held) = waiting.take().expect("a chunk is run once");
            let outcomes = items
                .iter()
                .map(|(words, item)| import(tx, &by, item, words, conflict, now))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            // One row for a chunk, however many memories it brings.
            let stored = transfer::stored(&outcomes);
            if stored > 0 {
                audit::record(tx, Some(&by), Action::ImportMemories, None, stored, now)?;
            }
            Ok(outcomes)
        })
        .await
    }

    async fn save_envelope(&self, owner: OwnerId, format: &str, text: &str, now: Timestamp) -> Result<i64> {
        let (format, text) = (format.to_owned(), text.to_owned());
        self.write(move |tx| {
            let known = tx
                .statement("SELECT envelope FROM envelopes WHERE owner = ?1 AND format = ?2 AND text = ?3")?
                .query_row(params![owner.0, format, text], |row| row.get(0))
                .optional()?;
            match known {
                // The import that begins now may come to refer to it.
                Some(envelope) => tx
                    .statement("UPDATE envelopes SET created_at = ?2 WHERE envelope = ?1")?
                    .execute([envelope, now.as_millis()])
                    .map(|_| envelope),
                None => tx
                    .statement(
                        "INSERT INTO envelopes (owner, format, text, created_at) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .insert(params![owner.0, format, text, now.as_millis()]),
            }
        })
        .await
    }

    async fn envelopes(&self, owner: OwnerId, format: &str) -> Result<Vec<(i64, String)>> {
        self.read(|connection| {
            connection
                .prepare_cached(
                    "SELECT envelope, text FROM envelopes AS e WHERE owner = ?1 AND format = ?2 \
                     AND EXISTS (SELECT 1 FROM originals AS o WHERE o.envelope = e.envelope) ORDER BY envelope",
                )?
                .query_map(params![owner.0, format], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
    }

    async fn export_memories(
        &self,
        by: &Principal,
        page: ExportPage,
        now: Timestamp,
    ) -> Result<Vec<Exported>> {
        let by = by.clone();
        self.read_long(move |connection| {
            let (first, last) = pk_range(by.owner);
            let mut values: Vec<Value> = Vec::new();
            let seen = seen::condition(&by, "memories", 4, &mut values);
            let sql = format!(
                "SELECT {}, pk FROM memories WHERE pk > ?1 AND pk <= ?2 AND (expires_at IS NULL OR expires_at > ?3){seen} \
                 ORDER BY pk LIMIT ?4",
                rows::COLUMNS
            );
            let mut select = connection.prepare_cached(&sql)?;
            let after = page.after.unwrap_or(first);
            let all = [after.into(), last.into(), now.as_millis().into(), page.limit.into()];
            let mut memories = select.query(params_from_iter(all.into_iter().chain(values)))?;
            let (mut exported, mut bytes) = (Vec::with_capacity(page.limit as usize), 0);
            while let Some(row) = memories.next()? {
                let (position, mut memory) = (row.get(rows::WIDTH)?, rows::memory(row, 0)?);
                if page.with_embedding {
                    memory.embedding = vectors::shown(connection, position)?;
                }
                let original = if page.with_original { originals::read(connection, position)? } else { None };
                let raw = original.as_ref().and_then(|original| original.raw.as_ref()).map_or(0, String::len);
                bytes += memory.content.as_str().len() + raw;
                exported.push(Exported { position, memory, original });
                if bytes > PAGE_BYTES {
                    break;
                }
            }
            Ok(exported)
        })
        .await
    }
}

/// What is to happen to an item, given what has its id.
fn decide(
    connection: &Connection,
    by: &Principal,
    known: Option<&(i64, Memory)>,
    item: &ImportItem,
    conflict: Conflict,
) -> rusqlite::Result<ImportOutcome> {
    let known = known.map(|(pk, known)| (known, *pk));
    transfer::decide(by, known, item, conflict, |pk| brings_more(connection, pk, item))
}

fn brings_more(connection: &Connection, pk: i64, item: &ImportItem) -> rusqlite::Result<bool> {
    let original = if item.original.is_some() { originals::read(connection, pk)? } else { None };
    if item.has_another_original(original.as_ref()) {
        return Ok(true);
    }
    Ok(item.memory.embedding.is_some() && item.memory.embedding != rows::supplied_embedding(connection, pk)?)
}

fn import(
    tx: &mut Tx<'_>,
    by: &Principal,
    item: &ImportItem,
    words: &str,
    conflict: Conflict,
    now: Timestamp,
) -> rusqlite::Result<ImportOutcome> {
    let owner = by.owner;
    let known = taken_by(tx, owner, item.memory.id, now)?;
    let outcome = decide(tx.connection(), by, known.as_ref(), item, conflict)?;
    let pk = match (outcome, known) {
        (ImportOutcome::Imported, _) => write::insert(tx, owner, &item.memory, words)?,
        (ImportOutcome::Updated, Some((pk, before))) => {
            write::update(tx, owner, pk, &before, &item.memory, now)?;
            pk
        }
        _ => return Ok(outcome),
    };
    let mut put = tx.statement(
        "INSERT OR REPLACE INTO originals (pk, format, envelope, head, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    match &item.original {
        Some(original) => {
            let head = original.head.as_ref().map(MemoryId::body);
            put.execute(params![pk, original.format, original.envelope, head, original.raw])?;
        }
        None if outcome == ImportOutcome::Updated => {
            tx.statement("DELETE FROM originals WHERE pk = ?1")?.execute([pk])?;
        }
        None => {}
    }
    Ok(outcome)
}
