use serde_json::{Value, json};

use crate::Fate;
use crate::testing::{Found, archive, collect, collect_files, decided, file};

fn said(found: &Found, n: usize) -> Vec<&str> {
    found.conversations[n].messages.iter().map(|message| message.content.as_str()).collect()
}

fn asked(title: &str, time: &str, html: Option<&str>) -> Value {
    let mut item =
        json!({"header": "Gemini Apps", "title": title, "time": time, "products": ["Gemini Apps"]});
    if let Some(html) = html {
        item["safeHtmlItem"] = json!([{"html": html}]);
    }
    item
}

fn takeout() -> Value {
    let mut linked = asked("Asked And then?", "2026-05-02T20:00:00Z", None);
    linked["titleUrl"] = "https://gemini.google.com/app/0123456789abcdef".into();
    let mut begun = asked("Prompted First", "2026-05-02T08:00:00Z", None);
    begun["titleUrl"] = linked["titleUrl"].clone();
    let mut other = asked("Searched for oak", "2026-05-01T10:00:00Z", None);
    (other["header"], other["products"]) = ("Search".into(), json!(["Search"]));
    let mut file = asked(
        "Prompted What is this? Attached 2 files.",
        "2026-05-01T10:10:00Z",
        Some("<p>An <b>oak</b>.</p>"),
    );
    file["attachedFiles"] = json!(["oak.jpg"]);
    json!([
        linked,
        begun,
        asked("Gave feedback: Good", "2026-05-01T10:21:00Z", None),
        asked("Eingegebener Prompt: Wie alt?", "2026-05-01T10:20:00Z", Some("<p>Hundert Jahre.</p>")),
        file,
        asked("Prompted Much later", "2026-05-01T12:00:00Z", None),
        asked("Что это?", "never", None),
        other,
        7,
    ])
}

#[test]
fn items_become_conversations_by_their_chat_or_their_time() {
    let text = takeout().to_string();
    let files = [
        ("Takeout/My Activity/Gemini Apps/MyActivity.json", text.as_str()),
        ("Takeout/archive_browser.html", "x"),
    ];
    assert_eq!(decided(&mut archive(&files)), Some("gemini-takeout"));
    let found = collect_files("gemini-takeout", &files);
    assert_eq!(found.conversations.len(), 4);
    assert_eq!(said(&found, 0), ["First", "And then?"]);
    assert_eq!(said(&found, 1), ["What is this?", "An **oak**.", "Wie alt?", "Hundert Jahre."]);
    assert_eq!((said(&found, 2), said(&found, 3)), (vec!["Much later"], vec!["Что это?"]));
    let talk = &found.conversations[0];
    assert_eq!(talk.origin.as_ref().unwrap().id.as_deref(), Some("0123456789abcdef"));
    assert_eq!(talk.source_url.as_ref().unwrap().as_str(), "https://gemini.google.com/app/0123456789abcdef");
    assert_eq!(found.conversations[1].created_at.to_string(), "2026-05-01T10:10:00.000Z");
    for (fate, kind) in [
        (Fate::Passed, "activity that is no question"),
        (Fate::Passed, "activity of another product"),
        (Fate::Passed, "file"),
        (Fate::Lost, "attached file"),
        (Fate::Failed, "activity"),
    ] {
        assert_eq!(found.count(fate, kind), 1, "{kind}");
    }
}

#[test]
fn a_newer_file_goes_on_with_the_same_conversation() {
    let before = collect("gemini-takeout", "", takeout().to_string().as_bytes());
    let mut newer = takeout();
    newer.as_array_mut().unwrap().insert(0, asked("Prompted More", "2026-05-01T12:10:00Z", None));
    let after = collect("gemini-takeout", "", newer.to_string().as_bytes());
    let id = |found: &Found, text: &str| {
        let has = |talk: &&omp_model::Conversation| talk.messages.iter().any(|m| m.content.as_str() == text);
        found.conversations.iter().find(has).unwrap().id
    };
    assert_eq!(id(&before, "Much later"), id(&after, "More"));
    assert_eq!(id(&before, "First"), id(&after, "First"));
}

#[test]
fn a_page_of_activity_says_what_to_ask_for() {
    let page = b"<html><div class=\"outer-cell\">Gemini Apps</div></html>";
    assert_eq!(decided(&mut file("My Activity.html", page)), Some("gemini-takeout"));
    let (_, result) = crate::testing::read("gemini-takeout", &mut file("My Activity.html", page));
    assert!(result.unwrap_err().to_string().contains("ask Takeout for JSON"));
}

#[test]
fn workspace_conversations_are_read_without_what_was_deleted() {
    let turn =
        |prompt: &str| json!({"user_turn": {"prompt": prompt, "turn_last_modified": "2026-05-01T10:00:00Z"}});
    let mut gone = turn("Gone");
    gone["user_turn"]["turn_deleted_time"] = "2026-05-01T11:00:00Z".into();
    let text = json!({"title": "Oak", "creation_time": "2026-05-01T10:00:00Z", "conversation_turns": [
        turn("Q"), {"system_turn": {"text": [{"data": "A"}, {"cards": []}]}}, gone]})
    .to_string();
    assert_eq!(decided(&mut file("conversation_1.txt", text.as_bytes())), Some("gemini-takeout"));
    let found = collect("gemini-takeout", "conversation_1.txt", text.as_bytes());
    assert_eq!((said(&found, 0), found.conversations[0].topic.as_str()), (vec!["Q", "A"], "Oak"));
    assert_eq!(found.count(Fate::Passed, "deleted message"), 1);
}

