//! The verbs of whoever looks after users, keys and what they may see.

use async_trait::async_trait;
use omp_model::audit::{AuditPage, AuditQuery};
use omp_model::counts::{Affected, Stats, TagList};
use omp_model::keys::{KeyList, KeyWithSecret, RotateKey};
use omp_model::shares::{Share, ShareList};
use omp_model::users::{Legacy, Removed, UserList};
use omp_model::{
    Error, ErrorCode, Namespace, NamespacePattern, NewKey, NewUser, Result, ShareAccess, User, UserName,
};
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::http::put;
use crate::{Embedded, Http};

/// Users, keys, whole namespaces and what is shared. Every carrier gives the same answers and the same errors.
#[async_trait]
pub trait AccessApi: Send + Sync {
    /// Adds a user, who has no key yet.
    async fn create_user(&self, new: NewUser) -> Result<User>;

    /// Every user.
    async fn list_users(&self) -> Result<UserList>;

    /// Removes a user with all keys; what the user has is deleted or handed over.
    async fn delete_user(&self, name: &str, legacy: Legacy) -> Result<Removed>;

    /// Makes a key; the answer is the only place that its secret is in.
    async fn create_key(&self, new: NewKey) -> Result<KeyWithSecret>;

    /// One's own keys; for administrators everybody's.
    async fn list_keys(&self) -> Result<KeyList>;

    /// Stops a key at once.
    async fn revoke_key(&self, id: &str) -> Result<()>;

    /// Gives a key a new secret.
    async fn rotate_key(&self, id: &str, rotate: RotateKey) -> Result<KeyWithSecret>;

    /// The tags, the most used first.
    async fn list_tags(&self) -> Result<TagList>;

    /// How much there is.
    async fn stats(&self) -> Result<Stats>;

    /// Moves what is in a namespace to another one; tells how many memories there were.
    async fn move_namespace(&self, from: &Namespace, to: Option<&Namespace>) -> Result<u64>;

    /// Deletes what is in a namespace for good; tells how many memories there were.
    async fn delete_namespace(&self, namespace: &Namespace) -> Result<u64>;

    /// What the user shares, and what is shared with them.
    async fn list_shares(&self) -> Result<ShareList>;

    /// Shares a namespace with another user.
    async fn share(&self, namespace: &Namespace, user: &UserName, access: ShareAccess) -> Result<Share>;

    /// Ends a share.
    async fn unshare(&self, namespace: &Namespace, user: &UserName) -> Result<()>;

    /// What was done, newest first.
    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage>;
}

#[async_trait]
impl AccessApi for Embedded {
    async fn create_user(&self, new: NewUser) -> Result<User> {
        self.service.create_user(self.principal.clone(), new).await
    }

    async fn list_users(&self) -> Result<UserList> {
        self.service.list_users(self.principal.clone()).await
    }

    async fn delete_user(&self, name: &str, legacy: Legacy) -> Result<Removed> {
        self.service.delete_user(self.principal.clone(), name, legacy).await
    }

    async fn create_key(&self, new: NewKey) -> Result<KeyWithSecret> {
        self.service.create_key(self.principal.clone(), new).await
    }

    async fn list_keys(&self) -> Result<KeyList> {
        self.service.list_keys(self.principal.clone()).await
    }

    async fn revoke_key(&self, id: &str) -> Result<()> {
        self.service.revoke_key(self.principal.clone(), id).await
    }

    async fn rotate_key(&self, id: &str, rotate: RotateKey) -> Result<KeyWithSecret> {
        self.service.rotate_key(self.principal.clone(), id, rotate).await
    }

    async fn list_tags(&self) -> Result<TagList> {
        self.service.list_tags(self.principal.clone()).await
    }

    async fn stats(&self) -> Result<Stats> {
        self.service.stats(self.principal.clone()).await
    }

    async fn move_namespace(&self, from: &Namespace, to: Option<&Namespace>) -> Result<u64> {
        self.service.move_namespace(self.principal.clone(), from.as_str(), to.cloned()).await
    }

    async fn delete_namespace(&self, namespace: &Namespace) -> Result<u64> {
        self.service.delete_namespace(self.principal.clone(), namespace.as_str()).await
    }

    async fn list_shares(&self) -> Result<ShareList> {
        self.service.list_shares(self.principal.clone()).await
    }

    async fn share(&self, namespace: &Namespace, user: &UserName, access: ShareAccess) -> Result<Share> {
        let (namespace, user) = (namespace.as_str(), user.as_str());
        self.service.share_namespace(self.principal.clone(), namespace, user, access).await
    }

    async fn unshare(&self, namespace: &Namespace, user: &UserName) -> Result<()> {
        self.service.unshare_namespace(self.principal.clone(), namespace.as_str(), user.as_str()).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        self.service.audit(self.principal.clone(), query).await
    }
}

