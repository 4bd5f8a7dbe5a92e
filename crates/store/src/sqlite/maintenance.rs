//! Upkeep of a SQLite file.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use omp_model::Timestamp;
use omp_model::audit::Action;
use rusqlite::Connection;

use super::connection::{self, DatabaseFile, failure};
use super::{DatabaseKey, SqliteStore, audit, migrate, originals, relocation, rows, vitals, write, writer};
use crate::{Check, Maintenance, Result, StoreError, StoreInfo, StoreVitals};

/// Questions whose answer is nothing when all is well.
const CHECKS: [(&str, &str); 9] = [
    ("the file", "SELECT nullif(group_concat(integrity_check, '; '), 'ok') FROM pragma_integrity_check"),
    (
        "references",
        "SELECT nullif(count(*), 0) || ' rows refer to missing rows' FROM pragma_foreign_key_check",
    ),
    (
        "the word index",
        "SELECT nullif((SELECT count(*) FROM memories) - (SELECT count(*) FROM words_docsize), 0) \
         || ' memories more than indexed texts'",
    ),
    (
        "the index of conversations",
        "SELECT nullif(group_concat(problem, '; '), '') FROM ( \
         SELECT count(*) || ' conversations are neither indexed nor waiting, or both' AS problem FROM conversations AS c \
         WHERE (SELECT count(*) FROM conversation_heads AS e WHERE e.conversation = c.pk AND e.entries = c.message_count + 1) \
         + (SELECT count(*) FROM conversation_backlog AS b WHERE b.what = 2 AND b.conversation = c.pk) <> 1 HAVING count(*) > 0 \
         UNION ALL SELECT count(*) || ' rows of the index belong to no conversation' FROM ( \
         SELECT conversation FROM conversation_heads UNION ALL SELECT conversation FROM conversation_vectors \
         UNION ALL SELECT conversation FROM conversation_backlog) AS r \
         WHERE NOT EXISTS (SELECT 1 FROM conversations AS c WHERE c.pk = r.conversation) HAVING count(*) > 0 \
         UNION ALL SELECT 'its totals are wrong' WHERE (SELECT coalesce(sum(conversations), 0) || ' ' || coalesce(sum(entries), 0) \
         FROM conversation_totals) <> (SELECT count(*) || ' ' || coalesce(sum(entries), 0) FROM conversation_heads))",
    ),
    (
        "the counters",
        "SELECT nullif(count(*), 0) || ' counters are wrong' FROM facets AS f \
         WHERE n <> (SELECT count(*) FROM facet_entries AS e WHERE e.owner = f.owner AND e.facet = f.facet)",
    ),
    (
        "the versions",
        "SELECT nullif(count(*), 0) || ' versions belong to no memory' FROM versions AS v \
         WHERE NOT EXISTS (SELECT 1 FROM memories AS m WHERE m.pk = v.pk)",
    ),
    (
        "the successors",
        "SELECT nullif(count(*), 0) || ' memories were superseded by none that is there' FROM memories AS m \
         WHERE (m.superseded_by IS NULL) <> (m.superseded_at IS NULL) OR (m.superseded_by IS NOT NULL AND NOT EXISTS ( \
         SELECT 1 FROM memories AS s WHERE s.owner = m.owner AND s.id = m.superseded_by))",
    ),
    (
        "the lists",
        "SELECT nullif(count(*), 0) || ' list entries belong to no memory' FROM facet_entries AS e \
         JOIN facets AS f ON f.facet = e.facet \
         LEFT JOIN memories AS m ON m.pk = e.pk AND m.id = e.id AND m.expires_at IS e.expires_at \
         AND e.at = CASE f.kind WHEN 'updated' THEN m.updated_at ELSE m.created_at END WHERE m.pk IS NULL",
    ),
    (
        "what lists filter by",
        "SELECT nullif(count(*), 0) || ' memories are missing from a list of theirs' FROM memories AS m WHERE EXISTS ( \
         SELECT 1 FROM (SELECT 'tool' AS kind, m.tool AS value \
         UNION ALL SELECT 'type', CASE m.type WHEN 0 THEN 'episodic' WHEN 1 THEN 'semantic' ELSE 'procedural' END \
         UNION ALL SELECT 'all', '' UNION ALL SELECT 'updated', '' UNION ALL SELECT 'namespace', m.namespace WHERE m.namespace IS NOT NULL \
         UNION ALL SELECT 'tag', j.value FROM json_each('[\"' || replace(m.tags, ' ', '\",\"') || '\"]') AS j WHERE m.tags <> '') AS w \
         WHERE NOT EXISTS (SELECT 1 FROM facets AS g JOIN facet_entries AS e ON e.owner = g.owner AND e.facet = g.facet \
         AND e.at = CASE w.kind WHEN 'updated' THEN m.updated_at ELSE m.created_at END AND e.id = m.id WHERE g.owner = m.owner AND g.kind = w.kind AND g.value = w.value))",
    ),
];

