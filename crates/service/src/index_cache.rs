//! What is held in memory so that searches are quick: each owner's index of memories and the
//! passages of their conversations, all within one budget of bytes. What was used least recently
//! goes first; whoever needs it again makes it anew.

use std::any::{Any, TypeId};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use omp_model::OwnerId;

/// Something that is held for an owner; of each type one.
pub(crate) trait Cached: Any + Send + Sync {
    /// What it takes.
    fn tally(&self) -> &Tally;

    /// Lets go of what it can do without, of about so many bytes of it.
    fn shed(&self, _bytes: usize) {}
}

/// What something takes of the budget, and when it was used.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    bytes: AtomicU64,
    /// What it could do without, beside those.
    spare: AtomicU64,
    used: AtomicU64,
}

impl Tally {
    /// It takes so many bytes from now on. As long as it takes none, letting go of it would free nothing, so it stays.
    pub(crate) fn takes(&self, bytes: usize) {
        self.bytes.store(bytes as u64, Ordering::Relaxed);
    }

    /// It takes so many more from now on, which it could do without.
    pub(crate) fn may_shed(&self, bytes: usize) {
        self.spare.store(bytes as u64, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn with_spare(&self) -> u64 {
        self.bytes() + self.spare.load(Ordering::Relaxed)
    }
}

type Key = (OwnerId, TypeId);

/// All that is held, of all owners.
pub(crate) struct IndexCache {
    held: Mutex<HashMap<Key, Arc<dyn Cached>>>,
    budget: u64,
    /// Counts uses: they have an order, and no time.
    uses: AtomicU64,
}

fn key<T: Cached>(owner: OwnerId) -> Key {
    (owner, TypeId::of::<T>())
}

fn known<T: Cached>(held: &HashMap<Key, Arc<dyn Cached>>, owner: OwnerId) -> Option<Arc<T>> {
    let known: Arc<dyn Cached> = Arc::clone(held.get(&key::<T>(owner))?);
    let known: Arc<dyn Any + Send + Sync> = known;
    known.downcast().ok()
}

impl IndexCache {
    /// Room for this many bytes.
    pub(crate) fn new(budget: u64) -> Self {
        Self { held: Mutex::default(), budget, uses: AtomicU64::new(0) }
    }

    /// The bytes that all of it may take.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// The bytes that an owner's may take where it makes way for nothing else of the same owner: two that do not fit
    /// together would push each other out by turns.
    pub(crate) fn beside_others<T: Cached>(&self, owner: OwnerId) -> u64 {
        let own = key::<T>(owner);
        let beside = |held: &(&Key, &Arc<dyn Cached>)| held.0.0 == owner && *held.0 != own;
        let others: u64 = self.held().iter().filter(beside).map(|(_, held)| held.tally().bytes()).sum();
        self.budget.saturating_sub(others)
    }

    /// What is held for an owner, if anything is; it counts as used now.
    pub(crate) fn find<T: Cached>(&self, owner: OwnerId) -> Option<Arc<T>> {
        let one = known(&self.held(), owner)?;
        self.use_now::<T>(&one);
        Some(one)
    }

    fn use_now<T: Cached>(&self, one: &T) {
        one.tally().used.store(self.uses.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    /// What is held for an owner if it still serves, else a new one in its place; either counts as used now.
    pub(crate) fn hold<T: Cached>(
        &self,
        owner: OwnerId,
        serves: impl FnOnce(&T) -> bool,
        begin: impl FnOnce() -> T,
    ) -> Arc<T> {
        let mut held = self.held();
        let one = known::<T>(&held, owner).filter(|one| serves(one)).unwrap_or_else(|| {
            let new = Arc::new(begin());
            let begun: Arc<dyn Cached> = Arc::<T>::clone(&new);
            held.insert(key::<T>(owner), begun);
            new
        });
        self.use_now::<T>(&one);
        one
    }

    /// Lets go of what was used least recently until the rest fits, but not of an owner's `T`; and when that fits only
    /// without what the held can do without, of that.
    pub(crate) fn make_way<T: Cached>(&self, owner: OwnerId) {
        let (mut held, keep) = (self.held(), key::<T>(owner));
        let mut needed: u64 = held.values().map(|held| held.tally().bytes()).sum();
        let mut taken: u64 = held.values().map(|held| held.tally().with_spare()).sum();
        if taken <= self.budget {
            return;
        }
        let mut by_use: Vec<_> = held.iter().map(|(key, held)| (*key, Arc::clone(held))).collect();
        by_use.sort_unstable_by_key(|(_, held)| held.tally().used.load(Ordering::Relaxed));
        let mut gone = Vec::new();
        by_use.retain(|(key, one)| {
            let goes = needed > self.budget && *key != keep && one.tally().bytes() > 0;
            if goes {
                needed -= one.tally().bytes().min(needed);
                taken -= one.tally().with_spare().min(taken);
                gone.extend(held.remove(key));
            }
            !goes
        });
        drop(held);
        // Emptying takes time, and nobody need wait for it.
        drop(gone);
        for (_, one) in by_use {
            if taken <= self.budget {
                return;
            }
            // A little more than is missing, so that not each new byte brings us here.
            let missing = taken - self.budget + self.budget / 16;
            let shed = one.tally().spare.load(Ordering::Relaxed).min(missing);
            if shed > 0 {
                one.shed(usize::try_from(shed).unwrap_or(usize::MAX));
                taken -= shed;
            }
        }
    }

    /// Lets go of all that belongs to an owner who is gone.
    pub(crate) fn forget(&self, owner: OwnerId) {
        self.held().retain(|(of, _), _| *of != owner);
    }

    /// How many owners something is held for, and the bytes that it takes.
    pub(crate) fn size(&self) -> (u64, u64) {
        let held = self.held();
        let owners: HashSet<OwnerId> = held.keys().map(|(owner, _)| *owner).collect();
        (owners.len() as u64, held.values().map(|held| held.tally().with_spare()).sum())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Key, Arc<dyn Cached>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Words(Tally);
    #[derive(Default)]
    struct Talks(Tally);

    impl Cached for Words {
        fn tally(&self) -> &Tally {
            &self.0
        }
    }

    impl Cached for Talks {
        fn tally(&self) -> &Tally {
            &self.0
        }

        fn shed(&self, bytes: usize) {
            let spare = usize::try_from(self.0.spare.load(Ordering::Relaxed)).unwrap();
            self.0.may_shed(spare - bytes);
        }
    }

    fn hold<T: Cached + Default>(room: &IndexCache, owner: u32, bytes: usize) -> Arc<T> {
        let one = room.hold(OwnerId(owner), |_: &T| true, T::default);
        one.tally().takes(bytes);
        one
    }

    #[test]
    fn what_was_used_least_recently_goes_first_whatever_it_is() {
        let room = IndexCache::new(100);
        hold::<Words>(&room, 1, 40);
        hold::<Talks>(&room, 1, 30);
        hold::<Words>(&room, 2, 30);
        room.make_way::<Words>(OwnerId(2));
        assert_eq!(room.size(), (2, 100), "it just fits");
        hold::<Words>(&room, 1, 40);
        hold::<Talks>(&room, 3, 20);
        room.make_way::<Talks>(OwnerId(3));
        assert!(room.find::<Talks>(OwnerId(1)).is_none() && room.find::<Words>(OwnerId(1)).is_some());
        assert_eq!(room.size(), (3, 90));
        assert_eq!(room.beside_others::<Talks>(OwnerId(1)), 60);
        assert_eq!(room.beside_others::<Words>(OwnerId(1)), 100);
    }

    #[test]
    fn what_can_be_done_without_goes_before_anything_else() {
        let room = IndexCache::new(100);
        hold::<Words>(&room, 1, 40);
        for owner in 1..=3 {
            hold::<Talks>(&room, owner, 10).tally().may_shed(10);
        }
        room.make_way::<Words>(OwnerId(1));
        assert_eq!(room.size(), (3, 100), "it just fits");
        hold::<Words>(&room, 1, 55);
        assert_eq!(room.beside_others::<Words>(OwnerId(1)), 90);
        room.make_way::<Words>(OwnerId(1));
        assert_eq!(room.size(), (3, 95), "as much as was missing, and a little more");
        let spare = |owner| room.find::<Talks>(OwnerId(owner)).unwrap().tally().spare.load(Ordering::Relaxed);
        assert_eq!([1, 2, 3].map(spare), [0, 0, 10], "of what was used least recently");
    }

    #[test]
    fn what_takes_nothing_yet_and_what_is_needed_now_stay() {
        let room = IndexCache::new(100);
        hold::<Words>(&room, 1, 0);
        hold::<Talks>(&room, 2, 300);
        room.make_way::<Talks>(OwnerId(2));
        assert_eq!(room.size(), (2, 300));
        hold::<Words>(&room, 3, 1);
        room.make_way::<Words>(OwnerId(3));
        assert_eq!(room.size(), (2, 1));
    }

    #[test]
    fn what_serves_no_more_is_begun_anew_and_what_is_forgotten_is_gone() {
        let room = IndexCache::new(100);
        let first = hold::<Words>(&room, 1, 10);
        assert!(Arc::ptr_eq(&first, &hold::<Words>(&room, 1, 10)));
        let second = room.hold(OwnerId(1), |_: &Words| false, Words::default);
        assert!(!Arc::ptr_eq(&first, &second));
        hold::<Talks>(&room, 1, 10);
        room.forget(OwnerId(1));
        assert_eq!(room.size(), (0, 0));
    }
}
