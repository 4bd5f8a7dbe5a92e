//! The aggregate of conversations on SQLite.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::transfer::Conflict;
use omp_model::{
    Conversation, ConversationId, ConversationQuery, OwnerId, Principal, Scope, Text, Timestamp, ToolName,
};
use omp_search::Analyzer;
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::conversation_index::{self, words};
use super::tx::Tx;
use super::{SqliteStore, audit, snapshot};
use crate::conversations::held_with;
use crate::{Changed, ConversationStore, ImportOutcome, Indexing, Page, Result, conversations, transfer};

const COLUMNS: &str = "id, model, topic, message_count, source_url, created_at, updated_at, messages, origin";

fn conversation(row: &Row<'_>) -> rusqlite::Result<Conversation> {
    let unusable =
        |column| rusqlite::Error::FromSqlConversionFailure(column, Type::Text, "not a valid value".into());
    Ok(Conversation {
        id: ConversationId::from_body(row.get_ref(0)?.as_str()?).ok_or_else(|| unusable(0))?,
        model: Text::new(row.get::<_, String>(1)?).map_err(|_| unusable(1))?,
        topic: Text::new(row.get::<_, String>(2)?).map_err(|_| unusable(2))?,
        message_count: row.get::<_, u32>(3)? as usize,
        source_url: row
            .get::<_, Option<String>>(4)?
            .map(|url| Text::new(url).map_err(|_| unusable(4)))
            .transpose()?,
        created_at: Timestamp::from_millis(row.get(5)?),
        updated_at: Timestamp::from_millis(row.get(6)?),
        messages: serde_json::from_str(row.get_ref(7)?.as_str()?).map_err(|_| unusable(7))?,
        origin: row
            .get_ref(8)?
            .as_str_or_null()?
            .map(|origin| serde_json::from_str(origin).map_err(|_| unusable(8)))
            .transpose()?,
    })
}

/// Stores a conversation whose id is free; `tool` is that of the key it is saved with, `words` are [`words`] of it,
/// made before the transaction began. Without them it waits for them.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    owner: OwnerId,
    conversation: &Conversation,
    tool: Option<&ToolName>,
    words: Option<&str>,
) -> rusqlite::Result<()> {
    let pk = tx.next_pk(owner)?;
    let messages = serde_json::to_string(&conversation.messages).expect("messages are JSON");
    let origin = conversation.origin.as_ref().map(|o| serde_json::to_string(o).expect("an origin is JSON"));
    tx.statement(
        "INSERT INTO conversations (pk, owner, id, model, topic, message_count, source_url, created_at, updated_at, messages, origin, tool) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        pk,
        owner.0,
        conversation.id.body(),
        conversation.model.as_str(),
        conversation.topic.as_str(),
        u32::try_from(conversation.message_count).unwrap_or(u32::MAX),
        conversation.source_url.as_ref().map(Text::as_str),
        conversation.created_at.as_millis(),
        conversation.updated_at.as_millis(),
        messages,
        origin,
        tool.map(ToolName::as_str),
    ])?;
    match words {
        Some(words) => conversation_index::add(tx, pk, conversation, tool, words),
        None => conversation_index::expect(tx, pk),
    }
}

fn delete(tx: &mut Tx<'_>, owner: OwnerId, id: ConversationId) -> rusqlite::Result<()> {
    let pk = tx
        .statement("SELECT pk FROM conversations WHERE owner = ?1 AND id = ?2")?
        .query_row(params![owner.0, id.body()], |row| row.get(0))
        .optional()?;
    pk.map_or(Ok(()), |pk| delete_row(tx, pk))
}

/// Removes a conversation for good.
pub(super) fn delete_row(tx: &mut Tx<'_>, pk: i64) -> rusqlite::Result<()> {
    conversation_index::remove(tx, pk)?;
    tx.statement("DELETE FROM conversations WHERE pk = ?1")?.execute([pk]).map(drop)
}

