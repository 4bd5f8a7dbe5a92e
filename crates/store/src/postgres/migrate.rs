//! Bringing a database's schema up to date: numbered steps, all in one transaction, one server at a time.
//!
//! A step only adds, so that servers of the version before go on working while others
//! are replaced; `schema.rs` tells how they know.

use std::sync::Arc;

use deadpool_postgres::Pool;
use omp_model::{OwnerId, Timestamp};
use omp_search::{Analyzer, TOKENIZER_VERSION};

use super::pgvector::{self, Pgvector};
use super::session::{Columns, Session, number};
use super::tsvector::Words;
use super::write;
use super::{conversation_index, rows, tx};
use crate::schema::{self, Step};
use crate::{Result, StoreError};

/// The steps; step N brings a database from version N to N + 1.
const STEPS: [Step; 6] = [
    Step::adds(include_str!("../../migrations/postgres/0001_first.sql"), 1),
    // Triggers do what servers of the first version leave undone.
    Step::adds(include_str!("../../migrations/postgres/0002_conversation_words.sql"), 1),
    // What they write is not taken in yet, which is what the column says then.
    Step::adds(include_str!("../../migrations/postgres/0003_windows.sql"), 1),
    // They count for themselves.
    Step::adds(include_str!("../../migrations/postgres/0004_budgets.sql"), 1),
    // They go on with the jobs that they began in memory; the rows go with their user.
    Step::adds(include_str!("../../migrations/postgres/0005_jobs.sql"), 1),
    // They are not among them, and what they write is noticed within a lease.
    Step::adds(include_str!("../../migrations/postgres/0006_writers.sql"), 1),
];

/// What servers that start at once take turns by; the number is ours and means nothing.
const TURN: &str = "SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock(x'4f4d656d'::bigint)";

/// Memories whose words are made anew at a time.
const REFRESH: i64 = 2_000;

/// Brings the database up to date, and takes up pgvector if it has that by now.
pub(super) async fn migrate(pool: &Pool, place: &Arc<str>, now: Timestamp) -> Result<Pgvector> {
    let session = Session::write(pool, place, None).await?;
    session.batch(TURN).await?;
    let found = version(&session).await?;
    if found.is_none() {
        // Which steps this database has had. Its presence says whose database it is.
        let sql = "CREATE TABLE open_memory (version integer PRIMARY KEY, made_at bigint NOT NULL)";
        session.batch(sql).await?;
    }
    let found = found.unwrap_or_default();
    let newest = schema::newest(&STEPS);
    if found > newest {
        schema::check(place, found, newest, serves_since(&session, found).await?)?;
        tracing::info!(found, known = newest, "a newer program has been here; this one can go on beside it");
    }
    for (version, step) in (1_i32..).zip(&STEPS).skip(found as usize) {
        session.batch(step.sql).await?;
        let sql = "INSERT INTO open_memory (version, made_at) VALUES ($1, $2)";
        session.execute(sql, &[&version, &now.as_millis()]).await?;
    }
    if found == 0 {
        begin(&session, now).await?;
    }
    if found <= newest {
        let sql = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        session.execute(sql, &[&schema::setting(newest), &i64::from(schema::serves_since(&STEPS))]).await?;
    }
    refresh_words(&session, found).await?;
    let pgvector = pgvector::take_up(&session).await?;
    session.commit().await?;
    Ok(pgvector)
}

/// Takes up a standby, in which nothing can be changed: its schema, its word index and its vectors are what servers of
/// the primary have made of them.
pub(super) async fn as_it_is(pool: &Pool, place: &Arc<str>) -> Result<Pgvector> {
    let session = Session::read(pool, place, None).await?;
    let (found, newest) = (version(&session).await?.unwrap_or_default(), schema::newest(&STEPS));
    let behind = || StoreError::Denied {
        place: place.to_string(),
        reason: format!(
            "it is a read replica with schema version {found}, and this program needs {newest}: start a server of this \
             version on the primary, then this one again"
        ),
    };
    if found < newest {
        return Err(behind());
    }
    if found > newest {
        schema::check(place, found, newest, serves_since(&session, found).await?)?;
    }
    if analysis(&session).await? != i64::from(TOKENIZER_VERSION) {
        return Err(behind());
    }
    pgvector::look(&session).await
}

