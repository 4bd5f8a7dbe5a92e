//! Finding memories.

use omp_model::api::{Degraded, SearchResponse};
use omp_model::{Principal, Result, SearchMode, SearchQuery};
use omp_search::keywords;
use omp_store::memories::KeywordSearch;

use crate::Service;
use crate::failure::shown;

impl Service {
    /// Finds the best memories for a question. A mode that is not available falls back to keywords and the answer
    /// says so (reading 13).
    pub async fn search_memories(&self, principal: Principal, query: &SearchQuery) -> Result<SearchResponse> {
        let keywords = keywords(query.q.as_str());
        let search = KeywordSearch {
            keywords: &keywords,
            filter: &query.filter,
            limit: query.limit,
            with_embedding: query.with_embedding,
        };
        let page =
            self.store.search_memories(principal.owner, search, self.clock.now()).await.map_err(shown)?;
        let degraded = query.mode.filter(|mode| *mode != SearchMode::Keyword).map(|mode| Degraded {
            requested: mode.as_str().to_owned(),
            reason: "no embedding model is loaded, so the search went by words".to_owned(),
        });
        Ok(SearchResponse {
            memories: page.items,
            total: page.total,
            mode_used: SearchMode::Keyword,
            degraded,
        })
    }
}
