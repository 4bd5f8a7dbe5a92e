//! pgvector, where the database has it: a row for each window of each vector, in half
//! precision, beside the bytes that every store has.
//!
//! The rows are derived: they can be made again from `vectors`, and whoever finds a memory by them compares it with
//! those once more. So they are no numbered step of the schema; whoever opens the store takes up what the database has
//! by then. A foreign key lets them go and move with their vector, whichever server removes that one.
//!
//! They are put there in a transaction of their own, without the owner's lock: a graph takes its
//! time, and nobody who writes has to wait for that.
//!
//! An owner with many has a graph (HNSW) of their own, a partial index: searches of one owner never walk another's
//! vectors, and those who have few pay nothing for it when they write. See `candidates.rs` for who is searched how.

use deadpool_postgres::Object;
use omp_model::OwnerId;

use super::connection::{failure, no_connection};
use super::session::{Columns, Session, number};
use super::vectors::place;
use super::{PostgresStore, vectors};
use crate::stored::floats;
use crate::vectors::Slot;
use crate::{Result, StoreError};

/// The first version whose searches go on until they have as many answers as are wanted, whatever is filtered.
const LEAST: (u32, u32) = (0, 8);

/// Most dimensions that a value of the extension, and its graph, take.
const MOST: u32 = 16_000;
const MOST_IN_GRAPH: u32 = 4_000;

/// Most vectors that are taken in by a transaction: who changes or removes one of these memories waits for it.
const CHUNK: usize = 100;

/// Whether there is the column that is searched: it goes with the extension, and the table stays.
pub(super) const THERE: &str = "EXISTS (SELECT FROM pg_attribute \
     WHERE attrelid = to_regclass('vector_windows') AND attname = 'v' AND NOT attisdropped)";

/// How the names of graphs begin.
const GRAPH: &str = "vector_graph_";

/// What makes the table, which is the same for all models: vectors of any length fit.
const TABLE: &str = "DROP TABLE IF EXISTS vector_windows; \
     UPDATE vectors SET windowed = false WHERE windowed; \
     CREATE TABLE vector_windows ( \
       owner integer NOT NULL, slot smallint NOT NULL, pk bigint NOT NULL, place smallint NOT NULL, v halfvec NOT NULL, \
       PRIMARY KEY (owner, slot, pk, place), \
       FOREIGN KEY (owner, slot, pk) REFERENCES vectors (owner, slot, pk) ON UPDATE CASCADE ON DELETE CASCADE); \
     ALTER TABLE vector_windows ENABLE ROW LEVEL SECURITY; \
     ALTER TABLE vector_windows FORCE ROW LEVEL SECURITY; \
     CREATE POLICY own_rows ON vector_windows \
       USING ((SELECT nullif(current_setting('omp.owner', true), '')::integer) IN (0, owner)) \
       WITH CHECK ((SELECT nullif(current_setting('omp.owner', true), '')::integer) IN (0, owner))";

/// Whether the database searches vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pgvector {
    /// It does; the extension's version.
    Ready(String),
    /// It does not, and what to do about that.
    Missing(String),
}

impl Pgvector {
    pub(super) fn is_ready(&self) -> bool {
        matches!(self, Self::Ready(_))
    }
}

/// Whether vectors of so many dimensions can be searched by the extension.
pub(super) fn takes(dimensions: u32) -> bool {
    (1..=MOST).contains(&dimensions)
}

/// Takes up the extension, if the database has it or lets us have it.
pub(super) async fn take_up(session: &Session) -> Result<Pgvector> {
    // Some let every owner of a database have it, most only a superuser; asking costs nothing.
    session
        .batch(
            "DO $$ BEGIN \
               IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector' AND installed_version IS NULL) THEN \
                 CREATE EXTENSION vector; \
               END IF; \
             EXCEPTION WHEN OTHERS THEN NULL; END $$",
        )
        .await?;
    let (found, made) = find(session).await?;
    if found.is_ready() && !made {
        session.batch("SAVEPOINT before_windows").await?;
        if let Err(error) = session.batch(TABLE).await {
            session.batch("ROLLBACK TO SAVEPOINT before_windows").await?;
            return Ok(Pgvector::Missing(format!("pgvector cannot be set up: {error}")));
        }
    }
    Ok(found)
}

