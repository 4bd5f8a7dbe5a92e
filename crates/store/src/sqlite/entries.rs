//! The list entries of a transaction: collected while it runs, written in the order of the lists.
//!
//! Every memory has an entry in half a dozen lists, each in another place of the file. Written memory by memory, a
//! large import would touch a page for each of them; in order, neighbours share their pages.

use omp_model::{Memory, MemoryId, OwnerId, Timestamp};
use rusqlite::{Connection, params};

/// The columns of a memory that its entries repeat.
struct Listed {
    owner: OwnerId,
    id: MemoryId,
    pk: i64,
    expires_at: Option<i64>,
}

struct Entry {
    facet: i64,
    at: i64,
    /// Index into `memories`.
    memory: usize,
}

/// Entries that wait to be written.
#[derive(Default)]
pub(super) struct Entries {
    memories: Vec<Listed>,
    entries: Vec<Entry>,
}

impl Entries {
    /// Adds a memory to the lists of these facets, each with the time that it is ordered by.
    pub(super) fn add(
        &mut self,
        owner: OwnerId,
        pk: i64,
        memory: &Memory,
        facets: impl Iterator<Item = (i64, Timestamp)>,
    ) {
        let expires_at = memory.expires_at.map(Timestamp::as_millis);
        let index = self.memories.len();
        self.memories.push(Listed { owner, id: memory.id, pk, expires_at });
        self.entries.extend(facets.map(|(facet, at)| Entry { facet, at: at.as_millis(), memory: index }));
    }

    /// Writes what waits.
    pub(super) fn write(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let Self { memories, entries } = self;
        entries.sort_unstable_by_key(|entry| {
            let Listed { owner, id, .. } = &memories[entry.memory];
            (owner.0, entry.facet, entry.at, *id)
        });
        let mut insert = connection.prepare_cached(
            "INSERT INTO facet_entries (owner, facet, at, id, pk, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        for Entry { facet, at, memory } in entries.drain(..) {
            let Listed { owner, id, pk, expires_at } = &memories[memory];
            insert.execute(params![owner.0, facet, at, id.body(), pk, expires_at])?;
        }
        memories.clear();
        Ok(())
    }
}
