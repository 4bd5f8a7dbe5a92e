//! Finding memories: by words, by meaning, by both.

mod answer;
mod at_hand;
mod cold;
mod hot;
mod settled;
mod sight;

use std::sync::Arc;
use std::time::Duration;

use omp_model::api::{Degraded, SearchResponse};
use omp_model::{
    Namespace, Principal, Result, Scope, SearchFilter, SearchMode, SearchQuery, Tag, Timestamp, Validity,
};
use omp_search::shard::{self, Mode, Ranking, Request, Shard};
use omp_search::{Keywords, keywords};
use omp_store::memories::KeywordSearch;
use omp_store::{IndexPosition, VectorSpace};

pub(crate) use self::hot::HotIndices;
use self::hot::{Absent, Hot};
use self::settled::Settled;
pub(crate) use self::sight::Sight;
use crate::Service;
use crate::access::require;
use crate::failure::shown;

/// Indices of more memories are searched on a thread that may block, unless the words are so rare that there are few
/// postings to read: then handing the search over would take longer than the search.
const LARGE: usize = 20_000;
const FEW_POSTINGS: usize = 5_000;

/// The index of so many memories is made in a moment, and how long that is.
const READY_SOON: u64 = 20_000;
const PATIENCE: Duration = Duration::from_millis(300);

/// A search as it is about to run.
struct Plan {
    principal: Principal,
    query: SearchQuery,
    keywords: Keywords,
    mode: SearchMode,
    vector: Option<Arc<[f32]>>,
    /// How well the model knows the words of the question.
    fit: f32,
    degraded: Option<Degraded>,
    now: Timestamp,
}

impl Plan {
    /// By words instead of what was wanted.
    fn fall_back(&mut self, reason: String) {
        if self.mode != SearchMode::Keyword {
            let requested = self.mode.as_str().to_owned();
            (self.mode, self.vector) = (SearchMode::Keyword, None);
            self.degraded = Some(Degraded { requested, reason });
        }
    }
}

impl Service {
    /// Finds the best memories for a question. A mode that is not available falls back to another one and the answer
    /// says so (reading 13).
    pub async fn search_memories(&self, principal: Principal, query: &SearchQuery) -> Result<SearchResponse> {
        if query.with_shared {
            return self.search_with_shared(principal, query).await;
        }
        self.search_of(principal, query).await
    }

    /// The same among the memories of one owner.
    pub(crate) async fn search_of(
        &self,
        principal: Principal,
        query: &SearchQuery,
    ) -> Result<SearchResponse> {
        require(&principal, Scope::Read)?;
        let owner = principal.owner;
        let position = match self.search_settled(&principal, query).await? {
            Some(Settled::Answer(answer)) => return Ok(*answer),
            Some(Settled::Behind(position)) => position,
            None => self.store.index_position(owner).await.map_err(shown)?,
        };
        let plan = self.plan(principal, query, position.space.as_ref()).await;
        match self.indices.current(&self.store, owner, &position, self.patience(&position)).await {
            Ok(hot) => self.search_index(plan, &hot, position).await,
            Err(absent) => {
                if absent == Absent::Loading {
                    tracing::debug!("a search did not wait for its index");
                }
                match self.search_candidates(plan, position.space.as_ref()).await? {
                    Ok(answer) => Ok(answer),
                    Err((mut plan, reason)) => {
                        let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                        plan.fall_back(format!("{absent}, so the search went by words{reason}"));
                        self.search_store(plan).await
                    }
                }
            }
        }
    }

    /// How long to wait for an index that is being made: what is ready in a moment is worth it, while a large store is
    /// searched by words meanwhile.
    pub(crate) fn patience(&self, position: &IndexPosition) -> Duration {
        let moment = if position.memories <= READY_SOON { PATIENCE } else { Duration::ZERO };
        self.patience.unwrap_or(moment)
    }

    async fn plan(&self, principal: Principal, query: &SearchQuery, space: Option<&VectorSpace>) -> Plan {
        let best = if self.embeddings.are_on() { SearchMode::Hybrid } else { SearchMode::Keyword };
        let mut plan = Plan {
            principal,
            keywords: keywords(query.q.as_str()),
            mode: query.mode.unwrap_or(best),
            query: query.clone(),
            vector: None,
            fit: 1.0,
            degraded: None,
            now: self.clock.now(),
        };
        if plan.mode != SearchMode::Keyword {
            match self.embeddings.query(query.q.as_str(), space).await {
                Ok(question) => (plan.vector, plan.fit) = (question.vector, question.fit),
                Err(reason) => plan.fall_back(format!("{reason}, so the search went by words")),
            }
        }
        plan
    }

