//! Candidates by vectors and by words, for searches without an index in memory.
//!
//! The nearest are found in one of two ways. Where few memories pass the filter, or the owner has no graph,
//! all that pass are compared with the question, in half precision. Else the graph is walked, with the
//! filter, until there are enough (an iterative scan); if it ends with too few, all are compared after all.
//! The vectors themselves come along, so whoever asked compares exactly. Those that were stored a moment ago
//! and are not taken in yet come along in any case.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use omp_model::{Principal, Timestamp};
use omp_search::shard::{CHANCE, exact_cosine};

use super::filter::Admitted;
use super::pgvector::{Pgvector, THERE, column, graph, takes};
use super::session::{Columns, Session, Value, number};
use super::{PostgresStore, search, vectors};
use crate::Result;
use crate::candidates::{Candidate, CandidateStore, Candidates, Found, Wanted};

/// How often to see which graphs are wanted.
const TENDED: Duration = Duration::from_mins(1);

/// So many vectors that the extension does not have yet are looked at one by one.
const FEW: usize = 300;

/// Windows that a walk of the graph brings up: several can be of one memory, so if those were too few memories, more.
const WINDOWS: [i64; 2] = [150, 600];

/// Settings of a walk. The order must be strict: the first rows are taken as the nearest. Plans are made
/// for the values: only then does the engine see that an owner's graph is meant. What sorts looks at
/// everything, which is what a walk is to avoid.
fn walk(windows: i64) -> String {
    format!(
        "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL hnsw.iterative_scan = strict_order; \
         SET LOCAL hnsw.ef_search = {}; SET LOCAL enable_sort = off",
        windows + 50
    )
}

/// A memory near the question.
struct Near {
    pk: i64,
    created_at: Timestamp,
    distance: f64,
}

#[async_trait]
impl CandidateStore for PostgresStore {
    async fn candidates(&self, by: &Principal, wanted: Wanted<'_>, now: Timestamp) -> Result<Found> {
        if let Pgvector::Missing(reason) = &self.pgvector {
            return Ok(Found::Unable(Some(reason.clone())));
        }
        let dimensions = u32::try_from(wanted.vector.len()).unwrap_or(u32::MAX);
        if !takes(dimensions) {
            return Ok(Found::Unable(Some(format!("pgvector takes no vectors of {dimensions} dimensions"))));
        }
        let session = self.read(by.owner).await?;
        let admitted = Admitted::new(by, wanted.filter, now);
        let asked = Asked { session: &session, by, wanted, dimensions, admitted };
        let (state, most) = tokio::try_join!(asked.state(), asked.admitted.most(&session, by))?;
        let graph = match state {
            State::OtherModel => return Ok(Found::Unable(None)),
            State::Removed => {
                return Ok(Found::Unable(Some(
                    "pgvector was removed from this database: let a superuser run CREATE EXTENSION vector in it, then restart"
                        .to_owned(),
                )));
            }
            State::Incomplete => {
                return Ok(Found::Unable(Some("pgvector is still taking in the vectors".to_owned())));
            }
            State::Complete { graph } => graph && most >= self.graph_from.max(1),
        };
        let (mut near, alike, exhaustive) = asked.nearest(graph, most).await?;
        let new = asked.not_taken_in().await?;
        let pks: HashSet<i64> = new.iter().map(|near| near.pk).collect();
        near.extend(new);
        let mut found = asked.with_words(near).await?;
        let of_new = found.memories.iter().filter(|one| pks.contains(&one.pk));
        let like = of_new.filter(|one| exact_cosine(wanted.vector, &one.windows) >= Some(wanted.alike));
        (found.alike, found.exhaustive) = (alike + like.count() as u64, exhaustive);
        Ok(Found::Candidates(found))
    }

    async fn tend_candidates(&self) -> Result<bool> {
        if !self.pgvector.is_ready() || !self.has_windows().await? {
            return Ok(false);
        }
        if self.make_up_for_windows().await? {
            return Ok(true);
        }
        let mut tended = self.tended.lock().await;
        if tended.is_none_or(|at| at.elapsed() >= TENDED) {
            self.tend_graphs().await?;
            *tended = Some(Instant::now());
        }
        Ok(false)
    }
}

