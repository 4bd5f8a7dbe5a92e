//! Users: adding them, and removing them with what they have.

use omp_model::users::{Legacy, Removed, UserList};
use omp_model::{Error, NewUser, OwnerId, Principal, Result, User};
use omp_store::StoredUser;

use crate::Service;
use crate::access::require_administrator;
use crate::failure::shown;
use crate::memories::printable;

/// Memories of one step of a removal: taking the words of a memory out of the index costs about a millisecond.
const STEP: u32 = 50;

impl Service {
    /// Adds a user, who has no key yet.
    pub async fn create_user(&self, principal: Principal, new: NewUser) -> Result<User> {
        require_administrator(&principal)?;
        let now = self.clock.now();
        if self.store.create_user(&principal, &new, now).await.map_err(shown)?.is_none() {
            return Err(Error::invalid("name", "is taken by another user"));
        }
        Ok(User { name: new.name, admin: new.admin, created_at: now, memories: 0, conversations: 0, keys: 0 })
    }

    /// Every user.
    pub async fn list_users(&self, principal: Principal) -> Result<UserList> {
        require_administrator(&principal)?;
        let users = self.store.users(self.clock.now()).await.map_err(shown)?;
        Ok(UserList { users: users.into_iter().map(|stored| stored.user).collect() })
    }

    /// One user.
    pub async fn get_user(&self, principal: Principal, name: &str) -> Result<User> {
        require_administrator(&principal)?;
        Ok(self.user(name).await?.user)
    }

    /// Removes a user; what the user has is deleted or handed over, as asked. The keys stop working first.
    pub async fn delete_user(&self, principal: Principal, name: &str, legacy: Legacy) -> Result<Removed> {
        require_administrator(&principal)?;
        let StoredUser { owner, .. } = self.user(name).await?;
        if owner == OwnerId::FIRST {
            return Err(Error::forbidden(
                "This user is the person who runs the server and cannot be removed.",
            ));
        }
        if owner == principal.user() {
            return Err(Error::forbidden("Nobody can remove themselves; another administrator can."));
        }
        let heir = match &legacy {
            Legacy::Delete => None,
            Legacy::HandOverTo(heir) => {
                let missing = |_| Error::invalid("hand_over_to", "names no user who is there");
                let heir = self.user(heir.as_str()).await.map_err(missing)?.owner;
                if heir == owner {
                    return Err(Error::invalid("hand_over_to", "must be another user"));
                }
                Some(heir)
            }
        };
        let mut removed = Removed::default();
        loop {
            let step = self.store.remove_user(&principal, owner, heir, STEP, self.clock.now());
            let step = step.await.map_err(shown)?;
            removed.memories += step.removed.memories;
            removed.conversations += step.removed.conversations;
            removed.renamed += step.removed.renamed;
            if step.done {
                self.room.forget(owner);
                return Ok(removed);
            }
        }
    }

    /// The user of this name.
    pub(crate) async fn user(&self, name: &str) -> Result<StoredUser> {
        let users = self.store.users(self.clock.now()).await.map_err(shown)?;
        let found = users.into_iter().find(|stored| stored.user.name.as_str() == name);
        found.ok_or_else(|| Error::user_not_found(&printable(name)))
    }
}
