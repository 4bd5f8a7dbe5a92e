//! Dumps of Graphiti and Zep.
//!
//! **Recognised** by facts (`fact` with `valid_at`, `invalid_at` or the ids of two nodes).
//!
//! **Read.** There is no file format: a dump is an object with `edges` or `facts`, `nodes` or `entities`, `episodes` or
//! `episodic_nodes`; the answer of a search is one with `facts`; a bare array holds facts. A fact is a memory with its
//! relation as a tag; `valid_at` and `invalid_at` are its time of validity and never an end of keeping. Without a text it
//! reads as the names of its nodes. An episode is an episodic memory. A group is the namespace.
//!
//! **Not written**: there is nothing that would read it.
//!
//! **Cannot carry** nodes beyond their names in facts; embeddings, which are made anew.

use std::collections::HashMap;

use omi::Members;
use omp_model::MemoryType;
use serde_json::Value;

use crate::draft::{json, slug};
use crate::items::{Item, Items, each_item, why_bad};
use crate::tools::silent::Silent;
use crate::tools::values::{at, day, first, text, time};
use crate::{Draft, Format, Input, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct Graphiti;

const NAME: &str = "graphiti";

const FACTS: [&str; 3] = ["edges", "facts", "entity_edges"];
const NODES: [&str; 3] = ["nodes", "entities", "entity_nodes"];
const EPISODES: [&str; 2] = ["episodes", "episodic_nodes"];
const ALL: [&str; 8] =
    ["edges", "facts", "entity_edges", "nodes", "entities", "entity_nodes", "episodes", "episodic_nodes"];

fn is_dump(outline: &Outline) -> bool {
    let homes = FACTS.iter().map(|name| format!(".{name}[]")).chain(["[]".into(), String::new()]);
    homes.into_iter().any(|home| {
        let has = |name: &str| outline.has(&format!("{home}.{name}"));
        has("fact") && (has("valid_at") || has("invalid_at") || has("source_node_uuid"))
    })
}

impl Format for Graphiti {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Graphiti or Zep dump: facts, nodes and episodes (JSON)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(is_dump)?;
        Some(Recognised::certain("it has facts with `fact` and their time of validity or their nodes"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            if !input.is_single() && !member.ends_with(".json") {
                sink.passed("file", "is no JSON", &member.place());
                continue;
            }
            let mut names = HashMap::new();
            // Names before what they are names of.
            each_item(input, member, Items { arrays: &NODES, itself: false }, &mut Silent, |_, item| {
                let node: Value = serde_json::from_str(item.raw).unwrap_or_default();
                if let (Some(id), Some(name)) = (text(&node, "uuid"), text(&node, "name")) {
                    names.insert(id.to_owned(), name.to_owned());
                }
                Ok(())
            })?;
            each_item(input, member, Items { arrays: &ALL, itself: false }, sink, |sink, item| {
                match item.array {
                    array if NODES.contains(&array) => {
                        sink.lost("node", "is not kept but for its name in facts", &item.place);
                        Ok(())
                    }
                    array if EPISODES.contains(&array) => episode(&item, sink),
                    _ => fact(&item, &names, sink),
                }
            })?;
        }
        Ok(())
    }
}

fn parsed(item: &Item<'_>, kind: &str, sink: &mut dyn Sink) -> Option<Value> {
    match serde_json::from_str::<Value>(item.raw) {
        Ok(value) if value.is_object() => Some(value),
        Ok(_) => {
            sink.failed(kind, "is no object", &item.place);
            None
        }
        Err(error) => {
            sink.failed(kind, &why_bad(&error), &item.place);
            None
        }
    }
}

/// What facts and episodes have in common.
fn common(value: &Value, content: String, item: &Item<'_>, sink: &mut dyn Sink) -> Draft {
    let mut draft = Draft::new(NAME, NAME, content);
    draft.id = text(value, "uuid").map(str::to_owned);
    draft.created = time(value, "created_at");
    draft.namespace = first(value, &["group_id", "session_id"]).map(|group| group.replace(':', "-"));
    draft.account = text(value, "user_id").map(str::to_owned);
    let mut raw = Members::parse(item.raw).unwrap_or_default();
    let vectors = ["fact_embedding", "name_embedding", "embedding"].map(|name| raw.remove(name));
    if vectors.iter().flatten().any(|vector| vector.get() != "null") {
        sink.passed("embedding", "is not kept; it is made anew", &item.place);
    }
    draft.raw = Some(json(&raw));
    draft.place = item.place.clone();
    draft
}

fn fact(item: &Item<'_>, names: &HashMap<String, String>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let Some(value) = parsed(item, "fact", sink) else { return Ok(()) };
    let name = |id: &str, name: &str| {
        let node = text(&value, id).and_then(|id| names.get(id)).map(String::as_str);
        node.or_else(|| text(&value, name)).map(str::to_owned)
    };
    let source = name("source_node_uuid", "source");
    let target = name("target_node_uuid", "target");
    let relation = text(&value, "name");
    let said = text(&value, "fact").map(str::to_owned).or_else(|| {
        let relation = relation?.replace('_', " ").to_lowercase();
        Some(format!("{} {relation} {}", source.as_ref()?, target.as_ref()?))
    });
    let Some(said) = said else {
        sink.failed("fact", "has neither a `fact` nor a relation between nodes with names", &item.place);
        return Ok(());
    };
    let mut draft = common(&value, said, item, sink);
    draft.valid_from = day(&value, "valid_at");
    draft.valid_to = day(&value, "invalid_at");
    // When it was learned that it no longer holds, it was changed.
    draft.updated = time(&value, "expired_at").or_else(|| time(&value, "invalid_at"));
    draft.method = Some("extracted");
    let episode = at(&value, "episodes").and_then(|episodes| episodes.get(0)?.as_str());
    draft.reference = episode.map(str::to_owned);
    draft.tags.extend(relation.map(|relation| slug(relation).into_owned()));
    for node in [&source, &target].into_iter().flatten() {
        draft.entity(node, None);
    }
    if let (Some(relation), Some(target)) = (relation, &target) {
        draft.relation(relation, target);
    }
    sink.memory(draft)
}

fn episode(item: &Item<'_>, sink: &mut dyn Sink) -> Result<(), Stop> {
    let Some(value) = parsed(item, "episode", sink) else { return Ok(()) };
    let Some(content) = text(&value, "content") else {
        sink.passed("empty episode", "says nothing", &item.place);
        return Ok(());
    };
    let mut draft = common(&value, content.to_owned(), item, sink);
    draft.kind = MemoryType::Episodic;
    draft.observed = time(&value, "valid_at");
    draft.reference = text(&value, "source_description").map(str::to_owned);
    sink.memory(draft)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::Fate;
    use crate::testing::{collect, decided, file};

    #[test]
    fn a_dump_is_read_with_names_and_times_of_validity() {
        let dump = json!({
            "edges": [
                {"uuid": "f1", "source_node_uuid": "n1", "target_node_uuid": "n2", "name": "LIVES_IN", "fact": "Ana lives in Kyiv",
                 "valid_at": "2020-02-01T00:00:00Z", "invalid_at": "2024-02-01T00:00:00Z", "expired_at": "2024-03-01T00:00:00Z",
                 "episodes": ["e1"], "fact_embedding": [0.1, 0.2], "group_id": "g:1", "created_at": "2024-02-01T00:00:00Z"},
                {"uuid": "f2", "source_node_uuid": "n1", "target_node_uuid": "n2", "name": "LIKES", "fact": ""},
                {"uuid": "f3", "source_node_uuid": "?", "target_node_uuid": "n2", "name": "LIKES"},
            ],
            "facts": [],
            "nodes": [{"uuid": "n1", "name": "Ana"}, {"uuid": "n2", "name": "Kyiv"}],
            "episodes": [{"uuid": "e1", "content": "Ana said so.", "session_id": "s", "created_at": "2024-02-01T00:00:00Z"}],
        });
        let text = dump.to_string();
        assert_eq!(decided(&mut file("d.json", text.as_bytes())), Some("graphiti"));
        let found = collect("graphiti", "", text.as_bytes());
        assert_eq!(found.texts(), ["Ana lives in Kyiv", "Ana likes Kyiv", "Ana said so."]);
        let (memories, record) = (found.memories(), &found.records[0]);
        assert_eq!(
            (record.valid_from().as_deref(), record.valid_to().as_deref()),
            (Some("2020-02-01"), Some("2024-02-01"))
        );
        assert_eq!(memories[0].expires_at, None, "validity is no retention");
        assert_eq!(memories[0].namespace.as_ref().unwrap().as_str(), "g-1");
        assert_eq!(record.relations().unwrap().get(), r#"[{"type":"LIVES_IN","target":"Kyiv"}]"#);
        assert!(!serde_json::to_string(record).unwrap().contains("fact_embedding"));
        assert_eq!(memories[2].kind, omp_model::MemoryType::Episodic);
        let counts = [(Fate::Lost, "node", 2), (Fate::Failed, "fact", 1), (Fate::Passed, "embedding", 1)];
        assert!(counts.iter().all(|(fate, kind, n)| found.count(*fate, kind) == *n), "{:?}", found.notes);
    }

    #[test]
    fn the_answer_of_a_search_is_read() {
        let answer = json!({"facts": [{"uuid": "f", "name": "LIKES", "fact": "Ana likes tea", "valid_at": null, "created_at": "2026-05-01T00:00:00Z"}]});
        let text = answer.to_string();
        assert_eq!(decided(&mut file("d.json", text.as_bytes())), Some("graphiti"));
        assert_eq!(collect("graphiti", "", text.as_bytes()).texts(), ["Ana likes tea"]);
    }
}