/// Takes up what servers of the primary have made of it, in a standby.
pub(super) async fn look(session: &Session) -> Result<Pgvector> {
    let (found, made) = find(session).await?;
    if found.is_ready() && !made {
        let missing = "no server of the primary has taken up pgvector yet: start one there, then restart";
        return Ok(Pgvector::Missing(missing.to_owned()));
    }
    Ok(found)
}

/// Whether there is the extension, and the table.
async fn find(session: &Session) -> Result<(Pgvector, bool)> {
    let sql = format!(
        "SELECT (SELECT extversion FROM pg_extension WHERE extname = 'vector'), \
         EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector'), to_regtype('halfvec') IS NOT NULL, {THERE}"
    );
    let row = session.one(&sql, &[]).await?;
    let (version, on_server): (Option<String>, bool) = (row.column(0)?, row.column(1)?);
    let (visible, made): (bool, bool) = (row.column(2)?, row.column(3)?);
    let missing = |reason: &str| Ok((Pgvector::Missing(reason.to_owned()), made));
    // A standby has the primary's extensions, but not its files.
    let Some(version) = version.filter(|_| on_server) else {
        return missing(if on_server {
            "pgvector is not enabled in this database: let a superuser run CREATE EXTENSION vector in it, then restart"
        } else {
            "the database server has no pgvector: install it there (version 0.8 or later), let a superuser run \
             CREATE EXTENSION vector in this database, then restart"
        });
    };
    if numbers(&version) < LEAST {
        return missing(&format!(
            "pgvector {version} is too old: install 0.8 or later, run ALTER EXTENSION vector UPDATE, then restart"
        ));
    }
    if !visible {
        return missing(
            "pgvector is in a schema that this connection does not look into: add it to search_path, then restart",
        );
    }
    Ok((Pgvector::Ready(version), made))
}

