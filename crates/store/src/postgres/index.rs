//! The feed of indices in memory, on PostgreSQL.

use std::sync::LazyLock;

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};
use tokio_postgres::Row;

use super::membership::ALONE;
use super::positions::Reading;
use super::session::{Columns, Session, Value, number, walled};
use super::{PostgresStore, rows, vectors};
use crate::stored::FacetKind;
use crate::{IndexChange, IndexFeed, IndexPosition, IndexRow, Result, Slot, StoreError};

#[async_trait]
impl IndexFeed for PostgresStore {
    fn is_remote(&self) -> bool {
        true
    }

    async fn index_position(&self, owner: OwnerId) -> Result<IndexPosition> {
        static SQL: LazyLock<String> = LazyLock::new(|| {
            walled(&format!(
                "SELECT {POSITION}, {ALONE} AS alone FROM {POSITION_FROM} WHERE o.owner = wall.owner"
            ))
        });
        if let Some(position) = self.positions.holding(owner) {
            return Ok(position);
        }
        let reading = self.positions.read();
        let values: [Value<'_>; 3] = [&number(owner), &FacetKind::All.as_str(), &self.membership.id()];
        let row = self.glance().await?.one(&SQL, &values).await?;
        self.learn(owner, &reading, &row, 0)
    }

    async fn index_rows(
        &self,
        owner: OwnerId,
        after: i64,
        limit: u32,
        slot: Option<Slot>,
    ) -> Result<Vec<IndexRow>> {
        let session = self.read(owner).await?;
        let sql = format!(
            "SELECT {}, m.superseded_at FROM memories AS m WHERE m.owner = $1 AND m.pk > $2 ORDER BY m.pk LIMIT $3",
            rows::COLUMNS
        );
        let found = session.rows(&sql, &[&number(owner), &after, &i64::from(limit)]).await?;
        index_rows(&session, owner, &found, slot).await
    }

    async fn index_changes(
        &self,
        owner: OwnerId,
        seq: i64,
        limit: u32,
        slot: Option<Slot>,
    ) -> Result<Vec<(i64, IndexChange)>> {
        let session = self.read(owner).await?;
        let (owner_number, most) = (number(owner), i64::from(limit));
        // Each kind of change is cut at the limit before they are merged, so the cost is the answer's.
        let sql = format!(
            "SELECT {}, m.superseded_at, m.seq FROM memories AS m WHERE m.owner = $1 AND m.seq > $2 ORDER BY m.seq LIMIT $3",
            rows::COLUMNS
        );
        let found = session.rows(&sql, &[&owner_number, &seq, &most]).await?;
        let mut changes = Vec::with_capacity(found.len());
        for (row, put) in found.iter().zip(index_rows(&session, owner, &found, slot).await?) {
            changes.push((row.column(rows::WIDTH + 1)?, IndexChange::Put(Box::new(put))));
        }
        let sql = "SELECT seq, pk FROM tombstones WHERE owner = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        for row in session.rows(sql, &[&owner_number, &seq, &most]).await? {
            changes.push((row.column(0)?, IndexChange::Removed(row.column(1)?)));
        }
        if let Some(slot) = slot {
            let vectors = vectors::since(&session, owner, slot, seq, limit).await?;
            changes
                .extend(vectors.into_iter().map(|(seq, pk, vector)| (seq, IndexChange::Vector(pk, vector))));
        }
        changes.sort_unstable_by_key(|(seq, _)| *seq);
        changes.truncate(limit as usize);
        Ok(changes)
    }

    async fn memories_by_pk(
        &self,
        owner: OwnerId,
        pks: &[i64],
        with_embedding: bool,
    ) -> Result<Vec<(i64, Memory)>> {
        if with_embedding {
            return rows::by_pk(&self.read(owner).await?, owner, pks, true).await;
        }
        rows::glance_by_pk(&self.glance().await?, owner, pks).await
    }

    async fn position_and_memories(
        &self,
        owner: OwnerId,
        pks: &[i64],
    ) -> Result<(IndexPosition, Vec<(i64, Memory)>)> {
        // Nearly every search asks this and nothing else, so it is one statement.
        static SQL: LazyLock<String> = LazyLock::new(|| {
            walled(&format!(
                "SELECT {}, p.* FROM (SELECT {POSITION}, {ALONE} AS alone FROM {POSITION_FROM} WHERE o.owner = wall.owner OFFSET 0) AS p \
                 LEFT JOIN memories AS m ON m.owner = wall.owner AND m.pk = ANY($4)",
                rows::COLUMNS
            ))
        });
        let reading = self.positions.read();
        let values: [Value<'_>; 4] = [&number(owner), &FacetKind::All.as_str(), &self.membership.id(), &pks];
        let found = self.glance().await?.rows(&SQL, &values).await?;
        let first = found.first().ok_or_else(|| {
            StoreError::Internal("the database engine failed: the row of an owner is missing".into())
        })?;
        Ok((self.learn(owner, &reading, first, rows::WIDTH)?, rows::in_order(&found, pks)?))
    }
}

impl PostgresStore {
    /// The position that a row tells from its column `first` on; it holds for a while if nobody else writes.
    fn learn(&self, owner: OwnerId, reading: &Reading, row: &Row, first: usize) -> Result<IndexPosition> {
        let position = position(row, first)?;
        if row.column(first + POSITION_WIDTH)? {
            self.positions.take(owner, reading, position.clone());
        }
        Ok(position)
    }
}

/// What [`position`] reads.
const POSITION: &str = "o.seq, coalesce((SELECT value FROM settings WHERE name = 'generation'), 0) AS generation, \
     coalesce((SELECT n FROM facets AS f WHERE f.owner = wall.owner AND f.kind = $2 AND f.value = ''), 0) AS memories, \
     s.slot, s.name, s.revision, s.dimensions, s.active";
const POSITION_WIDTH: usize = 8;
const POSITION_FROM: &str = "owners AS o LEFT JOIN vector_spaces AS s ON s.active";

/// Reads a position from its columns, the first of which is this one.
fn position(row: &Row, first: usize) -> Result<IndexPosition> {
    let space = row.column::<Option<i16>>(first + 3)?.map(|_| vectors::space(row, first + 3)).transpose()?;
    Ok(IndexPosition {
        seq: row.column(first)?,
        generation: row.column(first + 1)?,
        space,
        memories: row.count(first + 2)?,
    })
}

/// The rows with their vectors.
async fn index_rows(
    session: &Session,
    owner: OwnerId,
    found: &[Row],
    slot: Option<Slot>,
) -> Result<Vec<IndexRow>> {
    let numbered = found.iter().map(rows::numbered).collect::<Result<Vec<_>>>()?;
    let mut vectors = match slot {
        Some(slot) if !numbered.is_empty() => {
            let pks: Vec<i64> = numbered.iter().map(|(pk, _)| *pk).collect();
            vectors::read(session, owner, slot, &pks).await?
        }
        _ => std::collections::HashMap::new(),
    };
    found
        .iter()
        .zip(numbered)
        .map(|(row, (pk, memory))| {
            let superseded_at = row.column(rows::WIDTH)?;
            Ok(IndexRow { pk, memory, superseded_at, vector: vectors.remove(&pk) })
        })
        .collect()
}
