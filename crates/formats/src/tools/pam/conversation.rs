//! A conversation file.

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde_json::Value;

use super::NAME;
use crate::items::why_bad;
use crate::tools::tree::{Node, paths};
use crate::tools::values::{first, objects, text, time};
use crate::{Member, Sink, Stop, Talk, Turn};

/// Gives the conversation to the sink.
pub(super) fn read(json: &str, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let place = member.place();
    let value: Value = match serde_json::from_str(json) {
        Ok(value) => value,
        Err(error) => {
            sink.failed("conversation", &why_bad(&error), &place);
            return Ok(());
        }
    };
    let Some(id) = text(&value, "id") else {
        sink.failed("conversation", "has no `id`", &place);
        return Ok(());
    };
    let messages: Vec<&Value> = objects(&value, "messages").collect();
    let nodes: Vec<Node<'_>> = messages
        .iter()
        .map(|message| Node {
            id: text(message, "id"),
            parent: text(message, "parent_id"),
            time: time(message, "created_at"),
        })
        .collect();
    let (path, branches) = paths(&nodes);
    let mut turns = |numbers: Vec<usize>| -> Vec<Turn> {
        numbers.into_iter().filter_map(|number| turn(messages[number], &place, sink)).collect()
    };
    let path = turns(path);
    let branches = branches.into_iter().map(&mut turns).collect();
    sink.conversation(Talk {
        format: NAME,
        id: id.to_owned(),
        model: text(&value, "model").map(str::to_owned),
        model_unknown: "unknown",
        topic: text(&value, "title").map(str::to_owned),
        account: text(&value, "provider.account_id").map(str::to_owned),
        created: time(&value, "temporal.created_at"),
        updated: time(&value, "temporal.updated_at"),
        turns: path,
        branches,
        place,
        ..Talk::default()
    })
}

/// The turn that a message is, if it is a part of the dialogue.
fn turn(message: &Value, place: &crate::Place, sink: &mut dyn Sink) -> Option<Turn> {
    let role = match text(message, "role") {
        _ if message.get("is_thought").and_then(Value::as_bool) == Some(true) => {
            sink.passed("thoughts", "are not part of the dialogue", place);
            return None;
        }
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => {
            sink.passed("message of another role", "is not part of the dialogue", place);
            return None;
        }
    };
    let parts = objects(message, "content.parts").filter_map(|part| text(part, "text"));
    let said =
        text(message, "content.text").map_or_else(|| parts.collect::<Vec<_>>().join("\n\n"), str::to_owned);
    let files: Vec<String> = objects(message, "attachments")
        .filter_map(|file| first(file, &["name", "ref"]))
        .map(str::to_owned)
        .collect();
    if !files.is_empty() {
        sink.lost("attached file", "is not kept; its name is", place);
    }
    let said = if said.trim().is_empty() && !files.is_empty() { "[file]".to_owned() } else { said };
    let mut turn = Turn::new(role, said);
    turn.origin = MessageOrigin {
        id: text(message, "id").map(str::to_owned),
        parent_id: text(message, "parent_id").map(str::to_owned),
        created_at: time(message, "created_at"),
        model: text(message, "model").map(str::to_owned).filter(|_| role == Role::Assistant),
        attachments: files,
    };
    Some(turn)
}
