//! Finding conversations on PostgreSQL: a word index (GIN) of their turns, and the vectors of their passages.
//!
//! What belongs to a conversation comes and goes by triggers of the database, so that it holds for
//! servers of the version before as well: a new row waits for its words and vectors. Who knows of the
//! index writes the words in the same transaction.

use std::collections::HashMap;

use async_trait::async_trait;
use omp_model::{ConversationQuery, OwnerId, Principal};
use omp_search::Keywords;
use tokio_postgres::Row;

use super::PostgresStore;
use super::conversations::{self, Wanted};
use super::session::{Columns, Session, Value, number, unusable};
use super::tsvector::{self, TsVector};
use super::tx::Tx;
use super::vectors::place;
use crate::conversation_index::{
    ConversationIndex, FoundTurns, Passages, PendingConversation, WORDS, WordHit, WordHits, read_turns,
    rounded, turn_bytes, turns,
};
use crate::stored::{floats, owner_of, vector_bytes};
use crate::{Result, Slot};

#[async_trait]
impl ConversationIndex for PostgresStore {
    async fn conversation_hits(
        &self,
        by: &Principal,
        keywords: &Keywords,
        query: &ConversationQuery,
    ) -> Result<WordHits> {
        let session = self.read(by.owner).await?;
        let owner = number(by.owner);
        let waiting = "SELECT count(*) FROM conversation_backlog WHERE owner = $1 AND what = $2";
        let waiting = session.one(waiting, &[&owner, &i16::from(WORDS)]).await?.count(0)?;
        let (conversations, entries) = totals(&session, by).await?;
        let hits = hits(&session, by, keywords, query).await?;
        Ok(WordHits { conversations, entries, waiting, hits })
    }

    async fn admitted_conversations(
        &self,
        by: &Principal,
        query: &ConversationQuery,
        pks: &[i64],
    ) -> Result<Vec<i64>> {
        let (owner, wanted) = (number(by.owner), Wanted::of(by, query));
        let mut values: Vec<Value<'_>> = vec![&owner, &pks];
        let conditions = wanted.conditions(&mut values);
        let sql = format!(
            "SELECT c.pk FROM unnest($2::bigint[]) WITH ORDINALITY AS u (pk, i) \
             JOIN conversations AS c ON c.owner = $1 AND c.pk = u.pk{conditions} ORDER BY u.i"
        );
        let rows = self.read(by.owner).await?.rows(&sql, &values).await?;
        rows.iter().map(|row| row.column(0)).collect()
    }

    async fn found_conversations(
        &self,
        by: &Principal,
        keywords: &Keywords,
        pks: &[i64],
    ) -> Result<Vec<FoundTurns>> {
        let session = self.read(by.owner).await?;
        let anything = ConversationQuery::default();
        let (owner, wanted, terms) =
            (number(by.owner), Wanted::of(by, &anything), lexemes(by.owner, keywords));
        let mut values: Vec<Value<'_>> = vec![&owner, &pks];
        let conditions = wanted.conditions(&mut values);
        let sql = format!(
            "SELECT {}, c.pk FROM unnest($2::bigint[]) WITH ORDINALITY AS u (pk, i) \
             JOIN conversations AS c ON c.owner = $1 AND c.pk = u.pk{conditions} ORDER BY u.i",
            columns()
        );
        let rows = session.rows(&sql, &values).await?;
        let sql = "SELECT w.pk, w.entry, count(*) FROM conversation_words AS w \
             CROSS JOIN (SELECT ($3::text[])::tsquery[] AS terms OFFSET 0) AS q CROSS JOIN LATERAL unnest(q.terms) AS u (term) \
             WHERE w.owner = $1 AND w.pk = ANY($2) AND w.t @@ u.term GROUP BY w.pk, w.entry ORDER BY w.entry";
        let mut words: HashMap<i64, Vec<(u32, u32)>> = HashMap::new();
        for row in session.rows(sql, &[&owner, &pks, &terms]).await? {
            let entry = u32::try_from(row.column::<i32>(1)?).map_err(|_| unusable(1))?;
            let count = u32::try_from(row.column::<i64>(2)?).map_err(|_| unusable(2))?;
            words.entry(row.column(0)?).or_default().push((entry, count));
        }
        rows.iter()
            .map(|row| {
                let pk = row.column(conversations::WIDTH)?;
                let (conversation, _) = conversations::saved(row)?;
                Ok(FoundTurns { pk, conversation, turns: turns(words.remove(&pk).unwrap_or_default()) })
            })
            .collect()
    }

