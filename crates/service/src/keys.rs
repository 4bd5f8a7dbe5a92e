//! Keys: who is asking, and making, changing and revoking keys.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use omp_model::keys::{KeyList, KeyWithSecret, RotateKey};
use omp_model::{
    Error, ErrorCode, Grant, Key, KeyId, NewKey, OwnerId, Principal, Result, Scope, Secret, Timestamp,
};
use omp_store::{KeyChange, StoredKey, StoredShare};
use subtle::ConstantTimeEq;

use crate::Service;
use crate::access::{require, require_administrator};
use crate::failure::shown;
use crate::memories::printable;

/// How exactly it is known when a key was last used, in milliseconds: not every request is worth a write.
const LAST_USED: i64 = 60_000;

/// The keys and shares, in memory, as of one version of the store.
#[derive(Default)]
pub(crate) struct KeyRing {
    /// Kept apart from its version so that a request takes the lock for a moment only.
    ring: Mutex<Option<Arc<Ring>>>,
}

pub(crate) struct Ring {
    version: (i64, i64),
    keys: HashMap<KeyId, Known>,
    has_guests: bool,
    pub(crate) shares: Vec<StoredShare>,
}

impl Ring {
    /// Whether users or keys were ever made here. That none is left does not open the door again: whoever was removed
    /// would come in as the owner.
    fn locks(&self) -> bool {
        self.version.0 > 0
    }

    /// Whether anybody but the owner has a key, or had one.
    pub(crate) fn has_guests(&self) -> bool {
        self.has_guests
    }
}

struct Known {
    hash: [u8; 32],
    former: Option<([u8; 32], Timestamp)>,
    expires_at: Option<Timestamp>,
    revoked: bool,
    last_used: AtomicI64,
    grant: Arc<Grant>,
}

impl Known {
    fn new(key: StoredKey) -> Self {
        let last_used = key.last_used_at.map_or(i64::MIN, Timestamp::as_millis);
        Self {
            hash: key.hash,
            former: key.former,
            expires_at: key.expires_at,
            revoked: key.revoked_at.is_some(),
            last_used: AtomicI64::new(last_used),
            grant: Arc::new(Grant {
                user: key.owner,
                user_name: key.user,
                key: key.id,
                administers: key.administers,
                scopes: key.scopes,
                limits: key.limits,
                default_namespace: key.default_namespace,
            }),
        }
    }

    /// Compares in a time that tells nothing about the secret.
    fn opens(&self, hash: &[u8; 32], now: Timestamp) -> bool {
        let present: bool = self.hash.ct_eq(hash).into();
        let former = self.former.as_ref().is_some_and(|(former, until)| {
            let same: bool = former.ct_eq(hash).into();
            same && now < *until
        });
        (present || former) && self.works(now)
    }

    /// Whether it opens anything.
    fn works(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires_at.is_none_or(|at| now < at)
    }
}

/// Why nobody is let in. It says the same whatever is wrong, so that a guess teaches nothing.
fn unauthorized() -> Error {
    let message = "This server needs an API key that is valid: send `Authorization: Bearer <key>`.";
    Error::new(ErrorCode::Unauthorized, message)
}

impl Service {
    /// The same with the key of the server's own configuration, by its SHA-256:
    /// whoever brings it is the person who runs the server.
    #[must_use]
    pub fn with_server_key(mut self, hash: [u8; 32]) -> Self {
        self.server_key = Some(hash);
        self
    }

    /// Refuses a principal whose key was revoked or changed or has expired since it was let in: a model may think for
    /// minutes, and a job takes hours.
    pub(crate) async fn require_still(&self, principal: &Principal) -> Result<()> {
        let Some(grant) = principal.grant() else { return Ok(()) };
        let ring = self.ring().await?;
        let known = ring.keys.get(&grant.key);
        let holds = known.is_some_and(|known| known.works(self.clock.now()) && *known.grant == *grant);
        if holds { Ok(()) } else { Err(unauthorized()) }
    }

