//! What can be asked of a search.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::FieldErrors;
use crate::fields::{Field, Fields, array, word_field};
use crate::query::{Filter, wants_embedding};
use crate::{MemoryType, Namespace, Tags, Timestamp, ToolName};

/// How a search finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum SearchMode {
    /// By words.
    Keyword,
    /// By meaning.
    Semantic,
    /// By both.
    Hybrid,
}

impl SearchMode {
    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "keyword" => Some(Self::Keyword),
            "semantic" => Some(Self::Semantic),
            "hybrid" => Some(Self::Hybrid),
            _ => None,
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::Semantic => "semantic",
            Self::Hybrid => "hybrid",
        }
    }
}

word_field!(SearchMode, "keyword, semantic, hybrid");

/// What is asked: any text that is not blank (reading 15) and has no NUL.
#[derive(Clone, PartialEq, Eq)]
pub struct Question(String);

impl Question {
    /// Takes the text, or says what is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        if text.trim().is_empty() {
            return Err("must not be blank".into());
        }
        if text.contains('\0') {
            return Err("must not contain the NUL character (U+0000)".into());
        }
        Ok(Self(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Question {
    /// Without the text: what people ask belongs in no log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl Field for Question {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text)
    }
}

/// Which of the memories that replace each other are found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Validity {
    /// Those that no other memory has superseded.
    #[default]
    Now,
    /// Those that held at a time: stored by then, and not superseded until later.
    At(Timestamp),
    /// All of them.
    Ever,
}

/// Which memories may answer; every part that is there must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// Only of this type.
    pub kind: Option<MemoryType>,
    /// Only written by this tool.
    pub tool: Option<ToolName>,
    /// Only with all of these tags.
    pub tags: Tags,
    /// Only in one of these namespaces; none means everywhere.
    pub namespaces: Vec<Namespace>,
    /// Only stored at this instant or later.
    pub created_after: Option<Timestamp>,
    /// Only stored at this instant or earlier.
    pub created_before: Option<Timestamp>,
    /// Which of the memories that replace each other.
    pub validity: Validity,
}

impl SearchFilter {
    fn read(fields: &mut Fields<'_>) -> Self {
        let (created_after, created_before) =
            (fields.nullable("created_after"), fields.nullable("created_before"));
        let (created_after, created_before) = (created_after.flatten(), created_before.flatten());
        if created_after
            .zip(created_before)
            .is_some_and(|(after, before): (Timestamp, Timestamp)| after > before)
        {
            fields.fail("created_before", "must not be earlier than created_after");
        }
        let as_of = fields.nullable("as_of").flatten();
        let ever = includes(fields, "superseded");
        if ever && as_of.is_some() {
            fields.fail("as_of", "must not be given together with include=superseded");
        }
        Self {
            kind: fields.nullable("type").flatten(),
            tool: fields.nullable("tool").flatten(),
            tags: fields.nullable("tags").flatten().unwrap_or_default(),
            namespaces: fields
                .nullable::<Namespaces>("namespace")
                .flatten()
                .map(|list| list.0)
                .unwrap_or_default(),
            created_after,
            created_before,
            validity: if ever { Validity::Ever } else { as_of.map_or(Validity::Now, Validity::At) },
        }
    }
}

/// One namespace, or several: with commas, or as a JSON array.
struct Namespaces(Vec<Namespace>);

impl Namespaces {
    /// The most namespaces of one search.
    const MAX: usize = 50;

    fn new(list: Vec<Namespace>) -> Result<Self, String> {
        if list.len() > Self::MAX {
            return Err(format!("must be at most {} namespaces", Self::MAX));
        }
        Ok(Self(list))
    }
}

impl Field for Namespaces {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text.split(',').map(Namespace::new).collect::<Result<_, _>>()?)
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let whole = |what| vec![(String::new(), what)];
        if !json.get().starts_with('[') {
            return String::from_json(json).and_then(|text| Self::from_text(&text).map_err(whole));
        }
        let (list, errors) =
            array(json, "must be a namespace or an array of namespaces", Namespace::from_json)?;
        if errors.is_empty() { Self::new(list).map_err(whole) } else { Err(errors) }
    }
}

