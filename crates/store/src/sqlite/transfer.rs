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
use crate::arrivals::{Arrival, Records, of_one_record};
use crate::stored::{pk_range, words};
use crate::transfer::{self, ExportPage, PAGE_BYTES};
use crate::{Exported, ImportChunk, ImportItem, ImportOutcome, Original, Result, StoreError, TransferStore};

#[async_trait]
impl TransferStore for SqliteStore {
    async fn import_memories(
        &self,
        by: &Principal,
        chunk: ImportChunk,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>> {
        let by = by.clone();
        let ImportChunk { items, conflict, dry_run, more, held, records } = chunk;
        if dry_run {
            return self
                .read_long(move |connection| {
                    let mut outcomes = Vec::with_capacity(items.len());
                    for parts in items.chunk_by(of_one_record) {
                        let known = |item: &ImportItem| {
                            let known = rows::find(connection, by.owner, item.memory.id)?;
                            Ok(known.filter(|(_, memory)| !memory.is_expired(now)))
                        };
                        let known = parts.iter().map(known).collect::<rusqlite::Result<_>>()?;
                        let items = parts.iter().collect();
                        let arrival = arrival(connection, by.owner, items, known, conflict, &*records)?;
                        outcomes.extend(arrival.decide(&by, conflict, &*records).outcomes);
                    }
                    Ok(outcomes)
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
            let mut outcomes = Vec::with_capacity(items.len());
            for parts in items.chunk_by(|(_, one), (_, next)| of_one_record(one, next)) {
                outcomes.extend(import(tx, &by, parts, conflict, &*records, now)?);
            }
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

/// What is stored of a record that comes.
fn arrival<'a>(
    connection: &Connection,
    owner: OwnerId,
    items: Vec<&'a ImportItem>,
    known: Vec<Option<(i64, Memory)>>,
    conflict: Conflict,
    records: &dyn Records,
) -> rusqlite::Result<Arrival<'a>> {
    let mut arrival = Arrival { items, known, original: None, brings_vector: false, surplus: Vec::new() };
    if conflict == Conflict::Skip {
        return Ok(arrival);
    }
    for (item, known) in arrival.items.iter().zip(&arrival.known) {
        if let (Some(vector), Some((pk, _))) = (&item.memory.embedding, known) {
            arrival.brings_vector |= rows::supplied_embedding(connection, *pk)?.as_ref() != Some(vector);
        }
    }
    if let Some((pk, _)) = arrival.known[0].as_ref().filter(|_| arrival.items[0].original.is_some()) {
        arrival.original = originals::read(connection, *pk)?;
    }
    let Some(head) = arrival.may_leave_surplus() else { return Ok(arrival) };
    for index in arrival.items.len().. {
        let Some((pk, memory)) = rows::find(connection, owner, records.part(head, index))? else { break };
        if originals::read(connection, pk)?.is_none_or(|original| original.head != Some(head)) {
            break;
        }
        arrival.surplus.push((pk, memory));
    }
    Ok(arrival)
}

/// Imports a record: one memory, or the parts of one.
fn import(
    tx: &mut Tx<'_>,
    by: &Principal,
    parts: &[(String, ImportItem)],
    conflict: Conflict,
    records: &dyn Records,
    now: Timestamp,
) -> rusqlite::Result<Vec<ImportOutcome>> {
    let owner = by.owner;
    let known = parts.iter().map(|(_, item)| taken_by(tx, owner, item.memory.id, now));
    let known = known.collect::<rusqlite::Result<_>>()?;
    let items = parts.iter().map(|(_, item)| item).collect();
    let arrival = arrival(tx.connection(), owner, items, known, conflict, records)?;
    let verdict = arrival.decide(by, conflict, records);
    if verdict.drops_surplus {
        for (pk, memory) in &arrival.surplus {
            write::delete(tx, owner, *pk, memory, now)?;
        }
    }
    for (((words, item), known), outcome) in parts.iter().zip(&arrival.known).zip(&verdict.outcomes) {
        match (outcome, known) {
            (ImportOutcome::Imported, _) => {
                let pk = write::insert(tx, owner, &item.memory, words)?;
                put_original(tx, pk, item.original.as_ref())?;
            }
            (ImportOutcome::Updated, Some((pk, before))) => {
                write::update(tx, owner, *pk, before, &item.memory, now)?;
                match &item.original {
                    None => originals::remove(tx, *pk)?,
                    original => put_original(tx, *pk, original.as_ref())?,
                }
            }
            _ => {}
        }
    }
    if let Some((pk, _)) = arrival.known[0].as_ref().filter(|_| verdict.renews_record) {
        put_original(tx, *pk, arrival.items[0].original.as_ref())?;
    }
    Ok(verdict.outcomes)
}

fn put_original(tx: &Tx<'_>, pk: i64, original: Option<&Original>) -> rusqlite::Result<()> {
    let Some(Original { format, envelope, raw, head }) = original else { return Ok(()) };
    tx.statement(
        "INSERT OR REPLACE INTO originals (pk, format, envelope, head, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![pk, format, envelope, head.as_ref().map(MemoryId::body), raw])
    .map(drop)
}
