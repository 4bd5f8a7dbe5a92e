//! Sharing namespaces with other users, and looking at what others share.

use std::collections::BTreeSet;

use omp_model::api::SearchResponse;
use omp_model::shares::{Share, ShareList};
use omp_model::{
    Error, ErrorCode, Namespace, OwnerId, Principal, Result, Scope, SearchQuery, ShareAccess,
    SharedNamespace, UserName,
};

use crate::Service;
use crate::access::{require, require_namespace, require_own};
use crate::failure::shown;
use crate::memories::printable;

impl Service {
    /// Shares a namespace with another user, or changes what that user may do there. What is in it later is shared too.
    pub async fn share_namespace(
        &self,
        principal: Principal,
        namespace: &str,
        user: &str,
        access: ShareAccess,
    ) -> Result<Share> {
        require(&principal, Scope::Admin)?;
        require_own(&principal)?;
        let namespace = name(namespace)?;
        require_namespace(&principal, Some(&namespace))?;
        let users = self.store.users(self.clock.now()).await.map_err(shown)?;
        let nobody = || Error::user_not_found(&printable(user));
        let other = users.iter().find(|stored| stored.user.name.as_str() == user).ok_or_else(nobody)?;
        if other.owner == principal.user() {
            return Err(Error::invalid("user", "must be another user: what is yours you see anyway"));
        }
        let now = self.clock.now();
        if !self.store.share(&principal, &namespace, other.owner, access, now).await.map_err(shown)? {
            return Err(nobody());
        }
        let shares = self.store.shares().await.map_err(shown)?;
        let made = shares.into_iter().find(|stored| {
            (stored.owner, stored.user) == (principal.owner, other.owner)
                && stored.share.namespace == namespace
        });
        made.map(|stored| stored.share).ok_or_else(nobody)
    }

    /// Ends a share.
    pub async fn unshare_namespace(&self, principal: Principal, namespace: &str, user: &str) -> Result<()> {
        require(&principal, Scope::Admin)?;
        require_own(&principal)?;
        let namespace = name(namespace)?;
        require_namespace(&principal, Some(&namespace))?;
        let missing = || {
            let what = format!("The namespace {namespace} is not shared with {}.", printable(user));
            Error::new(ErrorCode::NotFound, what)
        };
        let ring = self.ring().await?;
        let known = ring.shares.iter().find(|stored| {
            stored.owner == principal.owner
                && stored.share.namespace == namespace
                && stored.share.user.as_str() == user
        });
        let other = known.ok_or_else(missing)?.user;
        let ended = self.store.unshare(&principal, &namespace, other, self.clock.now());
        if ended.await.map_err(shown)? { Ok(()) } else { Err(missing()) }
    }

    /// What the user shares and what is shared with them, as far as the key reaches such namespaces.
    pub async fn list_shares(&self, principal: Principal) -> Result<ShareList> {
        require(&principal, Scope::Read)?;
        let ring = self.ring().await?;
        let within =
            |share: &&Share| principal.sight().is_none_or(|limits| limits.admits(Some(&share.namespace)));
        let of = |whose: &dyn Fn(&omp_store::StoredShare) -> OwnerId| -> Vec<Share> {
            let found = ring.shares.iter().filter(|stored| whose(stored) == principal.user());
            found.map(|stored| &stored.share).filter(within).cloned().collect()
        };
        Ok(ShareList { given: of(&|stored| stored.owner), received: of(&|stored| stored.user) })
    }

    /// The same person or tool among the memories that another user shares. Who shares nothing is not told from who is
    /// not there.
    pub async fn among(&self, principal: &Principal, owner: &str) -> Result<Principal> {
        let ring = self.ring().await?;
        let mut shares = Vec::new();
        let mut number = None;
        for stored in &ring.shares {
            if stored.user == principal.user() && stored.share.owner.as_str() == owner {
                number = Some(stored.owner);
                let Share { namespace, access, .. } = &stored.share;
                shares.push(SharedNamespace { namespace: namespace.clone(), access: *access });
            }
        }
        number.and_then(|number| principal.among(number, &shares)).ok_or_else(|| {
            let what = format!("Nobody called {} shares anything that this key reaches.", printable(owner));
            Error::new(ErrorCode::NotFound, what)
        })
    }

