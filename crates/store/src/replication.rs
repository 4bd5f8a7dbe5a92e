//! Whether a store takes writes, or follows another one that does.

/// How a store stands to whoever writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicationRole {
    /// It takes writes.
    Primary,
    /// It is a read replica: it shows what its primary took a moment ago.
    Standby,
}

/// How far a replica is behind its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplicationLag {
    /// Whether it hears of its primary at the moment. If not, nobody here knows what was written there since.
    pub connected: bool,
    /// Bytes of the primary's log that have come and do not show yet; `None` if none has come since the replica began.
    pub bytes: Option<u64>,
    /// The age of the last change that shows, in milliseconds; 0 while all
    /// that has come shows. `None` if none has come.
    pub millis: Option<u64>,
}