#[async_trait]
impl Maintenance for SqliteStore {
    async fn info(&self) -> Result<StoreInfo> {
        let version = self.read(|c| c.query_row("PRAGMA user_version", [], |row| row.get(0)))?;
        Ok(StoreInfo {
            engine: engine(self.inner.file.key.is_some()),
            location: self.path().display().to_string(),
            schema_version: version,
            bytes: std::fs::metadata(self.path()).map_or(0, |m| m.len()),
        })
    }

    fn vitals(&self) -> StoreVitals {
        vitals::vitals(self.inner.writer.counters(), self.path())
    }

    async fn ready(&self) -> Result<()> {
        self.read(|connection| Ok(migrate::check_identity(connection, self.path())))??;
        if self.read(relocation::is_being_filled)? {
            return Err(StoreError::BeingFilled(self.path().display().to_string()));
        }
        Ok(())
    }

    async fn purge_expired(&self, limit: u32, now: Timestamp) -> Result<u64> {
        // A look first: the sweep comes often and finds nothing, and a write would cost a flush of the disk.
        let due = "SELECT owner, pk FROM memories INDEXED BY memories_expiry WHERE expires_at <= ?1 LIMIT ?2";
        let any = self.read(|c| {
            Ok(c.prepare_cached(due)?.exists([now.as_millis(), 1])? || originals::any_left_over(c, now)?)
        })?;
        if !any {
            return Ok(0);
        }
        self.write_bulk(false, move |tx| {
            let rows: Vec<(u32, i64)> = tx
                .statement(due)?
                .query_map([now.as_millis(), i64::from(limit)], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            for (owner, pk) in &rows {
                let memory = rows::by_pk(tx.connection(), &[*pk], false)?.pop().expect("it was just there");
                write::delete(tx, omp_model::OwnerId(*owner), *pk, &memory, now)?;
            }
            if !rows.is_empty() {
                audit::record(tx, None, Action::ExpireMemories, None, rows.len() as u64, now)?;
            }
            originals::sweep(tx, now)?;
            Ok(rows.len() as u64)
        })
        .await
    }

    async fn check(&self) -> Result<Vec<Check>> {
        let file = self.inner.file.clone();
        let task = tokio::task::spawn_blocking(move || {
            // A connection of its own: the engine checks the word index by what a connection that has searched before
            // remembers of it, and takes what others wrote since for damage.
            let connection = connection::open_reader(&file)?;
            let check = |(name, sql): (&str, &str)| {
                let problem = connection.query_row(sql, [], |row| row.get::<_, Option<String>>(0));
                let problem = problem.map_err(|e| failure(&file.path, &e))?;
                Ok(Check { name: name.to_owned(), problem })
            };
            CHECKS.into_iter().map(check).collect()
        });
        task.await.map_err(|_| StoreError::Internal("the checks ended early".into()))?
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        let (source, target) = (self.inner.file.clone(), to.to_owned());
        let task = tokio::task::spawn_blocking(move || copy(&connection::open_reader(&source)?, &target));
        task.await.map_err(|_| StoreError::Internal("the backup ended early".into()))?
    }

    async fn restore(&self, from: &Path) -> Result<()> {
        let target = self.inner.file.clone();
        let source = DatabaseFile { path: from.to_owned(), key: target.key.clone() };
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || {
            let backup = checked(&source)?;
            let lock = writer::open_lock(&target.path)?;
            lock.lock().map_err(|e| StoreError::Internal(format!("the lock file failed: {e}")))?;
            let mut live = connection::open_writer(&target)?;
            let generation = "SELECT coalesce((SELECT value FROM settings WHERE name = 'generation'), 0)";
            let before = live.query_row(generation, [], |row| row.get::<_, i64>(0));
            rusqlite::backup::Backup::new(&backup, &mut live)
                .and_then(|copy| copy.run_to_completion(i32::MAX, std::time::Duration::ZERO, None))
                .and_then(|()| {
                    // Lets whoever keeps an index of the file learn that the file was replaced.
                    let next = before?.max(live.query_row(generation, [], |row| row.get(0))?) + 1;
                    live.execute(
                        "INSERT OR REPLACE INTO settings (name, value) VALUES ('generation', ?1)",
                        [next],
                    )
                })
                .map_err(|e| failure(&target.path, &e))?;
            inner.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
            Ok(())
        });
        let restored = task.await.map_err(|_| StoreError::Internal("the restore ended early".into()))?;
        self.settle().await;
        restored
    }