    /// Finds the best memories among one's own and all that others share. Whose each is stands in `owners`.
    pub(crate) async fn search_with_shared(
        &self,
        principal: Principal,
        query: &SearchQuery,
    ) -> Result<SearchResponse> {
        require_own(&principal)?;
        let own = self.search_of(principal.clone(), query).await?;
        let ring = self.ring().await?;
        let received = ring.shares.iter().filter(|stored| stored.user == principal.user());
        let sharers: BTreeSet<&UserName> = received.map(|stored| &stored.share.owner).collect();
        let me = self.name_of(&principal).await?;
        let mut answers = vec![(me, own)];
        for owner in sharers {
            // What lies beyond the limits of this key is passed over.
            let Ok(guest) = self.among(&principal, owner.as_str()).await else { continue };
            answers.push((owner.clone(), self.search_of(guest, query).await?));
        }
        Ok(merged(&answers, query.limit as usize))
    }

    async fn name_of(&self, principal: &Principal) -> Result<UserName> {
        if let Some(grant) = principal.grant() {
            return Ok(grant.user_name.clone());
        }
        let users = self.store.users(self.clock.now()).await.map_err(shown)?;
        let own = users.into_iter().find(|stored| stored.owner == principal.user());
        own.map(|stored| stored.user.name).ok_or_else(Error::internal)
    }
}

/// A namespace out of a path.
pub(crate) fn name(text: &str) -> Result<Namespace> {
    Namespace::new(text).map_err(|what| Error::invalid("namespace", what))
}

/// One answer out of several: by score where all have scores, else one of each in turn. A score counts words against
/// the memories of one owner, so between owners it is an estimate.
fn merged(answers: &[(UserName, SearchResponse)], limit: usize) -> SearchResponse {
    struct Hit {
        answer: usize,
        place: usize,
        score: Option<f32>,
    }
    let scored = answers.iter().all(|(_, answer)| answer.scores.is_some());
    let mut hits: Vec<Hit> = Vec::new();
    for (number, (_, answer)) in answers.iter().enumerate() {
        let score = |place: usize| answer.scores.as_ref().and_then(|scores| scores.get(place).copied());
        let found =
            (0..answer.memories.len()).map(|place| Hit { answer: number, place, score: score(place) });
        hits.extend(found);
    }
    if scored {
        hits.sort_by(|a, b| b.score.unwrap_or(0.0).total_cmp(&a.score.unwrap_or(0.0)));
    } else {
        hits.sort_by_key(|hit| (hit.place, hit.answer));
    }
    hits.truncate(limit);
    let explained = answers.iter().all(|(_, answer)| answer.explain.is_some());
    let of = |hit: &Hit| &answers[hit.answer].1;
    SearchResponse {
        memories: hits.iter().map(|hit| of(hit).memories[hit.place].clone()).collect(),
        total: answers.iter().map(|(_, answer)| answer.total).sum(),
        // The least of the modes that ran, and why it was no more.
        mode_used: answers
            .iter()
            .find(|(_, answer)| answer.degraded.is_some())
            .map_or(answers[0].1.mode_used, |(_, answer)| answer.mode_used),
        scores: scored.then(|| hits.iter().filter_map(|hit| hit.score).collect()),
        explain: explained.then(|| {
            hits.iter().filter_map(|hit| of(hit).explain.as_ref()?.get(hit.place).cloned()).collect()
        }),
        model: answers.iter().find_map(|(_, answer)| answer.model.clone()),
        degraded: answers.iter().find_map(|(_, answer)| answer.degraded.clone()),
        owners: Some(hits.iter().map(|hit| answers[hit.answer].0.clone()).collect()),
    }
}
