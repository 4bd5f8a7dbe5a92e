//! What each key does with each operation.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::RW;
use super::world::{Holder, SERVER_KEY, World, conversation, ids, memory, send, value};
use crate::searching::embedded;

pub(super) fn health(world: &World, _: &Holder) {
    assert_eq!(send(&world.server, None, "get", "/v1/health", &Value::Null).0, 200);
}

pub(super) fn livez(world: &World, _: &Holder) {
    let (status, told) = send(&world.server, None, "get", "/livez", &Value::Null);
    assert_eq!((status, value(&told)), (200, json!({"status": "alive"})));
}

pub(super) fn readyz(world: &World, _: &Holder) {
    let (status, told) = send(&world.server, None, "get", "/readyz", &Value::Null);
    assert_eq!((status, value(&told)), (200, json!({"status": "ready"})));
}

pub(super) fn create(world: &World, holder: &Holder) {
    for hidden in world.memories.iter().filter(|thing| !holder.sees(thing)) {
        // What says the same elsewhere is not told of, and what is out of sight cannot be superseded.
        let mut body =
            memory(&format!("Shared words about a {}", hidden.word), "any", hidden.namespace.as_deref());
        body["dedupe"] = json!("exact");
        let (status, text) = world.ask(holder, "post", "/v1/memories", &body);
        let outside = holder.pattern.is_some_and(|p| {
            !hidden.namespace.as_deref().unwrap_or("project:new").starts_with(p.trim_end_matches('*'))
        }) || (holder.name == "both" && hidden.namespace.is_none());
        assert_eq!(status, if outside { 403 } else { 201 }, "{} {text}", holder.name);
        if let Some(id) = (status == 201).then(|| value(&text)["id"].as_str().unwrap().to_owned()) {
            let key = if holder.user == "bert" { &world.bert } else { SERVER_KEY };
            let stored = send(&world.server, Some(key), "get", &format!("/v1/memories/{id}"), &Value::Null);
            assert_eq!(stored.0, 200, "what is stored is the key's user's");
            assert_eq!(
                value(&stored.1)["source"]["tool"],
                holder.tool.unwrap_or("any"),
                "the tool is the key's"
            );
            send(&world.server, Some(key), "delete", &format!("/v1/memories/{id}"), &Value::Null);
        }
        let mut body = memory("x", "any", Some("project:new"));
        body["supersedes"] = json!(hidden.id);
        let (status, text) = world.ask(holder, "post", "/v1/memories", &body);
        body["supersedes"] = json!("mem_0000000000000000");
        let (unknown, other) = world.ask(holder, "post", "/v1/memories", &body);
        assert_eq!((status, &text), (unknown, &other), "{}: hidden is the same as absent", holder.name);
        assert_eq!(status, 422);
    }
}

pub(super) fn list(world: &World, holder: &Holder) {
    let expected: BTreeSet<String> = world.seen(holder).map(|thing| thing.id.clone()).collect();
    for sort in ["created_at_desc", "created_at_asc", "updated_at_desc"] {
        let (status, text) = world.ask(
            holder,
            "get",
            &format!("/v1/memories?limit=100&include=embedding&sort={sort}"),
            &Value::Null,
        );
        let page = value(&text);
        assert_eq!((status, ids(&page["memories"])), (200, expected.clone()), "{} {sort}", holder.name);
        assert_eq!(page["total"], expected.len(), "{} {sort}", holder.name);
        // Page after page it is the same.
        let mut paged = Vec::new();
        for offset in 0..expected.len() {
            let (_, text) = world.ask(
                holder,
                "get",
                &format!("/v1/memories?limit=1&offset={offset}&sort={sort}"),
                &Value::Null,
            );
            paged.push(value(&text)["memories"][0]["id"].clone());
        }
        let whole: Vec<Value> =
            page["memories"].as_array().unwrap().iter().map(|m| m["id"].clone()).collect();
        assert_eq!(paged, whole, "{} {sort}", holder.name);
    }
    for thing in &world.memories {
        let mut filters = vec![format!("tags=tag-{}", thing.word)];
        filters.extend(thing.namespace.as_ref().map(|name| format!("namespace={name}")));
        for filter in filters.iter().filter(|_| thing.word != "jerboa" && thing.word != "kinkajou") {
            let (_, text) = world.ask(holder, "get", &format!("/v1/memories?{filter}"), &Value::Null);
            assert_eq!(value(&text)["total"], u64::from(holder.sees(thing)), "{} {filter}", holder.name);
        }
    }
    for tool in ["claude", "cursor"] {
        let expected = world.seen(holder).filter(|thing| thing.tool == tool).count();
        for sort in ["created_at_desc", "updated_at_desc"] {
            let (_, text) = world.ask(
                holder,
                "get",
                &format!("/v1/memories?tool={tool}&type=semantic&sort={sort}"),
                &Value::Null,
            );
            let page = value(&text);
            assert_eq!(page["total"], expected, "{} {tool}", holder.name);
            assert_eq!(page["memories"].as_array().unwrap().len(), expected, "{} {tool}", holder.name);
        }
    }
}

