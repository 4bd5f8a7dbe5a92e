use serde_json::{Value, json};

use crate::Fate;
use crate::testing::{archive, collect, collect_files, decided, file};

fn turn(id: &str, sender: &str, text: &str, second: u32) -> Value {
    json!({"uuid": id, "sender": sender, "text": text, "created_at": format!("2026-01-01T00:00:{second:02}.123456Z"),
           "attachments": [], "files": []})
}

#[expect(clippy::needless_pass_by_value, reason = "made for one place each")]
fn conversation(messages: Value) -> Value {
    json!({"uuid": "c-1", "name": "", "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-02T00:00:00Z",
           "account": {"uuid": "acc"}, "chat_messages": messages})
}

#[test]
fn turns_without_parents_are_put_in_the_order_of_their_times() {
    // A question stands first although it was asked later; question and answer have the same time.
    let messages = json!([
        turn("q2", "human", "Second?", 9),
        turn("a1", "assistant", "First.", 5),
        turn("q1", "human", "First?", 5),
        turn("a2", "assistant", "Second.", 9),
    ]);
    let found =
        collect("claude-ai", "conversations.json", json!([conversation(messages)]).to_string().as_bytes());
    let talk = &found.conversations[0];
    let texts: Vec<_> = talk.messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(texts, ["First?", "First.", "Second?", "Second."]);
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("claude", "First?"));
    assert_eq!(talk.source_url.as_ref().unwrap().as_str(), "https://claude.ai/chat/c-1");
    assert_eq!(talk.updated_at.to_string(), "2026-01-02T00:00:00.000Z");
}

#[test]
fn turns_with_parents_are_a_tree_that_ends_at_its_newest_leaf() {
    let child = |id: &str, sender: &str, text: &str, second: u32, parent: &str| {
        let mut turn = turn(id, sender, text, second);
        turn["parent_message_uuid"] = parent.into();
        turn
    };
    let messages = json!([
        child("q", "human", "Q", 1, "00000000-0000-4000-8000-000000000000"),
        child("old", "assistant", "Old", 2, "q"),
        child("new", "assistant", "New", 3, "q"),
    ]);
    let found = collect("claude-ai", "", conversation(messages).to_string().as_bytes());
    let talk = &found.conversations[0];
    assert_eq!(talk.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(), ["Q", "New"]);
    let branches = &talk.origin.as_ref().unwrap().branches;
    assert_eq!(branches[0][0].content.as_str(), "Old");
    assert_eq!(branches[0][0].origin.as_ref().unwrap().parent_id.as_deref(), Some("q"));
}

#[test]
fn blocks_count_before_text_and_only_the_dialogue_is_kept() {
    let mut answer = turn("a", "assistant", "repeated", 1);
    answer["content"] = json!([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "One."},
        {"type": "tool_use", "name": "x"}, {"type": "text", "text": "Two."}, {"type": "novel"}]);
    let mut question = turn("q", "human", "", 0);
    question["attachments"] = json!([{"file_name": "a.pdf", "extracted_content": "long"}, {"file_name": ""}]);
    let messages = json!([question, answer, turn("e", "human", " ", 2)]);
    let found = collect("claude-ai", "", json!([conversation(messages)]).to_string().as_bytes());
    let talk = &found.conversations[0];
    assert_eq!(
        talk.messages.iter().map(|m| m.content.as_str()).collect::<Vec<_>>(),
        ["[file]", "One.\n\nTwo."]
    );
    assert_eq!(talk.messages[0].origin.as_ref().unwrap().attachments, ["a.pdf", "pasted text"]);
    for (fate, kind) in [
        (Fate::Passed, "thoughts"),
        (Fate::Passed, "tool call"),
        (Fate::Passed, "block of another kind"),
        (Fate::Passed, "empty message"),
        (Fate::Lost, "text of an attached file"),
    ] {
        assert_eq!(found.count(fate, kind), 1, "{kind}");
    }
}

