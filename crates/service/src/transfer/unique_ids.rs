//! Ids that must differ within an interchange file (omi.md R5).

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The ids of a file so far, as hashes: of a large file they take 16 bytes each, however long they are.
#[derive(Default)]
pub(super) struct UniqueIds {
    /// The last number that was put behind each.
    taken: HashMap<u64, u64>,
    hasher: RandomState,
}

impl UniqueIds {
    /// Takes an id, or where it is taken the same with the next free number: `a`, `a#2`, `a#3`.
    pub(super) fn take<'a>(&mut self, id: &'a str) -> Cow<'a, str> {
        let hash = self.hasher.hash_one(id);
        let Some(&known) = self.taken.get(&hash) else {
            self.taken.insert(hash, 1);
            return Cow::Borrowed(id);
        };
        // Counting goes on where it ended, or a file with one id a million times would take for ever.
        let mut number = known + 1;
        let mut name = format!("{id}#{number}");
        while self.taken.contains_key(&self.hasher.hash_one(&name)) {
            number += 1;
            name = format!("{id}#{number}");
        }
        self.taken.insert(hash, number);
        self.taken.insert(self.hasher.hash_one(&name), 1);
        Cow::Owned(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_is_given_twice() {
        let mut ids = UniqueIds::default();
        let taken: Vec<_> = ["a", "a#2", "a", "a", "a#2", "b"].map(|id| ids.take(id).into_owned()).into();
        assert_eq!(taken, ["a", "a#2", "a#3", "a#4", "a#2#2", "b"]);
    }

    #[test]
    fn the_same_id_over_and_over_takes_no_longer_each_time() {
        let mut ids = UniqueIds::default();
        let last = (0..200_000).map(|_| ids.take("x").into_owned()).last();
        assert_eq!(last.as_deref(), Some("x#200000"));
    }
}