/// What was superseded is there, but no search finds it.
pub(super) fn found(world: &World, holder: &Holder) -> BTreeSet<String> {
    world.seen(holder).filter(|thing| thing.word != "aardwolf").map(|thing| thing.id.clone()).collect()
}

pub(super) fn search(world: &World, holder: &Holder) {
    for mode in ["keyword", "semantic", "hybrid"] {
        let (status, text) = world.ask(
            holder,
            "get",
            &format!("/v1/memories/search?q=shared+words&limit=100&explain=true&mode={mode}"),
            &Value::Null,
        );
        let answer = value(&text);
        assert_eq!(status, 200, "{text}");
        if mode == "keyword" {
            assert_eq!(ids(&answer["memories"]), found(world, holder), "{}", holder.name);
            assert_eq!(answer["total"], found(world, holder).len(), "{}", holder.name);
        } else {
            assert!(ids(&answer["memories"]).is_subset(&found(world, holder)), "{}", holder.name);
        }
        for thing in world.memories.iter().chain(&world.former) {
            world.ask(
                holder,
                "get",
                &format!("/v1/memories/search?q={}&mode={mode}&explain=true", thing.word),
                &Value::Null,
            );
        }
    }
}

pub(super) fn search_by_body(world: &World, holder: &Holder) {
    for more in [
        json!({"include": "superseded,embedding"}),
        json!({"namespace": world.memories.iter().filter_map(|thing| thing.namespace.clone()).collect::<Vec<_>>()}),
        json!({"tool": "claude"}),
        json!({"tool": "cursor"}),
        json!({"as_of": "2999-01-01T00:00:00Z"}),
    ] {
        let mut body = json!({"q": "shared words", "limit": 100, "mode": "keyword"});
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        let (status, text) = world.ask(holder, "post", "/v1/memories/search", &body);
        assert_eq!(status, 200, "{text}");
        let answer = value(&text);
        assert_eq!(answer["total"], answer["memories"].as_array().unwrap().len(), "{} {more}", holder.name);
        if more.get("include").is_some() {
            assert_eq!(answer["total"], world.seen(holder).count(), "{}", holder.name);
        }
    }
}

pub(super) fn get(world: &World, holder: &Holder) {
    for thing in &world.memories {
        let (status, text) =
            world.ask(holder, "get", &format!("/v1/memories/{}?include=embedding", thing.id), &Value::Null);
        assert_eq!(status, if holder.sees(thing) { 200 } else { 404 }, "{} {text}", holder.name);
    }
}

pub(super) fn update(world: &World, holder: &Holder) {
    for thing in &world.memories {
        let path = format!("/v1/memories/{}", thing.id);
        let (status, text) = world.ask(holder, "put", &path, &json!({"metadata": {}}));
        let expected = match (holder.sees(thing), holder.may_change(thing)) {
            (false, _) => 404,
            (true, false) => 403,
            (true, true) => 200,
        };
        assert_eq!(status, expected, "{} {text}", holder.name);
        // Nothing is moved out of the limits.
        if holder.pattern.is_some() {
            for namespace in [json!(null), json!("home:x")] {
                let (status, text) = world.ask(holder, "put", &path, &json!({"namespace": namespace}));
                assert_eq!(status, 403, "{} {text}", holder.name);
            }
        }
        if let (Some(tool), true) = (holder.tool, holder.may_change(thing)) {
            let (_, text) = world.ask(holder, "put", &path, &json!({"source": {"tool": "claude"}}));
            assert_eq!(value(&text)["source"]["tool"], tool);
        }
    }
}