const MEMORIES: &str = r##"[{"account_uuid":"acc","conversations_memory":"**Work**\n\nAna builds boats.\nShe rows.\n\n## Home\n- Has a dog\n- Drinks tea",
  "project_memories":{"p-1":"Uses oak."},"memory_files":[{"path":"/me.md","content":"# Me","updated_at":"2026-03-04T05:06:07Z"}]}]"##;

#[test]
fn an_archive_gives_memories_projects_and_conversations() {
    let conversations =
        json!([conversation(json!([turn("q", "human", "Hi", 1)])), conversation(json!([]))]).to_string();
    let projects = r#"[{"uuid":"p-1","name":"My Boat","prompt_template":"Answer in knots.","created_at":"2026-01-01T00:00:00Z",
        "docs":[{"filename":"plan.txt","content":"x"}]},{"uuid":"p-2","name":"Empty","docs":[]}]"#;
    let files = [
        ("conversations.json", conversations.as_str()),
        ("memories.json", MEMORIES),
        ("projects.json", projects),
        ("users.json", r#"[{"uuid":"acc","email_address":"a@b.example"}]"#),
    ];
    assert_eq!(decided(&mut archive(&files)), Some("claude-ai"));
    assert_eq!(decided(&mut file("x.json", MEMORIES.as_bytes())), Some("claude-ai"));
    assert_eq!(decided(&mut file("x.json", projects.as_bytes())), Some("claude-ai"));
    let found = collect_files("claude-ai", &files);
    assert_eq!(
        found.texts(),
        ["Answer in knots.", "Ana builds boats.\nShe rows.", "Has a dog", "Drinks tea", "Uses oak.", "# Me"]
    );
    let memories = found.memories();
    assert_eq!(memories[0].kind, omp_model::MemoryType::Procedural);
    assert_eq!(memories[1].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["work"]);
    assert_eq!(memories[1].source.user_id.as_ref().unwrap().as_str(), "acc");
    assert_eq!(memories[4].namespace.as_ref().unwrap().as_str(), "claude:project:my-boat");
    assert_eq!(memories[5].created_at.to_string(), "2026-03-04T05:06:07.000Z");
    assert_eq!((found.conversations.len(), found.count(Fate::Passed, "empty conversation")), (1, 1));
    assert_eq!(found.count(Fate::Passed, "personal data"), 1);
    assert_eq!(found.count(Fate::Passed, "document of a project"), 1);
    let again = collect("claude-ai", "memories.json", MEMORIES.as_bytes()).memories();
    let ids = |memories: &[omp_model::Memory]| memories.iter().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(ids(&again)[..3], ids(&memories)[1..4], "ids follow from account, heading and text");
}

#[test]
fn a_design_chat_is_a_conversation() {
    let chat = json!({"uuid": "d", "title": "Logo", "created_at": "2026-01-01T00:00:00Z", "messages": [
        {"uuid": "m", "role": "user", "created_at": "2026-01-01T00:00:01Z", "content": {"content": "A logo"}},
        {"uuid": "n", "role": "assistant", "content": {"contentBlocks": [
            {"type": "thinking", "text": "hm"}, {"type": "tool_use", "name": "draw"}, {"type": "text", "text": "Here"}]}},
        {"uuid": "s", "role": "system", "content": {"content": "Be nice"}},
        {"uuid": "e", "role": "assistant", "content": {"content": ""}},
        {"uuid": "t", "role": "assistant", "content": {"contentBlocks": [{"type": "tool_result", "content": []}]}},
        {"uuid": "f", "role": "user", "content": {"content": "", "attachments": [{"file_name": "a.png"}]}}]});
    let text = chat.to_string();
    let files = [("export/design_chats/d.json", text.as_str())];
    assert_eq!(decided(&mut archive(&files)), Some("claude-ai"));
    let found = collect_files("claude-ai", &files);
    let said: Vec<_> = found.conversations[0].messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(said, ["A logo", "Here", "[file]"]);
    for kind in ["thoughts", "tool call", "tool result", "system message", "empty message"] {
        assert_eq!(found.count(Fate::Passed, kind), 1, "{kind}");
    }
    assert_eq!(found.count(Fate::Lost, "attached file"), 1);
}