    async fn close(&self) -> Result<()> {
        let inner = Arc::clone(&self.inner);
        let task = tokio::task::spawn_blocking(move || {
            inner.writer.close();
            inner.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        });
        task.await.map_err(|_| StoreError::Internal("closing ended early".into()))
    }
}

impl SqliteStore {
    /// Whether a file can be restored: whole, of our making, and not newer than this program. It is only read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_backup(path: &Path, key: Option<&Arc<DatabaseKey>>) -> Result<()> {
        checked(&DatabaseFile { path: path.to_owned(), key: key.cloned() }).map(drop)
    }
}

fn engine(encrypted: bool) -> String {
    let words = if encrypted { ", the file is encrypted" } else { "" };
    format!("SQLite {}{words}", rusqlite::version())
}

/// A compact copy under a temporary name that becomes the real one when it is complete.
pub(super) fn copy(connection: &Connection, target: &Path) -> Result<()> {
    if target.exists() {
        return Err(StoreError::Open {
            path: target.to_owned(),
            reason: "a file of that name exists already".into(),
        });
    }
    let partial = &partial(target);
    // Left over from a copy that was interrupted.
    let _ = std::fs::remove_file(partial);
    super::create_private_file(partial)?;
    let in_words = |e: std::io::Error| StoreError::Open { path: target.to_owned(), reason: e.to_string() };
    // A reader may not write, and the engine takes even a copy for writing.
    connection.execute_batch("PRAGMA query_only = OFF").map_err(|e| failure(target, &e))?;
    connection.execute("VACUUM INTO ?1", [partial.to_string_lossy()]).map_err(|e| failure(target, &e))?;
    std::fs::File::open(partial).and_then(|file| file.sync_all()).map_err(in_words)?;
    std::fs::rename(partial, target).map_err(in_words)
}

/// The name of a file that is not complete yet.
pub(super) fn partial(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".partial");
    name.into()
}

/// A backup that is whole and of our making.
pub(super) fn checked(file: &DatabaseFile) -> Result<Connection> {
    let path = &file.path;
    if !path.is_file() {
        return Err(StoreError::Open { path: path.clone(), reason: "there is no such file".into() });
    }
    let backup = connection::open_reader(file)?;
    migrate::check_identity(&backup, path)?;
    let problem = backup
        .query_row(CHECKS[0].1, [], |row| row.get::<_, Option<String>>(0))
        .map_err(|e| failure(path, &e))?;
    problem.map_or(Ok(backup), |_| Err(StoreError::Corrupt(path.clone())))
}