pub(super) fn delete(world: &World, holder: &Holder) {
    for thing in world.memories.iter().filter(|thing| !holder.may_change(thing)) {
        let (status, text) = world.ask(holder, "delete", &format!("/v1/memories/{}", thing.id), &Value::Null);
        assert_eq!(status, if holder.sees(thing) { 403 } else { 404 }, "{} {text}", holder.name);
    }
    // Its own it may remove.
    let namespace = holder.pattern.map(|_| "project:new");
    let (status, text) = world.ask(holder, "post", "/v1/memories", &memory("x", "any", namespace));
    assert_eq!(status, 201, "{} {text}", holder.name);
    let path = format!("/v1/memories/{}", value(&text)["id"].as_str().unwrap());
    assert_eq!(world.ask(holder, "delete", &path, &Value::Null).0, 204);
}

pub(super) fn history(world: &World, holder: &Holder) {
    for thing in &world.memories {
        let (status, text) =
            world.ask(holder, "get", &format!("/v1/memories/{}/history", thing.id), &Value::Null);
        assert_eq!(status, if holder.sees(thing) { 200 } else { 404 }, "{} {text}", holder.name);
        if status == 200 {
            let history = value(&text);
            assert_eq!(history["total"], history["versions"].as_array().unwrap().len(), "{}", holder.name);
        }
    }
}

pub(super) fn restore(world: &World, holder: &Holder) {
    for thing in world.memories.iter().filter(|thing| !holder.may_change(thing)) {
        let path = format!("/v1/memories/{}/restore", thing.id);
        let (status, text) = world.ask(holder, "post", &path, &json!({"version": 1}));
        assert_eq!(status, if holder.sees(thing) { 403 } else { 404 }, "{} {text}", holder.name);
    }
    if holder.pattern.is_some() {
        // It may change the memory, but what it was lies outside.
        let moved = world.memories.iter().find(|thing| thing.word == "jerboa").unwrap();
        let (status, text) =
            world.ask(holder, "post", &format!("/v1/memories/{}/restore", moved.id), &json!({"version": 1}));
        assert_eq!(status, 403, "{} {text}", holder.name);
    }
}

pub(super) fn context(world: &World, holder: &Holder) {
    for path in ["/v1/context?budget=10000", "/v1/context?budget=10000&q=shared+words"] {
        let (status, text) = world.ask(holder, "get", path, &Value::Null);
        assert_eq!(status, 200, "{text}");
        for thing in world.seen(holder).filter(|thing| thing.word != "aardwolf") {
            assert!(text.contains(thing.word), "{} is not told of {}", holder.name, thing.word);
        }
    }
}

pub(super) fn namespaces(world: &World, holder: &Holder) {
    let mut expected = std::collections::BTreeMap::new();
    for thing in world.seen(holder) {
        if let Some(namespace) = &thing.namespace {
            *expected.entry(namespace.clone()).or_insert(0) += 1;
        }
    }
    let (status, text) = world.ask(holder, "get", "/v1/namespaces", &Value::Null);
    let expected = expected.iter().map(|(namespace, n)| json!({"namespace": namespace, "memories": n}));
    assert_eq!(
        (status, &value(&text)["namespaces"]),
        (200, &Value::from(expected.collect::<Vec<_>>())),
        "{}",
        holder.name
    );
}

