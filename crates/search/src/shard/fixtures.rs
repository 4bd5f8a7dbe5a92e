//! Memories for tests.

use super::*;
use crate::token_stream;

/// A memory as the test keeps it.
#[derive(Clone, Debug)]
pub(super) struct Memory {
    pub(super) text: String,
    pub(super) kind: u8,
    pub(super) tool: &'static str,
    pub(super) namespace: Option<&'static str>,
    pub(super) tags: Vec<&'static str>,
    pub(super) created_at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) superseded_at: Option<i64>,
    pub(super) session: Option<&'static str>,
    pub(super) observed_at: i64,
}

impl Memory {
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            kind: 0,
            tool: "cli",
            namespace: None,
            tags: Vec::new(),
            created_at: 0,
            expires_at: None,
            superseded_at: None,
            session: None,
            observed_at: 0,
        }
    }

    pub(super) fn words(&self) -> String {
        let mut words = String::new();
        token_stream(&self.text, &mut words);
        self.tags.iter().for_each(|tag| token_stream(tag, &mut words));
        words
    }

    pub(super) fn passes(&self, filter: &Filter<'_>) -> bool {
        let held = match filter.validity {
            Validity::Now => self.superseded_at.is_none_or(|at| at > filter.now),
            Validity::At(time) => self.created_at <= time && self.superseded_at.is_none_or(|at| at > time),
            Validity::Ever => true,
        };
        held && self.expires_at.is_none_or(|at| at > filter.now)
            && filter.namespaces.is_none_or(|of| self.namespace.is_some_and(|own| of.contains(&own)))
            && filter.kind.is_none_or(|kind| kind == self.kind)
            && filter.tool.is_none_or(|tool| tool == self.tool)
            && filter.tags.iter().all(|tag| self.tags.contains(tag))
            && filter.created_after.is_none_or(|at| at <= self.created_at)
            && filter.created_before.is_none_or(|at| self.created_at <= at)
            && filter.limit.tool.is_none_or(|tool| tool == self.tool)
            && filter.limit.namespaces.is_none_or(|admits| self.namespace.is_some_and(admits))
    }
}

pub(super) fn put(shard: &mut Shard, key: i64, memory: &Memory) {
    shard.put(&Entry {
        key,
        kind: memory.kind,
        tool: memory.tool,
        namespace: memory.namespace,
        tags: &memory.tags,
        created_at: memory.created_at,
        expires_at: memory.expires_at,
        superseded_at: memory.superseded_at,
        session: memory.session,
        observed_at: memory.observed_at,
        words: &memory.words(),
    });
}

pub(super) fn shard_of(memories: &[(i64, Memory)]) -> Shard {
    let mut shard = Shard::new(2);
    for (key, memory) in memories {
        put(&mut shard, *key, memory);
    }
    shard
}

pub(super) fn keys(hits: &[Hit]) -> Vec<i64> {
    hits.iter().map(|hit| hit.key).collect()
}

/// A generator that any test can start where it wants.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    /// From -1 to 1, more often near 0.
    #[expect(clippy::cast_precision_loss, reason = "a random number")]
    pub(super) fn bell(&mut self) -> f32 {
        (0..4).map(|_| self.below(1 << 20) as f32 / f32::from(1_u16 << 10) / 2048.0 - 0.25).sum()
    }
}
