//! Straight on the database: the same use cases as the server's, without HTTP.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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
    ListQuery, Memory, MemoryPatch, Principal, RestoreVersion, Result, SearchMode, SearchQuery,
};
use omp_service::{CompressRequest, ExtractRequest, HandoffRequest, ImportSource, Service};

use crate::{Api, Done, ExportSummary, Progress, Upload};

/// Memories that are embedded before a search, at most: more would take too long.
const EMBEDDED_FIRST: u64 = 500;

/// A search in conversations indexes so many of them first, if they wait for it.
const INDEXED_FIRST: u32 = 1_000;

/// The carrier over a [`Service`], on behalf of one principal.
pub struct Embedded {
    pub(crate) service: Service,
    pub(crate) principal: Principal,
    /// Whether a search embeds first what waits for its vector.
    embeds: bool,
}

impl Embedded {
    /// For a single command: works on the memories of the person who owns the file, and embeds before it searches, as
    /// nobody does it in the background.
    pub fn new(service: Service) -> Self {
        Self { service, principal: Principal::OWNER, embeds: true }
    }

    /// For a process that stays and runs [`Service::work_in_background`].
    pub fn resident(service: Service, principal: Principal) -> Self {
        Self { service, principal, embeds: false }
    }

    /// Embeds what is not too much. What the model cannot do is found by its words.
    async fn embed_first(&self) {
        if self.embeds {
            let _ = self.service.embed_some(EMBEDDED_FIRST).await;
        }
    }
}

#[async_trait]
impl Api for Embedded {
    async fn health(&self) -> Result<Health> {
        self.service.health(Some(&self.principal)).await
    }

    async fn create_memory(&self, create: CreateMemory) -> Result<Created> {
        self.service.create_memory(self.principal.clone(), create).await
    }

    async fn memory_history(&self, id: &str, query: HistoryQuery) -> Result<History> {
        self.service.memory_history(self.principal.clone(), id, query).await
    }

    async fn restore_memory(&self, id: &str, version: RestoreVersion) -> Result<Memory> {
        self.service.restore_memory(self.principal.clone(), id, version).await
    }

    async fn get_memory(&self, id: &str) -> Result<Memory> {
        self.service.get_memory(self.principal.clone(), id, false).await
    }

    async fn update_memory(&self, id: &str, patch: MemoryPatch) -> Result<Memory> {
        self.service.update_memory(self.principal.clone(), id, patch).await
    }

    async fn delete_memory(&self, id: &str) -> Result<()> {
        self.service.delete_memory(self.principal.clone(), id).await
    }

    async fn list_memories(&self, query: &ListQuery) -> Result<MemoryList> {
        self.service.list_memories(self.principal.clone(), query).await
    }

    async fn search_memories(&self, query: &SearchQuery) -> Result<SearchResponse> {
        if query.mode != Some(SearchMode::Keyword) {
            self.embed_first().await;
        }
        self.service.search_memories(self.principal.clone(), query).await
    }

    async fn context(&self, query: &ContextQuery) -> Result<ContextResponse> {
        if query.q.is_some() {
            self.embed_first().await;
        }
        self.service.context(self.principal.clone(), query).await
    }

    async fn extract(&self, request: ExtractRequest) -> Result<ExtractResponse> {
        self.service.extract(self.principal.clone(), request).await
    }

    async fn compress(&self, request: CompressRequest) -> Result<CompressResponse> {
        self.service.compress(self.principal.clone(), request).await
    }

    async fn namespaces(&self) -> Result<NamespaceList> {
        self.service.namespaces(self.principal.clone()).await
    }

    async fn next_change(&self, since: Option<&str>) -> Result<String> {
        self.service.revision(self.principal.clone(), since).await
    }

    async fn create_conversation(&self, new: NewConversation) -> Result<Conversation> {
        self.service.create_conversation(self.principal.clone(), new).await
    }

    async fn list_conversations(&self, query: &ConversationQuery) -> Result<ConversationList> {
        self.service.list_conversations(self.principal.clone(), query).await
    }

    async fn search_conversations(&self, search: &ConversationSearch) -> Result<ConversationHits> {
        if self.embeds && search.mode != Some(SearchMode::Semantic) {
            // What cannot be indexed now is told by the answer.
            let _ = self.service.index_conversations(INDEXED_FIRST).await;
        }
        if search.mode != Some(SearchMode::Keyword) {
            self.embed_first().await;
        }
        self.service.search_conversations(self.principal.clone(), search).await
    }

    async fn get_conversation(&self, id: &str) -> Result<Conversation> {
        self.service.get_conversation(self.principal.clone(), id).await
    }

    async fn hand_off(&self, request: HandoffRequest) -> Result<HandoffResponse> {
        self.service.hand_off(self.principal.clone(), request).await
    }

    async fn import(
        &self,
        source: Upload,
        options: ImportOptions,
        progress: Option<Progress>,
    ) -> Result<ImportReport> {
        let file = match source {
            Upload::File(file) => file,
            Upload::Folder(path) => {
                let progress = progress.map(|progress| -> omp_service::Progress {
                    Box::new(move |memories| progress(Done { bytes: 0, memories: Some(memories) }))
                });
                let source = ImportSource::Folder(path);
                return self.service.import(self.principal.clone(), source, options, progress).await;
            }
        };
        let source = ImportSource::File(file.try_clone().map_err(|_| omp_model::Error::internal())?);
        // The place in the file tells how far the import is; it may be read twice, so only forward counts.
        let furthest = AtomicU64::new(0);
        let progress = progress.map(|progress| -> omp_service::Progress {
            Box::new(move |memories| {
                let at = io::Seek::stream_position(&mut &file).unwrap_or(0);
                let bytes = furthest.fetch_max(at, Ordering::Relaxed).max(at);
                progress(Done { bytes, memories: Some(memories) });
            })
        });
        self.service.import(self.principal.clone(), source, options, progress).await
    }

    async fn export(
        &self,
        options: ExportOptions,
        out: Box<dyn Write + Send>,
        progress: Option<Progress>,
    ) -> Result<ExportSummary> {
        let bytes = Arc::new(AtomicU64::new(0));
        let out = Box::new(Counted { inner: out, bytes: Arc::clone(&bytes) });
        let written = Arc::clone(&bytes);
        let progress = progress.map(|progress| -> omp_service::Progress {
            Box::new(move |memories| {
                progress(Done { bytes: written.load(Ordering::Relaxed), memories: Some(memories) });
            })
        });
        self.service.export(self.principal.clone(), options, out, progress).await?;
        Ok(ExportSummary { bytes: bytes.load(Ordering::Relaxed) })
    }
}

/// Counts what is written.
struct Counted<T> {
    inner: T,
    bytes: Arc<AtomicU64>,
}

impl<T: Write> Write for Counted<T> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(piece)?;
        self.bytes.fetch_add(written as u64, Ordering::Relaxed);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