pub(super) fn read_by_rules(world: &World, holder: &Holder) {
    for path in ["/v1/extract", "/v1/compress"] {
        assert_eq!(
            world.ask(holder, "post", path, &json!({"transcript": "x"})).0,
            422,
            "there is no provider"
        );
    }
    for thing in &world.conversations {
        let body = json!({"conversation_id": thing.id, "provider": "rules", "dry_run": true});
        let (status, text) = world.ask(holder, "post", "/v1/extract", &body);
        assert!(status == 200 || !holder.sees(thing), "{} {text}", holder.name);
        if !holder.sees(thing) {
            assert!([403, 404].contains(&status), "{} {text}", holder.name);
            // A summary would be stored.
            let (status, text) = world.ask(holder, "post", "/v1/compress", &body);
            assert!([403, 404].contains(&status), "{} {text}", holder.name);
        }
    }
    // What is known to others must not show in what is known already.
    for thing in &world.memories {
        let said = format!("User: I really love the {}.", thing.word);
        let body = json!({"transcript": said, "provider": "rules", "dry_run": true});
        let (status, text) = world.ask(holder, "post", "/v1/extract", &body);
        assert!(status == 200 || (status == 403 && holder.pattern.is_some()), "{} {text}", holder.name);
        let answer = value(&text);
        for change in answer["changes"].as_array().into_iter().flatten() {
            assert!(change["of"].is_null() || holder.sees(thing), "{} {text}", holder.name);
        }
    }
}

/// Nobody sees the jobs of another key, nor reads the conversations of others in one of their own.
pub(super) fn extract_jobs(world: &World, holder: &Holder) {
    assert_eq!(
        world.ask(holder, "post", "/v1/extract/jobs", &json!({})).0,
        if holder.pattern.is_some() { 403 } else { 422 }
    );
    let unseen: Vec<&str> = world
        .conversations
        .iter()
        .filter(|thing| !holder.sees(thing))
        .map(|thing| thing.id.as_str())
        .collect();
    let body = json!({"conversation_ids": unseen, "provider": "rules"});
    let (status, text) = world.ask(holder, "post", "/v1/extract/jobs", &body);
    if holder.pattern.is_some() {
        assert_eq!(status, 403, "{} {text}", holder.name);
        return;
    }
    assert_eq!(status, 202, "{} {text}", holder.name);
    let path = format!("/v1/extract/jobs/{}", value(&text)["id"].as_str().unwrap());
    let job = loop {
        let job = value(&world.ask(holder, "get", &path, &Value::Null).1);
        if job["state"] != "running" {
            break job;
        }
    };
    assert_eq!(
        (&job["state"], &job["extracted"], &job["skipped"]),
        (&json!("done"), &json!(0), &json!(unseen.len()))
    );
    for other in world.holders.iter().filter(|other| other.name != holder.name && other.may(RW)) {
        for method in ["get", "delete"] {
            assert_eq!(
                world.ask(other, method, &path, &Value::Null).0,
                404,
                "{} of {}",
                other.name,
                holder.name
            );
        }
        let (_, text) = world.ask(other, "get", "/v1/extract/jobs", &Value::Null);
        assert!(!text.contains(job["id"].as_str().unwrap()), "{} of {}", other.name, holder.name);
    }
    assert_eq!(world.ask(holder, "delete", &path, &Value::Null).0, 200, "it has ended and stays so");
}

pub(super) fn no_jobs(world: &World, holder: &Holder) {
    let (status, text) = world.ask(holder, "get", "/v1/extract/jobs/job_0000000000000000", &Value::Null);
    assert_eq!(status, 404, "{} {text}", holder.name);
    assert_eq!(world.ask(holder, "get", "/v1/extract/jobs", &Value::Null).0, 200);
}

pub(super) fn search_conversations(world: &World, holder: &Holder) {
    embedded(&world.server);
    for thing in &world.conversations {
        let search = |mode: &str| {
            let path = format!("/v1/conversations/search?q={}&mode={mode}&limit=50", thing.word);
            let (status, text) = world.ask(holder, "get", &path, &Value::Null);
            assert_eq!(status, 200, "{} {text}", holder.name);
            value(&text)
        };
        let by_words = search("keyword");
        assert_eq!(by_words["total"], usize::from(holder.sees(thing)), "{} {by_words}", holder.name);
        for mode in ["semantic", "hybrid"] {
            let found = search(mode);
            // A key of some namespaces reaches no conversation, and is not
            // told how those that there may be are searched.
            let used = if world.indices || holder.pattern.is_some() { mode } else { "keyword" };
            assert_eq!(found["mode_used"], used, "{} {found}", holder.name);
            let ids = ids(&found["conversations"]);
            assert_eq!(ids.contains(&thing.id), holder.sees(thing), "{} {found}", holder.name);
            for id in ids {
                let seen = world.conversations.iter().all(|other| other.id != id || holder.sees(other));
                assert!(seen, "{} {found}", holder.name);
            }
        }
    }
}

