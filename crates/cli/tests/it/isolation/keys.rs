//! Keys and users that stop.

use serde_json::{Value, json};

use super::world::{conversation, memory, send, value};
use crate::program::Home;

#[test]
fn a_key_that_is_revoked_by_another_process_stops_working_at_once() {
    let home = Home::new();
    let made = home.ok(&["keys", "create", "laptop", "--json"]).json();
    let (id, secret) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let server = home.serve(None);
    let get = |key: Option<&str>| send(&server, key, "get", "/v1/memories", &Value::Null).0;
    assert_eq!((get(Some(secret)), get(None)), (200, 401), "a key in the store locks the server");
    let rotated = home.ok(&["keys", "rotate", id, "--grace", "3600", "--json"]).json();
    let new = rotated["secret"].as_str().unwrap();
    assert_eq!((get(Some(secret)), get(Some(new))), (200, 200), "the former secret has its grace");
    home.ok(&["keys", "revoke", id]);
    assert_eq!((get(Some(secret)), get(Some(new))), (401, 401));
    assert_eq!(home.omp(&["keys", "revoke", id]).code, 3, "it works once");
    let listed = home.ok(&["keys", "list"]).out;
    assert!(listed.contains("revoked") && !listed.contains(secret));
    let file = home.stored();
    let random = &secret[secret.len() - 50..];
    assert!(!file.windows(50).any(|bytes| bytes == random.as_bytes()), "only the hash is stored");
}

#[test]
fn a_removed_user_leaves_no_text_and_no_key_that_works() {
    let home = Home::new();
    let secret =
        home.ok(&["users", "add", "bert", "--json"]).json()["key"]["secret"].as_str().unwrap().to_owned();
    let server = home.serve(None);
    let (status, _) =
        send(&server, Some(&secret), "post", "/v1/memories", &memory("Bert likes quokkas", "t", Some("zoo")));
    assert_eq!(status, 201);
    assert_eq!(send(&server, Some(&secret), "post", "/v1/conversations", &conversation("of quokkas")).0, 201);
    let count = |key: Option<&str>| {
        let health = send(&server, key, "get", "/v1/health", &Value::Null);
        (health.0, value(&health.1)["memories_count"].as_u64().unwrap())
    };
    assert_eq!(count(Some(&secret)), (200, 1));
    assert_eq!((count(None), count(Some("wrong"))), ((200, 0), (200, 0)), "how many others have is not told");
    assert_eq!(home.omp(&["users", "remove", "bert"]).code, 2, "what becomes of the memories must be said");
    let removed = home.ok(&["users", "remove", "bert", "--delete-memories", "--json"]).json();
    assert_eq!(removed, json!({"memories": 1, "conversations": 1, "renamed": 0}));
    assert_eq!(send(&server, Some(&secret), "get", "/v1/memories", &Value::Null).0, 401);
    drop(server);
    let file = home.stored();
    for word in ["quokka", "bert"] {
        assert!(!file.windows(word.len()).any(|bytes| bytes == word.as_bytes()), "{word} is still stored");
    }
    assert_eq!(home.ok(&["users", "list", "--json"]).json()["users"].as_array().unwrap().len(), 1);
    let audit = home.ok(&["audit", "--json"]).json();
    let of = |action: &str, field: &str| {
        let entry = audit["entries"].as_array().unwrap().iter().find(|entry| entry["action"] == action);
        entry.unwrap()[field].clone()
    };
    assert_eq!(of("create_memory", "user"), of("remove_user", "target"), "it was the one who was removed");
    home.assert_sound();
}

