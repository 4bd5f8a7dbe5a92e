//! Vectors on PostgreSQL.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use omp_model::{Embedding, Memory, OwnerId};
use tokio_postgres::Row;

use super::session::{Columns, Owned, Session, Value, number, unusable};
use super::tx::Tx;
use super::{PostgresStore, conversation_index, rows};
use crate::stored::{filling, floats, owner_of, pk_range, vector_bytes};
use crate::vectors::{NewVector, Pending, Slot, SpaceModel, VectorSpace};
use crate::{Result, StoreError, VectorStore};

/// Memories that are put on a new space's backlog in one transaction, under their owner's lock.
const FILL: i64 = 5_000;

/// How long a server is left alone with memories whose vectors it makes, in milliseconds.
const TAKEN_FOR: i64 = 20_000;

#[async_trait]
impl VectorStore for PostgresStore {
    async fn vector_spaces(&self) -> Result<Vec<VectorSpace>> {
        spaces(&self.read_all().await?).await
    }

    async fn open_vector_space(&self, model: &SpaceModel) -> Result<VectorSpace> {
        let known = self.vector_spaces().await?.into_iter().find(|space| space.model == *model);
        let space = if let Some(space) = known {
            space
        } else {
            let model = model.clone();
            self.write_all(async move |tx| open(tx, &model).await).await?
        };
        self.fill_backlog(space.slot).await?;
        Ok(space)
    }

    async fn activate_vector_space(&self, slot: Slot) -> Result<()> {
        self.fill_backlog(slot).await?;
        self.write_all(async move |tx| {
            lock_spaces(tx).await?;
            empty(tx, Slot(1 - slot.0)).await?;
            let sql = "UPDATE vector_spaces SET active = true WHERE slot = $1";
            tx.execute(sql, &[&place(slot)]).await.map(drop)
        })
        .await
    }

    async fn count_backlog(&self, slot: Slot) -> Result<u64> {
        let sql = "SELECT (SELECT count(*) FROM backlog WHERE slot = $1) + (SELECT count(*) FROM settings WHERE name = $2)";
        self.read_all().await?.one(sql, &[&place(slot), &filling(slot)]).await?.count(0)
    }

    async fn backlog(&self, slot: Slot, limit: u32) -> Result<Vec<Pending>> {
        let rows = self.write_all(async move |tx| take(tx, slot, limit).await).await?;
        rows.iter()
            .map(|row| {
                let (pk, memory) = rows::numbered(row)?;
                let owner = OwnerId(row.column::<i32>(rows::WIDTH)?.cast_unsigned());
                Ok(Pending { owner, pk, seq: row.column(rows::WIDTH + 1)?, memory })
            })
            .collect()
    }

    async fn put_vectors(&self, space: &VectorSpace, vectors: Vec<NewVector>) -> Result<()> {
        // A transaction for each owner: who writes for others is in nobody's way.
        let mut of: HashMap<OwnerId, Vec<NewVector>> = HashMap::new();
        for vector in vectors {
            if let Some(owner) = owner_of(vector.pk) {
                of.entry(owner).or_default().push(vector);
            }
        }
        for (owner, vectors) in of {
            let (pks, space) = (vectors.iter().map(|vector| vector.pk).collect::<Vec<_>>(), space.clone());
            let slot = space.slot;
            self.write_bulk(Some(owner), async move |tx| put(tx, &space, owner, &vectors).await).await?;
            // What does not work now is made up for later.
            if self.pgvector.is_ready()
                && let Err(error) = self.take_in(owner, slot, &pks).await
            {
                tracing::debug!(%error, "pgvector takes in these vectors later");
            }
        }
        Ok(())
    }

    async fn vectors(&self, slot: Slot, pks: &[i64]) -> Result<Vec<Option<Vec<f32>>>> {
        let Some(owner) = pks.first().copied().and_then(owner_of) else { return Ok(vec![None; pks.len()]) };
        let mut found = read(&self.read(owner).await?, owner, slot, pks).await?;
        Ok(pks.iter().map(|pk| found.remove(pk)).collect())
    }
}

