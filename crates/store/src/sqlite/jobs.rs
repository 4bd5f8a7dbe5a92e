//! Jobs on SQLite.

use async_trait::async_trait;
use omp_model::api::JobState;
use omp_model::{ConversationId, JobId, KeyId, Namespace, OwnerId, Principal, Text, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::SqliteStore;
use super::rows::{optional_text, unusable};
use super::tx::Tx;
use crate::Result;
use crate::jobs::{
    JobBounds, JobConversations, JobLease, JobPlace, JobProgress, JobStore, StoredJob, Stranded,
    conversations, conversations_text, signed, state, state_number,
};

/// The columns that [`stored`] reads, in its order.
const COLUMNS: &str = "owner, id, key, reader, resumable, tool, namespace, total, done, skipped, extracted, state, error, \
     created_at, updated_at";

/// A running job whose lease has run out at the time `?1`.
const LEFT: &str = "state = 0 AND taken_until <= ?1";

#[async_trait]
impl JobStore for SqliteStore {
    async fn create_job(
        &self,
        job: &StoredJob,
        conversations: &[Option<ConversationId>],
        lease: &JobLease,
        bounds: JobBounds,
    ) -> Result<bool> {
        let (job, lease, conversations) = (job.clone(), lease.clone(), conversations_text(conversations));
        self.write(move |tx| create(tx, &job, &conversations, &lease, bounds)).await
    }

    async fn jobs(&self, by: &Principal) -> Result<Vec<StoredJob>> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM jobs WHERE owner = ?1 AND key IS ?2 ORDER BY id DESC");
            connection.prepare_cached(&sql)?.query_map(params![by.owner.0, key(by)], stored)?.collect()
        })
    }

    async fn get_job(&self, by: &Principal, id: JobId) -> Result<Option<StoredJob>> {
        self.read(|connection| {
            let sql = format!("SELECT {COLUMNS} FROM jobs WHERE owner = ?1 AND id = ?2 AND key IS ?3");
            let values = params![by.owner.0, id.body(), key(by)];
            connection.prepare_cached(&sql)?.query_row(values, stored).optional()
        })
    }

    async fn cancel_job(&self, by: &Principal, id: JobId, now: Timestamp) -> Result<bool> {
        let by = by.clone();
        self.write(move |tx| {
            let cancelled = tx
                .statement(
                    "UPDATE jobs SET state = ?4, updated_at = ?5 WHERE owner = ?1 AND id = ?2 AND key IS ?3 AND state = 0",
                )?
                .execute(params![
                    by.owner.0,
                    id.body(),
                    key(&by),
                    state_number(JobState::Cancelled),
                    now.as_millis()
                ])?;
            ended(tx, (by.owner, id), cancelled > 0)
        })
        .await
    }

    async fn note_job(&self, place: JobPlace, progress: JobProgress, lease: &JobLease) -> Result<bool> {
        let (lease, JobProgress { done, skipped, extracted }) = (lease.clone(), progress);
        self.write(move |tx| {
            let noted = tx
                .statement(
                    "UPDATE jobs SET done = ?4, skipped = ?5, extracted = ?6, updated_at = ?7, taken_until = ?7 + ?8, \
                     attempts = 0 WHERE owner = ?1 AND id = ?2 AND server = ?3 AND state = 0",
                )?
                .execute(params![
                    place.0.0,
                    place.1.body(),
                    lease.server,
                    signed(done),
                    signed(skipped),
                    signed(extracted),
                    lease.now.as_millis(),
                    lease.millis,
                ])?;
            Ok(noted > 0)
        })
        .await
    }

    async fn end_job(
        &self,
        place: JobPlace,
        state: JobState,
        error: Option<&str>,
        lease: &JobLease,
    ) -> Result<bool> {
        let (lease, error) = (lease.clone(), error.map(str::to_owned));
        self.write(move |tx| {
            let changed = tx
                .statement(
                    "UPDATE jobs SET state = ?4, error = ?5, updated_at = ?6 \
                     WHERE owner = ?1 AND id = ?2 AND server = ?3 AND state = 0",
                )?
                .execute(params![
                    place.0.0,
                    place.1.body(),
                    lease.server,
                    state_number(state),
                    error,
                    lease.now.as_millis()
                ])?;
            ended(tx, place, changed > 0)
        })
        .await
    }

    async fn any_job_runs(&self) -> Result<bool> {
        self.read(|connection| {
            connection.prepare_cached("SELECT 1 FROM jobs WHERE state = 0 LIMIT 1")?.exists([])
        })
    }

    async fn keep_jobs(&self, places: &[JobPlace], lease: &JobLease) -> Result<Vec<JobPlace>> {
        let (places, lease) = (places.to_vec(), lease.clone());
        self.write(move |tx| {
            let until = lease.now.as_millis() + lease.millis;
            let mut kept = Vec::new();
            for place in &places {
                let sql = "UPDATE jobs SET taken_until = ?4 WHERE owner = ?1 AND id = ?2 AND server = ?3 AND state = 0";
                let values = params![place.0.0, place.1.body(), lease.server, until];
                if tx.statement(sql)?.execute(values)? > 0 {
                    kept.push(*place);
                }
            }
            Ok(kept)
        })
        .await
    }

    async fn release_jobs(&self, places: &[JobPlace], lease: &JobLease) -> Result<()> {
        let (places, lease) = (places.to_vec(), lease.clone());
        self.write(move |tx| {
            places.iter().try_for_each(|(owner, id)| {
                tx.statement(
                    "UPDATE jobs SET taken_until = ?4, attempts = 0 WHERE owner = ?1 AND id = ?2 AND server = ?3 AND state = 0",
                )?
                .execute(params![owner.0, id.body(), lease.server, lease.now.as_millis()])
                .map(drop)
            })
        })
        .await
    }

    async fn take_over_job(
        &self,
        readers: &[String],
        attempts: u32,
        lease: &JobLease,
    ) -> Result<Option<(StoredJob, JobConversations)>> {
        // A look first: mostly there is nothing, and writers take turns.
        if !self.read(|connection| left(connection, lease.now))? {
            return Ok(None);
        }
        let (readers, lease) = (serde_json::json!(readers).to_string(), lease.clone());
        self.write(move |tx| {
            let sql = format!(
                "UPDATE jobs SET server = ?4, taken_until = ?1 + ?5, attempts = attempts + 1 WHERE (owner, id) = ( \
                 SELECT owner, id FROM jobs WHERE {LEFT} AND resumable = 1 AND attempts < ?2 \
                 AND reader IN (SELECT value FROM json_each(?3)) ORDER BY taken_until LIMIT 1) RETURNING {COLUMNS}"
            );
            let values = params![lease.now.as_millis(), attempts, readers, lease.server, lease.millis];
            let Some(job) = tx.statement(&sql)?.query_row(values, stored).optional()? else { return Ok(None) };
            let text: String = tx
                .statement("SELECT conversations FROM job_conversations WHERE owner = ?1 AND id = ?2")?
                .query_row(params![job.owner.0, job.id.body()], |row| row.get(0))?;
            Ok(Some((job, conversations(&text))))
        })
        .await
    }

    async fn interrupt_jobs(&self, stranded: Stranded, now: Timestamp) -> Result<u64> {
        if !self.read(|connection| left(connection, now))? {
            return Ok(0);
        }
        self.write(move |tx| {
            let sql = format!(
                "UPDATE jobs SET state = ?4, updated_at = ?1 WHERE {LEFT} \
                 AND (resumable = 0 OR attempts >= ?2 OR taken_until <= ?1 - ?3) RETURNING owner, id"
            );
            let interrupted = state_number(JobState::Interrupted);
            let values = params![now.as_millis(), stranded.attempts, stranded.millis, interrupted];
            let places: Vec<JobPlace> = tx
                .statement(&sql)?
                .query_map(values, |row| place(row, 0))?
                .collect::<rusqlite::Result<_>>()?;
            for place in &places {
                ended(tx, *place, true)?;
            }
            Ok(places.len() as u64)
        })
        .await
    }

    async fn forget_jobs(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let any = "SELECT 1 FROM jobs WHERE state <> 0 AND updated_at < ?1 LIMIT 1";
        if !self.read(|connection| connection.prepare_cached(any)?.exists([before.as_millis()]))? {
            return Ok(0);
        }
        self.write_bulk(false, move |tx| {
            let sql = "DELETE FROM jobs WHERE (owner, id) IN ( \
                 SELECT owner, id FROM jobs WHERE state <> 0 AND updated_at < ?1 LIMIT ?2)";
            tx.statement(sql)?.execute(params![before.as_millis(), limit]).map(|removed| removed as u64)
        })
        .await
    }
}

