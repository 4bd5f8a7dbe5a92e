//! Who is asking.

/// Whose memories: the first column of every key in the store.
///
/// The number is the store's own and means nothing outside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerId(pub u32);

impl OwnerId {
    /// The owner that a new store starts with.
    pub const FIRST: Self = Self(1);
}

/// On whose behalf a use case runs. It comes from the key, never from a field of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// Whose memories are read and written.
    pub owner: OwnerId,
}

impl Principal {
    /// The person who runs the server: the only principal while there is one global key.
    pub const OWNER: Self = Self { owner: OwnerId::FIRST };
}