#[test]
fn the_audit_tells_who_did_what_and_not_a_word_of_it() {
    let home = Home::new();
    let made = home.ok(&["keys", "create", "laptop", "--tool", "cursor", "--json"]).json();
    let (id, secret) = (made["key"]["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let server = home.serve(None);
    let ask = |method: &str, path: &str, body: &Value| send(&server, Some(secret), method, path, body);
    let (_, text) = ask("post", "/v1/memories", &memory("Dreams of wallabies", "any", Some("zoo")));
    let stored = value(&text);
    let path = format!("/v1/memories/{}", stored["id"].as_str().unwrap());
    assert_eq!(ask("put", &path, &json!({"content": "Dreams of wombats"})).0, 200);
    assert_eq!(ask("post", &format!("{path}/restore"), &json!({"version": 1})).0, 200);
    let mut item = memory("Dreams of numbats", "any", None);
    item["id"] = json!("mem_zzzzzzzzzzzzzzzz");
    (item["created_at"], item["updated_at"]) = (json!("2020-01-01T00:00:00Z"), json!("2020-01-01T00:00:00Z"));
    assert_eq!(ask("post", "/v1/import", &json!({"memories": [item]})).0, 200);
    assert_eq!(ask("get", "/v1/export", &Value::Null).0, 200);
    assert_eq!(ask("delete", &path, &Value::Null).0, 204);
    assert_eq!(ask("post", "/v1/conversations", &conversation("of wallabies")).0, 201);
    assert_eq!(send(&server, Some("wrong"), "get", "/v1/memories", &Value::Null).0, 401);
    assert_eq!(server.stop(), Some(0));
    home.ok(&["users", "add", "bert", "--no-key"]);
    let run = home.ok(&["audit", "--json"]);
    for word in ["wallabies", "wombats", "numbats", "zoo", secret] {
        assert!(!run.out.contains(word), "the audit tells {word}");
    }
    let audit = run.json();
    let told = |entry: &Value| {
        let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {} {}", text("user"), text("action"), text("target"), entry["count"], text("tool"))
    };
    let mut entries: Vec<String> = audit["entries"].as_array().unwrap().iter().map(told).collect();
    entries.reverse();
    let (memory, conversation) = (&path["/v1/memories/".len()..], "conv_");
    // A failure to sign in is written down a moment after it was answered, or when the server stops.
    let failures = entries.iter().filter(|entry| *entry == "- sign_in_failure - 1 -").count();
    assert_eq!(failures, 1, "{entries:#?}");
    entries.retain(|entry| !entry.contains("sign_in_failure"));
    let expected = [
        format!("owner create_key {id} 1 -"),
        format!("owner create_memory {memory} 1 cursor"),
        format!("owner update_memory {memory} 1 cursor"),
        format!("owner restore_memory {memory} 1 cursor"),
        "owner import_memories - 1 cursor".to_owned(),
        "owner export - 2 cursor".to_owned(),
        format!("owner delete_memory {memory} 1 cursor"),
        format!("owner create_conversation {conversation}"),
        "owner create_user bert 1 -".to_owned(),
    ];
    assert_eq!(entries.len(), expected.len(), "{entries:#?}");
    for (entry, expected) in entries.iter().zip(&expected) {
        assert!(entry.starts_with(expected.as_str()), "{entry} instead of {expected}");
    }
    // Page after page it is the same.
    let first = home.ok(&["audit", "--json", "--limit", "4"]).json();
    let next = first["next"].to_string();
    let second = home.ok(&["audit", "--json", "--limit", "1000", "--before", &next]).json();
    let both = first["entries"].as_array().unwrap().iter().chain(second["entries"].as_array().unwrap());
    assert!(both.eq(audit["entries"].as_array().unwrap()) && second["next"].is_null());
    let keyed = home.ok(&["audit", "--json", "--action", "delete_memory"]).json();
    assert_eq!((keyed["entries"].as_array().unwrap().len(), &keyed["entries"][0]["key"]), (1, &json!(id)));
}

#[test]
fn a_removed_user_hands_over_everything_with_its_history() {
    let home = Home::new();
    let secret =
        home.ok(&["users", "add", "bert", "--json"]).json()["key"]["secret"].as_str().unwrap().to_owned();
    let server = home.serve(None);
    let ask = |method: &str, path: &str, body: &Value| {
        let (status, text) = send(&server, Some(&secret), method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {text}");
        value(&text)
    };
    let mut first = memory("Bert keeps a quoll", "t", Some("zoo"));
    first["tags"] = json!(["pets"]);
    let first = ask("post", "/v1/memories", &first);
    let path = format!("/v1/memories/{}", first["id"].as_str().unwrap());
    let changed = ask("put", &path, &json!({"content": "Bert keeps two quolls"}));
    let mut next = memory("Bert keeps a numbat now", "t", Some("zoo"));
    next["supersedes"] = first["id"].clone();
    let next = ask("post", "/v1/memories", &next);
    let saved = ask("post", "/v1/conversations", &conversation("of quolls"));
    // Both imported the same file, and one of them has changed it since.
    let record = r#"{"format":"open-memory-interchange","version":"0.1","license":"CC0","subject":{"id":"u"},
        "memories":[{"id":"r1","content":"Likes fennel","created":"2026-01-01T00:00:00Z"}]}"#;
    let file = home.write("same.omi.json", record);
    home.ok(&["import", file.to_str().unwrap()]);
    ask("post", "/v1/import", &value(record));
    let removed = home.ok(&["users", "remove", "bert", "--hand-over-to", "owner", "--json"]).json();
    assert_eq!(removed, json!({"memories": 3, "conversations": 1, "renamed": 1}));
    assert_eq!(send(&server, Some(&secret), "get", &path, &Value::Null).0, 401);
    drop(server);
    let shown = home.ok(&["show", first["id"].as_str().unwrap(), "--json"]).json();
    assert_eq!(shown["content"], changed["content"], "{shown}");
    let history = home.ok(&["history", first["id"].as_str().unwrap(), "--json"]).json();
    assert_eq!(history["versions"][1]["memory"]["content"], first["content"]);
    assert_eq!(history["superseded_by"], next["id"]);
    let found = home.ok(&["recall", "numbat", "--json"]).json();
    assert_eq!(found["memories"][0]["id"], next["id"]);
    assert_eq!(home.ok(&["list", "--tag", "pets", "--namespace", "zoo", "--json"]).json()["total"], 1);
    assert_eq!(home.ok(&["list", "--json"]).json()["total"], 4);
    let export = home.path("out.json");
    home.ok(&["export", export.to_str().unwrap(), "--conversations"]);
    assert!(std::fs::read_to_string(export).unwrap().contains(saved["id"].as_str().unwrap()));
    home.assert_sound();
}
