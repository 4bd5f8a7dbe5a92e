//! Finding conversations on SQLite: a word index (FTS5) of their turns, and the vectors of their passages.
//!
//! An entry of the index holds each word of a turn once and without its positions (`detail=none`): what a search needs is
//! which turns hold a word. Numbers of entries ascend with those of conversations, so a word's postings are walked beside
//! `conversation_entries`, and what a search costs grows with the turns that hold its words.

use std::collections::BTreeMap;

use async_trait::async_trait;
use omp_model::{Conversation, ConversationQuery, OwnerId, Principal, Timestamp, ToolName};
use omp_search::{Analyzer, Keyword, Keywords};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::tx::Tx;
use super::{SqliteStore, conversations, snapshot};
use crate::conversation_index::{
    ConversationIndex, FoundTurns, Passages, PendingConversation, WORDS, WordHit, WordHits, entries,
    read_turns, turn_bytes, turns,
};
use crate::stored::{floats, owner_of, pk_range, vector_bytes};
use crate::{Result, Slot};

#[async_trait]
impl ConversationIndex for SqliteStore {
    async fn conversation_hits(
        &self,
        by: &Principal,
        keywords: &Keywords,
        query: &ConversationQuery,
    ) -> Result<WordHits> {
        let (by, keywords, query) = (by.clone(), keywords.clone(), query.clone());
        self.read_long(move |c| snapshot(c, || hits(c, &by, &keywords, &query))).await
    }

    async fn admitted_conversations(
        &self,
        by: &Principal,
        query: &ConversationQuery,
        pks: &[i64],
    ) -> Result<Vec<i64>> {
        self.read(|connection| {
            let mut admitted = Vec::with_capacity(pks.len());
            for pk in pks.iter().filter(|pk| owner_of(**pk) == Some(by.owner)) {
                let head = connection
                    .prepare_cached(&format!("{HEADS} WHERE conversation = ?1"))?
                    .query_row([pk], Head::read)
                    .optional()?;
                admitted.extend(head.filter(|head| head.answers(by, query)).map(|head| head.pk));
            }
            Ok(admitted)
        })
    }

    async fn found_conversations(
        &self,
        by: &Principal,
        keywords: &Keywords,
        pks: &[i64],
    ) -> Result<Vec<FoundTurns>> {
        let (by, keywords, pks) = (by.clone(), keywords.clone(), pks.to_vec());
        self.read_long(move |c| {
            snapshot(c, || pks.iter().filter_map(|pk| found(c, &by, &keywords, *pk).transpose()).collect())
        })
        .await
    }

