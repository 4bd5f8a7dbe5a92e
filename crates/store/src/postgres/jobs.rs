//! Jobs on PostgreSQL. Leases are measured by the database's clock, which is the only one that all servers share.

use async_trait::async_trait;
use omp_model::api::JobState;
use omp_model::{ConversationId, JobId, KeyId, Namespace, OwnerId, Principal, Text, Timestamp};
use tokio_postgres::Row;

use super::PostgresStore;
use super::rows::{namespace, optional_text};
use super::session::{Columns, Session, number, unusable};
use super::tx::Tx;
use crate::Result;
use crate::jobs::{
    JobBounds, JobConversations, JobLease, JobPlace, JobProgress, JobStore, StoredJob, Stranded,
    conversations, conversations_text, signed, state, state_number,
};

/// The columns that [`stored`] reads, in its order; the row of `jobs` is called `j`.
const COLUMNS: &str = "j.owner, j.id, j.key, j.reader, j.resumable, j.tool, j.namespace, j.total, j.done, j.skipped, \
     j.extracted, j.state, j.error, j.created_at, j.updated_at";

/// The database's clock, in milliseconds.
const CLOCK: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// These jobs, as a table of places.
const THESE: &str = "unnest($1::integer[], $2::text[]) AS p (owner, id)";

#[async_trait]
impl JobStore for PostgresStore {
    async fn create_job(
        &self,
        job: &StoredJob,
        conversations: &[Option<ConversationId>],
        lease: &JobLease,
        bounds: JobBounds,
    ) -> Result<bool> {
        let (job, lease, conversations) = (job.clone(), lease.clone(), conversations_text(conversations));
        // Under the lock of the owner, so that no two servers count at once.
        self.write(job.owner, async move |tx| create(tx, &job, &conversations, &lease, bounds).await).await
    }

