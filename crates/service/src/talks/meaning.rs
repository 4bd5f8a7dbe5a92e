//! Which conversations are like a question: the vectors of their passages, in memory.
//!
//! An owner's vectors are read on first use and brought up to date by `seq`, like the index of memories. Whether a
//! conversation may answer is asked of the store; one that is gone drops out there.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use omp_model::{ConversationQuery, OwnerId, Principal, Result};
use omp_search::shard::{Cosine, Entry, Filter, Shard, VectorError, exact_cosine};
use omp_store::{IndexPosition, Passages, Store, VectorSpace};

use crate::Service;
use crate::failure::shown;

/// Conversations that are read at once.
const ROWS: u32 = 200;
/// What is less like the question is not about it.
const ALIKE: f32 = 0.2;
/// What the best of two passages gains by chance; twice that of four, and so on.
const CHANCE: f32 = 0.04;
/// Conversations that are found by meaning at most.
const DEPTH: usize = 100;
/// Conversations that the store is asked about at once.
const ASKED: usize = 200;

/// The passages of all owners, within a budget of memory.
pub(crate) struct Meanings {
    owners: Mutex<HashMap<OwnerId, Arc<Meaning>>>,
    room: usize,
}

/// The passages of one owner.
struct Meaning {
    /// Whose vectors, and of which state of the file.
    space: VectorSpace,
    generation: i64,
    passages: RwLock<Shard>,
    /// The last change that was read.
    seen: AtomicI64,
    /// Held by whoever brings it up to date.
    turn: tokio::sync::Mutex<()>,
}

/// How like the question conversations are.
#[derive(Default)]
pub(super) struct Likeness {
    /// All that have vectors.
    pub(super) all: HashMap<i64, f32>,
    /// Those that are found by it, the most like first; the store admits them.
    pub(super) nearest: Vec<i64>,
}

impl Meanings {
    /// Passages that take at most so many bytes together.
    pub(crate) fn new(room: u64) -> Self {
        Self { owners: Mutex::default(), room: usize::try_from(room).unwrap_or(usize::MAX) }
    }

    fn of(&self, owner: OwnerId, space: &VectorSpace, generation: i64) -> Arc<Meaning> {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let known = owners.get(&owner).filter(|one| one.space == *space && one.generation == generation);
        if let Some(known) = known {
            return Arc::clone(known);
        }
        let new = Arc::new(Meaning {
            space: space.clone(),
            generation,
            passages: RwLock::new(Shard::new(space.model.dimensions as usize)),
            seen: AtomicI64::new(0),
            turn: tokio::sync::Mutex::default(),
        });
        owners.insert(owner, Arc::clone(&new));
        new
    }

    /// Lets go of others until the rest fits; `false` when this owner's alone do not.
    fn make_room(&self, keep: OwnerId) -> bool {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |one: &Arc<Meaning>| one.passages.read().unwrap_or_else(PoisonError::into_inner).bytes();
        while owners.values().map(bytes).sum::<usize>() > self.room {
            let Some(other) = owners.keys().copied().find(|owner| *owner != keep) else {
                owners.remove(&keep);
                return false;
            };
            owners.remove(&other);
        }
        true
    }

    /// Lets go of what belongs to an owner who is gone.
    pub(crate) fn forget(&self, owner: OwnerId) {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner).remove(&owner);
    }

    /// Lets go of a conversation that is gone.
    pub(super) fn remove(&self, owner: OwnerId, pk: i64) {
        let known = self.owners.lock().unwrap_or_else(PoisonError::into_inner).get(&owner).cloned();
        if let Some(known) = known {
            known.passages.write().unwrap_or_else(PoisonError::into_inner).remove(pk);
        }
    }
}

impl Meaning {
    /// Takes in everything up to `seq`, whoever wrote it; `false` when there is no room for it.
    async fn catch_up(&self, store: &Arc<dyn Store>, owner: OwnerId, seq: i64, room: usize) -> Result<bool> {
        if self.seen.load(Ordering::Acquire) >= seq {
            return Ok(true);
        }
        let _turn = self.turn.lock().await;
        while self.seen.load(Ordering::Acquire) < seq {
            let seen = self.seen.load(Ordering::Acquire);
            let read = store.passages_since(owner, self.space.slot, seen, ROWS).await.map_err(shown)?;
            let complete = read.len() < ROWS as usize;
            let last = read.last().map_or(seq, |(last, _)| if complete { seq.max(*last) } else { *last });
            let mut shard = self.passages.write().unwrap_or_else(PoisonError::into_inner);
            for (_, passages) in &read {
                put(&mut shard, passages);
            }
            if shard.bytes() > room {
                return Ok(false);
            }
            drop(shard);
            self.seen.store(last, Ordering::Release);
        }
        let mut shard = self.passages.write().unwrap_or_else(PoisonError::into_inner);
        if shard.should_compact() {
            *shard = shard.compacted();
        }
        Ok(true)
    }
}