/// Whether the list `include` has this word.
fn includes(fields: &mut Fields<'_>, word: &str) -> bool {
    fields.optional::<String>("include").is_some_and(|list| list.split(',').any(|item| item.trim() == word))
}

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchQuery {
    /// What is asked.
    pub q: Question,
    /// Which memories may answer.
    pub filter: SearchFilter,
    /// How many at most: 1 to 100, by default 10.
    pub limit: u32,
    /// How to find; absent means the best that the server can do.
    pub mode: Option<SearchMode>,
    /// Whether vectors come along.
    pub with_embedding: bool,
    /// Whether to tell why each memory ranks where it does.
    pub explain: bool,
    /// Whether to look into what other users share, too.
    pub with_shared: bool,
}

impl SearchQuery {
    /// A plain question.
    pub fn new(q: Question) -> Self {
        Self {
            q,
            filter: SearchFilter::default(),
            limit: 10,
            mode: None,
            with_embedding: false,
            explain: false,
            with_shared: false,
        }
    }

    /// Reads the body of `POST /v1/memories/search` or the query string of its GET form.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let q = fields.required("q");
        let limit = fields.nullable::<u64>("limit").flatten().unwrap_or(10);
        if !(1..=100).contains(&limit) {
            fields.fail("limit", "must be 1 to 100");
        }
        Some(Self {
            filter: SearchFilter::read(fields),
            limit: u32::try_from(limit).unwrap_or(100),
            mode: fields.nullable("mode").flatten(),
            with_embedding: wants_embedding(fields),
            explain: fields.nullable("explain").flatten().unwrap_or(false),
            with_shared: fields.nullable("shared").flatten().unwrap_or(false),
            q: q?,
        })
    }
}

/// A block of text about a question.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextQuery {
    /// What it is about; without it, what is newest.
    pub q: Option<Question>,
    /// How many tokens at most, about: 50 to 100,000, by default 1,000.
    pub budget: u32,
    /// Which memories.
    pub filter: SearchFilter,
}

impl ContextQuery {
    /// Reads the query string of `GET /v1/context`.
    pub fn read(fields: &mut Fields<'_>) -> Self {
        let budget = fields.optional::<u64>("budget").unwrap_or(1_000);
        if !(50..=100_000).contains(&budget) {
            fields.fail("budget", "must be 50 to 100000");
        }
        let q = fields.optional("q");
        let filter = SearchFilter::read(fields);
        if q.is_none() && filter.namespaces.len() > 1 {
            fields.fail("namespace", "must be one namespace when there is no q");
        }
        Self { q, budget: u32::try_from(budget).unwrap_or(u32::MAX), filter }
    }

    /// The part of the filter that lists know.
    pub fn list_filter(&self) -> Filter {
        let SearchFilter { kind, tool, tags, namespaces, .. } = self.filter.clone();
        Filter { kind, tool, tags, namespace: namespaces.into_iter().next() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(json: &str) -> crate::Result<SearchQuery> {
        let mut fields = Fields::from_json(json).unwrap();
        let query = SearchQuery::read(&mut fields);
        fields.finish(query)
    }

    #[test]
    fn a_search_needs_words_and_a_limit_in_range() {
        assert!(search(r#"{"q":"tea","limit":100,"mode":null}"#).is_ok());
        for bad in [
            "{}",
            r#"{"q":""}"#,
            r#"{"q":"  "}"#,
            r#"{"q":"a\u0000"}"#,
            r#"{"q":"a","limit":0}"#,
            r#"{"q":"a","limit":101}"#,
            r#"{"q":"a","mode":"x"}"#,
            r#"{"q":"a","namespace":["a","B!"]}"#,
            r#"{"q":"a","created_after":"2026-02-01T00:00:00Z","created_before":"2026-01-01T00:00:00Z"}"#,
            r#"{"q":"a","as_of":"2026-02-01T00:00:00Z","include":"superseded"}"#,
        ] {
            assert!(search(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn several_namespaces_come_as_an_array_or_with_commas() {
        for json in [r#"{"q":"a","namespace":["x","y:z"]}"#, r#"{"q":"a","namespace":"x,y:z"}"#] {
            let names: Vec<_> = search(json).unwrap().filter.namespaces;
            assert_eq!(names.iter().map(Namespace::as_str).collect::<Vec<_>>(), ["x", "y:z"]);
        }
        assert!(search(r#"{"q":"a","namespace":null}"#).unwrap().filter.namespaces.is_empty());
    }
}