    async fn index_conversations(&self, limit: u32) -> Result<bool> {
        self.index_waiting(limit).await
    }

    async fn count_conversation_backlog(&self, slot: Slot) -> Result<u64> {
        self.count_waiting(slot).await
    }

    async fn conversation_backlog(&self, slot: Slot, limit: u32) -> Result<Vec<PendingConversation>> {
        self.take_waiting(slot, limit).await
    }

    async fn put_passages(&self, slot: Slot, passages: Vec<Passages>) -> Result<()> {
        let mut of: HashMap<OwnerId, Vec<Passages>> = HashMap::new();
        for one in passages {
            if let Some(owner) = owner_of(one.pk) {
                of.entry(owner).or_default().push(one);
            }
        }
        for (owner, passages) in of {
            self.write(owner, async move |tx| put(tx, slot, owner, &passages).await).await?;
        }
        Ok(())
    }

    async fn passages_since(
        &self,
        owner: OwnerId,
        slot: Slot,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Passages)>> {
        let sql = "SELECT pk, turns, vector, seq FROM conversation_vectors \
             WHERE owner = $1 AND slot = $2 AND seq > $3 ORDER BY seq LIMIT $4";
        let session = self.read(owner).await?;
        let rows = session.rows(sql, &[&number(owner), &place(slot), &seq, &i64::from(limit)]).await?;
        rows.iter().map(|row| Ok((row.column(3)?, read(row)?))).collect()
    }

    async fn passages(&self, owner: OwnerId, slot: Slot, pks: &[i64]) -> Result<Vec<Passages>> {
        let sql = "SELECT pk, turns, vector FROM conversation_vectors WHERE owner = $1 AND slot = $2 AND pk = ANY($3)";
        let rows = self.read(owner).await?.rows(sql, &[&number(owner), &place(slot), &pks]).await?;
        rows.iter().map(read).collect()
    }
}

/// How many conversations the principal may see, and their entries: what is hidden must not show in what others score.
async fn totals(session: &Session, by: &Principal) -> Result<(u64, u64)> {
    let anything = ConversationQuery::default();
    let (owner, wanted) = (number(by.owner), Wanted::of(by, &anything));
    let mut values: Vec<Value<'_>> = vec![&owner];
    let sql = if by.sees_everything() {
        "SELECT conversations, entries FROM conversation_totals WHERE owner = $1".to_owned()
    } else {
        let conditions = wanted.conditions(&mut values);
        format!(
            "SELECT count(*), coalesce(sum(c.message_count + 1), 0)::bigint FROM conversations AS c \
             WHERE c.owner = $1{conditions}"
        )
    };
    let totals = session.row(&sql, &values).await?;
    totals.map_or(Ok((0, 0)), |row| Ok((row.count(0)?, row.count(1)?)))
}

async fn hits(
    session: &Session,
    by: &Principal,
    keywords: &Keywords,
    query: &ConversationQuery,
) -> Result<Vec<WordHit>> {
    let (owner, wanted, terms) = (number(by.owner), Wanted::of(by, query), lexemes(by.owner, keywords));
    let mut values: Vec<Value<'_>> = vec![&owner, &terms];
    let conditions = wanted.conditions(&mut values);
    // `OFFSET 0` keeps each word's turns together: one walk of its postings.
    let sql = format!(
        "SELECT w.pk, u.i, w.n, c.message_count FROM unnest($2::text[]) WITH ORDINALITY AS u (term, i) \
         CROSS JOIN LATERAL (SELECT x.pk, count(*) AS n FROM conversation_words AS x \
           WHERE x.owner = $1 AND x.t @@ u.term::tsquery GROUP BY x.pk OFFSET 0) AS w \
         JOIN conversations AS c ON c.owner = $1 AND c.pk = w.pk{conditions}"
    );
    let mut found: HashMap<i64, WordHit> = HashMap::new();
    for row in session.rows(&sql, &values).await? {
        let (pk, term): (i64, i64) = (row.column(0)?, row.column(1)?);
        let entries = u32::try_from(row.column::<i32>(3)?).map_err(|_| unusable(3))? + 1;
        let hit = found.entry(pk).or_insert_with(|| WordHit { pk, entries, counts: vec![0; keywords.len()] });
        let term = usize::try_from(term - 1).map_err(|_| unusable(1))?;
        let count = rounded(u32::try_from(row.count(2)?).unwrap_or(u32::MAX));
        hit.counts[term] = if keywords.terms()[term].prefix { 1 } else { count };
    }
    Ok(found.into_values().collect())
}

