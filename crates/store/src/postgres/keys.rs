//! Keys on PostgreSQL.

use omp_model::{KeyId, Limits, Namespace, NamespacePattern, OwnerId, Scopes, Text, Timestamp, UserName};
use tokio_postgres::Row;

use super::rows::{namespace, optional_text, text};
use super::session::{Columns, Session, number, unusable};
use super::tx::Tx;
use crate::Result;
use crate::access::{KeyChange, StoredKey};

pub(super) async fn all(session: &Session) -> Result<Vec<StoredKey>> {
    let sql = "SELECT k.id, k.owner, o.name, o.admin, k.name, k.hash, k.former_hash, k.former_until, k.scopes, k.tool, \
         k.own_tool_only, k.namespaces, k.default_namespace, k.created_at, k.expires_at, k.last_used_at, k.revoked_at \
         FROM keys AS k JOIN owners AS o ON o.owner = k.owner ORDER BY k.created_at, k.id";
    session.rows(sql, &[]).await?.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<StoredKey> {
    let hash = |column| {
        row.column::<Option<&[u8]>>(column).map(|bytes| bytes.and_then(|b| <[u8; 32]>::try_from(b).ok()))
    };
    let time = |column| row.column::<Option<i64>>(column).map(|at| at.map(Timestamp::from_millis));
    let patterns = row.column::<&str>(11)?.split(' ').filter(|text| !text.is_empty());
    Ok(StoredKey {
        id: KeyId::from_body(row.column(0)?).ok_or_else(|| unusable(0))?,
        owner: OwnerId(row.column::<i32>(1)?.cast_unsigned()),
        user: UserName::new(row.column::<&str>(2)?).map_err(|_| unusable(2))?,
        administers: row.column(3)?,
        name: text(row, 4)?,
        hash: hash(5)?.ok_or_else(|| unusable(5))?,
        former: hash(6)?.zip(time(7)?),
        scopes: Scopes::from_bits(u8::try_from(row.column::<i16>(8)?).map_err(|_| unusable(8))?),
        limits: Limits {
            tool: optional_text(row, 9)?,
            own_tool_only: row.column(10)?,
            namespaces: patterns
                .map(NamespacePattern::new)
                .collect::<std::result::Result<_, _>>()
                .map_err(|_| unusable(11))?,
            read_only: Vec::new(),
        },
        default_namespace: namespace(row, 12)?,
        created_at: Timestamp::from_millis(row.column(13)?),
        expires_at: time(14)?,
        last_used_at: time(15)?,
        revoked_at: time(16)?,
    })
}

pub(super) async fn insert(tx: &mut Tx, key: &StoredKey) -> Result<()> {
    let patterns: Vec<&str> = key.limits.namespaces.iter().map(NamespacePattern::as_str).collect();
    tx.execute(
        "INSERT INTO keys (id, owner, name, hash, scopes, tool, own_tool_only, namespaces, default_namespace, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            &key.id.body(),
            &number(key.owner),
            &key.name.as_str(),
            &key.hash.as_slice(),
            &i16::from(key.scopes.bits()),
            &key.limits.tool.as_ref().map(Text::as_str),
            &key.limits.own_tool_only,
            &patterns.join(" "),
            &key.default_namespace.as_ref().map(Namespace::as_str),
            &key.created_at.as_millis(),
            &key.expires_at.map(Timestamp::as_millis),
        ],
    )
    .await?;
    tx.access_changed();
    Ok(())
}

/// Changes a key that works; `false` when there is none.
pub(super) async fn change(
    tx: &mut Tx,
    owner: Option<OwnerId>,
    id: KeyId,
    change: KeyChange,
    now: Timestamp,
) -> Result<bool> {
    let owner = owner.map(number);
    let changes = match change {
        KeyChange::Revoke => {
            let sql = "UPDATE keys SET revoked_at = $3, former_hash = NULL \
                 WHERE id = $1 AND revoked_at IS NULL AND owner = coalesce($2, owner)";
            tx.execute(sql, &[&id.body(), &owner, &now.as_millis()]).await?
        }
        KeyChange::Rotate { hash, former_until } => {
            let sql = "UPDATE keys SET former_hash = hash, former_until = $4, hash = $3 \
                 WHERE id = $1 AND revoked_at IS NULL AND owner = coalesce($2, owner)";
            tx.execute(sql, &[&id.body(), &owner, &hash.as_slice(), &former_until.as_millis()]).await?
        }
    };
    if changes > 0 {
        tx.access_changed();
    }
    Ok(changes > 0)
}
