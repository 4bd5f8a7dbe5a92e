//! The turns of a conversation in their order, and its branches.

use std::collections::HashMap;

use omp_model::MessageOrigin;
use omp_model::conversation::Role;

use super::text::said;
use super::wire::{Conversation, Message};
use super::{NAME, Projects};
use crate::items::{Item, Items, each_item};
use crate::{Input, Member, Place, Sink, Stop, Talk, Turn};

/// Gives a conversation to the sink.
pub(super) fn read(
    wire: &Conversation<'_>,
    item: &Item<'_>,
    projects: &Projects,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let id = wire.uuid.get().unwrap_or_default();
    let messages: Vec<&Message<'_>> =
        wire.chat_messages.iter().flat_map(|list| &list.0).filter_map(|message| message.0.as_ref()).collect();
    let (path, branches) = order(&messages);
    let mut turns = |numbers: Vec<usize>| -> Vec<Turn> {
        numbers.into_iter().filter_map(|number| turn(messages[number], &item.place, sink)).collect()
    };
    let path = turns(path);
    let branches = branches.into_iter().map(turns).filter(|turns| !turns.is_empty()).collect();
    let project = wire.project.0.as_ref().and_then(|project| project.uuid.get()).or(wire.project_uuid.get());
    sink.conversation(Talk {
        format: NAME,
        id: id.to_owned(),
        model: wire.model.owned(),
        model_unknown: "claude",
        topic: wire.name.owned(),
        url: Some(format!("https://claude.ai/chat/{id}")),
        namespace: project.map(|project| projects.namespace(project)),
        account: wire.account.0.as_ref().and_then(|account| account.uuid.owned()),
        created: wire.created_at.0,
        updated: wire.updated_at.0,
        turns: path,
        branches,
        place: item.place.clone(),
    })
}

/// A file of the folder `design_chats`: one conversation.
pub(super) fn design_chat(
    input: &mut Input,
    member: &Member,
    projects: &Projects,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    each_item(input, member, Items { arrays: &[], itself: true }, sink, |sink, item| {
        let value: serde_json::Value = serde_json::from_str(item.raw).unwrap_or_default();
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let Some(id) = text(&value["uuid"]) else {
            sink.failed("design chat", "has no `uuid`", &item.place);
            return Ok(());
        };
        let messages = value["messages"].as_array().into_iter().flatten();
        let turns: Vec<Turn> =
            messages.filter_map(|message| design_turn(message, &item.place, sink)).collect();
        let project = text(&value["project"]["uuid"]).or_else(|| text(&value["project"]));
        sink.conversation(Talk {
            format: NAME,
            topic: text(&value["title"]),
            model_unknown: "claude",
            namespace: project.map(|project| projects.namespace(&project)),
            created: crate::moment::from_json(&value["created_at"]),
            updated: crate::moment::from_json(&value["updated_at"]),
            turns,
            place: item.place.clone(),
            id,
            ..Talk::default()
        })
    })
}

/// A message of a design chat.
fn design_turn(message: &serde_json::Value, place: &Place, sink: &mut dyn Sink) -> Option<Turn> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let role = match message["role"].as_str() {
        Some("user" | "human") => Role::User,
        Some("assistant") | None => Role::Assistant,
        Some(_) => {
            sink.passed("system message", "is not part of the dialogue", place);
            return None;
        }
    };
    let content = &message["content"];
    let (mut texts, mut told) = (Vec::new(), false);
    for block in content["contentBlocks"].as_array().into_iter().flatten() {
        let kind = match block["type"].as_str().unwrap_or("text") {
            kind if !kind.contains("thinking") && block["text"].is_string() => {
                texts.extend(text(&block["text"]));
                continue;
            }
            "thinking" | "redacted_thinking" => "thoughts",
            kind if kind.contains("result") => "tool result",
            kind if kind.contains("tool") => "tool call",
            _ => "block of another kind",
        };
        told = true;
        sink.passed(kind, "is not part of the dialogue", place);
    }
    let whole = || text(content).or_else(|| text(&content["content"])).or_else(|| text(&content["text"]));
    let said = if texts.is_empty() { whole().unwrap_or_default() } else { texts.join("\n\n") };
    let files = content["attachments"].as_array().into_iter().flatten();
    let name = |file: &serde_json::Value| text(&file["file_name"]).or_else(|| text(&file["name"]));
    let files: Vec<String> = files.map(|file| name(file).unwrap_or_else(|| "file".into())).collect();
    if !files.is_empty() {
        sink.lost("attached file", "is not kept; its name is", place);
    }
    if said.trim().is_empty() && files.is_empty() {
        if !told {
            sink.passed("empty message", "says nothing", place);
        }
        return None;
    }
    let mut turn = Turn::new(role, if said.trim().is_empty() { "[file]".to_owned() } else { said });
    turn.origin.id = text(&message["uuid"]);
    turn.origin.created_at = crate::moment::from_json(&message["created_at"]);
    turn.origin.attachments = files;
    Some(turn)
}

