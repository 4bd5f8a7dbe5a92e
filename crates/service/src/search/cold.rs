//! Searches without the index in memory, where the store brings up candidates by meaning itself.

use omp_model::api::SearchResponse;
use omp_model::{Result, SearchMode};
use omp_search::shard::external::{self, Asking, External};
use omp_search::shard::{ALIKE, Mode, Ranking};
use omp_store::VectorSpace;
use omp_store::candidates::{Candidates, Found, Wanted};

use super::{Plan, answer};
use crate::Service;
use crate::failure::shown;

/// Candidates of each side, as an index has them.
const DEPTH: u32 = 100;

impl Service {
    /// The answer by what the store brings up; else the plan, and why not, if people can do something about that.
    pub(super) async fn search_candidates(
        &self,
        plan: Plan,
        space: Option<&VectorSpace>,
    ) -> Result<std::result::Result<SearchResponse, (Plan, Option<String>)>> {
        let (Some(space), Some(vector)) = (space, plan.vector.clone()) else { return Ok(Err((plan, None))) };
        let hybrid = plan.mode == SearchMode::Hybrid;
        let wanted = Wanted {
            slot: space.slot,
            vector: &vector,
            keywords: hybrid.then_some(&plan.keywords),
            filter: &plan.query.filter,
            depth: DEPTH,
            alike: ALIKE,
        };
        let found = self.store.candidates(&plan.principal, wanted, plan.now).await.map_err(shown)?;
        let candidates = match found {
            Found::Unable(reason) => return Ok(Err((plan, reason))),
            Found::Candidates(candidates) => candidates,
        };
        let ranking = ranking(&plan, &vector, &candidates);
        let keys: Vec<i64> = ranking.hits.iter().map(|hit| hit.key).collect();
        let (owner, with_embedding) = (plan.principal.owner, plan.query.with_embedding);
        let memories = self.store.memories_by_pk(owner, &keys, with_embedding).await.map_err(shown)?;
        Ok(Ok(answer::of_index(plan, &ranking, memories, Some(space.clone()))))
    }
}

fn ranking(plan: &Plan, vector: &[f32], candidates: &Candidates) -> Ranking {
    let given: Vec<External<'_>> = candidates
        .memories
        .iter()
        .map(|one| External {
            key: one.pk,
            keyword: one.keyword,
            matched: one.matched,
            windows: &one.windows,
            created_at: one.created_at.as_millis(),
        })
        .collect();
    let mode = if plan.mode == SearchMode::Hybrid { Mode::Hybrid } else { Mode::Semantic };
    let asking = Asking {
        mode,
        vector,
        fit: plan.fit,
        terms: plan.keywords.len(),
        now: plan.now.as_millis(),
        limit: plan.query.limit as usize,
    };
    let (hits, weight) = external::order(&asking, &given);
    let total = match mode {
        // What holds a word counts once; what is alike without any was looked for among the nearest.
        Mode::Hybrid => {
            let alike = given.iter().filter(|one| one.keyword <= 0.0);
            let alike =
                alike.filter(|one| omp_search::shard::exact_cosine(vector, one.windows) >= Some(ALIKE));
            candidates.by_words + alike.count() as u64
        }
        _ => candidates.alike.max(hits.len() as u64),
    };
    Ranking { hits, total: usize::try_from(total).unwrap_or(usize::MAX), weight }
}
