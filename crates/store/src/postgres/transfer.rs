//! Import and export on PostgreSQL. A chunk of an import is read, decided and written with a handful of statements,
//! however many items it has; that is as fast as COPY is into the same tables, which row-level security does not allow.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::transfer::Conflict;
use omp_model::{Embedding, Memory, MemoryId, OwnerId, Principal, Timestamp};
use omp_search::Analyzer;

use super::seen::Seen;
use super::session::{Columns, Session, Value, number};
use super::tsvector::Words;
use super::tx::Tx;
use super::{PostgresStore, audit, originals, rows, vectors, write};
use crate::arrivals::{Arrival, Records, of_one_record};
use crate::stored::pk_range;
use crate::transfer::{self, ExportPage, PAGE_BYTES};
use crate::{Exported, ImportChunk, ImportItem, ImportOutcome, Original, Result, StoreError, TransferStore};

#[async_trait]
impl TransferStore for PostgresStore {
    async fn import_memories(
        &self,
        by: &Principal,
        chunk: ImportChunk,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>> {
        let (by, owner) = (by.clone(), by.owner);
        let ImportChunk { items, conflict, dry_run, held, records, .. } = chunk;
        let how = How { conflict, records, now };
        if dry_run {
            let session = self.read(by.owner).await?;
            let items: Vec<&ImportItem> = items.iter().collect();
            let mut there = There::read(&session, by.owner, &items).await?;
            there.known.retain(|_, (_, memory)| !memory.is_expired(now));
            there.read_surplus(&session, by.owner, &items, &how).await?;
            let decide =
                |parts: &[&ImportItem]| there.take(parts).decide(&by, conflict, &*how.records).outcomes;
            return Ok(items.chunk_by(|one, next| of_one_record(one, next)).flat_map(decide).collect());
        }
        // Analysing text is work for a thread of its own, so that the writer only writes.
        let analyse = move || {
            let mut analyzer = Analyzer::new();
            let analysed =
                items.into_iter().map(|item| (Words::of(owner, &item.memory, &mut analyzer), item));
            analysed.collect::<Vec<_>>()
        };
        let items = tokio::task::spawn_blocking(analyse).await;
        let items = items.map_err(|_| StoreError::Internal("the analysis ended early".into()))?;
        let outcomes = self
            .write_bulk(Some(by.owner), async move |tx| {
                let outcomes = import(tx, &by, &items, &how).await?;
                // One row for a chunk, however many memories it brings.
                let stored = transfer::stored(&outcomes);
                if stored > 0 {
                    audit::record(tx, Some(&by), Action::ImportMemories, None, stored, now);
                }
                Ok(outcomes)
            })
            .await;
        drop(held);
        if let Ok(outcomes) = &outcomes {
            self.imported(transfer::stored(outcomes));
        }
        outcomes
    }

    async fn save_envelope(&self, owner: OwnerId, format: &str, text: &str, now: Timestamp) -> Result<i64> {
        let (format, text, now) = (format.to_owned(), text.to_owned(), now.as_millis());
        self.write(owner, async move |tx| save_envelope(tx, owner, &format, &text, now, true).await).await
    }

    async fn envelopes(&self, owner: OwnerId, format: &str) -> Result<Vec<(i64, String)>> {
        let sql = "SELECT envelope, text FROM envelopes AS e WHERE owner = $1 AND format = $2 AND EXISTS ( \
             SELECT 1 FROM originals AS o WHERE o.owner = e.owner AND o.envelope = e.envelope) ORDER BY envelope";
        let rows = self.read(owner).await?.rows(sql, &[&number(owner), &format]).await?;
        rows.iter().map(|row| Ok((row.column(0)?, row.column(1)?))).collect()
    }

    async fn export_memories(
        &self,
        by: &Principal,
        page: ExportPage,
        now: Timestamp,
    ) -> Result<Vec<Exported>> {
        let (owner, now, limit) = (number(by.owner), now.as_millis(), i64::from(page.limit));
        let after = page.after.unwrap_or(pk_range(by.owner).0);
        let seen = Seen::of(by);
        let mut values: Vec<Value<'_>> = vec![&owner, &after, &now, &limit];
        let condition = seen.condition(&mut values);
        // A page ends after so many bytes: what is beyond is not read. The record counts as well as the text.
        let sql = format!(
            "SELECT {} FROM memories AS m WHERE m.owner = $1 AND m.pk > $2 AND {}{condition} ORDER BY m.pk LIMIT $4",
            rows::COLUMNS,
            rows::alive(3)
        );
        let session = self.read(by.owner).await?;
        let found = session.rows(&sql, &values).await?;
        let mut memories: Vec<(i64, Memory)> = found.iter().map(rows::numbered).collect::<Result<_>>()?;
        let pks: Vec<i64> = memories.iter().map(|(pk, _)| *pk).collect();
        let mut originals = if page.with_original {
            originals::read_all(&session, by.owner, &pks).await?
        } else {
            HashMap::new()
        };
        let mut bytes = 0;
        let fitting = memories.iter().take_while(|(pk, memory)| {
            let fits = bytes <= PAGE_BYTES;
            let raw = originals.get(pk).and_then(|o| o.raw.as_ref()).map_or(0, String::len);
            bytes += memory.content.as_str().len() + raw;
            fits
        });
        let fitting = fitting.count();
        memories.truncate(fitting);
        if page.with_embedding {
            vectors::show(&session, by.owner, &mut memories).await?;
        }
        let exported = |(position, memory): (i64, Memory)| {
            let original = originals.remove(&position);
            Exported { position, memory, original }
        };
        Ok(memories.into_iter().map(exported).collect())
    }
}

/// The number of an envelope, made when its text is new.
pub(super) async fn save_envelope(
    tx: &Tx,
    owner: OwnerId,
    format: &str,
    text: &str,
    at: i64,
    renew: bool,
) -> Result<i64> {
    let owner = number(owner);
    let sql = "SELECT envelope FROM envelopes \
         WHERE owner = $1 AND format = $2 AND md5(text) = md5($3) AND text = $3";
    let known = tx.row(sql, &[&owner, &format, &text]).await?;
    let Some(known) = known else {
        let sql = "INSERT INTO envelopes (owner, format, text, created_at) VALUES ($1, $2, $3, $4) RETURNING envelope";
        return tx.one(sql, &[&owner, &format, &text, &at]).await?.column(0);
    };
    let envelope: i64 = known.column(0)?;
    if renew {
        // The import that begins now may come to refer to it.
        let sql = "UPDATE envelopes SET created_at = $3 WHERE owner = $1 AND envelope = $2";
        tx.execute(sql, &[&owner, &envelope, &at]).await?;
    }
    Ok(envelope)
}

/// How a chunk is imported.
struct How {
    conflict: Conflict,
    records: Arc<dyn Records>,
    now: Timestamp,
}

/// What there is of the memories whose ids a chunk brings.
struct There {
    known: HashMap<MemoryId, (i64, Memory)>,
    originals: HashMap<i64, Original>,
    embeddings: HashMap<i64, Embedding>,
    /// By the first part.
    surplus: HashMap<MemoryId, Vec<(i64, Memory)>>,
}

impl There {
    async fn read(session: &Session, owner: OwnerId, items: &[&ImportItem]) -> Result<Self> {
        let ids: Vec<&str> = items.iter().map(|item| item.memory.id.body()).collect();
        let known = rows::find_all(session, owner, &ids).await?;
        let pks: Vec<i64> = known.values().map(|(pk, _)| *pk).collect();
        let (mut originals, mut embeddings) = (HashMap::new(), HashMap::new());
        if !pks.is_empty() {
            originals = originals::read_all(session, owner, &pks).await?;
            embeddings = rows::supplied_embeddings(session, owner, &pks).await?;
        }
        Ok(Self { known, originals, embeddings, surplus: HashMap::new() })
    }

