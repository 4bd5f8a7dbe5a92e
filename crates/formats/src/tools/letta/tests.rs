use serde_json::{Value, json};

use crate::Fate;
use crate::testing::{collect, decided, file};

fn block(id: &str, label: &str, value: &str) -> Value {
    json!({"id": id, "label": label, "value": value, "limit": 20, "metadata": {}})
}

fn agent_file() -> Value {
    json!({
        "agents": [{"name": "sam", "block_ids": ["block-0", "block-1", "block-2", "block-3"], "llm_config": {"model": "m-1"},
            "tool_exec_environment_variables": {"KEY": "secret"},
            "messages": [
                {"id": "m0", "role": "system", "content": [{"type": "text", "text": "You are Sam."}]},
                {"id": "m1", "role": "user", "content": [{"type": "text", "text": "Hi"}], "created_at": "2026-05-01T10:00:00Z"},
                {"id": "m2", "role": "assistant", "content": [{"type": "reasoning", "reasoning": "hm"}, {"type": "text", "text": "Hello."}]},
            ]}],
        "blocks": [block("block-0", "human", "\nName: Ana.\n"), block("block-1", "persona", "I am Sam."),
            block("block-2", "human", "Rows."), block("block-3", "notes", "")],
        "created_at": "2026-05-02T10:00:00Z",
    })
}

#[test]
fn blocks_and_messages_are_read() {
    let text = agent_file().to_string();
    assert_eq!(decided(&mut file("a.af", text.as_bytes())), Some("letta"));
    let found = collect("letta", "a.af", text.as_bytes());
    assert_eq!(found.texts(), ["Name: Ana.", "Rows."]);
    let memories = found.memories();
    assert_ne!(memories[0].id, memories[1].id, "two blocks of one label");
    assert_eq!(memories[0].created_at.to_string(), "2026-05-02T10:00:00.000Z");
    assert_eq!(
        (found.count(Fate::Passed, "persona block"), found.count(Fate::Passed, "empty block")),
        (1, 1)
    );
    let talk = &found.conversations[0];
    assert_eq!(talk.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["Hi", "Hello."]);
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("m-1", "sam"));
    assert!(!serde_json::to_string(&found.records).unwrap().contains("secret"));
}

#[test]
fn a_block_of_no_agent_is_told() {
    let mut file = agent_file();
    let mut other = file["agents"][0].clone();
    (other["name"], other["block_ids"]) = ("kim".into(), json!(["block-2"]));
    file["agents"][0]["block_ids"] = json!(["block-0"]);
    file["agents"].as_array_mut().unwrap().push(other);
    let found = collect("letta", "a.af", file.to_string().as_bytes());
    assert_eq!(
        (found.texts(), found.count(Fate::Lost, "block")),
        (vec!["Name: Ana.".into(), "Rows.".into()], 2)
    );
}

#[test]
fn a_file_within_a_string_is_read() {
    let text = Value::from(agent_file().to_string()).to_string();
    assert_eq!(decided(&mut file("a.af", text.as_bytes())), Some("letta"));
    assert_eq!(collect("letta", "a.af", text.as_bytes()).records.len(), 2);
    let pretty = serde_json::to_string_pretty(&agent_file()).unwrap();
    let text = Value::from(format!("{pretty}\n{}", " ".repeat(1 << 18))).to_string();
    assert_eq!(decided(&mut file("a.af", text.as_bytes())), Some("letta"), "also from its beginning");
    let empty = collect("letta", "a.af", b"");
    assert_eq!(empty.count(Fate::Failed, "agent file"), 1);
}

#[test]
fn in_older_files_words_are_taken_out_of_envelopes_and_tool_calls() {
    let call = |name: &str, arguments: Value| json!([{"id": "c", "function": {"name": name, "arguments": arguments.to_string()}}]);
    let envelope = |kind: &str, text: &str| json!({"type": kind, "message": text, "time": "x"}).to_string();
    let old = json!({
        "name": "old", "version": "0.6.47", "system": "x", "llm_config": {"model": "m-1"},
        "core_memory": [{"label": "human", "value": "Ana.", "created_at": "2025-05-01T10:00:00", "updated_at": "2025-05-02T10:00:00"}],
        "archival_memory": [{"id": "p1", "text": "Went to sea."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": envelope("login", "Ana logged in")}]},
            {"role": "user", "content": [{"type": "text", "text": envelope("user_message", "Which tea?")}]},
            {"role": "assistant", "content": [{"type": "text", "text": "I think of tea"}], "tool_calls": call("send_message", json!({"message": "Green."}))},
            {"role": "tool", "content": [{"type": "text", "text": "ok"}]},
            {"role": "assistant", "content": [{"type": "text", "text": "I search"}], "tool_calls": call("archival_memory_search", json!({"query": "x"}))},
        ],
    });
    let text = old.to_string();
    assert_eq!(decided(&mut file("a.af", text.as_bytes())), Some("letta"));
    let found = collect("letta", "a.af", text.as_bytes());
    assert_eq!(found.texts(), ["Ana.", "Went to sea."]);
    assert_eq!(found.memories()[0].updated_at.to_string(), "2025-05-02T10:00:00.000Z");
    let texts: Vec<_> = found.conversations[0].messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(texts, ["Which tea?", "Green."]);
    assert_eq!((found.count(Fate::Passed, "event"), found.count(Fate::Passed, "thoughts")), (1, 1));
}
