//! The cold path of keyword search: the engine's word index over our own token stream, ranked by BM25.
//!
//! The engine's own ranks know no rarity of words. But the rank of a single word tells how often it occurs: of `n`
//! positions of equal weight it makes (1 + 1/4 + … + 1/n²) · 6/π². So the number is read back from it, and BM25 is
//! computed with the same constants as SQLite's FTS5 has, so that both stores put memories in the same order.

use std::sync::LazyLock;

use omp_model::{Principal, Timestamp};
use omp_search::Keywords;

use super::filter::Admitted;
use super::session::{Columns, Session, Value, number};
use super::tsvector;
use super::tx::WORDS;
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

/// A memory that holds words of the question.
pub(super) struct Match {
    pub(super) pk: i64,
    /// BM25.
    pub(super) score: f64,
    /// A bit for each term that it holds, by place.
    pub(super) matched: u64,
    pub(super) created_at: Timestamp,
}

/// The best matches and those of `also` that match, best first, and how many matches there are. One may be there twice.
pub(super) async fn best(
    session: &Session,
    by: &Principal,
    keywords: &Keywords,
    admitted: &Admitted<'_>,
    limit: u32,
    also: &[i64],
) -> Result<Page<Match>> {
    let terms: Vec<String> = keywords
        .terms()
        .iter()
        .map(|keyword| {
            let beginning = if keyword.prefix { ":*" } else { "" };
            tsvector::quoted(by.owner, &keyword.token) + beginning
        })
        .collect();
    if terms.is_empty() {
        return Ok(Page { items: Vec::new(), total: 0 });
    }
    let (owner, limit) = (number(by.owner), i64::from(limit));
    let mut values: Vec<Value<'_>> = vec![&owner, &terms, &*OCCURRENCES, &WORDS, &limit, &also];
    let conditions = admitted.conditions(&mut values);
    // A walk of the word index for each term: a match is looked at once for each term that it has. `OFFSET 0` keeps the
    // terms from being read anew for every row.
    let sql = format!(
        "WITH hits AS MATERIALIZED ( \
           SELECT q.i, w.pk, w.n, width_bucket(ts_rank('{{1,1,1,1}}', w.t, q.term)::float8, $3::float8[]) AS f \
           FROM (SELECT u.i, u.term::tsquery AS term FROM unnest($2::text[]) WITH ORDINALITY AS u (term, i) OFFSET 0) AS q \
           JOIN words AS w ON w.owner = $1 AND w.t @@ q.term), \
         corpus AS ( \
           SELECT greatest(max(n) FILTER (WHERE kind = 'all'), 1)::float8 AS n, \
             greatest(max(n) FILTER (WHERE kind = $4), 1)::float8 / greatest(max(n) FILTER (WHERE kind = 'all'), 1) AS length \
           FROM facets WHERE owner = $1 AND kind IN ('all', $4) AND value = ''), \
         weights AS ( \
           SELECT h.i, greatest(ln(greatest(max(c.n) - count(*) + 0.5, 1e-9) / (count(*) + 0.5)), 1e-6) AS idf \
           FROM hits AS h CROSS JOIN corpus AS c GROUP BY h.i), \
         sums AS ( \
           SELECT h.pk, bit_or(1::bigint << (h.i - 1)::integer) AS matched, \
             sum(g.idf * h.f * 2.2 / (h.f + 1.2 * (0.25 + 0.75 * h.n / c.length))) AS score \
           FROM hits AS h JOIN weights AS g ON g.i = h.i CROSS JOIN corpus AS c GROUP BY h.pk), \
         found AS MATERIALIZED ( \
           SELECT s.pk, s.score, s.matched, m.created_at FROM sums AS s \
           JOIN memories AS m ON m.owner = $1 AND m.pk = s.pk WHERE {conditions}) \
         (SELECT pk, score, matched, created_at, (SELECT count(*) FROM found) FROM found ORDER BY score DESC, pk DESC LIMIT $5) \
         UNION ALL (SELECT pk, score, matched, created_at, 0 FROM found WHERE pk = ANY ($6::bigint[]))"
    );
    let found = session.rows(&sql, &values).await?;
    let mut items: Vec<Match> = Vec::with_capacity(found.len());
    let mut total = 0;
    for row in &found {
        total = total.max(row.count(4)?);
        items.push(Match {
            pk: row.column(0)?,
            score: row.column(1)?,
            matched: row.column::<i64>(2)?.cast_unsigned(),
            created_at: Timestamp::from_millis(row.column(3)?),
        });
    }
    items.sort_by(|a, b| b.score.total_cmp(&a.score).then(b.pk.cmp(&a.pk)));
    Ok(Page { items, total })
}
