//! Over HTTP: the Rust SDK of Open Memory Protocol.

use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt;
use omp_model::api::{
    CompressResponse, ContextResponse, ConversationHits, ConversationList, ErrorBody, ExtractResponse,
    HandoffResponse, Health, MemoryList, NamespaceList, SearchResponse,
};
use omp_model::conversation::NewConversation;
use omp_model::creation::{Created, Warning};
use omp_model::transfer::{Choice, ExportOptions, ImportOptions, ImportReport, ImportResponse};
use omp_model::{
    ContextQuery, Conversation, ConversationQuery, ConversationSearch, CreateMemory, Dedupe, Error,
    ErrorCode, History, HistoryQuery, ListQuery, Memory, MemoryPatch, NewMemory, RestoreVersion, Result,
    SearchQuery, Sort, UserName, Validity,
};
use omp_service::models::{Key, Provider};
use omp_service::{
    AiChoice, CompressRequest, ConversationSource, ExtractRequest, Handed, HandoffRequest, ToRead,
};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::exported::Exported;
use crate::unreachable::unreachable;
use crate::{Api, Done, ExportSummary, Progress, Upload, pairs};

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest wait for an answer that is no import or export.
pub(crate) const ANSWER: Duration = Duration::from_mins(1);

/// Longest wait for an answer that a model thinks about, window by window.
const THOUGHT: Duration = Duration::from_mins(30);

/// How often to ask whether something changed.
const LOOK: Duration = Duration::from_secs(5);

/// The carrier to a server.
pub struct Http {
    client: reqwest::Client,
    base: Url,
    key: Option<String>,
    /// Whose shared memories are meant.
    shared_by: Option<UserName>,
}

impl Http {
    /// A server at `url` (with or without `/v1`), and its key if it has one.
    pub fn new(url: &str, key: Option<String>) -> Result<Self> {
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let trimmed = with_scheme.trim_end_matches('/').trim_end_matches("/v1");
        let base = Url::parse(&format!("{trimmed}/")).map_err(|e| {
            Error::invalid("server", format!("must be a URL such as http://localhost:3456: {e}"))
        })?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(Error::invalid("server", "must begin with http:// or https://"));
        }
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .build()
            .map_err(|e| Error::new(ErrorCode::Unavailable, format!("HTTP cannot be set up: {e}.")))?;
        Ok(Self { client, base, key, shared_by: None })
    }

    /// The same among the memories that a user shares.
    #[must_use]
    pub fn among(mut self, shared_by: Option<UserName>) -> Self {
        self.shared_by = shared_by;
        self
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = self.base.join(&format!("v1/{path}")).expect("a relative path of ours");
        let request = self.client.request(method, url);
        let request = match &self.shared_by {
            Some(owner) => request.query(&[("shared_by", owner)]),
            None => request,
        };
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Response> {
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        if response.status().is_success() { Ok(response) } else { Err(refusal(response).await) }
    }

    pub(crate) async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        read(self.send(request.timeout(ANSWER)).await?).await
    }

    /// The same for what a model thinks about.
    async fn slow_json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        read(self.send(request.timeout(THOUGHT)).await?).await
    }

    /// A request whose answer is 204: whatever else answers has not done it.
    pub(crate) async fn emptied(&self, request: RequestBuilder) -> Result<()> {
        let status = self.send(request.timeout(ANSWER)).await?.status();
        if status == StatusCode::NO_CONTENT {
            return Ok(());
        }
        let message = format!(
            "The server answered with status {status} in the place of 204, so nothing says that it was done. Is the address \
             that of a memory server?"
        );
        Err(Error::new(ErrorCode::Unavailable, message))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        unreachable(&self.base, error)
    }
}

/// What an answer says.
async fn read<T: DeserializeOwned>(response: Response) -> Result<T> {
    let mut base = response.url().clone();
    base.set_path("");
    base.set_query(None);
    let body = response.bytes().await.map_err(|error| unreachable(&base, &error))?;
    serde_json::from_slice(&body).map_err(|error| {
        let message = format!("The server's answer is not what the protocol says: {error}.");
        Error::new(ErrorCode::Unavailable, message)
    })
}

