//! The nouns of Open Memory: what a memory, a conversation, a query and an error are.
//!
//! Nothing here does input or output. Limits live in the constructors ([`text`], [`tags`], [`metadata`]),
//! so a value that exists is a value that is allowed; [`fields`] turns a JSON object into such values and
//! collects what is wrong with each field instead of stopping at the first.

pub mod api;
pub mod audit;
pub mod conversation;
pub mod counts;
pub mod creation;
pub mod embedding;
pub mod error;
pub mod fields;
pub mod id;
pub mod keys;
pub mod memory;
pub mod metadata;
pub mod principal;
pub mod query;
pub mod random;
pub mod search;
pub mod service_models;
pub mod shares;
pub mod tags;
pub mod text;
pub mod time;
pub mod transfer;
pub mod users;
pub mod versions;

pub use conversation::{Conversation, ConversationOrigin, Message, MessageOrigin, NewConversation, Role};
pub use creation::{CreateMemory, Dedupe};
pub use embedding::Embedding;
pub use error::{Error, ErrorCode, FieldErrors, Result};
pub use fields::Fields;
pub use id::{ConversationId, JobId, KeyId, MemoryId};
pub use keys::{Key, NamespacePattern, NewKey, Scope, Scopes, Secret};
pub use memory::{Memory, MemoryPatch, MemoryType, NewMemory, Source, SourcePatch};
pub use metadata::Metadata;
pub use principal::{Grant, Limits, OwnerId, Principal};
pub use query::{ConversationQuery, ConversationSearch, Filter, ListQuery, Sort};
pub use random::{OsRandom, RandomSource};
pub use search::{ContextQuery, Question, SearchFilter, SearchMode, SearchQuery, Validity};
pub use shares::{ShareAccess, SharedNamespace};
pub use tags::{Namespace, Tag, Tags};
pub use text::{Content, ModelName, SessionRef, SourceUrl, Text, ToolName, Topic, Transcript};
pub use time::{Clock, SystemClock, Timestamp};
pub use users::{NewUser, User, UserName};
pub use versions::{History, HistoryQuery, RestoreVersion, Version};
