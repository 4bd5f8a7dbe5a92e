//! Which conversations are like a question: the vectors of their passages, in memory.
//!
//! An owner's vectors are read on first use and brought up to date by `seq`, like the index of memories. Whether a
//! conversation may answer is asked of the store; one that is gone drops out there.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use omp_model::{ConversationQuery, OwnerId, Principal, Result};
use omp_search::shard::{ALIKE, Cosine, Entry, Filter, Shard, VectorError, exact_cosine};
use omp_store::{IndexPosition, Passages, Store, VectorSpace};

use crate::Service;
use crate::failure::shown;
use crate::index_cache::{Cached, IndexCache, Tally};

/// Conversations that are read at once.
const ROWS: u32 = 200;
/// What the best of two passages gains by chance; twice that of four, and so on.
const CHANCE: f32 = 0.04;
/// Conversations that are found by meaning at most.
const DEPTH: usize = 100;
/// Conversations that the store is asked about at once.
const ASKED: usize = 200;

/// The passages that there is room for.
#[derive(Clone)]
pub(crate) struct Meanings {
    room: Arc<IndexCache>,
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
    tally: Tally,
    /// The bytes at which it was given up for want of room, so that nobody tries again in vain; else 0.
    needs: AtomicU64,
}

impl Cached for Meaning {
    fn tally(&self) -> &Tally {
        &self.tally
    }
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
    /// Passages within this room.
    pub(crate) fn new(room: Arc<IndexCache>) -> Self {
        Self { room }
    }

    fn of(&self, owner: OwnerId, space: &VectorSpace, generation: i64) -> Arc<Meaning> {
        let serves = |one: &Meaning| one.space == *space && one.generation == generation;
        self.room.hold(owner, serves, || Meaning::new(space.clone(), generation))
    }

    /// Lets go of conversations that are gone. A row number is never given again, so none of them comes back.
    pub(super) async fn remove(&self, owner: OwnerId, gone: Vec<i64>) {
        let known = self.room.find::<Meaning>(owner).filter(|_| !gone.is_empty());
        if let Some(known) = known {
            // If it ends early, the next search finds them again.
            let _ = tokio::task::spawn_blocking(move || known.remove(&gone)).await;
        }
    }
}

impl Meaning {
    fn new(space: VectorSpace, generation: i64) -> Self {
        Self {
            passages: RwLock::new(Shard::new(space.model.dimensions as usize)),
            space,
            generation,
            seen: AtomicI64::new(0),
            turn: tokio::sync::Mutex::default(),
            tally: Tally::default(),
            needs: AtomicU64::new(0),
        }
    }

    /// Takes in everything up to `seq`, whoever wrote it; `false` when there is no room for it.
    async fn catch_up(
        self: &Arc<Self>,
        store: &Arc<dyn Store>,
        room: &IndexCache,
        owner: OwnerId,
        seq: i64,
    ) -> Result<bool> {
        if self.seen.load(Ordering::Acquire) >= seq {
            return Ok(true);
        }
        let _turn = self.turn.lock().await;
        let most = room.beside_others::<Self>(owner);
        if self.needs.load(Ordering::Relaxed) > most {
            return Ok(false);
        }
        while self.seen.load(Ordering::Acquire) < seq {
            let seen = self.seen.load(Ordering::Acquire);
            let read = store.passages_since(owner, self.space.slot, seen, ROWS).await.map_err(shown)?;
            let complete = read.len() < ROWS as usize;
            let last = read.last().map_or(seq, |(last, _)| if complete { seq.max(*last) } else { *last });
            if !read.is_empty() {
                let this = Arc::clone(self);
                let taken = tokio::task::spawn_blocking(move || this.take_in(&read, most)).await;
                if !taken.map_err(|_| omp_model::Error::internal())? {
                    return Ok(false);
                }
                room.make_way::<Self>(owner);
            }
            self.seen.store(last, Ordering::Release);
        }
        Ok(true)
    }

    /// Takes in passages; `false` when all of them together take more than `most` bytes, and then there are none.
    fn take_in(&self, read: &[(i64, Passages)], most: u64) -> bool {
        let mut shard = self.passages.write().unwrap_or_else(PoisonError::into_inner);
        for (_, passages) in read {
            put(&mut shard, passages);
        }
        if shard.should_compact() {
            *shard = shard.compacted();
        }
        let bytes = shard.bytes();
        let fits = bytes as u64 <= most;
        if fits {
            self.tally.takes(bytes);
        } else {
            *shard = Shard::new(shard.dimensions());
            self.seen.store(0, Ordering::Release);
            self.tally.takes(0);
        }
        self.needs.store(if fits { 0 } else { bytes as u64 }, Ordering::Relaxed);
        fits
    }