    /// Reads the parts that stand beyond those that come. Expired memories must have gone before.
    async fn read_surplus(
        &mut self,
        session: &Session,
        owner: OwnerId,
        items: &[&ImportItem],
        how: &How,
    ) -> Result<()> {
        if how.conflict == Conflict::Skip {
            return Ok(());
        }
        let arrivals = items.chunk_by(|one, next| of_one_record(one, next));
        let mut asked: Vec<(MemoryId, usize)> =
            arrivals.filter_map(|parts| Some((self.take(parts).may_leave_surplus()?, parts.len()))).collect();
        while !asked.is_empty() {
            let ids: Vec<MemoryId> =
                asked.iter().map(|(head, index)| how.records.part(*head, *index)).collect();
            let bodies: Vec<&str> = ids.iter().map(MemoryId::body).collect();
            let mut found = rows::find_all(session, owner, &bodies).await?;
            if found.is_empty() {
                break;
            }
            let pks: Vec<i64> = found.values().map(|(pk, _)| *pk).collect();
            let originals = originals::read_all(session, owner, &pks).await?;
            let mut next = Vec::new();
            for ((head, index), id) in asked.into_iter().zip(ids) {
                let part = found.remove(&id);
                let is_part =
                    |pk: &i64| originals.get(pk).is_some_and(|original| original.head == Some(head));
                if let Some(part) = part.filter(|(pk, _)| is_part(pk)) {
                    self.surplus.entry(head).or_default().push(part);
                    next.push((head, index + 1));
                }
            }
            asked = next;
        }
        Ok(())
    }

