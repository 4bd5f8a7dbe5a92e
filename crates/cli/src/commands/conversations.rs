//! `omp conversations`

use std::process::ExitCode;

use omp_model::{ConversationQuery, ConversationSearch, Error, Question};

use crate::args::{Conversations, Global};
use crate::printer::{Printer, clean, counted};

pub(super) async fn run(global: &Global, args: Conversations, printer: &Printer) -> anyhow::Result<ExitCode> {
    let q = Question::new(args.query.join(" ")).map_err(|what| Error::invalid("query", what))?;
    let Conversations { mode, model, since, limit, offset, .. } = args;
    let page = ConversationQuery { model, since, limit, offset, ..ConversationQuery::default() };
    let found = global.api().await?.search_conversations(&ConversationSearch { q, mode, page }).await?;
    if printer.json {
        printer.value(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    for conversation in &found.conversations {
        let day: String = conversation.created_at.to_string().chars().take(10).collect();
        let (model, topic) = (clean(conversation.model.as_str()), clean(conversation.topic.as_str()));
        let topic = topic.split_whitespace().collect::<Vec<_>>().join(" ");
        printer.line(format!("{}  {day}  {model}  {topic}", conversation.id))?;
        for found in &conversation.matches {
            printer.line(format!("    [{}] {}", found.message, clean(&found.snippet)))?;
        }
    }
    if let Some(degraded) = &found.degraded {
        // The search that was asked for may have run, but not over everything.
        let instead = if degraded.requested == found.mode_used.as_str() {
            String::new()
        } else {
            format!("instead of {}: ", degraded.requested)
        };
        printer.say(format!("{instead}{}", degraded.reason));
    }
    printer.say(format!("{} of {}", found.conversations.len(), counted(found.total, "conversation")));
    Ok(ExitCode::SUCCESS)
}
