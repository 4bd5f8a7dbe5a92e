//! `omp log`

use std::collections::HashMap;
use std::process::ExitCode;

use futures_util::future::join_all;
use omp_client::Api;
use omp_model::audit::{Action, AuditEntry, AuditQuery};
use omp_model::{History, HistoryQuery, Memory, Tag, Version};
use serde_json::json;

use crate::args::{Global, Log};
use crate::printer::{Printer, clean};

/// Characters of a memory that stand in a line.
const SHOWN: usize = 80;

pub(super) async fn run(global: &Global, args: &Log, printer: &Printer) -> anyhow::Result<ExitCode> {
    match &args.id {
        Some(id) => of_memory(global, id, args.limit, printer).await,
        None => of_all(global, args, printer).await,
    }
}

/// What happened, newest first, with what each memory says now.
async fn of_all(global: &Global, args: &Log, printer: &Printer) -> anyhow::Result<ExitCode> {
    let query = AuditQuery { since: args.since, limit: Some(args.limit), ..AuditQuery::default() };
    let page = global.access().await?.audit(&query).await?;
    let mut targets: Vec<&str> = page
        .entries
        .iter()
        .filter_map(|entry| entry.target.as_deref())
        .filter(|id| id.starts_with("mem_"))
        .collect();
    targets.sort_unstable();
    targets.dedup();
    let api = global.api().await?;
    let memories = join_all(targets.iter().map(|id| api.get_memory(id))).await;
    // What is gone, or out of this key's sight, has no text any more.
    let now: HashMap<&str, Memory> =
        targets.iter().zip(memories).filter_map(|(id, memory)| Some((*id, memory.ok()?))).collect();
    let of = |entry: &AuditEntry| entry.target.as_deref().and_then(|id| now.get(id));
    if printer.json {
        let entries: Vec<_> =
            page.entries.iter().map(|entry| json!({"entry": entry, "memory": of(entry)})).collect();
        printer.value(&json!({"entries": entries, "next": page.next}))?;
        return Ok(ExitCode::SUCCESS);
    }
    for entry in &page.entries {
        printer.line(line(entry, of(entry)))?;
    }
    if page.entries.is_empty() {
        printer.say("nothing has happened");
    }
    Ok(ExitCode::SUCCESS)
}

fn line(entry: &AuditEntry, memory: Option<&Memory>) -> String {
    let minute = entry.at.to_string().chars().take(16).collect::<String>().replace('T', " ");
    let mut line = format!("{minute}  {}", told(entry.action));
    if entry.count != 1 {
        line.push_str(&format!(" ({})", entry.count));
    }
    if let Some(target) = &entry.target {
        line.push_str(&format!("  {}", clean(target)));
    }
    let who = entry.tool.as_ref().or_else(|| memory.map(|memory| &memory.source.tool));
    if let Some(tool) = who {
        line.push_str(&format!(" · {}", clean(tool.as_str())));
    }
    if let Some(memory) = memory {
        line.push_str(&format!("\n  {}", shown(memory.content.as_str())));
    }
    line
}

/// An action in words.
fn told(action: Action) -> String {
    match action {
        Action::CreateMemory => "stored".into(),
        Action::UpdateMemory => "changed".into(),
        Action::DeleteMemory => "forgot".into(),
        Action::RestoreMemory => "restored".into(),
        Action::ImportMemories => "imported memories".into(),
        Action::ExpireMemories => "expired".into(),
        Action::CreateConversation => "saved conversation".into(),
        Action::DeleteConversation => "removed conversation".into(),
        Action::ImportConversations => "imported conversations".into(),
        other => other.as_str().replace('_', " "),
    }
}

/// What became of one memory, newest first: of each version only what it made different.
async fn of_memory(global: &Global, id: &str, limit: u32, printer: &Printer) -> anyhow::Result<ExitCode> {
    let api: Box<dyn Api> = global.api().await?;
    // One more than is shown, to compare the last one with.
    let query = HistoryQuery { limit: limit.saturating_add(1).min(100), offset: 0 };
    let history = api.memory_history(id, query).await?;
    if printer.json {
        printer.value(&history)?;
        return Ok(ExitCode::SUCCESS);
    }
    let History { versions, superseded_by, supersedes, total, .. } = &history;
    if let Some(other) = superseded_by {
        printer.line(format!("{other} stands in its place"))?;
    }
    let shown = versions.len().min(limit as usize);
    for (number, version) in versions.iter().take(shown).enumerate() {
        printer.line(change(version, versions.get(number + 1)))?;
    }
    if let Some(other) = supersedes {
        printer.line(format!("stands in the place of {other}"))?;
    }
    printer.say(format!("{shown} of {total} versions"));
    Ok(ExitCode::SUCCESS)
}

/// A version as what it made different.
fn change(version: &Version, before: Option<&Version>) -> String {
    let memory = &version.memory;
    let minute = version.valid_from.to_string().chars().take(16).collect::<String>().replace('T', " ");
    let Some(before) = before.map(|before| &before.memory) else {
        let what = if version.version == 1 { "stored" } else { "was" };
        return format!("{minute}  version {} {what}\n  {}", version.version, shown(memory.content.as_str()));
    };
    let mut lines = vec![format!("{minute}  version {} changed", version.version)];
    if memory.content != before.content {
        lines.push(format!("  - {}", shown(before.content.as_str())));
        lines.push(format!("  + {}", shown(memory.content.as_str())));
    }
    let mut differs = |name: &str, old: String, new: String| {
        if old != new {
            lines.push(format!("  {name}: {} → {}", or_none(&old), or_none(&new)));
        }
    };
    let tags = |memory: &Memory| memory.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(", ");
    let text = |value: Option<String>| value.unwrap_or_default();
    differs("type", before.kind.as_str().into(), memory.kind.as_str().into());
    differs("tags", tags(before), tags(memory));
    let namespace = |memory: &Memory| text(memory.namespace.as_ref().map(ToString::to_string));
    differs("namespace", namespace(before), namespace(memory));
    let until = |memory: &Memory| text(memory.expires_at.map(|at| at.to_string()));
    differs("until", until(before), until(memory));
    lines.join("\n")
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// The beginning of a text on one line.
fn shown(text: &str) -> String {
    let line = clean(text).split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN - 1).chain("…".chars()).collect()
}
