//! Keeping, reading, changing, forgetting memories.

use omp_model::api::MemoryList;
use omp_model::creation::Created;
use omp_model::{CreateMemory, Dedupe, Error, ListQuery, Memory, MemoryId, MemoryPatch, Principal, Result};
use omp_store::{Added, Addition};

use crate::Service;
use crate::failure::shown;

impl Service {
    /// Stores a new memory, unless repeats were asked about and it is one.
    pub async fn create_memory(
        &self,
        principal: Principal,
        create: impl Into<CreateMemory>,
    ) -> Result<Created> {
        let CreateMemory { new, supersedes, dedupe } = create.into();
        let (addition, now) = (Addition { supersedes, dedupe }, self.clock.now());
        if dedupe == Dedupe::Near
            && supersedes.is_none()
            && let Some(memory) = self.merge_into_near(principal, &new).await?
        {
            return Ok(Created { duplicate_of: Some(memory.id), memory });
        }
        // An id that is taken is one chance in many billions; then the next one is free.
        for _ in 0..3 {
            let mut memory = new.clone().into_memory(MemoryId::generate(now, self.random.as_ref()), now);
            let added = self.store.add_memory(principal.owner, &memory, addition, now);
            match added.await.map_err(shown)? {
                Added::Stored => {
                    memory.embedding = None;
                    self.embeddings.wake();
                    return Ok(Created { memory, duplicate_of: None });
                }
                Added::Repeat(known) => {
                    return Ok(Created { duplicate_of: Some(known.id), memory: *known });
                }
                Added::NothingToSupersede => {
                    return Err(Error::invalid("supersedes", "names no memory that is there"));
                }
                Added::SupersededBy(successor) => {
                    let what =
                        format!("names a memory in whose place {successor} stands; supersede that one");
                    return Err(Error::invalid("supersedes", what));
                }
                Added::IdTaken => {}
            }
        }
        tracing::error!("three new ids were taken: the random source is broken");
        Err(Error::internal())
    }

    /// Reads one memory. An id that is no id names nothing.
    pub async fn get_memory(&self, principal: Principal, id: &str, with_embedding: bool) -> Result<Memory> {
        let found = match MemoryId::parse(id) {
            Some(id) => self
                .store
                .get_memory(principal.owner, id, with_embedding, self.clock.now())
                .await
                .map_err(shown)?,
            None => None,
        };
        found.ok_or_else(|| Error::memory_not_found(&printable(id)))
    }

    /// Changes one memory.
    pub async fn update_memory(&self, principal: Principal, id: &str, patch: MemoryPatch) -> Result<Memory> {
        let found = match MemoryId::parse(id) {
            Some(id) => {
                self.store.update_memory(principal.owner, id, patch, self.clock.now()).await.map_err(shown)?
            }
            None => None,
        };
        self.embeddings.wake();
        found.ok_or_else(|| Error::memory_not_found(&printable(id)))
    }

    /// Forgets one memory.
    pub async fn delete_memory(&self, principal: Principal, id: &str) -> Result<()> {
        let deleted = match MemoryId::parse(id) {
            Some(id) => {
                self.store.delete_memory(principal.owner, id, self.clock.now()).await.map_err(shown)?
            }
            None => false,
        };
        if deleted { Ok(()) } else { Err(Error::memory_not_found(&printable(id))) }
    }

    /// One page of memories.
    pub async fn list_memories(&self, principal: Principal, query: &ListQuery) -> Result<MemoryList> {
        let page = self.store.list_memories(principal.owner, query, self.clock.now()).await.map_err(shown)?;
        Ok(MemoryList { memories: page.items, total: page.total, limit: query.limit, offset: query.offset })
    }
}

/// What a caller called a thing, short and without control characters, for an error message.
pub(crate) fn printable(id: &str) -> String {
    id.chars().filter(|c| !c.is_control()).take(40).collect()
}
