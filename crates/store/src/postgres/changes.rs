//! The feed of changes on PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use omp_model::OwnerId;

use super::notify::Task;
use super::session::{Columns, number};
use super::{PostgresStore, rows};
use crate::{Change, ChangeFeed, Result};

#[async_trait]
impl ChangeFeed for PostgresStore {
    async fn last_seq(&self, owner: OwnerId) -> Result<i64> {
        let sql = "SELECT seq FROM owners WHERE owner = $1";
        // Everybody's numbers are in front of the second wall, so no transaction is needed.
        self.glance().await?.one(sql, &[&number(owner)]).await?.column(0)
    }

    async fn until_stirred(&self, owner: OwnerId, known: i64) -> Result<()> {
        self.listening.get_or_init(|| Task::spawn(Arc::clone(&self.listener).listen_forever()));
        let hearer = self.hints.of(owner);
        if self.last_seq(owner).await? == known {
            hearer.hint(self.listener.patience()).await;
        }
        Ok(())
    }

    async fn changes_since(&self, owner: OwnerId, seq: i64, limit: u32) -> Result<Vec<Change>> {
        // Each side is cut at the limit before they are merged, so the cost is the answer's.
        let sql = "SELECT seq, id, deleted FROM ( \
             (SELECT seq, id, false AS deleted FROM memories WHERE owner = $1 AND seq > $2 ORDER BY seq LIMIT $3) \
             UNION ALL \
             (SELECT seq, id, true AS deleted FROM tombstones WHERE owner = $1 AND seq > $2 ORDER BY seq LIMIT $3) \
             ) AS changes ORDER BY seq LIMIT $3";
        let rows = self.read(owner).await?.rows(sql, &[&number(owner), &seq, &i64::from(limit)]).await?;
        rows.iter()
            .map(|row| Ok(Change { seq: row.column(0)?, id: rows::id(row, 1)?, deleted: row.column(2)? }))
            .collect()
    }
}
