//! How long a server may go by what it read of the last changes.
//!
//! An index has to know every change before it answers, so each search asks for the last one. Where no other server
//! is named as a writer, that need not be asked again and again: what was read holds for a lease, or until this server
//! writes itself. One that is not named answers whoever wrote a lease later ([`super::membership`]), so nothing that was
//! acknowledged is missed; servers of an older version do not, and what they write is missed for a lease at most.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use omp_model::OwnerId;

use crate::IndexPosition;
use crate::lease::{Begun, LEASE};

/// More owners than this are not remembered before those whose lease is over are forgotten.
const MANY: usize = 1_000;

/// The positions that hold.
#[derive(Default)]
pub(super) struct Positions(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// How many of this server's writes have ended.
    writes: u64,
    of: HashMap<OwnerId, Holding>,
}

struct Holding {
    /// When the reading began.
    at: Begun,
    position: IndexPosition,
}

/// A reading that has begun.
pub(super) struct Reading {
    at: Begun,
    writes: u64,
}

impl Positions {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read, as long as it holds.
    pub(super) fn holding(&self, owner: OwnerId) -> Option<IndexPosition> {
        let known = self.known();
        let holding = known.of.get(&owner).filter(|holding| holding.at.is_within(LEASE))?;
        Some(holding.position.clone())
    }

    /// Before the database is asked.
    pub(super) fn read(&self) -> Reading {
        Reading { at: Begun::now(), writes: self.known().writes }
    }

    /// Goes by a position in which no other server was known to write. What this one wrote meanwhile may not be in it.
    pub(super) fn take(&self, owner: OwnerId, reading: &Reading, position: IndexPosition) {
        let mut known = self.known();
        let later = known.of.get(&owner).is_some_and(|holding| reading.at.is_before(holding.at));
        if later || known.writes != reading.writes {
            return;
        }
        if known.of.len() >= MANY {
            known.of.retain(|_, holding| holding.at.is_within(LEASE));
        }
        known.of.insert(owner, Holding { at: reading.at, position });
    }

    /// Something was written by this server, or may have been; nobody was told so before this returns.
    pub(super) fn written(&self) {
        let mut known = self.known();
        known.writes += 1;
        known.of.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: OwnerId = OwnerId::FIRST;

    fn position(seq: i64) -> IndexPosition {
        IndexPosition { seq, generation: 0, space: None, memories: 0 }
    }

    #[test]
    fn what_was_read_holds_for_a_lease_and_for_its_owner() {
        let positions = Positions::default();
        let reading = positions.read();
        positions.take(OWNER, &reading, position(7));
        assert_eq!(positions.holding(OWNER), Some(position(7)));
        assert_eq!(positions.holding(OwnerId(2)), None);
        std::thread::sleep(LEASE);
        assert_eq!(positions.holding(OWNER), None);
    }

    #[test]
    fn nothing_holds_that_was_read_before_a_write_ended() {
        let positions = Positions::default();
        let (before, during) = (positions.read(), positions.read());
        positions.take(OWNER, &before, position(7));
        positions.written();
        assert_eq!(positions.holding(OWNER), None);
        positions.take(OWNER, &during, position(7));
        assert_eq!(positions.holding(OWNER), None, "it began before the write ended");
        positions.take(OWNER, &positions.read(), position(8));
        assert_eq!(positions.holding(OWNER), Some(position(8)));
    }

    #[test]
    fn owners_who_have_not_asked_lately_are_forgotten() {
        let positions = Positions::default();
        let reading = positions.read();
        let all = u32::try_from(MANY).unwrap();
        (0..all).for_each(|owner| positions.take(OwnerId(owner), &reading, position(1)));
        std::thread::sleep(LEASE);
        positions.take(OwnerId(all), &positions.read(), position(1));
        assert_eq!(positions.known().of.len(), 1);
    }
}
