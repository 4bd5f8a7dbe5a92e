//! Finding conversations on SQLite: a word index (FTS5) of their turns, and the vectors of their passages.
//!
//! A row of the index is a conversation, because taking a word out of it costs the same for a turn as for a whole
//! conversation. It holds each word once and without positions (`detail=none`); and a word that stands in two turns,
//! four, eight, … also with that number behind it, so that how many hold it can be read from the postings. What a
//! search costs grows with the conversations that hold its words; which turns do is looked for in those that are shown.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use async_trait::async_trait;
use omp_model::service_models::is_held_with;
use omp_model::{Conversation, ConversationQuery, OwnerId, Principal, Timestamp, ToolName};
use omp_search::{Analyzer, Keyword, Keywords};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::tx::Tx;
use super::{SqliteStore, conversation_backlog, conversations, snapshot};
use crate::conversation_index::{
    COUNTS, ConversationIndex, FoundTurns, Passages, PendingConversation, WORDS, WordHit, WordHits, counted,
    entries, read_turns, turn_bytes, turns_with,
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
                let head = connection.prepare_cached(HEAD)?.query_row([pk], Head::read).optional()?;
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
        // A look first: mostly nothing waits, and a write would cost a flush of the disk.
        let any = "SELECT 1 FROM conversation_backlog WHERE what = ?1";
        if !self.read(|c| c.prepare_cached(any)?.exists([WORDS]))? {
            return Ok(false);
        }
        let inner = Arc::clone(&self.inner);
        // The words are made here: in the transaction everybody's writes would wait for them.
        let read = self.read_long(move |c| conversation_backlog::analysed(c, &inner.fair_queue, limit));
        let Some(analysed) = read.await? else { return Ok(false) };
        if !analysed.is_empty() {
            self.write_bulk(false, move |tx| {
                analysed.iter().try_for_each(|one| conversation_backlog::index(tx, one))
            })
            .await?;
        }
        Ok(true)
    }

    async fn count_conversation_backlog(&self, slot: Slot) -> Result<u64> {
        let inner = Arc::clone(&self.inner);
        self.read_long(move |connection| {
            snapshot(connection, || conversation_backlog::count(connection, &inner.fair_queue, slot))
        })
        .await
    }

    async fn conversation_backlog(&self, slot: Slot, limit: u32) -> Result<Vec<PendingConversation>> {
        let inner = Arc::clone(&self.inner);
        self.read_long(move |connection| {
            snapshot(connection, || conversation_backlog::pending(connection, &inner.fair_queue, slot, limit))
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
    pk: i64,
    entries: u32,
    model: String,
    created_at: i64,
    tool: Option<ToolName>,
}

const HEAD: &str =
    "SELECT conversation, entries, model, created_at, tool FROM conversation_heads WHERE conversation = ?1";

impl Head {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            pk: row.get(0)?,
            entries: row.get(1)?,
            model: row.get(2)?,
            created_at: row.get(3)?,
            tool: row.get::<_, Option<String>>(4)?.and_then(|tool| ToolName::new(tool).ok()),
        })
    }

    fn answers(&self, by: &Principal, query: &ConversationQuery) -> bool {
        by.sees_conversation_of(self.tool.as_ref())
            && query.model.as_ref().is_none_or(|model| is_held_with(&self.model, model.as_str()))
            && !query.exclude_model.as_ref().is_some_and(|model| is_held_with(&self.model, model.as_str()))
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
    let (conversations, entries) = totals(connection, by)?;
    let waiting: i64 = connection
        .prepare_cached(
            "SELECT count(*) FROM conversation_backlog WHERE what = ?1 AND conversation BETWEEN ?2 AND ?3",
        )?
        .query_row(params![WORDS, first, last], |row| row.get(0))?;
    let mut head = connection.prepare_cached(HEAD)?;
    let mut postings = connection.prepare_cached(
        "SELECT rowid FROM conversation_words WHERE conversation_words MATCH ?1 AND rowid BETWEEN ?2 AND ?3",
    )?;
    // The conversations that hold a word; `None` for those that may not be in the answer.
    let mut known: HashMap<i64, Option<WordHit>> = HashMap::new();
    for (term, keyword) in keywords.terms().iter().enumerate() {
        for count in COUNTS {
            let mut rows = postings.query(params![expression(keyword, count), first, last])?;
            let mut any = false;
            while let Some(row) = rows.next()? {
                any = true;
                let hit = match known.entry(row.get(0)?) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(new) => {
                        let head = head.query_row([*new.key()], Head::read)?;
                        let counts = vec![0; keywords.len()];
                        let hit = WordHit { pk: head.pk, entries: head.entries, counts };
                        new.insert(head.answers(by, query).then_some(hit))
                    }
                };
                if let Some(hit) = hit {
                    hit.counts[term] = count;
                }
            }
            if !any || keyword.prefix {
                break;
            }
        }
    }
    Ok(WordHits {
        conversations: conversations.unsigned_abs(),
        entries: entries.unsigned_abs(),
        waiting: waiting.unsigned_abs(),
        hits: known.into_values().flatten().collect(),
    })
}

