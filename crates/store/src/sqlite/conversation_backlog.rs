//! Which conversations wait on SQLite, and putting them into the word index.

use omp_model::{Conversation, ToolName};
use omp_search::Analyzer;
use rusqlite::{Connection, params};

use super::conversation_index::{add_words, words};
use super::tx::Tx;
use super::{conversations, snapshot};
use crate::Slot;
use crate::conversation_index::{PendingConversation, WORDS};
use crate::fair_queue::FairQueue;

/// How many conversations wait for their vectors, without what is passed over.
pub(super) fn count(connection: &Connection, fair_queue: &FairQueue, slot: Slot) -> rusqlite::Result<u64> {
    let mut left = connection
        .prepare_cached("SELECT count(*) FROM conversation_backlog WHERE what = ?1")?
        .query_row([slot.0], |row| row.get::<_, i64>(0))?
        .unsigned_abs();
    let mut there = connection
        .prepare_cached("SELECT 1 FROM conversation_backlog WHERE what = ?1 AND conversation = ?2")?;
    for pk in fair_queue.passed_over() {
        left -= u64::from(there.exists(params![slot.0, pk])?);
    }
    Ok(left)
}

/// The next conversations that wait for their vectors.
pub(super) fn pending(
    connection: &Connection,
    fair_queue: &FairQueue,
    slot: Slot,
    limit: u32,
) -> rusqlite::Result<Vec<PendingConversation>> {
    let mut pending = Vec::new();
    while pending.is_empty() {
        let next = next(connection, fair_queue, slot.0, limit)?;
        if next.is_empty() {
            break;
        }
        for pk in next {
            let found = waiting(connection, fair_queue, pk)?;
            pending.extend(found.map(|(conversation, _)| PendingConversation { pk, conversation }));
        }
    }
    Ok(pending)
}

/// The conversations that come next on a backlog.
fn next(connection: &Connection, fair_queue: &FairQueue, what: u8, limit: u32) -> rusqlite::Result<Vec<i64>> {
    let passed = fair_queue.passed_over();
    let mut select = connection.prepare_cached(
        "SELECT conversation FROM conversation_backlog WHERE what = ?1 AND conversation < ?2 ORDER BY conversation DESC",
    )?;
    for below in fair_queue.places(what) {
        let next: Vec<i64> = select
            .query_map(params![what, below], |row| row.get::<_, i64>(0))?
            .filter(|pk| !pk.as_ref().is_ok_and(|pk| passed.contains(pk)))
            .take(limit as usize)
            .collect::<rusqlite::Result<_>>()?;
        if let Some(last) = next.last() {
            fair_queue.gave(what, *last);
            return Ok(next);
        }
    }
    Ok(Vec::new())
}

/// A conversation that waits, and its tool; nothing if it cannot be read.
fn waiting(
    connection: &Connection,
    fair_queue: &FairQueue,
    pk: i64,
) -> rusqlite::Result<Option<(Conversation, Option<ToolName>)>> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match conversations::by_pk(connection, pk) {
        Ok(Some(found)) => return Ok(Some(found)),
        Ok(None)
        | Err(
            FromSqlConversionFailure(..)
            | IntegralValueOutOfRange(..)
            | InvalidColumnType(..)
            | Utf8Error(..),
        ) => fair_queue.pass_over(pk),
        Err(error) => return Err(error),
    }
    Ok(None)
}

/// A conversation that waits for its words, and [`words`] of it.
pub(super) struct Analysed {
    pk: i64,
    conversation: Conversation,
    tool: Option<ToolName>,
    words: String,
}

/// The next conversations that wait for their words; `None` when none does any more.
pub(super) fn analysed(
    connection: &Connection,
    fair_queue: &FairQueue,
    limit: u32,
) -> rusqlite::Result<Option<Vec<Analysed>>> {
    // Read first, then analysed: a state of the file that is being read is one that cannot be forgotten yet.
    let read = snapshot(connection, || {
        let next = next(connection, fair_queue, WORDS, limit)?;
        let read = |pk: &i64| waiting(connection, fair_queue, *pk).map(|found| Some((*pk, found?)));
        let found =
            next.iter().filter_map(|pk| read(pk).transpose()).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((!next.is_empty()).then_some(found))
    })?;
    let mut analyzer = Analyzer::new();
    let analysed = |(pk, (conversation, tool)): (i64, (Conversation, Option<ToolName>))| {
        let words = words(&conversation, &mut analyzer);
        Analysed { pk, conversation, tool, words }
    };
    Ok(read.map(|read| read.into_iter().map(analysed).collect()))
}

/// Puts a conversation into the word index that waited for it when it was read.
pub(super) fn index(tx: &Tx<'_>, one: &Analysed) -> rusqlite::Result<()> {
    // It may be gone, in the index already, or, when a backup was put in place, another one.
    let same = tx
        .statement("SELECT 1 FROM conversations WHERE pk = ?1 AND id = ?2")?
        .exists(params![one.pk, one.conversation.id.body()])?;
    let waits = same
        && tx
            .statement("DELETE FROM conversation_backlog WHERE what = ?1 AND conversation = ?2")?
            .execute(params![WORDS, one.pk])?
            > 0;
    if waits { add_words(tx, one.pk, &one.conversation, one.tool.as_ref(), &one.words) } else { Ok(()) }
}
