//! What an import has read goes into the store in chunks, and reading goes on meanwhile.

use std::any::Any;
use std::collections::VecDeque;
use std::sync::Arc;

use omp_model::transfer::{ImportNote, ImportReport};
use omp_model::{Conversation, ConversationId, Error, Message, Result};
use omp_store::{ImportChunk, ImportItem, ImportOutcome, Indexing, StoreError};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::import::Import;
use super::records::Kept;
use super::talks::LastPart;
use super::{CHUNK, CHUNK_BYTES};
use crate::access::stamp_imported;
use crate::failure::shown;

/// Chunks of memories in memory: one is stored, one is analysed, one is read.
const CHUNKS_HELD: usize = 2;
/// So many conversations of an import are found as soon as they are stored. The words of further ones would take
/// several times as long as reading and storing them, so these go into the index in the background.
const INDEXED: u64 = 1_000;

/// A chunk that is being stored: the task, which gives the outcomes of its items.
type Writing = JoinHandle<std::result::Result<Vec<ImportOutcome>, StoreError>>;

/// A conversation that is being stored.
type Written = (ConversationId, Option<LastPart>);

/// What waits to be stored, and what is being stored.
pub(super) struct Chunks {
    memories: Vec<ImportItem>,
    memory_bytes: usize,
    /// The places of the memories in the file.
    places: Vec<u64>,
    /// Oldest first, with the places of their memories.
    writing: VecDeque<(Vec<u64>, Writing)>,
    room: Arc<Semaphore>,
    conversations: Vec<(Conversation, Option<LastPart>)>,
    conversation_bytes: usize,
    /// One at a time: a conversation that comes twice is met by the second in the store.
    writing_conversations: Option<(Vec<Written>, Writing)>,
    /// Conversations whose words were made, whether they were stored or known.
    analysed: u64,
}

impl Default for Chunks {
    fn default() -> Self {
        Self {
            memories: Vec::with_capacity(CHUNK),
            memory_bytes: 0,
            places: Vec::with_capacity(CHUNK),
            writing: VecDeque::new(),
            room: Arc::new(Semaphore::new(CHUNKS_HELD)),
            conversations: Vec::new(),
            conversation_bytes: 0,
            writing_conversations: None,
            analysed: 0,
        }
    }
}

impl Import {
    /// Takes a memory that is in order.
    pub(super) fn add(&mut self, mut item: ImportItem) -> Result<()> {
        if let Err(error) = stamp_imported(&self.principal, &mut item.memory) {
            self.refuse(item.memory.id.to_string(), error);
            return Ok(());
        }
        let full = self.chunks.memories.len() >= CHUNK || self.chunks.memory_bytes >= CHUNK_BYTES;
        // The parts of one record are decided on together.
        let begins = item.original.as_ref().is_none_or(|original| original.head.is_none());
        if full && begins {
            self.store_memories(true)?;
        }
        self.chunks.memory_bytes += item.bytes();
        self.chunks.places.push(self.report.read.saturating_sub(1));
        self.chunks.memories.push(item);
        Ok(())
    }

    /// Takes a conversation that is in order.
    pub(super) fn add_checked(&mut self, conversation: Conversation, last: Option<LastPart>) -> Result<()> {
        let text = |messages: &[Message]| messages.iter().map(|m| m.content.as_str().len()).sum::<usize>();
        let branches = conversation.origin.iter().flat_map(|origin| &origin.branches);
        let chunks = &mut self.chunks;
        chunks.conversation_bytes +=
            text(&conversation.messages) + branches.map(|turns| text(turns)).sum::<usize>();
        chunks.conversations.push((conversation, last));
        let full = chunks.conversations.len() >= CHUNK || chunks.conversation_bytes >= CHUNK_BYTES;
        if full { self.store_conversations() } else { Ok(()) }
    }

    /// Stores all that was taken, and counts what became of it.
    pub(super) fn store_rest(&mut self) -> Result<()> {
        let mut result = self.store_memories(false).and(self.store_conversations());
        result = result.and(self.settle_conversations());
        while !self.chunks.writing.is_empty() {
            result = result.and(self.settle_memories());
        }
        result
    }

