//! Keys: what they are called, what they may do, and their secret, which is shown once.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fields::{Field, Fields};
use crate::id::write_base36;
use crate::{KeyId, Namespace, RandomSource, Text, Timestamp, ToolName, UserName};

/// What a key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum Scope {
    /// Finding and reading.
    Read,
    /// Storing, changing and removing.
    Write,
    /// Keys and shares of the user; if the user administers the server, also users, everybody's keys and the audit.
    Admin,
}

impl Scope {
    /// All of them, in the order of their bits.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Admin];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Read => 1,
            Self::Write => 2,
            Self::Admin => 4,
        }
    }
}

impl Field for Scope {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.as_str() == text.trim())
            .ok_or_else(|| "must be one of read, write, admin".into())
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// Reading and writing: what a tool needs.
    pub const READ_WRITE: Self = Self(3);
    /// Everything.
    pub const ALL: Self = Self(7);

    /// These.
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }

    /// From the number by which they are stored.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 7)
    }

    /// The number by which they are stored.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether this one is among them.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// Without this one.
    #[must_use]
    pub const fn without(self, scope: Scope) -> Self {
        Self(self.0 & !scope.bit())
    }

    /// One after the other.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Scope>::deserialize(deserializer).map(Self::new)
    }
}

/// Namespaces by name: one (`home`), or all that begin so (`project:*`). `*` alone is every namespace, but not the
/// default one.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct NamespacePattern(String);

impl NamespacePattern {
    /// Takes the pattern, or says what is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        let name = text.strip_suffix('*').unwrap_or(&text);
        if name.is_empty() && text == "*" {
            return Ok(Self(text));
        }
        Namespace::new(name).map(|_| Self(text)).map_err(|_| {
            "must be a namespace such as `home`, or the beginning of several and `*`, such as `project:*`"
                .into()
        })
    }

    /// The pattern of one namespace.
    pub fn exactly(namespace: &Namespace) -> Self {
        Self(namespace.as_str().to_owned())
    }

    /// Whether a namespace is meant.
    pub fn matches(&self, namespace: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(beginning) => namespace.starts_with(beginning),
            None => namespace == self.0,
        }
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NamespacePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl<'de> Deserialize<'de> for NamespacePattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Field for NamespacePattern {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text.trim())
    }
}

/// What a key is called by its user: 1 to 100 characters.
pub type KeyName = Text<1, 100>;

/// Most namespace patterns of a key.
const MOST_PATTERNS: usize = 50;

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewKey {
    /// What it is called.
    pub name: KeyName,
    /// Whose it is; absent means whoever makes it.
    pub user: Option<UserName>,
    /// What it may be used for.
    pub scopes: Scopes,
    /// The tool that is stamped on what it writes.
    pub tool: Option<ToolName>,
    /// Whether it sees only that tool's memories.
    pub own_tool_only: bool,
    /// The namespaces that it is limited to; none means all.
    pub namespaces: Vec<NamespacePattern>,
    /// Where memories go that name no namespace.
    pub default_namespace: Option<Namespace>,
    /// When it stops working.
    pub expires_at: Option<Timestamp>,
}

impl NewKey {
    /// A key for reading and writing everything of one's own.
    pub fn new(name: KeyName) -> Self {
        Self {
            name,
            user: None,
            scopes: Scopes::READ_WRITE,
            tool: None,
            own_tool_only: false,
            namespaces: Vec::new(),
            default_namespace: None,
            expires_at: None,
        }
    }

    /// Reads the body of `POST /v1/keys`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let scopes = fields.nullable::<Vec<Scope>>("scopes").flatten();
        let mut new = Self {
            name: fields.required("name")?,
            user: fields.nullable("user").flatten(),
            scopes: scopes.map_or(Scopes::READ_WRITE, Scopes::new),
            tool: fields.nullable("tool").flatten(),
            own_tool_only: fields.nullable("own_tool_only").flatten().unwrap_or(false),
            namespaces: fields.nullable("namespaces").flatten().unwrap_or_default(),
            default_namespace: fields.nullable("default_namespace").flatten(),
            expires_at: fields.nullable("expires_at").flatten(),
        };
        for (field, what) in new.problems() {
            fields.fail(field, what);
        }
        new.namespaces.dedup();
        Some(new)
    }

    /// What does not go together, by field.
    pub fn problems(&self) -> Vec<(&'static str, &'static str)> {
        let mut problems = Vec::new();
        let limited = self.tool.is_some() || !self.namespaces.is_empty();
        if self.scopes.bits() == 0 {
            problems.push(("scopes", "must name at least one of read, write, admin"));
        }
        if self.scopes.has(Scope::Admin) && limited {
            // It could make itself a key without them.
            problems.push(("scopes", "must not have admin together with limits by tool or namespace"));
        }
        if self.own_tool_only && self.tool.is_none() {
            problems.push(("own_tool_only", "needs a tool"));
        }
        if self.namespaces.len() > MOST_PATTERNS {
            problems.push(("namespaces", "must be at most 50 patterns"));
        }
        let admitted =
            |name: &Namespace| self.namespaces.iter().any(|pattern| pattern.matches(name.as_str()));
        if self.default_namespace.as_ref().is_some_and(|name| !self.namespaces.is_empty() && !admitted(name))
        {
            problems.push(("default_namespace", "must be one of the namespaces that the key is limited to"));
        }
        problems
    }
}