impl PostgresStore {
    /// Puts what was stored before the space was made on its backlog, whichever server began with
    /// it. What is stored meanwhile puts itself there.
    async fn fill_backlog(&self, slot: Slot) -> Result<()> {
        loop {
            let sql = "SELECT s.value, (SELECT min(o.owner) FROM owners AS o WHERE ((o.owner::bigint + 1) << 40) - 1 > s.value) \
                 FROM settings AS s WHERE s.name = $1";
            let Some(row) = self.read_all().await?.row(sql, &[&filling(slot)]).await? else { return Ok(()) };
            let (until, next): (i64, Option<i32>) = (row.column(0)?, row.column(1)?);
            let Some(next) = next else {
                // Whoever is new since then knows of the space.
                self.write_all(async move |tx| {
                    let sql = "DELETE FROM settings WHERE name = $1 AND value = $2";
                    tx.execute(sql, &[&filling(slot), &until]).await.map(drop)
                })
                .await?;
                continue;
            };
            let next = OwnerId(next.cast_unsigned());
            self.write_bulk(Some(next), async move |tx| fill(tx, slot, next, until).await).await?;
        }
    }
}

/// The next part of an owner's memories, if nobody else was faster. Under the owner's lock nobody
/// else stores or removes any: who held it before has committed, and who waits for it will find the
/// space. What has its vector by now waits no more.
async fn fill(tx: &Tx, slot: Slot, owner: OwnerId, until: i64) -> Result<()> {
    let sql = "SELECT value FROM settings WHERE name = $1 AND value = $2 FOR UPDATE";
    if tx.row(sql, &[&filling(slot), &until]).await?.is_none() {
        return Ok(());
    }
    let (first, last) = pk_range(owner);
    let sql = "WITH next AS (SELECT pk FROM memories WHERE owner = $1 AND pk > $3 ORDER BY pk LIMIT $4), \
         filled AS (INSERT INTO backlog (owner, slot, pk) SELECT $1, $2, n.pk FROM next AS n \
           WHERE NOT EXISTS (SELECT FROM vectors AS v WHERE v.owner = $1 AND v.slot = $2 AND v.pk = n.pk) ON CONFLICT DO NOTHING) \
         SELECT max(pk) FROM next";
    let row = tx.one(sql, &[&number(owner), &place(slot), &until.max(first), &FILL]).await?;
    let until = row.column::<Option<i64>>(0)?.unwrap_or(last);
    let sql = "UPDATE settings SET value = $2 WHERE name = $1";
    tx.execute(sql, &[&filling(slot), &until]).await.map(drop)
}

/// Takes memories that wait and that no other server is at work on. A server that ends before it has stored their
/// vectors leaves them to others when its time is over.
async fn take(tx: &Tx, slot: Slot, limit: u32) -> Result<Vec<Row>> {
    // What is lost of this in a crash is made up for by the time.
    tx.batch("SET LOCAL synchronous_commit = off").await?;
    let sql = format!(
        "WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now), \
         next AS (SELECT owner, pk FROM backlog, clock WHERE slot = $1 AND taken_until <= now \
           ORDER BY pk DESC LIMIT $2 FOR UPDATE OF backlog SKIP LOCKED), \
         taken AS (UPDATE backlog AS b SET taken_until = now + $3 FROM next, clock \
           WHERE b.owner = next.owner AND b.slot = $1 AND b.pk = next.pk RETURNING b.owner, b.pk) \
         SELECT {}, m.owner, m.seq FROM taken AS b JOIN memories AS m ON m.owner = b.owner AND m.pk = b.pk \
         ORDER BY b.pk DESC",
        rows::COLUMNS
    );
    tx.rows(&sql, &[&place(slot), &i64::from(limit), &TAKEN_FOR]).await
}

/// A slot's number as the database knows it.
pub(super) fn place(slot: Slot) -> i16 {
    i16::from(slot.0)
}

pub(super) async fn spaces(session: &Session) -> Result<Vec<VectorSpace>> {
    let sql = "SELECT slot, name, revision, dimensions, active FROM vector_spaces ORDER BY slot";
    session.rows(sql, &[]).await?.iter().map(|row| space(row, 0)).collect()
}

