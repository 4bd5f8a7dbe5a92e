//! Users: whose memories there are on a server.

use serde::{Deserialize, Serialize};

use crate::fields::{Field, Fields};
use crate::tags::Word;
use crate::{Error, Timestamp};

/// What a user is called, and how: 1 to 50 of `a-z 0-9 _ : -`, one user each.
pub type UserName = Word<50>;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct User {
    /// What the user is called.
    #[cfg_attr(feature = "openapi", schema(value_type = String, max_length = 50, pattern = "^[a-z0-9_:\\-]+$", example = "anna"))]
    pub name: UserName,
    /// Whether the user administers the server: other users, everybody's keys, the audit.
    pub admin: bool,
    /// When the user was added.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// How many memories the user has.
    pub memories: u64,
    /// How many conversations.
    pub conversations: u64,
    /// How many keys that work.
    pub keys: u64,
}

/// All users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserList {
    /// The users, oldest first.
    pub users: Vec<User>,
}

/// A user who is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// What the user is called.
    pub name: UserName,
    /// Whether the user administers the server.
    pub admin: bool,
}

impl NewUser {
    /// Reads the body of `POST /v1/users`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let admin = fields.nullable("admin").flatten().unwrap_or(false);
        Some(Self { name: fields.required("name")?, admin })
    }
}

/// What becomes of the memories and conversations of a user who is removed. There is no default: nothing of a person is
/// removed by leaving something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Legacy {
    /// They are deleted for good.
    Delete,
    /// They go to this user.
    HandOverTo(UserName),
}

impl Legacy {
    /// Reads the query of `DELETE /v1/users/{name}`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let heir = fields.optional::<UserName>("hand_over_to");
        match (fields.optional::<String>("memories").as_deref(), heir) {
            (None, Some(heir)) => Some(Self::HandOverTo(heir)),
            (Some("delete"), None) => Some(Self::Delete),
            (Some("delete"), Some(_)) => {
                fields.fail("hand_over_to", "must not be given together with memories=delete");
                None
            }
            (Some(_), _) => {
                fields.fail("memories", "must be delete");
                None
            }
            (None, None) => {
                fields.fail("memories", "must be delete, unless hand_over_to names the user who gets them");
                None
            }
        }
    }
}

/// What a removed user left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Removed {
    /// Memories that were deleted or handed over.
    pub memories: u64,
    /// Conversations that were deleted or handed over.
    pub conversations: u64,
    /// Of these, how many got a new id because the heir had one of the same id.
    pub renamed: u64,
}

impl Error {
    /// `not_found` for a user.
    pub fn user_not_found(name: &str) -> Self {
        Self::new(crate::ErrorCode::NotFound, format!("There is no user {name}."))
    }
}

/// Reads what a caller calls a user.
pub fn user_name(text: &str) -> Option<UserName> {
    UserName::from_text(text).ok()
}
