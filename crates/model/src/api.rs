//! The shapes on the wire that are not themselves nouns.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    Content, Conversation, ConversationId, Error, ErrorCode, JobId, Memory, MemoryId, MemoryType, ModelName,
    Namespace, Role, SearchMode, Timestamp, Topic, UserName,
};

/// The version of the protocol that we speak (reading 37).
pub const OMP_VERSION: &str = "0.1";
/// The name by which exports and logs call this server.
pub const SERVER_NAME: &str = "open-memory";

/// The body of every error.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ErrorBody {
    /// The code.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "validation_error"))]
    pub error: ErrorCode,
    /// A sentence that helps.
    pub message: String,
    /// More for programs; for `validation_error` a text for each field.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, Value>))]
    pub details: Map<String, Value>,
}

impl From<Error> for ErrorBody {
    fn from(error: Error) -> Self {
        Self { error: error.code, message: error.message, details: error.details }
    }
}

impl From<ErrorBody> for Error {
    fn from(body: ErrorBody) -> Self {
        Self { code: body.error, message: body.message, details: body.details }
    }
}

/// A page of memories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MemoryList {
    /// The page.
    pub memories: Vec<Memory>,
    /// How many memories the filters match.
    pub total: u64,
    /// The page's size, as it was applied.
    pub limit: u32,
    /// How many were passed over.
    pub offset: u64,
}

/// Why an answer is less than what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Degraded {
    /// What was asked for.
    pub requested: String,
    /// Why it was not done.
    pub reason: String,
}

/// The model that made vectors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmbeddingModel {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(example = "all-MiniLM-L6-v2"))]
    pub name: String,
    /// Its revision: other weights are another model.
    pub revision: String,
    /// The length of its vectors.
    pub dimensions: u32,
    /// Whether its vectors have length 1.
    pub normalised: bool,
}

/// Why a memory ranks where it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Why {
    /// How well the words of the question occur in it (BM25).
    pub keyword: f32,
    /// Which of them do, as the index knows them.
    pub terms: Vec<String>,
    /// The cosine of its vector and the question's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub similarity: Option<f32>,
    /// How much likeness weighed in this search, 0 to 1; words had the rest.
    pub similarity_weight: f32,
    /// What the memories beside it in its session added.
    pub from_neighbours: f32,
}

/// A namespace that memories are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamespaceCount {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String, example = "project:myapp"))]
    pub namespace: Namespace,
    /// How many memories are in it.
    pub memories: u64,
}

/// The namespaces, by name; the first thousand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamespaceList {
    /// Each with the number of its memories.
    pub namespaces: Vec<NamespaceCount>,
}

/// What a search found, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SearchResponse {
    /// The best memories.
    pub memories: Vec<Memory>,
    /// How many memories match, on this page or not (reading 11).
    pub total: u64,
    /// The mode that really ran.
    pub mode_used: SearchMode,
    /// A number for each memory, in their order: comparable within one answer only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub scores: Option<Vec<f32>>,
    /// With `explain`: for each memory, in their order, why it ranks where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub explain: Option<Vec<Why>>,
    /// The model whose vectors took part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub model: Option<EmbeddingModel>,
    /// Why another mode ran than the one asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub degraded: Option<Degraded>,
    /// With `shared`: for each memory, in their order, whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false, value_type = Vec<String>))]
    pub owners: Option<Vec<UserName>>,
}

/// A block of text to put before a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ContextResponse {
    /// The text, marked as data; empty when nothing is known.
    pub context: String,
    /// About how many tokens it is.
    pub tokens: u32,
    /// The memories in it, most useful first.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub memories: Vec<MemoryId>,
    /// The mode of the search; absent without a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub mode_used: Option<SearchMode>,
    /// Why another mode ran than the best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub degraded: Option<Degraded>,
}

/// A page of conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationList {
    /// The page.
    pub conversations: Vec<Conversation>,
    /// How many conversations the filters match.
    pub total: u64,
}

/// A turn in which words of a question stand.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundMessage {
    /// Which message it is, from 0.
    pub message: usize,
    /// Who speaks.
    pub role: Role,
    /// The source's own name of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub id: Option<String>,
    /// When it was said, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, nullable = false))]
    pub created_at: Option<Timestamp>,
    /// The part of it where most of the words stand.
    pub snippet: String,
}

impl std::fmt::Debug for FoundMessage {
    /// Without what is said.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FoundMessage").field("message", &self.message).finish_non_exhaustive()
    }
}

/// A conversation that was found, without its turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FoundConversation {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: ConversationId,
    /// Which AI it was held with.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model: ModelName,
    /// What it is about.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub topic: Topic,
    /// How many turns.
    pub message_count: usize,
    /// When it was saved.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// Where the words stand in it, or what is about the question: the best turns, at most three, in their order.
    pub matches: Vec<FoundMessage>,
}

/// What a search in conversations found, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationHits {
    /// The page.
    pub conversations: Vec<FoundConversation>,
    /// How many conversations hold any of the words; where likeness counts, also those that are like the question (the
    /// hundred most like).
    pub total: u64,
    /// The mode that really ran.
    pub mode_used: SearchMode,
    /// A number for each conversation of the page, in their order: comparable within one answer only.
    pub scores: Vec<f32>,
    /// Why another mode ran than was asked for, or what could not be found yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub degraded: Option<Degraded>,
}

/// The answer to deleting a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Deleted {
    /// Always `true`.
    pub deleted: bool,
}

