//! `omp_recall`

use omp_model::{Question, Result, SearchFilter, SearchQuery};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::{self, Item, NOTICE};
use super::{Call, Effect, Kind, Reading, Verb, tags};

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Recall {
    /// What to look for, in plain words
    query: String,
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// Default 10
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    namespace: Option<String>,
    tags: Option<Vec<String>>,
}

/// What was found, best first.
#[derive(Serialize, JsonSchema)]
pub(super) struct Recalled {
    memories: Vec<Item>,
    total: u64,
    mode: &'static str,
    notice: &'static str,
}

impl Verb for Recall {
    const NAME: &'static str = "omp_recall";
    const TITLE: &'static str = "Recall";
    const DESCRIPTION: &'static str = "Find what is known about the user: preferences, facts, decisions, past work. \
        Searches by words and meaning, best first. Call it before you ask the user something they may have told \
        another tool.";
    const EFFECT: Effect = Effect::Reads;
    type Output = Recalled;

    async fn call(self, call: Call) -> Result<(String, Recalled)> {
        let mut reading = Reading::default();
        let q = reading.value("query", Question::new(self.query));
        let namespaces = reading.namespace(self.namespace.as_deref()).into_iter().collect();
        let filter = SearchFilter {
            kind: self.kind.map(Into::into),
            tags: tags(self.tags.as_ref()),
            namespaces,
            ..SearchFilter::default()
        };
        let query = q.map(|q| SearchQuery { filter, limit: self.limit.unwrap_or(10), ..SearchQuery::new(q) });
        let found = call.api.search_memories(&reading.done(query)?).await?;
        let (memories, block) = item::both(found.memories);
        let text = if memories.is_empty() {
            "Nothing is remembered about that.".to_owned()
        } else {
            format!("{} of {} memories, best first.\n{block}", memories.len(), found.total)
        };
        let mode = found.mode_used.as_str();
        Ok((text, Recalled { memories, total: found.total, mode, notice: NOTICE }))
    }
}
