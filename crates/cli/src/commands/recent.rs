//! `omp recent`

use std::process::ExitCode;

use omp_model::query::Sort;
use omp_model::{Conversation, ConversationQuery, ListQuery};
use serde_json::json;

use crate::args::{Global, Recent};
use crate::printer::{Printer, clean, counted};

pub(super) async fn run(global: &Global, args: &Recent, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api = global.api().await?;
    let query = ConversationQuery { since: args.since, limit: args.limit, ..ConversationQuery::default() };
    let conversations = api.list_conversations(&query).await?.conversations;
    let query = ListQuery { limit: args.limit, sort: Sort::UpdatedDesc, ..ListQuery::default() };
    let mut memories = api.list_memories(&query).await?.memories;
    memories.retain(|memory| args.since.is_none_or(|since| memory.updated_at >= since));
    if printer.json {
        let conversations: Vec<_> = conversations.iter().map(summary).collect();
        printer.value(&json!({"conversations": conversations, "memories": memories}))?;
        return Ok(ExitCode::SUCCESS);
    }
    conversations.iter().try_for_each(|conversation| printer.line(line(conversation)))?;
    printer.memories(&memories)?;
    printer.say(format!(
        "{}, {}",
        counted(conversations.len() as u64, "conversation"),
        counted(memories.len() as u64, "memory")
    ));
    Ok(ExitCode::SUCCESS)
}

/// A conversation without its turns.
fn summary(conversation: &Conversation) -> serde_json::Value {
    let Conversation { id, model, topic, message_count, source_url, created_at, updated_at, .. } =
        conversation;
    json!({
        "id": id, "model": model, "topic": topic, "message_count": message_count, "source_url": source_url,
        "created_at": created_at, "updated_at": updated_at,
    })
}

/// A conversation as text: id and circumstances on one line, the topic below.
fn line(conversation: &Conversation) -> String {
    let day = conversation.created_at.to_string().chars().take(10).collect::<String>();
    let Conversation { id, model, topic, message_count, .. } = conversation;
    let topic = clean(topic.as_str()).replace('\n', " ");
    format!("{id} {} · {day} · {message_count} turns\n  {topic}", clean(model.as_str()))
}