/// The server's own error, or what its status says.
async fn refusal(response: Response) -> Error {
    let status = response.status();
    match response.json::<ErrorBody>().await {
        Ok(body) => body.into(),
        Err(_) => Error::new(
            ErrorCode::Unavailable,
            format!("The server answered with status {status} and no reason."),
        ),
    }
}

/// Ids go into paths; anything that is no id is not found rather than another path.
fn path_of(kind: &str, id: &str) -> Result<String> {
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let missing =
        || if kind == "memories" { Error::memory_not_found(id) } else { Error::conversation_not_found(id) };
    if plain { Ok(format!("{kind}/{id}")) } else { Err(missing()) }
}

/// Adds a member that is there.
pub(crate) fn put(body: &mut Map<String, Value>, name: &str, value: Option<impl Serialize>) {
    if let Some(value) = value {
        body.insert(name.to_owned(), serde_json::to_value(value).expect("our types are JSON"));
    }
}

/// What is read, by whom, and what is said of it.
fn body_of<const MAX: usize>(read: &ToRead<MAX>) -> Map<String, Value> {
    let mut body = Map::new();
    match &read.source {
        ConversationSource::Transcript(text) => put(&mut body, "transcript", Some(text)),
        ConversationSource::Saved(id) => put(&mut body, "conversation_id", Some(id)),
    }
    put_choice(&mut body, &read.ai);
    put(&mut body, "source_tool", Some(&read.source_tool));
    put(&mut body, "namespace", read.namespace.as_ref());
    put(&mut body, "session_id", read.session_id.as_ref());
    put(&mut body, "held_at", read.held_at);
    body
}

fn put_choice(body: &mut Map<String, Value>, choice: &AiChoice) {
    put(body, "provider", choice.provider.map(Provider::as_str));
    put(body, "api_key", choice.api_key.as_ref().map(Key::reveal));
}

fn memory_body(new: &NewMemory) -> Map<String, Value> {
    let mut source = Map::new();
    put(&mut source, "tool", Some(&new.tool));
    put(&mut source, "session_id", new.session_id.as_ref());
    put(&mut source, "user_id", new.user_id.as_ref());
    put(&mut source, "timestamp", new.observed_at);
    let mut body = Map::new();
    put(&mut body, "content", Some(&new.content));
    put(&mut body, "type", Some(new.kind));
    put(&mut body, "source", Some(source));
    put(&mut body, "tags", Some(&new.tags));
    put(&mut body, "namespace", Some(&new.namespace));
    put(&mut body, "expires_at", Some(new.expires_at));
    put(&mut body, "metadata", Some(&new.metadata));
    put(&mut body, "embedding", Some(&new.embedding));
    body
}

fn patch_body(patch: &MemoryPatch) -> Value {
    let mut source = Map::new();
    put(&mut source, "tool", patch.source.tool.as_ref());
    put(&mut source, "session_id", patch.source.session_id.as_ref());
    put(&mut source, "user_id", patch.source.user_id.as_ref());
    put(&mut source, "timestamp", patch.source.timestamp);
    let mut body = Map::new();
    put(&mut body, "content", patch.content.as_ref());
    put(&mut body, "type", patch.kind);
    put(&mut body, "source", Some(source).filter(|source| !source.is_empty()));
    put(&mut body, "tags", patch.tags.as_ref());
    put(&mut body, "namespace", patch.namespace.as_ref());
    put(&mut body, "expires_at", patch.expires_at);
    put(&mut body, "metadata", patch.metadata.as_ref());
    put(&mut body, "embedding", patch.embedding.as_ref());
    Value::Object(body)
}

#[async_trait]
impl Api for Http {
    async fn health(&self) -> Result<Health> {
        self.json(self.request(Method::GET, "health")).await
    }

    async fn create_memory(&self, create: CreateMemory) -> Result<Created> {
        let mut body = memory_body(&create.new);
        // Other servers do not know these; what is not asked for is not sent.
        put(&mut body, "supersedes", create.supersedes);
        put(&mut body, "dedupe", (create.dedupe != Dedupe::Off).then(|| create.dedupe.as_str()));
        let response = self.send(self.request(Method::POST, "memories").json(&body).timeout(ANSWER)).await?;
        let warnings = response.headers().get(Warning::HEADER).and_then(|list| list.to_str().ok());
        let warnings = Warning::read_list(warnings.unwrap_or_default());
        Ok(Created { warnings, ..read(response).await? })
    }

