//! What there is: tags, tools and types, each with its number of memories.

use serde::{Deserialize, Serialize};

use crate::{MemoryType, Tag, ToolName};

/// A tag with how often it is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagCount {
    /// The tag.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub tag: Tag,
    /// How many memories have it.
    pub memories: u64,
}

/// All tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TagList {
    /// The most used first.
    pub tags: Vec<TagCount>,
}

/// A tool with what it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToolCount {
    /// The tool.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub tool: ToolName,
    /// How many memories it wrote.
    pub memories: u64,
}

/// A type with its memories.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypeCount {
    /// The type.
    #[serde(rename = "type")]
    pub kind: MemoryType,
    /// How many memories are of it.
    pub memories: u64,
}

/// How much there is, as far as the key sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Stats {
    /// Memories.
    pub memories: u64,
    /// Saved conversations.
    pub conversations: u64,
    /// Namespaces that hold memories; the default one counts.
    pub namespaces: u64,
    /// Different tags.
    pub tags: u64,
    /// Who wrote how many, the most first.
    pub tools: Vec<ToolCount>,
    /// How many of each type that there is.
    pub types: Vec<TypeCount>,
}

/// How many memories a change of many was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Affected {
    /// Memories.
    pub memories: u64,
}