/// A text with which a conversation goes on in another tool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HandoffResponse {
    /// The text to paste, in the person's own voice.
    pub brief: String,
    /// What the conversation is about.
    pub topic: String,
    /// Where it was held.
    pub source_model: String,
    /// Where it goes on.
    pub target_model: String,
    /// How many turns it has.
    pub message_count: usize,
    /// Who wrote the brief: `template`, or provider and model.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "template"))]
    pub written_by: String,
    /// Why the template was used although a model was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub degraded: Option<Degraded>,
    /// The memories that the brief tells of, when some were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub memories: Vec<MemoryId>,
}

/// How far the vectors are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EmbeddingState {
    /// The model.
    #[cfg_attr(feature = "openapi", schema(example = "all-MiniLM-L6-v2"))]
    pub model: String,
    /// Whether searches use its vectors; `false` while they are made in the place of another model's.
    pub active: bool,
    /// Memories and conversations that wait for their vectors; they are found by their words meanwhile.
    pub waiting: u64,
}

/// How far a read replica is behind its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplicaState {
    /// Whether it hears of its primary at the moment. If not, what was written there since is not known here.
    pub connected: bool,
    /// Bytes of the primary's log that have come and do not show yet;
    /// absent if none has come since the database started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub behind_bytes: Option<u64>,
    /// Milliseconds since the last change that shows was made, 0 while all
    /// that has come shows; absent if none has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub behind_ms: Option<u64>,
}

/// The state of the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// `ok`, or `degraded` when something that it does is not done at the moment.
    pub status: String,
    /// The protocol's version.
    pub version: String,
    /// What the running configuration really offers: `OMP-Core`, `OMP-Search` or `OMP-Full`.
    pub compliance: String,
    /// Memories that have not expired.
    pub memories_count: u64,
    /// The server's own version.
    pub server_version: String,
    /// The embedding model, once it has begun; absent where search goes by words only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub embedding: Option<EmbeddingState>,
    /// Whether the store takes writes: `ok`, or why the last one failed: `full`, `read_only` or `failing`.
    #[serde(default = "well")]
    pub store: String,
    /// Where the server reads from a read replica, in which nothing is written; then `store` is `read_only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub replica: Option<ReplicaState>,
}

/// Of a server that says nothing of its store.
fn well() -> String {
    "ok".into()
}

/// What a probe answers when all is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Probe {
    /// `alive` or `ready`.
    pub status: String,
}

/// Memories made by `POST /v1/extract`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtractResponse {
    /// How many were stored.
    pub extracted: usize,
    /// Which.
    pub memories: Vec<Memory>,
    /// Who read the conversation: `rules`, or provider and model.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "rules"))]
    pub extracted_by: String,
    /// Whether nothing was stored because nothing was to be.
    #[serde(default)]
    pub dry_run: bool,
    /// Everything that was found, in the order of the conversation, and what it means to what is known.
    #[serde(default)]
    pub changes: Vec<ExtractChange>,
    /// How many findings were left out because no words of the conversation bear them.
    #[serde(default)]
    pub unsupported: usize,
}

/// What a finding means to what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ExtractAction {
    /// It was not known: it is stored.
    New,
    /// A known memory says the same: nothing is stored.
    Repeat,
    /// It is stored in the place of a known memory, which is kept with the time until which it held.
    Supersedes,
    /// Something later is known about the same: nothing is stored.
    Outdated,
    /// It holds what looks like a secret, and this server stores none.
    Refused,
}

/// The words that bear a memory.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Evidence {
    /// The message that says it, from 0.
    pub message: usize,
    /// The source's own name of that message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub id: Option<String>,
    /// Its words.
    pub quote: String,
}

impl std::fmt::Debug for Evidence {
    /// Without the words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Evidence").field("message", &self.message).finish_non_exhaustive()
    }
}

/// Something that was found in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtractChange {
    /// What it means to what is known.
    pub action: ExtractAction,
    /// What it says.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub content: Content,
    /// What sort of thing it is.
    #[serde(rename = "type")]
    pub kind: MemoryType,
    /// The words that bear it.
    pub evidence: Evidence,
    /// When it happened or will: a day, a month, a year, or `first/last` of a stretch of days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub date: Option<String>,
    /// The memory that it is now; absent when nothing was stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub id: Option<MemoryId>,
    /// The known memory that it repeats, supersedes or is older than.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub of: Option<MemoryId>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum JobState {
    /// It is being done.
    #[default]
    Running,
    /// It is done.
    Done,
    /// It ended early; `error` tells why. What was stored stays.
    Failed,
    /// Somebody ended it. What was stored stays.
    Cancelled,
    /// Its server ended before it did, and no server goes on with it; `error` tells why. What was stored stays.
    Interrupted,
}

/// An extraction from many conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtractJob {
    /// Its name.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub id: JobId,
    /// How far it is.
    pub state: JobState,
    /// Conversations that are to be read.
    pub total: u64,
    /// Conversations that were read or skipped.
    pub done: u64,
    /// Conversations that were gone by then, or would take more tokens than a request may.
    pub skipped: u64,
    /// Memories that were stored.
    pub extracted: u64,
    /// Why it failed or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub error: Option<String>,
    /// When it began.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it last got on.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
}

/// The jobs of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExtractJobs {
    /// Newest first.
    pub jobs: Vec<ExtractJob>,
}

/// The memory made by `POST /v1/compress`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CompressResponse {
    /// The summary.
    pub memory: Memory,
    /// Who wrote it: `rules`, or provider and model.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(example = "rules"))]
    pub compressed_by: String,
}
