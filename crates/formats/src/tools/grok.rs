//! Grok data export.
//!
//! **Recognised** by `conversations` whose items have `responses`.
//!
//! **Read.** A ZIP, an unpacked folder (`…/prod-grok-backend.json`) or that file. Responses name the one that they answer,
//! which makes a tree; the newest leaf ends the conversation. The sender is `human`, `assistant` in any letters, or the
//! model's name. Projects and tasks are passed over, and so is everything beside that file.
//!
//! **Not written**: Grok takes no file.
//!
//! **Cannot carry** files that came with a message (their names stay).

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde_json::Value;

use crate::items::{Item, Items, each_item, why_bad};
use crate::origin::text_id;
use crate::tools::tree::{Node, paths};
use crate::tools::values::{at, first, objects, text, time};
use crate::{Format, Input, Outline, Place, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn};

/// The format.
#[derive(Debug)]
pub struct Grok;

const NAME: &str = "grok";

fn is_export(outline: &Outline) -> bool {
    outline.has_all(&[".conversations[].conversation", ".conversations[].responses"])
}

impl Format for Grok {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Grok data export (ZIP, folder or prod-grok-backend.json)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(is_export)?;
        Some(Recognised::certain("its `conversations` have `conversation` and `responses`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut found = false;
        for member in input.members().iter() {
            let json = input.is_single() || member.ends_with(".json");
            let head = if json { input.head(member, crate::probe::HEAD)? } else { Vec::new() };
            if !input.is_single() && !is_export(&Outline::of(&head)) {
                sink.passed("file", "holds no conversations", &member.place());
                continue;
            }
            found = true;
            let items = Items { arrays: &["conversations", "projects", "tasks"], itself: false };
            each_item(input, member, items, sink, |sink, item| {
                if item.array == "projects" || item.array == "tasks" {
                    sink.passed(item.array, "are no memories", &item.place);
                    return Ok(());
                }
                conversation(&item, sink)
            })?;
        }
        let nothing = "there are no conversations of Grok in it";
        if found { Ok(()) } else { Err(Stop::broken(&Place::default(), nothing)) }
    }
}

fn conversation(item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let value: Value = match serde_json::from_str(item.raw) {
        Ok(value) => value,
        Err(error) => {
            sink.failed("conversation", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    if !value.is_object() {
        sink.failed("conversation", "is no object", &item.place);
        return Ok(());
    }
    // Each is wrapped once more in an export, and not in what other programs make of it.
    let responses: Vec<&Value> = objects(&value, "responses")
        .map(|response| at(response, "response").filter(|inner| inner.is_object()).unwrap_or(response))
        .collect();
    let nodes: Vec<Node<'_>> = responses
        .iter()
        .map(|response| Node {
            id: first(response, &["_id", "id", "response_id"]),
            parent: text(response, "parent_response_id"),
            time: time(response, "create_time"),
        })
        .collect();
    let (path, branches) = paths(&nodes);
    let mut turns = |numbers: Vec<usize>| -> Vec<Turn> {
        numbers
            .into_iter()
            .filter_map(|number| turn(responses[number], nodes[number], &item.place, sink))
            .collect()
    };
    let path = turns(path);
    let branches = branches.into_iter().map(&mut turns).collect();
    let id = text(&value, "conversation.id").map(str::to_owned);
    let topic = text(&value, "conversation.title").map(str::to_owned);
    let created = time(&value, "conversation.create_time");
    let url = id.as_ref().map(|id| format!("https://grok.com/c/{id}"));
    // Without an id it is known by its title, its time and how it begins.
    let known = || {
        let begun = path.first().map(|turn: &Turn| turn.text.as_str()).unwrap_or_default();
        text_id(&format!("{topic:?} {created:?} {begun}"))
    };
    let id = id.unwrap_or_else(known);
    sink.conversation(Talk {
        format: NAME,
        id,
        model_unknown: "grok",
        topic,
        url,
        created,
        updated: time(&value, "conversation.modify_time"),
        turns: path,
        branches,
        place: item.place.clone(),
        ..Talk::default()
    })
}

fn turn(response: &Value, node: Node<'_>, place: &Place, sink: &mut dyn Sink) -> Option<Turn> {
    let sender = text(response, "sender").unwrap_or_default();
    let role = match sender.to_lowercase().as_str() {
        "human" | "user" => Role::User,
        "system" | "tool" | "" => {
            sink.passed("message of another role", "is not part of the dialogue", place);
            return None;
        }
        _ => Role::Assistant,
    };
    let files: Vec<String> = objects(response, "file_attachments")
        .filter_map(|file| first(file, &["file_name", "name", "id"]))
        .map(str::to_owned)
        .collect();
    if !files.is_empty() {
        sink.lost("attached file", "is not kept; its name is", place);
    }
    let said = text(response, "message").unwrap_or(if files.is_empty() { "" } else { "[file]" });
    if said.is_empty() {
        sink.passed("empty message", "says nothing", place);
        return None;
    }
    let named = Some(sender).filter(|sender| !sender.eq_ignore_ascii_case("assistant"));
    let model = text(response, "model").or(named).map(str::to_owned);
    let mut turn = Turn::new(role, said);
    turn.origin = MessageOrigin {
        id: node.id.map(str::to_owned),
        parent_id: node.parent.map(str::to_owned),
        created_at: node.time,
        model: model.filter(|_| role == Role::Assistant),
        attachments: files,
    };
    Some(turn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Fate;
    use crate::testing::{archive, collect, collect_files, decided};

    #[test]
    fn an_export_is_read_with_its_branches() {
        let mongo = |millis: i64| json!({"$date": {"$numberLong": millis.to_string()}});
        let response = |id: &str, sender: &str, text: &str, parent: Option<&str>, at: i64| json!({"response": {"_id": id, "sender": sender, "message": text, "parent_response_id": parent, "create_time": mongo(at)}});
        let export = json!({"conversations": [
            {"conversation": {"id": "c-1", "title": "Tea", "create_time": "2026-05-01T10:00:00Z"}, "responses": [
                response("q", "human", "Which tea?", None, 1_777_630_830_500),
                response("a", "ASSISTANT", "Black.", Some("q"), 1_777_630_831_500),
                response("b", "grok-3", "Green.", Some("q"), 1_777_630_832_500)]},
            {"conversation": {"title": "No id"}, "responses": [{"sender": "human", "message": "Hello"}]},
            7,
        ], "projects": [{}]});
        let text = export.to_string();
        let files = [("x/export_data/u/prod-grok-backend.json", text.as_str()), ("x/auth.json", "{}")];
        assert_eq!(decided(&mut archive(&files)), Some("grok"));
        let found = collect_files("grok", &files);
        assert_eq!(found.conversations.len(), 2);
        let talk = &found.conversations[0];
        assert_eq!(
            talk.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(),
            ["Which tea?", "Green."]
        );
        assert_eq!(
            (talk.model.as_str(), talk.source_url.as_ref().unwrap().as_str()),
            ("grok-3", "https://grok.com/c/c-1")
        );
        assert_eq!(talk.origin.as_ref().unwrap().branches[0][0].content.as_str(), "Black.");
        assert_eq!(
            talk.messages[0].origin.as_ref().unwrap().created_at.unwrap().to_string(),
            "2026-05-01T10:20:30.500Z"
        );
        assert_eq!(
            (found.count(Fate::Failed, "conversation"), found.count(Fate::Passed, "projects")),
            (1, 1)
        );
        let again = collect("grok", "", text.as_bytes());
        assert_eq!(again.conversations[1].id, found.conversations[1].id, "also without an id of its own");
    }
}