    async fn index_conversations(&self, limit: u32) -> Result<bool> {
        let waiting = "SELECT conversation FROM conversation_backlog WHERE what = ?1 ORDER BY conversation DESC LIMIT ?2";
        // A look first: mostly nothing waits, and a write would cost a flush of the disk.
        if !self.read(|c| c.prepare_cached(waiting)?.exists([i64::from(WORDS), 1]))? {
            return Ok(false);
        }
        self.write_bulk(false, move |tx| {
            let mut analyzer = Analyzer::new();
            let pks: Vec<i64> = tx
                .statement(waiting)?
                .query_map([i64::from(WORDS), i64::from(limit)], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            for pk in &pks {
                if let Some((conversation, tool)) = conversations::by_pk(tx.connection(), *pk)? {
                    add_words(tx, *pk, &conversation, tool.as_ref(), &entries(&conversation, &mut analyzer))?;
                }
                tx.statement("DELETE FROM conversation_backlog WHERE what = ?1 AND conversation = ?2")?
                    .execute([i64::from(WORDS), *pk])?;
            }
            Ok(true)
        })
        .await
    }

    async fn count_conversation_backlog(&self, slot: Slot) -> Result<u64> {
        self.read_long(move |connection| {
            connection
                .prepare_cached("SELECT count(*) FROM conversation_backlog WHERE what = ?1")?
                .query_row([slot.0], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
        })
        .await
    }

    async fn conversation_backlog(&self, slot: Slot, limit: u32) -> Result<Vec<PendingConversation>> {
        self.read_long(move |connection| {
            let pks: Vec<i64> = connection
                .prepare_cached(
                    "SELECT conversation FROM conversation_backlog WHERE what = ?1 ORDER BY conversation DESC LIMIT ?2",
                )?
                .query_map(params![slot.0, limit], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
            pks.into_iter()
                .filter_map(|pk| match conversations::by_pk(connection, pk) {
                    Ok(found) => found.map(|(conversation, _)| Ok(PendingConversation { pk, conversation })),
                    Err(error) => Some(Err(error)),
                })
                .collect()
        })
        .await
    }

    async fn put_passages(&self, slot: Slot, passages: Vec<Passages>) -> Result<()> {
        self.write(move |tx| passages.iter().try_for_each(|one| put_passages(tx, slot, one))).await
    }

    async fn passages_since(
        &self,
        owner: OwnerId,
        slot: Slot,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Passages)>> {
        self.read_long(move |connection| {
            connection
                .prepare_cached(
                    "SELECT seq, conversation, turns, vector FROM conversation_vectors INDEXED BY conversation_vectors_seq \
                     WHERE slot = ?1 AND owner = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
                )?
                .query_map(params![slot.0, owner.0, seq, limit], |row| Ok((row.get(0)?, passages(row, 1)?)))?
                .collect()
        })
        .await
    }

    async fn passages(&self, owner: OwnerId, slot: Slot, pks: &[i64]) -> Result<Vec<Passages>> {
        self.read(|connection| {
            let mut select = connection.prepare_cached(
                "SELECT conversation, turns, vector FROM conversation_vectors \
                 WHERE slot = ?1 AND conversation = ?2 AND owner = ?3",
            )?;
            let mut read = |pk: &i64| {
                select.query_row(params![slot.0, pk, owner.0], |row| passages(row, 0)).optional().transpose()
            };
            pks.iter().filter_map(&mut read).collect()
        })
    }
}

/// What a search needs to know of a conversation before it reads it.
struct Head {
    first: i64,
    pk: i64,
    entries: u32,
    model: String,
    created_at: i64,
    tool: Option<ToolName>,
}

const HEADS: &str = "SELECT first, conversation, entries, model, created_at, tool FROM conversation_entries";

impl Head {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            first: row.get(0)?,
            pk: row.get(1)?,
            entries: row.get(2)?,
            model: row.get(3)?,
            created_at: row.get(4)?,
            tool: row.get::<_, Option<String>>(5)?.and_then(|tool| ToolName::new(tool).ok()),
        })
    }

    fn answers(&self, by: &Principal, query: &ConversationQuery) -> bool {
        by.sees_conversation_of(self.tool.as_ref())
            && query.model.as_ref().is_none_or(|model| self.model == model.as_str())
            && query.exclude_model.as_ref().is_none_or(|model| self.model != model.as_str())
            && query.since.map(Timestamp::as_millis).is_none_or(|since| self.created_at >= since)
    }
}

fn hits(
    connection: &Connection,
    by: &Principal,
    keywords: &Keywords,
    query: &ConversationQuery,
) -> rusqlite::Result<WordHits> {
    let (first, last) = pk_range(by.owner);
    let (conversations, entries) = connection
        .prepare_cached("SELECT conversations, entries FROM conversation_totals WHERE owner = ?1")?
        .query_row([by.owner.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))
        .optional()?
        .unwrap_or_default();
    let waiting: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM conversation_backlog WHERE what = ?1 AND conversation BETWEEN ?2 AND ?3",
        )?
        .query_row(params![WORDS, first, last], |row| row.get(0))?;
    let mut of_entry =
        connection.prepare_cached(&format!("{HEADS} WHERE first <= ?1 ORDER BY first DESC LIMIT 1"))?;
    let mut postings = connection.prepare_cached(POSTINGS)?;
    // By first entry: those that words led to, and whether they may answer.
    let mut known: BTreeMap<i64, (i64, Option<WordHit>)> = BTreeMap::new();
    for (term, keyword) in keywords.terms().iter().enumerate() {
        let mut rows = postings.query(params![expression(keyword), first, last])?;
        let (mut within, mut current) = (0..0, None);
        while let Some(row) = rows.next()? {
            let entry: i64 = row.get(0)?;
            if !within.contains(&entry) {
                let start = match known.range(..=entry).next_back() {
                    Some((start, (end, _))) if entry < *end => *start,
                    _ => {
                        let head = of_entry.query_row([entry], Head::read)?;
                        let (start, end) = (head.first, head.first + i64::from(head.entries));
                        let counts = vec![0; keywords.len()];
                        let hit = WordHit { pk: head.pk, entries: head.entries, counts };
                        known.insert(start, (end, head.answers(by, query).then_some(hit)));
                        start
                    }
                };
                within = start..known[&start].0;
                current = Some(start);
            }
            let hit = current.and_then(|start| known.get_mut(&start)).and_then(|(_, hit)| hit.as_mut());
            if let Some(hit) = hit {
                hit.counts[term] += 1;
            }
        }
    }
    Ok(WordHits {
        conversations: conversations.unsigned_abs(),
        entries: entries.unsigned_abs(),
        waiting: waiting.unsigned_abs(),
        hits: known.into_values().filter_map(|(_, hit)| hit).collect(),
    })
}

