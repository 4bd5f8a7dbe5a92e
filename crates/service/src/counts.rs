//! What there is: tags, tools, types.

use omp_model::counts::{Stats, TagCount, TagList, ToolCount, TypeCount};
use omp_model::{ConversationQuery, ListQuery, MemoryType, Principal, Result, Scope, Tag, ToolName};
use omp_store::Counted;

use crate::Service;
use crate::access::require;
use crate::failure::shown;

impl Service {
    /// The tags, the most used first.
    pub async fn list_tags(&self, principal: Principal) -> Result<TagList> {
        let counted = self.counted(&principal, Counted::Tags).await?;
        let tags = counted
            .into_iter()
            .filter_map(|(tag, memories)| Some(TagCount { tag: Tag::new(tag).ok()?, memories }));
        let mut tags: Vec<TagCount> = tags.collect();
        tags.sort_by_key(|tag| std::cmp::Reverse(tag.memories));
        Ok(TagList { tags })
    }

    /// How much there is.
    pub async fn stats(&self, principal: Principal) -> Result<Stats> {
        let namespaces = self.namespaces(principal.clone()).await?.namespaces.len() as u64;
        let tags = self.counted(&principal, Counted::Tags).await?.len() as u64;
        let tools = self.counted(&principal, Counted::Tools).await?.into_iter();
        let mut tools: Vec<ToolCount> = tools
            .filter_map(|(tool, memories)| Some(ToolCount { tool: ToolName::new(tool).ok()?, memories }))
            .collect();
        tools.sort_by_key(|tool| std::cmp::Reverse(tool.memories));
        let types = self.counted(&principal, Counted::Types).await?.into_iter();
        let types = types
            .filter_map(|(kind, memories)| Some(TypeCount { kind: MemoryType::parse(&kind)?, memories }));
        let one = ConversationQuery { limit: 1, ..ConversationQuery::default() };
        let conversations = self.store.list_conversations(&principal, &one).await.map_err(shown)?.total;
        let memories = self.total(&principal).await?;
        Ok(Stats { memories, conversations, namespaces, tags, tools, types: types.collect() })
    }

    async fn counted(&self, principal: &Principal, what: Counted) -> Result<Vec<(String, u64)>> {
        require(principal, Scope::Read)?;
        self.store.counts(principal, what, self.clock.now()).await.map_err(shown)
    }

    pub(crate) async fn total(&self, principal: &Principal) -> Result<u64> {
        let one = ListQuery { limit: 1, ..ListQuery::default() };
        Ok(self.store.list_memories(principal, &one, self.clock.now()).await.map_err(shown)?.total)
    }
}
