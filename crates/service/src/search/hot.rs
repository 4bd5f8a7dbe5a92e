//! The hot indices: one shard for each owner, made of the store's rows on first use and kept current by `seq`.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use omp_model::{Memory, OwnerId, Tag};
use omp_search::Analyzer;
use omp_search::shard::{Entry, Shard};
use omp_store::{IndexChange, IndexPosition, IndexRow, Slot, Store, StoreError, VectorSpace};
use tokio::sync::watch;

use super::at_hand::AtHand;
use crate::index_cache::{Cached, IndexCache, Tally};

/// Memories that are read at once while an index is made.
const ROWS: u32 = 2_000;
/// Changes that are read at once.
const CHANGES: u32 = 1_000;
/// Bytes that a memory takes in an index, about: enough to tell beforehand whether there is room.
const BYTES_EACH: u64 = 900;

/// What stands in the way of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Absent {
    /// It is being made.
    Loading,
    /// It would take more memory than indices may.
    NoRoom,
    /// The store failed.
    Failed,
}

impl std::fmt::Display for Absent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Loading => "the index is being loaded",
            Self::NoRoom => "the index needs more memory than OMP_INDEX_MB allows",
            Self::Failed => "the index could not be made",
        })
    }
}

/// The indices that there is room for.
#[derive(Clone)]
pub(crate) struct HotIndices {
    room: Arc<IndexCache>,
}

/// One owner's index.
pub(crate) struct Hot {
    owner: OwnerId,
    /// Which vectors it holds, and of which state of the file: a restored file is another one.
    space: Option<VectorSpace>,
    generation: i64,
    shard: RwLock<Shard>,
    /// The last change that it has seen.
    seen: AtomicI64,
    /// Whether it had seen everything when it was asked last.
    settled: AtomicBool,
    /// Held by whoever brings it up to date.
    turn: tokio::sync::Mutex<()>,
    stage: watch::Receiver<Result<(), Absent>>,
    /// Memories that need not be fetched for an answer. They know a change before the shard does.
    at_hand: AtHand,
    tally: Tally,
}

impl Cached for Hot {
    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn shed(&self, bytes: usize) {
        self.at_hand.let_go(bytes);
        self.tally.may_shed(self.at_hand.bytes());
    }
}

impl HotIndices {
    /// Indices within this room.
    pub(crate) fn new(room: Arc<IndexCache>) -> Self {
        Self { room }
    }

    /// The owner's index with everything up to `position`; waits at most `patience` for it to be made.
    pub(crate) async fn current(
        &self,
        store: &Arc<dyn Store>,
        owner: OwnerId,
        position: &IndexPosition,
        patience: Duration,
    ) -> Result<Arc<Hot>, Absent> {
        // Known before anything is read: so an owner who will never fit is not told to wait. One that grew here stays.
        if needs_more(position, self.room.budget()) && !self.is_there(owner, position) {
            return Err(Absent::NoRoom);
        }
        let hot = self.find(store, owner, position);
        let mut stage = hot.stage.clone();
        let loaded =
            tokio::time::timeout(patience, stage.wait_for(|stage| *stage != Err(Absent::Loading))).await;
        loaded.map_err(|_| Absent::Loading)?.map_err(|_| Absent::Failed).and_then(|stage| *stage)?;
        if let Err(error) = hot.catch_up(store, position.seq).await {
            tracing::error!(%error, "an index could not be brought up to date");
            return Err(Absent::Failed);
        }
        self.room.make_way::<Hot>(owner);
        Ok(hot)
    }

    /// The owner's index if it is there and most likely knows everything, as it did when it was asked last.
    pub(crate) fn settled(&self, owner: OwnerId) -> Option<Arc<Hot>> {
        let hot = self.room.find::<Hot>(owner)?;
        (hot.settled.load(Ordering::Relaxed) && *hot.stage.borrow() == Ok(())).then_some(hot)
    }

    fn is_there(&self, owner: OwnerId, position: &IndexPosition) -> bool {
        self.room.find::<Hot>(owner).is_some_and(|hot| hot.serves(position) && hot.stage.borrow().is_ok())
    }

