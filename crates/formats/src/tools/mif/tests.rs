use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{collect, decided, file, write};
use crate::{Fate, trial};

const ONE: &str = "a1b2c3d4-0000-4000-8000-000000000001";
const TWO: &str = "a1b2c3d4-0000-4000-8000-000000000002";

fn second() -> Value {
    json!({
        "mif_version": "2.0", "generator": {"name": "g", "version": "1"}, "export_meta": {"id": ONE, "user_id": "u-1"},
        "memories": [
            {"id": ONE, "content": "Uses Rust.", "memory_type": "decision", "created_at": "2026-05-01T10:00:00Z", "tags": ["a"],
             "entities": [{"name": "Rust", "entity_type": "technology", "confidence": 0.9}], "metadata": {"k": "v"},
             "source": {"source_type": "conversation", "session_id": "s-1", "agent_name": "codex"},
             "related_memory_ids": [TWO], "parent_id": null, "embeddings": {"model": "m", "dimensions": 1, "vector": [0.5]}},
            {"id": TWO, "content": "Likes tea.", "created_at": "2026-05-01T10:00:00Z"},
            {"id": "x"},
        ],
        "knowledge_graph": {"entities": [{"id": "e", "name": "Rust"}], "relationships": []},
    })
}

fn first() -> Value {
    json!({
        "mif_version": "1.0", "export": {"id": "exp_1", "created_at": "2026-05-01T10:00:00Z", "user_id": "u-1"},
        "memories": [{"id": format!("mem_{ONE}"), "content": "Fixed it.", "type": "CodeEdit", "created_at": "2026-05-01T10:00:00Z",
            "source": {"type": "hook", "agent": "claude-code"}, "entities": [{"text": "cargo", "type": "TOOL"}],
            "relations": {"related_memories": [format!("mem_{TWO}")], "related_todos": []}}],
        "todos": [{"id": "t1"}, {"id": "t2"}],
    })
}

#[test]
fn both_versions_are_read() {
    let (one, two) = (first().to_string(), second().to_string());
    for text in [&one, &two] {
        assert_eq!(decided(&mut file("m.json", text.as_bytes())), Some("mif"));
    }
    let found = collect("mif", "", two.as_bytes());
    let memories = found.memories();
    assert_eq!(memories[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["a", "decision"]);
    assert_eq!((memories[0].source.tool.as_str(), memories[1].source.tool.as_str()), ("codex", "mif"));
    assert_eq!(found.records[0].entities().unwrap().get(), r#"[{"label":"Rust","type":"technology"}]"#);
    let counts = [(Fate::Lost, "knowledge_graph"), (Fate::Failed, "memory"), (Fate::Passed, "embedding")];
    assert!(counts.iter().all(|(fate, kind)| found.count(*fate, kind) == 1), "{:?}", found.notes);
    let found = collect("mif", "", one.as_bytes());
    assert_eq!(found.memories()[0].kind, omp_model::MemoryType::Episodic);
    assert_eq!(found.count(Fate::Passed, "todos"), 2);
}

#[test]
fn items_go_out_as_they_came_and_old_ones_in_the_new_form() {
    let mut whole = second();
    whole["memories"].as_array_mut().unwrap().pop();
    trial::same_again("mif", "", &whole.to_string(), |text| {
        serde_json::from_str::<Value>(text).unwrap()["memories"].as_array().unwrap().clone()
    });
    let found = collect("mif", "", first().to_string().as_bytes());
    let (text, report) = write("mif", &found.records);
    let item = &serde_json::from_str::<Value>(&text).unwrap()["memories"][0];
    assert_eq!((&item["id"], &item["memory_type"]), (&json!(ONE), &json!("codeedit")));
    assert_eq!((&item["related_memory_ids"], item.get("type")), (&json!([TWO]), None));
    assert_eq!(item["entities"], json!([{"name": "cargo", "entity_type": "TOOL"}]));
    assert_eq!(report.count(Fate::Changed, "version"), 1);
    let whole: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(whole["export_meta"]["user_id"], "u-1");
    assert_eq!(collect("mif", "", text.as_bytes()).memories()[0].id, found.memories()[0].id);
}

proptest! {
    #[test]
    fn what_is_written_comes_back(memories in trial::memories()) {
        trial::come_back("mif", &memories)?;
    }

    #[test]
    fn what_is_written_is_in_the_strict_form(memories in trial::memories()) {
        let records: Vec<_> = memories.iter().map(crate::interchange::native).collect();
        let file: Value = serde_json::from_str(&write("mif", &records).0).unwrap();
        for item in file["memories"].as_array().unwrap() {
            prop_assert!(crate::own::is_uuid(item["id"].as_str().unwrap()));
            prop_assert!(item["metadata"].as_object().unwrap().values().all(Value::is_string));
        }
    }
}
