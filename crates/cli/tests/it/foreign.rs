//! Files of other tools: in, out again, and what is said of it.

use std::fs;

use omp_service::formats::testing::zip;
use serde_json::{Value, json};

use crate::program::Home;

/// A conversation of ChatGPT with a saved memory and an answer that was made twice.
fn conversation(id: &str, answer: &str, updated: u32) -> Value {
    let message = |id: &str, role: &str, text: &str, time: f64| {
        json!({"id": id, "author": {"role": role}, "create_time": time, "recipient": "all", "weight": 1,
               "content": {"content_type": "text", "parts": [text]}, "metadata": {"model_slug": "gpt-5"}})
    };
    let mut bio = message(
        &format!("{id}-bio"),
        "assistant",
        "Ana drinks green tea, ana@mail.example.",
        1_767_225_602.0,
    );
    bio["recipient"] = "bio".into();
    json!({"conversation_id": id, "title": "Tea", "create_time": 1_767_225_600, "update_time": updated, "current_node": "a",
    "mapping": {
        "q": {"parent": null, "children": ["o", "b"], "message": message("q", "user", "Which tea?", 1_767_225_601.0)},
        "o": {"parent": "q", "children": [], "message": message("o", "assistant", "Black.", 1_767_225_601.5)},
        "b": {"parent": "q", "children": ["a"], "message": bio},
        "a": {"parent": "b", "children": [], "message": message("a", "assistant", answer, f64::from(updated))},
    }})
}

fn export(home: &Home, name: &str, conversations: &[Value]) {
    let text = Value::from(conversations.to_vec()).to_string();
    let files =
        [("chatgpt/conversations.json", text.as_str()), ("chatgpt/user.json", r#"{"email":"x@y.example"}"#)];
    fs::write(home.path(name), zip(&files)).unwrap();
}

fn figures(report: &Value) -> [u64; 5] {
    ["imported", "updated", "unchanged", "conversations", "error_count"]
        .map(|name| report[name].as_u64().unwrap())
}

#[test]
fn an_archive_imported_twice_changes_nothing_and_a_newer_one_brings_what_is_new() {
    let home = Home::new();
    export(&home, "one.zip", &[conversation("c-1", "Green.", 1_767_225_603)]);
    let dry = home.ok(&["import", "one.zip", "--dry-run", "--json"]).json();
    assert_eq!(figures(&dry), [1, 0, 0, 1, 0]);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 0, "a dry run stores nothing");

    let first = home.ok(&["import", "one.zip", "--json"]).json();
    assert_eq!(figures(&first), [1, 0, 0, 1, 0]);
    assert_eq!(
        first["because"],
        "the items of chatgpt/conversations.json have `mapping`, a tree of messages"
    );
    assert_eq!(first["counts"]["passed"]["personal data"], 1);
    let again = home.ok(&["import", "one.zip", "--json"]).json();
    assert_eq!(figures(&again), [0, 0, 1, 0, 0]);

    // What was changed here stays, as long as the archive says the same.
    let memory = &home.ok(&["list", "--json"]).json()["memories"][0];
    let id = memory["id"].as_str().unwrap().to_owned();
    assert_eq!(
        (&memory["source"]["tool"], &memory["created_at"]),
        (&json!("chatgpt"), &json!("2026-01-01T00:00:02.000Z"))
    );
    home.ok(&["edit", &id, "--content", "Ana drinks black tea."]);
    home.ok(&["import", "one.zip"]);
    assert_eq!(home.ok(&["show", &id, "--json"]).json()["content"], "Ana drinks black tea.");

    let newer = [conversation("c-1", "Oolong.", 1_767_225_700), conversation("c-2", "Mint.", 1_767_225_800)];
    export(&home, "two.zip", &newer);
    let second = home.ok(&["import", "two.zip", "--json"]).json();
    assert_eq!(figures(&second), [1, 0, 1, 2, 0]);
    let all = home.ok(&["export", "--to", "omp", "--conversations"]).json();
    let talks = all["conversations"].as_array().unwrap();
    let changed = talks.iter().find(|talk| talk["origin"]["id"] == "c-1").unwrap();
    assert_eq!(changed["messages"][1]["content"], "Oolong.");
    assert_eq!(changed["messages"][1]["origin"]["model"], "gpt-5");
    assert_eq!(changed["origin"]["branches"][0][0]["content"], "Black.");
}

#[test]
fn what_came_from_another_tool_goes_out_as_interchange_with_its_original() {
    let home = Home::new();
    export(&home, "one.zip", &[conversation("c-1", "Green.", 1_767_225_603)]);
    home.ok(&["import", "one.zip"]);
    home.ok(&["export", "stored.omi.json"]);
    let converted = home.ok(&["convert", "one.zip", "converted.omi.json", "--json"]).json();
    assert_eq!(converted["counts"]["lost"], json!({"conversations": 1}), "{converted}");
    for file in ["stored.omi.json", "converted.omi.json"] {
        assert!(home.ok(&["validate", file, "--level", "L1"]).out.contains("L1"));
    }
    let records = |file: &str| -> Vec<Value> {
        let text = fs::read_to_string(home.path(file)).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["memories"].as_array().unwrap().clone()
    };
    assert_eq!(records("stored.omi.json"), records("converted.omi.json"));
    let origin = &records("stored.omi.json")[0]["ext"]["org.open-memory.origin"];
    assert_eq!((&origin["format"], &origin["raw"]["recipient"]), (&json!("chatgpt"), &json!("bio")));
    // The same memory, whichever way it came.
    let report = home.ok(&["import", "converted.omi.json", "--json"]).json();
    assert_eq!(figures(&report), [0, 0, 1, 0, 0]);
}

#[test]
fn items_are_chosen_and_blotted_out_on_the_way() {
    let home = Home::new();
    let talks = [conversation("c-1", "Green, ask ben@mail.example.", 1_767_225_603)];
    export(&home, "one.zip", &talks);
    let report = home.ok(&["import", "one.zip", "--since", "2026-02-01", "--dry-run", "--json"]).json();
    assert_eq!((figures(&report), &report["counts"]["passed"]["older item"]), ([0, 0, 0, 0, 0], &json!(2)));
    home.ok(&["import", "one.zip", "--redact", "--namespace", "old:chats"]);
    let all = home.ok(&["export", "--to", "omi"]).out + &home.ok(&["export", "--conversations"]).out;
    assert!(all.contains("[mail]") && all.contains("old:chats") && !all.contains("mail.example"), "{all}");
}

#[test]
fn a_file_that_nobody_knows_and_one_that_is_broken_end_in_a_clear_error() {
    let home = Home::new();
    home.write("photo.bin", "\u{1}\u{2}\u{3}");
    let unknown = home.omp(&["import", "photo.bin"]);
    assert_ne!(unknown.code, 0);
    assert!(unknown.err.contains("--from"), "{}", unknown.err);
    assert!(home.omp(&["import", "photo.bin", "--from", "nonsense"]).err.contains("chatgpt"));

    let good = conversation("c-1", "Green.", 1_767_225_603);
    home.write("cut.json", &format!("[{good},\n{{\"mapping\":{{\"a\":"));
    let cut = home.omp(&["import", "cut.json"]);
    assert_ne!(cut.code, 0);
    assert!(cut.err.contains("line 2") && cut.err.contains("2 items had been stored"), "{}", cut.err);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 1, "what came before the break stays");

    let deep = format!("[{good},{{\"mapping\":{}1{}}},7]", "[".repeat(100_000), "]".repeat(100_000));
    home.write("deep.json", &deep);
    let run = home.omp(&["import", "deep.json", "--json"]);
    let report = run.json();
    assert_eq!((run.code, figures(&report)[4]), (1, 2), "{report}");
    assert!(report["errors"][0]["message"].as_str().unwrap().contains("nested deeper"), "{report}");
}