pub(super) fn create_conversation(world: &World, holder: &Holder) {
    let (status, text) = world.ask(holder, "post", "/v1/conversations", &conversation("mine"));
    assert_eq!(status, if holder.pattern.is_some() { 403 } else { 201 }, "{} {text}", holder.name);
    if status == 201 && holder.may(RW) {
        let path = format!("/v1/conversations/{}", value(&text)["id"].as_str().unwrap());
        assert_eq!(world.ask(holder, "delete", &path, &Value::Null).0, 200);
    }
}

pub(super) fn list_conversations(world: &World, holder: &Holder) {
    let (status, text) = world.ask(holder, "get", "/v1/conversations?limit=50", &Value::Null);
    let page = value(&text);
    let expected: BTreeSet<String> =
        world.conversations.iter().filter(|thing| holder.sees(thing)).map(|thing| thing.id.clone()).collect();
    assert!(status == 200 && expected.is_subset(&ids(&page["conversations"])), "{} {text}", holder.name);
    assert_eq!(page["total"], page["conversations"].as_array().unwrap().len());
}

pub(super) fn get_conversation(world: &World, holder: &Holder) {
    for thing in &world.conversations {
        let (status, text) =
            world.ask(holder, "get", &format!("/v1/conversations/{}", thing.id), &Value::Null);
        assert_eq!(status, if holder.sees(thing) { 200 } else { 404 }, "{} {text}", holder.name);
    }
}

pub(super) fn delete_conversation(world: &World, holder: &Holder) {
    for thing in world.conversations.iter().filter(|thing| !holder.may_change(thing)) {
        let (status, text) =
            world.ask(holder, "delete", &format!("/v1/conversations/{}", thing.id), &Value::Null);
        assert_eq!(status, if holder.sees(thing) { 403 } else { 404 }, "{} {text}", holder.name);
    }
}

pub(super) fn handoff(world: &World, holder: &Holder) {
    for thing in &world.conversations {
        let body = json!({"conversation_id": thing.id, "target_model": "x"});
        let (status, text) = world.ask(holder, "post", "/v1/handoff", &body);
        assert_eq!(status, if holder.sees(thing) { 200 } else { 404 }, "{} {text}", holder.name);
    }
}

pub(super) fn export(world: &World, holder: &Holder) {
    for format in ["omp", "omi", "omi-jsonl"] {
        let (status, text) = world.ask(
            holder,
            "get",
            &format!("/v1/export?format={format}&include=conversations,embedding"),
            &Value::Null,
        );
        assert_eq!(status, 200);
        for thing in world.seen(holder) {
            assert!(text.contains(thing.word), "{} does not get {} as {format}", holder.name, thing.word);
        }
        for thing in world.conversations.iter().filter(|thing| format == "omp" && holder.sees(thing)) {
            assert!(text.contains(thing.word), "{} does not get {}", holder.name, thing.word);
        }
    }
}

pub(super) fn import(world: &World, holder: &Holder) {
    for conflict in ["skip", "overwrite"] {
        let items: Vec<Value> = world
            .memories
            .iter()
            .filter(|thing| !holder.may_change(thing))
            .map(|thing| {
                let mut item = memory("overwritten", "any", Some("project:new"));
                item["id"] = json!(thing.id);
                (item["created_at"], item["updated_at"]) =
                    (json!("2020-01-01T00:00:00Z"), json!("2020-01-01T00:00:00Z"));
                item
            })
            .collect();
        let (status, text) = world.ask(
            holder,
            "post",
            &format!("/v1/import?conflict={conflict}"),
            &json!({"memories": items}),
        );
        assert_eq!(status, 200, "{} {text}", holder.name);
        // Ids of other users' memories are free here; what was stored under them goes again.
        let key = if holder.user == "bert" { &world.bert } else { SERVER_KEY };
        for thing in world.memories.iter().filter(|thing| thing.user != holder.user) {
            send(&world.server, Some(key), "delete", &format!("/v1/memories/{}", thing.id), &Value::Null);
        }
    }
    let mut item = memory("x", "any", Some("home:elsewhere"));
    item["id"] = json!("mem_zzzzzzzzzzzzzzzz");
    (item["created_at"], item["updated_at"]) = (json!("2020-01-01T00:00:00Z"), json!("2020-01-01T00:00:00Z"));
    let (_, text) = world.ask(holder, "post", "/v1/import", &json!({"memories": [item]}));
    let report = value(&text);
    let refused = report["errors"].as_array().unwrap().len();
    let expected = if holder.pattern.is_some() { (1, 0) } else { (0, 1) };
    assert_eq!((refused, report["imported"].as_u64().unwrap()), expected, "{} {text}", holder.name);
    if refused == 1 {
        assert_eq!(report["errors"][0]["error"], "forbidden");
    }
    let key = if holder.user == "bert" { &world.bert } else { SERVER_KEY };
    send(&world.server, Some(key), "delete", "/v1/memories/mem_zzzzzzzzzzzzzzzz", &Value::Null);
}

