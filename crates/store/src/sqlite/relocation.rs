//! All rows of a file, read in one state of it, and written as they are.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};
use omp_search::Analyzer;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::connection::{DatabaseFile, failure, open_reader};
use super::tx::Tx;
use super::{SqliteStore, conversation_index, conversations, originals, rows, versions, write};
use crate::relocation::tables::Table;
use crate::relocation::{
    Batch, Cell, Kind, PAGE_BYTES, PAGE_ROWS, RUN, Relocation, Row, Rows, STATE, Seen, Snapshot,
    is_claimed_by, is_under_way, row,
};
use crate::stored::{owner_of, words};
use crate::{Result, StoreError};

#[async_trait]
impl Relocation for SqliteStore {
    fn place(&self) -> String {
        let path = self.path();
        path.canonicalize().unwrap_or_else(|_| path.to_owned()).display().to_string()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let file = self.inner.file.clone();
        let connection = open_reader(&file)?;
        // The state is that of the first read.
        connection
            .execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")
            .map_err(|error| failure(&file.path, &error))?;
        Ok(Box::new(FileSnapshot { file, connection: Arc::new(Mutex::new(connection)) }))
    }

    async fn claim(&self, seen: Seen, settings: Rows) -> Result<bool> {
        let unchanged = move |tx: &mut Tx<'_>| {
            let connection = tx.connection();
            let whole = |table| {
                let mut found = Rows::new();
                read(connection, table, "1", &[], &mut found)?;
                Ok::<Vec<Row>, rusqlite::Error>(found.into_iter().map(|(_, row)| row).collect())
            };
            let audit =
                connection.query_row("SELECT coalesce(max(number), 0) FROM audit", [], |row| row.get(0))?;
            let now = Seen { owners: whole(Table::Owners)?, settings: whole(Table::Settings)?, audit };
            if now != seen {
                return Ok(false);
            }
            settings.iter().try_for_each(|(table, row)| put(tx, *table, row)).map(|()| true)
        };
        self.fill(unchanged).await
    }

    async fn write(&self, batch: Batch) -> Result<bool> {
        // Analysing text is work for a thread of its own, so that the writer only writes.
        let prepared = tokio::task::spawn_blocking(move || Prepared::new(batch)).await;
        let prepared = prepared.map_err(|_| StoreError::Internal("the analysis ended early".into()))??;
        self.fill(move |tx| prepared.write(tx)).await
    }

    async fn filled(&self, run: i64) -> Result<bool> {
        // The engine goes on counting behind the greatest number that it was given. What came before the source had
        // made room for a model waits for that one's vectors too.
        self.fill(move |tx| {
            if !is_ours(tx.connection(), run)? {
                return Ok(false);
            }
            let sql = "INSERT OR IGNORE INTO conversation_backlog (what, conversation) \
                 SELECT s.slot, c.pk FROM vector_spaces AS s CROSS JOIN conversations AS c WHERE NOT EXISTS ( \
                 SELECT 1 FROM conversation_vectors AS v WHERE v.slot = s.slot AND v.conversation = c.pk)";
            tx.statement(sql)?.execute([]).map(|_| true)
        })
        .await
    }
}

/// Whether a move into this file is under way.
pub(super) fn is_being_filled(connection: &Connection) -> rusqlite::Result<bool> {
    setting(connection, STATE).map(is_under_way)
}

/// Whether this run of a move fills this file.
fn is_ours(connection: &Connection, run: i64) -> rusqlite::Result<bool> {
    Ok(is_claimed_by(run, setting(connection, STATE)?, setting(connection, RUN)?))
}

fn setting(connection: &Connection, name: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()
}