fn create(
    tx: &Tx<'_>,
    job: &StoredJob,
    conversations: &str,
    lease: &JobLease,
    bounds: JobBounds,
) -> rusqlite::Result<bool> {
    let (owner, id, key) = (job.owner.0, job.id.body(), job.key.as_ref().map(KeyId::body));
    let running: u32 = tx
        .statement("SELECT count(*) FROM jobs WHERE owner = ?1 AND key IS ?2 AND state = 0")?
        .query_row(params![owner, key], |row| row.get(0))?;
    if running >= bounds.running {
        return Ok(false);
    }
    tx.statement(
        "DELETE FROM jobs WHERE owner = ?1 AND key IS ?2 AND state <> 0 AND id NOT IN ( \
         SELECT id FROM jobs WHERE owner = ?1 AND key IS ?2 AND state <> 0 ORDER BY id DESC LIMIT ?3)",
    )?
    .execute(params![owner, key, bounds.ended])?;
    tx.statement(&format!(
        "INSERT INTO jobs ({COLUMNS}, server, taken_until, attempts) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 0)"
    ))?
    .execute(params![
        owner,
        id,
        key,
        job.reader,
        job.resumable,
        job.source_tool.as_ref().map(Text::as_str),
        job.namespace.as_ref().map(Namespace::as_str),
        signed(job.total),
        signed(job.progress.done),
        signed(job.progress.skipped),
        signed(job.progress.extracted),
        state_number(job.state),
        job.error,
        job.created_at.as_millis(),
        job.updated_at.as_millis(),
        lease.server,
        lease.now.as_millis() + lease.millis,
    ])?;
    tx.statement("INSERT INTO job_conversations (owner, id, conversations) VALUES (?1, ?2, ?3)")?
        .execute(params![owner, id, conversations])?;
    Ok(true)
}

