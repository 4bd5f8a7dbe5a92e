use serde_json::{Value, json};

use crate::Fate;
use crate::testing::{archive, collect, collect_files, decided};

fn message(id: &str, role: &str, text: &str, time: f64) -> Value {
    json!({"id": id, "author": {"role": role}, "create_time": time, "content": {"content_type": "text", "parts": [text]},
           "weight": 1, "recipient": "all", "metadata": {}})
}

#[expect(clippy::needless_pass_by_value, reason = "made for one place each")]
fn node(parent: Option<&str>, children: &[&str], message: Value) -> Value {
    json!({"parent": parent, "children": children, "message": message})
}

/// A question that was asked twice, with an answer to each; a saved memory; custom instructions.
fn conversation() -> Value {
    let mut answer = message("a2", "assistant", "Green tea\u{E200}cite\u{E202}x\u{E201}.", 1_767_225_700.25);
    answer["metadata"]["model_slug"] = "gpt-5".into();
    let mut bio = message("b", "assistant", "User drinks green tea.", 1_767_225_650.0);
    bio["recipient"] = "bio".into();
    let mut hidden = message("h", "user", "unseen", 0.0);
    hidden["metadata"]["is_visually_hidden_from_conversation"] = true.into();
    let mut custom = message("c", "user", "", 0.0);
    custom["content"] = json!({"content_type": "user_editable_context",
        "user_profile": "The user said:\n```Preferred name: Ana```", "user_instructions": "```Be brief.```"});
    json!({
        "conversation_id": "conv-1", "title": "Tea", "create_time": 1_767_225_600.5, "update_time": "1767226000",
        "current_node": "a2", "gizmo_id": "g-p-77", "default_model_slug": "auto",
        "mapping": {
            "root": node(None, &["c"], Value::Null),
            "c": node(Some("root"), &["q1", "q2", "h"], custom),
            "h": node(Some("c"), &[], hidden),
            "q1": node(Some("c"), &["a1"], message("q1", "user", "Which tee?", 1_767_225_610.0)),
            "a1": node(Some("q1"), &[], message("a1", "assistant", "A T-shirt.", 1_767_225_615.0)),
            "q2": node(Some("c"), &["b"], message("q2", "user", "Which tea?", 1_767_225_620.0)),
            "b": node(Some("q2"), &["a2"], bio),
            "a2": node(Some("b"), &[], answer),
        }
    })
}

#[test]
fn the_path_that_was_taken_last_is_the_conversation_and_the_rest_its_branches() {
    let found = collect("chatgpt", "conversations.json", json!([conversation()]).to_string().as_bytes());
    let [talk] = &found.conversations[..] else { panic!("{:?}", found.notes) };
    let texts: Vec<_> = talk.messages.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(texts, ["Which tea?", "Green tea."]);
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("gpt-5", "Tea"));
    assert_eq!(talk.source_url.as_ref().unwrap().as_str(), "https://chatgpt.com/c/conv-1");
    assert_eq!(talk.created_at.to_string(), "2026-01-01T00:00:00.500Z");
    assert_eq!(talk.updated_at.to_string(), "2026-01-01T00:06:40.000Z");
    let origin = talk.origin.as_ref().unwrap();
    assert_eq!((origin.id.as_deref(), origin.namespace.as_deref()), (Some("conv-1"), Some("chatgpt:g-p-77")));
    let [branch] = &origin.branches[..] else { panic!("one branch: {origin:?}") };
    let texts: Vec<_> = branch.iter().map(|m| m.content.as_str()).collect();
    assert_eq!(texts, ["Which tee?", "A T-shirt."]);
    assert_eq!(branch[0].origin.as_ref().unwrap().parent_id.as_deref(), Some("c"));
    let answer = talk.messages[1].origin.as_ref().unwrap();
    assert_eq!(answer.created_at.unwrap().to_string(), "2026-01-01T00:01:40.250Z");
    assert_eq!(found.count(Fate::Passed, "hidden message"), 1);
}