/// Reads a space from its columns, the first of which is this one.
pub(super) fn space(row: &Row, first: usize) -> Result<VectorSpace> {
    let dimensions = u32::try_from(row.column::<i32>(first + 3)?).map_err(|_| unusable(first + 3))?;
    let model = SpaceModel { name: row.column(first + 1)?, revision: row.column(first + 2)?, dimensions };
    let slot = u8::try_from(row.column::<i16>(first)?).map_err(|_| unusable(first))?;
    Ok(VectorSpace { slot: Slot(slot), model, active: row.column(first + 4)? })
}

/// Servers that start at once must not make a space twice.
async fn lock_spaces(tx: &Tx) -> Result<()> {
    tx.batch("LOCK TABLE vector_spaces IN SHARE ROW EXCLUSIVE MODE").await
}

/// The space of a model, made if it is new. That its backlog has to be filled is written with it.
async fn open(tx: &Tx, model: &SpaceModel) -> Result<VectorSpace> {
    // Who is storing something does not know of the space yet, and who comes later will.
    tx.hold_owners().await?;
    lock_spaces(tx).await?;
    let known = spaces(tx).await?;
    if let Some(space) = known.iter().find(|space| space.model == *model) {
        return Ok(space.clone());
    }
    conversation_index::hold_still(tx).await?;
    let active = known.iter().find(|space| space.active);
    let slot = Slot(active.map_or(0, |space| 1 - space.slot.0));
    empty(tx, slot).await?;
    let dimensions = i32::try_from(model.dimensions).unwrap_or(i32::MAX);
    tx.execute(
        "INSERT INTO vector_spaces (slot, name, revision, dimensions, active) VALUES ($1, $2, $3, $4, $5)",
        &[&place(slot), &model.name, &model.revision, &dimensions, &active.is_none()],
    )
    .await?;
    tx.execute("INSERT INTO settings (name, value) VALUES ($1, 0)", &[&filling(slot)]).await?;
    conversation_index::expect_all(tx, slot).await?;
    Ok(VectorSpace { slot, model: model.clone(), active: active.is_none() })
}

/// Removes a space and what is in it.
async fn empty(tx: &Tx, slot: Slot) -> Result<()> {
    // Who fills the backlog holds this row; after that what they put there is seen.
    tx.execute("DELETE FROM settings WHERE name = $1", &[&filling(slot)]).await?;
    conversation_index::empty(tx, slot).await?;
    for table in ["backlog", "vectors", "vector_spaces"] {
        tx.execute(&format!("DELETE FROM {table} WHERE slot = $1"), &[&place(slot)]).await?;
    }
    Ok(())
}

