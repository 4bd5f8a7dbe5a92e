//! Taking over the database of the published TypeScript server (0.2.x), in place.
//!
//! Its tables have the names of ours, text timestamps and JSON tags. They are set aside under other names, read
//! row by row into our schema, and dropped, all in the transaction of the migration; the file was copied before.
//! Its import checked nothing, so a row may hold what no door of ours would let in: that is brought into form,
//! and the row as it was is kept as the memory's original.

use omp_model::conversation::NewConversation;
use omp_model::{
    Content, Conversation, ConversationId, Fields, Memory, MemoryId, MemoryType, Metadata, Namespace,
    OwnerId, SessionRef, Source, Tags, Timestamp, ToolName,
};
use omp_search::Analyzer;
use rusqlite::{Connection, Row, params};
use serde_json::{Value, json};

use super::tx::{Memo, Tx};
use super::{conversation_index, conversations, write};
use crate::stored::words;

/// How originals of such rows are marked.
const FORMAT: &str = "omp-typescript";
const OWNER: OwnerId = OwnerId::FIRST;

/// What was taken over.
#[derive(Debug, Default)]
pub(super) struct Adopted {
    pub(super) memories: u64,
    pub(super) conversations: u64,
    /// Memories that had to be brought into form.
    pub(super) repaired: u64,
    /// Conversations that hold nothing that can be read; the copy of the file has them.
    pub(super) left_out: u64,
}

pub(super) fn is_typescript(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare("SELECT 1 FROM pragma_table_info('memories') WHERE name = 'source_timestamp'")?
        .exists([])
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    connection.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?.exists([name])
}

/// Makes room for our tables.
pub(super) fn set_aside(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(
        "DROP TRIGGER IF EXISTS memories_ai; DROP TRIGGER IF EXISTS memories_ad; DROP TRIGGER IF EXISTS memories_au; \
         DROP TABLE IF EXISTS memories_fts; ALTER TABLE memories RENAME TO ts_memories;",
    )?;
    if has_table(connection, "conversations")? {
        connection.execute_batch("ALTER TABLE conversations RENAME TO ts_conversations")?;
    }
    Ok(())
}

/// Reads the tables that were set aside into ours and drops them.
pub(super) fn take_over(connection: &Connection, now: Timestamp) -> rusqlite::Result<Adopted> {
    let mut memo = Memo::default();
    let mut tx = Tx::new(connection, &mut memo);
    let (mut adopted, mut analyzer) = (Adopted::default(), Analyzer::new());
    {
        let mut select = connection.prepare("SELECT * FROM ts_memories ORDER BY created_at, rowid")?;
        let mut old = select.query([])?;
        while let Some(row) = old.next()? {
            let (memories, original) = memories(row, now)?;
            adopted.memories += memories.len() as u64;
            adopted.repaired += u64::from(original.is_some());
            for (part, memory) in memories.iter().enumerate() {
                let pk = write::insert(&mut tx, OWNER, memory, &words(memory, &mut analyzer))?;
                if let Some(original) = &original {
                    let raw = (part == 0).then_some(original);
                    let head = (part > 0).then(|| memories[0].id.body().to_owned());
                    tx.statement("INSERT INTO originals (pk, format, head, raw) VALUES (?1, ?2, ?3, ?4)")?
                        .execute(params![pk, FORMAT, head, raw])?;
                }
            }
        }
    }
    if has_table(connection, "ts_conversations")? {
        let mut select = connection.prepare("SELECT * FROM ts_conversations ORDER BY created_at, rowid")?;
        let mut old = select.query([])?;
        while let Some(row) = old.next()? {
            match conversation(row, now)? {
                Some(conversation) => {
                    let words = conversation_index::words(&conversation, &mut analyzer);
                    conversations::insert(&mut tx, OWNER, &conversation, None, Some(&words))?;
                    adopted.conversations += 1;
                }
                None => adopted.left_out += 1,
            }
        }
    }
    tx.finish()?;
    connection.execute_batch("DROP TABLE ts_memories; DROP TABLE IF EXISTS ts_conversations")?;
    Ok(adopted)
}

/// Text of a column, whatever type the value has.
fn text(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<String>> {
    use rusqlite::types::ValueRef;
    let value = match row.get_ref(column) {
        // An older version of that server has fewer columns.
        Err(rusqlite::Error::InvalidColumnName(_)) => return Ok(None),
        value => value?,
    };
    Ok(match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Null => None,
    })
}