/// A key as it is shown: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Key {
    /// Its id; the secret begins with `omp_` and the same sixteen characters.
    #[cfg_attr(feature = "openapi", schema(value_type = String, pattern = "^key_[a-z0-9]{16}$"))]
    pub id: KeyId,
    /// What it is called.
    #[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 100))]
    pub name: KeyName,
    /// Whose it is.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub user: UserName,
    /// What it may be used for.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Scope>))]
    pub scopes: Scopes,
    /// The tool that is stamped on what it writes. Only that tool's memories may be changed with it.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub tool: Option<ToolName>,
    /// Whether it sees only that tool's memories.
    pub own_tool_only: bool,
    /// The namespaces that it is limited to; empty means all.
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub namespaces: Vec<NamespacePattern>,
    /// Where memories go that name no namespace.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub default_namespace: Option<Namespace>,
    /// When it was made.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it stops working; `null` is never.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub revoked_at: Option<Timestamp>,
}

/// A key that was just made or got a new secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyWithSecret {
    /// The key.
    pub key: Key,
    /// What clients send. It is shown this once and cannot be read again.
    #[cfg_attr(feature = "openapi", schema(pattern = "^omp_[a-z0-9]{16}_[a-z0-9]{50}$"))]
    pub secret: String,
}

impl fmt::Debug for KeyWithSecret {
    /// Without the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyWithSecret").field("key", &self.key.id).finish_non_exhaustive()
    }
}

/// All keys that whoever asks may see.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KeyList {
    /// The keys, oldest first.
    pub keys: Vec<Key>,
}

/// How long the former secret of a key goes on working.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RotateKey {
    /// In seconds, at most thirty days.
    pub grace_seconds: u64,
}

impl RotateKey {
    /// The longest grace.
    pub const LONGEST: u64 = 30 * 24 * 3_600;

    /// Reads the body of `POST /v1/keys/{id}/rotate`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let grace_seconds = fields.nullable("grace_seconds").flatten().unwrap_or(0);
        if grace_seconds > Self::LONGEST {
            fields.fail("grace_seconds", format!("must be at most {}, thirty days", Self::LONGEST));
        }
        Some(Self { grace_seconds })
    }
}

/// What a client sends as its key: `omp_`, the sixteen characters of the key's id, `_`, and 256 random bits.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Digits that hold 128 bits in base 36.
const HALF: usize = 25;

impl Secret {
    /// What every such key begins with.
    pub const PREFIX: &'static str = "omp_";

    /// A new secret for a key.
    pub fn generate(key: KeyId, random: &dyn RandomSource) -> Self {
        let mut digits = [b'0'; 2 * HALF];
        for half in digits.chunks_mut(HALF) {
            let mut noise = [0_u8; 16];
            random.fill(&mut noise);
            write_base36(u128::from_le_bytes(noise), half);
        }
        let digits = std::str::from_utf8(&digits).expect("digits are ASCII");
        Self(format!("{}{}_{digits}", Self::PREFIX, key.body()))
    }

    /// The key that a secret says it belongs to; `None` when it has not the form of one.
    pub fn key_of(text: &str) -> Option<KeyId> {
        let (id, digits) = text.strip_prefix(Self::PREFIX)?.split_once('_')?;
        (digits.len() == 2 * HALF).then(|| KeyId::from_body(id)).flatten()
    }

    /// What is stored of a secret. It is random enough that no slow hash is needed.
    pub fn hash(text: &str) -> [u8; 32] {
        Sha256::digest(text).into()
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsRandom;

    #[test]
    fn a_secret_tells_its_key_and_nothing_else_is_one() {
        let id = KeyId::generate(Timestamp::from_millis(1), &OsRandom);
        let secret = Secret::generate(id, &OsRandom);
        assert_eq!(Secret::key_of(secret.expose()), Some(id));
        assert_ne!(secret, Secret::generate(id, &OsRandom));
        assert_eq!(format!("{secret:?}"), "<secret>");
        for other in ["", "omp_", "omp_x_y", &secret.expose()[1..], &secret.expose()[..70], "omp__"] {
            assert_eq!(Secret::key_of(other), None, "{other}");
        }
    }

    #[test]
    fn patterns_are_names_and_beginnings() {
        let matches = |pattern: &str, name: &str| NamespacePattern::new(pattern).unwrap().matches(name);
        assert!(matches("project:*", "project:x") && matches("*", "home") && matches("home", "home"));
        assert!(!matches("project:*", "projects") && !matches("home", "home2") && !matches("home", "ho"));
        for bad in ["", "a*b", "A", "**", "a b", "*a"] {
            assert!(NamespacePattern::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_does_not_go_together_is_named() {
        let read = |json: &str| {
            let mut fields = Fields::from_json(json).unwrap();
            let new = NewKey::read(&mut fields);
            fields.finish(new).map_err(|error| error.details.keys().cloned().collect::<Vec<_>>())
        };
        assert_eq!(read(r#"{"name":"x"}"#).unwrap().scopes, Scopes::READ_WRITE);
        assert_eq!(read(r#"{"name":"x","scopes":[]}"#).unwrap_err(), ["scopes"]);
        assert_eq!(read(r#"{"name":"x","scopes":["root"]}"#).unwrap_err(), ["scopes[0]"]);
        assert_eq!(read(r#"{"name":"x","scopes":["admin"],"tool":"t"}"#).unwrap_err(), ["scopes"]);
        assert_eq!(read(r#"{"name":"x","own_tool_only":true}"#).unwrap_err(), ["own_tool_only"]);
        assert_eq!(
            read(r#"{"name":"x","namespaces":["a:*"],"default_namespace":"b"}"#).unwrap_err(),
            ["default_namespace"]
        );
    }
}