/// Stores vectors whose memory waits for them. pgvector gets them afterwards, see [`PostgresStore::take_in`].
async fn put(tx: &mut Tx, space: &VectorSpace, owner: OwnerId, vectors: &[NewVector]) -> Result<()> {
    let (owned, slot) = (number(owner), place(space.slot));
    let pks: Vec<i64> = vectors.iter().map(|vector| vector.pk).collect();
    let seqs: Vec<i64> = vectors.iter().map(|vector| vector.seq).collect();
    // Whose memory has not changed since, and still waits.
    let sql = "DELETE FROM backlog AS b USING unnest($3::bigint[], $4::bigint[]) AS v (pk, seq), memories AS m \
         WHERE b.owner = $1 AND b.slot = $2 AND b.pk = v.pk \
         AND m.owner = $1 AND m.pk = v.pk AND m.seq = v.seq RETURNING b.pk";
    let values: [Value<'_>; 4] = [&owned, &slot, &pks, &seqs];
    // Whoever makes room for another model waits for the owner's lock, which this transaction holds.
    let (known, waited) = tokio::try_join!(biased; spaces(tx), tx.rows(sql, &values))?;
    if known.iter().all(|known| known.slot != space.slot || known.model != space.model) {
        return Err(StoreError::OtherModel);
    }
    let waited: HashSet<i64> = waited.iter().map(|row| row.column(0)).collect::<Result<_>>()?;
    let (mut pks, mut seqs, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    for vector in vectors.iter().filter(|v| waited.contains(&v.pk) && !v.windows.is_empty()) {
        pks.push(vector.pk);
        seqs.push(tx.next_seq(owner)?);
        bytes.push(vector_bytes(&vector.windows));
    }
    if pks.is_empty() {
        return Ok(());
    }
    // One that is replaced takes along what pgvector has of it.
    let sql = "DELETE FROM vectors WHERE owner = $1 AND slot = $2 AND pk = ANY($3)";
    tx.defer(sql, vec![Box::new(owned), Box::new(slot), Box::new(pks.clone())]).await?;
    let sql = "INSERT INTO vectors (owner, slot, pk, seq, vector, windowed) \
         SELECT $1, $2, v.*, false FROM unnest($3::bigint[], $4::bigint[], $5::bytea[]) AS v";
    let values: Vec<Owned> =
        vec![Box::new(owned), Box::new(slot), Box::new(pks), Box::new(seqs), Box::new(bytes)];
    tx.defer(sql, values).await
}

/// The vectors of these rows in a space, all windows.
pub(super) async fn read(
    session: &Session,
    owner: OwnerId,
    slot: Slot,
    pks: &[i64],
) -> Result<HashMap<i64, Vec<f32>>> {
    let sql = "SELECT pk, vector FROM vectors WHERE owner = $1 AND slot = $2 AND pk = ANY($3)";
    let rows = session.rows(sql, &[&number(owner), &place(slot), &pks]).await?;
    rows.iter().map(|row| Ok((row.column(0)?, floats(row.column(1)?)))).collect()
}

/// The vectors of a space that came after a change, in order.
pub(super) async fn since(
    session: &Session,
    owner: OwnerId,
    slot: Slot,
    seq: i64,
    limit: u32,
) -> Result<Vec<(i64, i64, Vec<f32>)>> {
    let sql = "SELECT seq, pk, vector FROM vectors WHERE owner = $1 AND slot = $2 AND seq > $3 ORDER BY seq LIMIT $4";
    let rows = session.rows(sql, &[&number(owner), &place(slot), &seq, &i64::from(limit)]).await?;
    rows.iter().map(|row| Ok((row.column(0)?, row.column(1)?, floats(row.column(2)?)))).collect()
}

/// Memories are new and wait for their vectors in every space.
pub(super) async fn expect_first(tx: &Tx, owner: OwnerId, pks: &[i64]) -> Result<()> {
    let values: Vec<Owned> = vec![Box::new(number(owner)), Box::new(pks.to_vec())];
    tx.defer(&expecting("$1", "$2"), values).await
}

/// The statement for that, with the names of its parameters.
pub(super) fn expecting(owner: &str, pks: &str) -> String {
    format!(
        "INSERT INTO backlog (owner, slot, pk) SELECT {owner}, s.slot, p.pk \
         FROM vector_spaces AS s, unnest({pks}::bigint[]) AS p (pk) ON CONFLICT DO NOTHING"
    )
}

/// A memory's text is new: its vectors stand for another one, and it waits for new ones in every space.
pub(super) async fn expect(tx: &Tx, owner: OwnerId, pk: i64) -> Result<()> {
    forget(tx, owner, pk).await?;
    expect_first(tx, owner, &[pk]).await
}

/// Removes a row's vectors.
pub(super) async fn forget(tx: &Tx, owner: OwnerId, pk: i64) -> Result<()> {
    // Everybody locks these in the same order.
    for table in ["backlog", "vectors"] {
        let sql = format!("DELETE FROM {table} WHERE owner = $1 AND slot IN (0, 1) AND pk = $2");
        tx.execute(&sql, &[&number(owner), &pk]).await?;
    }
    Ok(())
}

/// The vectors that go with memories when they are asked for: what a client
/// supplied, else the active space's first window.
pub(super) async fn show(session: &Session, owner: OwnerId, memories: &mut [(i64, Memory)]) -> Result<()> {
    let pks: Vec<i64> = memories.iter().map(|(pk, _)| *pk).collect();
    let mut supplied = rows::supplied_embeddings(session, owner, &pks).await?;
    let active = spaces(session).await?.into_iter().find(|space| space.active);
    let mut made = match &active {
        Some(space) if supplied.len() < pks.len() => read(session, owner, space.slot, &pks).await?,
        _ => HashMap::new(),
    };
    let dimensions = active.map_or(0, |space| space.model.dimensions as usize);
    for (pk, memory) in memories {
        memory.embedding = supplied.remove(pk).or_else(|| {
            let mut windows = made.remove(pk)?;
            windows.truncate(dimensions);
            Embedding::new(windows).ok()
        });
    }
    Ok(())
}