    async fn memory_history(&self, id: &str, query: HistoryQuery) -> Result<History> {
        let path = path_of("memories", id)? + "/history";
        let pairs = [("limit", u64::from(query.limit)), ("offset", query.offset)];
        self.json(self.request(Method::GET, &path).query(&pairs)).await
    }

    async fn restore_memory(&self, id: &str, version: RestoreVersion) -> Result<Memory> {
        let path = path_of("memories", id)? + "/restore";
        self.json(self.request(Method::POST, &path).json(&json!({"version": version.version}))).await
    }

    async fn get_memory(&self, id: &str) -> Result<Memory> {
        self.json(self.request(Method::GET, &path_of("memories", id)?)).await
    }

    async fn update_memory(&self, id: &str, patch: MemoryPatch) -> Result<Memory> {
        self.json(self.request(Method::PUT, &path_of("memories", id)?).json(&patch_body(&patch))).await
    }

    async fn delete_memory(&self, id: &str) -> Result<()> {
        self.emptied(self.request(Method::DELETE, &path_of("memories", id)?)).await
    }

    async fn list_memories(&self, query: &ListQuery) -> Result<MemoryList> {
        self.json(self.request(Method::GET, "memories").query(&pairs::of_list(query))).await
    }

    async fn search_memories(&self, query: &SearchQuery) -> Result<SearchResponse> {
        let filter = &query.filter;
        let mut body = json!({
            "q": query.q.as_str(), "limit": query.limit, "mode": query.mode, "type": filter.kind, "tool": filter.tool,
            "tags": filter.tags, "explain": query.explain,
        });
        let members = body.as_object_mut().expect("just made as an object");
        put(members, "namespace", Some(&filter.namespaces).filter(|list| !list.is_empty()));
        put(members, "created_after", filter.created_after);
        put(members, "created_before", filter.created_before);
        put(members, "shared", query.with_shared.then_some(true));
        match filter.validity {
            Validity::Now => {}
            Validity::At(at) => put(members, "as_of", Some(at)),
            Validity::Ever => put(members, "include", Some("superseded")),
        }
        self.json(self.request(Method::POST, "memories/search").json(&body)).await
    }

    async fn context(&self, query: &ContextQuery) -> Result<ContextResponse> {
        self.json(self.request(Method::GET, "context").query(&pairs::of_context(query))).await
    }

    async fn extract(&self, request: ExtractRequest) -> Result<ExtractResponse> {
        let mut body = body_of(&request.read);
        put(&mut body, "dry_run", request.dry_run.then_some(true));
        self.slow_json(self.request(Method::POST, "extract").json(&body)).await
    }

    async fn compress(&self, request: CompressRequest) -> Result<CompressResponse> {
        let body = body_of(&request.read);
        self.slow_json(self.request(Method::POST, "compress").json(&body)).await
    }

    async fn namespaces(&self) -> Result<NamespaceList> {
        self.json(self.request(Method::GET, "namespaces")).await
    }

