//! Rows of `memories` as memories, and back.

use omp_model::{Embedding, Memory, MemoryId, MemoryType, Metadata, OwnerId, Source, Text, Timestamp};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::vectors;
use crate::stored::tags;

/// The columns that [`memory`] reads, in its order.
pub(super) const COLUMNS: &str = "id, type, tool, session_id, user_id, observed_at, namespace, tags, created_at, \
     updated_at, expires_at, metadata, content";

/// How many columns that are.
pub(super) const WIDTH: usize = 13;

/// The column of the text among them.
pub(super) const CONTENT: usize = 12;

/// Reads a memory from the columns that begin at `at`.
pub(super) fn memory(row: &Row<'_>, at: usize) -> rusqlite::Result<Memory> {
    let time = |column: usize| row.get(at + column).map(Timestamp::from_millis);
    Ok(Memory {
        id: id(row, at)?,
        kind: kind(row, at + 1)?,
        source: Source {
            tool: text(row, at + 2)?,
            session_id: optional_text(row, at + 3)?,
            user_id: optional_text(row, at + 4)?,
            timestamp: time(5)?,
        },
        namespace: row
            .get::<_, Option<String>>(at + 6)?
            .map(|text| omp_model::Namespace::new(text).map_err(|_| unusable(at + 6)))
            .transpose()?,
        tags: tags(row.get_ref(at + 7)?.as_str()?).ok_or_else(|| unusable(at + 7))?,
        created_at: time(8)?,
        updated_at: time(9)?,
        expires_at: row.get::<_, Option<i64>>(at + 10)?.map(Timestamp::from_millis),
        metadata: Metadata::from_stored(row.get_ref(at + 11)?.as_str()?).map_err(|_| unusable(at + 11))?,
        content: text(row, at + 12)?,
        embedding: None,
    })
}

/// Reads an id that is stored without its prefix.
pub(super) fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<MemoryId> {
    MemoryId::from_body(row.get_ref(column)?.as_str()?).ok_or_else(|| unusable(column))
}

fn text<const MIN: usize, const MAX: usize>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Text<MIN, MAX>> {
    Text::new(row.get::<_, String>(column)?).map_err(|_| unusable(column))
}

pub(super) fn optional_text<const MIN: usize, const MAX: usize>(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<Text<MIN, MAX>>> {
    row.get::<_, Option<String>>(column)?
        .map(|text| Text::new(text).map_err(|_| unusable(column)))
        .transpose()
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<MemoryType> {
    MemoryType::ALL.get(usize::from(row.get::<_, u8>(column)?)).copied().ok_or_else(|| unusable(column))
}

pub(super) fn unusable(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a valid value".into())
}

/// Whether a row is there for whoever reads at `?now`.
pub(super) const ALIVE: &str = "(expires_at IS NULL OR expires_at > :now)";

/// The row number and memory with this id, expired or not.
pub(super) fn find(
    connection: &Connection,
    owner: OwnerId,
    id: MemoryId,
) -> rusqlite::Result<Option<(i64, Memory)>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS}, pk FROM memories WHERE owner = ?1 AND id = ?2"))?
        .query_row(params![owner.0, id.body()], |row| Ok((row.get(WIDTH)?, memory(row, 0)?)))
        .optional()
}

/// The memories of these row numbers, in their order.
pub(super) fn by_pk(
    connection: &Connection,
    pks: &[i64],
    with_embedding: bool,
) -> rusqlite::Result<Vec<Memory>> {
    let mut select = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM memories WHERE pk = ?1"))?;
    pks.iter()
        .map(|pk| {
            let mut found = select.query_row([pk], |row| memory(row, 0))?;
            if with_embedding {
                found.embedding = vectors::shown(connection, *pk)?;
            }
            Ok(found)
        })
        .collect()
}

/// The memory of a row number, if there is one.
pub(super) fn by_pk_if_there(
    connection: &Connection,
    pk: i64,
    with_embedding: bool,
) -> rusqlite::Result<Option<Memory>> {
    let select = format!("SELECT {COLUMNS} FROM memories WHERE pk = ?1");
    let found = connection.prepare_cached(&select)?.query_row([pk], |row| memory(row, 0)).optional()?;
    let Some(mut found) = found else { return Ok(None) };
    if with_embedding {
        found.embedding = vectors::shown(connection, pk)?;
    }
    Ok(Some(found))
}

/// The vector that a client supplied with a memory.
pub(super) fn supplied_embedding(connection: &Connection, pk: i64) -> rusqlite::Result<Option<Embedding>> {
    connection
        .prepare_cached("SELECT vector FROM embeddings WHERE pk = ?1")?
        .query_row([pk], |row| Ok(Embedding::from_bytes(row.get_ref(0)?.as_blob()?)))
        .optional()
        .map(Option::flatten)
}
