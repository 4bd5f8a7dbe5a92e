//! The audit on SQLite: one small row at the end of one table for each change, in the change's own transaction.

use async_trait::async_trait;
use omp_model::audit::{Action, AuditEntry};
use omp_model::{KeyId, Principal, Timestamp, ToolName};
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, Row, params, params_from_iter};

use super::SqliteStore;
use super::tx::Tx;
use crate::Result;
use crate::audit::{AuditFilter, AuditStore};

/// Who did it when nobody asked for it.
const SERVER: u32 = 0;

/// Writes down what a transaction does. Nothing of what people wrote goes in: ids and counts.
pub(super) fn record(
    tx: &Tx<'_>,
    by: Option<&Principal>,
    action: Action,
    target: Option<&str>,
    count: u64,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let user = by.map_or(SERVER, |by| by.user().0);
    let key = by.and_then(Principal::key);
    tx.statement("INSERT INTO audit (at, user, key, action, target, n) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![
            now.as_millis(),
            user,
            key.as_ref().map(KeyId::body),
            action.number(),
            target,
            i64::try_from(count).unwrap_or(i64::MAX)
        ])
        .map(drop)
}

/// The same for one thing with an id.
pub(super) fn one(
    tx: &Tx<'_>,
    by: &Principal,
    action: Action,
    id: impl std::fmt::Display,
    now: Timestamp,
) -> rusqlite::Result<()> {
    record(tx, Some(by), action, Some(&id.to_string()), 1, now)
}

#[async_trait]
impl AuditStore for SqliteStore {
    async fn record(&self, by: Option<&Principal>, action: Action, count: u64, now: Timestamp) -> Result<()> {
        let by = by.cloned();
        self.write(move |tx| record(tx, by.as_ref(), action, None, count, now)).await
    }

    async fn audit(&self, filter: AuditFilter, limit: u32) -> Result<Vec<AuditEntry>> {
        self.read_long(move |connection| page(connection, filter, limit)).await
    }

    async fn purge_audit(&self, before: Timestamp, limit: u32) -> Result<u64> {
        // A look first: mostly there is nothing, and a write would cost a flush of the disk.
        let old = self.read(|connection| {
            connection
                .prepare_cached("SELECT coalesce((SELECT at FROM audit ORDER BY number LIMIT 1) < ?1, 0)")?
                .query_row([before.as_millis()], |row| row.get::<_, bool>(0))
        })?;
        if !old {
            return Ok(0);
        }
        self.write_bulk(false, move |tx| {
            tx.forgets();
            tx.statement(
                "DELETE FROM audit WHERE at < ?1 AND number IN (SELECT number FROM audit ORDER BY number LIMIT ?2)",
            )?
            .execute(params![before.as_millis(), limit])
            .map(|rows| rows as u64)
        })
        .await
    }
}

fn page(connection: &Connection, filter: AuditFilter, limit: u32) -> rusqlite::Result<Vec<AuditEntry>> {
    let mut values: Vec<Value> = Vec::new();
    let mut conditions = String::new();
    let mut add = |condition: &str, value: i64| {
        values.push(value.into());
        conditions.push_str(&format!(" AND {condition} ?{}", values.len()));
    };
    if let Some(before) = filter.before {
        add("a.number <", i64::try_from(before).unwrap_or(i64::MAX));
    }
    if let Some(user) = filter.user {
        add("a.user =", i64::from(user.0));
    }
    if let Some(action) = filter.action {
        add("a.action =", i64::from(action.number()));
    }
    if let Some(since) = filter.since {
        add("a.at >=", since.as_millis());
    }
    if let Some(until) = filter.until {
        add("a.at <=", until.as_millis());
    }
    // A user who is the target has no id but a name, which goes with the user.
    let sql = format!(
        "SELECT a.number, a.at, coalesce(o.name, CASE WHEN a.user <> 0 THEN 'user:' || a.user END), a.key, k.tool, a.action, a.n, \
         CASE WHEN a.target LIKE 'user:%' THEN \
         coalesce((SELECT t.name FROM owners AS t WHERE t.owner = CAST(substr(a.target, 6) AS INTEGER)), a.target) \
         ELSE a.target END \
         FROM audit AS a LEFT JOIN owners AS o ON o.owner = a.user LEFT JOIN keys AS k ON k.id = a.key \
         WHERE 1{conditions} ORDER BY a.number DESC LIMIT {limit}"
    );
    connection.prepare_cached(&sql)?.query_map(params_from_iter(values), entry)?.collect()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let unusable =
        |column| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a valid value".into());
    let text = |column| row.get::<_, Option<String>>(column);
    Ok(AuditEntry {
        number: row.get::<_, i64>(0)?.unsigned_abs(),
        at: Timestamp::from_millis(row.get(1)?),
        user: text(2)?,
        key: text(3)?.and_then(|id| KeyId::from_body(&id)),
        tool: text(4)?.and_then(|tool| ToolName::new(tool).ok()),
        action: Action::from_number(row.get(5)?).ok_or_else(|| unusable(5))?,
        count: row.get::<_, i64>(6)?.unsigned_abs(),
        target: text(7)?,
    })
}