/// What the extension has of an owner's vectors.
enum State {
    /// The space is another model's by now.
    OtherModel,
    /// There is no extension any more.
    Removed,
    /// Much is missing.
    Incomplete,
    /// All but a few, and whether there is a graph of them.
    Complete { graph: bool },
}

struct Asked<'a> {
    session: &'a Session,
    by: &'a Principal,
    wanted: Wanted<'a>,
    dimensions: u32,
    admitted: Admitted<'a>,
}

impl Asked<'_> {
    async fn state(&self) -> Result<State> {
        let sql = format!(
            "SELECT EXISTS (SELECT FROM vector_spaces WHERE slot = $2 AND dimensions = $4), \
             (SELECT count(*) FROM (SELECT FROM vectors WHERE owner = $1 AND slot = $2 AND NOT windowed LIMIT {FEW} + 1) AS new) > {FEW}, \
             coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($3::text)), false), {THERE}"
        );
        let (owner, slot) = (self.by.owner, self.wanted.slot);
        let values: [Value<'_>; 4] = [
            &number(owner),
            &vectors::place(slot),
            &graph(owner, slot, self.dimensions),
            &i32::try_from(self.dimensions).unwrap_or(i32::MAX),
        ];
        let row = self.session.one(&sql, &values).await?;
        if !row.column::<bool>(3)? {
            return Ok(State::Removed);
        }
        Ok(match (row.column::<bool>(0)?, row.column::<bool>(1)?) {
            (false, _) => State::OtherModel,
            (true, true) => State::Incomplete,
            (true, false) => State::Complete { graph: row.column(2)? },
        })
    }

    /// The nearest, how many are alike, and whether all that pass were looked at; `most` pass.
    async fn nearest(&self, graph: bool, most: u64) -> Result<(Vec<Near>, u64, bool)> {
        if graph {
            let enough = u64::from(self.wanted.depth).min(most);
            for windows in WINDOWS {
                let (near, seen) = self.walked(windows).await?;
                if near.len() as u64 >= enough {
                    let alike =
                        near.iter().filter(|near| 1.0 - near.distance >= f64::from(self.wanted.alike));
                    let alike = alike.count() as u64;
                    return Ok((near, alike, false));
                }
                // The walk ended by itself.
                if seen < windows {
                    break;
                }
            }
        }
        let (near, alike) = self.compared().await?;
        Ok((near, alike, true))
    }

    /// What passes of the vectors that the extension does not have yet.
    async fn not_taken_in(&self) -> Result<Vec<Near>> {
        let (owner, slot) = (number(self.by.owner), vectors::place(self.wanted.slot));
        let mut values: Vec<Value<'_>> = vec![&owner, &slot];
        let conditions = self.admitted.conditions(&mut values);
        let sql = format!(
            "SELECT v.pk, m.created_at FROM vectors AS v JOIN memories AS m ON m.owner = $1 AND m.pk = v.pk \
             WHERE v.owner = $1 AND v.slot = $2 AND NOT v.windowed AND {conditions}"
        );
        let rows = self.session.rows(&sql, &values).await?;
        let near = |row: &tokio_postgres::Row| {
            let created_at = Timestamp::from_millis(row.column(1)?);
            Ok(Near { pk: row.column(0)?, created_at, distance: 0.0 })
        };
        rows.iter().map(near).collect()
    }

    /// Walks the owner's graph. The nearest memories, and how many windows came up.
    async fn walked(&self, windows: i64) -> Result<(Vec<Near>, i64)> {
        let (owner, slot) = (number(self.by.owner), vectors::place(self.wanted.slot));
        let mut values: Vec<Value<'_>> = vec![&owner, &slot, &self.wanted.vector, &windows];
        let conditions = self.admitted.conditions(&mut values);
        let (column, dimensions) = (column(self.dimensions), self.dimensions);
        let sql = format!(
            "SELECT w.pk, m.created_at, (w.{column} <=> $3::real[]::halfvec({dimensions}))::float8 \
             FROM vector_windows AS w JOIN memories AS m ON m.owner = $1 AND m.pk = w.pk \
             WHERE w.owner = $1 AND w.slot = $2 AND {conditions} \
             ORDER BY w.{column} <=> $3::real[]::halfvec({dimensions}) LIMIT $4"
        );
        self.session.defer_text(walk(windows));
        let rows = self.session.rows(&sql, &values).await?;
        self.session.defer_text("SET LOCAL enable_sort = on; SET LOCAL plan_cache_mode = auto");
        let mut near: Vec<Near> = Vec::with_capacity(rows.len());
        for row in &rows {
            let pk = row.column(0)?;
            if near.len() < self.wanted.depth as usize && near.iter().all(|known| known.pk != pk) {
                let created_at = Timestamp::from_millis(row.column(1)?);
                near.push(Near { pk, created_at, distance: row.column(2)? });
            }
        }
        Ok((near, i64::try_from(rows.len()).unwrap_or(i64::MAX)))
    }

    /// Compares everything that passes with the question. The nearest, and how many are alike.
    async fn compared(&self) -> Result<(Vec<Near>, u64)> {
        let (owner, slot, depth) =
            (number(self.by.owner), vectors::place(self.wanted.slot), i64::from(self.wanted.depth));
        let (alike, chance) = (1.0 - f64::from(self.wanted.alike), f64::from(CHANCE));
        let mut values: Vec<Value<'_>> = vec![&owner, &slot, &self.wanted.vector, &depth, &alike, &chance];
        let conditions = self.admitted.conditions(&mut values);
        // The likeness of a whole memory, as `omp_search` has it: of its best window, less what
        // that gains by chance; the first one pays half.
        let sql = format!(
            "SELECT pk, created_at, distance, count(*) FILTER (WHERE distance <= $5) OVER () FROM ( \
               SELECT pk, created_at, least(first + chance / 2, best + chance) AS distance FROM ( \
                 SELECT w.pk, m.created_at, min(w.v <=> $3::real[]::halfvec) AS best, \
                 min(w.v <=> $3::real[]::halfvec) FILTER (WHERE w.place = 0) AS first, \
                 $6::float8 * ln(count(*)) / ln(2.0) AS chance \
                 FROM vector_windows AS w JOIN memories AS m ON m.owner = $1 AND m.pk = w.pk \
                 WHERE w.owner = $1 AND w.slot = $2 AND {conditions} GROUP BY w.pk, m.created_at) AS compared) AS whole \
             ORDER BY distance, pk DESC LIMIT $4"
        );
        // The vector of the question is read once for the plan instead of once for every row.
        self.session.defer_text("SET LOCAL plan_cache_mode = force_custom_plan");
        let rows = self.session.rows(&sql, &values).await?;
        self.session.defer_text("SET LOCAL plan_cache_mode = auto");
        let mut near: Vec<Near> = Vec::with_capacity(rows.len());
        for row in &rows {
            let created_at = Timestamp::from_millis(row.column(1)?);
            near.push(Near { pk: row.column(0)?, created_at, distance: row.column(2)? });
        }
        Ok((near, rows.first().map_or(Ok(0), |row| row.count(3))?))
    }

    /// Adds the best by words, and to each memory what is true of it on the other side.
    async fn with_words(&self, near: Vec<Near>) -> Result<Candidates> {
        let mut found = Candidates::default();
        let mut memories: HashMap<i64, Candidate> = HashMap::new();
        let new =
            |pk, created_at| Candidate { pk, created_at, keyword: 0.0, matched: 0, windows: Vec::new() };
        memories.extend(near.iter().map(|near| (near.pk, new(near.pk, near.created_at))));
        if let Some(keywords) = self.wanted.keywords {
            let also: Vec<i64> = near.iter().map(|near| near.pk).collect();
            let (depth, admitted) = (self.wanted.depth, &self.admitted);
            let best = search::best(self.session, self.by, keywords, admitted, depth, &also).await?;
            found.by_words = best.total;
            for hit in best.items {
                let memory = memories.entry(hit.pk).or_insert_with(|| new(hit.pk, hit.created_at));
                #[expect(clippy::cast_possible_truncation, reason = "a score")]
                let score = hit.score as f32;
                (memory.keyword, memory.matched) = (score, hit.matched);
            }
        }
        let pks: Vec<i64> = memories.keys().copied().collect();
        for (pk, windows) in vectors::read(self.session, self.by.owner, self.wanted.slot, &pks).await? {
            memories.entry(pk).and_modify(|memory| memory.windows = windows);
        }
        found.memories = memories.into_values().collect();
        Ok(found)
    }
}
