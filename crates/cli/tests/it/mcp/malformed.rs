//! What is no message, requests without what their method needs, and arrays of messages.

use serde_json::{Value, json};

use super::remote::Remote;
use super::session::{MODERN, Session};
use crate::program::Home;

/// What comes in, and the code of the error that answers it.
const NO_MESSAGES: [(&str, i64); 4] =
    [("{bad", -32700), ("\"", -32700), ("5", -32600), (r#"{"id":5,"method":"ping"}"#, -32600)];

/// Two requests, a notification, and something that is no message.
fn array() -> Value {
    json!([
        {"jsonrpc": "2.0", "id": 90, "method": "ping"},
        {"jsonrpc": "2.0", "method": "notifications/roots/list_changed"},
        {"jsonrpc": "2.0", "id": "b", "method": "tools/call",
         "params": {"name": "omp_remember", "arguments": {"content": "Likes tea"}}},
        {"id": 91},
    ])
}

fn assert_answers(answers: &Value) {
    let of = |id: Value| answers.as_array().unwrap().iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(answers.as_array().map(Vec::len), Some(3), "{answers}");
    assert!(of(json!(90))["result"].is_object(), "{answers}");
    assert_eq!(of(json!("b"))["result"]["structuredContent"]["stored"], true, "{answers}");
    assert_eq!(of(json!(91))["error"]["code"], -32600, "{answers}");
}

#[test]
fn what_is_no_message_is_answered_with_an_error_and_not_with_silence() {
    let home = Home::new();
    let mut session = Session::start(&home, "2025-11-25");
    for (came, code) in NO_MESSAGES {
        let answer = session.raw(came);
        assert_eq!(answer["error"]["code"], code, "{came}: {answer}");
    }
    assert!(session.raw("{bad").get("id").is_some_and(Value::is_null));
    assert!(session.request("ping", json!({}))["result"].is_object());

    let server = home.serve(None);
    for client in [Remote::new(&server, None, "2025-11-25").initialize(), Remote::new(&server, None, MODERN)]
    {
        for (came, code) in NO_MESSAGES {
            let answer = client.raw(came);
            assert_eq!((answer.status, answer.header("content-type")), (400, Some("application/json")));
            assert_eq!(answer.message()["error"]["code"], code, "{came}");
        }
    }
}

#[test]
fn a_request_without_what_it_needs_is_told_so_and_not_that_its_method_is_unknown() {
    let home = Home::new();
    let server = home.serve(None);
    for version in ["2025-03-26", "2025-11-25", MODERN] {
        let mut session = Session::start(&home, version);
        let mut remote = Remote::new(&server, None, version);
        if version != MODERN {
            remote = remote.initialize();
        }
        for (method, params, reason) in [
            ("tools/call", json!({}), "`name`"),
            ("tools/call", json!({"name": "omp_recall", "arguments": "x"}), "\"x\""),
            ("prompts/get", json!({}), "`name`"),
        ] {
            let answers = [session.request(method, params.clone()), remote.send(method, params).message()];
            for answer in answers {
                assert_eq!(answer["error"]["code"], -32602, "{version} {method}: {answer}");
                assert!(answer["error"]["message"].as_str().unwrap().contains(reason), "{answer}");
            }
        }
        assert_eq!(session.request("nothing/such", json!({}))["error"]["code"], -32601);
    }
}

#[test]
fn arrays_of_messages_are_answered_with_an_array_in_the_version_that_has_them() {
    let home = Home::new();
    let mut session = Session::start(&home, "2025-03-26");
    assert_answers(&session.raw(&array().to_string()));
    assert_eq!(session.raw("[]")["error"]["code"], -32600);
    assert!(session.request("ping", json!({}))["result"].is_object());
    let mut later = Session::start(&home, "2025-06-18");
    assert_eq!(later.raw(&array().to_string())["error"]["code"], -32600);

    let home = Home::new();
    let server = home.serve(None);
    let client = Remote::new(&server, None, "2025-03-26").initialize();
    let answer = client.raw(&array().to_string());
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_answers(&answer.message());
    let told = json!([{"jsonrpc": "2.0", "method": "notifications/roots/list_changed"}]);
    assert_eq!(client.raw(&told.to_string()).status, 202);
    let outside = Remote::new(&server, None, "2025-03-26").raw(&array().to_string());
    let later = Remote::new(&server, None, "2025-06-18").initialize().raw(&array().to_string());
    for answer in [outside, later] {
        assert_eq!((answer.status, &answer.message()["error"]["code"]), (400, &json!(-32600)));
    }
}
