//! The aggregate of conversations on SQLite.

use async_trait::async_trait;
use omp_model::transfer::Conflict;
use omp_model::{Conversation, ConversationId, ConversationQuery, OwnerId, Text, Timestamp};
use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use super::tx::Tx;
use super::{SqliteStore, snapshot};
use crate::{ConversationStore, ImportOutcome, Page, Result};

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

pub(super) fn insert(tx: &mut Tx<'_>, owner: OwnerId, conversation: &Conversation) -> rusqlite::Result<()> {
    let pk = tx.next_pk(owner)?;
    let messages = serde_json::to_string(&conversation.messages).expect("messages are JSON");
    let origin = conversation.origin.as_ref().map(|o| serde_json::to_string(o).expect("an origin is JSON"));
    tx.statement(
        "INSERT INTO conversations (pk, owner, id, model, topic, message_count, source_url, created_at, updated_at, messages, origin) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
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
    ])
    .map(drop)
}

fn delete(tx: &mut Tx<'_>, owner: OwnerId, id: ConversationId) -> rusqlite::Result<bool> {
    tx.forgets();
    tx.statement("DELETE FROM conversations WHERE owner = ?1 AND id = ?2")?
        .execute(params![owner.0, id.body()])
        .map(|rows| rows > 0)
}

fn exists(connection: &Connection, owner: OwnerId, id: ConversationId) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM conversations WHERE owner = ?1 AND id = ?2")?
        .exists(params![owner.0, id.body()])
}

#[async_trait]
impl ConversationStore for SqliteStore {
    async fn create_conversation(&self, owner: OwnerId, conversation: &Conversation) -> Result<bool> {
        let conversation = conversation.clone();
        self.write(move |tx| {
            if exists(tx.connection(), owner, conversation.id)? {
                return Ok(false);
            }
            insert(tx, owner, &conversation)?;
            Ok(true)
        })
        .await
    }

    async fn get_conversation(&self, owner: OwnerId, id: ConversationId) -> Result<Option<Conversation>> {
        self.read(|connection| find(connection, owner, id))
    }

    async fn list_conversations(
        &self,
        owner: OwnerId,
        query: &ConversationQuery,
    ) -> Result<Page<Conversation>> {
        let query = query.clone();
        self.read_long(move |connection| snapshot(connection, || list(connection, owner, &query))).await
    }

    async fn delete_conversation(&self, owner: OwnerId, id: ConversationId) -> Result<bool> {
        self.write(move |tx| delete(tx, owner, id)).await
    }

    async fn export_conversations(
        &self,
        owner: OwnerId,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Conversation>> {
        self.read_long(move |connection| {
            let after = after.as_ref().map_or("", ConversationId::body).to_owned();
            connection
                .prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM conversations WHERE owner = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
                ))?
                .query_map(params![owner.0, after, limit], conversation)?
                .collect()
        })
        .await
    }

    async fn import_conversations(
        &self,
        owner: OwnerId,
        conversations: Vec<Conversation>,
        conflict: Conflict,
        dry_run: bool,
    ) -> Result<Vec<ImportOutcome>> {
        if dry_run {
            return self
                .read_long(move |connection| {
                    conversations.iter().map(|c| decide(connection, owner, c, conflict)).collect()
                })
                .await;
        }
        self.write_bulk(false, move |tx| {
            let mut outcomes = Vec::with_capacity(conversations.len());
            for conversation in &conversations {
                let outcome = decide(tx.connection(), owner, conversation, conflict)?;
                if outcome == ImportOutcome::Updated {
                    delete(tx, owner, conversation.id)?;
                }
                if matches!(outcome, ImportOutcome::Imported | ImportOutcome::Updated) {
                    insert(tx, owner, conversation)?;
                }
                outcomes.push(outcome);
            }
            Ok(outcomes)
        })
        .await
    }
}

/// What is to happen to a conversation, given what has its id.
fn decide(
    connection: &Connection,
    owner: OwnerId,
    new: &Conversation,
    conflict: Conflict,
) -> rusqlite::Result<ImportOutcome> {
    let Some(known) = find(connection, owner, new.id)? else { return Ok(ImportOutcome::Imported) };
    let same = known.messages == new.messages
        && (&known.model, &known.topic, &known.source_url) == (&new.model, &new.topic, &new.source_url);
    Ok(match conflict {
        Conflict::Overwrite => ImportOutcome::Updated,
        Conflict::Newer if same => ImportOutcome::Unchanged,
        Conflict::Newer if new.updated_at > known.updated_at => ImportOutcome::Updated,
        _ if same => ImportOutcome::Unchanged,
        _ => ImportOutcome::Skipped,
    })
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

fn list(
    connection: &Connection,
    owner: OwnerId,
    query: &ConversationQuery,
) -> rusqlite::Result<Page<Conversation>> {
    let mut conditions = "owner = ?1".to_owned();
    let mut values = vec![Value::from(i64::from(owner.0))];
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push_str(&format!(" AND {condition} ?{}", values.len()));
    };
    if let Some(model) = &query.model {
        add("model =", Value::from(model.as_str().to_owned()));
    }
    if let Some(model) = &query.exclude_model {
        add("model <>", Value::from(model.as_str().to_owned()));
    }
    if let Some(since) = query.since {
        add("created_at >=", Value::from(since.as_millis()));
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