#[test]
fn memories_are_what_was_saved_and_what_the_user_stated() {
    let twice = json!([conversation(), {"id": "conv-2", "mapping": conversation()["mapping"]}]);
    let found = collect("chatgpt", "x", twice.to_string().as_bytes());
    assert_eq!(
        found.texts(),
        ["User drinks green tea.", "User drinks green tea.", "Preferred name: Ana", "Be brief."]
    );
    let memories = found.memories();
    assert_eq!(memories[0].id, memories[1].id, "the same saved memory in two conversations is one");
    assert_eq!(memories[0].source.session_id.as_ref().unwrap().as_str(), "conv-1");
    assert_eq!(memories[0].namespace.as_ref().unwrap().as_str(), "chatgpt:g-p-77");
    assert_eq!(memories[0].created_at.to_string(), "2026-01-01T00:00:50.000Z");
    assert_eq!(memories[3].kind, omp_model::MemoryType::Procedural);
    let raw = crate::origin::Origin::of(&found.records[0]).unwrap().raw().unwrap().get().to_owned();
    assert!(raw.contains(r#""recipient":"bio""#), "{raw}");
}

#[test]
fn only_the_newest_list_of_saved_memories_counts() {
    let with = |time: f64, text: &str| {
        let mut context = message("m", "assistant", "", time);
        context["content"] = json!({"content_type": "model_editable_context", "model_set_context": text});
        json!({"id": format!("c-{time}"), "mapping": {"m": node(None, &[], context)}})
    };
    let newer = "1. [2025-05-01]. Likes tea.\n\n2. [2025-06-02]. Has a dog.\n3. Rows.";
    let file = json!([with(2_000_000_000.0, "1. [2024-01-01]. Old."), with(1_800_000_000.0, newer)]);
    assert_eq!(
        collect("chatgpt", "", file.to_string().as_bytes()).texts(),
        ["Old."],
        "by time, not by place"
    );
    let file = json!([with(1_700_000_000.0, "1. [2024-01-01]. Old."), with(1_800_000_000.0, newer)]);
    let found = collect("chatgpt", "", file.to_string().as_bytes());
    assert_eq!(found.texts(), ["Likes tea.", "Has a dog.", "Rows."]);
    assert_eq!(found.memories()[1].created_at.to_string(), "2025-06-02T00:00:00.000Z");
}

#[test]
fn a_saved_memory_may_have_several_lines() {
    let mut context = message("m", "assistant", "", 1_800_000_000.0);
    let list = "Saved:\n1. [2025-05-01]. Likes tea:\n- green\n\n  and black\n\n2. [2025-06-02]. Rows.";
    context["content"] = json!({"content_type": "model_editable_context", "model_set_context": list});
    let file = json!([{"id": "c", "mapping": {"m": node(None, &[], context)}}]);
    let found = collect("chatgpt", "", file.to_string().as_bytes());
    assert_eq!(found.texts(), ["Likes tea:\n- green\n\n  and black", "Rows."]);
    assert_eq!(found.count(Fate::Passed, "text before saved memories"), 1);
}

#[test]
fn what_was_only_spoken_or_shown_is_a_turn_and_the_conversation_names_its_model() {
    let mut spoken = message("q", "user", "", 1.0);
    spoken["content"] = json!({"content_type": "multimodal_text", "parts": [
        {"content_type": "real_time_user_audio_video_asset_pointer", "frames_asset_pointers": [],
         "audio_asset_pointer": {"content_type": "audio_asset_pointer", "asset_pointer": "sediment://a"},
         "video_container_asset_pointer": {"asset_pointer": "sediment://v"}}, {"content_type": "new"}]});
    let mapping = json!({"q": node(None, &["a"], spoken), "a": node(Some("q"), &[], message("a", "assistant", "Hi", 2.0))});
    let file = json!([{"id": "c", "default_model_slug": "gpt-5", "current_node": "a", "mapping": mapping}]);
    let found = collect("chatgpt", "", file.to_string().as_bytes());
    let talk = &found.conversations[0];
    assert_eq!((talk.messages[0].content.as_str(), talk.model.as_str()), ("[audio]\n[video]", "gpt-5"));
    assert_eq!(talk.messages[0].origin.as_ref().unwrap().attachments, ["sediment://a", "sediment://v"]);
    assert_eq!(found.count(Fate::Lost, "attached file"), 1);
    assert_eq!(found.count(Fate::Lost, "part of a message"), 1);
    assert_eq!(found.count(Fate::Passed, "empty message"), 0);
}

#[test]
fn without_a_current_node_the_newest_leaf_is_the_end() {
    let mut conversation = conversation();
    conversation["current_node"] = Value::Null;
    for node in conversation["mapping"].as_object_mut().unwrap().values_mut() {
        node.as_object_mut().unwrap().remove("children");
    }
    let found = collect("chatgpt", "", conversation.to_string().as_bytes());
    assert_eq!(found.conversations[0].messages[1].content.as_str(), "Green tea.");
}

#[test]
fn a_tree_that_bites_its_tail_ends() {
    let mapping = json!({"a": node(Some("b"), &["b"], message("a", "user", "x", 1.0)),
                         "b": node(Some("a"), &["a"], message("b", "assistant", "y", 2.0))});
    let file = json!([{"id": "c", "current_node": "b", "mapping": mapping}]);
    let found = collect("chatgpt", "", file.to_string().as_bytes());
    assert_eq!(found.conversations[0].messages.len(), 2);
}

#[test]
fn an_archive_is_read_by_its_shards_and_personal_data_stays_out() {
    let shard = |id: &str| {
        let mut conversation = conversation();
        conversation["conversation_id"] = id.into();
        json!([conversation]).to_string()
    };
    let (one, two) = (shard("one"), shard("two"));
    let files = [
        ("export/conversations-000.json", one.as_str()),
        ("export/conversations-001.json", &two),
        ("export/user.json", r#"{"email":"a@b.example"}"#),
        ("export/chat.html", "<html>"),
        ("__MACOSX/export/._user.json", "x"),
        ("../evil.json", "[]"),
    ];
    assert_eq!(decided(&mut archive(&files)), Some("chatgpt"));
    let found = collect_files("chatgpt", &files);
    assert_eq!(found.conversations.len(), 2);
    assert_eq!(found.count(Fate::Passed, "personal data"), 1);
    assert_eq!(found.count(Fate::Passed, "file"), 1);
}

#[test]
fn a_bad_conversation_does_not_hide_the_next() {
    let file = format!("[{{\"id\":1}},{{\"id\": nope}},7,{},{{\"mapping\":{{}}}}]", conversation());
    let found = collect("chatgpt", "", file.as_bytes());
    assert_eq!(found.conversations.len(), 1);
    let places: Vec<_> = found.notes.iter().filter(|n| n.0 == Fate::Failed).map(|n| n.3.as_str()).collect();
    assert_eq!(places, ["line 1 [0]", "line 1 [1]", "line 1 [2]", "line 1 [4]"]);
}