/// A conversation by its row number, and the tool of the key that it was saved with.
pub(super) fn by_pk(
    connection: &Connection,
    pk: i64,
) -> rusqlite::Result<Option<(Conversation, Option<ToolName>)>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS}, tool FROM conversations WHERE pk = ?1"))?
        .query_row([pk], |row| {
            let tool = row.get::<_, Option<String>>(9)?.and_then(|tool| ToolName::new(tool).ok());
            Ok((conversation(row)?, tool))
        })
        .optional()
}

/// The tool of the key that a conversation was saved with.
struct SavedWith(Option<ToolName>);

/// What a conversation was saved with, if there is such a conversation.
fn tool_of(
    connection: &Connection,
    owner: OwnerId,
    id: ConversationId,
) -> rusqlite::Result<Option<SavedWith>> {
    connection
        .prepare_cached("SELECT tool FROM conversations WHERE owner = ?1 AND id = ?2")?
        .query_row(params![owner.0, id.body()], |row| row.get::<_, Option<String>>(0))
        .optional()
        .map(|found| found.map(|tool| SavedWith(tool.and_then(|tool| ToolName::new(tool).ok()))))
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn create_conversation(&self, by: &Principal, conversation: &Conversation) -> Result<bool> {
        let (by, conversation) = (by.clone(), conversation.clone());
        let words = words(&conversation, &mut Analyzer::new());
        self.write(move |tx| {
            if tool_of(tx.connection(), by.owner, conversation.id)?.is_some() {
                return Ok(false);
            }
            insert(tx, by.owner, &conversation, by.tool(), Some(&words))?;
            let now = conversation.created_at;
            audit::one(tx, &by, Action::CreateConversation, conversation.id, now)?;
            Ok(true)
        })
        .await
    }

    async fn get_conversation(&self, by: &Principal, id: ConversationId) -> Result<Option<Conversation>> {
        self.read(|connection| {
            snapshot(connection, || match tool_of(connection, by.owner, id)? {
                Some(SavedWith(tool)) if by.sees_conversation_of(tool.as_ref()) => {
                    find(connection, by.owner, id)
                }
                _ => Ok(None),
            })
        })
    }

    async fn list_conversations(
        &self,
        by: &Principal,
        query: &ConversationQuery,
    ) -> Result<Page<Conversation>> {
        let (by, query) = (by.clone(), query.clone());
        self.read_long(move |connection| snapshot(connection, || list(connection, &by, &query))).await
    }

    async fn delete_conversation(
        &self,
        by: &Principal,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Changed<()>> {
        let by = by.clone();
        self.write(move |tx| {
            Ok(match tool_of(tx.connection(), by.owner, id)? {
                Some(SavedWith(tool)) if !by.sees_conversation_of(tool.as_ref()) => Changed::Missing,
                Some(SavedWith(tool)) if !by.may_change_of(tool.as_ref()) => Changed::Refused,
                Some(_) => {
                    delete(tx, by.owner, id)?;
                    audit::one(tx, &by, Action::DeleteConversation, id, now)?;
                    Changed::Done(())
                }
                None => Changed::Missing,
            })
        })
        .await
    }

    async fn export_conversations(
        &self,
        by: &Principal,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Conversation>> {
        let by = by.clone();
        self.read_long(move |connection| {
            let after = after.as_ref().map_or("", ConversationId::body).to_owned();
            let mut values = vec![Value::from(i64::from(by.owner.0)), after.into(), limit.into()];
            let seen = seen(&by, &mut values);
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM conversations WHERE owner = ?1 AND id > ?2{seen} ORDER BY id LIMIT ?3"
                ))?
                .query_map(params_from_iter(values), conversation)?
                .collect()
        })
        .await
    }

    async fn import_conversations(
        &self,
        by: &Principal,
        conversations: Vec<Conversation>,
        conflict: Conflict,
        indexing: Indexing,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>> {
        let by = by.clone();
        if indexing == Indexing::DryRun {
            return self
                .read_long(move |connection| {
                    conversations.iter().map(|c| decide(connection, &by, c, conflict)).collect()
                })
                .await;
        }
        let mut analyzer = Analyzer::new();
        let words = |one| (indexing == Indexing::AtOnce).then(|| words(one, &mut analyzer));
        let words: Vec<_> = conversations.iter().map(words).collect();
        self.write_bulk(false, move |tx| {
            let mut outcomes = Vec::with_capacity(conversations.len());
            for (conversation, words) in conversations.iter().zip(&words) {
                let outcome = decide(tx.connection(), &by, conversation, conflict)?;
                if outcome == ImportOutcome::Updated {
                    delete(tx, by.owner, conversation.id)?;
                }
                if matches!(outcome, ImportOutcome::Imported | ImportOutcome::Updated) {
                    insert(tx, by.owner, conversation, by.tool(), words.as_deref())?;
                }
                outcomes.push(outcome);
            }
            let stored = transfer::stored(&outcomes);
            if stored > 0 {
                audit::record(tx, Some(&by), Action::ImportConversations, None, stored, now)?;
            }
            Ok(outcomes)
        })
        .await
    }
}

/// What is to happen to a conversation, given what has its id.
fn decide(
    connection: &Connection,
    by: &Principal,
    new: &Conversation,
    conflict: Conflict,
) -> rusqlite::Result<ImportOutcome> {
    let tool = tool_of(connection, by.owner, new.id)?.and_then(|SavedWith(tool)| tool);
    let known = find(connection, by.owner, new.id)?;
    Ok(conversations::decide(by, known.as_ref().map(|known| (known, tool.as_ref())), new, conflict))
}

fn find(
    connection: &Connection,
    owner: OwnerId,
    id: ConversationId,
) -> rusqlite::Result<Option<Conversation>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM conversations WHERE owner = ?1 AND id = ?2"))?
        .query_row(params![owner.0, id.body()], conversation)
        .optional()
}

