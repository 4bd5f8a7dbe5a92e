//! The feed of changes on SQLite.

use std::time::Duration;

use async_trait::async_trait;
use omp_model::OwnerId;
use rusqlite::params;

use super::{SqliteStore, rows};
use crate::{Change, ChangeFeed, Result};

/// How often it is looked for what other processes have changed: the engine has nothing by which they could tell.
const LOOK: Duration = Duration::from_secs(1);

#[async_trait]
impl ChangeFeed for SqliteStore {
    async fn last_seq(&self, owner: OwnerId) -> Result<i64> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT seq FROM owners WHERE owner = ?1")?
                .query_row([owner.0], |row| row.get(0))
        })
    }

    async fn until_stirred(&self, owner: OwnerId, known: i64) -> Result<()> {
        let hearer = self.inner.hints.of(owner);
        if self.last_seq(owner).await? == known {
            hearer.hint(LOOK).await;
        }
        Ok(())
    }

    async fn changes_since(&self, owner: OwnerId, seq: i64, limit: u32) -> Result<Vec<Change>> {
        self.read_long(move |connection| {
            // Each side is cut at the limit before they are merged, so the cost is the answer's.
            let sql = "SELECT seq, id, deleted FROM ( \
                 SELECT * FROM (SELECT seq, id, 0 AS deleted FROM memories INDEXED BY memories_seq \
                                WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3) \
                 UNION ALL \
                 SELECT * FROM (SELECT seq, id, 1 AS deleted FROM tombstones \
                                WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)) \
                 ORDER BY seq LIMIT ?3";
            connection
                .prepare_cached(sql)?
                .query_map(params![owner.0, seq, limit], |row| {
                    Ok(Change { seq: row.get(0)?, id: rows::id(row, 1)?, deleted: row.get(2)? })
                })?
                .collect()
        })
        .await
    }
}