/// Whether there is a running job whose lease has run out.
fn left(connection: &Connection, now: Timestamp) -> rusqlite::Result<bool> {
    connection.prepare_cached(&format!("SELECT 1 FROM jobs WHERE {LEFT} LIMIT 1"))?.exists([now.as_millis()])
}

/// Drops the list of what a job was to read if the job has `ended`, and passes `ended` on.
fn ended(tx: &Tx<'_>, place: JobPlace, ended: bool) -> rusqlite::Result<bool> {
    if ended {
        tx.statement("DELETE FROM job_conversations WHERE owner = ?1 AND id = ?2")?
            .execute(params![place.0.0, place.1.body()])?;
    }
    Ok(ended)
}

/// The key that somebody comes with.
fn key(by: &Principal) -> Option<String> {
    by.key().map(|key| key.body().to_owned())
}

/// Reads the place of a job from two columns.
fn place(row: &Row<'_>, at: usize) -> rusqlite::Result<JobPlace> {
    let id = JobId::from_body(row.get_ref(at + 1)?.as_str()?).ok_or_else(|| unusable(at + 1))?;
    Ok((OwnerId(row.get(at)?), id))
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredJob> {
    let count = |column| row.get::<_, i64>(column).map(i64::unsigned_abs);
    let time = |column| row.get(column).map(Timestamp::from_millis);
    let (owner, id) = place(row, 0)?;
    let key = row.get::<_, Option<String>>(2)?;
    let namespace = row.get::<_, Option<String>>(6)?;
    Ok(StoredJob {
        id,
        owner,
        key: key.map(|key| KeyId::from_body(&key).ok_or_else(|| unusable(2))).transpose()?,
        reader: row.get(3)?,
        resumable: row.get(4)?,
        source_tool: optional_text(row, 5)?,
        namespace: namespace.map(|name| Namespace::new(name).map_err(|_| unusable(6))).transpose()?,
        total: count(7)?,
        progress: JobProgress { done: count(8)?, skipped: count(9)?, extracted: count(10)? },
        state: state(row.get(11)?).ok_or_else(|| unusable(11))?,
        error: row.get(12)?,
        created_at: time(13)?,
        updated_at: time(14)?,
    })
}

/// A user goes, and with them what they had begun.
pub(super) fn remove_all(tx: &Tx<'_>, owner: OwnerId) -> rusqlite::Result<()> {
    tx.statement("DELETE FROM jobs WHERE owner = ?1")?.execute([owner.0]).map(drop)
}
