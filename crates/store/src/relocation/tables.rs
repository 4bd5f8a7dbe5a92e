//! All tables, and what becomes of each: it goes over as it is, or it follows from what does.
//!
//! Names and columns are those of PostgreSQL; where SQLite calls something otherwise, `sqlite/relocation.rs` knows. The
//! owner of a row that has a `pk` follows from that and is no column here.

use omp_model::OwnerId;

use super::row::Kind::{self, Bytes, Flag, Int, Text};
use crate::stored::{FILLING, pk_range};

/// A table whose rows go over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Users.
    Owners,
    /// Numbers of the database itself; [`MOVED_SETTINGS`] go over.
    Settings,
    /// The models that memories are embedded with.
    Spaces,
    /// Keys, by their hashes.
    Keys,
    /// What users share.
    Shares,
    /// What was done.
    Audit,
    /// What imports came in.
    Envelopes,
    /// What was removed.
    Tombstones,
    /// Conversations.
    Conversations,
    /// Memories.
    Memories,
    /// What memories were.
    Versions,
    /// The vectors that clients supplied.
    Embeddings,
    /// The vectors that were made.
    Vectors,
    /// Which memories wait for one.
    Backlog,
    /// What memories were imported from.
    Originals,
}

/// The settings that go over: which number the last user had, and how far the backlogs of new spaces are filled. The
/// others speak of the database that they are in: which analysis made its words, how often its users or its file have
/// changed, what is being moved into it.
pub const MOVED_SETTINGS: [&str; 3] = ["last_owner", FILLING[0], FILLING[1]];

/// What does not go over: tables that follow from others, and columns that mean something in one database only.
pub const STAYS: [(&str, &str); 23] = [
    ("words", "the word index: made of the memories by the target"),
    ("words_config", "a part of SQLite's word index"),
    ("words_data", "a part of SQLite's word index"),
    ("words_docsize", "a part of SQLite's word index"),
    ("words_idx", "a part of SQLite's word index"),
    ("facets", "the counters of lists: counted by the target"),
    ("facet_entries", "SQLite's lists: made of the memories by the target"),
    ("memory_tags", "PostgreSQL's lists by tag: made of the memories by the target"),
    ("conversation_words", "the word index of conversations: made by the target in the background"),
    ("conversation_words_config", "a part of SQLite's word index"),
    ("conversation_words_data", "a part of SQLite's word index"),
    ("conversation_words_docsize", "a part of SQLite's word index"),
    ("conversation_words_idx", "a part of SQLite's word index"),
    ("conversation_heads", "what SQLite's word index knows of conversations"),
    ("conversation_totals", "counted by the target"),
    ("conversation_vectors", "vectors of passages: made by the target in the background"),
    ("conversation_backlog", "which conversations wait for one of these: all of them, at first"),
    ("vector_windows", "what pgvector searches: made of the vectors by the target"),
    ("budgets", "how often keys have asked lately"),
    ("jobs", "what the servers of a database are doing; nobody goes on with it elsewhere"),
    ("job_conversations", "what these jobs are still to read"),
    ("writers", "which servers write to a database just now"),
    ("open_memory", "the schema's version"),
];

/// Columns that mean something in one database only.
pub const STAYS_COLUMNS: [(&str, &str, &str); 2] = [
    ("backlog", "taken_until", "until when a server is at work on it: none is"),
    ("vectors", "windowed", "whether pgvector has it: not yet"),
];

/// What a table is like.
struct Spec {
    name: &'static str,
    columns: Columns,
    /// So many columns at the beginning tell rows apart.
    key: usize,
}

type Columns = &'static [(&'static str, Kind)];

const OWNERS: Columns =
    &[("owner", Int), ("name", Text), ("next_pk", Int), ("seq", Int), ("created_at", Int), ("admin", Flag)];
const SETTINGS: Columns = &[("name", Text), ("value", Int)];
const SPACES: Columns =
    &[("slot", Int), ("name", Text), ("revision", Text), ("dimensions", Int), ("active", Flag)];
const KEYS: Columns = &[
    ("id", Text),
    ("owner", Int),
    ("name", Text),
    ("hash", Bytes),
    ("former_hash", Bytes),
    ("former_until", Int),
    ("scopes", Int),
    ("tool", Text),
    ("own_tool_only", Flag),
    ("namespaces", Text),
    ("default_namespace", Text),
    ("created_at", Int),
    ("expires_at", Int),
    ("revoked_at", Int),
    ("last_used_at", Int),
];
const SHARES: Columns =
    &[("owner", Int), ("namespace", Text), ("guest", Int), ("may_write", Flag), ("created_at", Int)];
const AUDIT: Columns = &[
    ("number", Int),
    ("at", Int),
    ("actor", Int),
    ("key", Text),
    ("action", Int),
    ("target", Text),
    ("n", Int),
];
const ENVELOPES: Columns =
    &[("envelope", Int), ("owner", Int), ("format", Text), ("text", Text), ("created_at", Int)];
