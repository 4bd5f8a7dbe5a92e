//! Claude.ai data export.
//!
//! **Recognised** by objects with `chat_messages` (conversations), `conversations_memory` (memories), or `uuid`, `name`
//! and `docs` (projects).
//!
//! **Read.** A ZIP, an unpacked folder, or one of its JSON files: `conversations.json` or a file for each conversation,
//! `memories.json`, `projects.json` or `projects/*.json`, `design_chats/*.json`. Turns with a parent are a tree, whose
//! newest leaf ends the conversation, as the file does not say which branch was shown last. Without parents they are put
//! in the order of their times; what has the same time stays in the order of the file, the question before the answer.
//! The text of a turn is in its blocks, or, when no block has any, in `text`. Thoughts and tool calls are passed over.
//!
//! Memories are the paragraphs of `conversations_memory` (a summary that the model writes, without dates), those of the
//! projects, the memory files, and the instructions of projects.
//!
//! **Not read**: `users.json`, `login_history.json`; documents of projects, which are files and no memories.
//!
//! **Not written**: Claude takes memories as prompt text (`memory-text`).
//!
//! **Cannot carry**: files that came with a message (their names stay), tool calls, which model answered (the export
//! does not say).

mod conversation;
mod memories;
mod text;
mod wire;

use std::collections::HashMap;

use crate::items::{Items, each_item, why_bad};
use crate::{Format, Input, Member, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct ClaudeAi;

const NAME: &str = "claude-ai";

impl Format for ClaudeAi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Claude.ai data export (ZIP, folder or one of its JSON files)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let (member, kind) = probe.members().iter().take(MOST_LOOKED_AT).find_map(|member| {
            let json = probe.single().is_some() || member.ends_with(".json");
            let kind = json.then(|| kind(member, probe.head(member).outline())).flatten()?;
            (kind != Kind::Personal).then_some((member, kind))
        })?;
        let what = match kind {
            Kind::Conversations => "have `chat_messages`",
            Kind::Memories => "have `conversations_memory`",
            Kind::Projects => "have `uuid`, `name` and `docs`, as its projects do",
            Kind::DesignChat | Kind::Personal => "have `messages` and lie in design_chats",
        };
        let where_from = if probe.single().is_some() {
            "its items".to_owned()
        } else {
            format!("the items of {}", member.path)
        };
        Some(Recognised::certain(format!("{where_from} {what}")))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let members = input.members();
        let mut files = Vec::new();
        for member in members.iter() {
            let json = input.is_single() || member.ends_with(".json");
            let head = if json { input.head(member, crate::probe::HEAD)? } else { Vec::new() };
            match kind(member, &Outline::of(&head)) {
                Some(Kind::Personal) => {
                    let what = "was not read: it holds names, addresses or logins";
                    sink.passed("personal data", what, &member.place());
                }
                Some(kind) => files.push((kind, member)),
                None => sink.passed("file", "holds neither conversations nor memories", &member.place()),
            }
        }
        if files.is_empty() {
            let what = "there are no conversations, memories or projects of Claude.ai in it";
            return Err(Stop::broken(&crate::Place::default(), what));
        }
        // Projects first: what belongs to one is called by its name.
        files.sort_by_key(|(kind, _)| *kind != Kind::Projects);
        let mut projects = Projects::default();
        for (kind, member) in files {
            match kind {
                Kind::Projects => self::projects(input, member, &mut projects, sink)?,
                Kind::Memories => memories::read(input, member, &projects, sink)?,
                Kind::DesignChat => conversation::design_chat(input, member, &projects, sink)?,
                Kind::Conversations | Kind::Personal => conversations(input, member, &projects, sink)?,
            }
        }
        Ok(())
    }
}

/// So many files are looked at to recognise an export: projects are a file each.
const MOST_LOOKED_AT: usize = 50;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Conversations,
    Memories,
    Projects,
    DesignChat,
    Personal,
}

fn kind(member: &Member, outline: &Outline) -> Option<Kind> {
    let either = |path: &str| outline.has(&format!("[]{path}")) || outline.has(path);
    if matches!(member.name(), "users.json" | "user.json" | "login_history.json") {
        return Some(Kind::Personal);
    }
    if either(".chat_messages") || outline.has(".conversations[].chat_messages") {
        return Some(Kind::Conversations);
    }
    if either(".conversations_memory") || either(".project_memories") {
        return Some(Kind::Memories);
    }
    if either(".uuid") && either(".name") && (either(".docs") || either(".prompt_template")) {
        return Some(Kind::Projects);
    }
    let design = member.folder().split('/').any(|folder| folder == "design_chats");
    (design && outline.has_all(&[".uuid", ".messages"])).then_some(Kind::DesignChat)
}

/// The projects of the export, by their ids.
#[derive(Debug, Default)]
struct Projects(HashMap<String, String>);

impl Projects {
    /// The namespace of a project: by its name, or by its id when that is not known.
    fn namespace(&self, id: &str) -> String {
        format!("claude:project:{}", self.0.get(id).map_or(id, String::as_str).replace(':', "-"))
    }
}

const ITEMS: Items<'_> = Items { arrays: &["conversations"], itself: true };

fn conversations(
    input: &mut Input,
    member: &Member,
    projects: &Projects,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    each_item(input, member, ITEMS, sink, |sink, item| match wire::Conversation::read(item.raw) {
        Ok(Some(wire)) => conversation::read(&wire, &item, projects, sink),
        Ok(None) => {
            sink.failed("conversation", "has no `uuid` or no `chat_messages`", &item.place);
            Ok(())
        }
        Err(error) => {
            sink.failed("conversation", &why_bad(&error), &item.place);
            Ok(())
        }
    })
}

fn projects(
    input: &mut Input,
    member: &Member,
    projects: &mut Projects,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let items = Items { arrays: &["projects"], itself: true };
    each_item(input, member, items, sink, |sink, item| {
        match serde_json::from_str::<wire::Project<'_>>(item.raw) {
            Ok(project) => memories::project(&project, &item, projects, sink),
            Err(error) => {
                sink.failed("project", &why_bad(&error), &item.place);
                Ok(())
            }
        }
    })
}

#[cfg(test)]
mod tests;
