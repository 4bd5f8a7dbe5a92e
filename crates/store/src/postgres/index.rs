//! The feed of indices in memory, on PostgreSQL.

use std::sync::LazyLock;

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};
use tokio_postgres::Row;

use super::session::{Columns, Session, number, walled};
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
            walled(&format!("SELECT {POSITION} FROM {POSITION_FROM} WHERE o.owner = wall.owner"))
        });
        let session = self.glance().await?;
        position(&session.one(&SQL, &[&number(owner), &FacetKind::All.as_str()]).await?, 0)
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
                "SELECT {}, p.* FROM (SELECT {POSITION} FROM {POSITION_FROM} WHERE o.owner = wall.owner OFFSET 0) AS p \
                 LEFT JOIN memories AS m ON m.owner = wall.owner AND m.pk = ANY($3)",
                rows::COLUMNS
            ))
        });
        let session = self.glance().await?;
        let found = session.rows(&SQL, &[&number(owner), &FacetKind::All.as_str(), &pks]).await?;
        let first = found.first().ok_or_else(|| {
            StoreError::Internal("the database engine failed: the row of an owner is missing".into())
        })?;
        Ok((position(first, rows::WIDTH)?, rows::in_order(&found, pks)?))
    }
}

/// What [`position`] reads.
const POSITION: &str = "o.seq, coalesce((SELECT value FROM settings WHERE name = 'generation'), 0) AS generation, \
     coalesce((SELECT n FROM facets AS f WHERE f.owner = wall.owner AND f.kind = $2 AND f.value = ''), 0) AS memories, \
     s.slot, s.name, s.revision, s.dimensions, s.active";
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
