use omp_model::{Content, MemoryPatch, MemoryType};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::Fate;
use crate::interchange::overlay;
use crate::testing::{collect, decided, file, write};
use crate::trial;

fn items() -> Value {
    let at = |second: u8| format!("2026-05-01T10:20:{second:02}.123456+00:00");
    json!([
        {"namespace": ["memories", "ana"], "key": "m1", "created_at": at(1), "updated_at": at(2), "score": null,
         "value": {"kind": "Memory", "content": {"content": "Ana rows."}}},
        {"namespace": ["memories", "ana", "triples"], "key": "m1", "created_at": at(3), "updated_at": at(3),
         "value": {"kind": "Triple", "content": {"subject": "Ana", "predicate": "lives_in", "object": "Kyiv", "context": null}}},
        {"namespace": ["docs: a"], "key": "n", "created_at": at(4), "updated_at": at(4),
         "value": {"text": "A note.", "tags": ["One", "two"]}},
        {"namespace": ["1", "memories"], "key": "p", "created_at": at(5), "updated_at": at(5),
         "value": {"food_preference": "I like pizza"}},
        {"namespace": ["1"], "key": "e", "created_at": at(6), "updated_at": at(6),
         "value": {"kind": "Episode", "content": {"observation": "x", "action": "y"}}},
    ])
}

#[test]
fn the_text_is_found_wherever_it_is() {
    let text = items().to_string();
    assert_eq!(decided(&mut file("dump.json", text.as_bytes())), Some("langgraph"));
    let found = collect("langgraph", "dump.json", text.as_bytes());
    assert_eq!(
        found.texts(),
        [
            "Ana rows.",
            "Ana lives_in Kyiv",
            "A note.",
            "food_preference: I like pizza",
            r#"{"observation":"x","action":"y"}"#
        ]
    );
    let memories = found.memories();
    assert_ne!(memories[0].id, memories[1].id, "a key counts within its namespace");
    assert_eq!(memories[0].namespace.as_ref().unwrap().as_str(), "memories:ana");
    assert_eq!(memories[0].updated_at.to_string(), "2026-05-01T10:20:02.123Z");
    assert_eq!(memories[4].kind, MemoryType::Episodic);
    assert_eq!(found.records[1].relations().unwrap().get(), r#"[{"type":"lives_in","target":"Kyiv"}]"#);
    assert_eq!(found.count(Fate::Changed, "value"), 2);
}

#[test]
fn dumps_of_the_table_and_of_langmem_are_read() {
    let row = json!({"prefix": "a.b", "key": "k", "value": "{\"text\": \"From the table.\"}",
        "created_at": "2026-05-01 10:20:30", "updated_at": "2026-05-01 10:20:31", "expires_at": "2026-06-01 00:00:00", "ttl_minutes": 5});
    let text = format!("{row}\n{row}\n");
    assert_eq!(decided(&mut file("dump.jsonl", text.as_bytes())), Some("langgraph"));
    let memory = &collect("langgraph", "dump.jsonl", text.as_bytes()).memories()[0];
    assert_eq!(
        (memory.content.as_str(), memory.namespace.as_ref().unwrap().as_str()),
        ("From the table.", "a:b")
    );
    assert_eq!(memory.expires_at.unwrap().to_string(), "2026-06-01T00:00:00.000Z");
    let langmem = json!({"memories": [{"id": "1", "content": "Plain.", "categories": ["x"], "user_id": "u", "namespace": ["n"],
        "createdAt": "2026-05-01T10:20:30Z"}, {"id": "2"}]});
    let found = collect("langgraph", "", langmem.to_string().as_bytes());
    let memory = &found.memories()[0];
    assert_eq!((memory.content.as_str(), memory.source.user_id.as_ref().unwrap().as_str()), ("Plain.", "u"));
    assert_eq!(memory.created_at.to_string(), "2026-05-01T10:20:30.000Z");
}

#[test]
fn items_go_out_as_they_came_and_changed_ones_in_their_place() {
    trial::same_again("langgraph", "", &items().to_string(), |text| {
        serde_json::from_str::<Vec<Value>>(text).unwrap()
    });
    let found = collect("langgraph", "", items().to_string().as_bytes());
    let mut memory = found.memories()[0].clone();
    let patch = MemoryPatch { content: Content::new("Ana swims.").ok(), ..MemoryPatch::default() };
    patch.apply(&mut memory, omp_model::Timestamp::from_millis(1_800_000_000_000));
    let (text, _) = write("langgraph", &[overlay(found.records[0].clone(), &memory, None)]);
    let item = &serde_json::from_str::<Value>(&text).unwrap()[0];
    assert_eq!((&item["namespace"], &item["key"]), (&json!(["memories", "ana"]), &json!("m1")));
    assert_eq!(item["value"]["content"], "Ana swims.");
    let again = &collect("langgraph", "", text.as_bytes()).memories()[0];
    assert_eq!((again.id, again.content.as_str()), (memory.id, "Ana swims."));
}

#[test]
fn a_bad_item_does_not_hide_the_next() {
    let text = r#"[{"namespace":["a"],"key":"1","value":null},7,{"namespace":["a"],"key":"2","value":{}},{"namespace":["a"],"key":"3","value":{"text":"x"}}]"#;
    let found = collect("langgraph", "", text.as_bytes());
    assert_eq!(found.texts(), ["x"]);
    let places: Vec<_> = found.notes.iter().filter(|n| n.0 == Fate::Failed).map(|n| n.3.as_str()).collect();
    assert_eq!(places, ["line 1 [0]", "line 1 [1]", "line 1 [2]"]);
}

proptest! {
    #[test]
    fn what_is_written_comes_back(memories in trial::memories()) {
        trial::come_back("langgraph", &memories)?;
    }
}