    async fn next_change(&self, since: Option<&str>) -> Result<String> {
        // Any server tells how many memories there are and which was changed last.
        let query = ListQuery { limit: 1, sort: Sort::UpdatedDesc, ..ListQuery::default() };
        loop {
            let list = self.list_memories(&query).await?;
            let last = list.memories.first().map(|last| format!("{} {}", last.id, last.updated_at));
            let now = format!("{} {}", list.total, last.unwrap_or_default());
            if since != Some(now.as_str()) {
                return Ok(now);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn create_conversation(&self, new: NewConversation) -> Result<Conversation> {
        let body = json!({"model": new.model, "topic": new.topic, "messages": new.messages, "source_url": new.source_url});
        self.json(self.request(Method::POST, "conversations").json(&body)).await
    }

    async fn list_conversations(&self, query: &ConversationQuery) -> Result<ConversationList> {
        self.json(self.request(Method::GET, "conversations").query(&pairs::of_conversations(query))).await
    }

    async fn search_conversations(&self, search: &ConversationSearch) -> Result<ConversationHits> {
        let mut query = pairs::of_conversations(&search.page);
        query.push(("q", search.q.as_str().to_owned()));
        query.extend(search.mode.map(|mode| ("mode", mode.as_str().to_owned())));
        self.json(self.request(Method::GET, "conversations/search").query(&query)).await
    }

    async fn get_conversation(&self, id: &str) -> Result<Conversation> {
        self.json(self.request(Method::GET, &path_of("conversations", id)?)).await
    }

    async fn hand_off(&self, request: HandoffRequest) -> Result<HandoffResponse> {
        let mut body = Map::new();
        match &request.conversation {
            Handed::Saved(id) => put(&mut body, "conversation_id", Some(id)),
            Handed::Inline { model, topic, messages } => {
                put(&mut body, "model", Some(model));
                put(&mut body, "topic", topic.as_ref());
                put(&mut body, "messages", Some(messages));
            }
        }
        put(&mut body, "target_model", Some(&request.target_model));
        put(&mut body, "memory_budget", (request.memory_budget > 0).then_some(request.memory_budget));
        put_choice(&mut body, &request.ai);
        self.slow_json(self.request(Method::POST, "handoff").json(&body)).await
    }

    async fn import(
        &self,
        source: Upload,
        options: ImportOptions,
        progress: Option<Progress>,
    ) -> Result<ImportReport> {
        let file = match source {
            Upload::File(file) => file,
            Upload::Folder(path) => omp_service::pack_folder(&path)?,
        };
        let mut query = vec![("dry_run", options.dry_run.to_string())];
        query.extend(options.conflict.map(|conflict| ("conflict", conflict.as_str().to_owned())));
        query.extend(options.format.map(|format| ("format", format.as_str().to_owned())));
        query.extend(options.name.map(|name| ("name", name)));
        let Choice { since, namespace, owner, redact, map } = options.choice;
        query.extend(since.map(|since| ("since", since.to_string())));
        query.extend(namespace.map(|namespace| ("namespace", namespace.as_str().to_owned())));
        query.extend(owner.map(|owner| ("owner", owner)));
        query.extend(redact.then(|| ("redact", "true".to_owned())));
        query.extend(map.map(|map| ("map", map)));
        let mut sent = 0;
        let pieces = tokio_util::io::ReaderStream::with_capacity(tokio::fs::File::from_std(file), 1 << 16);
        let pieces = pieces.inspect(move |piece| {
            if let (Ok(piece), Some(progress)) = (piece, &progress) {
                sent += piece.len() as u64;
                progress(Done { bytes: sent, memories: None });
            }
        });
        let request = self
            .request(Method::POST, "import")
            .query(&query)
            .header("content-type", "application/octet-stream")
            .body(reqwest::Body::wrap_stream(pieces));
        read::<ImportResponse>(self.send(request).await?).await.map(Into::into)
    }

    async fn export(
        &self,
        options: ExportOptions,
        mut out: Box<dyn Write + Send>,
        progress: Option<Progress>,
    ) -> Result<ExportSummary> {
        let included = [("conversations", options.with_conversations), ("embedding", options.with_embedding)];
        let include: Vec<&str> =
            included.into_iter().filter(|(_, wanted)| *wanted).map(|(name, _)| name).collect();
        let query = [("format", options.format.as_str().to_owned()), ("include", include.join(","))];
        let response = self.send(self.request(Method::GET, "export").query(&query)).await?;
        let content_type = response.headers().get(CONTENT_TYPE).and_then(|given| given.to_str().ok());
        let mut exported = Exported::begin(options.format, content_type)?;
        let (mut pieces, mut summary) = (response.bytes_stream(), ExportSummary::default());
        while let Some(piece) = pieces.next().await {
            let piece =
                piece.map_err(|_| Error::new(ErrorCode::Unavailable, "The server broke the export off."))?;
            exported.piece(&piece)?;
            out.write_all(&piece).map_err(|e| {
                Error::new(ErrorCode::StorageFull, format!("The export cannot be written: {e}."))
            })?;
            summary.bytes += piece.len() as u64;
            if let Some(progress) = &progress {
                progress(Done { bytes: summary.bytes, memories: None });
            }
        }
        exported.end()?;
        out.flush()
            .map_err(|e| Error::new(ErrorCode::StorageFull, format!("The export cannot be written: {e}.")))?;
        Ok(summary)
    }
}