const POSTINGS: &str = "SELECT rowid FROM conversation_words WHERE conversation_words MATCH ?1 \
     AND rowid BETWEEN ?2 AND ?3 ORDER BY rowid";

/// One word in the language of the engine; no token contains a quote.
fn expression(keyword: &Keyword) -> String {
    format!("\"{}\"{}", keyword.token, if keyword.prefix { " *" } else { "" })
}

fn found(
    connection: &Connection,
    by: &Principal,
    keywords: &Keywords,
    pk: i64,
) -> rusqlite::Result<Option<FoundTurns>> {
    if owner_of(pk) != Some(by.owner) {
        return Ok(None);
    }
    let seen = |tool: &Option<ToolName>| by.sees_conversation_of(tool.as_ref());
    let Some((conversation, _)) = conversations::by_pk(connection, pk)?.filter(|(_, tool)| seen(tool)) else {
        return Ok(None);
    };
    let place = place(connection, pk)?;
    let mut words: BTreeMap<u32, u32> = BTreeMap::new();
    if let Some((first, count)) = place {
        let mut postings = connection.prepare_cached(POSTINGS)?;
        for keyword in keywords.terms() {
            let last = first + i64::from(count) - 1;
            let mut rows = postings.query(params![expression(keyword), first, last])?;
            while let Some(row) = rows.next()? {
                let entry = u32::try_from(row.get::<_, i64>(0)? - first).unwrap_or(u32::MAX);
                *words.entry(entry).or_default() += 1;
            }
        }
    }
    Ok(Some(FoundTurns { pk, conversation, turns: turns(words) }))
}

/// The first entry of a conversation, and how many it has.
fn place(connection: &Connection, pk: i64) -> rusqlite::Result<Option<(i64, u32)>> {
    connection
        .prepare_cached("SELECT first, entries FROM conversation_entries WHERE conversation = ?1")?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// A conversation is new: its words go into the index, and it waits for its vectors. `words` are [`entries`] of it.
pub(super) fn add(
    tx: &mut Tx<'_>,
    pk: i64,
    conversation: &Conversation,
    tool: Option<&ToolName>,
    words: &[String],
) -> rusqlite::Result<()> {
    add_words(tx, pk, conversation, tool, words)?;
    expect_vectors(tx, pk)
}

fn expect_vectors(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.statement(
        "INSERT OR IGNORE INTO conversation_backlog (what, conversation) SELECT slot, ?1 FROM vector_spaces",
    )?
    .execute([pk])
    .map(drop)
}

fn add_words(
    tx: &mut Tx<'_>,
    pk: i64,
    conversation: &Conversation,
    tool: Option<&ToolName>,
    words: &[String],
) -> rusqlite::Result<()> {
    let owner = owner_of(pk).expect("a row has an owner");
    let first = tx.next_pk(owner)?;
    for _ in 1..words.len() {
        tx.next_pk(owner)?;
    }
    let mut insert = tx.statement("INSERT INTO conversation_words (rowid, t) VALUES (?1, ?2)")?;
    for (entry, words) in (first..).zip(words).filter(|(_, words)| !words.is_empty()) {
        insert.execute(params![entry, words])?;
    }
    let count = u32::try_from(words.len()).unwrap_or(u32::MAX);
    tx.statement(
        "INSERT INTO conversation_entries (first, conversation, entries, model, created_at, tool) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        first,
        pk,
        count,
        conversation.model.as_str(),
        conversation.created_at.as_millis(),
        tool.map(ToolName::as_str),
    ])?;
    tx.statement(
        "INSERT INTO conversation_totals (owner, conversations, entries) VALUES (?1, 1, ?2) \
         ON CONFLICT (owner) DO UPDATE SET conversations = conversations + 1, entries = entries + excluded.entries",
    )?
    .execute(params![owner.0, count])
    .map(drop)
}

