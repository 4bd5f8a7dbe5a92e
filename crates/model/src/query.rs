//! What can be asked of the store, with its limits.

use crate::fields::{Fields, word_field};
use crate::{MemoryType, ModelName, Namespace, Question, SearchMode, Tags, Timestamp, ToolName};

/// Which memories are meant; every part that is there must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this type.
    pub kind: Option<MemoryType>,
    /// Only written by this tool.
    pub tool: Option<ToolName>,
    /// Only with all of these tags.
    pub tags: Tags,
    /// Only in this namespace.
    pub namespace: Option<Namespace>,
}

impl Filter {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            kind: fields.nullable("type").flatten(),
            tool: fields.nullable("tool").flatten(),
            tags: fields.nullable("tags").flatten().unwrap_or_default(),
            namespace: fields.nullable("namespace").flatten(),
        }
    }
}

/// The order of a list; the id decides between equal times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    CreatedDesc,
    /// Oldest first.
    CreatedAsc,
    /// Last changed first.
    UpdatedDesc,
}

impl Sort {
    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "created_at_desc" => Some(Self::CreatedDesc),
            "created_at_asc" => Some(Self::CreatedAsc),
            "updated_at_desc" => Some(Self::UpdatedDesc),
            _ => None,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CreatedDesc => "created_at_desc",
            Self::CreatedAsc => "created_at_asc",
            Self::UpdatedDesc => "updated_at_desc",
        }
    }
}

word_field!(Sort, "created_at_desc, created_at_asc, updated_at_desc");

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Which memories.
    pub filter: Filter,
    /// How many at most: 1 to 100, by default 20.
    pub limit: u32,
    /// How many to pass over.
    pub offset: u64,
    /// In which order.
    pub sort: Sort,
    /// Whether vectors come along.
    pub with_embedding: bool,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self { filter: Filter::default(), limit: 20, offset: 0, sort: Sort::default(), with_embedding: false }
    }
}

impl ListQuery {
    /// Reads the query string of `GET /v1/memories`; a limit over 100 is cut to 100 (reading 9).
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            filter: Filter::read(fields),
            limit: page_limit(fields, 20, 100),
            offset: offset(fields),
            sort: fields.optional("sort").unwrap_or_default(),
            with_embedding: wants_embedding(fields),
        }
    }
}

/// A limit of at least 1 that is cut to `most`.
fn page_limit(fields: &mut Fields<'_>, default: u32, most: u32) -> u32 {
    match fields.optional::<u64>("limit") {
        Some(0) => {
            fields.fail("limit", "must be at least 1");
            default
        }
        Some(n) => u32::try_from(n).unwrap_or(most).min(most),
        None => default,
    }
}

/// SQL engines count in `i64`.
fn offset(fields: &mut Fields<'_>) -> u64 {
    fields.optional::<u64>("offset").unwrap_or(0).min(i64::MAX as u64)
}

/// `include=embedding`, possibly among others.
pub fn wants_embedding(fields: &mut Fields<'_>) -> bool {
    fields
        .optional::<String>("include")
        .is_some_and(|list| list.split(',').any(|item| item.trim() == "embedding"))
}

/// One page of saved conversations, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationQuery {
    /// Only held with this model, or with one of the [service](crate::service_models) of this name.
    pub model: Option<ModelName>,
    /// Not held with this model or service.
    pub exclude_model: Option<ModelName>,
    /// Saved at this instant or later (compared as time, reading 41).
    pub since: Option<Timestamp>,
    /// How many at most: 1 to 50, by default 10.
    pub limit: u32,
    /// How many to pass over.
    pub offset: u64,
}

impl Default for ConversationQuery {
    fn default() -> Self {
        Self { model: None, exclude_model: None, since: None, limit: 10, offset: 0 }
    }
}

impl ConversationQuery {
    /// Reads the query string of `GET /v1/conversations`.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            model: fields.optional("model"),
            exclude_model: fields.optional("exclude_model"),
            since: fields.optional("since"),
            limit: page_limit(fields, 10, 50),
            offset: offset(fields),
        }
    }
}

/// A search in saved conversations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationSearch {
    /// What is looked for.
    pub q: Question,
    /// How; by default by words and by meaning where there is a model for that.
    pub mode: Option<SearchMode>,
    /// Which conversations may answer, and which page of them is given.
    pub page: ConversationQuery,
}

impl ConversationSearch {
    /// Reads the query string of `GET /v1/conversations/search`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (q, mode) = (fields.required("q"), fields.optional("mode"));
        let page = ConversationQuery::read(fields);
        Some(Self { q: q?, mode, page })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(pairs: &[(&str, &str)]) -> crate::Result<ListQuery> {
        let mut fields =
            Fields::from_pairs(pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect());
        let query = ListQuery::read(&mut fields);
        fields.finish(Some(query))
    }

    #[test]
    fn a_limit_over_the_most_is_cut_and_a_senseless_one_refused() {
        assert_eq!(list(&[("limit", "1000")]).unwrap().limit, 100);
        for bad in ["0", "-1", "abc", "1.5"] {
            assert!(list(&[("limit", bad)]).is_err(), "{bad}");
        }
        assert!(list(&[("offset", "-1")]).is_err());
        assert!(list(&[("sort", "random")]).is_err());
    }
}
