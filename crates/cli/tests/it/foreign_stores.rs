//! Stores of other tools through the whole program: in, changed, out again, in again.

use std::fs;

use serde_json::{Value, json};

use crate::program::Home;

fn figures(report: &Value) -> [u64; 4] {
    ["imported", "updated", "unchanged", "error_count"].map(|name| report[name].as_u64().unwrap())
}

#[test]
fn a_store_of_mem0_comes_back_as_it_was_and_with_what_was_changed() {
    let home = Home::new();
    let store = json!({"results": [
        {"id": "u-1", "memory": "Ana rows", "hash": "h", "metadata": {"category": "sport"}, "user_id": "ana", "score": 0.25,
         "created_at": "2026-05-01T10:20:30.123456+00:00", "updated_at": "2026-05-01T10:20:30.123456+00:00"},
        {"id": "u-2", "memory": "Ben sails", "hash": "h", "metadata": null, "user_id": "ben", "created_at": "2026-05-01T10:20:31+00:00"}]});
    home.write("store.json", &store.to_string());
    let report = home.ok(&["import", "store.json", "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("mem0"), [2, 0, 0, 0]));
    assert_eq!(figures(&home.ok(&["import", "store.json", "--json"]).json()), [0, 0, 2, 0]);
    assert_eq!(home.ok(&["export", "--to", "mem0"]).json()["results"].as_array().unwrap().len(), 2);

    let written = home.ok(&["export", "--to", "mem0"]).json();
    for item in store["results"].as_array().unwrap() {
        assert!(written["results"].as_array().unwrap().contains(item), "{written}");
    }
    let id = home.ok(&["list", "--json"]).json()["memories"]
        .as_array()
        .unwrap()
        .iter()
        .find(|memory| memory["content"] == "Ana rows")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    home.ok(&["edit", &id, "--content", "Ana rows on Sundays"]);
    home.ok(&["remember", "The keel is oak.", "--tool", "test"]);
    home.ok(&["export", "back.json", "--to", "mem0"]);
    let text = fs::read_to_string(home.path("back.json")).unwrap();
    assert!(text.contains(r#""score":0.25"#) && text.contains("Ana rows on Sundays"), "{text}");
    assert_eq!(figures(&home.ok(&["import", "back.json", "--json"]).json()), [0, 0, 3, 0]);
    let elsewhere = Home::new();
    let path = home.path("back.json").display().to_string();
    assert_eq!(figures(&elsewhere.ok(&["import", &path, "--json"]).json()), [3, 0, 0, 0]);
    assert_eq!(elsewhere.ok(&["show", &id, "--json"]).json()["content"], "Ana rows on Sundays");
}

#[test]
fn a_newer_store_updates_what_has_changed_there() {
    let home = Home::new();
    let item = |text: &str, day: u32| {
        json!([{"id": "u-1", "memory": text, "hash": "h", "user_id": "a",
        "created_at": "2026-05-01T00:00:00Z", "updated_at": format!("2026-05-{day:02}T00:00:00Z")}])
        .to_string()
    };
    home.write("one.json", &item("Old", 1));
    home.write("two.json", &item("New", 2));
    home.ok(&["import", "one.json"]);
    assert_eq!(figures(&home.ok(&["import", "two.json", "--json"]).json()), [0, 1, 0, 0]);
    assert_eq!(home.ok(&["list", "--json"]).json()["memories"][0]["content"], "New");
}

#[test]
fn a_folder_of_notes_is_changed_where_a_memory_was_and_a_graph_becomes_notes() {
    let home = Home::new();
    fs::create_dir_all(home.path("vault/.obsidian")).unwrap();
    let note = "# Boat\n\nBuilt of [[Oak]].\n\n## Mast\n\nOf pine.\n";
    home.write("vault/Boat.md", note);
    let report = home.ok(&["import", "vault", "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("obsidian"), [2, 0, 0, 0]));
    let memories = home.ok(&["list", "--json"]).json()["memories"].clone();
    let mast = memories.as_array().unwrap().iter().find(|m| m["content"] == "Boat / Mast: Of pine.").unwrap();
    home.ok(&["edit", mast["id"].as_str().unwrap(), "--content", "Boat / Mast: Of spruce."]);
    home.ok(&["remember", "Ana drinks tea.", "--tool", "test"]);
    home.ok(&["export", "vault", "--to", "obsidian"]);
    assert_eq!(fs::read_to_string(home.path("vault/Boat.md")).unwrap(), note.replace("pine", "spruce"));
    assert!(fs::read_to_string(home.path("vault/Ana drinks tea.md")).unwrap().contains("omp_id: mem_"));
    assert_eq!(figures(&home.ok(&["import", "vault", "--json"]).json())[0], 0, "nothing is new to us");

    home.write(
        "memory.jsonl",
        "{\"type\":\"entity\",\"name\":\"Ana\",\"entityType\":\"person\",\"observations\":[\"Rows\"]}",
    );
    home.ok(&["convert", "memory.jsonl", "notes", "--to", "basic-memory"]);
    assert!(fs::read_to_string(home.path("notes/Ana Rows.md")).unwrap().contains("- [fact] Ana: Rows\n"));
}

#[test]
fn sessions_of_tools_become_conversations_without_their_keys() {
    let home = Home::new();
    fs::create_dir_all(home.path("sessions")).unwrap();
    let line = |kind: &str, uuid: &str, parent: Option<&str>, text: &str| {
        json!({"type": kind, "uuid": uuid, "parentUuid": parent, "sessionId": "s-1", "cwd": "/home/ana/boat",
               "timestamp": "2026-05-01T10:00:00Z", "message": {"role": kind, "content": text}})
    };
    let session =
        [line("user", "q", None, "Use AKIAABCDEFGHIJKLMNOP"), line("assistant", "a", Some("q"), "Done.")];
    home.write("sessions/s-1.jsonl", &session.map(|line| format!("{line}\n")).concat());
    let report = home.ok(&["import", "sessions", "--json"]).json();
    assert_eq!((&report["format"], &report["conversations"]), (&json!("claude-code"), &json!(1)));
    let all = home.ok(&["export", "--to", "omp", "--conversations"]).out;
    assert!(all.contains("Use [key]") && all.contains("project:boat") && !all.contains("AKIA"), "{all}");
}
