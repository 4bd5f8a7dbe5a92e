//! Which conversations wait on PostgreSQL, and putting them into the word index.

use omp_model::OwnerId;
use omp_search::Analyzer;
use tokio_postgres::Row;

use super::conversation_index::{columns, put_words};
use super::session::{Columns, Value, number};
use super::tx::Tx;
use super::vectors::place;
use super::{PostgresStore, conversations};
use crate::conversation_index::{PendingConversation, WORDS, entries};
use crate::stored::owner_of;
use crate::{Result, Slot, StoreError};

/// How long a server is left alone with conversations whose vectors it makes, in milliseconds.
const TAKEN_FOR: i64 = 60_000;

impl PostgresStore {
    /// Puts conversations of the owner whose turn it is into the word index; `false` when none waits any more.
    pub(super) async fn index_waiting(&self, limit: u32) -> Result<bool> {
        let Some(owner) = self.whose_words_wait().await? else { return Ok(false) };
        let (waiting, gone) = self.waiting_for_words(owner, limit).await?;
        // The words are made here: in the transaction the owner's writes would wait for them.
        let analysed = tokio::task::spawn_blocking(move || {
            let mut analyzer = Analyzer::new();
            let words = |one: &PendingConversation| (one.pk, entries(&one.conversation, &mut analyzer));
            waiting.iter().map(words).collect::<Vec<_>>()
        });
        let analysed = analysed.await.map_err(|_| StoreError::Internal("an analysis ended early".into()))?;
        let count = analysed.iter().map(|(_, entries)| entries.len() as u64).sum();
        self.write_bulk(Some(owner), async move |tx| {
            forget_gone(tx, i16::from(WORDS), &gone).await?;
            index(tx, owner, &analysed).await
        })
        .await?;
        self.indexed_entries(count);
        Ok(true)
    }

    /// How many conversations wait for their vectors, without what is passed over.
    pub(super) async fn count_waiting(&self, slot: Slot) -> Result<u64> {
        let sql = "SELECT count(*) FROM conversation_backlog WHERE what = $1 AND pk <> ALL($2)";
        self.read_all().await?.one(sql, &[&place(slot), &self.fair_queue.passed_over()]).await?.count(0)
    }

    /// Takes the next conversations that wait for their vectors.
    pub(super) async fn take_waiting(&self, slot: Slot, limit: u32) -> Result<Vec<PendingConversation>> {
        let mut pending = Vec::new();
        while pending.is_empty() {
            let (places, passed) = (self.fair_queue.places(slot.0), self.fair_queue.passed_over());
            let rows = self.write_all(async move |tx| take(tx, slot, limit, places, &passed).await).await?;
            let Some(last) = rows.last() else { break };
            self.fair_queue.gave(slot.0, last.column(conversations::WIDTH)?);
            for row in &rows {
                pending.extend(self.pending(row)?);
            }
        }
        Ok(pending)
    }

    /// The owner whose turn it is among those with conversations that wait for their words.
    async fn whose_words_wait(&self) -> Result<Option<OwnerId>> {
        let (session, passed) = (self.read_all().await?, self.fair_queue.passed_over());
        let sql = "SELECT pk FROM conversation_backlog WHERE what = $1 AND pk < $2 AND pk <> ALL($3) \
             ORDER BY pk DESC LIMIT 1";
        for below in self.fair_queue.places(WORDS) {
            if let Some(row) = session.row(sql, &[&i16::from(WORDS), &below, &passed]).await? {
                let pk = row.column(0)?;
                self.fair_queue.gave(WORDS, pk);
                return Ok(owner_of(pk));
            }
        }
        Ok(None)
    }

