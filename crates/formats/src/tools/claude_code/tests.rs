use serde_json::{Value, json};

use crate::Fate;
use crate::testing::{Found, archive, collect, collect_files, decided, file};

fn line(kind: &str, uuid: &str, parent: Option<&str>, content: &Value) -> Value {
    json!({"parentUuid": parent, "isSidechain": false, "cwd": "/home/ana/my-boat", "sessionId": "s-1", "type": kind,
           "message": {"role": kind, "content": content}, "uuid": uuid, "timestamp": "2026-05-01T10:20:30.500Z"})
}

fn text(lines: &[Value]) -> String {
    lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
}

fn said(found: &Found) -> Vec<&str> {
    found.conversations[0].messages.iter().map(|message| message.content.as_str()).collect()
}

fn answer(uuid: &str, parent: &str, block: &Value) -> Value {
    let mut line = line("assistant", uuid, Some(parent), &json!([block]));
    line["message"]["id"] = "m-1".into();
    line["message"]["model"] = "claude-x".into();
    line
}

/// A question, an answer over several lines with a call between, and what tools and the program add.
fn session() -> Vec<Value> {
    let mut meta = line("user", "h", Some("q"), &json!("Caveat"));
    meta["isMeta"] = true.into();
    let mut side = line("user", "side", Some("q"), &json!("Search"));
    side["isSidechain"] = true.into();
    vec![
        json!({"type": "summary", "summary": "Of another session", "leafUuid": "elsewhere"}),
        json!({"type": "file-history-snapshot", "messageId": "x"}),
        line("user", "q", None, &json!("Which oak?<system-reminder>be good</system-reminder>")),
        meta,
        side,
        answer("a1", "q", &json!({"type": "thinking", "thinking": "hm"})),
        answer("a2", "a1", &json!({"type": "text", "text": "Let me look."})),
        answer("a3", "a2", &json!({"type": "tool_use", "name": "Read", "input": {}})),
        line("user", "r", Some("a3"), &json!([{"type": "tool_result", "content": "oak"}])),
        answer("a4", "r", &json!({"type": "text", "text": "White oak; key sk-proj-abcdefghijklmnop1234."})),
        line(
            "user",
            "c",
            Some("a4"),
            &json!("<command-name>/clear</command-name><command-args>all</command-args>"),
        ),
        line("user", "o", Some("c"), &json!("<local-command-stdout>done</local-command-stdout>")),
        json!({"type": "ai-title", "aiTitle": "Oak for the keel", "sessionId": "s-1"}),
    ]
}

#[test]
fn only_what_was_said_is_kept_and_an_answer_is_one_turn() {
    let session = text(&session());
    assert_eq!(decided(&mut file("s-1.jsonl", session.as_bytes())), Some("claude-code"));
    let found = collect("claude-code", "s-1.jsonl", session.as_bytes());
    assert_eq!(said(&found), ["Which oak?", "Let me look.\n\nWhite oak; key [key].", "/clear all"]);
    let talk = &found.conversations[0];
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("claude-x", "Oak for the keel"));
    let origin = talk.origin.as_ref().unwrap();
    assert_eq!((origin.id.as_deref(), origin.namespace.as_deref()), (Some("s-1"), Some("project:my-boat")));
    assert_eq!(talk.created_at.to_string(), "2026-05-01T10:20:30.500Z");
    assert!(origin.branches.is_empty());
    for (fate, kind) in [
        (Fate::Passed, "hidden message"),
        (Fate::Passed, "thoughts"),
        (Fate::Passed, "tool call"),
        (Fate::Passed, "tool result"),
        (Fate::Passed, "message of a sub-agent"),
        (Fate::Passed, "output of a command"),
        (Fate::Passed, "line of the program"),
        (Fate::Changed, "key"),
    ] {
        assert_eq!(found.count(fate, kind), 1, "{kind}");
    }
}

#[test]
fn keys_in_titles_and_summaries_are_blotted_out_too() {
    let key = "sk-proj-abcdefghijklmnop1234";
    let question = line("user", "q", None, &json!("Which?"));
    for title in [
        json!({"type": "ai-title", "aiTitle": format!("Use {key}")}),
        json!({"type": "custom-title", "customTitle": format!("Use {key}")}),
        json!({"type": "summary", "leafUuid": "q", "summary": format!("Use {key}")}),
    ] {
        let found = collect("claude-code", "", text(&[question.clone(), title]).as_bytes());
        assert_eq!(found.conversations[0].topic.as_str(), "Use [key]");
        assert_eq!(found.count(Fate::Changed, "key"), 1);
    }
}