/// Refuses to go on where a newer program has meanwhile made something of the schema that this one cannot work with.
pub(super) async fn check(session: &Session) -> Result<()> {
    let version = session.one("SELECT max(version) FROM open_memory", &[]).await?;
    let (found, known) = (version.column::<i32>(0)?.unsigned_abs(), schema::newest(&STEPS));
    if found > known {
        schema::check(session.place(), found, known, serves_since(session, found).await?)?;
    }
    Ok(())
}

/// From which version on programs can work with this one, if the database says.
async fn serves_since(session: &Session, version: u32) -> Result<Option<i64>> {
    let sql = "SELECT value FROM settings WHERE name = $1";
    session.row(sql, &[&schema::setting(version)]).await?.map(|row| row.column(0)).transpose()
}

/// The schema's version, where there is one.
async fn version(session: &Session) -> Result<Option<u32>> {
    let sql = "SELECT to_regclass('open_memory') IS NOT NULL, to_regclass('memories') IS NOT NULL";
    let row = session.one(sql, &[]).await?;
    let (ours, others): (bool, bool) = (row.column(0)?, row.column(1)?);
    if !ours && others {
        return Err(StoreError::NotADatabase(session.place().into()));
    }
    if !ours {
        return Ok(None);
    }
    let newest = session.one("SELECT coalesce(max(version), 0) FROM open_memory", &[]).await?;
    Ok(Some(newest.column::<i32>(0)?.unsigned_abs()))
}

/// The version of the text analysis that the word index was made by.
async fn analysis(session: &Session) -> Result<i64> {
    session.one("SELECT value FROM settings WHERE name = 'tokenizer_version'", &[]).await?.column(0)
}

/// The first owner of a new database.
async fn begin(session: &Session, now: Timestamp) -> Result<()> {
    let sql = "INSERT INTO owners (owner, name, created_at, admin) VALUES ($1, 'owner', $2, true)";
    session.execute(sql, &[&number(OwnerId::FIRST), &now.as_millis()]).await?;
    let sql = "INSERT INTO settings (name, value) VALUES ('tokenizer_version', $1)";
    session.execute(sql, &[&i64::from(TOKENIZER_VERSION)]).await.map(drop)
}

/// Makes the word index anew when it was made by another version of the analysis; one of a newer program stays.
async fn refresh_words(session: &Session, found: u32) -> Result<()> {
    let version = analysis(session).await?;
    if version == i64::from(TOKENIZER_VERSION) {
        return Ok(());
    }
    // What this program stored would not be found by the newer one's words.
    schema::check(session.place(), found, schema::newest(&STEPS), None)?;
    tracing::info!(
        from = version,
        to = TOKENIZER_VERSION,
        "the text analysis changed: making the word index anew"
    );
    session.batch("DELETE FROM words").await?;
    conversation_index::renew(session).await?;
    let sql = format!(
        "SELECT {}, m.owner FROM memories AS m WHERE (m.owner, m.pk) > ($1, $2) ORDER BY m.owner, m.pk LIMIT $3",
        rows::COLUMNS
    );
    let (mut after, mut analyzer) = ((0_i32, 0_i64), Analyzer::new());
    loop {
        let found = session.rows(&sql, &[&after.0, &after.1, &REFRESH]).await?;
        if found.is_empty() {
            break;
        }
        let mut of_one: Vec<(i64, Words)> = Vec::new();
        for row in &found {
            let owner: i32 = row.column(rows::WIDTH)?;
            if owner != after.0 {
                put(session, after.0, &mut of_one).await?;
            }
            let (pk, memory) = rows::numbered(row)?;
            of_one.push((pk, Words::of(OwnerId(owner.cast_unsigned()), &memory, &mut analyzer)));
            after = (owner, pk);
        }
        put(session, after.0, &mut of_one).await?;
    }
    session.execute("DELETE FROM facets WHERE kind = $1", &[&tx::WORDS]).await?;
    let sql =
        "INSERT INTO facets (owner, kind, value, n) SELECT owner, $1, '', sum(n) FROM words GROUP BY owner";
    session.execute(sql, &[&tx::WORDS]).await?;
    let sql = "UPDATE settings SET value = $1 WHERE name = 'tokenizer_version'";
    session.execute(sql, &[&i64::from(TOKENIZER_VERSION)]).await.map(drop)
}

async fn put(session: &Session, owner: i32, words: &mut Vec<(i64, Words)>) -> Result<()> {
    if !words.is_empty() {
        let words = std::mem::take(words);
        write::put_words(session, OwnerId(owner.cast_unsigned()), words).await?;
    }
    Ok(())
}