    /// Who is asking, by what they sent as their key. Without a key in the configuration, and as long as no user and no
    /// key was ever made, everybody is the person who runs the server; after that nobody comes in without a key. Costs
    /// no query while no key changes.
    pub async fn authenticate(&self, given: Option<&str>) -> Result<Principal> {
        let ring = self.ring().await?;
        if self.server_key.is_none() && !ring.locks() {
            return Ok(Principal::OWNER);
        }
        let Some(given) = given else {
            self.sign_in_failed();
            return Err(unauthorized());
        };
        let hash = Secret::hash(given);
        if self.server_key.is_some_and(|key| key.ct_eq(&hash).into()) {
            return Ok(Principal::OWNER);
        }
        let now = self.clock.now();
        let known =
            Secret::key_of(given).and_then(|id| ring.keys.get(&id)).filter(|known| known.opens(&hash, now));
        let Some(known) = known else {
            self.sign_in_failed();
            return Err(unauthorized());
        };
        self.remember_use(known, now);
        Ok(Principal::with(Arc::clone(&known.grant)))
    }

    /// The principal as its key is now: for what lasts longer than a
    /// request. `unauthorized` when the key works no more.
    pub async fn renew(&self, principal: &Principal) -> Result<Principal> {
        let Some(id) = principal.key() else { return Ok(principal.clone()) };
        Ok(Principal::with(self.grant_of(id).await?))
    }

    /// Whoever holds a key, as it is now, among their own memories: for what lasts longer than the process. No key is
    /// the person who runs the server.
    pub(crate) async fn holder(&self, owner: OwnerId, key: Option<KeyId>) -> Result<Principal> {
        let Some(id) = key else { return Ok(Principal::everything(owner)) };
        let grant = self.grant_of(id).await?;
        if grant.user == owner { Ok(Principal::with(grant)) } else { Err(unauthorized()) }
    }

    /// What a key that works allows.
    async fn grant_of(&self, id: KeyId) -> Result<Arc<Grant>> {
        let (ring, now) = (self.ring().await?, self.clock.now());
        let known = ring.keys.get(&id).filter(|known| known.works(now)).ok_or_else(unauthorized)?;
        Ok(Arc::clone(&known.grant))
    }

    /// Whether a key is needed. When the store cannot say, one is.
    pub async fn is_locked(&self) -> bool {
        self.server_key.is_some() || self.store.access_version().await.map_or(true, |version| version.0 > 0)
    }