    fn store_memories(&mut self, more: bool) -> Result<()> {
        while self.chunks.writing.front().is_some_and(|(_, writing)| writing.is_finished()) {
            self.settle_memories()?;
        }
        self.chunks.memory_bytes = 0;
        let items = std::mem::replace(&mut self.chunks.memories, Vec::with_capacity(CHUNK));
        let places = std::mem::replace(&mut self.chunks.places, Vec::with_capacity(CHUNK));
        if items.is_empty() {
            return Ok(());
        }
        let room = self.handle.block_on(Arc::clone(&self.chunks.room).acquire_owned());
        let held = Some(Box::new(room.map_err(|_| Error::internal())?) as Box<dyn Any + Send>);
        let (store, by, now) = (self.service.store.clone(), self.principal.clone(), self.now);
        let records = Arc::new(Kept { principal: self.principal.clone(), secrets: self.service.secrets });
        let chunk =
            ImportChunk { items, conflict: self.conflict, dry_run: self.dry_run, more, held, records };
        let task = self.handle.spawn(async move { store.import_memories(&by, chunk, now).await });
        self.chunks.writing.push_back((places, task));
        Ok(())
    }

    /// Waits for the oldest memories that are being stored.
    fn settle_memories(&mut self) -> Result<()> {
        let Some((places, writing)) = self.chunks.writing.pop_front() else { return Ok(()) };
        for (index, outcome) in places.into_iter().zip(self.outcomes(writing)?) {
            match outcome {
                ImportOutcome::Imported => self.report.imported += 1,
                ImportOutcome::Updated => self.report.updated += 1,
                ImportOutcome::Unchanged => self.report.unchanged += 1,
                ImportOutcome::Skipped | ImportOutcome::Refused => self.report.skipped += 1,
            }
            // Two tools may use the same ids, and then one of them would be missing without a word.
            if outcome == ImportOutcome::Skipped && self.tells_skipped {
                let message = "is the id of a memory that says something else here; that one stays. \
                               `conflict` duplicate keeps both, overwrite takes this one"
                    .to_owned();
                self.report.pass(ImportNote { index, place: None, field: "id".to_owned(), message });
            }
            self.report.keep(kind(outcome, "memory"), 1);
        }
        Ok(())
    }

    fn store_conversations(&mut self) -> Result<()> {
        self.settle_conversations()?;
        let chunks = &mut self.chunks;
        chunks.conversation_bytes = 0;
        let conversations = std::mem::take(&mut chunks.conversations);
        if conversations.is_empty() {
            return Ok(());
        }
        let (conversations, lasts): (Vec<_>, Vec<_>) = conversations.into_iter().unzip();
        let ids: Vec<_> = conversations.iter().map(|conversation| conversation.id).zip(lasts).collect();
        // A large import is not kept waiting for the words of what it brings.
        let indexing = match chunks.analysed {
            _ if self.dry_run => Indexing::DryRun,
            ..INDEXED => Indexing::AtOnce,
            _ => Indexing::Later,
        };
        chunks.analysed += ids.len() as u64;
        let (store, by) = (self.service.store.clone(), self.principal.clone());
        let (conflict, now) = (self.conflict, self.now);
        let task = self.handle.spawn(async move {
            store.import_conversations(&by, conversations, conflict, indexing, now).await
        });
        self.chunks.writing_conversations = Some((ids, task));
        Ok(())
    }

    /// Waits for the conversations that are being stored.
    fn settle_conversations(&mut self) -> Result<()> {
        let Some((ids, writing)) = self.chunks.writing_conversations.take() else { return Ok(()) };
        for ((id, last), outcome) in ids.into_iter().zip(self.outcomes(writing)?) {
            if let (Some(last), ImportOutcome::Updated, false) = (last, outcome, self.dry_run) {
                self.remove_behind(&last)?;
            }
            let kept = matches!(outcome, ImportOutcome::Imported | ImportOutcome::Updated);
            self.report.conversations += u64::from(kept);
            let room = self.report.conversation_ids.len() < ImportReport::MAX_CONVERSATIONS;
            if kept && room && !self.dry_run {
                self.report.conversation_ids.push(id.to_string());
            }
            self.report.keep(kind(outcome, "conversation"), 1);
        }
        Ok(())
    }

    fn outcomes(&self, writing: Writing) -> Result<Vec<ImportOutcome>> {
        self.handle.block_on(writing).map_err(|_| Error::internal())?.map_err(shown)
    }
}

/// How an outcome is counted.
fn kind(outcome: ImportOutcome, what: &str) -> &'static str {
    match (outcome, what == "memory") {
        (ImportOutcome::Imported, true) => "memories: new",
        (ImportOutcome::Updated, true) => "memories: updated",
        (ImportOutcome::Unchanged, true) => "memories: unchanged",
        (ImportOutcome::Skipped | ImportOutcome::Refused, true) => "memories: what is here stays",
        (ImportOutcome::Imported, false) => "conversations: new",
        (ImportOutcome::Updated, false) => "conversations: updated",
        (ImportOutcome::Unchanged, false) => "conversations: unchanged",
        (ImportOutcome::Skipped | ImportOutcome::Refused, false) => "conversations: what is here stays",
    }
}
