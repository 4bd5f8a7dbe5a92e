//! What each key does by MCP.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::{Holder, SERVER_KEY, World, send};

/// Every tool. One that is new fails the test until it is called below.
const TOOLS: [&str; 10] = [
    "omp_compress",
    "omp_context",
    "omp_extract",
    "omp_forget",
    "omp_handoff",
    "omp_list",
    "omp_recall",
    "omp_remember",
    "omp_save_conversation",
    "omp_update",
];

const VERSION: &str = "2026-07-28";

/// One request; its answer is looked into.
fn ask(world: &World, holder: &Holder, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "walker", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let bearer = format!("Bearer {}", holder.secret);
    let named =
        params.get("name").or(params.get("uri")).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut headers = vec![
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("authorization", &bearer),
        ("mcp-protocol-version", VERSION),
        ("mcp-method", method),
    ];
    if !named.is_empty() {
        headers.push(("mcp-name", &named));
    }
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let (status, _, body) = world.server.call("POST", "/mcp", &headers, message.as_bytes()).unwrap();
    let text = String::from_utf8(body).unwrap();
    world.look_into(holder, &|thing| holder.sees(thing), &message, &text);
    let json =
        text.lines().filter_map(|line| line.strip_prefix("data:")).rfind(|data| !data.trim().is_empty());
    let answer: Value = serde_json::from_str(json.unwrap_or(&text)).unwrap_or(Value::Null);
    assert!(answer["result"].is_object() || answer["error"].is_object(), "{status} {message} {text}");
    answer
}

/// Whether a call did what it was asked.
fn call(world: &World, holder: &Holder, tool: &str, arguments: &Value) -> Option<Value> {
    let answer = ask(world, holder, "tools/call", json!({"name": tool, "arguments": arguments}));
    let result = &answer["result"];
    (result.is_object() && result["isError"] != true).then(|| result["structuredContent"].clone())
}

pub(super) fn every_tool(world: &World, holder: &Holder) {
    let listed = ask(world, holder, "tools/list", json!({}));
    let names: BTreeSet<&str> = listed["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(names, BTreeSet::from(TOOLS));
    reads(world, holder);
    changes(world, holder);
    adds(world, holder);
}

fn reads(world: &World, holder: &Holder) {
    let may = holder.may(super::R);
    let call = |tool: &str, arguments: &Value| call(world, holder, tool, arguments);
    for (tool, arguments) in [
        ("omp_recall", json!({"query": "shared words", "limit": 50})),
        ("omp_list", json!({"limit": 50})),
        ("omp_context", json!({})),
        ("omp_context", json!({"query": "shared words"})),
    ] {
        let answer = call(tool, &arguments);
        assert_eq!(answer.is_some(), may, "{} {tool}", holder.name);
        if let Some(answer) = answer.filter(|_| tool == "omp_list") {
            assert_eq!(
                answer["memories"].as_array().unwrap().len(),
                world.seen(holder).count(),
                "{}",
                holder.name
            );
        }
    }
    for thing in world.memories.iter().chain(&world.former) {
        call("omp_recall", &json!({"query": thing.word}));
        call("omp_list", &json!({"namespace": thing.namespace, "tags": [format!("tag-{}", thing.word)]}));
        let uri = format!("omp://memories/{}", thing.id);
        let read = ask(world, holder, "resources/read", json!({"uri": uri}));
        assert!(
            holder.sees(thing) || thing.word == "indri" || read["error"].is_object(),
            "{} {read}",
            holder.name
        );
    }
    for thing in &world.conversations {
        let found = call("omp_handoff", &json!({"conversation_id": thing.id})).is_some();
        assert!(holder.sees(thing) || !found, "{} {}", holder.name, thing.word);
    }
    call("omp_handoff", &json!({}));
    for uri in ["omp://memories/context", "omp://namespaces"] {
        ask(world, holder, "resources/read", json!({"uri": uri}));
    }
    for prompt in ["load_memories", "hand_over_memories"] {
        ask(world, holder, "prompts/get", json!({"name": prompt, "arguments": {"query": "shared words"}}));
    }
}

fn changes(world: &World, holder: &Holder) {
    for thing in world.memories.iter().filter(|thing| !holder.may_change(thing)) {
        for (tool, arguments) in [
            ("omp_forget", json!({"id": thing.id})),
            ("omp_update", json!({"id": thing.id, "content": "x"})),
            ("omp_update", json!({"id": thing.id, "content": "x", "supersede": true})),
        ] {
            assert_eq!(call(world, holder, tool, &arguments), None, "{} {tool} {}", holder.name, thing.word);
        }
    }
}

fn adds(world: &World, holder: &Holder) {
    let key = if holder.user == "bert" { &world.bert } else { SERVER_KEY };
    for hidden in world.memories.iter().filter(|thing| !holder.sees(thing)) {
        // What says the same out of sight is not told of.
        let arguments = json!({"content": format!("Shared words about a {}", hidden.word), "namespace": hidden.namespace});
        let Some(answer) = call(world, holder, "omp_remember", &arguments) else { continue };
        assert_eq!(answer["stored"], true, "{} {}", holder.name, hidden.word);
        let path = format!("/v1/memories/{}", answer["id"].as_str().unwrap());
        assert_eq!(
            send(&world.server, Some(key), "delete", &path, &Value::Null).0,
            204,
            "it is the key's user's"
        );
    }
    for tool in ["omp_extract", "omp_compress"] {
        assert_eq!(call(world, holder, tool, &json!({"transcript": "x"})), None, "no provider is set");
    }
    let turns = json!({"messages": [{"role": "user", "content": "hi"}]});
    let saved = call(world, holder, "omp_save_conversation", &turns);
    assert_eq!(saved.is_some(), holder.may(super::W) && holder.pattern.is_none(), "{}", holder.name);
}