/// The words of a question as the index knows them.
fn lexemes(owner: OwnerId, keywords: &Keywords) -> Vec<String> {
    let lexeme = |keyword: &omp_search::Keyword| {
        tsvector::quoted(owner, &keyword.token) + if keyword.prefix { ":*" } else { "" }
    };
    keywords.terms().iter().map(lexeme).collect()
}

/// The columns of the row `c` of `conversations`.
pub(super) fn columns() -> String {
    let columns: Vec<String> =
        conversations::COLUMNS.split(", ").map(|column| format!("c.{column}")).collect();
    columns.join(", ")
}

/// The words of a new conversation, whose row is there; it waited for them since then. `words` are
/// [`entries`](crate::conversation_index::entries) of it.
pub(super) async fn add_words(tx: &Tx, owner: OwnerId, pk: i64, words: &[String]) -> Result<()> {
    let done = "DELETE FROM conversation_backlog WHERE owner = $1 AND what = $2 AND pk = $3";
    let values: &[Value<'_>] = &[&number(owner), &i16::from(WORDS), &pk];
    tokio::try_join!(put_words(tx, owner, pk, words), tx.execute(done, values)).map(drop)
}

pub(super) async fn put_words(tx: &Tx, owner: OwnerId, pk: i64, words: &[String]) -> Result<()> {
    let vectors: Vec<TsVector> =
        words.iter().map(|words| TsVector::without_positions(owner, words)).collect();
    let numbers: Vec<i32> = (0..).take(words.len()).collect();
    let sql = "INSERT INTO conversation_words (owner, pk, entry, t) \
         SELECT $1, $2, * FROM unnest($3::integer[], $4::tsvector[])";
    tx.execute(sql, &[&number(owner), &pk, &numbers, &vectors]).await.map(drop)
}

/// Removes the vectors of a space.
pub(super) async fn empty(tx: &Tx, slot: Slot) -> Result<()> {
    tx.execute("DELETE FROM conversation_vectors WHERE slot = $1", &[&place(slot)]).await?;
    tx.execute("DELETE FROM conversation_backlog WHERE what = $1", &[&place(slot)]).await.map(drop)
}

/// Waits for whoever is writing conversations and lets nobody begin until the transaction ends: one that
/// comes or goes unseen meanwhile would wait for nothing, or nothing would go on waiting. Comes before
/// anything is written, so that nobody waits in a circle.
pub(super) async fn hold_still(session: &Session) -> Result<()> {
    session.batch("LOCK TABLE conversations IN SHARE MODE").await
}

/// Every conversation waits for its vectors in a new space; they [hold still](hold_still).
pub(super) async fn expect_all(tx: &Tx, slot: Slot) -> Result<()> {
    let sql = "INSERT INTO conversation_backlog (owner, what, pk) SELECT owner, $1, pk FROM conversations ON CONFLICT DO NOTHING";
    tx.execute(sql, &[&place(slot)]).await.map(drop)
}

/// Empties the word index; all conversations wait for their words, which takes longer than a start may.
pub(super) async fn renew(session: &Session) -> Result<()> {
    hold_still(session).await?;
    session.batch("DELETE FROM conversation_words").await?;
    let sql = "INSERT INTO conversation_backlog (owner, what, pk) SELECT owner, $1, pk FROM conversations ON CONFLICT DO NOTHING";
    session.execute(sql, &[&i16::from(WORDS)]).await.map(drop)
}

async fn put(tx: &mut Tx, slot: Slot, owner: OwnerId, passages: &[Passages]) -> Result<()> {
    for one in passages {
        let sql = "DELETE FROM conversation_backlog WHERE owner = $1 AND what = $2 AND pk = $3";
        let waited = tx.execute(sql, &[&number(owner), &place(slot), &one.pk]).await?;
        if waited == 0 || one.turns.is_empty() {
            continue;
        }
        let seq = tx.next_seq(owner)?;
        let (turns, vectors) = (turn_bytes(&one.turns), vector_bytes(&one.vectors));
        tx.execute(
            "INSERT INTO conversation_vectors (owner, slot, pk, seq, turns, vector) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (owner, slot, pk) DO UPDATE SET seq = excluded.seq, turns = excluded.turns, vector = excluded.vector",
            &[&number(owner), &place(slot), &one.pk, &seq, &turns, &vectors],
        )
        .await?;
    }
    Ok(())
}

fn read(row: &Row) -> Result<Passages> {
    Ok(Passages { pk: row.column(0)?, turns: read_turns(row.column(1)?), vectors: floats(row.column(2)?) })
}
