//! The lines of a session become a conversation.

use std::collections::HashMap;

use omp_model::MessageOrigin;
use omp_model::conversation::Role;

use super::NAME;
use super::wire::{Line, Message};
use crate::items::{Item, why_bad};
use crate::loose::{Object, Piece, Word};
use crate::tools::transcript::{blocks, path_and_branches, project, tag, without_keys, without_tag};
use crate::{Member, Place, Sink, Stop, Talk, Turn};

/// What is known of a session so far.
#[derive(Debug, Default)]
pub(super) struct Session {
    /// Whether the dialogue of a sub-agent is wanted.
    with_agents: bool,
    /// Whether the whole file is one.
    is_agent: Option<bool>,
    id: Option<String>,
    agent: Option<String>,
    folder: Option<String>,
    /// The user's own title, the model's, and the summaries with the line that each ends at.
    titles: [Option<String>; 2],
    summaries: Vec<(String, String)>,
    nodes: Vec<Node>,
    numbers: HashMap<String, usize>,
    /// The last line of the dialogue.
    last: Option<usize>,
}

#[derive(Debug)]
struct Node {
    parent: Option<String>,
    /// Of an answer that is spread over lines, the same on all of them.
    message: Option<String>,
    turn: Option<Turn>,
}

impl Session {
    pub(super) fn new(with_agents: bool) -> Self {
        Self { with_agents, ..Self::default() }
    }

    /// Takes a line.
    pub(super) fn line(&mut self, item: &Item<'_>, sink: &mut dyn Sink) {
        let line = match serde_json::from_str::<Object<Line<'_>>>(item.raw) {
            Ok(Object(Some(line))) => line,
            Ok(Object(None)) => return sink.failed("line", "is no object", &item.place),
            Err(error) => return sink.failed("line", &why_bad(&error), &item.place),
        };
        let mut clean = |text: &Word<'_>| Some(without_keys(text.owned()?, &item.place, sink));
        match line.kind.get() {
            Some("summary") => {
                self.summaries.extend(line.leaf_uuid.owned().zip(clean(&line.summary)));
                return;
            }
            Some("custom-title") => {
                self.titles[0] = clean(&line.custom_title).or_else(|| clean(&line.title));
                return;
            }
            Some("ai-title") => {
                self.titles[1] = clean(&line.ai_title).or_else(|| clean(&line.title));
                return;
            }
            _ => {}
        }
        let is_said = matches!(line.kind.get(), Some("user" | "assistant"));
        match line.kind.get() {
            _ if is_said => {}
            Some("queue-operation") => {
                sink.passed("queued message", "is read where it was sent", &item.place);
            }
            _ => sink.passed("line of the program", "is not part of the dialogue", &item.place),
        }
        if line.uuid.get().is_none() && !is_said {
            return;
        }
        let is_agent = *self.is_agent.get_or_insert(line.is_sidechain.0);
        if line.is_sidechain.0 && !(is_agent && self.with_agents) {
            if !is_agent {
                sink.passed("message of a sub-agent", "is not part of the dialogue", &item.place);
            }
            return;
        }
        if line.uuid.get().is_some_and(|uuid| self.numbers.contains_key(uuid)) {
            sink.passed("repeated line", "stands in the file twice", &item.place);
            return;
        }
        self.id = line.session_id.owned().or_else(|| self.id.take());
        self.agent = line.agent_id.owned().or_else(|| self.agent.take());
        self.folder = self.folder.take().or_else(|| line.cwd.owned());
        let number = self.nodes.len();
        self.numbers.extend(line.uuid.owned().map(|uuid| (uuid, number)));
        let parent = line.parent_uuid.owned().or_else(|| line.logical_parent_uuid.owned());
        let message = line.message.0.as_ref();
        let mut said = None;
        if is_said {
            self.last = Some(number);
            said = message.and_then(|message| turn(&line, message, &item.place, sink));
        }
        let message = message.and_then(|message| message.id.owned()).filter(|_| said.is_some());
        self.nodes.push(Node { parent, message, turn: said });
    }

    /// Gives the conversation to the sink.
    pub(super) fn give(mut self, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
        if self.is_agent == Some(true) && !self.with_agents {
            let what = "is the dialogue of a sub-agent; name the file alone to read it";
            sink.passed("sub-agent session", what, &member.place());
            return Ok(());
        }
        let parents: Vec<Option<usize>> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(number, node)| {
                // What hangs on nothing goes on with what was said before it.
                let named = node.parent.as_ref().and_then(|parent| self.numbers.get(parent)).copied();
                named.or(number.checked_sub(1))
            })
            .collect();
        let (path, branches) = self.last.map(|last| path_and_branches(&parents, last)).unwrap_or_default();
        let turns = joined(&mut self.nodes, path);
        let branches = branches.into_iter().map(|numbers| joined(&mut self.nodes, numbers));
        let branches = branches.filter(|turns| !turns.is_empty()).collect();
        let [own, made] = self.titles;
        let summary = || {
            let known = self.summaries.iter().rev().find(|(leaf, _)| self.numbers.contains_key(leaf));
            known.map(|(_, summary)| summary.clone())
        };
        let topic = own.or(made).or_else(summary);
        let file = member.name().trim_end_matches(".jsonl").to_owned();
        let id = match (self.id, self.agent) {
            (Some(id), Some(agent)) => format!("{id}/{agent}"),
            (Some(id), None) => id,
            (None, _) => file,
        };
        sink.conversation(Talk {
            format: NAME,
            id,
            model_unknown: "claude",
            topic,
            namespace: self.folder.as_deref().and_then(project),
            turns,
            branches,
            place: member.place(),
            ..Talk::default()
        })
    }
}

