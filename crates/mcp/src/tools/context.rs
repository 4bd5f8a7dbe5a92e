//! `omp_context`

use omp_model::{ContextQuery, Question, Result, SearchFilter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Reading, Verb};

/// About what, and how much.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Context {
    /// What the task is about; without it, the newest
    query: Option<String>,
    /// Tokens; default 1000
    #[schemars(range(min = 50, max = 100_000))]
    budget: Option<u32>,
    namespace: Option<String>,
}

/// The block.
#[derive(Serialize, JsonSchema)]
pub(super) struct Block {
    context: String,
    tokens: u32,
    /// Ids
    memories: Vec<String>,
}

impl Verb for Context {
    const NAME: &'static str = "omp_context";
    const TITLE: &'static str = "Load context";
    const DESCRIPTION: &'static str = "What matters about the user for a task, as one block of text within a budget of tokens. Good at the start.";
    const EFFECT: Effect = Effect::Reads;
    type Output = Block;

    async fn call(self, call: Call) -> Result<(String, Block)> {
        let mut reading = Reading::default();
        let asked = self.query.filter(|query| !query.trim().is_empty());
        let q = asked.and_then(|query| reading.value("query", Question::new(query)));
        let namespaces = reading.namespace(self.namespace.as_deref()).into_iter().collect();
        let filter = SearchFilter { namespaces, ..SearchFilter::default() };
        let query = ContextQuery { q, budget: self.budget.unwrap_or(1_000), filter };
        let found = call.api.context(&reading.done(Some(query))?).await?;
        let text = if found.context.is_empty() {
            "Nothing is remembered about that.".to_owned()
        } else {
            found.context.clone()
        };
        let memories = found.memories.iter().map(ToString::to_string).collect();
        Ok((text, Block { context: found.context, tokens: found.tokens, memories }))
    }
}
