//! Users and keys.

use clap::{Args, Subcommand};
use omp_model::audit::Action;
use omp_model::keys::KeyName;
use omp_model::{Namespace, NamespacePattern, Scope, Timestamp, ToolName, UserName};

use super::memories::{namespace, time, tool};

pub(super) fn user(text: &str) -> Result<UserName, String> {
    UserName::new(text)
}

fn key_name(text: &str) -> Result<KeyName, String> {
    KeyName::new(text)
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::ALL
        .into_iter()
        .find(|scope| scope.as_str() == text)
        .ok_or_else(|| "use read, write or admin".into())
}

fn pattern(text: &str) -> Result<NamespacePattern, String> {
    NamespacePattern::new(text)
}

/// Who has memories on this server
#[derive(Debug, Subcommand)]
pub(crate) enum Users {
    /// Add a user, with a first key
    Add {
        /// What the user is called: a to z, digits, `_`, `:`, `-`
        #[arg(value_parser = user)]
        name: UserName,
        /// The user administers the server: users, everybody's keys, the audit
        #[arg(long)]
        admin: bool,
        /// Make no key
        #[arg(long)]
        no_key: bool,
    },
    /// List users
    List,
    /// Remove a user with all keys; say what becomes of the memories
    Remove(RemoveUser),
}

#[derive(Debug, Args)]
pub(crate) struct RemoveUser {
    /// The user
    #[arg(value_parser = user)]
    pub(crate) name: UserName,
    /// Delete everything that the user has, for good
    #[arg(long, required_unless_present = "hand_over_to", conflicts_with = "hand_over_to")]
    pub(crate) delete_memories: bool,
    /// Give everything that the user has to this one
    #[arg(long, value_parser = user, value_name = "USER")]
    pub(crate) hand_over_to: Option<UserName>,
}

/// Where memories belong to
#[derive(Debug, Subcommand)]
pub(crate) enum Namespaces {
    /// List namespaces, with how many memories each has
    List,
    /// Move every memory of a namespace to another one; into an empty one this is a rename
    Move {
        /// The namespace
        #[arg(value_parser = namespace)]
        from: Namespace,
        /// The other namespace; without it, the default one
        #[arg(value_parser = namespace)]
        to: Option<Namespace>,
    },
    /// Delete every memory of a namespace, for good
    Delete {
        /// The namespace
        #[arg(value_parser = namespace)]
        namespace: Namespace,
        /// Yes, all of them
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Let another user see a namespace, what is in it now and later
    Share {
        /// The namespace
        #[arg(value_parser = namespace)]
        namespace: Namespace,
        /// The other user
        #[arg(value_parser = user)]
        user: UserName,
        /// Let them store, change and remove, too
        #[arg(long)]
        write: bool,
    },
    /// End a share
    Unshare {
        /// The namespace
        #[arg(value_parser = namespace)]
        namespace: Namespace,
        /// The other user
        #[arg(value_parser = user)]
        user: UserName,
    },
    /// List what you share, and what others share with you
    Shares,
}

/// What tools and people get in with
#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make a key; its secret is printed this once
    Create(CreateKey),
    /// List keys
    List,
    /// Stop a key at once
    Revoke {
        /// The key's id
        id: String,
    },
    /// Give a key a new secret
    Rotate {
        /// The key's id
        id: String,
        /// How many seconds the former secret goes on working
        #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=2_592_000), value_name = "SECONDS")]
        grace: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct CreateKey {
    /// What the key is called, such as "Cursor on the laptop"
    #[arg(value_parser = key_name)]
    pub(crate) name: KeyName,
    /// Whose it is; by default yours
    #[arg(long, value_parser = user)]
    pub(crate) user: Option<UserName>,
    /// What it may be used for: read, write, admin (may be repeated); by default read and write
    #[arg(long = "scope", value_parser = scope)]
    pub(crate) scopes: Vec<Scope>,
    /// The tool that is stamped on what it writes; it changes only that tool's memories
    #[arg(long, value_parser = tool)]
    pub(crate) tool: Option<ToolName>,
    /// See only that tool's memories
    #[arg(long, requires = "tool")]
    pub(crate) own_tool_only: bool,
    /// Limit it to this namespace, or to all that begin so: `project:*` (may be repeated)
    #[arg(long = "namespace", short, value_parser = pattern, value_name = "PATTERN")]
    pub(crate) namespaces: Vec<NamespacePattern>,
    /// Where memories go that name no namespace
    #[arg(long, value_parser = namespace, value_name = "NAMESPACE")]
    pub(crate) default_namespace: Option<Namespace>,
    /// When it stops working: a date or date-time
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) expires_at: Option<Timestamp>,
}

fn action(text: &str) -> Result<Action, String> {
    Action::parse(text).ok_or_else(|| format!("use one of {}", Action::ALL.map(Action::as_str).join(", ")))
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// Only what this user did
    #[arg(long, value_parser = user)]
    pub(crate) user: Option<UserName>,
    /// Only this, such as `delete_memory`
    #[arg(long, value_parser = action)]
    pub(crate) action: Option<Action>,
    /// Only at this time or later: a date or date-time
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Only at this time or earlier
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
    /// Only what has a smaller number
    #[arg(long, value_name = "NUMBER")]
    pub(crate) before: Option<u64>,
    /// How many at most
    #[arg(long, short, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) limit: u32,
}