/// The memories that a row becomes (several when its text is too long for one), and the row as JSON when it had
/// to be brought into form. A row without any text becomes none.
fn memories(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<(Vec<Memory>, Option<String>)> {
    let get = |column| Ok::<_, rusqlite::Error>(text(row, column)?.unwrap_or_default());
    let mut faithful = true;
    let mut or = |good: bool| faithful &= good;

    let old_id = get("id")?;
    let id = MemoryId::parse(&old_id).unwrap_or_else(|| {
        or(false);
        MemoryId::derive(&[FORMAT, &old_id])
    });
    let content = get("content")?;
    let tags_json = get("tags")?;
    let tags = serde_json::from_str::<Tags>(&tags_json).unwrap_or_else(|_| {
        or(false);
        let words: Vec<Value> = serde_json::from_str(&tags_json).unwrap_or_default();
        Tags::normalize(words.iter().filter_map(Value::as_str))
    });
    let namespace = text(row, "namespace")?.filter(|n| !n.is_empty()).and_then(|n| {
        Namespace::new(n.as_str()).ok().or_else(|| {
            or(false);
            Namespace::normalize(&n)
        })
    });
    let metadata = Metadata::parse(&get("metadata")?).unwrap_or_else(|_| {
        or(false);
        Metadata::default()
    });
    let mut time = |column, default| -> rusqlite::Result<Timestamp> {
        let written = get(column)?;
        Ok(Timestamp::parse(&written).unwrap_or_else(|| {
            or(false);
            default
        }))
    };
    let created_at = time("created_at", now)?;
    let updated_at = time("updated_at", created_at)?;
    let observed_at = time("source_timestamp", created_at)?;
    let expiry = text(row, "expires_at")?;
    let expires_at = expiry.as_deref().and_then(Timestamp::parse);
    or(expiry.is_some() == expires_at.is_some());
    let tool = get("source_tool")?;
    let source = Source {
        tool: ToolName::new(tool.as_str()).ok().or_else(|| ToolName::cut(&tool)).unwrap_or_else(|| {
            or(false);
            ToolName::new("unknown").expect("fits")
        }),
        session_id: reference(row, "source_session_id", &mut or)?,
        user_id: reference(row, "source_user_id", &mut or)?,
        timestamp: observed_at,
    };
    let kind = MemoryType::parse(&get("type")?).unwrap_or(MemoryType::Semantic);

    let parts = parts(&content);
    or(parts.len() == 1 && parts[0].as_str() == content);
    let memory = |(part, content): (usize, Content)| Memory {
        id: if part == 0 { id } else { MemoryId::derive(&[FORMAT, &old_id, &part.to_string()]) },
        content,
        kind,
        source: source.clone(),
        tags: tags.clone(),
        namespace: namespace.clone(),
        created_at,
        updated_at,
        expires_at,
        metadata: metadata.clone(),
        embedding: None,
    };
    let memories = parts.into_iter().enumerate().map(memory).collect();
    Ok((memories, if faithful { None } else { Some(raw(row)?) }))
}

/// A session or user, cut if it is too long.
fn reference(row: &Row<'_>, column: &str, or: &mut impl FnMut(bool)) -> rusqlite::Result<Option<SessionRef>> {
    let written = text(row, column)?;
    or(written.as_ref().is_none_or(|text| SessionRef::new(text.as_str()).is_ok()));
    Ok(written.and_then(|text| SessionRef::cut(&text)))
}

/// The text in pieces that fit; the NUL character, which no JSON client could send back, goes.
fn parts(content: &str) -> Vec<Content> {
    let clean: Vec<char> = content.chars().filter(|c| *c != '\0').collect();
    clean
        .chunks(Content::MAX)
        .filter_map(|piece| Content::new(piece.iter().collect::<String>()).ok())
        .collect()
}

/// The whole row as a JSON object.
fn raw(row: &Row<'_>) -> rusqlite::Result<String> {
    let mut object = serde_json::Map::new();
    for column in row.as_ref().column_names() {
        object.insert(column.to_owned(), text(row, column)?.map_or(Value::Null, Value::from));
    }
    Ok(Value::Object(object).to_string())
}

fn conversation(row: &Row<'_>, now: Timestamp) -> rusqlite::Result<Option<Conversation>> {
    let messages: Value =
        serde_json::from_str(&text(row, "messages")?.unwrap_or_default()).unwrap_or_default();
    let body = json!({
        "model": text(row, "model")?,
        "topic": text(row, "topic")?.map(|t| t.chars().take(200).collect::<String>()),
        "messages": messages,
        "source_url": text(row, "source_url")?,
    })
    .to_string();
    let Ok(mut fields) = Fields::from_json(&body) else { return Ok(None) };
    let new = NewConversation::read(&mut fields);
    let Ok(new) = fields.finish(new) else { return Ok(None) };
    let old_id = text(row, "id")?.unwrap_or_default();
    let id = ConversationId::parse(&old_id).unwrap_or_else(|| ConversationId::derive(&[FORMAT, &old_id]));
    let time = |column| Ok::<_, rusqlite::Error>(text(row, column)?.and_then(|t| Timestamp::parse(&t)));
    let created_at = time("created_at")?.unwrap_or(now);
    let mut conversation = new.into_conversation(id, created_at);
    conversation.updated_at = time("updated_at")?.unwrap_or(created_at);
    Ok(Some(conversation))
}
