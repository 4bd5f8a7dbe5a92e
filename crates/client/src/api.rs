//! The verbs.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use async_trait::async_trait;
use omp_model::api::{
    CompressResponse, ContextResponse, ConversationHits, ConversationList, ExtractResponse, HandoffResponse,
    Health, MemoryList, NamespaceList, SearchResponse,
};
use omp_model::conversation::NewConversation;
use omp_model::creation::Created;
use omp_model::transfer::{ExportOptions, ImportOptions, ImportReport};
use omp_model::{
    ContextQuery, Conversation, ConversationQuery, ConversationSearch, CreateMemory, History, HistoryQuery,
    ListQuery, Memory, MemoryPatch, RestoreVersion, Result, SearchQuery,
};
use omp_service::{CompressRequest, ExtractRequest, HandoffRequest};

/// How far an import or export is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Done {
    /// Bytes read or written.
    pub bytes: u64,
    /// Memories; `None` from a carrier that cannot know.
    pub memories: Option<u64>,
}

/// Told now and then how far the work is.
pub type Progress = Box<dyn Fn(Done) + Send + Sync>;

/// What is imported.
#[derive(Debug)]
pub enum Upload {
    /// A file, read from its beginning.
    File(File),
    /// A folder with all that is in it.
    Folder(PathBuf),
}

/// What an export wrote.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExportSummary {
    /// Bytes.
    pub bytes: u64,
}

/// What can be done with a person's memories. Every carrier gives the same answers and the same errors.
#[async_trait]
pub trait Api: Send + Sync {
    /// The state of the server or file.
    async fn health(&self) -> Result<Health>;

    /// Stores a memory, unless repeats were asked about and it is one.
    async fn create_memory(&self, create: CreateMemory) -> Result<Created>;

    /// Reads a memory; `memory_not_found` when there is none.
    async fn get_memory(&self, id: &str) -> Result<Memory>;

    /// Changes a memory.
    async fn update_memory(&self, id: &str, patch: MemoryPatch) -> Result<Memory>;

    /// One page of a memory's versions, newest first.
    async fn memory_history(&self, id: &str, query: HistoryQuery) -> Result<History>;

    /// Makes a former version of a memory the present one.
    async fn restore_memory(&self, id: &str, version: RestoreVersion) -> Result<Memory>;

    /// Forgets a memory.
    async fn delete_memory(&self, id: &str) -> Result<()>;

    /// One page of memories.
    async fn list_memories(&self, query: &ListQuery) -> Result<MemoryList>;

    /// The best memories for a question.
    async fn search_memories(&self, query: &SearchQuery) -> Result<SearchResponse>;

    /// A block of text about a question, marked as data, within a budget of tokens.
    async fn context(&self, query: &ContextQuery) -> Result<ContextResponse>;

    /// Takes memories out of a conversation: by an AI provider, or by rules.
    async fn extract(&self, request: ExtractRequest) -> Result<ExtractResponse>;

    /// Makes one memory of a conversation: by an AI provider, or by rules.
    async fn compress(&self, request: CompressRequest) -> Result<CompressResponse>;

    /// The namespaces that memories are in, by name.
    async fn namespaces(&self) -> Result<NamespaceList>;

    /// Waits until the memories may be others than they were at `since`, and tells what they are at: a text that means
    /// nothing but itself. Without `since` at once.
    async fn next_change(&self, since: Option<&str>) -> Result<String>;

    /// Saves a conversation.
    async fn create_conversation(&self, new: NewConversation) -> Result<Conversation>;

    /// One page of conversations, newest first.
    async fn list_conversations(&self, query: &ConversationQuery) -> Result<ConversationList>;

    /// Finds saved conversations by their words.
    async fn search_conversations(&self, search: &ConversationSearch) -> Result<ConversationHits>;

    /// Reads a conversation; `not_found` when there is none.
    async fn get_conversation(&self, id: &str) -> Result<Conversation>;

    /// A text with which a conversation goes on in another tool.
    async fn hand_off(&self, request: HandoffRequest) -> Result<HandoffResponse>;

    /// Reads a file or folder into the memories.
    async fn import(
        &self,
        source: Upload,
        options: ImportOptions,
        progress: Option<Progress>,
    ) -> Result<ImportReport>;

    /// Writes all memories to `out`.
    async fn export(
        &self,
        options: ExportOptions,
        out: Box<dyn Write + Send>,
        progress: Option<Progress>,
    ) -> Result<ExportSummary>;
}