/// A conversation goes, or becomes another owner's: nothing that it was found by stays. Its row is still there, because the
/// index has no texts of its own to look words up in.
pub(super) fn remove(tx: &mut Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.forgets();
    if let Some((first, count)) = place(tx.connection(), pk)? {
        let (conversation, _) =
            conversations::by_pk(tx.connection(), pk)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let words = entries(&conversation, &mut Analyzer::new());
        let mut delete = tx.statement(
            "INSERT INTO conversation_words (conversation_words, rowid, t) VALUES ('delete', ?1, ?2)",
        )?;
        for (entry, words) in (first..).zip(&words).filter(|(_, words)| !words.is_empty()) {
            delete.execute(params![entry, words])?;
        }
        tx.statement("DELETE FROM conversation_entries WHERE first = ?1")?.execute([first])?;
        let owner = owner_of(pk).expect("a row has an owner");
        tx.statement(
            "UPDATE conversation_totals SET conversations = conversations - 1, entries = entries - ?2 WHERE owner = ?1",
        )?
        .execute(params![owner.0, count])?;
    }
    tx.statement("DELETE FROM conversation_vectors WHERE slot IN (0, 1) AND conversation = ?1")?
        .execute([pk])?;
    tx.statement("DELETE FROM conversation_backlog WHERE what IN (0, 1, 2) AND conversation = ?1")?
        .execute([pk])
        .map(drop)
}

/// A conversation that was handed over waits for its words and its vectors.
pub(super) fn expect(tx: &Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.statement("INSERT OR IGNORE INTO conversation_backlog (what, conversation) VALUES (?1, ?2)")?
        .execute(params![WORDS, pk])?;
    expect_vectors(tx, pk)
}

/// Removes the vectors of a space.
pub(super) fn empty(tx: &Tx<'_>, slot: Slot) -> rusqlite::Result<()> {
    tx.statement("DELETE FROM conversation_vectors WHERE slot = ?1")?.execute([slot.0])?;
    tx.statement("DELETE FROM conversation_backlog WHERE what = ?1")?.execute([slot.0]).map(drop)
}

/// Every conversation waits for its vectors in a new space.
pub(super) fn expect_all(tx: &Tx<'_>, slot: Slot) -> rusqlite::Result<()> {
    tx.statement(
        "INSERT OR IGNORE INTO conversation_backlog (what, conversation) SELECT ?1, pk FROM conversations",
    )?
    .execute([slot.0])
    .map(drop)
}

fn put_passages(tx: &mut Tx<'_>, slot: Slot, passages: &Passages) -> rusqlite::Result<()> {
    let waited = tx
        .statement("DELETE FROM conversation_backlog WHERE what = ?1 AND conversation = ?2")?
        .execute(params![slot.0, passages.pk])?;
    let Some(owner) = owner_of(passages.pk).filter(|_| waited > 0 && !passages.turns.is_empty()) else {
        return Ok(());
    };
    let seq = tx.next_seq(owner)?;
    tx.statement(
        "INSERT OR REPLACE INTO conversation_vectors (slot, conversation, owner, seq, turns, vector) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        slot.0,
        passages.pk,
        owner.0,
        seq,
        turn_bytes(&passages.turns),
        vector_bytes(&passages.vectors),
    ])
    .map(drop)
}

/// Reads number, turns and vectors, the first of which is this column.
fn passages(row: &Row<'_>, column: usize) -> rusqlite::Result<Passages> {
    Ok(Passages {
        pk: row.get(column)?,
        turns: read_turns(row.get_ref(column + 1)?.as_blob()?),
        vectors: floats(row.get_ref(column + 2)?.as_blob()?),
    })
}
