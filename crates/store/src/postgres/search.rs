//! The cold path of keyword search: the engine's word index over our own token stream, ranked by BM25.
//!
//! The engine's own ranks know no rarity of words. But the rank of a single word tells how often it occurs: of `n`
//! positions of equal weight it makes (1 + 1/4 + … + 1/n²) · 6/π². So the number is read back from it, and BM25 is computed
//! with the same constants as SQLite's FTS5 has, so that both stores put memories in the same order.

use std::sync::LazyLock;

use omp_model::{Held, Namespace, Principal, SearchFilter, Tag, Timestamp};
use omp_search::Keywords;

use super::seen::Seen;
use super::session::{Columns, Session, Value, number};
use super::tx::WORDS;
use super::{list, rows, write};
use crate::{Page, Result};

/// From which rank on a word occurs once, twice, …: halfway between two ranks.
static OCCURRENCES: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let (mut sum, mut thresholds) = (0.0, Vec::new());
    for n in 1..=255 {
        let next = sum + 1.0 / f64::from(n * n);
        thresholds.push(f64::midpoint(sum, next) / 1.644_934_066_85);
        sum = next;
    }
    thresholds
});

/// The row numbers of the best matches, best first, and how many matches there are.
pub(super) async fn best(
    session: &Session,
    by: &Principal,
    keywords: &Keywords,
    filter: &SearchFilter,
    limit: u32,
    now: Timestamp,
) -> Result<Page<i64>> {
    let terms: Vec<String> = keywords
        .terms()
        .iter()
        .map(|keyword| {
            let beginning = if keyword.prefix { ":*" } else { "" };
            write::lexeme(by.owner, &keyword.token) + beginning
        })
        .collect();
    if terms.is_empty() {
        return Ok(Page { items: Vec::new(), total: 0 });
    }
    let (owner, any, now, limit) = (number(by.owner), terms.join(" | "), now.as_millis(), i64::from(limit));
    let wanted = Wanted::of(filter);
    let seen = Seen::of(by);
    let mut values: Vec<Value<'_>> = vec![&owner, &any, &terms, &*OCCURRENCES, &now, &limit, &WORDS];
    let mut conditions = rows::alive(5);
    conditions.push_str(&wanted.conditions(filter, &mut values));
    conditions.push_str(&seen.condition(&mut values));
    // `OFFSET 0` keeps the words from being read anew for every match.
    let sql = format!(
        "WITH hits AS MATERIALIZED ( \
           SELECT w.pk, w.n, ARRAY(SELECT width_bucket(ts_rank('{{1,1,1,1}}', w.t, u.term)::float8, $4::float8[]) \
             FROM unnest(q.terms) WITH ORDINALITY AS u (term, i) ORDER BY u.i) AS f \
           FROM words AS w CROSS JOIN (SELECT ($3::text[])::tsquery[] AS terms OFFSET 0) AS q \
           WHERE w.owner = $1 AND w.t @@ $2::text::tsquery), \
         corpus AS ( \
           SELECT greatest(max(n) FILTER (WHERE kind = 'all'), 1)::float8 AS n, \
             greatest(max(n) FILTER (WHERE kind = $7), 1)::float8 / greatest(max(n) FILTER (WHERE kind = 'all'), 1) AS length \
           FROM facets WHERE owner = $1 AND kind IN ('all', $7) AND value = ''), \
         weights AS ( \
           SELECT u.i, greatest(ln(greatest(max(c.n) - count(*) + 0.5, 1e-9) / (count(*) + 0.5)), 1e-6) AS idf \
           FROM hits AS h CROSS JOIN corpus AS c CROSS JOIN unnest(h.f) WITH ORDINALITY AS u (f, i) \
           WHERE u.f > 0 GROUP BY u.i) \
         SELECT h.pk, count(*) OVER () FROM hits AS h CROSS JOIN corpus AS c \
         JOIN memories AS m ON m.owner = $1 AND m.pk = h.pk \
         CROSS JOIN LATERAL ( \
           SELECT sum(g.idf * u.f * 2.2 / (u.f + 1.2 * (0.25 + 0.75 * h.n / c.length))) AS score \
           FROM unnest(h.f) WITH ORDINALITY AS u (f, i) JOIN weights AS g ON g.i = u.i) AS s \
         WHERE {conditions} ORDER BY s.score DESC NULLS LAST, h.pk DESC LIMIT $6"
    );
    let found = session.rows(&sql, &values).await?;
    let total = found.first().map_or(Ok(0), |row| row.count(1))?;
    Ok(Page { items: found.iter().map(|row| row.column(0)).collect::<Result<_>>()?, total })
}

/// What a filter compares with.
struct Wanted<'a> {
    kind: Option<i16>,
    tool: Option<&'a str>,
    namespaces: Vec<&'a str>,
    after: Option<i64>,
    before: Option<i64>,
    at: Option<i64>,
    tags: Vec<&'a str>,
}

impl<'f> Wanted<'f> {
    fn of(filter: &'f SearchFilter) -> Self {
        Self {
            kind: filter.kind.map(|kind| i16::from(kind.number())),
            tool: filter.tool.as_ref().map(omp_model::ToolName::as_str),
            namespaces: filter.namespaces.iter().map(Namespace::as_str).collect(),
            after: filter.created_after.map(Timestamp::as_millis),
            before: filter.created_before.map(Timestamp::as_millis),
            at: if let Held::At(at) = filter.held { Some(at.as_millis()) } else { None },
            tags: filter.tags.iter().map(Tag::as_str).collect(),
        }
    }

    /// Conditions on the row `m` of `memories`.
    fn conditions<'a>(&'a self, filter: &SearchFilter, values: &mut Vec<Value<'a>>) -> String {
        let mut sql = String::new();
        let mut add = |condition: &dyn Fn(usize) -> String, value: Value<'a>| {
            values.push(value);
            sql.push_str(&condition(values.len()));
        };
        if let Some(kind) = &self.kind {
            add(&|n| format!(" AND m.type = ${n}"), kind);
        }
        if let Some(tool) = &self.tool {
            add(&|n| format!(" AND m.tool = ${n}"), tool);
        }
        if !self.namespaces.is_empty() {
            add(&|n| format!(" AND m.namespace = ANY (${n}::text[])"), &self.namespaces);
        }
        if let Some(after) = &self.after {
            add(&|n| format!(" AND m.created_at >= ${n}"), after);
        }
        if let Some(before) = &self.before {
            add(&|n| format!(" AND m.created_at <= ${n}"), before);
        }
        if let Some(at) = &self.at {
            add(
                &|n| {
                    format!(
                        " AND m.created_at <= ${n} AND (m.superseded_at IS NULL OR m.superseded_at > ${n})"
                    )
                },
                at,
            );
        }
        for tag in &self.tags {
            add(&list::with_tag, tag);
        }
        if filter.held == Held::Now {
            sql.push_str(" AND m.superseded_by IS NULL");
        }
        sql
    }
}
