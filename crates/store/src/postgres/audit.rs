//! The audit on PostgreSQL: one small row for each change, in the change's own transaction.

use async_trait::async_trait;
use omp_model::audit::{Action, AuditEntry};
use omp_model::{KeyId, OwnerId, Principal, Timestamp, ToolName};
use tokio_postgres::Row;

use super::PostgresStore;
use super::session::{Columns, Value, unusable};
use super::tx::{Entry, Tx};
use crate::Result;
use crate::audit::{AuditFilter, AuditStore};

/// Who did it when nobody asked for it.
const SERVER: OwnerId = OwnerId(0);

/// Writes down what a transaction does. Nothing of what people wrote goes in: ids and counts.
pub(super) fn record(
    tx: &mut Tx,
    by: Option<&Principal>,
    action: Action,
    target: Option<String>,
    count: u64,
    now: Timestamp,
) {
    tx.write_down(Entry {
        at: now,
        actor: by.map_or(SERVER, Principal::user),
        key: by.and_then(Principal::key).map(|key| key.body().to_owned()),
        action: action.number(),
        target,
        count,
    });
}

/// The same for one thing with an id.
pub(super) fn one(tx: &mut Tx, by: &Principal, action: Action, id: impl std::fmt::Display, now: Timestamp) {
    record(tx, Some(by), action, Some(id.to_string()), 1, now);
}

#[async_trait]
impl AuditStore for PostgresStore {
    async fn record(&self, by: Option<&Principal>, action: Action, count: u64, now: Timestamp) -> Result<()> {
        let by = by.cloned();
        self.write_all(async move |tx| {
            record(tx, by.as_ref(), action, None, count, now);
            Ok(())
        })
        .await
    }

    async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<AuditEntry>> {
        let before = filter.before.map(|before| i64::try_from(before).unwrap_or(i64::MAX));
        let user = filter.user.map(|user| user.0.cast_signed());
        let action = filter.action.map(|action| i16::from(action.number()));
        let (since, until) = (filter.since.map(Timestamp::as_millis), filter.until.map(Timestamp::as_millis));
        let mut values: Vec<Value<'_>> = Vec::new();
        let mut conditions = String::new();
        let mut add = |condition: &str, value| {
            values.push(value);
            conditions.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        if let Some(before) = &before {
            add("a.number <", before);
        }
        if let Some(user) = &user {
            add("a.actor =", user);
        }
        if let Some(action) = &action {
            add("a.action =", action);
        }
        if let Some(since) = &since {
            add("a.at >=", since);
        }
        if let Some(until) = &until {
            add("a.at <=", until);
        }
        // A user who is the target has no id but a name, which goes with the user.
        let sql = format!(
            "SELECT a.number, a.at, coalesce(o.name, CASE WHEN a.actor <> 0 THEN 'user:' || a.actor END), a.key, k.tool, a.action, a.n, \
             CASE WHEN a.target LIKE 'user:%' THEN \
             coalesce((SELECT t.name FROM owners AS t WHERE 'user:' || t.owner = a.target), a.target) \
             ELSE a.target END \
             FROM audit AS a LEFT JOIN owners AS o ON o.owner = a.actor LEFT JOIN keys AS k ON k.id = a.key \
             WHERE true{conditions} ORDER BY a.number DESC LIMIT ${}",
            values.len() + 1
        );
        let limit = i64::from(limit);
        values.push(&limit);
        self.read_all().await?.rows(&sql, &values).await?.iter().map(entry).collect()
    }

    async fn purge_audit(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let before = before.as_millis();
        // A look first: mostly there is nothing, and a write would cost a flush of the disk.
        let sql = "SELECT coalesce((SELECT at FROM audit ORDER BY number LIMIT 1) < $1, false)";
        if !self.read_all().await?.one(sql, &[&before]).await?.column::<bool>(0)? {
            return Ok(0);
        }
        self.write_bulk(None, async move |tx| {
            let sql = "DELETE FROM audit WHERE at < $1 AND number IN (SELECT number FROM audit ORDER BY number LIMIT $2)";
            tx.execute(sql, &[&before, &i64::from(limit)]).await
        })
        .await
    }
}

fn entry(row: &Row) -> Result<AuditEntry> {
    let text = |column| row.column::<Option<String>>(column);
    let action = u8::try_from(row.column::<i16>(5)?).ok().and_then(Action::from_number);
    Ok(AuditEntry {
        number: row.count(0)?,
        at: Timestamp::from_millis(row.column(1)?),
        user: text(2)?,
        key: text(3)?.and_then(|id| KeyId::from_body(&id)),
        tool: text(4)?.and_then(|tool| ToolName::new(tool).ok()),
        action: action.ok_or_else(|| unusable(5))?,
        count: row.count(6)?,
        target: text(7)?,
    })
}
