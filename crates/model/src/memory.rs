//! A memory: one thing that an AI tool should know about a person (omp.md section 1).

use serde::{Deserialize, Serialize};

use crate::fields::{Fields, word_field};
use crate::{
    Content, Embedding, MemoryId, Metadata, Namespace, Result, SessionRef, Tags, Timestamp, ToolName,
};

/// What sort of thing a memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum MemoryType {
    /// Something that happened.
    Episodic,
    /// A fact or a preference.
    Semantic,
    /// How the person does a thing.
    Procedural,
}

impl MemoryType {
    /// All of them, in the order of their stored numbers.
    pub const ALL: [Self; 3] = [Self::Episodic, Self::Semantic, Self::Procedural];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Episodic => "episodic",
            Self::Semantic => "semantic",
            Self::Procedural => "procedural",
        }
    }

    /// Its stored number.
    pub const fn number(self) -> u8 {
        match self {
            Self::Episodic => 0,
            Self::Semantic => 1,
            Self::Procedural => 2,
        }
    }

    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

word_field!(MemoryType, "episodic, semantic, procedural");

/// Where a memory comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Source {
    /// Which AI tool wrote it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 100, example = "claude"))]
    pub tool: ToolName,
    /// The tool's own name of the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 255, nullable = false))]
    pub session_id: Option<SessionRef>,
    /// The tool's own name of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 255, nullable = false))]
    pub user_id: Option<SessionRef>,
    /// When the fact was observed.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
}

/// A stored memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Memory {
    /// Its name, made by the server; never changes.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^mem_[a-z0-9]{16}$", example = "mem_01j9xk2p3q4r5s6t"))]
    pub id: MemoryId,
    /// What is remembered, in plain language.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 10_000))]
    pub content: Content,
    /// What sort of thing it is.
    #[serde(rename = "type")]
    pub kind: MemoryType,
    /// Where it comes from.
    pub source: Source,
    /// Words to find it by.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>, max_items = 20))]
    pub tags: Tags,
    /// The project or area that it belongs to; `null` is the default one.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 100, pattern = "^[a-z0-9_:\\-]+$"))]
    pub namespace: Option<Namespace>,
    /// When it was stored first.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it was changed last.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub updated_at: Timestamp,
    /// When it is gone from every answer; `null` is never.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
    /// Free-form data, at most ten keys.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::HashMap<String, serde_json::Value>))]
    pub metadata: Metadata,
    /// The vector of its meaning; only when asked for (`include=embedding`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Vec<f32>>, nullable = false))]
    pub embedding: Option<Embedding>,
}

impl Memory {
    /// Reads a memory of an export: the checks of [`NewMemory::read`] plus id and times (readings 6 and 7).
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let id = fields.required::<MemoryId>("id");
        let created_at = fields.required::<Timestamp>("created_at");
        let updated_at = fields.required::<Timestamp>("updated_at");
        let new = NewMemory::read(fields);
        let (id, created_at, updated_at, new) = (id?, created_at?, updated_at?, new?);
        let mut memory = new.into_memory(id, created_at);
        memory.updated_at = updated_at;
        Some(memory)
    }

    /// Whether it is gone at this instant.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

impl crate::fields::Field for MemoryId {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "must be `mem_` and 16 of a-z and 0-9".into())
    }
}

/// A memory to be stored: what the caller says of it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMemory {
    /// What is remembered.
    pub content: Content,
    /// What sort of thing it is.
    pub kind: MemoryType,
    /// Which AI tool wrote it.
    pub tool: ToolName,
    /// The tool's own name of the session.
    pub session_id: Option<SessionRef>,
    /// The tool's own name of the user.
    pub user_id: Option<SessionRef>,
    /// When the fact was observed; absent means now (reading 1).
    pub observed_at: Option<Timestamp>,
    /// Words to find it by.
    pub tags: Tags,
    /// The project or area that it belongs to.
    pub namespace: Option<Namespace>,
    /// When it is gone.
    pub expires_at: Option<Timestamp>,
    /// Free-form data.
    pub metadata: Metadata,
    /// The vector of its meaning.
    pub embedding: Option<Embedding>,
}

impl NewMemory {
    /// The least that a memory needs.
    pub fn new(content: Content, kind: MemoryType, tool: ToolName) -> Self {
        Self {
            content,
            kind,
            tool,
            session_id: None,
            user_id: None,
            observed_at: None,
            tags: Tags::default(),
            namespace: None,
            expires_at: None,
            metadata: Metadata::default(),
            embedding: None,
        }
    }

    /// Reads the body of `POST /v1/memories`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let content = fields.required("content");
        let kind = fields.required("type");
        if !fields.has("source") {
            fields.fail("source", "is required");
        }
        let source = fields.object("source", |source| {
            let tool = source.required::<ToolName>("tool");
            let session = source.nullable::<SessionRef>("session_id").flatten();
            let user = source.nullable::<SessionRef>("user_id").flatten();
            let observed_at = source.optional::<Timestamp>("timestamp");
            Some((tool?, session, user, observed_at))
        });
        let tags = fields.optional("tags").unwrap_or_default();
        let namespace = fields.nullable("namespace").flatten();
        let expires_at = fields.nullable("expires_at").flatten();
        let metadata = fields.optional("metadata").unwrap_or_default();
        let embedding = fields.nullable("embedding").flatten();
        let (tool, session_id, user_id, observed_at) = source?;
        Some(Self {
            content: content?,
            kind: kind?,
            tool,
            session_id,
            user_id,
            observed_at,
            tags,
            namespace,
            expires_at,
            metadata,
            embedding,
        })
    }

    /// The memory that this becomes, created at `created_at`.
    pub fn into_memory(self, id: MemoryId, created_at: Timestamp) -> Memory {
        Memory {
            id,
            content: self.content,
            kind: self.kind,
            source: Source {
                tool: self.tool,
                session_id: self.session_id,
                user_id: self.user_id,
                timestamp: self.observed_at.unwrap_or(created_at),
            },
            tags: self.tags,
            namespace: self.namespace,
            created_at,
            updated_at: created_at,
            expires_at: self.expires_at,
            metadata: self.metadata,
            embedding: self.embedding,
        }
    }
}

