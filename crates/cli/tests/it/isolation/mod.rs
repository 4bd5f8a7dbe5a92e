//! Nobody sees what is not theirs, by any door.
//!
//! Walks every operation of `/openapi.json` with every kind of key and looks into every byte that is answered: each
//! memory, conversation, tag and namespace bears a word of its own, and a key may only ever be shown the words of what
//! it may see. An operation without its line in [`LINES`] fails the test.

mod keys;
mod sharing;
mod tools;
mod walks;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use self::sharing::*;
use self::tools::every_tool;
use self::walks::*;
use self::world::{Holder, World, conversation, memory, send, send_from, value};
use crate::program::{Home, Server};

/// What a line of the table does.
type Walk = fn(&World, &Holder);

/// An operation, the scopes that it needs (none: it needs no key either), a request that only lacks the right to be
/// made, and what each key that has these scopes does.
struct Line {
    operation: &'static str,
    scopes: &'static [&'static str],
    sample: fn() -> (String, Value),
    walk: Walk,
}

const fn line(
    operation: &'static str,
    scopes: &'static [&'static str],
    sample: fn() -> (String, Value),
    walk: Walk,
) -> Line {
    Line { operation, scopes, sample, walk }
}

const R: &[&str] = &["read"];
const W: &[&str] = &["write"];
const RW: &[&str] = &["write", "read"];
const A: &[&str] = &["admin"];

const NO_MEMORY: &str = "/v1/memories/mem_0000000000000000";

const LINES: &[Line] = &[
    line("get /v1/health", &[], || ("/v1/health".into(), Value::Null), health),
    line("get /livez", &[], || ("/livez".into(), Value::Null), livez),
    line("get /readyz", &[], || ("/readyz".into(), Value::Null), readyz),
    line("post /v1/memories", W, || ("/v1/memories".into(), memory("x", "t", None)), create),
    line("get /v1/memories", R, || ("/v1/memories".into(), Value::Null), list),
    line("get /v1/memories/search", R, || ("/v1/memories/search?q=x".into(), Value::Null), search),
    line("post /v1/memories/search", R, || ("/v1/memories/search".into(), json!({"q": "x"})), search_by_body),
    line("get /v1/memories/{id}", R, || (NO_MEMORY.into(), Value::Null), get),
    line("put /v1/memories/{id}", RW, || (NO_MEMORY.into(), json!({})), update),
    line("delete /v1/memories/{id}", RW, || (NO_MEMORY.into(), Value::Null), delete),
    line("get /v1/memories/{id}/history", R, || (format!("{NO_MEMORY}/history"), Value::Null), history),
    line(
        "post /v1/memories/{id}/restore",
        RW,
        || (format!("{NO_MEMORY}/restore"), json!({"version": 1})),
        restore,
    ),
    line("get /v1/namespaces", R, || ("/v1/namespaces".into(), Value::Null), namespaces),
    line("get /v1/tags", R, || ("/v1/tags".into(), Value::Null), counts),
    line("get /v1/stats", R, || ("/v1/stats".into(), Value::Null), counts),
    line(
        "post /v1/namespaces/{namespace}/move",
        RW,
        || ("/v1/namespaces/project:x/move".into(), json!({"to": "project:y"})),
        move_namespace,
    ),
    line(
        "delete /v1/namespaces/{namespace}",
        RW,
        || ("/v1/namespaces/project:x".into(), Value::Null),
        delete_namespace,
    ),
    line("get /v1/shares", R, || ("/v1/shares".into(), Value::Null), shares),
    line(
        "put /v1/namespaces/{namespace}/shares/{user}",
        A,
        || ("/v1/namespaces/project:x/shares/nobody".into(), json!({"access": "read"})),
        share,
    ),
    line(
        "delete /v1/namespaces/{namespace}/shares/{user}",
        A,
        || ("/v1/namespaces/project:x/shares/nobody".into(), Value::Null),
        share,
    ),
    line("get /v1/context", R, || ("/v1/context".into(), Value::Null), context),
    line("post /v1/extract", W, || ("/v1/extract".into(), json!({"transcript": "x"})), read_by_rules),
    line("post /v1/extract/jobs", RW, || ("/v1/extract/jobs".into(), json!({})), extract_jobs),
    line("get /v1/extract/jobs", R, || ("/v1/extract/jobs".into(), Value::Null), no_jobs),
    line(
        "get /v1/extract/jobs/{id}",
        R,
        || ("/v1/extract/jobs/job_0000000000000000".into(), Value::Null),
        no_jobs,
    ),
    line(
        "delete /v1/extract/jobs/{id}",
        RW,
        || ("/v1/extract/jobs/job_0000000000000000".into(), Value::Null),
        extract_jobs,
    ),
    line("post /v1/compress", W, || ("/v1/compress".into(), json!({"transcript": "x"})), read_by_rules),
    line(
        "post /v1/conversations",
        W,
        || ("/v1/conversations".into(), conversation("x")),
        create_conversation,
    ),
    line("get /v1/conversations", R, || ("/v1/conversations".into(), Value::Null), list_conversations),
    line(
        "get /v1/conversations/search",
        R,
        || ("/v1/conversations/search?q=x".into(), Value::Null),
        search_conversations,
    ),
    line(
        "get /v1/conversations/{id}",
        R,
        || ("/v1/conversations/conv_0000000000000000".into(), Value::Null),
        get_conversation,
    ),
    line(
        "delete /v1/conversations/{id}",
        RW,
        || ("/v1/conversations/conv_0000000000000000".into(), Value::Null),
        delete_conversation,
    ),
    line(
        "post /v1/handoff",
        R,
        || ("/v1/handoff".into(), json!({"conversation_id": "conv_0000000000000000", "target_model": "x"})),
        handoff,
    ),
    line("get /v1/export", R, || ("/v1/export".into(), Value::Null), export),
    line("post /v1/import", W, || ("/v1/import".into(), json!({"memories": []})), import),
    line("post /v1/users", A, || ("/v1/users".into(), json!({"name": "eve"})), users),
    line("get /v1/users", A, || ("/v1/users".into(), Value::Null), users),
    line("get /v1/users/{name}", A, || ("/v1/users/nobody".into(), Value::Null), users),
    line("delete /v1/users/{name}", A, || ("/v1/users/nobody?memories=delete".into(), Value::Null), users),
    line("post /v1/keys", A, || ("/v1/keys".into(), json!({"name": "k"})), keys),
    line("get /v1/keys", A, || ("/v1/keys".into(), Value::Null), keys),
    line("delete /v1/keys/{id}", A, || ("/v1/keys/key_0000000000000000".into(), Value::Null), keys),
    line("get /v1/audit", A, || ("/v1/audit".into(), Value::Null), audit),
    line("post /v1/keys/{id}/rotate", A, || ("/v1/keys/key_0000000000000000/rotate".into(), json!({})), keys),
];