    /// The index that fits the position, begun anew if there is none.
    fn find(&self, store: &Arc<dyn Store>, owner: OwnerId, position: &IndexPosition) -> Arc<Hot> {
        let mut begun = None;
        let hot = self.room.hold(
            owner,
            |hot: &Hot| hot.serves(position),
            || {
                let (told, stage) = watch::channel(Err(Absent::Loading));
                begun = Some(told);
                Hot::begin(owner, position, stage)
            },
        );
        if let Some(told) = begun {
            let (store, loading) = (Arc::clone(store), Arc::clone(&hot));
            let room = Arc::clone(&self.room);
            tokio::spawn(async move {
                let outcome = loading.load(&store, room.budget()).await.unwrap_or_else(|error| {
                    tracing::error!(%error, "an index could not be made");
                    loading.shed(usize::MAX);
                    Err(Absent::Failed)
                });
                room.make_way::<Hot>(owner);
                // Whoever waited may have gone.
                let _ = told.send(outcome);
            });
        }
        hot
    }
}

/// Whether an index of so many memories takes more than there is.
fn needs_more(position: &IndexPosition, room: u64) -> bool {
    position.memories.saturating_mul(BYTES_EACH) > room
}

impl Hot {
    fn begin(owner: OwnerId, position: &IndexPosition, stage: watch::Receiver<Result<(), Absent>>) -> Self {
        let dimensions = position.space.as_ref().map_or(0, |space| space.model.dimensions as usize);
        Self {
            owner,
            space: position.space.clone(),
            generation: position.generation,
            shard: RwLock::new(Shard::new(dimensions)),
            seen: AtomicI64::new(0),
            settled: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            stage,
            at_hand: AtHand::new(),
            tally: Tally::default(),
        }
    }

    /// The index itself.
    pub(crate) fn shard(&self) -> RwLockReadGuard<'_, Shard> {
        self.shard.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The vectors that it holds.
    pub(crate) fn space(&self) -> Option<&VectorSpace> {
        self.space.as_ref()
    }

    /// The last change that it has seen, at least.
    pub(crate) fn seen(&self) -> i64 {
        self.seen.load(Ordering::Acquire)
    }

    /// Notes, and says, whether what it had seen was everything up to `position`.
    pub(crate) fn settle(&self, position: &IndexPosition, seen: i64) -> bool {
        let all = seen >= position.seq && self.serves(position);
        self.settled.store(all, Ordering::Relaxed);
        all
    }

    /// Those of these memories that are at hand, as an index that has seen everything up to `seq` knows them; over a
    /// file none is.
    pub(crate) fn at_hand(&self, seq: i64, keys: &[i64]) -> HashMap<i64, Memory> {
        self.at_hand.of(seq, keys)
    }

    /// Has memories at hand that were read when `seq` was the owner's last change.
    pub(crate) fn keep(&self, seq: i64, memories: Vec<(i64, Memory)>) {
        self.at_hand.keep(seq, memories);
        self.tally.may_shed(self.at_hand.bytes());
    }

    /// Notes what the shard takes now, and what is at hand beside it.
    fn measure(&self, shard: &Shard) {
        self.tally.takes(shard.bytes());
        self.tally.may_shed(self.at_hand.bytes());
    }

    fn slot(&self) -> Option<Slot> {
        self.space.as_ref().map(|space| space.slot)
    }

    fn shard_mut(&self) -> RwLockWriteGuard<'_, Shard> {
        self.shard.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Places of vectors are used again, so it is the model that must be the same.
    fn serves(&self, position: &IndexPosition) -> bool {
        self.space == position.space
            && self.generation == position.generation
            && !matches!(*self.stage.borrow(), Err(Absent::Failed | Absent::NoRoom))
    }

    /// Reads every memory of the owner.
    async fn load(
        self: &Arc<Self>,
        store: &Arc<dyn Store>,
        room: u64,
    ) -> Result<Result<(), Absent>, StoreError> {
        let position = store.index_position(self.owner).await?;
        if needs_more(&position, room) {
            return Ok(Err(Absent::NoRoom));
        }
        // Of the memories as many are at hand as fit beside the index, about: others would have to go again at once.
        let beside = room.saturating_sub(position.memories.saturating_mul(BYTES_EACH));
        let beside = if store.is_remote() { usize::try_from(beside).unwrap_or(usize::MAX) } else { 0 };
        let mut shard = std::mem::take(&mut *self.shard_mut());
        let mut after = 0;
        loop {
            let rows = store.index_rows(self.owner, after, ROWS, self.slot()).await?;
            let Some(last) = rows.last() else { break };
            after = last.pk;
            let hot = Arc::clone(self);
            shard = tokio::task::spawn_blocking(move || {
                let mut analyzer = Analyzer::new();
                for row in &rows {
                    put(&mut shard, row, &mut analyzer);
                }
                if hot.at_hand.bytes() < beside {
                    hot.at_hand.take_in(0, rows.into_iter().map(|row| (row.pk, row.memory)), []);
                    hot.tally.may_shed(hot.at_hand.bytes());
                }
                shard
            })
            .await
            .map_err(|_| StoreError::Internal("making an index ended early".into()))?;
        }
        self.measure(&shard);
        *self.shard_mut() = shard;
        self.at_hand.take_in(position.seq, [], []);
        self.seen.store(position.seq, Ordering::Release);
        Ok(Ok(()))
    }