/// A conversation is an entry without words, whose windows are its passages.
fn put(shard: &mut Shard, passages: &Passages) {
    shard.put(&Entry {
        key: passages.pk,
        kind: 0,
        tool: "",
        namespace: None,
        tags: &[],
        created_at: 0,
        updated_at: 0,
        expires_at: None,
        superseded_at: None,
        valid_from: None,
        session: None,
        observed_at: 0,
        words: "",
        text_hash: 0,
    });
    let dimensions = shard.dimensions().max(1);
    let windows: Vec<&[f32]> = passages.vectors.chunks(dimensions).collect();
    if let Err(error) = shard.put_vectors(passages.pk, &windows) {
        tracing::warn!(%error, "the vectors of a conversation were left out");
    }
}

/// The likeness of a conversation: that of its best passage, less what the best of so many gains by chance.
#[expect(clippy::cast_precision_loss, reason = "some hundred passages")]
fn whole(cosine: Cosine) -> f32 {
    cosine.best - CHANCE * (cosine.windows as f32).log2()
}

/// The turns of the passages that are like the question, the most like first.
pub(super) fn near(question: &[f32], passages: &Passages) -> Vec<Range<usize>> {
    let windows = passages.vectors.chunks(question.len().max(1));
    let end = |turn: u16| {
        let next = passages.turns.iter().find(|other| **other > turn);
        next.map_or(usize::MAX, |next| usize::from(*next))
    };
    let mut near: Vec<(f32, Range<usize>)> = windows
        .zip(&passages.turns)
        .filter_map(|(window, turn)| Some((exact_cosine(question, window)?, usize::from(*turn)..end(*turn))))
        .filter(|(cosine, _)| *cosine >= ALIKE)
        .collect();
    near.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.start.cmp(&other.start)));
    near.into_iter().map(|(_, turns)| turns).collect()
}

impl Service {
    /// How like a question the conversations are that the query admits; or why that cannot be said.
    pub(super) async fn likeness(
        &self,
        by: &Principal,
        question: &Arc<[f32]>,
        position: &IndexPosition,
        query: &ConversationQuery,
    ) -> Result<std::result::Result<Likeness, String>> {
        let Some(space) = &position.space else {
            return Ok(Err("no conversation has a vector yet".to_owned()));
        };
        let meaning = self.meanings.of(by.owner, space, position.generation);
        let fits = meaning.catch_up(&self.store, by.owner, position.seq, self.meanings.room).await?;
        if !self.meanings.make_room(by.owner) || !fits {
            return Ok(Err(
                "the vectors of conversations need more memory than OMP_INDEX_MB allows".to_owned()
            ));
        }
        let (index, question) = (Arc::clone(&meaning), Arc::clone(question));
        let look = move || {
            let shard = index.passages.read().unwrap_or_else(PoisonError::into_inner);
            let nearest = shard.semantic(&question, &Filter::at(0), shard.len())?;
            let keys: Vec<i64> = nearest.iter().map(|hit| hit.key).collect();
            let cosines = shard.cosines(&question, &keys)?;
            Ok::<HashMap<i64, f32>, VectorError>(
                keys.into_iter().zip(cosines).filter_map(|(key, c)| Some((key, whole(c?)))).collect(),
            )
        };
        let all = tokio::task::spawn_blocking(look).await.map_err(|_| omp_model::Error::internal())?;
        let all = match all {
            Ok(all) if all.is_empty() => return Ok(Err("no conversation has a vector yet".to_owned())),
            Ok(all) => all,
            Err(error) => {
                tracing::error!(%error, "the passages of conversations did not take the question");
                return Err(omp_model::Error::internal());
            }
        };
        let mut near: Vec<(f32, i64)> =
            all.iter().filter(|(_, like)| **like >= ALIKE).map(|(pk, like)| (*like, *pk)).collect();
        super::rank::sort(&mut near);
        let mut nearest = Vec::new();
        for some in near.chunks(ASKED) {
            let pks: Vec<i64> = some.iter().map(|(_, pk)| *pk).collect();
            nearest.extend(self.store.admitted_conversations(by, query, &pks).await.map_err(shown)?);
            if nearest.len() >= DEPTH {
                nearest.truncate(DEPTH);
                break;
            }
        }
        Ok(Ok(Likeness { all, nearest }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_that_are_like_the_question_are_told_with_all_of_their_turns() {
        let vectors = vec![0.0, 1.0, 1.0, 0.0, 0.8, 0.6, 0.6, 0.8];
        let passages = Passages { pk: 1, turns: vec![0, 3, 3, 7], vectors };
        assert_eq!(near(&[1.0, 0.0], &passages), [3..7, 3..7, 7..usize::MAX]);
        assert!(near(&[-1.0, 0.0], &passages).is_empty() && near(&[], &passages).is_empty());
    }
}
