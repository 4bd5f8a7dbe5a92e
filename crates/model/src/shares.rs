//! Namespaces that one user lets another see.

use serde::{Deserialize, Serialize};

use crate::fields::{Fields, word_field};
use crate::{Namespace, Timestamp, UserName};

/// What the other user may do with what is in a shared namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum ShareAccess {
    /// Find and read.
    Read,
    /// Also store, change and remove.
    Write,
}

impl ShareAccess {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Read, Self::Write].into_iter().find(|access| access.as_str() == text)
    }

    /// Reads the body of `PUT /v1/namespaces/{namespace}/shares/{user}`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("access")
    }
}

word_field!(ShareAccess, "read, write");

/// A namespace as another user reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedNamespace {
    /// Which one.
    pub namespace: Namespace,
    /// What may be done there.
    pub access: ShareAccess,
}

/// A namespace that a user shares with another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Share {
    /// Whose namespace it is.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub owner: UserName,
    /// Which one.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub namespace: Namespace,
    /// Who else sees it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub user: UserName,
    /// What they may do there.
    pub access: ShareAccess,
    /// Since when.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
}

/// What a user shares, and what is shared with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ShareList {
    /// What the user shares, by namespace and user.
    pub given: Vec<Share>,
    /// What others share with the user, by owner and namespace.
    pub received: Vec<Share>,
}
