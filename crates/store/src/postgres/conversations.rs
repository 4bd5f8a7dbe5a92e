//! The aggregate of conversations on PostgreSQL.

use async_trait::async_trait;
use omp_model::audit::Action;
use omp_model::transfer::Conflict;
use omp_model::{
    Conversation, ConversationId, ConversationQuery, OwnerId, Principal, Scope, Text, Timestamp, ToolName,
};
use omp_search::Analyzer;
use tokio_postgres::Row;

use super::rows::{optional_text, text};
use super::session::{Columns, Session, Value, number, unusable};
use super::tx::Tx;
use super::{PostgresStore, audit, conversation_index};
use crate::conversation_index::entries;
use crate::conversations::held_with;
use crate::{Changed, ConversationStore, ImportOutcome, Indexing, Page, Result, conversations, transfer};

pub(super) const COLUMNS: &str =
    "id, model, topic, message_count, source_url, created_at, updated_at, messages, origin, tool";

/// How many columns that are.
pub(super) const WIDTH: usize = 10;

fn conversation(row: &Row) -> Result<Conversation> {
    Ok(Conversation {
        id: ConversationId::from_body(row.column(0)?).ok_or_else(|| unusable(0))?,
        model: text(row, 1)?,
        topic: text(row, 2)?,
        message_count: usize::try_from(row.column::<i32>(3)?).map_err(|_| unusable(3))?,
        source_url: optional_text(row, 4)?,
        created_at: Timestamp::from_millis(row.column(5)?),
        updated_at: Timestamp::from_millis(row.column(6)?),
        messages: serde_json::from_str(row.column(7)?).map_err(|_| unusable(7))?,
        origin: row
            .column::<Option<&str>>(8)?
            .map(|origin| serde_json::from_str(origin).map_err(|_| unusable(8)))
            .transpose()?,
    })
}

/// A conversation with the tool of the key that it was saved with.
pub(super) fn saved(row: &Row) -> Result<(Conversation, Option<ToolName>)> {
    let tool = row.column::<Option<&str>>(9)?.and_then(|tool| ToolName::new(tool).ok());
    Ok((conversation(row)?, tool))
}

async fn find(
    session: &Session,
    owner: OwnerId,
    id: ConversationId,
) -> Result<Option<(Conversation, Option<ToolName>)>> {
    let sql = format!("SELECT {COLUMNS} FROM conversations WHERE owner = $1 AND id = $2");
    session.row(&sql, &[&number(owner), &id.body()]).await?.as_ref().map(saved).transpose()
}