/// A condition for what a principal may see; empty for whoever sees everything. Its value is added to `values`.
pub(super) fn seen(by: &Principal, values: &mut Vec<Value>) -> String {
    let limits = by.sight();
    let hidden = !by.may(Scope::Read) || limits.is_some_and(|limits| !limits.admits(None));
    match limits.and_then(omp_model::Limits::only_tool) {
        _ if hidden => " AND 0".to_owned(),
        Some(tool) => {
            values.push(tool.as_str().to_owned().into());
            format!(" AND tool = ?{}", values.len())
        }
        None => String::new(),
    }
}

fn list(
    connection: &Connection,
    by: &Principal,
    query: &ConversationQuery,
) -> rusqlite::Result<Page<Conversation>> {
    let mut values = vec![Value::from(i64::from(by.owner.0))];
    let mut conditions = format!("owner = ?1{}", seen(by, &mut values));
    for (model, not) in [(&query.model, ""), (&query.exclude_model, " NOT")] {
        if let Some(model) = model {
            values.push(Value::from(model.as_str().to_owned()));
            let held = held_with("model", &format!("?{}", values.len()), model.as_str());
            conditions.push_str(&format!(" AND{not} {held}"));
        }
    }
    if let Some(since) = query.since {
        values.push(Value::from(since.as_millis()));
        conditions.push_str(&format!(" AND created_at >= ?{}", values.len()));
    }
    let total = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM conversations INDEXED BY conversations_created WHERE {conditions}"
        ))?
        .query_row(params_from_iter(&values), |row| row.get::<_, i64>(0))?;
    let sql = format!(
        "SELECT {COLUMNS} FROM conversations INDEXED BY conversations_created WHERE {conditions} \
         ORDER BY created_at DESC, id DESC LIMIT {} OFFSET {}",
        query.limit, query.offset
    );
    let items = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(&values), conversation)?
        .collect::<rusqlite::Result<_>>()?;
    Ok(Page { items, total: total.unsigned_abs() })
}