/// The first two numbers of a version.
fn numbers(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Puts the windows of vectors into the table, in place of those that they had.
async fn put(
    session: &Session,
    owner: OwnerId,
    slot: Slot,
    dimensions: u32,
    vectors: &[(i64, &[f32])],
) -> Result<()> {
    let whole = usize::try_from(dimensions).unwrap_or(usize::MAX);
    let (mut pks, mut places, mut values) = (Vec::new(), Vec::<i16>::new(), Vec::<f32>::new());
    for (pk, windows) in vectors {
        for (window, at) in windows.chunks_exact(whole).zip(0..i16::MAX) {
            // What half precision cannot hold the extension refuses.
            if window.iter().all(|value| value.abs() < 65_000.0) {
                pks.push(*pk);
                places.push(at);
                values.extend_from_slice(window);
            }
        }
    }
    let all: Vec<i64> = vectors.iter().map(|(pk, _)| *pk).collect();
    let sql = "DELETE FROM vector_windows WHERE owner = $1 AND slot = $2 AND pk = ANY($3)";
    session.execute(sql, &[&number(owner), &place(slot), &all]).await?;
    let dimensions = i32::try_from(dimensions).unwrap_or(i32::MAX);
    let sql = "INSERT INTO vector_windows (owner, slot, pk, place, v) \
         SELECT $1, $2, k.pk, k.place, \
         ($5::real[])[(k.n::integer - 1) * $6::integer + 1 : k.n::integer * $6::integer]::halfvec \
         FROM unnest($3::bigint[], $4::smallint[]) WITH ORDINALITY AS k (pk, place, n)";
    session.execute(sql, &[&number(owner), &place(slot), &pks, &places, &values, &dimensions]).await.map(drop)
}

/// The name of an owner's graph. Another length of vectors is another graph.
pub(super) fn graph(owner: OwnerId, slot: Slot, dimensions: u32) -> String {
    format!("{GRAPH}{}_{}_{dimensions}", owner.0, slot.0)
}

/// A column as a graph knows it.
pub(super) fn column(dimensions: u32) -> String {
    format!("v::halfvec({dimensions})")
}

impl PostgresStore {
    /// Whether there is still what was taken up when the store was opened: an extension can be removed.
    pub(super) async fn has_windows(&self) -> Result<bool> {
        self.read_all().await?.one(&format!("SELECT {THERE}"), &[]).await?.column(0)
    }

    /// Takes in vectors that a server without the extension stored, or that could not
    /// be taken in at once. Whether there may be more.
    pub(super) async fn make_up_for_windows(&self) -> Result<bool> {
        let sql = "SELECT v.owner, s.slot FROM vectors AS v JOIN vector_spaces AS s ON s.slot = v.slot \
             WHERE NOT v.windowed AND s.dimensions BETWEEN 1 AND $1 LIMIT 1";
        let most = i32::try_from(MOST).unwrap_or(i32::MAX);
        let Some(row) = self.read_all().await?.row(sql, &[&most]).await? else { return Ok(false) };
        let owner = OwnerId(row.column::<i32>(0)?.cast_unsigned());
        let slot = Slot(u8::try_from(row.column::<i16>(1)?).unwrap_or(0));
        Ok(self.take_some_in(owner, slot, None).await? > 0)
    }

    /// Takes in these vectors of an owner, as far as nobody else is at it.
    pub(super) async fn take_in(&self, owner: OwnerId, slot: Slot, pks: &[i64]) -> Result<()> {
        for pks in pks.chunks(CHUNK) {
            self.take_some_in(owner, slot, Some(pks)).await?;
        }
        Ok(())
    }

    /// Takes in a few vectors of an owner: these, or whichever are not in yet. How many it were.
    async fn take_some_in(&self, owner: OwnerId, slot: Slot, pks: Option<&[i64]>) -> Result<usize> {
        let session = Session::write(&self.pool, &self.place, Some(owner)).await?;
        // Who removes one of them, or the space, waits; so the model is that of these vectors.
        let sql = "SELECT pk, vector FROM vectors WHERE owner = $1 AND slot = $2 AND NOT windowed \
             AND ($3::bigint[] IS NULL OR pk = ANY($3)) ORDER BY pk LIMIT $4 FOR NO KEY UPDATE SKIP LOCKED";
        let rows = session
            .rows(sql, &[&number(owner), &place(slot), &pks, &i64::try_from(CHUNK).unwrap_or(1)])
            .await?;
        let sql = format!("SELECT dimensions FROM vector_spaces WHERE slot = $1 AND {THERE}");
        let Some(row) = session.row(&sql, &[&place(slot)]).await? else { return Ok(0) };
        let dimensions = row.column::<i32>(0)?.cast_unsigned();
        if rows.is_empty() || !takes(dimensions) {
            return Ok(0);
        }
        let mut found: Vec<(i64, Vec<f32>)> = Vec::with_capacity(rows.len());
        for row in &rows {
            found.push((row.column(0)?, floats(row.column(1)?)));
        }
        let vectors: Vec<(i64, &[f32])> =
            found.iter().map(|(pk, windows)| (*pk, windows.as_slice())).collect();
        put(&session, owner, slot, dimensions, &vectors).await?;
        let pks: Vec<i64> = found.iter().map(|(pk, _)| *pk).collect();
        let sql = "UPDATE vectors SET windowed = true WHERE owner = $1 AND slot = $2 AND pk = ANY($3)";
        session.execute(sql, &[&number(owner), &place(slot), &pks]).await?;
        session.commit().await?;
        Ok(rows.len())
    }

    /// Makes the graphs that are wanted and missing, and removes the others. One server does it
    /// at a time; searches and writes go on meanwhile.
    pub(super) async fn tend_graphs(&self) -> Result<()> {
        let (unwanted, missing) = self.graphs_to_tend().await?;
        if unwanted.is_empty() && missing.is_empty() {
            return Ok(());
        }
        let client = self.pool.get().await.map_err(|error| no_connection(&self.place, &error))?;
        // It goes with its lock and its settings.
        let client = Object::take(client);
        let run =
            async |sql: &str| client.batch_execute(sql).await.map_err(|error| failure(&self.place, &error));
        // Whoever builds waits for transactions that began before, not only for locks.
        run("SET lock_timeout = 0").await?;
        run("SELECT set_config('maintenance_work_mem', '256MB', false) \
             WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')")
        .await?;
        let sql =
            "SELECT pg_try_advisory_lock(x'4f4d6567'::integer, 'vector_windows'::regclass::oid::integer)";
        let mine = client.query_one(sql, &[]).await.map_err(|error| failure(&self.place, &error))?;
        if !mine.column::<bool>(0)? {
            return Ok(());
        }
        // Another server may have done it meanwhile.
        let (unwanted, missing) = self.graphs_to_tend().await?;
        for name in unwanted {
            run(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await?;
        }
        for (name, sql) in missing {
            tracing::info!(index = %name, "building a graph of vectors");
            run(&sql).await?;
            tracing::info!(index = %name, "the graph of vectors is built");
        }
        Ok(())
    }

    /// The graphs that should not be there, and those that should, with what makes them.
    async fn graphs_to_tend(&self) -> Result<(Vec<String>, Vec<(String, String)>)> {
        let (mut wanted, there) = self.graphs().await?;
        let is_wanted = |name: &String| wanted.iter().any(|(wanted, _)| wanted == name);
        let unwanted = there.iter().filter(|(name, valid)| !valid || !is_wanted(name));
        let unwanted = unwanted.map(|(name, _)| name.clone()).collect();
        wanted.retain(|(name, _)| !there.iter().any(|(known, valid)| known == name && *valid));
        Ok((unwanted, wanted))
    }

    /// The graphs that there should be, with what makes them; and those that there are, and whether they can be used.
    async fn graphs(&self) -> Result<(Vec<(String, String)>, Vec<(String, bool)>)> {
        let session = self.read_all().await?;
        let from = i64::try_from(self.graph_from).unwrap_or(i64::MAX);
        let space = vectors::spaces(&session).await?.into_iter().find(|space| space.active);
        let mut wanted = Vec::new();
        if let Some(space) = space.filter(|space| (1..=MOST_IN_GRAPH).contains(&space.model.dimensions)) {
            let sql = "SELECT o.owner FROM owners AS o WHERE o.next_pk >= $1 AND ( \
                 SELECT count(*) FROM (SELECT FROM vector_windows AS w WHERE w.owner = o.owner AND w.slot = $2 LIMIT $1) AS counted) >= $1";
            for row in session.rows(sql, &[&from, &place(space.slot)]).await? {
                let owner = OwnerId(row.column::<i32>(0)?.cast_unsigned());
                let name = graph(owner, space.slot, space.model.dimensions);
                let sql = format!(
                    "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON vector_windows USING hnsw (({}) halfvec_cosine_ops) \
                     WHERE owner = {} AND slot = {}",
                    column(space.model.dimensions),
                    number(owner),
                    place(space.slot)
                );
                wanted.push((name, sql));
            }
        }
        let sql = "SELECT c.relname::text, i.indisvalid FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid \
             WHERE i.indrelid = 'vector_windows'::regclass AND starts_with(c.relname::text, $1)";
        let rows = session.rows(sql, &[&GRAPH]).await?;
        let there =
            rows.iter().map(|row| Ok((row.column(0)?, row.column(1)?))).collect::<Result<_, StoreError>>()?;
        Ok((wanted, there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert!(numbers("0.8.6") >= LEAST && numbers("0.10") >= LEAST && numbers("1.0.0") >= LEAST);
        assert!(numbers("0.7.4") < LEAST && numbers("nonsense") < LEAST);
    }
}
