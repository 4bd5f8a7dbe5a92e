//! Rows that go into a table from arrays: a statement for each table, or one for all that belongs to new memories.
//!
//! What a statement costs hardly depends on how many rows it brings, so new memories come by one for all tables.

use std::sync::LazyLock;

use omp_model::OwnerId;

use super::session::{Owned, Session, number};
use super::tx::{NOT_BEING_FILLED, Numbers};
use super::vectors;
use crate::Result;

/// How rows get into a table.
pub(super) struct Insert {
    /// The table and its columns.
    into: &'static str,
    /// Whether the first column is that of the owner, who is told once.
    owned: bool,
    /// The types of the other columns; an array is sent of each.
    types: &'static [&'static str],
    /// What a row does that is there already, if not fail.
    on_conflict: &'static str,
}

/// Rows on their way into a table.
pub(super) struct NewRows {
    insert: &'static Insert,
    /// How many there are.
    count: usize,
    /// An array for each column.
    arrays: Vec<Owned>,
}

pub(super) static MEMORIES: Insert = Insert {
    into: "memories (owner, pk, id, type, tool, session_id, user_id, observed_at, namespace, tags, created_at, \
           updated_at, expires_at, seq, metadata, content)",
    owned: true,
    types: &[
        "bigint", "text", "smallint", "text", "text", "text", "bigint", "text", "text", "bigint", "bigint",
        "bigint", "bigint", "text", "text",
    ],
    on_conflict: "",
};

pub(super) static TAGS: Insert = Insert {
    into: "memory_tags (owner, tag, created_at, id, pk)",
    owned: true,
    types: &["text", "bigint", "text", "bigint"],
    on_conflict: "",
};

pub(super) static WORDS: Insert = Insert {
    into: "words (owner, pk, n, t)",
    owned: true,
    types: &["bigint", "integer", "tsvector"],
    on_conflict: "",
};

pub(super) static EMBEDDINGS: Insert = Insert {
    into: "embeddings (owner, pk, vector)",
    owned: true,
    types: &["bigint", "bytea"],
    on_conflict: "",
};

pub(super) static FACETS: Insert = Insert {
    into: "facets (owner, kind, value, n)",
    owned: false,
    types: &["integer", "text", "text", "bigint"],
    on_conflict: "ON CONFLICT (owner, kind, value) DO UPDATE SET n = facets.n + excluded.n",
};

pub(super) static AUDIT: Insert = Insert {
    into: "audit (at, actor, key, action, target, n)",
    owned: false,
    types: &["bigint", "integer", "text", "smallint", "text", "bigint"],
    on_conflict: "",
};

impl Insert {
    /// Rows from their columns, each of them an array of `count` values.
    pub(super) fn rows(&'static self, count: usize, arrays: Vec<Owned>) -> NewRows {
        debug_assert_eq!(arrays.len(), self.types.len(), "{}", self.into);
        NewRows { insert: self, count, arrays }
    }

    /// The statement, with its arrays from this parameter on; the owner is the first.
    fn sql(&self, first: usize) -> String {
        let Self { into, owned, types, on_conflict } = self;
        let array = |(at, kind): (usize, &&str)| format!("${at}::{kind}[]");
        let arrays = (first..).zip(types.iter()).map(array).collect::<Vec<_>>().join(", ");
        let owner = if *owned { "$1::integer, " } else { "" };
        format!("INSERT INTO {into} SELECT {owner}u.* FROM unnest({arrays}) AS u {on_conflict}")
    }
}

impl NewRows {
    /// Has them inserted by a statement of their own, with the next that has an answer. The owner is told where the
    /// table's first column is theirs.
    pub(super) async fn defer(self, session: &Session, owner: Option<OwnerId>) -> Result<()> {
        debug_assert_eq!(owner.is_some(), self.insert.owned, "{}", self.insert.into);
        if self.count == 0 {
            return Ok(());
        }
        let mut values: Vec<Owned> = Vec::with_capacity(1 + self.arrays.len());
        if let Some(owner) = owner {
            values.push(Box::new(number(owner)));
        }
        let first = values.len() + 1;
        values.extend(self.arrays);
        session.defer(&self.insert.sql(first), values).await
    }
}

/// All that belongs to new memories: of themselves, then of their counters and of the audit.
pub(super) struct AllRows {
    pub(super) memories: [NewRows; 4],
    pub(super) counters: NewRows,
    pub(super) audit: NewRows,
}

/// Stores new memories of the owner whose lock this transaction holds, and leaves the numbers at `after`. Every table is
/// written by one statement, which sees what was committed before the lock was taken.
static AT_ONCE: LazyLock<String> = LazyLock::new(|| {
    let mut sql = format!(
        "WITH numbers AS (UPDATE owners SET next_pk = $2, seq = $3 + ({NOT_BEING_FILLED})::bigint WHERE owner = $1), \
         backlog AS ({})",
        vectors::expecting("$1", "$4")
    );
    let mut first = 4;
    let all = [&MEMORIES, &TAGS, &WORDS, &EMBEDDINGS, &FACETS, &AUDIT];
    for (at, insert) in all.into_iter().enumerate() {
        sql += &format!(", rows_{at} AS ({})", insert.sql(first));
        first += insert.types.len();
    }
    sql + " SELECT"
});

/// Has new memories stored, with the next statement that has an answer.
pub(super) async fn store_at_once(
    session: &Session,
    owner: OwnerId,
    after: Numbers,
    rows: AllRows,
) -> Result<()> {
    let mut values: Vec<Owned> = vec![Box::new(number(owner)), Box::new(after.next_pk), Box::new(after.seq)];
    let rows = rows.memories.into_iter().chain([rows.counters, rows.audit]);
    values.extend(rows.flat_map(|rows| rows.arrays));
    session.defer(&AT_ONCE, values).await
}
