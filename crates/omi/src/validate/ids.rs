//! The ids met so far, as hashes: a file may have more of them than memory should hold.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// A set of ids, 16 bytes each. Two ids are taken for one with a chance of about n²/2⁹⁷ for n ids.
#[derive(Default)]
pub(super) struct Ids {
    seen: HashSet<Seen>,
}

/// 96 bits of hash, and who had the id first.
#[derive(Clone, Copy)]
struct Seen {
    high: u64,
    low: u32,
    first: u32,
}

impl PartialEq for Seen {
    fn eq(&self, other: &Self) -> bool {
        self.high == other.high && self.low == other.low
    }
}

impl Eq for Seen {}

impl Hash for Seen {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.high);
    }
}

impl Ids {
    /// Notes the id of the record `index`. If an earlier record has it, says which one.
    pub(super) fn note(&mut self, id: &str, index: u64) -> Option<u64> {
        let first = u32::try_from(index).unwrap_or(u32::MAX);
        #[expect(clippy::cast_possible_truncation, reason = "32 bits of a hash are what is wanted")]
        let seen = Seen { high: hash(0, id), low: hash(1, id) as u32, first };
        if let Some(earlier) = self.seen.get(&seen) {
            return Some(earlier.first.into());
        }
        self.seen.insert(seen);
        None
    }
}

/// A hash of `text`, another one for each `seed`.
pub(super) fn hash(seed: u8, text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (seed, text).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{Ids, Seen};

    #[test]
    fn an_id_is_known_the_second_time() {
        let mut ids = Ids::default();
        assert_eq!(ids.note("a", 0), None);
        assert_eq!(ids.note("b", 1), None);
        assert_eq!(ids.note("a", 2), Some(0));
        assert_eq!(ids.note("A", 3), None);
    }

    #[test]
    fn an_id_takes_sixteen_bytes() {
        assert_eq!(size_of::<Seen>(), 16);
    }
}