/// Stores a conversation whose id is free; `tool` is that of the key it is saved with, `words` are [`entries`] of it,
/// made before the transaction began.
async fn insert(
    tx: &mut Tx,
    owner: OwnerId,
    conversation: &Conversation,
    tool: Option<&ToolName>,
    words: Option<&[String]>,
) -> Result<()> {
    let pk = tx.next_pk(owner)?;
    let messages = serde_json::to_string(&conversation.messages).expect("messages are JSON");
    let origin = conversation.origin.as_ref().map(|o| serde_json::to_string(o).expect("an origin is JSON"));
    tx.execute(
        &format!(
            "INSERT INTO conversations (owner, pk, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        ),
        &[
            &number(owner),
            &pk,
            &conversation.id.body(),
            &conversation.model.as_str(),
            &conversation.topic.as_str(),
            &i32::try_from(conversation.message_count).unwrap_or(i32::MAX),
            &conversation.source_url.as_ref().map(Text::as_str),
            &conversation.created_at.as_millis(),
            &conversation.updated_at.as_millis(),
            &messages,
            &origin,
            &tool.map(ToolName::as_str),
        ],
    )
    .await?;
    // Without them it waits for them: the database sees to that.
    let Some(words) = words else { return Ok(()) };
    conversation_index::add_words(tx, owner, pk, words).await
}

async fn delete(tx: &Tx, owner: OwnerId, id: ConversationId) -> Result<()> {
    let sql = "DELETE FROM conversations WHERE owner = $1 AND id = $2";
    tx.execute(sql, &[&number(owner), &id.body()]).await.map(drop)
}

#[async_trait]
impl ConversationStore for PostgresStore {
    async fn create_conversation(&self, by: &Principal, conversation: &Conversation) -> Result<bool> {
        let (by, conversation) = (by.clone(), conversation.clone());
        let words = entries(&conversation, &mut Analyzer::new());
        self.write(by.owner, async move |tx| {
            if find(tx, by.owner, conversation.id).await?.is_some() {
                return Ok(false);
            }
            insert(tx, by.owner, &conversation, by.tool(), Some(&words)).await?;
            audit::one(tx, &by, Action::CreateConversation, conversation.id, conversation.created_at);
            Ok(true)
        })
        .await
    }

    async fn get_conversation(&self, by: &Principal, id: ConversationId) -> Result<Option<Conversation>> {
        let found = find(&self.read(by.owner).await?, by.owner, id).await?;
        let seen = found.filter(|(_, tool)| by.sees_conversation_of(tool.as_ref()));
        Ok(seen.map(|(conversation, _)| conversation))
    }

    async fn list_conversations(
        &self,
        by: &Principal,
        query: &ConversationQuery,
    ) -> Result<Page<Conversation>> {
        let (owner, wanted) = (number(by.owner), Wanted::of(by, query));
        let mut values: Vec<Value<'_>> = vec![&owner];
        let conditions = format!("c.owner = $1{}", wanted.conditions(&mut values));
        let session = self.read(by.owner).await?;
        let total = format!("SELECT count(*) FROM conversations AS c WHERE {conditions}");
        let total = session.one(&total, &values).await?;
        let sql = format!(
            "SELECT {COLUMNS} FROM conversations AS c WHERE {conditions} \
             ORDER BY c.created_at DESC, c.id DESC LIMIT ${} OFFSET ${}",
            values.len() + 1,
            values.len() + 2
        );
        let (limit, offset) = (i64::from(query.limit), i64::try_from(query.offset).unwrap_or(i64::MAX));
        values.extend([&limit as Value<'_>, &offset]);
        let items = session.rows(&sql, &values).await?.iter().map(conversation).collect::<Result<_>>()?;
        Ok(Page { items, total: total.count(0)? })
    }

    async fn delete_conversation(
        &self,
        by: &Principal,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Changed<()>> {
        let by = by.clone();
        self.write(by.owner, async move |tx| {
            Ok(match find(tx, by.owner, id).await? {
                Some((_, tool)) if !by.sees_conversation_of(tool.as_ref()) => Changed::Missing,
                Some((_, tool)) if !by.may_change_of(tool.as_ref()) => Changed::Refused,
                Some(_) => {
                    delete(tx, by.owner, id).await?;
                    audit::one(tx, &by, Action::DeleteConversation, id, now);
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
        let anything = ConversationQuery::default();
        let (owner, wanted) = (number(by.owner), Wanted::of(by, &anything));
        let (after, limit) = (after.as_ref().map_or("", ConversationId::body), i64::from(limit));
        let mut values: Vec<Value<'_>> = vec![&owner, &after, &limit];
        let conditions = wanted.conditions(&mut values);
        let sql = format!(
            "SELECT {COLUMNS} FROM conversations AS c WHERE c.owner = $1 AND c.id > $2{conditions} ORDER BY c.id LIMIT $3"
        );
        self.read(by.owner).await?.rows(&sql, &values).await?.iter().map(conversation).collect()
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
            let session = self.read(by.owner).await?;
            let mut outcomes = Vec::with_capacity(conversations.len());
            for conversation in &conversations {
                outcomes.push(decide(&session, &by, conversation, conflict).await?);
            }
            return Ok(outcomes);
        }
        let mut analyzer = Analyzer::new();
        let words = |one| (indexing == Indexing::AtOnce).then(|| entries(one, &mut analyzer));
        let words: Vec<_> = conversations.iter().map(words).collect();
        self.write_bulk(Some(by.owner), async move |tx| {
            let mut outcomes = Vec::with_capacity(conversations.len());
            for (conversation, words) in conversations.iter().zip(&words) {
                let outcome = decide(tx, &by, conversation, conflict).await?;
                if outcome == ImportOutcome::Updated {
                    delete(tx, by.owner, conversation.id).await?;
                }
                if matches!(outcome, ImportOutcome::Imported | ImportOutcome::Updated) {
                    insert(tx, by.owner, conversation, by.tool(), words.as_deref()).await?;
                }
                outcomes.push(outcome);
            }
            let stored = transfer::stored(&outcomes);
            if stored > 0 {
                audit::record(tx, Some(&by), Action::ImportConversations, None, stored, now);
            }
            Ok(outcomes)
        })
        .await
    }
}

/// What is to happen to a conversation, given what has its id.
async fn decide(
    session: &Session,
    by: &Principal,
    new: &Conversation,
    conflict: Conflict,
) -> Result<ImportOutcome> {
    let known = find(session, by.owner, new.id).await?;
    let known = known.as_ref().map(|(known, tool)| (known, tool.as_ref()));
    Ok(conversations::decide(by, known, new, conflict))
}

/// What a query and a principal's limits compare with.
pub(super) struct Wanted<'q> {
    /// Only those that were saved with keys of this tool.
    tool: Option<&'q str>,
    /// A condition that nothing meets, or none.
    nothing: &'static str,
    model: Option<&'q str>,
    exclude: Option<&'q str>,
    since: Option<i64>,
}

impl<'q> Wanted<'q> {
    pub(super) fn of(by: &'q Principal, query: &'q ConversationQuery) -> Self {
        let limits = by.sight();
        let hidden = !by.may(Scope::Read) || limits.is_some_and(|limits| !limits.admits(None));
        Self {
            tool: limits.and_then(omp_model::Limits::only_tool).map(ToolName::as_str),
            nothing: if hidden { " AND false" } else { "" },
            model: query.model.as_ref().map(Text::as_str),
            exclude: query.exclude_model.as_ref().map(Text::as_str),
            since: query.since.map(Timestamp::as_millis),
        }
    }

    /// Conditions on the row `c` of `conversations`.
    pub(super) fn conditions<'a>(&'a self, values: &mut Vec<Value<'a>>) -> String {
        let mut sql = String::new();
        let mut add = |condition: &str, value: Value<'a>| {
            values.push(value);
            sql.push_str(&format!(" AND c.{condition} ${}", values.len()));
        };
        if let Some(tool) = &self.tool {
            add("tool =", tool);
        }
        if let Some(since) = &self.since {
            add("created_at >=", since);
        }
        for (model, not) in [(&self.model, ""), (&self.exclude, " NOT")] {
            if let Some(model) = model {
                values.push(model);
                let held = held_with("c.model", &format!("${}", values.len()), model);
                sql.push_str(&format!(" AND{not} {held}"));
            }
        }
        sql + self.nothing
    }
}
