//! cognee exchange folders (COGX 0.1).
//!
//! **Recognised** by a `manifest.json` with `cogx_version`.
//!
//! **Read.** A folder or ZIP with a file of lines for each kind. Memories, facts, documents and memory blocks are
//! memories, episodes are conversations, entities name the ends of facts. Blocks about an agent are passed over, and so
//! are raw graph nodes. `permissions.json` can hold addresses and password hashes and is never read. A `.tar.gz` has to be
//! unpacked first.
//!
//! **Not written**: cognee's own tools read what other formats carry.
//!
//! **Cannot carry** entities beyond their names, raw nodes, permissions.

use std::collections::HashMap;

use omp_model::conversation::Role;
use omp_model::{MemoryType, MessageOrigin};
use serde_json::Value;

use crate::draft::slug;
use crate::items::{Item, each_line, why_bad};
use crate::talk::begun;
use crate::tools::silent::Silent;
use crate::tools::values::{at, day, objects, text, time, words};
use crate::{Draft, Format, Input, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn};

/// The format.
#[derive(Debug)]
pub struct Cogx;

const NAME: &str = "cogx";

impl Format for Cogx {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "cognee exchange (COGX): a folder or ZIP with manifest.json"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let mut manifests = probe.named("manifest.json");
        manifests.find(|member| probe.outline(member, |outline| outline.has(".cogx_version")))?;
        Some(Recognised::certain("its manifest.json has `cogx_version`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let members = input.members();
        let mut names = HashMap::new();
        for member in members.iter().filter(|member| member.name() == "entities.jsonl") {
            each_line(input, member, &mut Silent, |_, item| {
                let entity: Value = serde_json::from_str(item.raw).unwrap_or_default();
                if let (Some(id), Some(name)) = (text(&entity, "external_id"), text(&entity, "name")) {
                    names.insert(id.to_owned(), name.to_owned());
                }
                Ok(())
            })?;
        }
        let mut found = false;
        for member in members.iter() {
            match member.name() {
                "permissions.json" => {
                    let what = "was not read: it holds addresses and password hashes";
                    sink.passed("personal data", what, &member.place());
                    continue;
                }
                "manifest.json" => continue,
                _ if input.is_single() || member.ends_with(".jsonl") => found = true,
                _ => {
                    sink.passed("file", "is none of this format", &member.place());
                    continue;
                }
            }
            let kind = member.name().trim_end_matches(".jsonl").to_owned();
            each_line(input, member, sink, |sink, item| one(&kind, &item, &names, sink))?;
        }
        let nothing = "there are no lines of records in it; a .tar.gz has to be unpacked first";
        if found { Ok(()) } else { Err(Stop::broken(&crate::Place::default(), nothing)) }
    }
}

fn one(
    file: &str,
    item: &Item<'_>,
    names: &HashMap<String, String>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let value: Value = match serde_json::from_str(item.raw) {
        Ok(value) => value,
        Err(error) => {
            sink.failed("record", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    match text(&value, "kind").unwrap_or(file.trim_end_matches('s')) {
        "memory" | "memorie" => memory(&value, item, sink),
        "document" => document(&value, item, sink),
        "fact" => fact(&value, item, names, sink),
        "memory_block" => block(&value, item, sink),
        "episode" => episode(&value, item, sink),
        "entity" | "entitie" => {
            sink.lost("entity", "is not kept but for its name in facts", &item.place);
            Ok(())
        }
        _ => {
            sink.lost("graph node", "is no memory and is not kept", &item.place);
            Ok(())
        }
    }
}

/// What all records have.
fn draft(value: &Value, content: &str, item: &Item<'_>) -> Draft {
    let system = text(value, "external_system");
    let mut draft = Draft::new(NAME, system.unwrap_or(NAME), content);
    system.unwrap_or_default().clone_into(&mut draft.scope);
    draft.id = text(value, "external_id").map(str::to_owned);
    draft.account = text(value, "scope.user_id").map(str::to_owned);
    let session = text(value, "scope.session_id").or_else(|| text(value, "scope.run_id"));
    draft.reference = session.or_else(|| text(value, "scope.agent_id")).map(str::to_owned);
    draft.created = time(value, "created_at");
    draft.updated = time(value, "updated_at");
    draft.raw_json(item.raw);
    draft.place = item.place.clone();
    draft
}

fn nothing(kind: &str, item: &Item<'_>, sink: &mut dyn Sink) {
    sink.failed(kind, "says nothing", &item.place);
}

fn memory(value: &Value, item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let Some(content) = text(value, "content") else {
        nothing("memory", item, sink);
        return Ok(());
    };
    let mut draft = draft(value, content, item);
    draft.tags = words(value, "categories");
    sink.memory(draft)
}

fn document(value: &Value, item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let Some(content) = text(value, "content") else {
        nothing("document", item, sink);
        return Ok(());
    };
    let mut draft = draft(value, content, item);
    draft.tags = vec!["document".into()];
    sink.memory(draft)
}

fn fact(
    value: &Value,
    item: &Item<'_>,
    names: &HashMap<String, String>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let name = |member: &str| {
        let id = text(value, member)?;
        Some(names.get(id).map_or(id, String::as_str))
    };
    let (subject, object, predicate) = (name("subject_ref"), name("object_ref"), text(value, "predicate"));
    let made = || Some(format!("{} {} {}", subject?, predicate?.replace('_', " ").to_lowercase(), object?));
    let Some(content) = text(value, "fact_text").map(str::to_owned).or_else(made) else {
        nothing("fact", item, sink);
        return Ok(());
    };
    let mut draft = draft(value, &content, item);
    draft.tags.extend(predicate.map(|predicate| slug(predicate).into_owned()));
    draft.valid_from = day(value, "valid_at");
    draft.valid_to = day(value, "invalid_at");
    draft.confidence = at(value, "confidence").and_then(Value::as_f64);
    for end in [subject, object].into_iter().flatten() {
        draft.entity(end, None);
    }
    if let (Some(predicate), Some(object)) = (predicate, object) {
        draft.relation(predicate, object);
    }
    sink.memory(draft)
}

fn block(value: &Value, item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let label = text(value, "label").unwrap_or("block");
    if matches!(label, "persona" | "system" | "instructions") {
        sink.passed("persona block", "is about the agent and no memory", &item.place);
        return Ok(());
    }
    let Some(content) = text(value, "value") else {
        nothing("memory block", item, sink);
        return Ok(());
    };
    let mut draft = draft(value, content, item);
    draft.tags = vec![slug(label).into_owned()];
    sink.memory(draft)
}

fn episode(value: &Value, item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let turns: Vec<Turn> = objects(value, "turns").filter_map(|turn| self::turn(turn, item, sink)).collect();
    if turns.is_empty()
        && let Some(content) = text(value, "content")
    {
        // What another store calls an episode is a text.
        let mut draft = draft(value, content, item);
        draft.kind = MemoryType::Episodic;
        return sink.memory(draft);
    }
    let system = text(value, "external_system").unwrap_or_default();
    let topic = text(value, "title").or_else(|| text(value, "name"));
    let id = text(value, "external_id").filter(|id| !id.is_empty()).map(str::to_owned);
    let id = id.unwrap_or_else(|| begun(topic.unwrap_or_default(), &turns));
    sink.conversation(Talk {
        format: NAME,
        id: format!("{system}/{id}"),
        model_unknown: "unknown",
        topic: topic.map(str::to_owned),
        account: text(value, "scope.user_id").map(str::to_owned),
        created: time(value, "created_at"),
        updated: time(value, "updated_at"),
        turns,
        place: item.place.clone(),
        ..Talk::default()
    })
}

fn turn(turn: &Value, item: &Item<'_>, sink: &mut dyn Sink) -> Option<Turn> {
    let role = match text(turn, "role") {
        Some("user" | "human") => Role::User,
        Some("assistant" | "ai") => Role::Assistant,
        _ => {
            sink.passed("message of another role", "is not part of the dialogue", &item.place);
            return None;
        }
    };
    let mut said = Turn::new(role, text(turn, "content")?);
    said.origin = MessageOrigin { created_at: time(turn, "occurred_at"), ..MessageOrigin::default() };
    Some(said)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Fate;
    use crate::testing::{archive, collect_files, decided};

    #[test]
    fn a_folder_is_read_but_for_its_permissions() {
        let record = |kind: &str, id: &str, rest: serde_json::Value| {
            let mut record = json!({"kind": kind, "external_system": "mem0", "external_id": id, "scope": {"user_id": "u1"}, "metadata": {}});
            record.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            format!("{record}\n")
        };
        let entities =
            record("entity", "n1", json!({"name": "Ana"})) + &record("entity", "n2", json!({"name": "Kyiv"}));
        let facts = record(
            "fact",
            "f1",
            json!({"subject_ref": "n1", "predicate": "LIVES_IN", "object_ref": "n2", "invalid_at": "2024-02-01T00:00:00Z"}),
        );
        let turns = json!({"turns": [{"role": "user", "content": "Hi", "occurred_at": "2024-01-01T00:00:00Z"}, {"role": "assistant", "content": "Hello"}]});
        let files = [
            ("x/manifest.json", r#"{"cogx_version":"0.1"}"#.to_owned()),
            (
                "x/memories.jsonl",
                record("memory", "m1", json!({"content": "Ana works.", "categories": ["work"]})) + "nope\n",
            ),
            ("x/entities.jsonl", entities),
            ("x/facts.jsonl", facts),
            ("x/episodes.jsonl", record("episode", "e1", turns)),
            (
                "x/memory_blocks.jsonl",
                record("memory_block", "b1", json!({"label": "persona", "value": "I"}))
                    + &record("memory_block", "b2", json!({"label": "human", "value": "Ana."})),
            ),
            ("x/documents.jsonl", record("document", "d1", json!({"content": "Long."}))),
            ("x/permissions.json", r#"{"hash":"x"}"#.to_owned()),
        ];
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        assert_eq!(decided(&mut archive(&files)), Some("cogx"));
        let found = collect_files("cogx", &files);
        assert_eq!(found.texts(), ["Ana works.", "Ana lives in Kyiv", "Ana.", "Long."]);
        assert_eq!(found.records[1].valid_to().as_deref(), Some("2024-02-01"));
        assert_eq!(found.memories()[0].source.tool.as_str(), "mem0");
        assert_eq!((found.conversations.len(), found.conversations[0].messages.len()), (1, 2));
        let counts = [
            (Fate::Passed, "personal data", 1),
            (Fate::Passed, "persona block", 1),
            (Fate::Lost, "entity", 2),
            (Fate::Failed, "record", 1),
        ];
        assert!(counts.iter().all(|(fate, kind, n)| found.count(*fate, kind) == *n), "{:?}", found.notes);
    }
}