pub(super) fn users(world: &World, holder: &Holder) {
    let expected = |status| if holder.administers { status } else { 403 };
    let ask = |method: &str, path: &str, body: &Value| world.ask(holder, method, path, body).0;
    assert_eq!(ask("get", "/v1/users", &Value::Null), expected(200));
    assert_eq!(ask("get", "/v1/users/owner", &Value::Null), expected(200));
    assert_eq!(ask("get", "/v1/users/nobody", &Value::Null), expected(404));
    assert_eq!(ask("post", "/v1/users", &json!({"name": "bert"})), expected(422));
    assert_eq!(ask("delete", "/v1/users/owner?memories=delete", &Value::Null), 403);
    assert_eq!(ask("delete", "/v1/users/nobody?memories=delete", &Value::Null), expected(404));
    assert_eq!(
        ask("delete", "/v1/users/bert", &Value::Null),
        422,
        "what becomes of the memories must be said"
    );
}

pub(super) fn keys(world: &World, holder: &Holder) {
    let (_, text) = world.ask(holder, "get", "/v1/keys", &Value::Null);
    let list = value(&text);
    let whose: BTreeSet<&str> =
        list["keys"].as_array().unwrap().iter().map(|key| key["user"].as_str().unwrap()).collect();
    let expected: BTreeSet<&str> =
        if holder.administers { ["bert", "owner"].into() } else { [holder.user].into() };
    assert_eq!(whose, expected, "{}", holder.name);
    assert!(world.holders.iter().all(|other| !text.contains(&other.secret)), "no secret is ever told");
    if holder.administers {
        return;
    }
    let (_, all) = send(&world.server, Some(SERVER_KEY), "get", "/v1/keys", &Value::Null);
    let all = value(&all);
    for key in all["keys"].as_array().unwrap().iter().filter(|key| key["user"] != holder.user) {
        let path = format!("/v1/keys/{}", key["id"].as_str().unwrap());
        assert_eq!(world.ask(holder, "delete", &path, &Value::Null).0, 404);
        assert_eq!(world.ask(holder, "post", &format!("{path}/rotate"), &json!({})).0, 404);
    }
    let (status, text) = world.ask(holder, "post", "/v1/keys", &json!({"name": "k", "user": "owner"}));
    assert_eq!(status, 403, "a key of another user: {text}");
}

pub(super) fn audit(world: &World, holder: &Holder) {
    // Ids stand in it, also such as others have too and this user imported; but not a word of anybody.
    let (status, text) =
        send(&world.server, Some(&holder.secret), "get", "/v1/audit?limit=1000", &Value::Null);
    assert_eq!(status, 200, "{text}");
    for thing in world.memories.iter().chain(&world.conversations).chain(&world.former) {
        assert!(!text.contains(thing.word), "the audit tells of {}", thing.word);
    }
    let page = value(&text);
    let who: BTreeSet<&str> =
        page["entries"].as_array().unwrap().iter().filter_map(|entry| entry["user"].as_str()).collect();
    assert!(
        who.contains(holder.user) && (holder.administers || who.len() == 1),
        "{} sees {who:?}",
        holder.name
    );
    let other = if holder.user == "bert" { "owner" } else { "bert" };
    let (status, _) =
        send(&world.server, Some(&holder.secret), "get", &format!("/v1/audit?user={other}"), &Value::Null);
    assert_eq!(status, if holder.administers { 200 } else { 403 });
}
