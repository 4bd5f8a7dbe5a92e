//! The aggregate of memories on PostgreSQL.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{Dedupe, ListQuery, Memory, MemoryId, MemoryPatch, Namespace, OwnerId, Principal, Timestamp};
use omp_search::Analyzer;

use super::filter::Admitted;
use super::session::Session;
use super::tsvector::Words;
use super::tx::Tx;
use super::{PostgresStore, audit, list, repeats, rows, search, succession, vectors, write};
use crate::memories::KeywordSearch;
use crate::repeats::Probe;
use crate::{Added, Addition, Changed, MemoryStore, Page, Result};

/// The row number and memory with this id, if it has not expired and is there for whoever asks.
pub(super) async fn find_seen(
    session: &Session,
    by: &Principal,
    id: MemoryId,
    now: Timestamp,
) -> Result<Option<(i64, Memory)>> {
    Ok(seen(by, rows::find(session, by.owner, id).await?, now))
}

fn seen(by: &Principal, found: Option<(i64, Memory)>, now: Timestamp) -> Option<(i64, Memory)> {
    found.filter(|(_, memory)| !memory.is_expired(now) && by.sees(memory))
}

/// The same for whoever wants to change it.
pub(super) async fn find_to_change(
    tx: &Tx,
    by: &Principal,
    id: MemoryId,
    now: Timestamp,
) -> Result<Changed<(i64, Memory)>> {
    Ok(match find_seen(tx, by, id, now).await? {
        None => Changed::Missing,
        Some((_, memory)) if !by.may_change(&memory) => Changed::Refused,
        Some(found) => Changed::Done(found),
    })
}

/// The row number and memory that an id is taken by. An expired memory that still has it goes now instead of at the
/// next sweep.
pub(super) async fn taken_by(
    tx: &mut Tx,
    owner: OwnerId,
    id: MemoryId,
    now: Timestamp,
) -> Result<Option<(i64, Memory)>> {
    match rows::find(tx, owner, id).await? {
        Some((pk, old)) if old.is_expired(now) => {
            write::delete(tx, owner, pk, &old, now).await?;
            Ok(None)
        }
        known => Ok(known),
    }
}

#[async_trait]
impl MemoryStore for PostgresStore {
    async fn add_memory(
        &self,
        by: &Principal,
        memory: &Memory,
        addition: Addition,
        now: Timestamp,
    ) -> Result<Added> {
        let (by, owner) = (by.clone(), by.owner);
        let Addition { supersedes, dedupe } = addition;
        let (memory, words) = (memory.clone(), Words::of(owner, memory, &mut Analyzer::new()));
        if supersedes.is_none() && dedupe == Dedupe::Off {
            return self.writers.create(write::Creation { by, memory, words, now, added: None }).await;
        }
        let repeat = (dedupe != Dedupe::Off && supersedes.is_none()).then(|| Probe::new(&memory));
        self.write(owner, async move |tx| {
            if taken_by(tx, owner, memory.id, now).await?.is_some() {
                return Ok(Added::IdTaken);
            }
            if let Some(probe) = &repeat
                && let Some(known) = repeats::find(probe, tx, &by, &memory, now).await?
            {
                return Ok(Added::Repeat(Box::new(known)));
            }
            let superseded = match supersedes {
                None => None,
                Some(old) => match find_to_change(tx, &by, old, now).await? {
                    Changed::Missing => return Ok(Added::NothingToSupersede),
                    Changed::Refused => return Ok(Added::Refused),
                    Changed::Done((pk, _)) => match succession::successor(tx, owner, pk, now).await? {
                        Some((_, successor)) => return Ok(Added::SupersededBy(successor)),
                        None => Some(pk),
                    },
                },
            };
            write::insert(tx, owner, &memory, &words).await?;
            audit::one(tx, &by, Action::CreateMemory, memory.id, now);
            if let Some(pk) = superseded {
                succession::supersede(tx, owner, pk, memory.id, now).await?;
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
        if !with_embedding {
            let found = rows::glance(&self.glance().await?, by.owner, id).await?;
            return Ok(seen(by, found, now).map(|(_, memory)| memory));
        }
        let session = self.read(by.owner).await?;
        let Some(found) = find_seen(&session, by, id, now).await? else { return Ok(None) };
        let mut found = [found];
        vectors::show(&session, by.owner, &mut found).await?;
        let [(_, memory)] = found;
        Ok(Some(memory))
    }

    async fn update_memory(
        &self,
        by: &Principal,
        id: MemoryId,
        patch: MemoryPatch,
        now: Timestamp,
    ) -> Result<Changed<Memory>> {
        let (by, owner) = (by.clone(), by.owner);
        self.write(owner, async move |tx| {
            let (pk, mut before) = match find_to_change(tx, &by, id, now).await? {
                Changed::Done(found) => found,
                Changed::Missing => return Ok(Changed::Missing),
                Changed::Refused => return Ok(Changed::Refused),
            };
            before.embedding = rows::supplied_embedding(tx, owner, pk).await?;
            let mut after = before.clone();
            patch.clone().apply(&mut after, now);
            write::update(tx, owner, pk, &before, &after, now).await?;
            audit::one(tx, &by, Action::UpdateMemory, id, now);
            after.embedding = None;
            Ok(Changed::Done(after))
        })
        .await
    }

    async fn delete_memory(&self, by: &Principal, id: MemoryId, now: Timestamp) -> Result<Changed<()>> {
        let by = by.clone();
        self.write(by.owner, async move |tx| {
            let (pk, memory) = match find_to_change(tx, &by, id, now).await? {
                Changed::Done(found) => found,
                Changed::Missing => return Ok(Changed::Missing),
                Changed::Refused => return Ok(Changed::Refused),
            };
            write::delete(tx, by.owner, pk, &memory, now).await?;
            audit::one(tx, &by, Action::DeleteMemory, id, now);
            Ok(Changed::Done(()))
        })
        .await
    }

    async fn list_memories(&self, by: &Principal, query: &ListQuery, now: Timestamp) -> Result<Page<Memory>> {
        let session = self.read(by.owner).await?;
        list::page(&session, by, query, now).await
    }

    async fn namespaces(&self, owner: OwnerId, limit: u32) -> Result<Vec<(Namespace, u64)>> {
        list::counted_namespaces(&self.read(owner).await?, owner, limit).await
    }

    async fn search_memories(
        &self,
        by: &Principal,
        search: KeywordSearch<'_>,
        now: Timestamp,
    ) -> Result<Page<Memory>> {
        let session = self.read(by.owner).await?;
        let KeywordSearch { keywords, filter, limit, with_embedding } = search;
        let admitted = Admitted::new(by, filter, now);
        let hits = search::best(&session, by, keywords, &admitted, limit, &[]).await?;
        let pks: Vec<i64> = hits.items.iter().map(|hit| hit.pk).collect();
        let memories = rows::by_pk(&session, by.owner, &pks, with_embedding).await?;
        Ok(Page { items: memories.into_iter().map(|(_, memory)| memory).collect(), total: hits.total })
    }

    async fn count_memories(&self, owner: Option<OwnerId>, now: Timestamp) -> Result<u64> {
        match owner {
            Some(owner) => list::counted(&self.read(owner).await?, owner, None, now).await,
            None => list::counted_of_all(&self.read_all().await?, now).await,
        }
    }
}