    fn remove(&self, gone: &[i64]) {
        // Perhaps they fit now.
        self.needs.store(0, Ordering::Relaxed);
        let mut shard = self.passages.write().unwrap_or_else(PoisonError::into_inner);
        for pk in gone {
            shard.remove(*pk);
        }
        if shard.should_compact() {
            *shard = shard.compacted();
            self.tally.takes(shard.bytes());
        }
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
        expires_at: None,
        superseded_at: None,
        session: None,
        observed_at: 0,
        words: "",
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

/// Whether whatever is there may answer.
fn admits_all(query: &ConversationQuery) -> bool {
    query.model.is_none() && query.exclude_model.is_none() && query.since.is_none()
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
        // Whoever may see none learns nothing of those that there are.
        if !by.sees_conversation_of(by.tool()) {
            return Ok(Ok(Likeness::default()));
        }
        let meaning = self.meanings.of(by.owner, space, position.generation);
        if !meaning.catch_up(&self.store, &self.meanings.room, by.owner, position.seq).await? {
            let reason = if by.sees_everything() {
                "the vectors of conversations need more memory than OMP_INDEX_MB allows"
            } else {
                "conversations cannot be searched by meaning now"
            };
            return Ok(Err(reason.to_owned()));
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
            Ok(all) if all.is_empty() && by.sees_everything() => {
                return Ok(Err("no conversation has a vector yet".to_owned()));
            }
            Ok(all) => all,
            Err(error) => {
                tracing::error!(%error, "the passages of conversations did not take the question");
                return Err(omp_model::Error::internal());
            }
        };
        let mut near: Vec<(f32, i64)> =
            all.iter().filter(|(_, like)| **like >= ALIKE).map(|(pk, like)| (*like, *pk)).collect();
        super::rank::sort(&mut near);
        let (mut nearest, mut gone) = (Vec::new(), Vec::new());
        for some in near.chunks(ASKED) {
            let pks: Vec<i64> = some.iter().map(|(_, pk)| *pk).collect();
            let admitted = self.store.admitted_conversations(by, query, &pks).await.map_err(shown)?;
            if by.sees_everything() && admits_all(query) {
                gone.extend(pks.iter().filter(|pk| !admitted.contains(pk)));
            }
            nearest.extend(admitted);
            if nearest.len() >= DEPTH {
                nearest.truncate(DEPTH);
                break;
            }
        }
        self.meanings.remove(by.owner, gone).await;
        Ok(Ok(Likeness { all, nearest }))
    }
}

#[cfg(test)]
mod tests {
    use omp_store::{Slot, SpaceModel};

    use super::*;

    fn meaning() -> Meaning {
        let model = SpaceModel { name: "m".into(), revision: "1".into(), dimensions: 2 };
        Meaning::new(VectorSpace { slot: Slot(0), model, active: true }, 1)
    }

    fn read(pks: std::ops::Range<i64>) -> Vec<(i64, Passages)> {
        pks.map(|pk| (pk, Passages { pk, turns: vec![0], vectors: vec![1.0, 0.5] })).collect()
    }

    #[test]
    fn what_does_not_fit_leaves_nothing_and_is_remembered() {
        let meaning = meaning();
        assert!(meaning.take_in(&read(1..40), u64::MAX));
        let bytes = meaning.passages.read().unwrap().bytes() as u64;
        meaning.seen.store(39, Ordering::Release);
        assert!(!meaning.take_in(&read(40..400), bytes), "more do not fit");
        assert!(meaning.passages.read().unwrap().is_empty());
        assert_eq!(meaning.seen.load(Ordering::Acquire), 0);
        assert!(meaning.needs.load(Ordering::Relaxed) > bytes);
        assert!(meaning.take_in(&read(1..40), bytes), "fewer do");
        assert_eq!(meaning.needs.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn conversations_that_are_gone_leave_nothing() {
        let meaning = meaning();
        assert!(meaning.take_in(&read(1..3_000), u64::MAX));
        let before = meaning.passages.read().unwrap().bytes();
        meaning.remove(&(2..3_000).collect::<Vec<_>>());
        let left = meaning.passages.read().unwrap();
        assert!(left.contains(1) && left.len() == 1 && left.bytes() < before / 2);
    }

    #[test]
    fn passages_that_are_like_the_question_are_told_with_all_of_their_turns() {
        let vectors = vec![0.0, 1.0, 1.0, 0.0, 0.8, 0.6, 0.6, 0.8];
        let passages = Passages { pk: 1, turns: vec![0, 3, 3, 7], vectors };
        assert_eq!(near(&[1.0, 0.0], &passages), [3..7, 3..7, 7..usize::MAX]);
        assert!(near(&[-1.0, 0.0], &passages).is_empty() && near(&[], &passages).is_empty());
    }
}
