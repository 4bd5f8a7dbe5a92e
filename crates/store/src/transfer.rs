//! Many memories at once, in and out.

use std::any::Any;
use std::sync::Arc;

use async_trait::async_trait;
use omp_model::transfer::Conflict;
use omp_model::{Memory, MemoryId, Principal, Timestamp};

use crate::arrivals::Records;
use crate::{OwnerId, Result};

/// The untouched record that a memory was imported from: what OMP cannot hold lives on in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Original {
    /// The name of its format.
    pub format: String,
    /// The import's envelope ([`TransferStore::save_envelope`]).
    pub envelope: Option<i64>,
    /// The record's text; `None` on the later parts of a record that was cut.
    pub raw: Option<String>,
    /// The memory that holds the first part, when the record was cut.
    pub head: Option<MemoryId>,
}

impl std::fmt::Debug for Original {
    /// Without the text, which is memory content.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Original")
            .field("format", &self.format)
            .field("envelope", &self.envelope)
            .finish_non_exhaustive()
    }
}

/// One memory to import.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportItem {
    /// The memory.
    pub memory: Memory,
    /// What it came from, if that says more than the memory does.
    pub original: Option<Original>,
    /// Whether the dates are the import's and not the item's: then other dates are no difference.
    pub date_assumed: bool,
}

impl ImportItem {
    /// About how many bytes of memory its texts and its vector take.
    pub fn bytes(&self) -> usize {
        let raw = self.original.as_ref().and_then(|original| original.raw.as_ref()).map_or(0, String::len);
        let vector = self.memory.embedding.as_ref().map_or(0, |embedding| 4 * embedding.values().len());
        self.memory.content.as_str().len() + raw + vector
    }
}

/// One chunk of an import.
pub struct ImportChunk {
    /// The items; many and small, or few and large.
    pub items: Vec<ImportItem>,
    /// What to do where an id is taken.
    pub conflict: Conflict,
    /// Whether only to tell what would happen.
    pub dry_run: bool,
    /// Whether another chunk follows at once; they may then share a transaction.
    pub more: bool,
    /// Dropped when the items are held in memory no longer: the sign to send more.
    pub held: Option<Box<dyn Any + Send>>,
    /// Reads the items' originals. The parts of one record must be in one chunk, one after another.
    pub records: Arc<dyn Records>,
}

impl ImportChunk {
    /// These items, stored at once and by themselves, with originals that nobody reads.
    pub fn plain(items: Vec<ImportItem>, conflict: Conflict) -> Self {
        Self { items, conflict, dry_run: false, more: false, held: None, records: Arc::new(Unread) }
    }
}

/// Records that nobody reads.
struct Unread;

impl Records for Unread {
    fn say_the_same(&self, _: &str, _: &str) -> bool {
        false
    }

    fn became(&self, _: &str, _: &[&Memory]) -> bool {
        false
    }

    fn part(&self, head: MemoryId, index: usize) -> MemoryId {
        MemoryId::derive(&["part", head.body(), &index.to_string()])
    }
}

impl ImportItem {
    /// Equal but for the vector, which is not read for the comparison, and dates that are nobody's.
    pub(crate) fn says_the_same(&self, known: &Memory) -> bool {
        let mut new = Memory { embedding: None, ..self.memory.clone() };
        if self.date_assumed {
            (new.created_at, new.updated_at) = (known.created_at, known.updated_at);
            new.source.timestamp = known.source.timestamp;
        }
        *known == new
    }
}

/// A page of an export ends after so many bytes of text, however few memories that are.
pub(crate) const PAGE_BYTES: usize = 4 << 20;

/// How many of these were stored.
pub(crate) fn stored(outcomes: &[ImportOutcome]) -> u64 {
    let stored = |o: &&ImportOutcome| matches!(o, ImportOutcome::Imported | ImportOutcome::Updated);
    outcomes.iter().filter(stored).count() as u64
}

/// What happened to one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportOutcome {
    /// It is new.
    Imported,
    /// It replaced what had its id.
    Updated,
    /// The same memory was there.
    Unchanged,
    /// Another memory had its id and stayed.
    Skipped,
    /// Something that whoever imports may not change had its id and stayed.
    Refused,
}

/// One memory to export.
#[derive(Debug, Clone, PartialEq)]
pub struct Exported {
    /// Its place in the order of export; give the last one back to go on.
    pub position: i64,
    /// The memory.
    pub memory: Memory,
    /// What it was imported from.
    pub original: Option<Original>,
}

/// Which part of everything to export.
#[derive(Debug, Clone, Copy)]
pub struct ExportPage {
    /// Only after this place.
    pub after: Option<i64>,
    /// How many at most.
    pub limit: u32,
    /// Whether vectors come along.
    pub with_embedding: bool,
    /// Whether originals come along.
    pub with_original: bool,
}

/// Import and export. An import of many items gives way to single writes between its chunks.
#[async_trait]
pub trait TransferStore: Send + Sync {
    /// Stores one chunk of an import, all of it or nothing; one outcome an item, in order.
    async fn import_memories(
        &self,
        by: &Principal,
        chunk: ImportChunk,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>>;

    /// Keeps the envelope of an import; the same text gives the same number again.
    async fn save_envelope(&self, owner: OwnerId, format: &str, text: &str, now: Timestamp) -> Result<i64>;

    /// The envelopes that memories still refer to, with their numbers, oldest first.
    async fn envelopes(&self, owner: OwnerId, format: &str) -> Result<Vec<(i64, String)>>;

    /// One page of everything that the principal may see, in the order in which it was stored.
    async fn export_memories(
        &self,
        by: &Principal,
        page: ExportPage,
        now: Timestamp,
    ) -> Result<Vec<Exported>>;
}
