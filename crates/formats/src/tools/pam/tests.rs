use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{collect, collect_files, decided, file, write};
use crate::{Fate, trial};

fn memory(id: &str, kind: &str, status: &str) -> Value {
    json!({"id": id, "type": kind, "custom_type": null, "status": status, "content": format!("Says {id}."),
        "content_hash": format!("sha256:{}", "0".repeat(64)), "tags": ["a"],
        "confidence": {"initial": 1.0, "current": 0.88, "decay_model": "none"},
        "temporal": {"created_at": "2026-05-01T10:00:00Z", "updated_at": "2026-05-02T10:00:00Z", "valid_from": "2025-01-01T00:00:00Z"},
        "provenance": {"platform": "claude", "conversation_ref": "conv-1", "extraction_method": "llm_inference", "extracted_at": "2026-05-01T11:00:00Z"},
        "metadata": {"language": "en"}})
}

fn store() -> Value {
    json!({
        "schema": "portable-ai-memory", "schema_version": "1.0", "owner": {"id": "u-1"},
        "memories": [memory("m1", "skill", "active"), memory("m2", "preference", "superseded")],
        "relations": [{"id": "r1", "from": "m1", "to": "m2", "type": "extends", "created_at": "2026-05-01T10:00:00Z"}],
        "conversations_index": [{"id": "conv-1", "platform": "claude", "temporal": {"created_at": "2026-05-01T10:00:00Z"}}],
    })
}

#[test]
fn a_store_is_read_with_relations_validity_and_confidence() {
    let text = store().to_string();
    assert_eq!(decided(&mut file("s.json", text.as_bytes())), Some("pam"));
    let found = collect("pam", "s.json", text.as_bytes());
    let memories = found.memories();
    assert_eq!(memories[0].kind, omp_model::MemoryType::Procedural);
    assert_eq!(memories[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["a", "skill"]);
    assert_eq!(
        (memories[0].source.tool.as_str(), memories[0].source.user_id.as_ref().unwrap().as_str()),
        ("claude", "u-1")
    );
    assert_eq!(memories[0].source.timestamp.to_string(), "2026-05-01T11:00:00.000Z");
    let record = &found.records[0];
    assert_eq!((record.confidence(), record.valid_from().as_deref()), (Some(0.88), Some("2025-01-01")));
    assert_eq!(record.relations().unwrap().get(), r#"[{"type":"extends","target":"m2"}]"#);
    assert_eq!(found.records[1].valid_to().as_deref(), Some("2026-05-02"), "what is superseded has ended");
    assert_eq!(found.count(Fate::Passed, "conversations_index"), 1);
}

#[test]
fn a_store_goes_out_as_it_came_with_a_checksum_of_its_own() {
    let text = store().to_string();
    trial::same_again("pam", "", &text, |text| {
        let store: Value = serde_json::from_str(text).unwrap();
        ["memories", "relations"].iter().flat_map(|name| store[*name].as_array().unwrap().clone()).collect()
    });
}

#[test]
fn the_checksum_is_over_the_canonical_memories_by_id() {
    use sha2::{Digest, Sha256};
    let records = collect("pam", "", store().to_string().as_bytes()).records;
    let (text, _) = write("pam", &[records[1].clone(), records[0].clone()]);
    let again: Value = serde_json::from_str(&text).unwrap();
    let canonical = format!(
        "[{},{}]",
        serde_json_canonicalizer::to_string(&again["memories"][1]).unwrap(),
        serde_json_canonicalizer::to_string(&again["memories"][0]).unwrap()
    );
    assert!(canonical.contains(r#""initial":1}"#), "numbers as the canonical form has them");
    let expected = format!("sha256:{}", crate::origin::hex(&Sha256::digest(canonical.as_bytes())));
    assert_eq!(again["integrity"]["checksum"], expected);
    assert_eq!(again["integrity"]["total_memories"], 2);
}

#[test]
fn conversations_are_read_with_their_branches() {
    let message = |id: &str, role: &str, text: &str, parent: Value, minute: u8| {
        json!({"id": id, "role": role, "content": {"type": "text", "text": text}, "parent_id": parent,
               "created_at": format!("2026-05-01T10:{minute:02}:00Z"), "model": "m-1"})
    };
    let talk = json!({"schema": "portable-ai-memory-conversation", "schema_version": "1.0", "id": "conv-1",
        "provider": {"name": "claude"}, "title": "Tea", "temporal": {"created_at": "2026-05-01T10:00:00Z"},
        "messages": [message("q", "user", "Which tea?", Value::Null, 0), message("a", "assistant", "Black.", json!("q"), 1),
            message("b", "assistant", "Green.", json!("q"), 2), message("s", "system", "x", json!("b"), 3)]});
    let files = [("pam/store.json", store().to_string()), ("pam/conversations/c.json", talk.to_string())];
    let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let found = collect_files("pam", &files);
    assert_eq!((found.records.len(), found.conversations.len()), (2, 1));
    let talk = &found.conversations[0];
    assert_eq!(
        talk.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(),
        ["Which tea?", "Green."]
    );
    assert_eq!(talk.origin.as_ref().unwrap().branches[0][0].content.as_str(), "Black.");
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("m-1", "Tea"));
}

proptest! {
    #[test]
    fn what_is_written_comes_back(memories in trial::memories()) {
        trial::come_back("pam", &memories)?;
    }
}
