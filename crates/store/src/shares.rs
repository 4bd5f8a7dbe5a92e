//! Namespaces that users share.

use async_trait::async_trait;
use omp_model::shares::Share;
use omp_model::{Namespace, OwnerId, Principal, ShareAccess, Timestamp};

use crate::Result;

/// A share with the numbers of both users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredShare {
    /// Whose namespace it is.
    pub owner: OwnerId,
    /// Who else sees it.
    pub user: OwnerId,
    /// The share.
    pub share: Share,
}

/// The aggregate of shares. Whatever changes it changes the version of
/// [`AccessStore::access_version`](crate::AccessStore::access_version).
#[async_trait]
pub trait ShareStore: Send + Sync {
    /// Every share there is, by owner, namespace and user.
    async fn shares(&self) -> Result<Vec<StoredShare>>;

    /// Shares a namespace of the principal's with a user who is there, or changes what that user may do; `false` when
    /// the user is there no more.
    async fn share(
        &self,
        by: &Principal,
        namespace: &Namespace,
        user: OwnerId,
        access: ShareAccess,
        now: Timestamp,
    ) -> Result<bool>;

    /// Ends a share; `false` when there is none.
    async fn unshare(
        &self,
        by: &Principal,
        namespace: &Namespace,
        user: OwnerId,
        now: Timestamp,
    ) -> Result<bool>;
}