/// The turns of the path in their order, and those of each branch.
fn order(messages: &[&Message<'_>]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let numbers: HashMap<&str, usize> = messages
        .iter()
        .enumerate()
        .filter_map(|(number, message)| Some((message.uuid.get()?, number)))
        .collect();
    let parents: Vec<Option<usize>> = messages
        .iter()
        .map(|message| message.parent_message_uuid.get().and_then(|parent| numbers.get(parent).copied()))
        .collect();
    if parents.iter().all(Option::is_none) {
        let mut all: Vec<usize> = (0..messages.len()).collect();
        // One that has no time stays behind the one before it.
        let mut last = None;
        let times: Vec<_> = messages
            .iter()
            .map(|message| {
                last = message.created_at.0.or(last);
                last
            })
            .collect();
        all.sort_by_key(|number| (times[*number], role(messages[*number]) == Role::Assistant));
        return (all, Vec::new());
    }
    let mut is_parent = vec![false; messages.len()];
    for parent in parents.iter().flatten() {
        is_parent[*parent] = true;
    }
    let leaves = || (0..messages.len()).filter(|number| !is_parent[*number]);
    let newest = leaves().max_by_key(|leaf| (messages[*leaf].created_at.0, *leaf));
    let mut met = vec![false; messages.len()];
    let mut up = |from: usize| {
        let (mut way, mut next) = (Vec::new(), Some(from));
        while let Some(number) = next.filter(|number| !met[*number]) {
            met[number] = true;
            way.push(number);
            next = parents[number];
        }
        way.reverse();
        way
    };
    let path = newest.map(&mut up).unwrap_or_default();
    let branches = leaves().map(up).filter(|way| !way.is_empty()).collect();
    (path, branches)
}

fn role(message: &Message<'_>) -> Role {
    match message.sender.get().or(message.role.get()) {
        Some("human" | "user") => Role::User,
        _ => Role::Assistant,
    }
}

fn turn(message: &Message<'_>, place: &Place, sink: &mut dyn Sink) -> Option<Turn> {
    let said = said(message);
    for kind in &said.left_out {
        sink.passed(kind, "is not part of the dialogue", place);
    }
    let here = || place.inside(format!("chat_messages {}", message.uuid.get().unwrap_or("?")));
    if !said.files.is_empty() {
        sink.lost("attached file", "is not kept; its name is", &here());
    }
    if said.has_extract {
        sink.lost("text of an attached file", "is not kept", &here());
    }
    let text = match (said.text.trim().is_empty(), said.files.is_empty()) {
        (true, true) => {
            sink.passed("empty message", "says nothing", place);
            return None;
        }
        (true, false) => "[file]".to_owned(),
        (false, _) => said.text,
    };
    let origin = MessageOrigin {
        id: message.uuid.owned(),
        parent_id: message.parent_message_uuid.owned(),
        created_at: message.created_at.0,
        model: message.model.owned(),
        attachments: said.files,
    };
    Some(Turn { role: role(message), text, origin })
}