    /// Takes in everything up to `seq`, whoever wrote it.
    async fn catch_up(&self, store: &Arc<dyn Store>, seq: i64) -> Result<(), StoreError> {
        let settled = self.seen() >= seq;
        self.settled.store(settled, Ordering::Relaxed);
        if settled {
            return Ok(());
        }
        let _turn = self.turn.lock().await;
        loop {
            let seen = self.seen();
            if seen >= seq {
                break;
            }
            let changes = store.index_changes(self.owner, seen, CHANGES, self.slot()).await?;
            // Numbers of the other space's vectors, or of memories that have changed again, are no changes.
            let complete = changes.len() < CHANGES as usize;
            let last = changes.last().map_or(seq, |(last, _)| if complete { seq.max(*last) } else { *last });
            // In this order: what is at hand is told only to those whose index was not ahead of what they say it has seen.
            self.learn(last, &changes, store.is_remote());
            self.apply(&changes);
            self.seen.store(last, Ordering::Release);
        }
        if self.shard().should_compact() {
            let compacted = self.shard().compacted();
            *self.shard_mut() = compacted;
        }
        self.measure(&self.shard());
        Ok(())
    }

    /// Has at hand what changed up to `seq`, if memories are held at hand.
    fn learn(&self, seq: i64, changes: &[(i64, IndexChange)], has_at_hand: bool) {
        let (mut now, mut gone) = (Vec::new(), Vec::new());
        for (_, change) in changes {
            match change {
                IndexChange::Put(row) if has_at_hand => now.push((row.pk, row.memory.clone())),
                IndexChange::Removed(key) => gone.push(*key),
                IndexChange::Put(_) | IndexChange::Vector(..) => {}
            }
        }
        self.at_hand.take_in(seq, now, gone);
    }

    fn apply(&self, changes: &[(i64, IndexChange)]) {
        let mut analyzer = Analyzer::new();
        let mut shard = self.shard_mut();
        for (_, change) in changes {
            match change {
                IndexChange::Put(row) => put(&mut shard, row, &mut analyzer),
                IndexChange::Vector(key, windows) => put_vector(&mut shard, *key, windows),
                IndexChange::Removed(key) => {
                    shard.remove(*key);
                }
            }
        }
    }
}

fn put(shard: &mut Shard, row: &IndexRow, analyzer: &mut Analyzer) {
    let memory = &row.memory;
    let tags: Vec<&str> = memory.tags.iter().map(Tag::as_str).collect();
    shard.put(&Entry {
        key: row.pk,
        kind: memory.kind.number(),
        tool: memory.source.tool.as_str(),
        namespace: memory.namespace.as_ref().map(omp_model::Namespace::as_str),
        tags: &tags,
        created_at: memory.created_at.as_millis(),
        expires_at: memory.expires_at.map(omp_model::Timestamp::as_millis),
        superseded_at: row.superseded_at,
        session: memory.source.session_id.as_ref().map(omp_model::Text::as_str),
        observed_at: memory.source.timestamp.as_millis(),
        words: &omp_store::words(memory, analyzer),
    });
    if let Some(windows) = &row.vector {
        put_vector(shard, row.pk, windows);
    }
}

fn put_vector(shard: &mut Shard, key: i64, windows: &[f32]) {
    let dimensions = shard.dimensions().max(1);
    let windows: Vec<&[f32]> = windows.chunks(dimensions).collect();
    if let Err(error) = shard.put_vectors(key, &windows) {
        tracing::warn!(%error, "a vector was left out of the index");
    }
}