#[test]
fn every_line_is_kept_or_told() {
    let mut bare = line("assistant", "a", None, &json!("Without a name."));
    bare.as_object_mut().unwrap().remove("uuid");
    let lines = [
        line("user", "q", None, &json!("One?")),
        bare,
        line("user", "e", None, &json!("")),
        json!({"type": "queue-operation", "operation": "enqueue", "content": "Two?", "sessionId": "s-1"}),
        json!({"type": "system", "uuid": "s", "content": "x", "sessionId": "s-1"}),
        json!({"type": "progress", "uuid": "p", "sessionId": "s-1"}),
        line("user", "q2", None, &json!("Two?")),
    ];
    let found = collect("claude-code", "", text(&lines).as_bytes());
    assert_eq!(said(&found), ["One?", "Without a name.", "Two?"]);
    for (kind, count) in [("empty message", 1), ("queued message", 1), ("line of the program", 2)] {
        assert_eq!(found.count(Fate::Passed, kind), count, "{kind}");
    }
}

#[test]
fn going_back_makes_a_branch_and_a_summary_repeats_nothing() {
    let mut summary = line("user", "sum", Some("boundary"), &json!("All of it again"));
    summary["isCompactSummary"] = true.into();
    let boundary = json!({"type": "system", "uuid": "boundary", "parentUuid": null, "logicalParentUuid": "a2", "sessionId": "s-1"});
    let lines = [
        line("user", "q", None, &json!("One?")),
        line("assistant", "a1", Some("q"), &json!("Old.")),
        line("assistant", "a2", Some("q"), &json!("New.")),
        boundary,
        summary,
        line("user", "q2", Some("sum"), &json!("Two?")),
        line("user", "q2", Some("sum"), &json!("Two?")),
        json!({"type": "summary", "summary": "Numbers", "leafUuid": "q2"}),
    ];
    let found = collect("claude-code", "", text(&lines).as_bytes());
    assert_eq!(said(&found), ["One?", "New.", "Two?"]);
    let talk = &found.conversations[0];
    assert_eq!(talk.topic.as_str(), "Numbers");
    assert_eq!(talk.origin.as_ref().unwrap().branches[0][0].content.as_str(), "Old.");
    assert_eq!(found.count(Fate::Passed, "summary of the dialogue"), 1);
    assert_eq!(found.count(Fate::Passed, "repeated line"), 1);
}

#[test]
fn a_folder_gives_its_sessions_and_names_what_is_none() {
    let mut agent = line("user", "x", None, &json!("Search"));
    agent["isSidechain"] = true.into();
    agent["agentId"] = "abc".into();
    let (session, agent) = (text(&session()), text(&[agent]));
    let history = "{\"display\":\"/plan\",\"timestamp\":1,\"sessionId\":\"s\"}\n";
    let files = [
        ("-home-ana-my-boat/s-1.jsonl", session.as_str()),
        ("-home-ana-my-boat/agent-abc.jsonl", &agent),
        ("-home-ana-my-boat/memory/MEMORY.md", "# Memory"),
        ("history.jsonl", history),
    ];
    assert_eq!(decided(&mut archive(&files)), Some("claude-code"));
    let found = collect_files("claude-code", &files);
    assert_eq!(found.conversations.len(), 1);
    assert_eq!(found.count(Fate::Passed, "sub-agent session"), 1);
    assert_eq!(found.count(Fate::Passed, "file"), 2);
    let alone = collect("claude-code", "agent-abc.jsonl", agent.as_bytes());
    assert_eq!(alone.conversations[0].origin.as_ref().unwrap().id.as_deref(), Some("s-1/abc"));
    assert_ne!(decided(&mut file("history.jsonl", history.as_bytes())), Some("claude-code"));
}

#[test]
fn a_session_may_begin_with_more_lines_of_the_program_than_are_looked_at() {
    let snapshot =
        json!({"type": "file-history-snapshot", "messageId": "x", "snapshot": {"a": "x".repeat(1_000)}});
    let header = format!("{snapshot}\n").repeat(300);
    let long = format!("{header}{}", text(&session()));
    let short = text(&session());
    let found = collect_files("claude-code", &[("p/s-0.jsonl", long.as_str()), ("p/s-1.jsonl", &short)]);
    assert_eq!((found.conversations.len(), found.count(Fate::Passed, "file")), (2, 0));
}

#[test]
fn bad_lines_are_named_and_the_session_goes_on() {
    let lines = format!(
        "{}{{cut\n7\n{}",
        text(&[line("user", "q", None, &json!("Q"))]),
        text(&[line("assistant", "a", Some("q"), &json!("A"))])
    );
    let found = collect("claude-code", "", lines.as_bytes());
    assert_eq!(said(&found), ["Q", "A"]);
    let failed: Vec<_> = found.notes.iter().filter(|n| n.0 == Fate::Failed).map(|n| n.3.as_str()).collect();
    assert_eq!(failed, ["line 2", "line 3"]);
}