/// The turns of these lines; what belongs to one answer becomes one.
fn joined(nodes: &mut [Node], numbers: Vec<usize>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    let mut last: Option<String> = None;
    for number in numbers {
        let node = &mut nodes[number];
        let Some(turn) = node.turn.take() else { continue };
        let same = node.message.is_some() && node.message == last;
        match turns.last_mut().filter(|before| same && before.role == turn.role) {
            Some(before) => {
                before.text.push_str("\n\n");
                before.text.push_str(&turn.text);
            }
            None => turns.push(turn),
        }
        last.clone_from(&node.message);
    }
    turns
}

/// What a line says, if it is a part of the dialogue.
fn turn(line: &Line<'_>, message: &Message<'_>, place: &Place, sink: &mut dyn Sink) -> Option<Turn> {
    let role = if line.kind.get() == Some("user") { Role::User } else { Role::Assistant };
    let mut told = false;
    let mut passed = |kind: &str, what: &str| {
        told = true;
        sink.passed(kind, what, place);
    };
    if line.is_compact_summary.0 {
        passed("summary of the dialogue", "repeats what stands before it");
        return None;
    }
    if line.is_meta.0 {
        passed("hidden message", "is not part of the dialogue");
        return None;
    }
    if line.is_api_error_message.0 || message.model.get() == Some("<synthetic>") {
        passed("error message", "is not part of the dialogue");
        return None;
    }
    let mut texts: Vec<String> = Vec::new();
    let mut files = 0;
    for block in blocks(message.content) {
        let text = match &block {
            Piece::Text(text) => Some(&**text),
            Piece::Object(block) => match block.kind.get().unwrap_or("text") {
                "text" => block.text.get(),
                "image" | "document" => {
                    files += 1;
                    None
                }
                kind => {
                    let kind = match kind {
                        "thinking" | "redacted_thinking" => "thoughts",
                        "tool_use" | "server_tool_use" => "tool call",
                        kind if kind.ends_with("tool_result") => "tool result",
                        _ => "block of another kind",
                    };
                    passed(kind, "is not part of the dialogue");
                    None
                }
            },
            Piece::Nothing => None,
        };
        let Some(text) = text else { continue };
        let said = if role == Role::User { typed(text) } else { Ok(text.to_owned()) };
        match said {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => texts.push(text),
            Err(kind) => passed(kind, "is not part of the dialogue"),
        }
    }
    if files > 0 {
        sink.lost("attached file", "is not kept", place);
        texts.push("[file]".to_owned());
    }
    if texts.is_empty() {
        if !told {
            sink.passed("empty message", "says nothing", place);
        }
        return None;
    }
    let origin = MessageOrigin {
        id: line.uuid.owned(),
        parent_id: line.parent_uuid.owned(),
        created_at: line.timestamp.0,
        model: message.model.owned().filter(|_| role == Role::Assistant),
        attachments: Vec::new(),
    };
    Some(Turn { role, text: without_keys(texts.join("\n\n"), place, sink), origin })
}

/// What the user has typed of what stands there; or what it is instead.
fn typed(text: &str) -> Result<String, &'static str> {
    let text = without_tag(text, "system-reminder");
    let text = without_tag(&text, "ide_opened_file");
    let start = text.trim_start();
    if let Some(command) = tag(start, "command-name").filter(|_| start.starts_with("<command-")) {
        let arguments = tag(start, "command-args").unwrap_or_default();
        return Ok(format!("{} {}", command.trim(), arguments.trim()).trim_end().to_owned());
    }
    if let Some(command) = tag(start, "bash-input").filter(|_| start.starts_with("<bash-input>")) {
        return Ok(format!("! {}", command.trim()));
    }
    let is_output = ["<local-command-", "<bash-stdout>", "<bash-stderr>", "<task-notification>"];
    if is_output.iter().any(|mark| start.starts_with(mark)) {
        return Err("output of a command");
    }
    if start.starts_with("[Request interrupted by user") {
        return Err("interruption");
    }
    Ok(text.trim().to_owned())
}
