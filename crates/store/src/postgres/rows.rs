//! Rows of `memories` as memories, and back.

use std::collections::HashMap;
use std::sync::LazyLock;

use omp_model::{
    Embedding, Memory, MemoryId, MemoryType, Metadata, Namespace, OwnerId, Source, Text, Timestamp,
};
use tokio_postgres::Row;

use super::session::{Columns, Session, number, unusable, walled};
use super::vectors;
use crate::Result;
use crate::stored::tags;

/// The columns that [`memory`] reads, in its order; the row of `memories` is called `m`.
pub(super) const COLUMNS: &str = "m.id, m.type, m.tool, m.session_id, m.user_id, m.observed_at, m.namespace, m.tags, \
     m.created_at, m.updated_at, m.expires_at, m.metadata, m.content, m.pk";

/// The column of the row number among them.
pub(super) const PK: usize = 13;

/// How many columns that are.
pub(super) const WIDTH: usize = 14;

/// Reads a memory from the first columns.
pub(super) fn memory(row: &Row) -> Result<Memory> {
    let time = |column: usize| row.column(column).map(Timestamp::from_millis);
    let kind = usize::try_from(row.column::<i16>(1)?).map_err(|_| unusable(1))?;
    Ok(Memory {
        id: id(row, 0)?,
        kind: MemoryType::ALL.get(kind).copied().ok_or_else(|| unusable(1))?,
        source: Source {
            tool: text(row, 2)?,
            session_id: optional_text(row, 3)?,
            user_id: optional_text(row, 4)?,
            timestamp: time(5)?,
        },
        namespace: namespace(row, 6)?,
        tags: tags(row.column(7)?).ok_or_else(|| unusable(7))?,
        created_at: time(8)?,
        updated_at: time(9)?,
        expires_at: row.column::<Option<i64>>(10)?.map(Timestamp::from_millis),
        metadata: Metadata::from_stored(row.column(11)?).map_err(|_| unusable(11))?,
        content: text(row, 12)?,
        embedding: None,
    })
}

/// The same with its row number.
pub(super) fn numbered(row: &Row) -> Result<(i64, Memory)> {
    Ok((row.column(PK)?, memory(row)?))
}

/// Reads an id that is stored without its prefix.
pub(super) fn id(row: &Row, column: usize) -> Result<MemoryId> {
    MemoryId::from_body(row.column(column)?).ok_or_else(|| unusable(column))
}

pub(super) fn text<const MIN: usize, const MAX: usize>(row: &Row, column: usize) -> Result<Text<MIN, MAX>> {
    Text::new(row.column::<&str>(column)?).map_err(|_| unusable(column))
}

pub(super) fn optional_text<const MIN: usize, const MAX: usize>(
    row: &Row,
    column: usize,
) -> Result<Option<Text<MIN, MAX>>> {
    let text = row.column::<Option<&str>>(column)?;
    text.map(|text| Text::new(text).map_err(|_| unusable(column))).transpose()
}

/// Reads the name of a namespace, if there is one.
pub(super) fn namespace(row: &Row, column: usize) -> Result<Option<Namespace>> {
    let name = row.column::<Option<&str>>(column)?;
    name.map(|name| Namespace::new(name).map_err(|_| unusable(column))).transpose()
}

/// Whether a row is there for whoever reads at the time that the parameter of this number says.
pub(super) fn alive(parameter: usize) -> String {
    format!("(m.expires_at IS NULL OR m.expires_at > ${parameter})")
}

/// The row number and memory with this id, expired or not.
pub(super) async fn find(session: &Session, owner: OwnerId, id: MemoryId) -> Result<Option<(i64, Memory)>> {
    let sql = format!("SELECT {COLUMNS} FROM memories AS m WHERE m.owner = $1 AND m.id = $2");
    let row = session.row(&sql, &[&number(owner), &id.body()]).await?;
    row.as_ref().map(numbered).transpose()
}

/// The same by a statement that needs no transaction around it.
pub(super) async fn glance(session: &Session, owner: OwnerId, id: MemoryId) -> Result<Option<(i64, Memory)>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        walled(&format!("SELECT {COLUMNS} FROM memories AS m WHERE m.owner = wall.owner AND m.id = $2"))
    });
    let row = session.row(&SQL, &[&number(owner), &id.body()]).await?;
    row.as_ref().map(numbered).transpose()
}

/// The statement of [`find_all`].
pub(super) static FIND_ALL: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM memories AS m WHERE m.owner = $1 AND m.id = ANY($2)"));

/// The rows with these ids, expired or not.
pub(super) async fn find_all(
    session: &Session,
    owner: OwnerId,
    ids: &[&str],
) -> Result<HashMap<MemoryId, (i64, Memory)>> {
    let rows = session.rows(&FIND_ALL, &[&number(owner), &ids]).await?;
    rows.iter().map(|row| numbered(row).map(|found| (found.1.id, found))).collect()
}

/// The memories of these row numbers, in their order, without those that are gone and without vectors, by a statement
/// that needs no transaction around it.
pub(super) async fn glance_by_pk(
    session: &Session,
    owner: OwnerId,
    pks: &[i64],
) -> Result<Vec<(i64, Memory)>> {
    static SQL: LazyLock<String> = LazyLock::new(|| {
        walled(&format!("SELECT {COLUMNS} FROM memories AS m WHERE m.owner = wall.owner AND m.pk = ANY($2)"))
    });
    in_order(&session.rows(&SQL, &[&number(owner), &pks]).await?, pks)
}

/// The memories of rows, in the order of these numbers. A row without a number holds no memory.
pub(super) fn in_order(rows: &[Row], pks: &[i64]) -> Result<Vec<(i64, Memory)>> {
    let mut found: HashMap<i64, Memory> = HashMap::with_capacity(rows.len());
    for row in rows {
        if let Some(pk) = row.column::<Option<i64>>(PK)? {
            found.insert(pk, memory(row)?);
        }
    }
    Ok(pks.iter().filter_map(|pk| found.remove(pk).map(|memory| (*pk, memory))).collect())
}

/// The memories of these row numbers, in their order, without those that are gone.
pub(super) async fn by_pk(
    session: &Session,
    owner: OwnerId,
    pks: &[i64],
    with_embedding: bool,
) -> Result<Vec<(i64, Memory)>> {
    let sql = format!("SELECT {COLUMNS} FROM memories AS m WHERE m.owner = $1 AND m.pk = ANY($2)");
    let rows = session.rows(&sql, &[&number(owner), &pks]).await?;
    let mut memories = in_order(&rows, pks)?;
    if with_embedding {
        vectors::show(session, owner, &mut memories).await?;
    }
    Ok(memories)
}

/// The vectors that clients supplied with these memories.
pub(super) async fn supplied_embeddings(
    session: &Session,
    owner: OwnerId,
    pks: &[i64],
) -> Result<HashMap<i64, Embedding>> {
    let sql = "SELECT pk, vector FROM embeddings WHERE owner = $1 AND pk = ANY($2)";
    let mut found = HashMap::new();
    for row in session.rows(sql, &[&number(owner), &pks]).await? {
        found.extend(
            Embedding::from_bytes(row.column(1)?).map(|e| row.column(0).map(|pk| (pk, e))).transpose()?,
        );
    }
    Ok(found)
}

/// The vector that a client supplied with a memory.
pub(super) async fn supplied_embedding(
    session: &Session,
    owner: OwnerId,
    pk: i64,
) -> Result<Option<Embedding>> {
    Ok(supplied_embeddings(session, owner, &[pk]).await?.remove(&pk))
}