const TOMBSTONES: Columns = &[("seq", Int), ("owner", Int), ("id", Text), ("pk", Int), ("deleted_at", Int)];
const CONVERSATIONS: Columns = &[
    ("pk", Int),
    ("id", Text),
    ("model", Text),
    ("topic", Text),
    ("message_count", Int),
    ("source_url", Text),
    ("created_at", Int),
    ("updated_at", Int),
    ("messages", Text),
    ("origin", Text),
    ("tool", Text),
];
const MEMORIES: Columns = &[
    ("pk", Int),
    ("id", Text),
    ("type", Int),
    ("tool", Text),
    ("session_id", Text),
    ("user_id", Text),
    ("observed_at", Int),
    ("namespace", Text),
    ("tags", Text),
    ("created_at", Int),
    ("updated_at", Int),
    ("expires_at", Int),
    ("seq", Int),
    ("superseded_at", Int),
    ("superseded_by", Text),
    ("metadata", Text),
    ("content", Text),
];
const VERSIONS: Columns =
    &[("pk", Int), ("version", Int), ("valid_from", Int), ("valid_to", Int), ("memory", Text)];
const EMBEDDINGS: Columns = &[("pk", Int), ("vector", Bytes)];
const VECTORS: Columns = &[("pk", Int), ("slot", Int), ("seq", Int), ("vector", Bytes)];
const BACKLOG: Columns = &[("pk", Int), ("slot", Int)];
const ORIGINALS: Columns = &[("pk", Int), ("format", Text), ("envelope", Int), ("head", Text), ("raw", Text)];

impl Table {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Owners,
        Self::Settings,
        Self::Spaces,
        Self::Keys,
        Self::Shares,
        Self::Audit,
        Self::Envelopes,
        Self::Tombstones,
        Self::Conversations,
        Self::Memories,
        Self::Versions,
        Self::Embeddings,
        Self::Vectors,
        Self::Backlog,
        Self::Originals,
    ];

    /// What each owner has, in the order in which it comes: a memory names the envelope that it came in.
    pub(super) const OWNED: [Self; 4] =
        [Self::Envelopes, Self::Memories, Self::Conversations, Self::Tombstones];

    const fn spec(self) -> Spec {
        let (name, columns, key) = match self {
            Self::Owners => ("owners", OWNERS, 1),
            Self::Settings => ("settings", SETTINGS, 1),
            Self::Spaces => ("vector_spaces", SPACES, 1),
            Self::Keys => ("keys", KEYS, 1),
            Self::Shares => ("shares", SHARES, 3),
            Self::Audit => ("audit", AUDIT, 1),
            Self::Envelopes => ("envelopes", ENVELOPES, 2),
            Self::Tombstones => ("tombstones", TOMBSTONES, 2),
            Self::Conversations => ("conversations", CONVERSATIONS, 1),
            Self::Memories => ("memories", MEMORIES, 1),
            Self::Versions => ("versions", VERSIONS, 2),
            Self::Embeddings => ("embeddings", EMBEDDINGS, 1),
            Self::Vectors => ("vectors", VECTORS, 2),
            Self::Backlog => ("backlog", BACKLOG, 2),
            Self::Originals => ("originals", ORIGINALS, 1),
        };
        Spec { name, columns, key }
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.spec().name
    }

    /// Its columns.
    pub(crate) const fn columns(self) -> Columns {
        self.spec().columns
    }

    /// The names of its columns.
    pub fn column_names(self) -> impl Iterator<Item = &'static str> {
        self.columns().iter().map(|(name, _)| *name)
    }

    /// How many columns at the beginning tell rows apart.
    pub(crate) const fn key(self) -> usize {
        self.spec().key
    }

    /// Whether the owner follows from the row number.
    pub(crate) const fn has_pk(self) -> bool {
        matches!(
            self,
            Self::Conversations
                | Self::Memories
                | Self::Versions
                | Self::Embeddings
                | Self::Vectors
                | Self::Backlog
                | Self::Originals
        )
    }

    /// The tables that make up what a root table's rows are.
    pub(crate) const fn parts(self) -> &'static [Self] {
        match self {
            Self::Memories => &[
                Self::Memories,
                Self::Versions,
                Self::Embeddings,
                Self::Vectors,
                Self::Backlog,
                Self::Originals,
            ],
            Self::Conversations => &[Self::Conversations],
            Self::Tombstones => &[Self::Tombstones],
            Self::Envelopes => &[Self::Envelopes],
            Self::Audit => &[Self::Audit],
            _ => &[],
        }
    }

    /// The position before the first that a root table can have, and the last.
    pub(crate) fn bounds(self, owner: Option<OwnerId>) -> (i64, i64) {
        match owner {
            Some(owner) if self.has_pk() => pk_range(owner),
            _ => (0, i64::MAX),
        }
    }

    /// About how many bytes a row of a root table `t` has, with what belongs to it; in the SQL of both engines.
    pub(crate) const fn weight(self) -> &'static str {
        match self {
            Self::Memories => {
                "octet_length(t.content) + octet_length(t.metadata) \
                 + coalesce((SELECT octet_length(o.raw) FROM originals AS o WHERE o.pk = t.pk OWNED_BY o), 0) \
                 + coalesce((SELECT sum(octet_length(v.memory)) FROM versions AS v WHERE v.pk = t.pk OWNED_BY v), 0)"
            }
            Self::Conversations => "octet_length(t.messages) + coalesce(octet_length(t.origin), 0)",
            Self::Envelopes => "octet_length(t.text)",
            _ => "0",
        }
    }
}