    /// The keys and shares as they are now, whichever process changed them.
    pub(crate) async fn ring(&self) -> Result<Arc<Ring>> {
        let version = self.store.access_version().await.map_err(shown)?;
        let known = self.keys.ring.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(ring) = known.filter(|ring| ring.version == version) {
            return Ok(ring);
        }
        // Read after the version: what changes in between is read once more at the next request.
        let keys = self.store.keys().await.map_err(shown)?;
        let has_guests = keys.iter().any(|key| key.owner != OwnerId::FIRST);
        let keys = keys.into_iter().map(|key| (key.id, Known::new(key))).collect();
        let shares = self.store.shares().await.map_err(shown)?;
        let ring = Arc::new(Ring { version, keys, has_guests, shares });
        *self.keys.ring.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&ring));
        Ok(ring)
    }

    /// Writes down that a key is in use, at most once a minute and without making the request wait.
    fn remember_use(&self, known: &Known, now: Timestamp) {
        let (before, at) = (known.last_used.load(Ordering::Relaxed), now.as_millis());
        let due = at.saturating_sub(before) >= LAST_USED;
        if due && known.last_used.compare_exchange(before, at, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let (store, id) = (Arc::clone(&self.store), known.grant.key);
            tokio::spawn(async move {
                if let Err(error) = store.touch_key(id, now).await {
                    tracing::debug!(%error, "the last use of a key was not written down");
                }
            });
        }
    }

    /// Makes a key. Its secret is in the answer and nowhere else.
    pub async fn create_key(&self, principal: Principal, new: NewKey) -> Result<KeyWithSecret> {
        require(&principal, Scope::Admin)?;
        let problems = new.problems();
        if !problems.is_empty() {
            let named = problems.into_iter().map(|(field, what)| (field.to_owned(), what.to_owned()));
            return Err(Error::validation(named.collect()));
        }
        let now = self.clock.now();
        if new.expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expires_at", "must lie in the future"));
        }
        let users = self.store.users(now).await.map_err(shown)?;
        let whose = match &new.user {
            None => users.iter().find(|user| user.owner == principal.user()),
            Some(name) => users.iter().find(|user| user.user.name == *name),
        };
        let own = whose.is_some_and(|user| user.owner == principal.user());
        if !own {
            // Who does not administer the server does not learn either who is on it.
            require_administrator(&principal)?;
        }
        let whose = whose.ok_or_else(|| Error::invalid("user", "names no user who is there"))?;
        let id = KeyId::generate(now, self.random.as_ref());
        let secret = Secret::generate(id, self.random.as_ref());
        let stored = StoredKey {
            id,
            owner: whose.owner,
            user: whose.user.name.clone(),
            administers: whose.user.admin,
            name: new.name,
            hash: Secret::hash(secret.expose()),
            former: None,
            scopes: new.scopes,
            limits: omp_model::Limits {
                tool: new.tool,
                own_tool_only: new.own_tool_only,
                namespaces: new.namespaces,
                read_only: Vec::new(),
            },
            default_namespace: new.default_namespace,
            created_at: now,
            expires_at: new.expires_at,
            last_used_at: None,
            revoked_at: None,
        };
        self.store.create_key(&principal, &stored).await.map_err(shown)?;
        Ok(KeyWithSecret { key: key(stored), secret: secret.expose().to_owned() })
    }

    /// The keys of the user; of everybody for whoever administers the server.
    pub async fn list_keys(&self, principal: Principal) -> Result<KeyList> {
        require(&principal, Scope::Admin)?;
        let keys = self.store.keys().await.map_err(shown)?;
        let whose = reach(&principal);
        let keys = keys.into_iter().filter(|key| whose.is_none_or(|owner| key.owner == owner)).map(key);
        Ok(KeyList { keys: keys.collect() })
    }

    /// Stops a key at once.
    pub async fn revoke_key(&self, principal: Principal, id: &str) -> Result<()> {
        self.change_key(&principal, id, KeyChange::Revoke).await.map(drop)
    }

    /// Gives a key a new secret. The former one goes on working for a while, if that was asked for.
    pub async fn rotate_key(
        &self,
        principal: Principal,
        id: &str,
        rotate: RotateKey,
    ) -> Result<KeyWithSecret> {
        let key = KeyId::parse(id).ok_or_else(|| key_not_found(id))?;
        let secret = Secret::generate(key, self.random.as_ref());
        let grace = i64::try_from(rotate.grace_seconds.min(RotateKey::LONGEST)).unwrap_or(0);
        let former_until = self.clock.now().plus_millis(grace * 1_000);
        let change = KeyChange::Rotate { hash: Secret::hash(secret.expose()), former_until };
        let key = self.change_key(&principal, id, change).await?;
        Ok(KeyWithSecret { key, secret: secret.expose().to_owned() })
    }

    async fn change_key(&self, principal: &Principal, id: &str, change: KeyChange) -> Result<Key> {
        require(principal, Scope::Admin)?;
        let known = KeyId::parse(id).ok_or_else(|| key_not_found(id))?;
        let change = self.store.change_key(principal, reach(principal), known, change, self.clock.now());
        if !change.await.map_err(shown)? {
            return Err(key_not_found(id));
        }
        let keys = self.store.keys().await.map_err(shown)?;
        keys.into_iter().find(|key| key.id == known).map(key).ok_or_else(|| key_not_found(id))
    }
}

/// Whose keys may be seen and changed: one's own, or (`None`) everybody's.
fn reach(principal: &Principal) -> Option<OwnerId> {
    (!principal.administers()).then(|| principal.user())
}

fn key_not_found(id: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("There is no key with the id {} that works.", printable(id)))
}

fn key(stored: StoredKey) -> Key {
    Key {
        id: stored.id,
        name: stored.name,
        user: stored.user,
        scopes: stored.scopes,
        tool: stored.limits.tool,
        own_tool_only: stored.limits.own_tool_only,
        namespaces: stored.limits.namespaces,
        default_namespace: stored.default_namespace,
        created_at: stored.created_at,
        expires_at: stored.expires_at,
        last_used_at: stored.last_used_at,
        revoked_at: stored.revoked_at,
    }
}