/// How many conversations in the index the principal may see, and their entries: what
/// is hidden must not show in what others score.
fn totals(connection: &Connection, by: &Principal) -> rusqlite::Result<(i64, i64)> {
    let both = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    if by.sees_everything() {
        let totals = connection
            .prepare_cached("SELECT conversations, entries FROM conversation_totals WHERE owner = ?1")?
            .query_row([by.owner.0], both)
            .optional()?;
        return Ok(totals.unwrap_or_default());
    }
    let (first, last) = pk_range(by.owner);
    let mut values = vec![Value::from(first), last.into()];
    let seen = conversations::seen(by, &mut values);
    connection
        .prepare_cached(&format!(
            "SELECT count(*), coalesce(sum(entries), 0) FROM conversation_heads WHERE conversation BETWEEN ?1 AND ?2{seen}"
        ))?
        .query_row(params_from_iter(values), both)
}

/// Stands between a word and a number of entries: a character for private use, which no text is looked for by.
const TIMES: char = '\u{f8ff}';

/// A word that stands in so many entries, in the language of the engine; no token contains a quote.
fn expression(keyword: &Keyword, count: u32) -> String {
    let times = if count == 1 { String::new() } else { format!("{TIMES}{count}") };
    format!("\"{}{times}\"{}", keyword.token, if keyword.prefix { " *" } else { "" })
}

/// The row of the index for a conversation.
pub(super) fn words(conversation: &Conversation, analyzer: &mut Analyzer) -> String {
    let entries = entries(conversation, analyzer);
    let mut words = String::new();
    for (word, held) in counted(&entries) {
        words.push_str(word);
        words.push(' ');
        for count in COUNTS.into_iter().skip(1).take_while(|count| *count <= held) {
            words.push_str(&format!("{word}{TIMES}{count} "));
        }
    }
    words
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
    let found = conversations::by_pk(connection, pk)?.filter(|(_, tool)| seen(tool));
    Ok(found.map(|(conversation, _)| {
        let turns = turns_with(&conversation, keywords);
        FoundTurns { pk, conversation, turns }
    }))
}

/// A conversation is new: its words go into the index, and it waits for its vectors. `words` are [`words`] of it.
pub(super) fn add(
    tx: &Tx<'_>,
    pk: i64,
    conversation: &Conversation,
    tool: Option<&ToolName>,
    words: &str,
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

/// The words of a conversation that is there, and what searches need to know of it.
pub(super) fn add_words(
    tx: &Tx<'_>,
    pk: i64,
    conversation: &Conversation,
    tool: Option<&ToolName>,
    words: &str,
) -> rusqlite::Result<()> {
    tx.statement("INSERT INTO conversation_words (rowid, t) VALUES (?1, ?2)")?.execute(params![pk, words])?;
    let entries = u32::try_from(conversation.messages.len() + 1).unwrap_or(u32::MAX);
    tx.statement(
        "INSERT INTO conversation_heads (conversation, entries, model, created_at, tool) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        pk,
        entries,
        conversation.model.as_str(),
        conversation.created_at.as_millis(),
        tool.map(ToolName::as_str),
    ])?;
    tx.statement(
        "INSERT INTO conversation_totals (owner, conversations, entries) VALUES (?1, 1, ?2) \
         ON CONFLICT (owner) DO UPDATE SET conversations = conversations + 1, entries = entries + excluded.entries",
    )?
    .execute(params![owner_of(pk).map(|owner| owner.0), entries])
    .map(drop)
}

/// A conversation goes, or becomes another owner's: nothing that it was found by stays. Its row is still there, because
/// the index has no texts of its own to look words up in.
pub(super) fn remove(tx: &mut Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    tx.forgets();
    let entries: Option<u32> = tx
        .statement("DELETE FROM conversation_heads WHERE conversation = ?1 RETURNING entries")?
        .query_row([pk], |row| row.get(0))
        .optional()?;
    if let Some(entries) = entries {
        let (conversation, _) =
            conversations::by_pk(tx.connection(), pk)?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        tx.statement(
            "INSERT INTO conversation_words (conversation_words, rowid, t) VALUES ('delete', ?1, ?2)",
        )?
        .execute(params![pk, words(&conversation, &mut Analyzer::new())])?;
        tx.statement(
            "UPDATE conversation_totals SET conversations = conversations - 1, entries = entries - ?2 WHERE owner = ?1",
        )?
        .execute(params![owner_of(pk).map(|owner| owner.0), entries])?;
    }
    tx.statement("DELETE FROM conversation_vectors WHERE slot IN (0, 1) AND conversation = ?1")?
        .execute([pk])?;
    tx.statement("DELETE FROM conversation_backlog WHERE what IN (0, 1, 2) AND conversation = ?1")?
        .execute([pk])
        .map(drop)
}

/// A conversation waits for its words and its vectors.
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
