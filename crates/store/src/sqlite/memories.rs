//! The aggregate of memories on SQLite.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{Dedupe, ListQuery, Memory, MemoryId, MemoryPatch, Namespace, OwnerId, Principal, Timestamp};
use omp_search::Analyzer;

use rusqlite::Connection;

use super::tx::Tx;
use super::{SqliteStore, audit, list, repeats, rows, search, snapshot, succession, users, vectors, write};
use crate::memories::KeywordSearch;
use crate::repeats::Probe;
use crate::stored::{FacetKind, words};
use crate::{Added, Addition, Changed, MemoryStore, Page, Result};

/// The row number and memory with this id, if it has not expired and is there for whoever asks.
pub(super) fn find_seen(
    connection: &Connection,
    by: &Principal,
    id: MemoryId,
    now: Timestamp,
) -> rusqlite::Result<Option<(i64, Memory)>> {
    let found = rows::find(connection, by.owner, id)?;
    Ok(found.filter(|(_, memory)| !memory.is_expired(now) && by.sees(memory)))
}

/// The same for whoever wants to change it.
pub(super) fn find_to_change(
    tx: &Tx<'_>,
    by: &Principal,
    id: MemoryId,
    now: Timestamp,
) -> rusqlite::Result<Changed<(i64, Memory)>> {
    Ok(match find_seen(tx.connection(), by, id, now)? {
        None => Changed::Missing,
        Some((_, memory)) if !by.may_change(&memory) => Changed::Refused,
        Some(found) => Changed::Done(found),
    })
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
        by: &Principal,
        memory: &Memory,
        addition: Addition,
        now: Timestamp,
    ) -> Result<Added> {
        let (by, owner) = (by.clone(), by.owner);
        let Addition { supersedes, dedupe } = addition;
        let (memory, words) = (memory.clone(), words(memory, &mut Analyzer::new()));
        let repeat = (dedupe != Dedupe::Off && supersedes.is_none()).then(|| Probe::new(&memory));
        self.write(move |tx| {
            if taken_by(tx, owner, memory.id, now)?.is_some() {
                return Ok(Added::IdTaken);
            }
            if let Some(probe) = &repeat
                && let Some(known) = repeats::find(probe, tx.connection(), &by, &memory, now)?
            {
                return Ok(Added::Repeat(Box::new(known)));
            }
            let superseded = match supersedes {
                None => None,
                Some(old) => match find_to_change(tx, &by, old, now)? {
                    Changed::Missing => return Ok(Added::NothingToSupersede),
                    Changed::Refused => return Ok(Added::Refused),
                    Changed::Done((pk, _)) => match succession::successor(tx.connection(), pk, now)? {
                        Some((_, successor)) => return Ok(Added::SupersededBy(successor)),
                        None => Some(pk),
                    },
                },
            };
            write::insert(tx, owner, &memory, &words)?;
            audit::one(tx, &by, Action::CreateMemory, memory.id, now)?;
            if let Some(pk) = superseded {
                succession::supersede(tx, owner, pk, memory.id, now)?;
            }
            Ok(Added::Stored)
        })
        .await
    }

    async fn get_memory(
        &self,
        by: &Principal,
        id: MemoryId,
        with_embedding: bool,
        now: Timestamp,
    ) -> Result<Option<Memory>> {
        self.read(|connection| {
            let Some((pk, mut memory)) = find_seen(connection, by, id, now)? else { return Ok(None) };
            if with_embedding {
                memory.embedding = vectors::shown(connection, pk)?;
            }
            Ok(Some(memory))
        })
    }

    async fn update_memory(
        &self,
        by: &Principal,
        id: MemoryId,
        patch: MemoryPatch,
        now: Timestamp,
    ) -> Result<Changed<Memory>> {
        let (by, owner) = (by.clone(), by.owner);
        self.write(move |tx| {
            let (pk, mut before) = match find_to_change(tx, &by, id, now)? {
                Changed::Done(found) => found,
                Changed::Missing => return Ok(Changed::Missing),
                Changed::Refused => return Ok(Changed::Refused),
            };
            before.embedding = rows::supplied_embedding(tx.connection(), pk)?;
            let mut after = before.clone();
            patch.clone().apply(&mut after, now);
            write::update(tx, owner, pk, &before, &after, now)?;
            audit::one(tx, &by, Action::UpdateMemory, id, now)?;
            after.embedding = None;
            Ok(Changed::Done(after))
        })
        .await
    }

    async fn delete_memory(&self, by: &Principal, id: MemoryId, now: Timestamp) -> Result<Changed<()>> {
        let by = by.clone();
        self.write(move |tx| {
            let (pk, memory) = match find_to_change(tx, &by, id, now)? {
                Changed::Done(found) => found,
                Changed::Missing => return Ok(Changed::Missing),
                Changed::Refused => return Ok(Changed::Refused),
            };
            write::delete(tx, by.owner, pk, &memory, now)?;
            audit::one(tx, &by, Action::DeleteMemory, id, now)?;
            Ok(Changed::Done(()))
        })
        .await
    }

    async fn list_memories(&self, by: &Principal, query: &ListQuery, now: Timestamp) -> Result<Page<Memory>> {
        if list::is_short(query) && by.sight().is_none() {
            return self.read(|connection| snapshot(connection, || list::page(connection, by, query, now)));
        }
        let (by, query) = (by.clone(), query.clone());
        self.read_long(move |connection| snapshot(connection, || list::page(connection, &by, &query, now)))
            .await
    }

    async fn search_memories(
        &self,
        by: &Principal,
        search: KeywordSearch<'_>,
        now: Timestamp,
    ) -> Result<Page<Memory>> {
        let Some(expression) = search.keywords.to_fts5() else {
            return Ok(Page { items: Vec::new(), total: 0 });
        };
        let (filter, limit, with_embedding) = (search.filter.clone(), search.limit, search.with_embedding);
        let by = by.clone();
        self.read_long(move |connection| {
            snapshot(connection, || {
                let hits = search::best(connection, &by, &expression, &filter, limit, now)?;
                Ok(Page { items: rows::by_pk(connection, &hits.items, with_embedding)?, total: hits.total })
            })
        })
        .await
    }

    async fn namespaces(&self, owner: OwnerId, limit: u32) -> Result<Vec<(Namespace, u64)>> {
        self.read(|connection| list::counted_namespaces(connection, owner, limit))
    }

    async fn count_memories(&self, owner: Option<OwnerId>, now: Timestamp) -> Result<u64> {
        let of = |connection: &Connection, owner| {
            let all = list::facet(connection, owner, FacetKind::All, "")?.map_or(0, |facet| facet.n);
            Ok(all.saturating_sub(list::expired(connection, owner, &[], now)?))
        };
        self.read(|connection| {
            snapshot(connection, || match owner {
                Some(owner) => of(connection, owner),
                None => users::owners(connection)?.into_iter().map(|owner| of(connection, owner)).sum(),
            })
        })
    }
}
