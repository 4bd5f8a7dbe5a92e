//! The request bodies as the OpenAPI document shows them. Requests are read by the types of `omp-model`, which say
//! what is wrong with each field; these only describe them.
#![expect(dead_code, reason = "read by the OpenAPI generator only")]

use std::collections::HashMap;

use omp_model::conversation::Message;
use omp_model::{Memory, MemoryType, Scope, SearchMode, ShareAccess};
use serde_json::Value;
use utoipa::ToSchema;

/// Where a memory comes from; in a change, only the members to change.
#[derive(ToSchema)]
pub(crate) struct SourceBody {
    /// Which AI tool writes it.
    #[schema(max_length = 100, example = "claude")]
    tool: String,
    /// The tool's own name of the session.
    #[schema(max_length = 255)]
    session_id: Option<String>,
    /// The tool's own name of the user.
    #[schema(max_length = 255)]
    user_id: Option<String>,
    /// When the fact was observed; by default now.
    #[schema(format = DateTime)]
    timestamp: Option<String>,
}

/// A memory to store.
#[derive(ToSchema)]
pub(crate) struct NewMemoryBody {
    /// What to remember, in plain language.
    #[schema(min_length = 1, max_length = 10_000, example = "User prefers TypeScript over JavaScript")]
    content: String,
    #[schema(rename = "type")]
    r#type: MemoryType,
    source: SourceBody,
    /// At most 20, each 1 to 50 of `a-z 0-9 _ : -`.
    #[schema(example = json!(["preferences", "coding"]))]
    tags: Option<Vec<String>>,
    /// 1 to 100 of `a-z 0-9 _ : -`.
    namespace: Option<String>,
    /// When it is gone.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// At most ten keys.
    metadata: Option<HashMap<String, Value>>,
    /// The vector of its meaning.
    embedding: Option<Vec<f32>>,
    /// The id of the memory in whose place this one stands from now on.
    #[schema(pattern = "^mem_[a-z0-9]{16}$")]
    supersedes: Option<String>,
    /// `exact`: do not store a text again that is there already. `off` is the default.
    dedupe: Option<String>,
}

/// Which version to have back.
#[derive(ToSchema)]
pub(crate) struct RestoreBody {
    /// Its number in the history.
    #[schema(minimum = 1)]
    version: u64,
}

/// What to change of a memory; what is left out stays.
#[derive(ToSchema)]
pub(crate) struct MemoryPatchBody {
    content: Option<String>,
    r#type: Option<MemoryType>,
    #[schema(value_type = Option<Object>)]
    source: Option<SourceBody>,
    /// All of the new tags.
    tags: Option<Vec<String>>,
    /// `null` is the default namespace.
    namespace: Option<String>,
    /// `null` is never.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// All of the new metadata.
    metadata: Option<HashMap<String, Value>>,
    embedding: Option<Vec<f32>>,
}

/// A question.
#[derive(ToSchema)]
pub(crate) struct SearchBody {
    /// The words to look for.
    #[schema(min_length = 1, example = "coding preferences")]
    q: String,
    r#type: Option<MemoryType>,
    /// Only written by this tool.
    tool: Option<String>,
    /// Only with all of these.
    tags: Option<Vec<String>>,
    /// One namespace, several with commas, or an array.
    namespace: Option<String>,
    /// Only stored at this instant or later.
    #[schema(format = DateTime)]
    created_after: Option<String>,
    /// Only stored at this instant or earlier.
    #[schema(format = DateTime)]
    created_before: Option<String>,
    /// As it was at this time: what was stored by then and superseded later.
    #[schema(format = DateTime)]
    as_of: Option<String>,
    #[schema(minimum = 1, maximum = 100, default = 10)]
    limit: Option<u32>,
    mode: Option<SearchMode>,
    /// Whether to tell why each memory ranks where it does.
    explain: Option<bool>,
    /// `embedding` to get vectors too, `superseded` to find what others stand in place of, or both with a comma.
    include: Option<String>,
    /// Look into what other users share, too; `owners` tells whose each memory is.
    shared: Option<bool>,
}

/// A conversation to extract from: `transcript`, or `conversation_id`.
#[derive(ToSchema)]
pub(crate) struct ExtractBody {
    /// Lines with `User:` and `Assistant:`, JSON messages, or notes.
    #[schema(min_length = 1, max_length = 100_000)]
    transcript: Option<String>,
    /// A saved conversation.
    conversation_id: Option<String>,
    /// `anthropic`, `openai`, `gemini`, `openai-compatible` (as the server is configured) or `rules`.
    provider: Option<String>,
    /// The provider's key; used for this request and never kept.
    api_key: Option<String>,
    #[schema(default = "omp-extract")]
    source_tool: Option<String>,
    namespace: Option<String>,
    /// How the memories name the conversation.
    session_id: Option<String>,
    /// When it was held: "yesterday" is the day before.
    #[schema(format = DateTime)]
    held_at: Option<String>,
    /// Only tell what would change.
    #[schema(default = false)]
    dry_run: Option<bool>,
}