fn operations(server: &Server) -> BTreeSet<String> {
    let document = value(&send(server, None, "get", "/openapi.json", &Value::Null).1);
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .keys()
            .filter(|name| *name != "parameters")
            .map(move |method| format!("{method} {path}"))
    });
    all.collect()
}

fn walk(world: &World) {
    let known: BTreeSet<String> = LINES.iter().map(|line| line.operation.to_owned()).collect();
    assert_eq!(operations(&world.server), known, "every operation has its line in this table");
    let before = world.everything();
    for (number, Line { operation, scopes, sample, walk }) in LINES.iter().enumerate() {
        let method = operation.split(' ').next().unwrap();
        let (path, body) = sample();
        if !scopes.is_empty() {
            assert_eq!(send(&world.server, None, method, &path, &body).0, 401, "{operation} without a key");
            for (what, dead) in &world.dead {
                let (status, text) =
                    send_from(&format!("10.1.0.{number}"), &world.server, Some(dead), method, &path, &body);
                assert_eq!(status, 401, "{operation} with a key that is {what}: {text}");
            }
        }
        for holder in &world.holders {
            if let Some(missing) = scopes.iter().find(|scope| !holder.scopes.contains(scope)) {
                let (status, text) = world.ask(holder, method, &path, &body);
                assert_eq!(status, 403, "{operation} by {}: {text}", holder.name);
                assert_eq!(value(&text)["details"]["scope"], *missing, "{operation} by {}", holder.name);
            } else {
                walk(world, holder);
            }
        }
    }
    unchanged(&before, &world.everything());
}

/// Nothing that was there is another thing now.
fn unchanged(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    let parts = |item: &Value| ["content", "namespace", "source", "messages"].map(|part| item[part].clone());
    let changed = |id: &&String| before.get(*id).map(parts) != after.get(*id).map(parts);
    let changed: Vec<&String> = before.keys().filter(changed).collect();
    assert!(changed.is_empty(), "{changed:?} are not what they were");
}

#[test]
fn nobody_sees_what_is_not_theirs_by_any_operation() {
    let home = Home::new();
    walk(&World::build(&home, None));
}

#[test]
fn nobody_sees_what_is_not_theirs_without_the_index_in_memory() {
    let home = Home::new();
    walk(&World::build(&home, Some("0")));
}

#[test]
fn nobody_sees_what_is_not_theirs_by_any_tool() {
    let home = Home::new();
    let world = World::build(&home, None);
    let before = world.everything();
    world.holders.iter().for_each(|holder| every_tool(&world, holder));
    unchanged(&before, &world.everything());
}
