//! Rows that go into a table from arrays: a statement for each table, or one for all that belongs to new memories.
//!
//! What a statement costs hardly depends on how many rows it brings: memories that were stored by nine statements took
//! twice as long as by one.

use std::sync::LazyLock;

use omp_model::OwnerId;

use super::session::{Owned, Session, Value, number};
use super::tx::{NOT_BEING_FILLED, Numbers};
use crate::{Result, StoreError};

/// How rows get into a table.
pub(super) struct Insert {
    /// The table and its columns.
    into: &'static str,
    /// Whether the first column is that of the owner, who is told once.
    owned: bool,
    /// The types of the other columns; an array is sent of each.
    types: &'static [&'static str],
    /// What follows.
    rest: &'static str,
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
    rest: "",
};

pub(super) static TAGS: Insert = Insert {
    into: "memory_tags (owner, tag, created_at, id, pk)",
    owned: true,
    types: &["text", "bigint", "text", "bigint"],
    rest: "",
};

pub(super) static WORDS: Insert = Insert {
    into: "words (owner, pk, n, t)",
    owned: true,
    types: &["bigint", "integer", "tsvector"],
    rest: "",
};

pub(super) static EMBEDDINGS: Insert =
    Insert { into: "embeddings (owner, pk, vector)", owned: true, types: &["bigint", "bytea"], rest: "" };

pub(super) static FACETS: Insert = Insert {
    into: "facets (owner, kind, value, n)",
    owned: false,
    types: &["integer", "text", "text", "bigint"],
    rest: "ON CONFLICT (owner, kind, value) DO UPDATE SET n = facets.n + excluded.n",
};

pub(super) static AUDIT: Insert = Insert {
    into: "audit (at, actor, key, action, target, n)",
    owned: false,
    types: &["bigint", "integer", "text", "smallint", "text", "bigint"],
    rest: "",
};

impl Insert {
    /// Rows from their columns, each of them an array of `count` values.
    pub(super) fn rows(&'static self, count: usize, arrays: Vec<Owned>) -> NewRows {
        debug_assert_eq!(arrays.len(), self.types.len(), "{}", self.into);
        NewRows { insert: self, count, arrays }
    }

    /// The statement, with its arrays from this parameter on; the owner is the first. `beside` is what else is read.
    fn sql(&self, beside: &str, first: usize) -> String {
        let Self { into, owned, types, rest } = self;
        let array = |(at, kind): (usize, &&str)| format!("${at}::{kind}[]");
        let arrays = (first..).zip(types.iter()).map(array).collect::<Vec<_>>().join(", ");
        let owner = if *owned { "$1::integer, " } else { "" };
        format!("INSERT INTO {into} SELECT {owner}u.* FROM {beside}unnest({arrays}) AS u {rest}")
    }
}

impl NewRows {
    /// Has them inserted by a statement of their own, with the next that has an answer.
    pub(super) async fn defer(self, session: &Session, owner: OwnerId) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let mut values: Vec<Owned> = Vec::with_capacity(1 + self.arrays.len());
        if self.insert.owned {
            values.push(Box::new(number(owner)));
        }
        let first = values.len() + 1;
        values.extend(self.arrays);
        session.defer(&self.insert.sql("", first), values).await
    }
}

/// What [`store_at_once`] inserts into, in this order.
static ALL: [&Insert; 6] = [&MEMORIES, &TAGS, &WORDS, &EMBEDDINGS, &FACETS, &AUDIT];

/// New memories with all that belongs to them. Every part begins with `o`, which takes the lock of the owner's row and
/// lets the rest happen on behalf of that owner; it is empty, and the statement fails, unless the owner's numbers are
/// those that were expected. Whatever else this statement must know of is written by those who change the numbers: it
/// sees the database as it was before it waited for the lock.
static AT_ONCE: LazyLock<String> = LazyLock::new(|| {
    let mut sql = format!(
        "WITH o AS (UPDATE owners SET next_pk = $4, seq = $5 + ({NOT_BEING_FILLED})::bigint \
         WHERE owner = $1 AND next_pk = $2 AND seq = $3 RETURNING set_config('omp.owner', owner::text, true)), \
         b AS (INSERT INTO backlog (owner, slot, pk) SELECT $1, s.slot, p.pk \
         FROM o, vector_spaces AS s, unnest($6::bigint[]) AS p (pk) ON CONFLICT DO NOTHING)"
    );
    let mut first = 6;
    for (at, insert) in ALL.iter().enumerate() {
        sql += &format!(", i{at} AS ({})", insert.sql("o, ", first));
        first += insert.types.len();
    }
    sql + " SELECT 1 / count(*) FROM o"
});

/// Stores new memories of an owner whose numbers are probably these, by one statement that is a transaction of its own.
///
/// # Errors
///
/// When the numbers are others, or an id is taken: then nothing has happened.
pub(super) async fn store_at_once(
    session: &Session,
    owner: OwnerId,
    (before, after): (Numbers, Numbers),
    rows: Vec<NewRows>,
) -> Result<()> {
    if !rows.iter().map(|rows| rows.insert.into).eq(ALL.iter().map(|insert| insert.into)) {
        return Err(StoreError::Internal("these rows are not what is stored at once".into()));
    }
    let owner = number(owner);
    let mut values: Vec<Value<'_>> = vec![&owner, &before.next_pk, &before.seq, &after.next_pk, &after.seq];
    values.extend(rows.iter().flat_map(|rows| &rows.arrays).map(|array| -> Value<'_> { array.as_ref() }));
    session.execute(&AT_ONCE, &values).await.map(drop)
}
