//! Hints for whoever waits for a change: that it is worth looking now.
//!
//! A hint may be lost, come late or come for nothing; what is true is the owner's number in the store. So whoever waits
//! looks first, and again after a while, whatever it hears.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use omp_model::OwnerId;
use tokio::sync::watch;

/// Those who wait in this process, by owner.
#[derive(Default)]
pub(crate) struct Hints(Mutex<HashMap<OwnerId, watch::Sender<i64>>>);

impl Hints {
    fn waiting(&self) -> MutexGuard<'_, HashMap<OwnerId, watch::Sender<i64>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The owner's number is at least `seq`. Wakes nobody who knows that: what comes back from other servers was
    /// announced here before.
    pub(crate) fn tell(&self, owner: OwnerId, seq: i64) {
        let mut waiting = self.waiting();
        let Some(sender) = waiting.get(&owner) else { return };
        if sender.receiver_count() == 0 {
            waiting.remove(&owner);
            return;
        }
        sender.send_if_modified(|known| {
            let news = *known < seq;
            *known = seq.max(*known);
            news
        });
    }

    /// Something may have been missed: wakes everybody.
    pub(crate) fn tell_all(&self) {
        self.waiting().values().for_each(|sender| sender.send_modify(|_| {}));
    }

    /// Hears what is told of an owner from now on.
    pub(crate) fn of(&self, owner: OwnerId) -> Hearer {
        let mut waiting = self.waiting();
        let sender = waiting.entry(owner).or_insert_with(|| watch::Sender::new(i64::MIN));
        Hearer(sender.subscribe())
    }
}

/// One that waits.
pub(crate) struct Hearer(watch::Receiver<i64>);

impl Hearer {
    /// Returns when something was told since this was made, or after `patience`.
    pub(crate) async fn hint(mut self, patience: Duration) {
        // Both outcomes mean the same: look.
        let _ = tokio::time::timeout(patience, self.0.changed()).await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const OWNER: OwnerId = OwnerId(1);

    /// Whether one that waits was told.
    fn was_told(hearer: &mut Hearer) -> bool {
        hearer.0.changed().now_or_never().is_some()
    }

    #[test]
    fn who_waits_hears_of_their_owner_and_of_each_number_once() {
        let hints = Hints::default();
        hints.tell(OWNER, 7);
        let (mut one, mut other) = (hints.of(OWNER), hints.of(OwnerId(2)));
        assert!(!was_told(&mut one), "what was told before is for looking");
        hints.tell(OWNER, 8);
        assert!(was_told(&mut one) && !was_told(&mut other));
        for old in [8, 3] {
            hints.tell(OWNER, old);
            assert!(!was_told(&mut one), "{old}");
        }
        hints.tell(OWNER, 9);
        assert!(was_told(&mut one));
        hints.tell_all();
        assert!(was_told(&mut one) && was_told(&mut other));
    }

    #[test]
    fn owners_for_whom_nobody_waits_are_forgotten() {
        let hints = Hints::default();
        drop(hints.of(OWNER));
        hints.tell(OWNER, 1);
        assert!(hints.waiting().is_empty());
    }
}
