//! Keeping, reading, changing, forgetting memories.

use std::time::Duration;

use omp_model::api::MemoryList;
use omp_model::creation::Created;
use omp_model::{
    CreateMemory, Dedupe, Error, ListQuery, Memory, MemoryId, MemoryPatch, OwnerId, Principal, Result, Scope,
};
use omp_store::{Added, Addition, Changed};

use crate::Service;
use crate::access::{check_patch, not_to_be_changed, require, require_change, stamp_new};
use crate::failure::shown;

/// How long changes are gathered that are told together: a memory gets its vector
/// soon after it was stored, and an import goes on.
const GATHER: Duration = Duration::from_millis(250);

impl Service {
    /// Stores a new memory, unless repeats were asked about and it is one.
    pub async fn create_memory(
        &self,
        principal: Principal,
        create: impl Into<CreateMemory>,
    ) -> Result<Created> {
        require(&principal, Scope::Write)?;
        let CreateMemory { mut new, supersedes, dedupe } = create.into();
        stamp_new(&principal, &mut new)?;
        let warnings = self.secrets.check_memory(Some(&mut new.content), Some(&mut new.metadata))?;
        let (addition, now) = (Addition { supersedes, dedupe }, self.clock.now());
        if dedupe == Dedupe::Near
            && supersedes.is_none()
            && let Some(memory) = self.merge_into_near(&principal, &new).await?
        {
            return Ok(Created { duplicate_of: Some(memory.id), memory, warnings });
        }
        // An id that is taken is one chance in many billions; then the next one is free.
        for _ in 0..3 {
            let mut memory = new.clone().into_memory(MemoryId::generate(now, self.random.as_ref()), now);
            let added = self.store.add_memory(&principal, &memory, addition, now);
            match added.await.map_err(shown)? {
                Added::Stored => {
                    memory.embedding = None;
                    self.embeddings.wake();
                    return Ok(Created { memory, duplicate_of: None, warnings });
                }
                Added::Repeat(known) => {
                    return Ok(Created { duplicate_of: Some(known.id), memory: *known, warnings });
                }
                Added::NothingToSupersede => {
                    return Err(Error::invalid("supersedes", "names no memory that is there"));
                }
                Added::SupersededBy(successor) => {
                    let what =
                        format!("names a memory in whose place {successor} stands; supersede that one");
                    return Err(Error::invalid("supersedes", what));
                }
                Added::Refused => return Err(not_to_be_changed(&principal)),
                Added::IdTaken => {}
            }
        }
        tracing::error!("three new ids were taken: the random source is broken");
        Err(Error::internal())
    }

    /// Reads one memory. An id that is no id names nothing.
    pub async fn get_memory(&self, principal: Principal, id: &str, with_embedding: bool) -> Result<Memory> {
        require(&principal, Scope::Read)?;
        let found = match MemoryId::parse(id) {
            Some(id) => self
                .store
                .get_memory(&principal, id, with_embedding, self.clock.now())
                .await
                .map_err(shown)?,
            None => None,
        };
        found.ok_or_else(|| Error::memory_not_found(&printable(id)))
    }

    /// Changes one memory.
    pub async fn update_memory(
        &self,
        principal: Principal,
        id: &str,
        mut patch: MemoryPatch,
    ) -> Result<Memory> {
        require_change(&principal)?;
        check_patch(&principal, &mut patch)?;
        self.secrets.check_memory(patch.content.as_mut(), patch.metadata.as_mut())?;
        let changed = match MemoryId::parse(id) {
            Some(id) => {
                self.store.update_memory(&principal, id, patch, self.clock.now()).await.map_err(shown)?
            }
            None => Changed::Missing,
        };
        self.embeddings.wake();
        outcome(&principal, id, changed)
    }

    /// Forgets one memory.
    pub async fn delete_memory(&self, principal: Principal, id: &str) -> Result<()> {
        require_change(&principal)?;
        let changed = match MemoryId::parse(id) {
            Some(id) => self.store.delete_memory(&principal, id, self.clock.now()).await.map_err(shown)?,
            None => Changed::Missing,
        };
        outcome(&principal, id, changed)
    }

    /// One page of memories.
    pub async fn list_memories(&self, principal: Principal, query: &ListQuery) -> Result<MemoryList> {
        require(&principal, Scope::Read)?;
        let page = self.store.list_memories(&principal, query, self.clock.now()).await.map_err(shown)?;
        Ok(MemoryList { memories: page.items, total: page.total, limit: query.limit, offset: query.offset })
    }

    /// What the memories are at: another text after every change. With `since`, one that was told before, it is told
    /// when it is another; what changes right after that is waited for, so that much at once is told once.
    pub async fn revision(&self, principal: Principal, since: Option<&str>) -> Result<String> {
        require(&principal, Scope::Read)?;
        loop {
            let (text, seq) = self.at(principal.owner).await?;
            match since {
                None => return Ok(text),
                Some(since) if since == text => {
                    self.store.until_stirred(principal.owner, seq).await.map_err(shown)?;
                }
                Some(_) => {
                    tokio::time::sleep(GATHER).await;
                    return Ok(self.at(principal.owner).await?.0);
                }
            }
        }
    }

    async fn at(&self, owner: OwnerId) -> Result<(String, i64)> {
        let position = self.store.index_position(owner).await.map_err(shown)?;
        Ok((format!("{}.{}", position.generation, position.seq), position.seq))
    }
}

/// What became of a change of a memory, for whoever asked.
fn outcome<T>(principal: &Principal, id: &str, changed: Changed<T>) -> Result<T> {
    match changed {
        Changed::Done(result) => Ok(result),
        Changed::Missing => Err(Error::memory_not_found(&printable(id))),
        Changed::Refused => Err(not_to_be_changed(principal)),
    }
}

/// What a caller called a thing, short and without control characters, for an error message.
pub(crate) fn printable(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(40).collect()
}