#[test]
fn a_prompt_of_ai_studio_is_a_conversation() {
    let text = json!({"runSettings": {"model": "models/gemini-x"}, "chunkedPrompt": {"chunks": [
        {"role": "user", "text": "Q", "createTime": "2026-05-01T10:00:00Z"},
        {"role": "model", "text": "hm", "isThought": true},
        {"role": "model", "text": "A"}, {"role": "user", "driveDocument": {"id": "d-1"}},
        {"role": "user", "driveAudio": {"id": "d-2"}}, {"role": "user", "inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "In "}, {"text": "parts"}]}, {"role": "model"}],
        "pendingInputs": [{"role": "user", "text": "unsent"}]}, "systemInstruction": {"parts": [{"text": "Be nice"}]}})
    .to_string();
    assert_eq!(decided(&mut file("Oak", text.as_bytes())), Some("ai-studio"));
    let found = collect("ai-studio", "Oak", text.as_bytes());
    let talk = &found.conversations[0];
    assert_eq!(said(&found, 0), ["Q", "A", "[file]", "[file]", "[file]", "In parts"]);
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("gemini-x", "Oak"));
    for (fate, kind, count) in [
        (Fate::Passed, "thoughts", 1),
        (Fate::Passed, "system message", 1),
        (Fate::Passed, "message that was not sent", 1),
        (Fate::Passed, "empty message", 1),
        (Fate::Lost, "attached file", 3),
    ] {
        assert_eq!(found.count(fate, kind), count, "{kind}");
    }
}

#[test]
fn an_answer_may_stand_in_the_details_of_an_activity() {
    let mut item = asked("Prompted Q", "2026-05-01T10:00:00Z", None);
    item["details"] =
        json!([{"name": "Request", "value": "Q"}, {"name": "Response", "value": "<p>It <b>is</b>.</p>"}]);
    let found = collect("gemini-takeout", "", json!([item]).to_string().as_bytes());
    assert_eq!(said(&found, 0), ["Q", "It **is**."]);
}

#[test]
fn a_session_of_gemini_cli_is_read_in_both_forms() {
    let user = |id: &str, text: &str| json!({"id": id, "timestamp": "2026-05-01T10:00:00Z", "type": "user", "content": [{"text": text}]});
    let model = |id: &str, text: &str| json!({"id": id, "type": "gemini", "content": text, "model": "gemini-x", "thoughts": []});
    let header = json!({"sessionId": "s-1", "projectHash": "ab", "startTime": "2026-05-01T09:00:00Z", "lastUpdated": "2026-05-01T10:00:00Z"});
    let lines = [
        header.clone(),
        user("1", "Q"),
        model("2", ""),
        model("2", "A, AKIAABCDEFGHIJKLMNOP"),
        user("3", "Wrong way"),
        model("4", "Lost"),
        json!({"$rewindTo": "3"}),
        json!({"$set": {"summary": "Oaks, AKIAABCDEFGHIJKLMNOP", "directories": ["/home/ana/boat"], "messages": [user("1", "Q")]}}),
        json!({"id": "i", "type": "info", "content": "x"}),
        json!({"id": "5", "type": "user", "content": [{"text": "Right way"}, {"inlineData": {"mimeType": "image/png", "data": "x"}}]}),
    ];
    let text: String = lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect();
    assert_eq!(decided(&mut file("session-1.jsonl", text.as_bytes())), Some("gemini-cli"));
    let found = collect("gemini-cli", "session-1.jsonl", text.as_bytes());
    let talk = &found.conversations[0];
    assert_eq!(said(&found, 0), ["Q", "A, [key]", "Right way\n\n[file]"]);
    assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("gemini-x", "Oaks, [key]"));
    assert_eq!(found.count(Fate::Passed, "empty message"), 1);
    assert_eq!(found.count(Fate::Lost, "attached file"), 1);
    let origin = talk.origin.as_ref().unwrap();
    assert_eq!((origin.id.as_deref(), origin.namespace.as_deref()), (Some("s-1"), Some("project:boat")));
    assert_eq!(
        origin.branches[0].iter().map(|m| m.content.as_str()).collect::<Vec<_>>(),
        ["Wrong way", "Lost"]
    );

    let mut whole = header;
    whole["messages"] = json!([user("1", "Q"), model("2", "A")]);
    let text = serde_json::to_string_pretty(&whole).unwrap();
    let files = [("tmp/boat/chats/session-1.json", text.as_str())];
    assert_eq!(decided(&mut archive(&files)), Some("gemini-cli"));
    let found = collect_files("gemini-cli", &files);
    assert_eq!(said(&found, 0), ["Q", "A"]);
    assert_eq!(found.conversations[0].origin.as_ref().unwrap().namespace.as_deref(), Some("project:boat"));
}
