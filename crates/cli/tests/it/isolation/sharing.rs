//! What each key does with whole namespaces, and with what another user shares.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::RW;
use super::world::{Holder, SERVER_KEY, SHARES, World, ids, memory, send, value};

pub(super) fn counts(world: &World, holder: &Holder) {
    let seen: Vec<_> = world.seen(holder).collect();
    let (_, text) = world.ask(holder, "get", "/v1/tags", &Value::Null);
    let tagged = seen.iter().filter(|thing| !["jerboa", "kinkajou"].contains(&thing.word)).count();
    assert_eq!(value(&text)["tags"].as_array().unwrap().len(), tagged, "{} {text}", holder.name);
    let (_, text) = world.ask(holder, "get", "/v1/stats", &Value::Null);
    let stats = value(&text);
    assert_eq!(stats["memories"], seen.len(), "{} {text}", holder.name);
    let tools: BTreeSet<&str> =
        stats["tools"].as_array().unwrap().iter().map(|one| one["tool"].as_str().unwrap()).collect();
    assert_eq!(tools, seen.iter().map(|thing| thing.tool).collect(), "{}", holder.name);
}

/// What is not seen is not touched, and what is not seen whole is refused.
fn whole_namespaces(world: &World, holder: &Holder, act: &dyn Fn(&str) -> (u16, String)) {
    for thing in world.memories.iter().filter(|thing| !holder.sees(thing)) {
        let Some(namespace) = &thing.namespace else { continue };
        let (status, text) = act(namespace);
        let touched = value(&text)["memories"].as_u64();
        assert!(status == 403 || touched == Some(0), "{} {namespace}: {text}", holder.name);
    }
    let key = if holder.user == "bert" { &world.bert } else { SERVER_KEY };
    let stored =
        send(&world.server, Some(key), "post", "/v1/memories", &memory("x", "t", Some("project:whole")));
    assert_eq!(stored.0, 201);
    let (status, text) = act("project:whole");
    if holder.tool.is_some() {
        assert_eq!(status, 403, "{}: of other tools, too: {text}", holder.name);
    } else {
        assert_eq!((status, value(&text)["memories"].as_u64()), (200, Some(1)), "{} {text}", holder.name);
    }
    let path = format!("/v1/memories/{}", value(&stored.1)["id"].as_str().unwrap());
    send(&world.server, Some(key), "delete", &path, &Value::Null);
    let guest = if holder.user == "bert" { "owner" } else { "bert" };
    let lent = SHARES.iter().find(|(owner, ..)| *owner == guest).unwrap().1;
    let (status, text) = act(&format!("{lent}?shared_by={guest}"));
    assert!(status == 403 || value(&text)["memories"] == 0, "{} {text}", holder.name);
}

pub(super) fn move_namespace(world: &World, holder: &Holder) {
    let act = |namespace: &str| {
        let (name, query) = namespace.split_once('?').unwrap_or((namespace, ""));
        let path = format!("/v1/namespaces/{name}/move?{query}");
        world.ask(holder, "post", &path, &json!({"to": "project:elsewhere"}))
    };
    whole_namespaces(world, holder, &act);
    let outside = world.ask(holder, "post", "/v1/namespaces/project:x/move", &json!({"to": null})).0;
    assert_eq!(outside, if holder.pattern.is_some() || holder.tool.is_some() { 403 } else { 200 });
}

pub(super) fn delete_namespace(world: &World, holder: &Holder) {
    let act = |name: &str| world.ask(holder, "delete", &format!("/v1/namespaces/{name}"), &Value::Null);
    whole_namespaces(world, holder, &act);
}

/// Everything that another user's memories can be asked, and what writes them.
pub(super) fn shares(world: &World, holder: &Holder) {
    let knows = |thing: &super::world::Thing| holder.sees(thing) || holder.is_shared(thing);
    let ask = |method: &str, path: &str, body: &Value| world.ask_knowing(holder, &knows, method, path, body);
    let other = if holder.user == "bert" { "owner" } else { "bert" };
    let (status, text) = ask("get", "/v1/shares", &Value::Null);
    assert_eq!(status, 200, "{text}");
    for nobody in ["nobody", holder.user, "owner,bert"] {
        let path = format!("/v1/memories?shared_by={nobody}");
        assert!(matches!(ask("get", &path, &Value::Null).0, 404 | 422), "{} {nobody}", holder.name);
    }
    let shared: BTreeSet<String> =
        world.memories.iter().filter(|thing| holder.is_shared(thing)).map(|thing| thing.id.clone()).collect();
    let at = |path: &str| format!("{path}{}shared_by={other}", if path.contains('?') { '&' } else { '?' });
    for path in [
        "/v1/memories?limit=100&include=embedding",
        "/v1/memories/search?q=shared+words&limit=100&mode=keyword",
    ] {
        let (status, text) = ask("get", &at(path), &Value::Null);
        assert_eq!(
            (status, ids(&value(&text)["memories"])),
            (200, shared.clone()),
            "{} {path} {text}",
            holder.name
        );
        assert_eq!(value(&text)["total"], shared.len());
    }
    for path in [
        "/v1/namespaces",
        "/v1/tags",
        "/v1/stats",
        "/v1/context",
        "/v1/context?q=shared+words",
        "/v1/memories/search?q=shared+words&mode=hybrid",
        "/v1/memories?namespace=project:fossa",
        "/v1/memories?namespace=home:echidna",
        "/v1/memories?tags=tag-gerenuk",
        "/v1/memories?tool=claude",
    ] {
        let (status, text) =
            world.ask_knowing(holder, &|thing| holder.is_shared(thing), "get", &at(path), &Value::Null);
        assert_eq!(status, 200, "{} {path} {text}", holder.name);
    }
    let everything: BTreeSet<String> = super::walks::found(world, holder).union(&shared).cloned().collect();
    let (_, text) =
        ask("get", "/v1/memories/search?q=shared+words&limit=100&mode=keyword&shared=true", &Value::Null);
    let found = value(&text);
    assert_eq!(ids(&found["memories"]), everything, "{} {text}", holder.name);
    assert_eq!(found["owners"].as_array().unwrap().len(), everything.len());
    write_shared(world, holder, other);
}