/// What a column is called here.
fn column(name: &'static str) -> &'static str {
    match name {
        "guest" | "actor" => "user",
        name => name,
    }
}

fn columns(table: Table) -> String {
    table.column_names().map(|name| format!("\"{}\"", column(name))).collect::<Vec<_>>().join(", ")
}

/// The rows of a table that a condition holds for, by key.
fn select(table: Table, condition: &str) -> String {
    let order = (1..=table.key()).map(|place| place.to_string()).collect::<Vec<_>>().join(", ");
    match table {
        Table::Vectors => format!(
            "SELECT pk, 0, seq, vector FROM vectors_0 WHERE {condition} \
             UNION ALL SELECT pk, 1, seq, vector FROM vectors_1 WHERE {condition} ORDER BY {order}"
        ),
        Table::Backlog => {
            format!("SELECT pk, slot FROM backlog WHERE slot IN (0, 1) AND {condition} ORDER BY {order}")
        }
        _ => {
            format!("SELECT {} FROM {} WHERE {condition} ORDER BY {order}", columns(table), table.name())
        }
    }
}

/// The name of the column that has the positions of a root table.
fn position(root: Table) -> &'static str {
    column(root.columns()[0].0)
}

/// A condition for the rows of an owner, where that does not follow from the position.
fn owned(root: Table) -> &'static str {
    if matches!(root, Table::Tombstones | Table::Envelopes) { " AND owner = ?3" } else { " AND ?3 >= 0" }
}

struct FileSnapshot {
    file: DatabaseFile,
    connection: Arc<Mutex<Connection>>,
}

impl FileSnapshot {
    /// A read on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T> {
        let (connection, path) = (Arc::clone(&self.connection), self.file.path.clone());
        let task = tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            work(&connection).map_err(|error| failure(&path, &error))
        });
        task.await.map_err(|_| StoreError::Internal("a read ended early".into()))?
    }
}

#[async_trait]
impl Snapshot for FileSnapshot {
    async fn whole(&self, table: Table) -> Result<Vec<Row>> {
        self.read(move |connection| {
            let mut found = Rows::new();
            read(connection, table, "1", &[], &mut found)?;
            Ok(found.into_iter().map(|(_, row)| row).collect())
        })
        .await
    }

    async fn page_end(&self, root: Table, owner: Option<OwnerId>, after: i64) -> Result<Option<i64>> {
        let last = root.bounds(owner).1;
        let (at, weight) =
            (position(root), root.weight().replace("OWNED_BY o", "").replace("OWNED_BY v", ""));
        let sql = format!(
            "SELECT max(at) FROM (SELECT at, sum(bytes) OVER (ORDER BY at) - bytes AS before FROM ( \
             SELECT t.{at} AS at, {weight} AS bytes FROM {} AS t WHERE t.{at} > ?1 AND t.{at} <= ?2{} \
             ORDER BY t.{at} LIMIT ?4)) WHERE before < ?5",
            root.name(),
            owned(root)
        );
        let values = params_of(after, last, owner);
        self.read(move |connection| {
            let [after, last, owner] = values;
            connection
                .prepare_cached(&sql)?
                .query_row([after, last, owner, PAGE_ROWS, PAGE_BYTES], |row| row.get(0))
        })
        .await
    }

    async fn page(&self, root: Table, owner: Option<OwnerId>, after: i64, until: i64) -> Result<Rows> {
        let values = params_of(after, until, owner);
        self.read(move |connection| {
            let mut found = Rows::new();
            for part in root.parts() {
                let at = position(root);
                let condition = format!("{at} > ?1 AND {at} <= ?2{}", owned(root));
                read(connection, *part, &condition, &values, &mut found)?;
            }
            Ok(found)
        })
        .await
    }

    async fn at(&self, root: Table, owner: Option<OwnerId>, positions: &[i64]) -> Result<Rows> {
        let positions = positions.to_vec();
        self.read(move |connection| {
            let mut found = Rows::new();
            for part in root.parts() {
                let at = position(root);
                let condition = format!("{at} = ?1 AND {at} = ?2{}", owned(root));
                for position in &positions {
                    read(connection, *part, &condition, &params_of(*position, *position, owner), &mut found)?;
                }
            }
            Ok(found)
        })
        .await
    }

