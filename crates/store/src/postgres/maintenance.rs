//! Upkeep of a PostgreSQL database.

use std::path::Path;
use std::sync::PoisonError;

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::{OwnerId, Timestamp};

use super::pgvector::Pgvector;
use super::session::{Columns, Session};
use super::tx::Tx;
use super::{PostgresStore, audit, migrate, originals, relocation, rows, write};
use crate::{
    Check, Maintenance, ReplicationLag, ReplicationRole, Result, StoreError, StoreInfo, StoreVitals,
};

/// Questions whose answer is nothing when all is well.
const CHECKS: [(&str, &str); 8] = [
    (
        "the second wall",
        "SELECT 'the database user may pass it: a superuser, or one with BYPASSRLS; let the server have a user of its own' \
         FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)",
    ),
    (
        "the word index",
        "SELECT nullif(count(*), 0) || ' memories without indexed texts, or texts without their memory' \
         FROM memories AS m FULL JOIN words AS w ON w.owner = m.owner AND w.pk = m.pk WHERE m.pk IS NULL OR w.pk IS NULL",
    ),
    (
        "the index of conversations",
        "SELECT nullif(string_agg(problem, '; '), '') FROM ( \
         SELECT count(*) || ' conversations are neither indexed nor waiting, or both' AS problem FROM conversations AS c \
         LEFT JOIN (SELECT owner, pk, count(*) AS n FROM conversation_words GROUP BY owner, pk) AS w ON w.owner = c.owner AND w.pk = c.pk \
         LEFT JOIN conversation_backlog AS b ON b.owner = c.owner AND b.what = 2 AND b.pk = c.pk \
         WHERE (w.n IS NOT DISTINCT FROM c.message_count + 1) = (b.pk IS NOT NULL) HAVING count(*) > 0 \
         UNION ALL SELECT count(*) || ' rows of the index belong to no conversation' FROM ( \
         SELECT owner, pk FROM conversation_words UNION ALL SELECT owner, pk FROM conversation_vectors \
         UNION ALL SELECT owner, pk FROM conversation_backlog) AS r \
         WHERE NOT EXISTS (SELECT FROM conversations AS c WHERE c.owner = r.owner AND c.pk = r.pk) HAVING count(*) > 0 \
         UNION ALL SELECT 'its totals are wrong' FROM (SELECT owner, conversations, entries FROM conversation_totals \
         WHERE conversations <> 0) AS t FULL JOIN \
         (SELECT owner, count(*) AS conversations, sum(message_count + 1) AS entries FROM conversations GROUP BY owner) AS c USING (owner) \
         WHERE (t.conversations, t.entries) IS DISTINCT FROM (c.conversations, c.entries) HAVING count(*) > 0) AS p",
    ),
    (
        "the counters",
        "SELECT nullif(count(*), 0) || ' counters are wrong' FROM facets AS f FULL JOIN ( \
         SELECT owner, kind, value, count(*) AS n FROM ( \
         SELECT owner, 'all' AS kind, '' AS value FROM memories UNION ALL SELECT owner, 'updated', '' FROM memories \
         UNION ALL SELECT owner, 'tool', tool FROM memories \
         UNION ALL SELECT owner, 'type', (ARRAY['episodic', 'semantic', 'procedural'])[type + 1] FROM memories \
         UNION ALL SELECT owner, 'namespace', namespace FROM memories WHERE namespace IS NOT NULL \
         UNION ALL SELECT owner, 'tag', tag FROM memory_tags \
         UNION ALL SELECT owner, 'words', '' FROM words CROSS JOIN LATERAL generate_series(1, words.n)) AS e \
         GROUP BY 1, 2, 3) AS r ON r.owner = f.owner AND r.kind = f.kind AND r.value = f.value \
         WHERE f.n IS DISTINCT FROM r.n",
    ),
    (
        "the versions",
        "SELECT nullif(count(*), 0) || ' versions belong to no memory' FROM versions AS v \
         WHERE NOT EXISTS (SELECT FROM memories AS m WHERE m.owner = v.owner AND m.pk = v.pk)",
    ),
    (
        "the successors",
        "SELECT nullif(count(*), 0) || ' memories were superseded by none that is there' FROM memories AS m \
         WHERE (m.superseded_by IS NULL) <> (m.superseded_at IS NULL) OR (m.superseded_by IS NOT NULL AND NOT EXISTS ( \
         SELECT FROM memories AS s WHERE s.owner = m.owner AND s.id = m.superseded_by))",
    ),
    (
        "the lists",
        "SELECT nullif(count(*), 0) || ' tags are missing from a list, or listed without their memory' \
         FROM (SELECT m.owner, w.tag, m.created_at, m.id, m.pk, true AS has FROM memories AS m \
         CROSS JOIN LATERAL string_to_table(nullif(m.tags, ''), ' ') AS w (tag)) AS m \
         FULL JOIN (SELECT *, true AS listed FROM memory_tags) AS t USING (owner, tag, created_at, id, pk) \
         WHERE has IS NULL OR listed IS NULL",
    ),
    (
        "vectors",
        "SELECT nullif(count(*), 0) || ' vectors belong to no memory' FROM ( \
         SELECT owner, pk FROM vectors UNION ALL SELECT owner, pk FROM embeddings UNION ALL SELECT owner, pk FROM backlog) AS v \
         WHERE NOT EXISTS (SELECT FROM memories AS m WHERE m.owner = v.owner AND m.pk = v.pk)",
    ),
];