fn write_shared(world: &World, holder: &Holder, other: &str) {
    let knows = |thing: &super::world::Thing| holder.sees(thing) || holder.is_shared(thing);
    let ask = |method: &str, path: &str, body: &Value| world.ask_knowing(holder, &knows, method, path, body);
    let writes = holder.may(RW);
    for thing in world.memories.iter().filter(|thing| thing.user == other) {
        let path = format!("/v1/memories/{}?shared_by={other}", thing.id);
        let shared = holder.is_shared(thing);
        assert_eq!(ask("get", &path, &Value::Null).0, if shared { 200 } else { 404 }, "{}", holder.name);
        let history = format!("/v1/memories/{}/history?shared_by={other}", thing.id);
        assert_eq!(ask("get", &history, &Value::Null).0, if shared { 200 } else { 404 }, "{}", holder.name);
        let may_write =
            shared && writes && other == "bert" && holder.tool.is_none_or(|tool| tool == thing.tool);
        let expected = match (writes, shared, may_write) {
            (true, false, _) => 404,
            (true, true, true) => 200,
            _ => 403,
        };
        let (status, text) = ask("put", &path, &json!({"metadata": {}}));
        assert_eq!(status, expected, "{} {} {text}", holder.name, thing.word);
        if may_write {
            let (status, text) = ask("put", &path, &json!({"namespace": "home:echidna"}));
            assert_eq!(status, 403, "{}: out of what is shared: {text}", holder.name);
        } else {
            assert_eq!(ask("delete", &path, &Value::Null).0, expected, "{}", holder.name);
        }
    }
    if !writes {
        return;
    }
    let path = format!("/v1/memories?shared_by={other}");
    for namespace in [None, Some("project:fossa"), Some("project:babirusa"), Some("home:echidna")] {
        let (status, text) = ask("post", &path, &memory("Written by a guest", "guest", namespace));
        // The only place where a guest may write is where its memories go.
        let may = other == "bert" && matches!(namespace, None | Some("project:fossa"));
        assert_eq!(status, if may { 201 } else { 403 }, "{} {namespace:?} {text}", holder.name);
        if may {
            let id = format!("/v1/memories/{}", value(&text)["id"].as_str().unwrap());
            let (status, stored) = send(&world.server, Some(&world.bert), "get", &id, &Value::Null);
            assert_eq!((status, &value(&stored)["namespace"]), (200, &json!("project:fossa")), "{stored}");
            assert_eq!(value(&stored)["source"]["tool"], holder.tool.unwrap_or("guest"));
            assert_eq!(ask("delete", &format!("{id}?shared_by={other}"), &Value::Null).0, 204);
        }
    }
}

pub(super) fn share(world: &World, holder: &Holder) {
    let ask = |method: &str, path: &str, body: &Value| world.ask(holder, method, path, body);
    let read = json!({"access": "read"});
    assert_eq!(ask("put", "/v1/namespaces/project:x/shares/nobody", &read).0, 404);
    assert_eq!(ask("put", &format!("/v1/namespaces/project:x/shares/{}", holder.user), &read).0, 422);
    assert_eq!(ask("put", "/v1/namespaces/Bad!/shares/bert", &read).0, 422);
    assert_eq!(ask("put", "/v1/namespaces/project:x/shares/bert", &json!({"access": "all"})).0, 422);
    // Nobody shares what is another's, or ends what another shares.
    for (owner, namespace, user, _) in SHARES.iter().filter(|(owner, ..)| *owner != holder.user) {
        let path = format!("/v1/namespaces/{namespace}/shares/{user}");
        assert_eq!(ask("delete", &path, &Value::Null).0, 404, "{} {owner}", holder.name);
    }
    let other = if holder.user == "bert" { "owner" } else { "bert" };
    let path = format!("/v1/namespaces/project:new/shares/{other}");
    assert_eq!(ask("put", &path, &read).0, 200);
    assert_eq!(ask("delete", &path, &Value::Null).0, 204);
    assert_eq!(ask("delete", &path, &Value::Null).0, 404);
}
