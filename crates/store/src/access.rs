//! Users and their keys.

use async_trait::async_trait;
use omp_model::keys::KeyName;
use omp_model::users::Removed;
use omp_model::{KeyId, Limits, Namespace, NewUser, OwnerId, Principal, Scopes, Timestamp, User, UserName};

use crate::Result;

/// What is stored of a key.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    /// Its id.
    pub id: KeyId,
    /// Whose it is.
    pub owner: OwnerId,
    /// What that user is called.
    pub user: UserName,
    /// Whether that user administers the server.
    pub administers: bool,
    /// What the key is called.
    pub name: KeyName,
    /// The hash of the secret.
    pub hash: [u8; 32],
    /// The hash of the secret before, and until when it goes on working.
    pub former: Option<([u8; 32], Timestamp)>,
    /// What it may be used for.
    pub scopes: Scopes,
    /// What it reaches.
    pub limits: Limits,
    /// Where memories go that name no namespace.
    pub default_namespace: Option<Namespace>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
    /// When it was last used.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl std::fmt::Debug for StoredKey {
    /// Without the hashes.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredKey").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// A user with the number of the owner of the same memories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser {
    /// The owner.
    pub owner: OwnerId,
    /// The user.
    pub user: User,
}

/// A change of a key that may not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyChange {
    /// It stops working at once.
    Revoke,
    /// It has a new secret, and the former one goes on working until a time.
    Rotate {
        /// The hash of the new secret.
        hash: [u8; 32],
        /// Until when the former secret goes on working.
        former_until: Timestamp,
    },
}

/// How far the removal of a user is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removal {
    /// What this step removed or handed over.
    pub removed: Removed,
    /// Whether nothing is left and the user is gone.
    pub done: bool,
}

/// The aggregate of users and keys. Whatever changes it changes its version.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Another value whenever users, keys or shares have changed, whoever changed them, and whenever the store has
    /// become another one. The first number is 0 as long as they never have. Cheap: it is asked at every request. What
    /// another process changed is seen when that change has been acknowledged, at the latest.
    async fn access_version(&self) -> Result<(i64, i64)>;

    /// Every key there is, revoked ones too, oldest first.
    async fn keys(&self) -> Result<Vec<StoredKey>>;

    /// Stores a new key.
    async fn create_key(&self, by: &Principal, key: &StoredKey) -> Result<()>;

    /// Changes a key of this owner (`None`: of anybody); `false` when there is none that works.
    async fn change_key(
        &self,
        by: &Principal,
        owner: Option<OwnerId>,
        id: KeyId,
        change: KeyChange,
        now: Timestamp,
    ) -> Result<bool>;

    /// Remembers when a key was last used. This is no change of the version.
    async fn touch_key(&self, id: KeyId, now: Timestamp) -> Result<()>;

    /// Every user, oldest first.
    async fn users(&self, now: Timestamp) -> Result<Vec<StoredUser>>;

    /// Adds a user; `None` when the name is taken.
    async fn create_user(&self, by: &Principal, new: &NewUser, now: Timestamp) -> Result<Option<OwnerId>>;

    /// Removes a user step by step: revokes every key first, then deletes what the user has, at most
    /// `limit` memories each time, or hands it over to `heir`, and the user last. To be called until it is
    /// done; whatever ends in between goes on from there.
    async fn remove_user(
        &self,
        by: &Principal,
        owner: OwnerId,
        heir: Option<OwnerId>,
        limit: u32,
        now: Timestamp,
    ) -> Result<Removal>;
}
