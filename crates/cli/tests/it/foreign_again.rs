//! Files of other tools that come again with something changed, and files that are not what they are said to be.

use std::fs;

use serde_json::{Value, json};

use crate::program::Home;

fn figures(report: &Value) -> [u64; 4] {
    ["imported", "updated", "unchanged", "conversations"].map(|name| report[name].as_u64().unwrap())
}

fn import(home: &Home, path: &str) -> [u64; 4] {
    figures(&home.ok(&["import", path, "--json"]).json())
}

fn entity(name: &str, observations: &[&str]) -> String {
    json!({"type": "entity", "name": name, "entityType": "person", "observations": observations}).to_string()
}

#[test]
fn what_was_edited_here_outlasts_changes_beside_it_in_the_file() {
    let home = Home::new();
    let ana = entity("Ana", &["Ana rows", "Ana sails"]);
    home.write("memory.jsonl", &ana);
    assert_eq!(import(&home, "memory.jsonl"), [2, 0, 0, 0]);
    let memories = home.ok(&["list", "--json"]).json()["memories"].clone();
    let rows = memories.as_array().unwrap().iter().find(|memory| memory["content"] == "Ana rows").unwrap();
    let id = rows["id"].as_str().unwrap();
    home.ok(&["edit", id, "--content", "Ana rows on Sundays", "--tag", "mine"]);
    let knows = json!({"type": "relation", "from": "Ana", "to": "Ben", "relationType": "knows"});
    home.write("memory.jsonl", &format!("{}\n{ana}\n{knows}", entity("Ben", &["Ben reads"])));
    assert_eq!(import(&home, "memory.jsonl"), [1, 0, 2, 0]);
    let memory = home.ok(&["show", id, "--json"]).json();
    assert_eq!((&memory["content"], &memory["tags"]), (&json!("Ana rows on Sundays"), &json!(["mine"])));
    let written = home.ok(&["export", "--to", "mcp-memory"]).out;
    assert!(written.contains("\"relationType\":\"knows\""), "what stands beside it is the newest: {written}");
}

#[test]
fn prompts_of_one_name_are_several_conversations_whatever_comes_first() {
    let home = Home::new();
    let prompt = |text: &str| {
        json!({"chunkedPrompt": {"chunks": [{"role": "user", "text": text}, {"role": "model", "text": "Yes"}]}})
            .to_string()
    };
    for folder in ["x", "y"] {
        fs::create_dir_all(home.path(&format!("all/{folder}"))).unwrap();
        home.write(&format!("all/{folder}/Untitled prompt"), &prompt(folder));
    }
    assert_eq!(import(&home, "all/x/Untitled prompt"), [0, 0, 0, 1]);
    assert_eq!(import(&home, "all/y/Untitled prompt"), [0, 0, 0, 1]);
    assert_eq!(import(&home, "all"), [0, 0, 0, 0]);
    let all = home.ok(&["export", "--to", "omp", "--conversations"]).json();
    assert_eq!(all["conversations"].as_array().unwrap().len(), 2);

    let agent = |text: &str| json!({"name": "helper", "messages": [{"role": "user", "content": [{"type": "text", "text": text}]}]});
    home.write("two.af", &json!({"agents": [agent("Tea?"), agent("Boats?")], "blocks": []}).to_string());
    let report = home.ok(&["import", "two.af", "--from", "letta", "--json"]).json();
    assert_eq!(
        (report["conversations"].as_u64(), &report["counts"]["changed"]["conversation"]),
        (Some(2), &json!(1))
    );
    assert_eq!(figures(&home.ok(&["import", "two.af", "--from", "letta", "--json"]).json()), [0, 0, 0, 0]);
}

/// A conversation of ChatGPT with so many turns.
fn long(turns: usize, updated: u32) -> Value {
    let node = |number: usize| {
        let parent = (number > 0).then(|| format!("n{}", number - 1));
        json!({"parent": parent, "children": [], "message": {"id": format!("n{number}"), "recipient": "all",
            "author": {"role": if number.is_multiple_of(2) { "user" } else { "assistant" }}, "create_time": 1_767_225_600,
            "content": {"content_type": "text", "parts": [format!("turn {number}")]}, "metadata": {}}})
    };
    let mapping: serde_json::Map<_, _> =
        (0..turns).map(|number| (format!("n{number}"), node(number))).collect();
    json!([{"conversation_id": "c", "title": "Long", "create_time": 1_767_225_600, "update_time": updated,
        "current_node": format!("n{}", turns - 1), "mapping": mapping}])
}

