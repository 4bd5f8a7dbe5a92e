//! Conversations: saved, shown, gone on with.

use std::fs;

use serde_json::json;

use crate::program::Home;

#[test]
fn a_conversation_is_saved_shown_and_goes_on_in_another_tool() {
    let home = Home::new();
    let saved =
        home.with_input(&["save", "--topic", "Tea"], "Chat\n\nUser: Which tea?\n\nClaude: Green.\n\nUser:\n");
    assert_eq!(saved.code, 0, "{}", saved.err);
    assert_eq!(saved.err, "1 lines before the first turn were left out\nsaved 2 turns with claude\n");
    let id = saved.out.trim();
    assert!(id.starts_with("conv_"), "{id}");
    home.ok(&["remember", "Prefers green tea"]);
    let recent = home.ok(&["recent"]).shown(&home).replace(id, "<conv>");
    insta::assert_snapshot!(recent, @r"
    status 0
    --- out
    <conv> claude · <date> · 2 turns
      Tea
    <id> semantic · cli · <date>
      Prefers green tea
    --- err
    1 conversation, 1 memory
    ");
    insta::assert_snapshot!(home.ok(&["handoff", "--to", "ChatGPT"]).shown(&home).replace(id, "<conv>"), @r"
    status 0
    --- out
    I have been talking with Claude about “Tea”. The last thing I said there was: “Which tea?”. ChatGPT, please go on from where Claude left off.
    --- err
    <conv>: 2 turns with claude
    ");
    assert!(home.ok(&["handoff", id]).out.ends_with("Please go on from there.\n"));
    assert_eq!(home.ok(&["handoff", "--from", "claude", "--json"]).json()["message_count"], 2);
    let none = home.omp(&["handoff", "--from", "gemini"]);
    assert!(none.code == 3 && none.err.contains("No conversation with gemini is saved yet"), "{}", none.err);
}

#[test]
fn recent_says_what_is_new_since() {
    let home = Home::new();
    home.ok(&["remember", "Prefers green tea"]);
    home.with_input(&["save"], "User: Hi\nAI: Yes");
    let of = |since: &str| {
        let recent = home.ok(&["recent", "--json", "--since", since]).json();
        (recent["conversations"].as_array().unwrap().len(), recent["memories"].as_array().unwrap().len())
    };
    assert_eq!((of("1h"), of("2020-01-01"), of("2999-01-01")), ((1, 1), (1, 1), (0, 0)));
    assert!(home.ok(&["recent", "--json"]).json()["conversations"][0].get("messages").is_none());
    assert_eq!(home.omp(&["recent", "--since", "soon"]).code, 2);
}

#[test]
fn json_messages_are_saved_and_long_conversations_in_parts() {
    let home = Home::new();
    let messages: Vec<_> =
        (0..600).map(|n| json!({"role": if n % 2 == 0 { "user" } else { "assistant" }, "content": format!("turn {n}")})).collect();
    let whole = json!({"model": "gemini-pro", "title": "Long", "messages": messages});
    home.write("chat.json", &whole.to_string());
    let saved = home.ok(&["save", "chat.json", "--json"]).json();
    let parts = saved["conversations"].as_array().unwrap();
    assert_eq!(
        (parts.len(), &parts[0]["message_count"], &parts[1]["message_count"]),
        (2, &json!(500), &json!(100))
    );
    assert_eq!((&parts[0]["model"], &parts[0]["topic"]), (&json!("gemini-pro"), &json!("Long (1/2)")));
    let all = home.ok(&["export", "--to", "omp", "--conversations"]).json();
    let turns: usize = all["conversations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["messages"].as_array().unwrap().len())
        .sum();
    assert_eq!(turns, 600, "none lost");
}

#[test]
fn what_is_no_conversation_is_named_and_nothing_is_saved() {
    let home = Home::new();
    for (input, said) in [
        ("just a note", "no turns were found"),
        (
            r#"[{"role":"user","content":"a"},{"role":"king","content":"b"}]"#,
            "messages[1].role must be user or assistant",
        ),
        ("User:\n\nAssistant:  \n", "nobody says anything in it"),
    ] {
        let run = home.with_input(&["save"], input);
        assert!(run.code == 1 && run.err.contains(said), "{input}: {}", run.err);
    }
    home.write("note.txt", "just a note");
    assert_ne!(home.omp(&["save", "note.txt"]).code, 0);
    assert!(home.ok(&["recent", "--json"]).json()["conversations"].as_array().unwrap().is_empty());
}

#[test]
fn the_file_of_another_tool_is_saved_as_import_reads_it() {
    let home = Home::new();
    let export = json!([{"uuid": "c-1", "name": "Tea", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "account": {"uuid": "a"}, "chat_messages": [
            {"uuid": "m-1", "sender": "human", "text": "Which tea?", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
             "content": [{"type": "text", "text": "Which tea?"}], "attachments": [], "files": []},
            {"uuid": "m-2", "sender": "assistant", "text": "Green.", "created_at": "2026-01-01T00:00:01Z", "updated_at": "2026-01-01T00:00:01Z",
             "content": [{"type": "text", "text": "Green."}], "attachments": [], "files": []}]}]);
    fs::write(home.path("conversations.json"), export.to_string()).unwrap();
    let saved = home.ok(&["save", "conversations.json"]);
    assert!(saved.err.contains("claude-ai: 1 read, 1 conversation and 0 memories"), "{}", saved.err);
    home.ok(&["save", "conversations.json"]);
    assert_eq!(
        home.ok(&["recent", "--json"]).json()["conversations"].as_array().unwrap().len(),
        1,
        "twice is once"
    );
}

#[test]
fn the_session_of_a_coding_agent_is_offered_and_saved_once() {
    let home = Home::new();
    let line = |id: &str, parent: Option<&str>, kind: &str, message: serde_json::Value| {
        json!({"type": kind, "uuid": id, "parentUuid": parent, "timestamp": "2026-11-20T10:00:00.000Z", "isSidechain": false,
            "sessionId": "5d0c8a52-1111-4222-8333-944445555666", "cwd": "/home/a/boat", "version": "2.0.0", "message": message})
        .to_string()
    };
    let asked = line("u1", None, "user", json!({"role": "user", "content": "Which colour has the hull?"}));
    let said = json!({"id": "m1", "role": "assistant", "model": "claude-x", "content": [{"type": "text", "text": "It is red."}]});
    let file =
        home.write("session.jsonl", &format!("{asked}\n{}\n", line("u2", Some("u1"), "assistant", said)));
    let ended =
        json!({"transcript_path": file, "cwd": home.path("."), "hook_event_name": "SessionEnd"}).to_string();
    for _ in 0..2 {
        home.with_input(&["hook", "session-end", "--tool", "claude-code"], &ended);
        assert_eq!(home.ok(&["save", "--offered", "--json"]).json().as_array().unwrap().len(), 1);
        home.ok(&["save", "--last"]);
        let saved = home.ok(&["recent", "--json"]).json();
        assert_eq!(saved["conversations"].as_array().unwrap().len(), 1, "twice is once");
        assert_eq!(
            (&saved["conversations"][0]["model"], &saved["conversations"][0]["message_count"]),
            (&json!("claude-x"), &json!(2))
        );
    }
    assert!(home.omp(&["save", "--last"]).err.contains("no session is offered"));
}

#[test]
fn the_log_tells_what_happened_and_what_became_of_a_memory() {
    let home = Home::new();
    let id = home.ok(&["remember", "Lives in Munich", "--tag", "home"]).out.trim().to_owned();
    home.ok(&["edit", &id, "--content", "Lives in Berlin", "--tag", "city", "--namespace", "me"]);
    let gone = home.ok(&["remember", "Gone soon"]).out.trim().to_owned();
    home.ok(&["forget", &gone]);
    let minute = |text: &str| {
        let lines = text.lines().map(|line| {
            let after = line.strip_prefix("<date> ").and_then(|rest| rest.get(5..));
            after.map_or_else(|| line.to_owned(), |rest| format!("<minute>{rest}"))
        });
        lines.collect::<Vec<_>>().join("\n")
    };
    let all = home.ok(&["log"]);
    assert!(!all.out.contains("Gone soon"), "what is forgotten is not told");
    insta::assert_snapshot!(minute(&all.shown(&home)), @r"
    status 0
    --- out
    <minute>  forgot  <id>
    <minute>  stored  <id>
    <minute>  changed  <id> · cli
      Lives in Berlin
    <minute>  stored  <id> · cli
      Lives in Berlin
    --- err
    ");
    insta::assert_snapshot!(minute(&home.ok(&["log", &id]).shown(&home)), @r"
    status 0
    --- out
    <minute>  version 2 changed
      - Lives in Munich
      + Lives in Berlin
      tags: home → city
      namespace: none → me
    <minute>  version 1 stored
      Lives in Munich
    --- err
    2 of 2 versions
    ");
    assert_eq!(home.ok(&["log", "--json", "--limit", "2"]).json()["entries"].as_array().unwrap().len(), 2);
    assert_eq!(home.ok(&["log", &id, "--limit", "1"]).out.matches("version").count(), 1);
    assert_eq!(home.omp(&["log", "mem_0000000000000000"]).code, 3);
    assert_eq!(home.ok(&["log", "--since", "2999-01-01"]).err, "nothing has happened\n");
}

#[test]
fn conversations_of_an_earlier_version_are_found() {
    let home = Home::new();
    let id = home.with_input(&["save"], "User: Which tea?\nAI: Green.").out.trim().to_owned();
    rusqlite::Connection::open(home.path("memory.db"))
        .unwrap()
        .execute_batch(
            "DROP TABLE conversation_words; DROP TABLE conversation_heads; DROP TABLE conversation_totals; \
             DROP TABLE conversation_vectors; DROP TABLE conversation_backlog; DROP TABLE job_conversations; \
             DROP TABLE jobs; PRAGMA user_version = 3",
        )
        .unwrap();
    for mode in ["keyword", "hybrid"] {
        let found = home.ok(&["conversations", "green", "tea", "--mode", mode, "--json"]).json();
        assert_eq!(found["conversations"][0]["id"], *id, "{found}");
        assert_eq!((&found["mode_used"], found.get("degraded")), (&json!(mode), None), "{found}");
    }
    assert!(home.ok(&["doctor"]).out.contains("the index of conversations"));
}