    /// What is stored of a record that comes.
    fn take<'a>(&self, parts: &[&'a ImportItem]) -> Arrival<'a> {
        let known: Vec<_> = parts.iter().map(|item| self.known.get(&item.memory.id).cloned()).collect();
        let other_vector = |(item, known): (&&ImportItem, &Option<(i64, Memory)>)| {
            let vector = item.memory.embedding.as_ref();
            known.as_ref().is_some_and(|(pk, _)| vector.is_some() && vector != self.embeddings.get(pk))
        };
        Arrival {
            items: parts.to_vec(),
            original: known[0].as_ref().and_then(|(pk, _)| self.originals.get(pk).cloned()),
            brings_vector: parts.iter().zip(&known).any(other_vector),
            surplus: self.surplus.get(&parts[0].memory.id).cloned().unwrap_or_default(),
            known,
        }
    }
}

async fn import(
    tx: &mut Tx,
    by: &Principal,
    items: &[(Words, ImportItem)],
    how: &How,
) -> Result<Vec<ImportOutcome>> {
    let mut outcomes = Vec::with_capacity(items.len());
    // An id that comes twice meets itself; so a chunk is done in parts within which every id is another one.
    let (mut part, mut ids) = (Vec::new(), HashSet::new());
    for record in items.chunk_by(|(_, one), (_, next)| of_one_record(one, next)) {
        if record.iter().any(|(_, item)| ids.contains(&item.memory.id)) {
            import_part(tx, by, &mem::take(&mut part), how, &mut outcomes).await?;
            ids.clear();
        }
        ids.extend(record.iter().map(|(_, item)| item.memory.id));
        part.extend(record);
    }
    import_part(tx, by, &part, how, &mut outcomes).await?;
    Ok(outcomes)
}

async fn import_part(
    tx: &mut Tx,
    by: &Principal,
    items: &[&(Words, ImportItem)],
    how: &How,
    outcomes: &mut Vec<ImportOutcome>,
) -> Result<()> {
    let (owner, now) = (by.owner, how.now);
    let plain: Vec<&ImportItem> = items.iter().map(|(_, item)| item).collect();
    let mut there = There::read(tx, owner, &plain).await?;
    // Expired memories that still have an id go now instead of at the next sweep.
    let expired: Vec<MemoryId> =
        there.known.iter().filter(|(_, (_, memory))| memory.is_expired(now)).map(|(id, _)| *id).collect();
    for id in expired {
        if let Some((pk, old)) = there.known.remove(&id) {
            write::delete(tx, owner, pk, &old, now).await?;
        }
    }
    there.read_surplus(tx, owner, &plain, how).await?;
    let mut new: Vec<(&Memory, &Words)> = Vec::new();
    let mut new_originals: Vec<Option<&Original>> = Vec::new();
    let mut stored: Vec<(i64, &Original)> = Vec::new();
    for record in items.chunk_by(|(_, one), (_, next)| of_one_record(one, next)) {
        let arrival = there.take(&record.iter().map(|(_, item)| item).collect::<Vec<_>>());
        let verdict = arrival.decide(by, how.conflict, &*how.records);
        for (pk, memory) in arrival.surplus.iter().filter(|_| verdict.drops_surplus) {
            write::delete(tx, owner, *pk, memory, now).await?;
        }
        for (((words, item), known), outcome) in record.iter().zip(&arrival.known).zip(&verdict.outcomes) {
            match (outcome, known) {
                (ImportOutcome::Imported, _) => {
                    new.push((&item.memory, words));
                    new_originals.push(item.original.as_ref());
                }
                (ImportOutcome::Updated, Some((pk, before))) => {
                    let before = Memory { embedding: there.embeddings.get(pk).cloned(), ..before.clone() };
                    write::update(tx, owner, *pk, &before, &item.memory, now).await?;
                    match &item.original {
                        Some(original) => stored.push((*pk, original)),
                        None => originals::remove(tx, owner, *pk).await?,
                    }
                }
                _ => {}
            }
        }
        let renewed = arrival.known[0].as_ref().filter(|_| verdict.renews_record);
        stored.extend(renewed.map(|(pk, _)| *pk).zip(record[0].1.original.as_ref()));
        outcomes.extend(verdict.outcomes);
    }
    if !new.is_empty() {
        let pks = write::insert_all(tx, owner, &new).await?;
        stored.extend(
            pks.into_iter().zip(new_originals).filter_map(|(pk, original)| original.map(|o| (pk, o))),
        );
    }
    originals::put_all(tx, owner, &stored).await
}