/// Which parts of a source change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourcePatch {
    /// A new tool.
    pub tool: Option<ToolName>,
    /// A new session, or none (`Some(None)`, reading 17).
    pub session_id: Option<Option<SessionRef>>,
    /// A new user, or none.
    pub user_id: Option<Option<SessionRef>>,
    /// A new time of observation.
    pub timestamp: Option<Timestamp>,
}

/// Which parts of a memory change: only what is `Some` (readings 16 to 19).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryPatch {
    /// New text.
    pub content: Option<Content>,
    /// New type.
    pub kind: Option<MemoryType>,
    /// New parts of the source.
    pub source: SourcePatch,
    /// The new tags, all of them.
    pub tags: Option<Tags>,
    /// A new namespace, or the default one (`Some(None)`).
    pub namespace: Option<Option<Namespace>>,
    /// A new expiry, or never (`Some(None)`).
    pub expires_at: Option<Option<Timestamp>>,
    /// The new metadata, all of it.
    pub metadata: Option<Metadata>,
    /// A new vector.
    pub embedding: Option<Option<Embedding>>,
}

impl MemoryPatch {
    /// Reads the body of `PUT /v1/memories/{id}`; `id`, `created_at` and `updated_at` in it are passed over.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            content: fields.optional("content"),
            kind: fields.optional("type"),
            source: fields
                .object("source", |source| {
                    Some(SourcePatch {
                        tool: source.optional("tool"),
                        session_id: source.nullable("session_id"),
                        user_id: source.nullable("user_id"),
                        timestamp: source.optional("timestamp"),
                    })
                })
                .unwrap_or_default(),
            tags: fields.optional("tags"),
            namespace: fields.nullable("namespace"),
            expires_at: fields.nullable("expires_at"),
            metadata: fields.optional("metadata"),
            embedding: fields.nullable("embedding"),
        }
    }

    /// Changes `memory`; its `updated_at` moves forward even if the clock did not.
    pub fn apply(self, memory: &mut Memory, now: Timestamp) {
        if let Some(content) = self.content {
            if content != memory.content {
                // The old vector stands for the old text.
                memory.embedding = None;
            }
            memory.content = content;
        }
        set(&mut memory.kind, self.kind);
        set(&mut memory.source.tool, self.source.tool);
        set(&mut memory.source.session_id, self.source.session_id);
        set(&mut memory.source.user_id, self.source.user_id);
        set(&mut memory.source.timestamp, self.source.timestamp);
        set(&mut memory.tags, self.tags);
        set(&mut memory.namespace, self.namespace);
        set(&mut memory.expires_at, self.expires_at);
        set(&mut memory.metadata, self.metadata);
        set(&mut memory.embedding, self.embedding);
        memory.updated_at = now.max(memory.updated_at.plus_millis(1));
    }
}

fn set<T>(field: &mut T, new: Option<T>) {
    if let Some(value) = new {
        *field = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_new(json: &str) -> Result<NewMemory> {
        let mut fields = Fields::from_json(json)?;
        let new = NewMemory::read(&mut fields);
        fields.finish(new)
    }

    fn sample() -> Memory {
        let new = read_new(r#"{"content":"Likes tea","type":"semantic","source":{"tool":"t","session_id":"s"},"namespace":"a"}"#).unwrap();
        new.into_memory(MemoryId::derive(&["x"]), Timestamp::from_millis(0))
    }

    #[test]
    fn a_memory_without_a_time_of_observation_was_observed_when_created() {
        assert_eq!(sample().source.timestamp, sample().created_at);
    }

    #[test]
    fn wrong_fields_are_all_reported_at_once() {
        let error = read_new(r#"{"content":"","type":"x","source":{"tool":1},"tags":null,"metadata":[]}"#)
            .unwrap_err();
        assert_eq!(
            error.details.keys().collect::<Vec<_>>(),
            ["content", "type", "source.tool", "tags", "metadata"]
        );
    }

    #[test]
    fn null_clears_what_can_be_absent_and_nothing_else() {
        let mut fields =
            Fields::from_json(r#"{"namespace":null,"source":{"session_id":null},"id":"ignored"}"#).unwrap();
        let patch = MemoryPatch::read(&mut fields);
        let mut memory = sample();
        fields.finish(Some(patch)).unwrap().apply(&mut memory, Timestamp::from_millis(0));
        assert_eq!((memory.namespace, memory.source.session_id), (None, None));
        assert_eq!((memory.content.as_str(), memory.updated_at.as_millis()), ("Likes tea", 1));

        let mut fields = Fields::from_json(r#"{"content":null,"type":null}"#).unwrap();
        let patch = MemoryPatch::read(&mut fields);
        assert!(fields.finish(Some(patch)).is_err());
    }

    #[test]
    fn what_is_written_as_json_reads_back_the_same() {
        let json = serde_json::to_string(&sample()).unwrap();
        let mut fields = Fields::from_json(&json).unwrap();
        let memory = Memory::read(&mut fields);
        assert_eq!(fields.finish(memory).unwrap(), sample());
    }
}
