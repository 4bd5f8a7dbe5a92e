//! All rows of a database, read in one state of it, and written as they are.

use async_trait::async_trait;
use omp_model::{Memory, OwnerId};
use omp_search::Analyzer;
use tokio_postgres::Row as Found;
use tokio_postgres::types::ToSql;

use super::session::{Columns, Session, Value, number};
use super::tsvector::Words;
use super::tx::{HOLD_OFF_ALL, Tx};
use super::write;
use super::{PostgresStore, rows};
use crate::relocation::tables::Table;
use crate::relocation::{
    Batch, Cell, Kind, PAGE_BYTES, PAGE_ROWS, RUN, Relocation, Row, Rows, STATE, Seen, Snapshot,
    is_claimed_by, is_under_way, row,
};
use crate::{Result, StoreError};

#[async_trait]
impl Relocation for PostgresStore {
    fn place(&self) -> String {
        Self::place(self).to_owned()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        let session = self.read_all().await?;
        // The other side may take its time between two reads of this one.
        session.batch("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        Ok(Box::new(DatabaseSnapshot(session)))
    }

    async fn claim(&self, seen: Seen, settings: Rows) -> Result<bool> {
        self.fill(async move |tx| {
            // Another run's batches come to their end, then everybody else's writes; those that come later find what is
            // written here. All take these locks in this order.
            tx.batch(HOLD_OFF_ALL).await?;
            let sql = "SELECT name FROM settings WHERE name IN ($1, $2) ORDER BY name FOR UPDATE";
            tx.rows(sql, &[&STATE, &RUN]).await?;
            tx.hold_owners().await?;
            let (owners, all) = (whole(tx, Table::Owners).await?, whole(tx, Table::Settings).await?);
            let audit = tx.one("SELECT coalesce(max(number), 0) FROM audit", &[]).await?.column(0)?;
            if (Seen { owners, settings: all, audit }) != seen {
                return Ok(false);
            }
            put(tx, OwnerId::FIRST, Table::Settings, &settings).await.map(|()| true)
        })
        .await
    }

    async fn write(&self, batch: Batch) -> Result<bool> {
        // Analysing text is work for a thread of its own.
        let prepared = tokio::task::spawn_blocking(move || Prepared::new(batch)).await;
        let prepared = prepared.map_err(|_| StoreError::Internal("the analysis ended early".into()))??;
        self.fill(async move |tx| prepared.write(tx).await).await
    }

    async fn filled(&self, run: i64) -> Result<bool> {
        self.fill(async move |tx| {
            if !is_ours(tx, run).await? {
                return Ok(false);
            }
            for (table, column) in [("audit", "number"), ("envelopes", "envelope")] {
                let sql = format!(
                    "SELECT setval(pg_get_serial_sequence('{table}', '{column}'), greatest(max({column}), 1), \
                     max({column}) IS NOT NULL) FROM {table}"
                );
                tx.rows(&sql, &[]).await?;
            }
            // What came before the source had made room for a model waits for that one's vectors too.
            let sql = "INSERT INTO conversation_backlog (owner, what, pk) \
                 SELECT c.owner, s.slot, c.pk FROM vector_spaces AS s CROSS JOIN conversations AS c WHERE NOT EXISTS ( \
                 SELECT FROM conversation_vectors AS v WHERE v.owner = c.owner AND v.slot = s.slot AND v.pk = c.pk) \
                 ON CONFLICT DO NOTHING";
            tx.execute(sql, &[]).await?;
            // Until the engine has looked at what came, it guesses badly.
            let tables = Table::ALL.map(Table::name).join(", ");
            tx.batch(&format!("ANALYZE {tables}, memory_tags, words")).await?;
            Ok(true)
        })
        .await
    }
}

/// Whether a move into this database is under way.
pub(super) async fn is_being_filled(session: &Session) -> Result<bool> {
    let state = session.row("SELECT value FROM settings WHERE name = 'move'", &[]).await?;
    Ok(is_under_way(state.map(|row| row.column(0)).transpose()?))
}

/// Whether this run of a move fills this database; as long as the transaction lasts, no other run begins.
async fn is_ours(session: &Session, run: i64) -> Result<bool> {
    let sql = "SELECT name, value FROM settings WHERE name IN ($1, $2) ORDER BY name FOR SHARE";
    let (mut state, mut claimed) = (None, None);
    for row in session.rows(sql, &[&STATE, &RUN]).await? {
        let place = if row.column::<&str>(0)? == STATE { &mut state } else { &mut claimed };
        *place = Some(row.column(1)?);
    }
    Ok(is_claimed_by(run, state, claimed))
}

/// The rows of a table `t` that a condition holds for, by key.
fn select(table: Table, condition: &str) -> String {
    let columns = table.columns().iter().map(|(name, kind)| match kind {
        Kind::Int => format!("t.\"{name}\"::bigint"),
        Kind::Flag => format!("t.\"{name}\"::integer::bigint"),
        Kind::Text | Kind::Bytes => format!("t.\"{name}\""),
    });
    let order = (1..=table.key()).map(|place| place.to_string());
    format!(
        "SELECT {} FROM {} AS t WHERE {condition} ORDER BY {}",
        columns.collect::<Vec<_>>().join(", "),
        table.name(),
        order.collect::<Vec<_>>().join(", ")
    )
}

/// The column that has the positions of a root table `t`, and a condition for the rows of an owner.
fn place(root: Table) -> (String, &'static str) {
    let owned = if root == Table::Audit { "$1::integer >= 0" } else { "t.owner = $1" };
    (format!("t.\"{}\"", root.columns()[0].0), owned)
}

fn whose(owner: Option<OwnerId>) -> i32 {
    owner.map_or(0, number)
}

/// All rows of a table, by key.
async fn whole(session: &Session, table: Table) -> Result<Vec<Row>> {
    let found = session.rows(&select(table, "true"), &[]).await?;
    found.iter().map(|row| read(table, row)).collect()
}

struct DatabaseSnapshot(Session);

impl DatabaseSnapshot {
    async fn read(&self, table: Table, condition: &str, values: &[Value<'_>]) -> Result<Vec<Row>> {
        let found = self.0.rows(&select(table, condition), values).await?;
        found.iter().map(|row| read(table, row)).collect()
    }

    /// The rows of a root table, with all that belongs to them.
    async fn parts(&self, root: Table, condition: &str, values: &[Value<'_>]) -> Result<Rows> {
        let mut found = Rows::new();
        for part in root.parts() {
            let rows = self.read(*part, condition, values).await?;
            found.extend(rows.into_iter().map(|row| (*part, row)));
        }
        Ok(found)
    }
}

fn read(table: Table, row: &Found) -> Result<Row> {
    let cell = |(index, (_, kind)): (usize, &(_, Kind))| {
        Ok(match kind {
            Kind::Int | Kind::Flag => row.column::<Option<i64>>(index)?.map_or(Cell::Null, Cell::Int),
            Kind::Text => row.column::<Option<String>>(index)?.map_or(Cell::Null, Cell::Text),
            Kind::Bytes => row.column::<Option<Vec<u8>>>(index)?.map_or(Cell::Null, Cell::Bytes),
        })
    };
    table.columns().iter().enumerate().map(cell).collect::<Result<_>>().map(Row)
}

#[async_trait]
impl Snapshot for DatabaseSnapshot {
    async fn whole(&self, table: Table) -> Result<Vec<Row>> {
        whole(&self.0, table).await
    }

    async fn page_end(&self, root: Table, owner: Option<OwnerId>, after: i64) -> Result<Option<i64>> {
        let last = root.bounds(owner).1;
        let (at, owned) = place(root);
        let weight = root
            .weight()
            .replace("OWNED_BY o", "AND o.owner = t.owner")
            .replace("OWNED_BY v", "AND v.owner = t.owner");
        let sql = format!(
            "SELECT max(at) FROM (SELECT at, sum(bytes) OVER (ORDER BY at) - bytes AS before FROM ( \
             SELECT {at} AS at, ({weight})::bigint AS bytes FROM {} AS t WHERE {owned} AND {at} > $2 AND {at} <= $3 \
             ORDER BY {at} LIMIT $4) AS p) AS p WHERE before < $5::bigint",
            root.name()
        );
        let values: [Value<'_>; 5] = [&whose(owner), &after, &last, &PAGE_ROWS, &PAGE_BYTES];
        self.0.one(&sql, &values).await?.column(0)
    }

    async fn page(&self, root: Table, owner: Option<OwnerId>, after: i64, until: i64) -> Result<Rows> {
        let (at, owned) = place(root);
        let condition = format!("{owned} AND {at} > $2 AND {at} <= $3");
        self.parts(root, &condition, &[&whose(owner), &after, &until]).await
    }

    async fn at(&self, root: Table, owner: Option<OwnerId>, positions: &[i64]) -> Result<Rows> {
        let (at, owned) = place(root);
        let condition = format!("{owned} AND {at} = ANY($2)");
        self.parts(root, &condition, &[&whose(owner), &positions]).await
    }

    async fn last(&self, root: Table, owner: Option<OwnerId>) -> Result<i64> {
        let first = root.bounds(owner).0;
        let (at, owned) = place(root);
        let sql = format!("SELECT coalesce(max({at}), $2) FROM {} AS t WHERE {owned}", root.name());
        self.0.one(&sql, &[&whose(owner), &first]).await?.column(0)
    }

    async fn count(&self, root: Table) -> Result<u64> {
        self.0.one(&format!("SELECT count(*) FROM {}", root.name()), &[]).await?.count(0)
    }

    async fn changes(&self, owner: OwnerId, seq: i64, limit: u32) -> Result<Vec<(i64, i64)>> {
        // Each kind is cut at the limit before they are merged, so the cost is the answer's.
        let kinds = [
            "memories WHERE",
            "tombstones WHERE",
            "vectors WHERE slot = 0 AND",
            "vectors WHERE slot = 1 AND",
        ];
        let kinds = kinds.map(|from| {
            format!("(SELECT seq, pk FROM {from} owner = $1 AND seq > $2 ORDER BY seq LIMIT $3)")
        });
        let sql = format!("{} ORDER BY 1 LIMIT $3", kinds.join(" UNION ALL "));
        let found = self.0.rows(&sql, &[&number(owner), &seq, &i64::from(limit)]).await?;
        found.iter().map(|row| Ok((row.column(0)?, row.column(1)?))).collect()
    }
}

/// A batch with the words of its memories.
struct Prepared {
    owner: OwnerId,
    batch: Batch,
    memories: Vec<(i64, Memory)>,
    words: Vec<Words>,
}

impl Prepared {
    fn new(batch: Batch) -> Result<Self> {
        let owner = batch.owner.unwrap_or(OwnerId::FIRST);
        let mut analyzer = Analyzer::new();
        let (mut memories, mut all) = (Vec::new(), Vec::new());
        for (_, row) in batch.rows.iter().filter(|(table, _)| *table == Table::Memories) {
            let memory = row::memory(row)?;
            all.push(Words::of(owner, &memory, &mut analyzer));
            memories.push((row.position(), memory));
        }
        Ok(Self { owner, batch, memories, words: all })
    }

    /// Writes it, if the database is this run's.
    async fn write(&self, tx: &mut Tx) -> Result<bool> {
        if !is_ours(tx, self.batch.run).await? {
            return Ok(false);
        }
        let owner = self.owner;
        let mut gone: Vec<i64> = Vec::new();
        for (table, row) in &self.batch.gone {
            match table {
                Table::Memories => gone.push(row.position()),
                _ => remove(tx, *table, row).await?,
            }
        }
        gone.extend(self.memories.iter().map(|(pk, _)| *pk));
        withdraw(tx, owner, &gone, &self.memories).await?;
        for rows in self.batch.rows.chunk_by(|one, other| one.0 == other.0) {
            put(tx, owner, rows[0].0, rows).await?;
        }
        let memories: Vec<(i64, &Memory)> = self.memories.iter().map(|(pk, memory)| (*pk, memory)).collect();
        let words = self.memories.iter().map(|(pk, _)| *pk).zip(self.words.iter().cloned()).collect();
        write::index_all(tx, owner, &memories, words).await?;
        Ok(true)
    }
}

/// Takes out the memories at these places, and those with the ids of `coming`, with all that belongs to them.
async fn withdraw(tx: &mut Tx, owner: OwnerId, pks: &[i64], coming: &[(i64, Memory)]) -> Result<()> {
    if pks.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = coming.iter().map(|(_, memory)| memory.id.body()).collect();
    let mut found = rows::find_all(tx, owner, &ids).await?.into_values().collect::<Vec<_>>();
    found.extend(rows::by_pk(tx, owner, pks, false).await?);
    found.sort_unstable_by_key(|(pk, _)| *pk);
    found.dedup_by_key(|(pk, _)| *pk);
    if found.is_empty() {
        return Ok(());
    }
    let gone: Vec<i64> = found.iter().map(|(pk, _)| *pk).collect();
    for table in ["versions", "originals"] {
        let sql = format!("DELETE FROM {table} WHERE owner = $1 AND pk = ANY($2)");
        tx.defer(&sql, vec![Box::new(number(owner)), Box::new(gone.clone())]).await?;
    }
    let found: Vec<(i64, &Memory)> = found.iter().map(|(pk, memory)| (*pk, memory)).collect();
    write::withdraw_all(tx, owner, &found).await
}

/// The columns that tell rows apart.
fn key(table: Table) -> Vec<&'static str> {
    let owner = table.has_pk().then_some("owner");
    owner.into_iter().chain(table.column_names().take(table.key())).collect()
}

/// Removes a row by its key.
async fn remove(tx: &Tx, table: Table, row: &Row) -> Result<()> {
    let columns = &table.columns()[..table.key()];
    let values: Vec<List<'_>> =
        (0..columns.len()).map(|column| List::of(columns[column].1, column, [row])).collect();
    let conditions = columns
        .iter()
        .enumerate()
        .map(|(place, (name, kind))| format!("\"{name}\" = ANY({})", array(*kind, place)));
    let sql = format!("DELETE FROM {} WHERE {}", table.name(), conditions.collect::<Vec<_>>().join(" AND "));
    tx.execute(&sql, &values.iter().map(List::value).collect::<Vec<_>>()).await.map(drop)
}

/// Writes rows in the place of those that have their keys.
async fn put(tx: &Tx, owner: OwnerId, table: Table, rows: &[(Table, Row)]) -> Result<()> {
    let columns = table.columns();
    if table == Table::Conversations {
        // One that was saved again is another row with the same id. It goes before it comes, so that whatever follows a
        // conversation follows this one.
        let (pks, ids) = (
            List::of(Kind::Int, 0, rows.iter().map(|(_, row)| row)),
            List::of(Kind::Text, 1, rows.iter().map(|(_, row)| row)),
        );
        let sql = "DELETE FROM conversations WHERE owner = $1 AND (pk = ANY($2) OR id = ANY($3))";
        tx.execute(sql, &[&number(owner), pks.value(), ids.value()]).await?;
    }
    let values: Vec<List<'_>> = columns
        .iter()
        .enumerate()
        .map(|(column, (_, kind))| List::of(*kind, column, rows.iter().map(|(_, row)| row)))
        .collect();
    let names: Vec<String> = columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let arrays = columns.iter().enumerate().map(|(place, (_, kind))| array(*kind, place));
    let others: Vec<String> =
        names[table.key()..].iter().map(|name| format!("{name} = excluded.{name}")).collect();
    let conflict =
        if others.is_empty() { "NOTHING".to_owned() } else { format!("UPDATE SET {}", others.join(", ")) };
    let (into, from) = if table.has_pk() { ("owner, ", "(pk >> 40)::integer, ") } else { ("", "") };
    let sql = format!(
        "INSERT INTO {} ({into}{names}) OVERRIDING SYSTEM VALUE SELECT {from}{names} FROM unnest({}) AS r ({names}) \
         ON CONFLICT ({}) DO {conflict}",
        table.name(),
        arrays.collect::<Vec<_>>().join(", "),
        key(table).iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "),
        names = names.join(", "),
    );
    tx.execute(&sql, &values.iter().map(List::value).collect::<Vec<_>>()).await.map(drop)
}

/// The parameter for the values of a column.
fn array(kind: Kind, place: usize) -> String {
    let sort = match kind {
        Kind::Int => "bigint",
        Kind::Flag => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    };
    format!("${}::{sort}[]", place + 1)
}

/// The values of a column.
enum List<'a> {
    Ints(Vec<Option<i64>>),
    Flags(Vec<Option<bool>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
}

impl<'a> List<'a> {
    fn of(kind: Kind, column: usize, rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let rows = rows.into_iter();
        match kind {
            Kind::Int => Self::Ints(rows.map(|row| row.int(column)).collect()),
            Kind::Flag => Self::Flags(rows.map(|row| row.int(column).map(|flag| flag != 0)).collect()),
            Kind::Text => Self::Texts(rows.map(|row| row.text(column)).collect()),
            Kind::Bytes => Self::Bytes(rows.map(|row| row.bytes(column)).collect()),
        }
    }

    fn value(&self) -> &(dyn ToSql + Sync) {
        match self {
            Self::Ints(values) => values,
            Self::Flags(values) => values,
            Self::Texts(values) => values,
            Self::Bytes(values) => values,
        }
    }
}