#[test]
fn what_has_become_shorter_leaves_no_parts_behind() {
    let home = Home::new();
    let item = |text: &str, day: u32| {
        json!([{"id": "a", "memory": text, "hash": "h", "user_id": "u", "created_at": "2026-05-01T00:00:00Z",
            "updated_at": format!("2026-05-{day:02}T00:00:00Z")}])
        .to_string()
    };
    home.write("m.json", &item(&"Quincunx and so on. ".repeat(1_250), 1));
    assert_eq!(import(&home, "m.json"), [3, 0, 0, 0]);
    home.write("m.json", &item("Short now.", 2));
    assert_eq!(import(&home, "m.json"), [0, 1, 0, 0]);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1);
    assert_eq!(import(&home, "m.json"), [0, 0, 1, 0]);

    home.write("conversations.json", &long(1_200, 1_767_225_600).to_string());
    assert_eq!(import(&home, "conversations.json"), [0, 0, 0, 3]);
    home.write("conversations.json", &long(4, 1_767_225_700).to_string());
    let report = home.ok(&["import", "conversations.json", "--json"]).json();
    assert_eq!(report["counts"]["kept"]["conversations: parts that are no more"], 2, "{report}");
    let all = home.ok(&["export", "--to", "omp", "--conversations"]).json();
    let topics: Vec<_> = all["conversations"].as_array().unwrap().iter().map(|talk| &talk["topic"]).collect();
    assert_eq!(topics, ["Long"]);
}

#[test]
fn what_has_expired_is_passed_over_every_time() {
    let home = Home::new();
    let item = json!([{"id": "a", "memory": "Rows", "hash": "h", "expiration_date": "2020-01-01",
        "created_at": "2019-05-01T00:00:00Z"}]);
    home.write("m.json", &item.to_string());
    for _ in 0..2 {
        let report = home.ok(&["import", "m.json", "--json"]).json();
        assert_eq!(figures(&report), [0, 0, 0, 0]);
        assert_eq!(report["counts"]["passed"]["expired memory"], 1, "{report}");
    }
}

#[test]
fn the_wrong_format_and_damaged_files_are_told_as_what_they_are() {
    let home = Home::new();
    home.write("mem0.json", r#"[{"id":"a","memory":"Rows","hash":"h","user_id":"u"}]"#);
    for wrong in [
        "grok",
        "letta",
        "graphiti",
        "mif",
        "pam",
        "mcp-memory-service",
        "gemini-takeout",
        "cogx",
        "codex",
        "gemini-cli",
    ] {
        let run = home.omp(&["import", "mem0.json", "--from", wrong]);
        assert_ne!(run.code, 0, "{wrong}: {} {}", run.out, run.err);
    }
    let grok = home.omp(&["import", "mem0.json", "--from", "grok"]);
    assert!(grok.err.contains("nothing that grok reads; it looks like mem0"), "{}", grok.err);
    home.write("empty.json", "[]");
    assert_eq!(figures(&home.ok(&["import", "empty.json", "--from", "chatgpt", "--json"]).json()), [0; 4]);

    // Of a packed file the half: its head, and a block that is not compressed and promises more than there is.
    let line = entity("Ana", &["Ana rows"]) + "\n";
    let length = u16::try_from(2 * line.len()).unwrap();
    let mut packed = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1];
    packed.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
    packed.extend(line.as_bytes());
    fs::write(home.path("memory.jsonl.gz"), &packed).unwrap();
    let cut = home.omp(&["import", "memory.jsonl.gz", "--from", "mcp-memory"]);
    assert!(cut.err.contains("damaged or cut off") && !cut.err.contains("unavailable"), "{}", cut.err);
    assert_eq!(cut.code, 1, "it is the file that is wrong");
}
