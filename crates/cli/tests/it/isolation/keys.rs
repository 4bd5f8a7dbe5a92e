//! Keys and users that stop.

use serde_json::{Value, json};

use super::world::{conversation, memory, send};
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
    let file = std::fs::read(home.path("memory.db")).unwrap();
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
    assert_eq!(home.omp(&["users", "remove", "bert"]).code, 2, "what becomes of the memories must be said");
    let removed = home.ok(&["users", "remove", "bert", "--delete-memories", "--json"]).json();
    assert_eq!(removed, json!({"memories": 1, "conversations": 1, "renamed": 0}));
    assert_eq!(send(&server, Some(&secret), "get", "/v1/memories", &Value::Null).0, 401);
    drop(server);
    let file = std::fs::read(home.path("memory.db")).unwrap();
    for word in ["quokka", "bert"] {
        assert!(
            !file.windows(word.len()).any(|bytes| bytes == word.as_bytes()),
            "{word} is still in the file"
        );
    }
    assert_eq!(home.ok(&["users", "list", "--json"]).json()["users"].as_array().unwrap().len(), 1);
    crate::program::assert_sound(&home.path("memory.db"));
}