    async fn jobs(&self, by: &Principal) -> Result<Vec<StoredJob>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs AS j WHERE j.owner = $1 AND j.key IS NOT DISTINCT FROM $2 ORDER BY j.id DESC"
        );
        let rows = self.read(by.owner).await?.rows(&sql, &[&number(by.owner), &key(by)]).await?;
        rows.iter().map(stored).collect()
    }

    async fn get_job(&self, by: &Principal, id: JobId) -> Result<Option<StoredJob>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM jobs AS j WHERE j.owner = $1 AND j.id = $2 AND j.key IS NOT DISTINCT FROM $3"
        );
        let session = self.read(by.owner).await?;
        let row = session.row(&sql, &[&number(by.owner), &id.body(), &key(by)]).await?;
        row.as_ref().map(stored).transpose()
    }

    async fn cancel_job(&self, by: &Principal, id: JobId, now: Timestamp) -> Result<bool> {
        let (owner, key) = (by.owner, key(by));
        self.write(owner, async move |tx| {
            let sql = "UPDATE jobs SET state = $4, updated_at = $5 \
                 WHERE owner = $1 AND id = $2 AND key IS NOT DISTINCT FROM $3 AND state = 0";
            let cancelled = i16::from(state_number(JobState::Cancelled));
            let changed =
                tx.execute(sql, &[&number(owner), &id.body(), &key, &cancelled, &now.as_millis()]).await?;
            ended(tx, (owner, id), changed > 0).await
        })
        .await
    }

    async fn note_job(&self, place: JobPlace, progress: JobProgress, lease: &JobLease) -> Result<bool> {
        let lease = lease.clone();
        self.write(place.0, async move |tx| {
            let sql = format!(
                "UPDATE jobs SET done = $4, skipped = $5, extracted = $6, updated_at = $7, taken_until = {CLOCK} + $8, \
                 attempts = 0 WHERE owner = $1 AND id = $2 AND server = $3 AND state = 0"
            );
            let noted = tx
                .execute(
                    &sql,
                    &[
                        &number(place.0),
                        &place.1.body(),
                        &lease.server,
                        &signed(progress.done),
                        &signed(progress.skipped),
                        &signed(progress.extracted),
                        &lease.now.as_millis(),
                        &lease.millis,
                    ],
                )
                .await?;
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
        self.write(place.0, async move |tx| {
            let sql = "UPDATE jobs SET state = $4, error = $5, updated_at = $6 \
                 WHERE owner = $1 AND id = $2 AND server = $3 AND state = 0";
            let changed = tx
                .execute(
                    sql,
                    &[
                        &number(place.0),
                        &place.1.body(),
                        &lease.server,
                        &i16::from(state_number(state)),
                        &error,
                        &lease.now.as_millis(),
                    ],
                )
                .await?;
            ended(tx, place, changed > 0).await
        })
        .await
    }

    async fn any_job_runs(&self) -> Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 0)";
        self.read_all().await?.one(sql, &[]).await?.column(0)
    }

    async fn keep_jobs(&self, places: &[JobPlace], lease: &JobLease) -> Result<Vec<JobPlace>> {
        let (owners, ids) = columns(places);
        let sql = format!(
            "UPDATE jobs AS j SET taken_until = {CLOCK} + $4 FROM {THESE} \
             WHERE j.owner = p.owner AND j.id = p.id AND j.server = $3 AND j.state = 0 RETURNING j.owner, j.id"
        );
        // Beside the writers: what they are at may take longer than a lease, and these rows are this server's.
        let session = Session::write(&self.aside, &self.place, None).await?;
        let kept = session.rows(&sql, &[&owners, &ids, &lease.server, &lease.millis]).await?;
        let kept = kept.iter().map(place).collect::<Result<Vec<_>>>()?;
        session.commit().await?;
        Ok(kept)
    }

    async fn release_jobs(&self, places: &[JobPlace], lease: &JobLease) -> Result<()> {
        let ((owners, ids), lease) = (columns(places), lease.clone());
        self.write_all(async move |tx| {
            let sql = format!(
                "UPDATE jobs AS j SET taken_until = {CLOCK}, attempts = 0 FROM {THESE} \
                 WHERE j.owner = p.owner AND j.id = p.id AND j.server = $3 AND j.state = 0"
            );
            tx.execute(&sql, &[&owners, &ids, &lease.server]).await.map(drop)
        })
        .await
    }

    async fn take_over_job(
        &self,
        readers: &[String],
        attempts: u32,
        lease: &JobLease,
    ) -> Result<Option<(StoredJob, JobConversations)>> {
        let (readers, lease, attempts) = (readers.to_vec(), lease.clone(), signed(attempts.into()));
        self.write_all(async move |tx| {
            let sql = format!(
                "WITH next AS (SELECT owner, id FROM jobs WHERE state = 0 AND taken_until <= {CLOCK} AND resumable \
                 AND attempts < $2::bigint AND reader = ANY($1) ORDER BY taken_until LIMIT 1 FOR UPDATE SKIP LOCKED) \
                 UPDATE jobs AS j SET server = $3, taken_until = {CLOCK} + $4, attempts = j.attempts + 1 FROM next \
                 WHERE j.owner = next.owner AND j.id = next.id RETURNING {COLUMNS}"
            );
            let row = tx.row(&sql, &[&readers, &attempts, &lease.server, &lease.millis]).await?;
            let Some(job) = row.as_ref().map(stored).transpose()? else { return Ok(None) };
            let sql = "SELECT conversations FROM job_conversations WHERE owner = $1 AND id = $2";
            let row = tx.one(sql, &[&number(job.owner), &job.id.body()]).await?;
            Ok(Some((job, conversations(row.column(0)?))))
        })
        .await
    }

    async fn interrupt_jobs(&self, stranded: Stranded, now: Timestamp) -> Result<u64> {
        self.write_all(async move |tx| {
            let sql = format!(
                "WITH interrupted AS (UPDATE jobs SET state = $1, updated_at = $2 WHERE state = 0 AND taken_until <= {CLOCK} \
                 AND (NOT resumable OR attempts >= $3::bigint OR taken_until <= {CLOCK} - $4) RETURNING owner, id), \
                 freed AS (DELETE FROM job_conversations AS c USING interrupted AS i WHERE c.owner = i.owner AND c.id = i.id) \
                 SELECT count(*) FROM interrupted"
            );
            let interrupted = i16::from(state_number(JobState::Interrupted));
            let attempts = signed(stranded.attempts.into());
            tx.one(&sql, &[&interrupted, &now.as_millis(), &attempts, &stranded.millis]).await?.count(0)
        })
        .await
    }

    async fn forget_jobs(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let before = before.as_millis();
        // A look first: mostly there is nothing.
        let any = "SELECT EXISTS (SELECT 1 FROM jobs WHERE state <> 0 AND updated_at < $1)";
        if !self.read_all().await?.one(any, &[&before]).await?.column::<bool>(0)? {
            return Ok(0);
        }
        self.write_bulk(None, async move |tx| {
            let sql = "DELETE FROM jobs WHERE (owner, id) IN ( \
                 SELECT owner, id FROM jobs WHERE state <> 0 AND updated_at < $1 LIMIT $2)";
            tx.execute(sql, &[&before, &i64::from(limit)]).await
        })
        .await
    }
}