#[test]
fn rules_of_a_project_go_in_and_memories_go_into_its_files() {
    let home = Home::new();
    let project = home.path("boat");
    fs::create_dir_all(project.join(".cursor/rules")).unwrap();
    let theirs = "# Boat\n\n- Use tabs.\n";
    fs::write(project.join("CLAUDE.md"), theirs).unwrap();
    fs::write(project.join(".cursor/rules/a.mdc"), "---\nglobs: *.rs\n---\n\n- Name things well.\n").unwrap();
    let report = home.ok(&["import", "boat", "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("rules"), [2, 0, 0, 0, 0]));
    assert_eq!(figures(&home.ok(&["import", "boat", "--json"]).json()), [0, 0, 2, 0, 0]);
    let memories = home.ok(&["list", "--namespace", "project:boat", "--json"]).json();
    assert_eq!(memories["total"], 2);

    home.ok(&["remember", "The keel is oak.", "--tool", "test"]);
    let out = home.ok(&["export", "boat", "--to", "rules"]);
    assert!(out.err.contains("`created` is not written"), "{}", out.err);
    assert_eq!(fs::read_to_string(project.join("CLAUDE.md")).unwrap().find(theirs), Some(0));
    let agents = fs::read_to_string(project.join("AGENTS.md")).unwrap();
    assert!(agents.contains("- The keel is oak. <!-- mem_") && !agents.contains("Use tabs"), "{agents}");
    // What went out from here is known when it comes back.
    assert_eq!(figures(&home.ok(&["import", "boat", "--json"]).json()), [0, 0, 3, 0, 0]);
    let elsewhere = Home::new();
    let path = project.display().to_string();
    assert_eq!(figures(&elsewhere.ok(&["import", &path, "--json"]).json())[0], 3);
}

#[test]
fn a_server_takes_and_gives_the_files_of_other_tools() {
    let home = Home::new();
    let server = home.serve(None);
    export(&home, "one.zip", &[conversation("c-1", "Green.", 1_767_225_603)]);
    let url = server.url.clone();
    let report = home.ok(&["--server", &url, "import", "one.zip", "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("chatgpt"), [1, 0, 0, 1, 0]));
    let text = home.ok(&["--server", &url, "export", "--to", "memory-text"]).out;
    assert_eq!(text, "```\n[2026-01-01] - Ana drinks green tea, ana@mail.example.\n```\n");
    fs::create_dir(home.path("boat")).unwrap();
    home.write("boat/AGENTS.md", "- Use tabs.\n");
    let report = home.ok(&["--server", &url, "import", "boat", "--json"]).json();
    assert_eq!((&report["format"], figures(&report)), (&json!("rules"), [1, 0, 0, 0, 0]));
}
