//! What a shard is told about a memory.

/// One memory as a shard takes it. Times are milliseconds since 1970; strings are only looked at.
///
/// Its `Debug` tells the key and nothing else.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The store's number of the memory. Of two that match equally well, the higher one comes first.
    pub key: i64,
    /// The type, as any number.
    pub kind: u8,
    /// The tool it came from.
    pub tool: &'a str,
    /// Its namespace, if it has one.
    pub namespace: Option<&'a str>,
    /// Its tags.
    pub tags: &'a [&'a str],
    /// When it was stored.
    pub created_at: i64,
    /// From this time on it is as good as deleted.
    pub expires_at: Option<i64>,
    /// From this time on another memory holds instead.
    pub superseded_at: Option<i64>,
    /// The session it belongs to. Without one, what was observed within minutes stands beside it.
    pub session: Option<&'a str>,
    /// Its place in the session; where two are equal, the key decides.
    pub observed_at: i64,
    /// The words it is found by: the [`token_stream`](crate::token_stream()) of its content and tags, the same that
    /// FTS5 is fed with.
    pub words: &'a str,
}

impl std::fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).finish_non_exhaustive()
    }
}
