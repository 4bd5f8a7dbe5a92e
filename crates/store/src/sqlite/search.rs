//! The cold path of keyword search: FTS5 over our own token stream, ranked by BM25.
//!
//! Every match is visited once: the best are kept in a heap and the rest only counted. Letting the engine sort
//! (`ORDER BY rank`) costs several times as much.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use omp_model::{Namespace, OwnerId, Principal, SearchFilter, Timestamp, Validity};
use rusqlite::{Connection, params_from_iter, types::Value};

use super::seen;
use crate::Page;
use crate::stored::pk_range;

/// A match; more is better, and of equals the one stored later.
#[derive(PartialEq)]
struct Hit {
    score: f64,
    pk: i64,
}

impl Eq for Hit {}

impl Ord for Hit {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.score.total_cmp(&other.score).then(self.pk.cmp(&other.pk))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// The row numbers of the best matches, best first, and how many matches there are.
pub(super) fn best(
    connection: &Connection,
    by: &Principal,
    expression: &str,
    filter: &SearchFilter,
    limit: u32,
    now: Timestamp,
) -> rusqlite::Result<Page<i64>> {
    let owner = by.owner;
    let (first, last) = pk_range(owner);
    let mut values = vec![Value::from(expression.to_owned()), Value::from(first), Value::from(last)];
    let mut sql = "SELECT words.rowid, bm25(words) FROM words".to_owned();
    let mut conditions = conditions(filter, owner, &mut values);
    conditions.push_str(&seen::condition(by, "m", 0, &mut values));
    if !conditions.is_empty() {
        // The engine fetches a match's row, drops it if the filter says so, and only then computes its score.
        sql.push_str(" CROSS JOIN memories AS m ON m.pk = words.rowid");
    }
    sql.push_str(" WHERE words MATCH ?1 AND words.rowid BETWEEN ?2 AND ?3");
    sql.push_str(&conditions);

    let expired = expired(connection, owner, now)?;
    let superseded = superseded(connection, owner, filter.validity)?;
    let keep = limit as usize;
    let mut heap: BinaryHeap<Reverse<Hit>> = BinaryHeap::with_capacity(keep + 1);
    let mut total = 0;
    let mut select = connection.prepare_cached(&sql)?;
    let mut matches = select.query(params_from_iter(values))?;
    while let Some(row) = matches.next()? {
        let pk = row.get(0)?;
        if expired.contains(&pk) || superseded.contains(&pk) {
            continue;
        }
        total += 1;
        // FTS5 gives better matches smaller numbers.
        let hit = Hit { score: -row.get::<_, f64>(1)?, pk };
        if heap.len() < keep || heap.peek().is_some_and(|Reverse(worst)| hit > *worst) {
            heap.push(Reverse(hit));
            if heap.len() > keep {
                heap.pop();
            }
        }
    }
    let items = heap.into_sorted_vec().into_iter().map(|Reverse(hit)| hit.pk).collect();
    Ok(Page { items, total })
}

fn conditions(filter: &SearchFilter, owner: OwnerId, values: &mut Vec<Value>) -> String {
    let mut sql = String::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(&condition.replace("?v", &format!("?{}", values.len())));
    };
    if let Some(kind) = filter.kind {
        add(" AND m.type = ?v", Value::from(i64::from(kind.number())));
    }
    if let Some(tool) = &filter.tool {
        add(" AND m.tool = ?v", Value::from(tool.as_str().to_owned()));
    }
    if !filter.namespaces.is_empty() {
        let names: Vec<&str> = filter.namespaces.iter().map(Namespace::as_str).collect();
        // No namespace contains a space.
        add(" AND instr(?v, ' ' || m.namespace || ' ') > 0", Value::from(format!(" {} ", names.join(" "))));
    }
    if let Some(after) = filter.created_after {
        add(" AND m.created_at >= ?v", Value::from(after.as_millis()));
    }
    if let Some(before) = filter.created_before {
        add(" AND m.created_at <= ?v", Value::from(before.as_millis()));
    }
    if let Validity::At(at) = filter.validity {
        add(" AND m.created_at <= ?v", Value::from(at.as_millis()));
        add(" AND (m.superseded_at IS NULL OR m.superseded_at > ?v)", Value::from(at.as_millis()));
    }
    for tag in &filter.tags {
        let condition = format!(
            " AND EXISTS (SELECT 1 FROM facets AS g CROSS JOIN facet_entries AS f ON f.owner = g.owner AND f.facet = g.facet \
             AND f.at = m.created_at AND f.id = m.id \
             WHERE g.owner = {} AND g.kind = 'tag' AND g.value = ?v)",
            owner.0
        );
        add(&condition, Value::from(tag.as_str().to_owned()));
    }
    sql
}

/// Memories in whose place others stand, if only what holds now is wanted.
fn superseded(connection: &Connection, owner: OwnerId, validity: Validity) -> rusqlite::Result<HashSet<i64>> {
    if validity != Validity::Now {
        return Ok(HashSet::new());
    }
    connection
        .prepare_cached(
            "SELECT pk FROM memories INDEXED BY memories_superseded WHERE owner = ?1 AND superseded_by IS NOT NULL",
        )?
        .query_map([owner.0], |row| row.get(0))?
        .collect()
}

/// Memories that have expired and wait for the sweep.
fn expired(connection: &Connection, owner: OwnerId, now: Timestamp) -> rusqlite::Result<HashSet<i64>> {
    connection
        .prepare_cached(
            "SELECT pk FROM memories INDEXED BY memories_expiry WHERE expires_at <= ?1 AND owner = ?2",
        )?
        .query_map([now.as_millis(), i64::from(owner.0)], |row| row.get(0))?
        .collect()
}