    /// An owner's conversations that wait for their words, and the row numbers of those that are gone.
    async fn waiting_for_words(
        &self,
        owner: OwnerId,
        limit: u32,
    ) -> Result<(Vec<PendingConversation>, Vec<i64>)> {
        let sql = format!(
            "SELECT {}, b.pk, c.pk IS NULL FROM conversation_backlog AS b \
             LEFT JOIN conversations AS c ON c.owner = b.owner AND c.pk = b.pk \
             WHERE b.owner = $1 AND b.what = $2 AND b.pk <> ALL($3) ORDER BY b.pk DESC LIMIT $4",
            columns()
        );
        let passed = self.fair_queue.passed_over();
        let values: &[Value<'_>] = &[&number(owner), &i16::from(WORDS), &passed, &i64::from(limit)];
        let (there, gone) = apart(self.read(owner).await?.rows(&sql, values).await?)?;
        let mut waiting = Vec::with_capacity(there.len());
        for row in &there {
            waiting.extend(self.pending(row)?);
        }
        Ok((waiting, gone))
    }

    /// A conversation that waits; nothing if it cannot be read.
    fn pending(&self, row: &Row) -> Result<Option<PendingConversation>> {
        let pk = row.column(conversations::WIDTH)?;
        let saved = conversations::saved(row);
        if saved.is_err() {
            self.fair_queue.pass_over(pk);
        }
        Ok(saved.ok().map(|(conversation, _)| PendingConversation { pk, conversation }))
    }
}

/// Puts conversations of an owner into the word index, those of them that still wait for it: under the owner's lock
/// nobody else does, or removes them.
async fn index(tx: &Tx, owner: OwnerId, analysed: &[(i64, Vec<String>)]) -> Result<()> {
    let pks: Vec<i64> = analysed.iter().map(|(pk, _)| *pk).collect();
    let sql = "DELETE FROM conversation_backlog WHERE owner = $1 AND what = $2 AND pk = ANY($3) RETURNING pk";
    let waited = tx.rows(sql, &[&number(owner), &i16::from(WORDS), &pks]).await?;
    let waited: Vec<i64> = waited.iter().map(|row| row.column(0)).collect::<Result<_>>()?;
    for (pk, words) in analysed.iter().filter(|(pk, _)| waited.contains(pk)) {
        put_words(tx, owner, *pk, words).await?;
    }
    Ok(())
}

/// Whatever is gone waits for nothing.
async fn forget_gone(tx: &Tx, what: i16, pks: &[i64]) -> Result<()> {
    if pks.is_empty() {
        return Ok(());
    }
    let sql = "DELETE FROM conversation_backlog AS b WHERE b.what = $1 AND b.pk = ANY($2) \
         AND NOT EXISTS (SELECT FROM conversations AS c WHERE c.owner = b.owner AND c.pk = b.pk)";
    tx.execute(sql, &[&what, &pks]).await.map(drop)
}

/// Rows of a backlog with their conversations, and the row numbers of those whose conversation is gone.
fn apart(rows: Vec<Row>) -> Result<(Vec<Row>, Vec<i64>)> {
    let (mut there, mut gone) = (Vec::with_capacity(rows.len()), Vec::new());
    for row in rows {
        if row.column(conversations::WIDTH + 1)? {
            gone.push(row.column(conversations::WIDTH)?);
        } else {
            there.push(row);
        }
    }
    Ok((there, gone))
}

/// Takes conversations that wait and that no other server is at work on; see
/// [`FairQueue`](crate::fair_queue::FairQueue) for the places to look.
async fn take(tx: &Tx, slot: Slot, limit: u32, places: [i64; 2], passed: &[i64]) -> Result<Vec<Row>> {
    tx.batch("SET LOCAL synchronous_commit = off").await?;
    let sql = format!(
        "WITH clock AS (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now), \
         next AS (SELECT owner, pk FROM conversation_backlog, clock \
           WHERE what = $1 AND taken_until <= now AND pk < $4 AND pk <> ALL($5) \
           ORDER BY pk DESC LIMIT $2 FOR UPDATE OF conversation_backlog SKIP LOCKED), \
         taken AS (UPDATE conversation_backlog AS b SET taken_until = now + $3 FROM next, clock \
           WHERE b.owner = next.owner AND b.what = $1 AND b.pk = next.pk RETURNING b.owner, b.pk) \
         SELECT {}, b.pk, c.pk IS NULL FROM taken AS b \
         LEFT JOIN conversations AS c ON c.owner = b.owner AND c.pk = b.pk ORDER BY b.pk DESC",
        columns()
    );
    for below in places {
        loop {
            let values: &[Value<'_>] = &[&place(slot), &i64::from(limit), &TAKEN_FOR, &below, &passed];
            let (there, gone) = apart(tx.rows(&sql, values).await?)?;
            forget_gone(tx, place(slot), &gone).await?;
            if !there.is_empty() {
                return Ok(there);
            }
            if gone.is_empty() {
                break;
            }
        }
    }
    Ok(Vec::new())
}