    async fn search_index(
        &self,
        plan: Plan,
        hot: &Arc<Hot>,
        position: IndexPosition,
    ) -> Result<SearchResponse> {
        let (plan, mut ranking) = ranked(plan, hot).await?;
        self.rescore(&plan, &mut ranking, position.space.as_ref()).await?;
        let keys: Vec<i64> = ranking.hits.iter().map(|hit| hit.key).collect();
        let with_embedding = plan.query.with_embedding;
        let owner = plan.principal.owner;
        let memories = self.store.memories_by_pk(owner, &keys, with_embedding).await.map_err(shown)?;
        Ok(answer::of_index(plan, &ranking, memories, position.space))
    }

    /// Where likeness is all that counts, puts the exact one in the place of the index's, which is right to two digits.
    async fn rescore(&self, plan: &Plan, ranking: &mut Ranking, space: Option<&VectorSpace>) -> Result<()> {
        let (SearchMode::Semantic, Some(vector), Some(space)) = (plan.mode, &plan.vector, space) else {
            return Ok(());
        };
        let keys: Vec<i64> = ranking.hits.iter().map(|hit| hit.key).collect();
        let windows = self.store.vectors(space.slot, &keys).await.map_err(shown)?;
        for (hit, windows) in ranking.hits.iter_mut().zip(windows) {
            if let Some(exact) = windows.and_then(|windows| shard::exact_cosine(vector, &windows)) {
                hit.cosine = Some(exact);
            }
        }
        Ok(())
    }

    /// By the store's own word index: slower on large stores, and always there.
    async fn search_store(&self, plan: Plan) -> Result<SearchResponse> {
        let search = KeywordSearch {
            keywords: &plan.keywords,
            filter: &plan.query.filter,
            limit: plan.query.limit,
            with_embedding: plan.query.with_embedding,
        };
        let page = self.store.search_memories(&plan.principal, search, plan.now).await.map_err(shown)?;
        Ok(answer::of_store(plan, page))
    }
}

/// The best of an index, off the threads of requests where that takes long.
async fn ranked(plan: Plan, hot: &Arc<Hot>) -> Result<(Plan, Ranking)> {
    let long = takes_long(&hot.shard(), &plan);
    let index = Arc::clone(hot);
    let (plan, ranking) = if long {
        let search = move || {
            let ranking = rank(&index, &plan);
            (plan, ranking)
        };
        tokio::task::spawn_blocking(search).await.map_err(|_| omp_model::Error::internal())?
    } else {
        let ranking = rank(&index, &plan);
        (plan, ranking)
    };
    let ranking = ranking.map_err(|error| {
        tracing::error!(%error, "an index did not take the question");
        omp_model::Error::internal()
    })?;
    Ok((plan, ranking))
}

fn takes_long(shard: &Shard, plan: &Plan) -> bool {
    let SearchFilter { created_after, created_before, validity, .. } = &plan.query.filter;
    // These look at every memory, or at every word.
    let looks_at_all = created_after.is_some()
        || created_before.is_some()
        || matches!(validity, Validity::At(_))
        || plan.keywords.terms().iter().any(|term| term.prefix);
    let by_rare_words = || {
        plan.mode == SearchMode::Keyword && !looks_at_all && shard.postings(&plan.keywords) <= FEW_POSTINGS
    };
    shard.len() > LARGE && !by_rare_words()
}

fn rank(hot: &Hot, plan: &Plan) -> Result<Ranking, shard::VectorError> {
    let SearchFilter { kind, tool, tags, namespaces, created_after, created_before, validity } =
        &plan.query.filter;
    let namespaces: Vec<&str> = namespaces.iter().map(Namespace::as_str).collect();
    let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let Some(sight) = Sight::of(&plan.principal) else { return Ok(Ranking::default()) };
    let filter = shard::Filter {
        now: plan.now.as_millis(),
        namespaces: (!namespaces.is_empty()).then_some(&namespaces),
        kind: kind.map(omp_model::MemoryType::number),
        tool: tool.as_ref().map(omp_model::ToolName::as_str),
        tags: &tags,
        created_after: created_after.map(Timestamp::as_millis),
        created_before: created_before.map(Timestamp::as_millis),
        validity: match validity {
            Validity::Now => shard::Validity::Now,
            Validity::At(at) => shard::Validity::At(at.as_millis()),
            Validity::Ever => shard::Validity::Ever,
        },
        limit: sight.limit(),
    };
    hot.shard().ranking(&Request {
        keywords: &plan.keywords,
        vector: plan.vector.as_deref(),
        fit: plan.fit,
        filter: &filter,
        mode: match plan.mode {
            SearchMode::Keyword => Mode::Keyword,
            SearchMode::Semantic => Mode::Semantic,
            SearchMode::Hybrid => Mode::Hybrid,
        },
        limit: plan.query.limit as usize,
    })
}
