//! Keys on SQLite.

use omp_model::{
    KeyId, Limits, Namespace, NamespacePattern, OwnerId, Scopes, Text, Timestamp, ToolName, UserName,
};
use rusqlite::types::Type;
use rusqlite::{Connection, Row, params};

use super::tx::Tx;
use crate::access::{KeyChange, StoredKey};

/// Lets every process that keeps keys or shares in memory learn that they have changed.
pub(super) fn changed(tx: &Tx<'_>) -> rusqlite::Result<()> {
    tx.statement(
        "INSERT INTO settings (name, value) VALUES ('access', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
    )?
    .execute([])
    .map(drop)
}

pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<StoredKey>> {
    connection
        .prepare_cached(
            "SELECT k.id, k.owner, o.name, o.admin, k.name, k.hash, k.former_hash, k.former_until, k.scopes, k.tool, \
             k.own_tool_only, k.namespaces, k.default_namespace, k.created_at, k.expires_at, k.last_used_at, k.revoked_at \
             FROM keys AS k JOIN owners AS o ON o.owner = k.owner ORDER BY k.created_at, k.id",
        )?
        .query_map([], stored)?
        .collect()
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredKey> {
    let unusable =
        |column| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a valid value".into());
    let hash = |column| {
        row.get::<_, Option<Vec<u8>>>(column).map(|bytes| bytes.and_then(|b| <[u8; 32]>::try_from(b).ok()))
    };
    let time = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp::from_millis));
    let patterns = row.get_ref(11)?.as_str()?.split(' ').filter(|text| !text.is_empty());
    Ok(StoredKey {
        id: KeyId::from_body(row.get_ref(0)?.as_str()?).ok_or_else(|| unusable(0))?,
        owner: OwnerId(row.get(1)?),
        user: UserName::new(row.get::<_, String>(2)?).map_err(|_| unusable(2))?,
        administers: row.get(3)?,
        name: Text::new(row.get::<_, String>(4)?).map_err(|_| unusable(4))?,
        hash: hash(5)?.ok_or_else(|| unusable(5))?,
        former: hash(6)?.zip(time(7)?),
        scopes: Scopes::from_bits(row.get(8)?),
        limits: Limits {
            tool: row
                .get::<_, Option<String>>(9)?
                .map(|tool| ToolName::new(tool).map_err(|_| unusable(9)))
                .transpose()?,
            own_tool_only: row.get(10)?,
            namespaces: patterns
                .map(NamespacePattern::new)
                .collect::<Result<_, _>>()
                .map_err(|_| unusable(11))?,
            read_only: Vec::new(),
        },
        default_namespace: row
            .get::<_, Option<String>>(12)?
            .map(|name| Namespace::new(name).map_err(|_| unusable(12)))
            .transpose()?,
        created_at: Timestamp::from_millis(row.get(13)?),
        expires_at: time(14)?,
        last_used_at: time(15)?,
        revoked_at: time(16)?,
    })
}

pub(super) fn insert(tx: &Tx<'_>, key: &StoredKey) -> rusqlite::Result<()> {
    let patterns: Vec<&str> = key.limits.namespaces.iter().map(NamespacePattern::as_str).collect();
    tx.statement(
        "INSERT INTO keys (id, owner, name, hash, scopes, tool, own_tool_only, namespaces, default_namespace, created_at, \
         expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?
    .execute(params![
        key.id.body(),
        key.owner.0,
        key.name.as_str(),
        key.hash,
        key.scopes.bits(),
        key.limits.tool.as_ref().map(Text::as_str),
        key.limits.own_tool_only,
        patterns.join(" "),
        key.default_namespace.as_ref().map(Namespace::as_str),
        key.created_at.as_millis(),
        key.expires_at.map(Timestamp::as_millis),
    ])?;
    changed(tx)
}

/// Changes a key that works; `false` when there is none.
pub(super) fn change(
    tx: &Tx<'_>,
    owner: Option<OwnerId>,
    id: KeyId,
    change: KeyChange,
    now: Timestamp,
) -> rusqlite::Result<bool> {
    let owner = owner.map(|owner| owner.0);
    let changes = match change {
        KeyChange::Revoke => tx
            .statement(
                "UPDATE keys SET revoked_at = ?3, former_hash = NULL WHERE id = ?1 AND revoked_at IS NULL AND owner = coalesce(?2, owner)",
            )?
            .execute(params![id.body(), owner, now.as_millis()])?,
        KeyChange::Rotate { hash, former_until } => tx
            .statement(
                "UPDATE keys SET former_hash = hash, former_until = ?4, hash = ?3 \
                 WHERE id = ?1 AND revoked_at IS NULL AND owner = coalesce(?2, owner)",
            )?
            .execute(params![id.body(), owner, hash, former_until.as_millis()])?,
    };
    if changes > 0 {
        changed(tx)?;
    }
    Ok(changes > 0)
}
