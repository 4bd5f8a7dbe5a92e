//! Memories at hand: where the store is another process, what was read of it lately need not be fetched again for an
//! answer. A file's pages are in memory anyhow.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use omp_model::Memory;

/// The most that those of one owner may take: some hundred and eighty thousand memories of the usual length.
const MOST: usize = 128 << 20;

/// Memories by row number, none of them older than the last change that is known. Where there is no room, what was used
/// least recently goes.
pub(super) struct AtHand(Mutex<Kept>);

struct Kept {
    /// The last change that is known: nothing is here that it, or one before it, made old.
    seq: i64,
    memories: LruCache<i64, Memory>,
    bytes: usize,
    room: usize,
}

impl AtHand {
    /// None yet.
    pub(super) fn new() -> Self {
        Self::within(MOST)
    }

    fn within(room: usize) -> Self {
        Self(Mutex::new(Kept { seq: 0, memories: LruCache::unbounded(), bytes: 0, room }))
    }

    /// What they take.
    pub(super) fn bytes(&self) -> usize {
        self.kept().bytes
    }

    /// Those of these that are at hand, if `seq` is the last change that is known: so they are of the same moment as an
    /// index that has seen everything up to there.
    pub(super) fn of(&self, seq: i64, keys: &[i64]) -> HashMap<i64, Memory> {
        let mut kept = self.kept();
        if kept.seq != seq {
            return HashMap::new();
        }
        keys.iter().filter_map(|key| Some((*key, kept.memories.get(key)?.clone()))).collect()
    }

    /// Keeps memories as they were when `seq` was the last change. Where another one is known by now, they may be old,
    /// and are not kept.
    pub(super) fn keep(&self, seq: i64, memories: Vec<(i64, Memory)>) {
        let mut kept = self.kept();
        if kept.seq != seq {
            return;
        }
        for (key, memory) in memories {
            kept.put(key, memory);
        }
    }

    /// Lets go of about so many bytes, what was used least recently first.
    pub(super) fn let_go(&self, bytes: usize) {
        let mut kept = self.kept();
        let rest = kept.bytes.saturating_sub(bytes);
        kept.make_way(rest);
    }

    /// Takes in what happened up to `seq`, which is known from now on: memories that are new or another one now, and the
    /// numbers of those that are gone.
    pub(super) fn take_in(
        &self,
        seq: i64,
        changed: impl IntoIterator<Item = (i64, Memory)>,
        gone: impl IntoIterator<Item = i64>,
    ) {
        let mut kept = self.kept();
        kept.seq = seq;
        for (key, memory) in changed {
            kept.put(key, memory);
        }
        for key in gone {
            kept.remove(key);
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn put(&mut self, key: i64, memory: Memory) {
        self.remove(key);
        self.bytes += weight(&memory);
        self.memories.put(key, memory);
        self.make_way(self.room);
    }

    fn make_way(&mut self, room: usize) {
        while self.bytes > room {
            let Some((_, oldest)) = self.memories.pop_lru() else { return };
            self.bytes -= weight(&oldest);
        }
    }

    fn remove(&mut self, key: i64) {
        self.bytes -= self.memories.pop(&key).as_ref().map_or(0, weight);
    }
}

/// The bytes of a memory, about.
fn weight(memory: &Memory) -> usize {
    /// What its other texts take, and its place among the others.
    const AROUND: usize = 256;
    let metadata = if memory.metadata.is_empty() { 0 } else { memory.metadata.to_json().len() };
    let tags: usize = memory.tags.iter().map(|tag| size_of_val(tag) + tag.as_str().len()).sum();
    size_of::<Memory>() + AROUND + memory.content.as_str().len() + tags + metadata
}

#[cfg(test)]
mod tests {
    use omp_model::{Content, MemoryId, MemoryType, NewMemory, Timestamp, ToolName};

    use super::*;

    fn memory(content: &str) -> Memory {
        let tool = ToolName::new("test").unwrap();
        let new = NewMemory::new(Content::new(content).unwrap(), MemoryType::Semantic, tool);
        new.into_memory(MemoryId::derive(&["x"]), Timestamp::from_millis(0))
    }

    fn contents(at_hand: &AtHand, seq: i64, keys: &[i64]) -> Vec<Option<String>> {
        let mut found = at_hand.of(seq, keys);
        keys.iter().map(|key| found.remove(key).map(|memory| memory.content.as_str().to_owned())).collect()
    }

    #[test]
    fn what_changed_is_at_hand_as_it_is_now_and_what_is_gone_is_not() {
        let at_hand = AtHand::new();
        at_hand.keep(0, vec![(1, memory("tea")), (2, memory("coffee")), (3, memory("water"))]);
        assert_eq!(contents(&at_hand, 0, &[2, 1, 4]), [Some("coffee".into()), Some("tea".into()), None]);
        at_hand.take_in(2, [(1, memory("green tea"))], [3]);
        let now = [Some("green tea".into()), Some("coffee".into()), None];
        assert_eq!(contents(&at_hand, 2, &[1, 2, 3]), now);
        assert_eq!(
            contents(&at_hand, 0, &[1, 2, 3]),
            [None, None, None],
            "an index that is behind is told nothing"
        );
    }

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let at_hand = AtHand::new();
        at_hand.take_in(5, [], [1]);
        at_hand.keep(4, vec![(1, memory("old"))]);
        at_hand.keep(6, vec![(1, memory("newer than what the index knows"))]);
        assert_eq!(contents(&at_hand, 5, &[1]), [None]);
        at_hand.keep(5, vec![(1, memory("as it is"))]);
        assert_eq!(contents(&at_hand, 5, &[1]), [Some("as it is".into())]);
    }

    #[test]
    fn what_was_used_longest_ago_goes_when_there_is_no_room() {
        let long = memory(&"x".repeat(10_000));
        let at_hand = AtHand::within(20 * weight(&long));
        at_hand.take_in(0, (0..20).map(|key| (key, long.clone())), []);
        assert!(at_hand.of(0, &[0]).len() == 1, "used just now");
        at_hand.keep(0, vec![(20, long.clone())]);
        assert_eq!((at_hand.of(0, &[0, 20]).len(), at_hand.of(0, &[1]).len()), (2, 0));
        // The same again takes no more.
        at_hand.keep(0, vec![(20, long.clone())]);
        assert_eq!((at_hand.bytes(), at_hand.of(0, &[2]).len()), (20 * weight(&long), 1));
        at_hand.take_in(1, [], [20]);
        assert_eq!(at_hand.bytes(), 19 * weight(&long));
        at_hand.let_go(weight(&long) + 1);
        assert_eq!(
            (at_hand.bytes(), at_hand.of(1, &[0, 2]).len()),
            (17 * weight(&long), 2),
            "two others went"
        );
        at_hand.let_go(usize::MAX);
        assert_eq!((at_hand.bytes(), at_hand.of(1, &[0]).len()), (0, 0));
    }
}
