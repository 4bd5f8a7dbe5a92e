//! The aggregate of memories on SQLite.

use async_trait::async_trait;
use omp_model::{ListQuery, Memory, MemoryId, MemoryPatch, OwnerId, Timestamp};
use omp_search::Analyzer;

use super::tx::{FacetKind, Tx};
use super::{SqliteStore, list, rows, search, snapshot, vectors, write};
use crate::memories::KeywordSearch;
use crate::{MemoryStore, Page, Result};

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
    async fn create_memory(&self, owner: OwnerId, memory: &Memory, now: Timestamp) -> Result<bool> {
        let (memory, words) = (memory.clone(), write::words(memory, &mut Analyzer::new()));
        self.write(move |tx| {
            if taken_by(tx, owner, memory.id, now)?.is_some() {
                return Ok(false);
            }
            write::insert(tx, owner, &memory, &words)?;
            Ok(true)
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
            write::update(tx, owner, pk, &before, &after)?;
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
