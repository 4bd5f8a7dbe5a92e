//! What a search answers: the memories, and how they were found.

use std::collections::HashMap;

use omp_model::api::{EmbeddingModel, SearchResponse, Why};
use omp_model::{Memory, SearchMode};
use omp_search::Keywords;
use omp_search::shard::{Ranked, Ranking};
use omp_store::{Page, VectorSpace};

use super::Plan;

/// The answer of an index. A memory that went between the search and the reading is left out.
pub(super) fn of_index(
    plan: Plan,
    ranking: &Ranking,
    mut memories: Vec<(i64, Memory)>,
    space: Option<VectorSpace>,
) -> SearchResponse {
    // One may have moved out of sight since the index was asked.
    memories.retain(|(_, memory)| plan.principal.sees(memory));
    let hits: HashMap<i64, &Ranked> = ranking.hits.iter().map(|hit| (hit.key, hit)).collect();
    let hits: Vec<&Ranked> = memories.iter().filter_map(|(key, _)| hits.get(key).copied()).collect();
    let model = space.filter(|_| plan.mode != SearchMode::Keyword).map(|space| EmbeddingModel {
        name: space.model.name,
        revision: space.model.revision,
        dimensions: space.model.dimensions,
        normalised: true,
    });
    SearchResponse {
        total: ranking.total as u64,
        mode_used: plan.mode,
        scores: Some(hits.iter().map(|hit| hit.score).collect()),
        explain: plan
            .query
            .explain
            .then(|| hits.iter().map(|hit| why(hit, &plan.keywords, ranking.weight)).collect()),
        memories: memories.into_iter().map(|(_, memory)| memory).collect(),
        model,
        degraded: plan.degraded,
        owners: None,
    }
}

/// The answer of the store's word index, which tells no scores: its statistics are not the owner's own.
pub(super) fn of_store(plan: Plan, page: Page<Memory>) -> SearchResponse {
    SearchResponse {
        memories: page.items,
        total: page.total,
        mode_used: SearchMode::Keyword,
        scores: None,
        explain: None,
        model: None,
        degraded: plan.degraded,
        owners: None,
    }
}

fn why(hit: &Ranked, keywords: &Keywords, weight: f32) -> Why {
    let held = |place: &usize| *place < 64 && hit.matched >> place & 1 == 1;
    let terms = keywords.terms();
    Why {
        keyword: hit.keyword,
        terms: (0..terms.len()).filter(held).map(|place| terms[place].token.clone()).collect(),
        similarity: hit.cosine,
        similarity_weight: weight,
        from_neighbours: hit.lent,
    }
}