async fn create(
    tx: &Tx,
    job: &StoredJob,
    conversations: &str,
    lease: &JobLease,
    bounds: JobBounds,
) -> Result<bool> {
    let (owner, id, key) = (number(job.owner), job.id.body(), job.key.as_ref().map(KeyId::body));
    let sql = "SELECT count(*) FROM jobs WHERE owner = $1 AND key IS NOT DISTINCT FROM $2 AND state = 0";
    if tx.one(sql, &[&owner, &key]).await?.count(0)? >= bounds.running.into() {
        return Ok(false);
    }
    tx.execute(
        "DELETE FROM jobs WHERE owner = $1 AND key IS NOT DISTINCT FROM $2 AND state <> 0 AND id NOT IN ( \
         SELECT id FROM jobs WHERE owner = $1 AND key IS NOT DISTINCT FROM $2 AND state <> 0 ORDER BY id DESC LIMIT $3)",
        &[&owner, &key, &i64::from(bounds.ended)],
    )
    .await?;
    let names = COLUMNS.replace("j.", "");
    let sql = format!(
        "INSERT INTO jobs ({names}, server, taken_until, attempts) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, {CLOCK} + $17, 0)"
    );
    tx.execute(
        &sql,
        &[
            &owner,
            &id,
            &key,
            &job.reader,
            &job.resumable,
            &job.source_tool.as_ref().map(Text::as_str),
            &job.namespace.as_ref().map(Namespace::as_str),
            &signed(job.total),
            &signed(job.progress.done),
            &signed(job.progress.skipped),
            &signed(job.progress.extracted),
            &i16::from(state_number(job.state)),
            &job.error,
            &job.created_at.as_millis(),
            &job.updated_at.as_millis(),
            &lease.server,
            &lease.millis,
        ],
    )
    .await?;
    let sql = "INSERT INTO job_conversations (owner, id, conversations) VALUES ($1, $2, $3)";
    tx.execute(sql, &[&owner, &id, &conversations]).await?;
    Ok(true)
}

/// What a job was to read is of no use when it has ended. Tells again whether it has.
async fn ended(tx: &Tx, place: JobPlace, ended: bool) -> Result<bool> {
    if ended {
        let sql = "DELETE FROM job_conversations WHERE owner = $1 AND id = $2";
        tx.execute(sql, &[&number(place.0), &place.1.body()]).await?;
    }
    Ok(ended)
}

/// The key that somebody comes with.
fn key(by: &Principal) -> Option<String> {
    by.key().map(|key| key.body().to_owned())
}

/// The owners and the ids of these jobs.
fn columns(places: &[JobPlace]) -> (Vec<i32>, Vec<String>) {
    places.iter().map(|(owner, id)| (number(*owner), id.body().to_owned())).unzip()
}

/// Reads the place of a job from the first two columns.
fn place(row: &Row) -> Result<JobPlace> {
    let id = JobId::from_body(row.column(1)?).ok_or_else(|| unusable(1))?;
    Ok((OwnerId(row.column::<i32>(0)?.cast_unsigned()), id))
}

fn stored(row: &Row) -> Result<StoredJob> {
    let (owner, id) = place(row)?;
    let key = row.column::<Option<&str>>(2)?;
    let number = u8::try_from(row.column::<i16>(11)?).ok();
    Ok(StoredJob {
        id,
        owner,
        key: key.map(|key| KeyId::from_body(key).ok_or_else(|| unusable(2))).transpose()?,
        reader: row.column(3)?,
        resumable: row.column(4)?,
        source_tool: optional_text(row, 5)?,
        namespace: namespace(row, 6)?,
        total: row.count(7)?,
        progress: JobProgress { done: row.count(8)?, skipped: row.count(9)?, extracted: row.count(10)? },
        state: number.and_then(state).ok_or_else(|| unusable(11))?,
        error: row.column(12)?,
        created_at: Timestamp::from_millis(row.column(13)?),
        updated_at: Timestamp::from_millis(row.column(14)?),
    })
}

/// A user goes, and with them what they had begun.
pub(super) async fn remove_all(tx: &Tx, owner: OwnerId) -> Result<()> {
    tx.execute("DELETE FROM jobs WHERE owner = $1", &[&number(owner)]).await.map(drop)
}