    async fn last(&self, root: Table, owner: Option<OwnerId>) -> Result<i64> {
        let (first, last) = root.bounds(owner);
        let (name, at) = (root.name(), position(root));
        let sql = format!(
            "SELECT coalesce(max({at}), ?1) FROM {name} WHERE {at} > ?1 AND {at} <= ?2{}",
            owned(root)
        );
        let values = params_of(first, last, owner);
        self.read(move |connection| connection.query_row(&sql, values, |row| row.get(0))).await
    }

    async fn count(&self, root: Table) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", root.name());
        self.read(move |connection| connection.query_row(&sql, [], |row| row.get::<_, i64>(0)))
            .await
            .map(i64::unsigned_abs)
    }

    async fn changes(&self, owner: OwnerId, seq: i64, limit: u32) -> Result<Vec<(i64, i64)>> {
        self.read(move |connection| {
            // Each kind is cut at the limit before they are merged, so the cost is the answer's.
            let kinds = [
                "memories INDEXED BY memories_seq",
                "tombstones",
                "vectors_0 INDEXED BY vectors_0_seq",
                "vectors_1 INDEXED BY vectors_1_seq",
            ];
            let kinds = kinds.map(|table| {
                format!("SELECT * FROM (SELECT seq, pk FROM {table} WHERE owner = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)")
            });
            connection
                .prepare_cached(&format!("{} ORDER BY 1 LIMIT ?3", kinds.join(" UNION ALL ")))?
                .query_map(params![owner.0, seq, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .await
    }
}

fn params_of(after: i64, until: i64, owner: Option<OwnerId>) -> [i64; 3] {
    [after, until, owner.map_or(0, |owner| i64::from(owner.0))]
}

/// Adds the rows of a table that a condition holds for.
fn read(
    connection: &Connection,
    table: Table,
    condition: &str,
    values: &[i64],
    found: &mut Rows,
) -> rusqlite::Result<()> {
    let kinds = table.columns();
    let mut select = connection.prepare_cached(&select(table, condition))?;
    let mut rows = select.query(params_from_iter(values))?;
    while let Some(row) = rows.next()? {
        let cell = |index: usize| {
            Ok(match (row.get_ref(index)?, kinds[index].1) {
                (ValueRef::Null, _) => Cell::Null,
                (ValueRef::Integer(value), Kind::Int | Kind::Flag) => Cell::Int(value),
                (ValueRef::Text(_), Kind::Text) => Cell::Text(row.get(index)?),
                (ValueRef::Blob(value), Kind::Bytes) => Cell::Bytes(value.to_vec()),
                _ => return Err(rows::unusable(index)),
            })
        };
        let cells = (0..kinds.len()).map(cell).collect::<rusqlite::Result<_>>()?;
        found.push((table, Row(cells)));
    }
    Ok(())
}

/// A batch with the words of its memories.
struct Prepared {
    batch: Batch,
    memories: Vec<(i64, Memory, String)>,
}

impl Prepared {
    fn new(batch: Batch) -> Result<Self> {
        let mut analyzer = Analyzer::new();
        let mut memories = Vec::new();
        for (table, row) in &batch.rows {
            if *table == Table::Memories {
                let memory = row::memory(row)?;
                let words = words(&memory, &mut analyzer);
                memories.push((row.position(), memory, words));
            }
        }
        Ok(Self { batch, memories })
    }

    /// Writes it, if the file is this run's.
    fn write(&self, tx: &mut Tx<'_>) -> rusqlite::Result<bool> {
        if !is_ours(tx.connection(), self.batch.run)? {
            return Ok(false);
        }
        for (table, row) in &self.batch.gone {
            match table {
                Table::Memories => withdraw(tx, row.position())?,
                Table::Conversations => conversations::delete_row(tx, row.position())?,
                _ => remove(tx, *table, row)?,
            }
        }
        for (pk, memory, _) in &self.memories {
            withdraw(tx, *pk)?;
            let sql = "SELECT pk FROM memories WHERE owner = ?1 AND id = ?2";
            let owner = whose(*pk);
            let same: Option<i64> = tx
                .statement(sql)?
                .query_row(params![owner.0, memory.id.body()], |row| row.get(0))
                .optional()?;
            if let Some(pk) = same {
                withdraw(tx, pk)?;
            }
        }
        for (table, row) in &self.batch.rows {
            match table {
                Table::Conversations => put_conversation(tx, row)?,
                _ => put(tx, *table, row)?,
            }
        }
        for (pk, memory, words) in &self.memories {
            write::index(tx, whose(*pk), *pk, memory, words)?;
        }
        Ok(true)
    }
}

fn whose(pk: i64) -> OwnerId {
    owner_of(pk).unwrap_or(OwnerId(0))
}

/// Takes a memory out with all that belongs to it, if it is there.
fn withdraw(tx: &mut Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    let Some(memory) = rows::by_pk_if_there(tx.connection(), pk, false)? else { return Ok(()) };
    tx.forgets();
    versions::forget(tx, pk)?;
    originals::remove(tx, pk)?;
    write::withdraw(tx, whose(pk), pk, &memory, &words(&memory, &mut Analyzer::new()))
}

/// Writes a conversation in the place of what has its row number or its id. It waits for its words and its vectors.
fn put_conversation(tx: &mut Tx<'_>, row: &Row) -> rusqlite::Result<()> {
    let (pk, id) = (row.position(), value(&row.0[1]));
    let known: Vec<i64> = tx
        .statement("SELECT pk FROM conversations WHERE pk = ?1 OR (owner = ?2 AND id = ?3)")?
        .query_map(params![pk, whose(pk).0, id], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for pk in known {
        conversations::delete_row(tx, pk)?;
    }
    put(tx, Table::Conversations, row)?;
    conversation_index::expect(tx, pk)
}

/// Removes a row by its key.
fn remove(tx: &mut Tx<'_>, table: Table, row: &Row) -> rusqlite::Result<()> {
    tx.forgets();
    let key = table.columns()[..table.key()].iter().enumerate();
    let key = key.map(|(place, (name, _))| format!("\"{}\" = ?{}", column(name), place + 1));
    let sql = format!("DELETE FROM {} WHERE {}", table.name(), key.collect::<Vec<_>>().join(" AND "));
    let values = row.0[..table.key()].iter().map(value);
    tx.statement(&sql)?.execute(params_from_iter(values)).map(drop)
}

/// Writes a row in the place of what has its key, or whatever else of it may be there only once.
fn put(tx: &Tx<'_>, table: Table, row: &Row) -> rusqlite::Result<()> {
    let owned = matches!(table, Table::Memories | Table::Conversations | Table::Vectors);
    let sql = if table == Table::Vectors {
        let slot = i64::from(row.int(1) == Some(1));
        format!("INSERT OR REPLACE INTO vectors_{slot} (pk, seq, vector, owner) VALUES (?1, ?3, ?4, ?5)")
    } else {
        let columns = columns(table) + if owned { ", owner" } else { "" };
        let places = (1..=row.0.len() + usize::from(owned)).map(|place| format!("?{place}"));
        let places = places.collect::<Vec<_>>().join(", ");
        format!("INSERT OR REPLACE INTO {} ({columns}) VALUES ({places})", table.name())
    };
    let mut values: Vec<ToSqlOutput<'_>> = row.0.iter().map(value).collect();
    if owned {
        values.push(ToSqlOutput::Owned(Value::Integer(i64::from(whose(row.position()).0))));
    }
    tx.statement(&sql)?.execute(params_from_iter(values)).map(drop)
}

fn value(cell: &Cell) -> ToSqlOutput<'_> {
    ToSqlOutput::Borrowed(match cell {
        Cell::Null => ValueRef::Null,
        Cell::Int(value) => ValueRef::Integer(*value),
        Cell::Text(value) => ValueRef::Text(value.as_bytes()),
        Cell::Bytes(value) => ValueRef::Blob(value),
    })
}
