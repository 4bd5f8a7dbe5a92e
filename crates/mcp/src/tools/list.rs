//! `omp_list`

use omp_model::{Filter, ListQuery, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::{self, Item, NOTICE};
use super::{Call, Effect, Kind, Reading, Verb, tags};

/// Which memories.
#[derive(Deserialize, JsonSchema)]
pub(super) struct List {
    #[serde(rename = "type")]
    kind: Option<Kind>,
    /// Only with all of these
    tags: Option<Vec<String>>,
    namespace: Option<String>,
    /// Default 20
    #[schemars(range(min = 1, max = 100))]
    limit: Option<u32>,
    /// How many to skip
    #[schemars(range(min = 0))]
    offset: Option<u64>,
}

/// A page of memories.
#[derive(Serialize, JsonSchema)]
pub(super) struct Listed {
    memories: Vec<Item>,
    total: u64,
    notice: &'static str,
}

impl Verb for List {
    const NAME: &'static str = "omp_list";
    const TITLE: &'static str = "List memories";
    const DESCRIPTION: &'static str = "List memories, newest first. To find something, use omp_recall.";
    const EFFECT: Effect = Effect::Reads;
    type Output = Listed;

    async fn call(self, call: Call) -> Result<(String, Listed)> {
        let mut reading = Reading::default();
        let filter = Filter {
            kind: self.kind.map(Into::into),
            tool: None,
            tags: tags(self.tags.as_ref()),
            namespace: reading.namespace(self.namespace.as_deref()),
        };
        let (limit, offset) = (self.limit.unwrap_or(20), self.offset.unwrap_or(0));
        let query = reading.done(Some(ListQuery { filter, limit, offset, ..ListQuery::default() }))?;
        let page = call.api.list_memories(&query).await?;
        let (memories, block) = item::both(page.memories);
        let text = if memories.is_empty() {
            format!("None here; {} in all.", page.total)
        } else {
            format!("{} of {} memories, newest first.\n{block}", memories.len(), page.total)
        };
        Ok((text, Listed { memories, total: page.total, notice: NOTICE }))
    }
}
