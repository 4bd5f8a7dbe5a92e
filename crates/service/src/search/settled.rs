//! Searches of an index that knew everything when it was asked last, as nearly all are: the store is waited for once,
//! and one that is another process while the index is searched.

use std::collections::HashMap;
use std::future::ready;
use std::pin::pin;

use futures_util::future::{Either, select};
use omp_model::api::SearchResponse;
use omp_model::{Memory, Principal, Result, SearchQuery};
use omp_store::IndexPosition;

use super::hot::Hot;
use super::{answer, ranked};
use crate::Service;
use crate::failure::shown;

/// What a search of an index that seemed to know everything came to.
pub(super) enum Settled {
    Answer(Box<SearchResponse>),
    /// More has happened: this is what it must know.
    Behind(IndexPosition),
}

impl Service {
    /// Asks an index that most likely knows everything, and the store whether it did, together with the memories that
    /// are not at hand.
    pub(super) async fn search_settled(
        &self,
        principal: &Principal,
        query: &SearchQuery,
    ) -> Result<Option<Settled>> {
        if query.with_embedding {
            return Ok(None);
        }
        let (owner, remote) = (principal.owner, self.store.is_remote());
        let Some(hot) = self.indices.settled(owner) else { return Ok(None) };
        let search = async {
            if remote {
                // The question to the store goes out before this thread is busy.
                tokio::task::yield_now().await;
            }
            let plan = self.plan(principal.clone(), query, hot.space()).await;
            let seen = hot.seen();
            ranked(plan, &hot).await.map(|found| (seen, found))
        };
        let (asked, found) = if remote {
            match select(self.store.index_position(owner), pin!(search)).await {
                Either::Left((position, search)) => (Some(Either::Left(ready(position))), search.await?),
                Either::Right((found, position)) => (Some(Either::Right(position)), found?),
            }
        } else {
            (None, search.await?)
        };
        let (seen, (plan, mut ranking)) = found;
        let keys: Vec<i64> = ranking.hits.iter().map(|hit| hit.key).collect();
        let at_hand = if remote { hot.at_hand(seen, &keys) } else { HashMap::new() };
        let missing: Vec<i64> = keys.iter().filter(|key| !at_hand.contains_key(key)).copied().collect();
        let tell = async {
            let told = match asked {
                Some(position) if missing.is_empty() => position.await.map(|position| (position, Vec::new())),
                asked => {
                    // It is told again with the memories, of one moment. The connection that waits for it is given back
                    // before another one is taken: searches that hold one each and want another would all stand still.
                    drop(asked);
                    self.store.position_and_memories(owner, &missing).await
                }
            };
            told.map_err(shown)
        };
        let ((position, told), ()) = tokio::try_join!(tell, self.rescore(&plan, &mut ranking, hot.space()))?;
        if !hot.settle(&position, seen) {
            return Ok(Some(Settled::Behind(position)));
        }
        if remote && !told.is_empty() {
            hot.keep(position.seq, told.clone());
            self.room.make_way::<Hot>(owner);
        }
        let memories = in_order(&keys, at_hand, told);
        Ok(Some(Settled::Answer(Box::new(answer::of_index(plan, &ranking, memories, position.space)))))
    }
}

/// The memories at hand and those that were told, in the order of these numbers.
fn in_order(keys: &[i64], mut at_hand: HashMap<i64, Memory>, told: Vec<(i64, Memory)>) -> Vec<(i64, Memory)> {
    if at_hand.is_empty() {
        return told;
    }
    at_hand.extend(told);
    keys.iter().filter_map(|key| Some((*key, at_hand.remove(key)?))).collect()
}
