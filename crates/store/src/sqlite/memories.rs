//! The aggregate of memories on SQLite.

use async_trait::async_trait;
use omp_model::{Dedupe, ListQuery, Memory, MemoryId, MemoryPatch, OwnerId, Timestamp};
use omp_search::Analyzer;

use super::repeats::Probe;
use super::tx::{FacetKind, Tx};
use super::{SqliteStore, list, rows, search, snapshot, succession, vectors, write};
use crate::memories::KeywordSearch;
use crate::{Added, Addition, MemoryStore, Page, Result};

/// The row number and memory with this id, if it has not expired.
pub(super) fn find_alive(
    tx: &Tx<'_>,
    owner: OwnerId,
    id: MemoryId,
    now: Timestamp,
) -> rusqlite::Result<Option<(i64, Memory)>> {
    Ok(rows::find(tx.connection(), owner, id)?.filter(|(_, memory)| !memory.is_expired(now)))
}

/// The row number and memory that an id is taken by. An expired memory that still has it goes now instead of at the
/// next sweep.
pub(super) fn taken_by(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    id: MemoryId,
    now: Timestamp,
) -> rusqlite::Result<Option<(i64, Memory)>> {
    match rows::find(tx.connection(), owner, id)? {
        Some((pk, old)) if old.is_expired(now) => {
            write::delete(tx, owner, pk, &old, now)?;
            Ok(None)
        }
        known => Ok(known),
    }
}

#[async_trait]
impl MemoryStore for SqliteStore {
    async fn add_memory(
        &self,
        owner: OwnerId,
        memory: &Memory,
        addition: Addition,
        now: Timestamp,
    ) -> Result<Added> {
        let Addition { supersedes, dedupe } = addition;
        let (memory, words) = (memory.clone(), write::words(memory, &mut Analyzer::new()));
        let repeat = (dedupe != Dedupe::Off && supersedes.is_none()).then(|| Probe::new(&memory));
        self.write(move |tx| {
            if taken_by(tx, owner, memory.id, now)?.is_some() {
                return Ok(Added::IdTaken);
            }
            if let Some(probe) = &repeat
                && let Some(known) = probe.find(tx.connection(), owner, &memory, now)?
            {
                return Ok(Added::Repeat(Box::new(known)));
            }
            let superseded = match supersedes {
                None => None,
                Some(old) => match find_alive(tx, owner, old, now)? {
                    None => return Ok(Added::NothingToSupersede),
                    Some((pk, _)) => match succession::successor(tx.connection(), pk, now)? {
                        Some((_, successor)) => return Ok(Added::SupersededBy(successor)),
                        None => Some(pk),
                    },
                },
            };
            write::insert(tx, owner, &memory, &words)?;
            if let Some(pk) = superseded {
                succession::supersede(tx, owner, pk, memory.id, now)?;
            }
            Ok(Added::Stored)
        })
        .await
    }

    async fn get_memory(
        &self,
        owner: OwnerId,
        id: MemoryId,
        with_embedding: bool,
        now: Timestamp,
    ) -> Result<Option<Memory>> {
        self.read(|connection| {
            let Some((pk, mut memory)) =
                rows::find(connection, owner, id)?.filter(|(_, m)| !m.is_expired(now))
            else {
                return Ok(None);
            };
            if with_embedding {
                memory.embedding = vectors::shown(connection, pk)?;
            }
            Ok(Some(memory))
        })
    }

    async fn update_memory(
        &self,
        owner: OwnerId,
        id: MemoryId,
        patch: MemoryPatch,
        now: Timestamp,
    ) -> Result<Option<Memory>> {
        self.write(move |tx| {
            let Some((pk, mut before)) = find_alive(tx, owner, id, now)? else { return Ok(None) };
            before.embedding = rows::supplied_embedding(tx.connection(), pk)?;
            let mut after = before.clone();
            patch.clone().apply(&mut after, now);
            write::update(tx, owner, pk, &before, &after, now)?;
            after.embedding = None;
            Ok(Some(after))
        })
        .await
    }

    async fn delete_memory(&self, owner: OwnerId, id: MemoryId, now: Timestamp) -> Result<bool> {
        self.write(move |tx| {
            let Some((pk, memory)) = find_alive(tx, owner, id, now)? else { return Ok(false) };
            write::delete(tx, owner, pk, &memory, now)?;
            Ok(true)
        })
        .await
    }

    async fn list_memories(&self, owner: OwnerId, query: &ListQuery, now: Timestamp) -> Result<Page<Memory>> {
        if list::is_short(query) {
            return self
                .read(|connection| snapshot(connection, || list::page(connection, owner, query, now)));
        }
        let query = query.clone();
        self.read_long(move |connection| snapshot(connection, || list::page(connection, owner, &query, now)))
            .await
    }

    async fn search_memories(
        &self,
        owner: OwnerId,
        search: KeywordSearch<'_>,
        now: Timestamp,
    ) -> Result<Page<Memory>> {
        let Some(expression) = search.keywords.to_fts5() else {
            return Ok(Page { items: Vec::new(), total: 0 });
        };
        let (filter, limit, with_embedding) = (search.filter.clone(), search.limit, search.with_embedding);
        self.read_long(move |connection| {
            snapshot(connection, || {
                let hits = search::best(connection, owner, &expression, &filter, limit, now)?;
                Ok(Page { items: rows::by_pk(connection, &hits.items, with_embedding)?, total: hits.total })
            })
        })
        .await
    }

    async fn count_memories(&self, owner: OwnerId, now: Timestamp) -> Result<u64> {
        self.read(|connection| {
            snapshot(connection, || {
                let all = list::facet(connection, owner, FacetKind::All, "")?.map_or(0, |facet| facet.n);
                Ok(all.saturating_sub(list::expired(connection, owner, &[], now)?))
            })
        })
    }
}