#[async_trait]
impl AccessApi for Http {
    async fn create_user(&self, new: NewUser) -> Result<User> {
        let body = json!({"name": new.name, "admin": new.admin});
        self.json(self.request(Method::POST, "users").json(&body)).await
    }

    async fn list_users(&self) -> Result<UserList> {
        self.json(self.request(Method::GET, "users")).await
    }

    async fn delete_user(&self, name: &str, legacy: Legacy) -> Result<Removed> {
        let path = segment("users", name).ok_or_else(|| Error::user_not_found(name))?;
        let query = match legacy {
            Legacy::Delete => ("memories", "delete".to_owned()),
            Legacy::HandOverTo(heir) => ("hand_over_to", heir.to_string()),
        };
        // What a user has is removed piece by piece; that takes as long as it is large.
        self.long(self.request(Method::DELETE, &path).query(&[query])).await
    }

    async fn create_key(&self, new: NewKey) -> Result<KeyWithSecret> {
        let mut body = Map::new();
        put(&mut body, "name", Some(&new.name));
        put(&mut body, "user", new.user.as_ref());
        put(&mut body, "scopes", Some(new.scopes));
        put(&mut body, "tool", new.tool.as_ref());
        put(&mut body, "own_tool_only", Some(new.own_tool_only));
        let patterns: Vec<&str> = new.namespaces.iter().map(NamespacePattern::as_str).collect();
        put(&mut body, "namespaces", Some(patterns));
        put(&mut body, "default_namespace", new.default_namespace.as_ref());
        put(&mut body, "expires_at", new.expires_at);
        self.json(self.request(Method::POST, "keys").json(&Value::Object(body))).await
    }

    async fn list_keys(&self) -> Result<KeyList> {
        self.json(self.request(Method::GET, "keys")).await
    }

    async fn revoke_key(&self, id: &str) -> Result<()> {
        let path = segment("keys", id).ok_or_else(|| key_not_found(id))?;
        self.emptied(self.request(Method::DELETE, &path)).await
    }

    async fn rotate_key(&self, id: &str, rotate: RotateKey) -> Result<KeyWithSecret> {
        let path = segment("keys", id).ok_or_else(|| key_not_found(id))? + "/rotate";
        let body = json!({"grace_seconds": rotate.grace_seconds});
        self.json(self.request(Method::POST, &path).json(&body)).await
    }

    async fn list_tags(&self) -> Result<TagList> {
        self.json(self.request(Method::GET, "tags")).await
    }

    async fn stats(&self) -> Result<Stats> {
        self.json(self.request(Method::GET, "stats")).await
    }

    async fn move_namespace(&self, from: &Namespace, to: Option<&Namespace>) -> Result<u64> {
        let request = self.request(Method::POST, &format!("namespaces/{from}/move")).json(&json!({"to": to}));
        self.long(request).await.map(|affected: Affected| affected.memories)
    }

    async fn delete_namespace(&self, namespace: &Namespace) -> Result<u64> {
        let request = self.request(Method::DELETE, &format!("namespaces/{namespace}"));
        self.long(request).await.map(|affected: Affected| affected.memories)
    }

    async fn list_shares(&self) -> Result<ShareList> {
        self.json(self.request(Method::GET, "shares")).await
    }

    async fn share(&self, namespace: &Namespace, user: &UserName, access: ShareAccess) -> Result<Share> {
        let path = format!("namespaces/{namespace}/shares/{user}");
        self.json(self.request(Method::PUT, &path).json(&json!({"access": access}))).await
    }

    async fn unshare(&self, namespace: &Namespace, user: &UserName) -> Result<()> {
        let path = format!("namespaces/{namespace}/shares/{user}");
        self.emptied(self.request(Method::DELETE, &path)).await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        let mut pairs = vec![("limit", query.page().to_string())];
        pairs.extend(query.user.iter().map(|user| ("user", user.to_string())));
        pairs.extend(query.action.iter().map(|action| ("action", action.as_str().to_owned())));
        pairs.extend(query.since.iter().map(|at| ("since", at.to_string())));
        pairs.extend(query.until.iter().map(|at| ("until", at.to_string())));
        pairs.extend(query.before.iter().map(|number| ("before", number.to_string())));
        self.json(self.request(Method::GET, "audit").query(&pairs)).await
    }
}

impl Http {
    /// The answer to what may take as long as the data is large.
    async fn long<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let response = self.send(request).await?;
        let broken = |_| Error::new(ErrorCode::Unavailable, "The server's answer broke off.");
        response.json().await.map_err(broken)
    }
}

fn key_not_found(id: &str) -> Error {
    let id: String = id.chars().filter(|c| !c.is_control()).take(40).collect();
    Error::new(ErrorCode::NotFound, format!("There is no key with the id {id} that works."))
}

/// A name as part of a path; anything that could be another path is none.
fn segment(kind: &str, name: &str) -> Option<String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-');
    (!name.is_empty() && name.bytes().all(plain)).then(|| format!("{kind}/{name}"))
}