/// The same where there is pgvector.
const WINDOWS: (&str, &str) = (
    "pgvector",
    "SELECT nullif(count(*), 0) || ' vectors that pgvector should know, or should not, and the other way round' \
     FROM vectors AS v WHERE v.windowed <> EXISTS ( \
     SELECT FROM vector_windows AS w WHERE w.owner = v.owner AND w.slot = v.slot AND w.pk = v.pk)",
);

#[async_trait]
impl Maintenance for PostgresStore {
    async fn info(&self) -> Result<StoreInfo> {
        let sql = "SELECT current_setting('server_version'), (SELECT max(version) FROM open_memory), \
             pg_database_size(current_database())";
        let row = self.read_all().await?.one(sql, &[]).await?;
        let (version, bytes): (&str, u64) = (row.column(0)?, row.count(2)?);
        self.sizes.remember(bytes);
        Ok(StoreInfo {
            engine: match &self.pgvector {
                Pgvector::Ready(vector) => format!("PostgreSQL {version} with pgvector {vector}"),
                Pgvector::Missing(_) => format!("PostgreSQL {version} without pgvector"),
            },
            location: self.place().to_owned(),
            schema_version: row.column::<i32>(1)?.unsigned_abs(),
            bytes,
        })
    }

    fn vitals(&self) -> StoreVitals {
        self.sizes.vitals(self.writers.counters())
    }

    fn replication_role(&self) -> ReplicationRole {
        self.role.get()
    }

    async fn until_role(&self, role: ReplicationRole) {
        self.role.until(role).await;
    }

    async fn replication_lag(&self) -> Result<Option<ReplicationLag>> {
        self.role.lag().await
    }

    async fn ready(&self) -> Result<()> {
        let session = Session::glance(&self.aside, &self.place).await?;
        migrate::check(&session).await?;
        if relocation::is_being_filled(&session).await? {
            return Err(StoreError::BeingFilled(self.place().to_owned()));
        }
        Ok(())
    }

    async fn purge_expired(&self, limit: u32, now: Timestamp) -> Result<u64> {
        // A look first: the sweep comes often and finds nothing, and a write would cost a flush of the disk.
        let session = self.read_all().await?;
        let sql = "SELECT pg_database_size(current_database()), \
             EXISTS (SELECT FROM memories WHERE expires_at <= $1)";
        let row = session.one(sql, &[&now.as_millis()]).await?;
        self.sizes.remember(row.count(0)?);
        if !row.column::<bool>(1)? && !originals::any_left_over(&session, now).await? {
            return Ok(0);
        }
        drop(session);
        self.write_bulk(None, async move |tx| purge(tx, limit, now).await).await
    }

    async fn check(&self) -> Result<Vec<Check>> {
        let session = self.read_all().await?;
        let mut checks = Vec::with_capacity(CHECKS.len());
        for (name, sql) in CHECKS.into_iter().chain(self.pgvector.is_ready().then_some(WINDOWS)) {
            let found = session.row(sql, &[]).await?;
            let problem = found.map_or(Ok(None), |row| row.column(0))?;
            checks.push(Check { name: name.to_owned(), problem });
        }
        Ok(checks)
    }

    async fn backup(&self, _: &Path) -> Result<()> {
        Err(StoreError::Unsupported(
            "a PostgreSQL database is backed up by its own tools: `pg_dump --format=custom` writes a complete copy",
        ))
    }

    async fn restore(&self, _: &Path) -> Result<()> {
        Err(StoreError::Unsupported(
            "a PostgreSQL database is restored by its own tools: `pg_restore` reads what `pg_dump` wrote",
        ))
    }

    async fn close(&self) -> Result<()> {
        self.writers.finish().await?;
        self.teller.finish().await;
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.membership.leave().await;
        self.pool.close();
        self.aside.close();
        Ok(())
    }
}

/// Removes what has expired, and envelopes that nothing refers to.
async fn purge(tx: &mut Tx, limit: u32, now: Timestamp) -> Result<u64> {
    let sql = "SELECT DISTINCT owner FROM (SELECT owner FROM memories WHERE expires_at <= $1 \
         ORDER BY expires_at LIMIT $2) AS due ORDER BY owner";
    let due = tx.rows(sql, &[&now.as_millis(), &i64::from(limit)]).await?;
    let numbers: Vec<i32> = due.iter().map(|row| row.column(0)).collect::<Result<_>>()?;
    let owners: Vec<OwnerId> = numbers.iter().map(|owner| OwnerId(owner.cast_unsigned())).collect();
    tx.lock(&owners).await?;
    // Only now is it certain that no other server is about to remove them.
    let sql = format!(
        "SELECT {}, m.owner FROM memories AS m WHERE m.owner = ANY($3) AND m.expires_at <= $1 \
         ORDER BY m.expires_at LIMIT $2",
        rows::COLUMNS
    );
    let found = tx.rows(&sql, &[&now.as_millis(), &i64::from(limit), &numbers]).await?;
    for row in &found {
        let (pk, memory) = rows::numbered(row)?;
        let owner = OwnerId(row.column::<i32>(rows::WIDTH)?.cast_unsigned());
        write::delete(tx, owner, pk, &memory, now).await?;
    }
    let purged = found.len() as u64;
    if purged > 0 {
        audit::record(tx, None, Action::ExpireMemories, None, purged, now);
    }
    originals::sweep(tx, now).await?;
    Ok(purged)
}
