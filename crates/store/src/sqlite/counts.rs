//! Counts on SQLite: whoever sees everything reads counters; for others the entries in sight are counted.

use async_trait::async_trait;
use omp_model::{Principal, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params, params_from_iter};

use super::{SqliteStore, list, seen, snapshot};
use crate::Result;
use crate::counts::{CountStore, Counted};
use crate::stored::FacetKind;

#[async_trait]
impl CountStore for SqliteStore {
    async fn counts(&self, by: &Principal, what: Counted, now: Timestamp) -> Result<Vec<(String, u64)>> {
        let by = by.clone();
        self.read_long(move |connection| snapshot(connection, || counts(connection, &by, what, now))).await
    }
}

fn counts(
    connection: &Connection,
    by: &Principal,
    what: Counted,
    now: Timestamp,
) -> rusqlite::Result<Vec<(String, u64)>> {
    let kind = FacetKind::from(what);
    let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs()));
    // What has expired and waits for the sweep is in the counters.
    if by.sees_everything() && list::expired(connection, by.owner, &[], now)? == 0 {
        return connection
            .prepare_cached(
                "SELECT value, n FROM facets WHERE owner = ?1 AND kind = ?2 AND n > 0 ORDER BY value",
            )?
            .query_map(params![by.owner.0, kind.as_str()], pair)?
            .collect();
    }
    let mut values: Vec<Value> = Vec::new();
    let seen = seen::condition(by, "m", 3, &mut values);
    let sql = format!(
        "SELECT f.value, count(*) FROM facets AS f \
         JOIN facet_entries AS e ON e.owner = f.owner AND e.facet = f.facet JOIN memories AS m ON m.pk = e.pk \
         WHERE f.owner = ?1 AND f.kind = ?2 AND (e.expires_at IS NULL OR e.expires_at > ?3){seen} \
         GROUP BY f.value ORDER BY f.value"
    );
    let all: [Value; 3] =
        [i64::from(by.owner.0).into(), kind.as_str().to_owned().into(), now.as_millis().into()];
    connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(all.into_iter().chain(values)), pair)?
        .collect()
}
