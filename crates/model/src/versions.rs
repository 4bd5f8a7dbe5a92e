//! What a memory was, and from when to when.

use serde::{Deserialize, Serialize};

use crate::fields::Fields;
use crate::{Memory, MemoryId, Timestamp};

/// A memory as it was, or is, for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Version {
    /// Its number: 1 is the first, each change counts one on.
    pub version: u64,
    /// The memory as it was then.
    pub memory: Memory,
    /// From when on it was so.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub valid_from: Timestamp,
    /// Until when; `null` for what still holds.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub valid_to: Option<Timestamp>,
}

/// One page of a memory's versions, newest first, and its place among other memories.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// The page; the first version on the first page is the memory as it is.
    pub versions: Vec<Version>,
    /// How many versions there are.
    pub total: u64,
    /// The memory in whose place this one stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub supersedes: Option<MemoryId>,
    /// The memory that stands in this one's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, nullable = false))]
    pub superseded_by: Option<MemoryId>,
}

/// One page of a memory's versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryQuery {
    /// How many at most: 1 to 100, by default 20.
    pub limit: u32,
    /// How many to pass over.
    pub offset: u64,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self { limit: 20, offset: 0 }
    }
}

impl HistoryQuery {
    /// Reads the query string of `GET /v1/memories/{id}/history`; a limit over 100 is cut to 100, as in lists.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let limit = fields.optional::<u64>("limit").unwrap_or(20);
        if limit == 0 {
            fields.fail("limit", "must be at least 1");
        }
        let offset = fields.optional::<u64>("offset").unwrap_or(0);
        // SQL engines count in `i64`.
        Self { limit: u32::try_from(limit.min(100)).unwrap_or(100), offset: offset.min(i64::MAX as u64) }
    }
}

/// A version to make the present one again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreVersion {
    /// Its number.
    pub version: u64,
}

impl RestoreVersion {
    /// Reads the body of `POST /v1/memories/{id}/restore`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let version = fields.required::<u64>("version")?;
        Some(Self { version })
    }
}