/// Saved conversations to extract from.
#[derive(ToSchema)]
pub(crate) struct ExtractJobBody {
    /// These; by default all.
    #[schema(max_items = 10_000)]
    conversation_ids: Option<Vec<String>>,
    /// Of all: only held with this AI.
    model: Option<String>,
    /// Of all: only saved at this date-time or later.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// As in extracting.
    provider: Option<String>,
    /// The provider's key; used for this job and never kept.
    api_key: Option<String>,
    #[schema(default = "omp-extract")]
    source_tool: Option<String>,
    namespace: Option<String>,
}

/// A conversation to compress: `transcript`, or `conversation_id`.
#[derive(ToSchema)]
pub(crate) struct CompressBody {
    /// Lines with `User:` and `Assistant:`, JSON messages, or notes.
    #[schema(min_length = 1, max_length = 200_000)]
    transcript: Option<String>,
    /// A saved conversation.
    conversation_id: Option<String>,
    /// `anthropic`, `openai`, `gemini`, `openai-compatible` (as the server is configured) or `rules`.
    provider: Option<String>,
    /// The provider's key; used for this request and never kept.
    api_key: Option<String>,
    #[schema(default = "omp-compress")]
    source_tool: Option<String>,
    namespace: Option<String>,
    /// How the memory names the conversation.
    session_id: Option<String>,
    /// When it was held.
    #[schema(format = DateTime)]
    held_at: Option<String>,
}

/// A conversation to save.
#[derive(ToSchema)]
pub(crate) struct ConversationBody {
    /// Which AI it was held with.
    #[schema(max_length = 100, example = "claude")]
    model: String,
    /// By default its first message.
    #[schema(max_length = 200)]
    topic: Option<String>,
    #[schema(min_items = 1, max_items = 500)]
    messages: Vec<Message>,
    #[schema(max_length = 500)]
    source_url: Option<String>,
}

/// A conversation to hand off: `conversation_id`, or `model` and `messages`.
#[derive(ToSchema)]
pub(crate) struct HandoffBody {
    /// Where it goes on.
    #[schema(max_length = 100, example = "chatgpt")]
    target_model: String,
    conversation_id: Option<String>,
    model: Option<String>,
    topic: Option<String>,
    messages: Option<Vec<Message>>,
    /// As in extracting; without any, and when it fails, the brief follows a template.
    provider: Option<String>,
    /// The provider's key; used for this request and never kept.
    api_key: Option<String>,
    /// How many tokens the memories may take that the brief tells of.
    #[schema(maximum = 8_000, default = 0)]
    memory_budget: Option<u32>,
}

/// An export.
#[derive(ToSchema)]
pub(crate) struct OmpExport {
    #[schema(example = "0.1")]
    omp_version: String,
    #[schema(format = DateTime)]
    exported_at: String,
    server: String,
    memories: Vec<Memory>,
}

/// A user to add.
#[derive(ToSchema)]
pub(crate) struct NewUserBody {
    /// 1 to 50 of `a-z 0-9 _ : -`.
    #[schema(example = "anna")]
    name: String,
    /// Whether the user administers the server.
    admin: Option<bool>,
}

/// A key to make.
#[derive(ToSchema)]
pub(crate) struct NewKeyBody {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Cursor on the laptop")]
    name: String,
    /// Whose it is; by default whoever makes it.
    user: Option<String>,
    /// By default read and write.
    scopes: Option<Vec<Scope>>,
    /// The tool that is stamped on what it writes; only that tool's memories may be changed with it.
    #[schema(max_length = 100, example = "cursor")]
    tool: Option<String>,
    /// Whether it sees only that tool's memories.
    own_tool_only: Option<bool>,
    /// The namespaces that it is limited to: names, and beginnings with `*`.
    #[schema(example = json!(["project:*"]))]
    namespaces: Option<Vec<String>>,
    /// Where memories go that name no namespace.
    default_namespace: Option<String>,
    /// When it stops working.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
}

/// How a secret is changed.
#[derive(ToSchema)]
pub(crate) struct RotateKeyBody {
    /// How long the former secret goes on working: at most thirty days, by default not at all.
    #[schema(maximum = 2_592_000)]
    grace_seconds: Option<u64>,
}

/// Where to move what is in a namespace.
#[derive(ToSchema)]
pub(crate) struct MoveBody {
    /// The other namespace; `null` is the default one.
    #[schema(example = "project:myapp")]
    to: Option<String>,
}

/// What another user may do in a namespace.
#[derive(ToSchema)]
pub(crate) struct ShareBody {
    access: ShareAccess,
}
