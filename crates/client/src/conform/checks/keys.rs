//! Keys of tools: what each may see and do (OMP-Full). They are skipped where no key was given, where the server has no
//! `/v1/keys`, and where the key may not make others. Every key that is made here is revoked again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, encode, ensure, skip};
use crate::conform::sample::memory_path;

checks! {
    May "omp.keys.create" ["omp.md §4"] "A new key is 201 with a secret of at least 32 characters, with which requests are answered." => works;
    May "omp.keys.list" ["omp.md §4"] "The list of keys shows no secret." => listed;
    May "omp.keys.422" ["omp.md §3"] "A key without a name is 422 validation_error." => nameless;
    May "omp.keys.scope.read" ["omp.md §4"] "A key that may only read is refused with 403 forbidden when it writes, and nothing is stored." => reads_only;
    May "omp.keys.scope.admin" ["omp.md §4"] "A key without the scope `admin` makes no other key." => no_admin;
    May "omp.keys.namespaces" ["omp.md §4"] "A key that is limited to a namespace sees no memory of another one: 404, and in no list and no search." => one_namespace;
    May "omp.keys.namespaces.write" ["omp.md §4"] "Such a key stores nothing in another namespace." => one_namespace_written;
    May "omp.keys.namespaces.default" ["omp.md §4"] "What is stored without a namespace lands in the key's default namespace." => default_namespace;
    May "omp.keys.tool" ["omp.md §4"] "A key's tool is stamped on what is stored with it." => stamped;
    May "omp.keys.tool.own" ["omp.md §4"] "A key that sees its own tool's memories only sees no other tool's: 404, and in no list." => own_tool;
    May "omp.keys.rotate" ["omp.md §4"] "A rotated key works with its new secret and no longer with the former one." => rotated;
    May "omp.keys.revoke" ["omp.md §4"] "A revoked key is refused with 401 at once." => revoked;
    May "omp.keys.404" ["omp.md §3"] "Revoking an unknown key is 404." => unknown;
}

/// A key for one check.
struct Made {
    id: String,
    bearer: String,
}

impl Made {
    async fn send(&self, fixture: &Fixture, call: Call) -> Result<Answer, Finding> {
        fixture.send(call.authorization(&self.bearer)).await
    }
}

async fn made(fixture: &Fixture, limits: Value) -> Result<(Made, Answer), Finding> {
    // The first key of all closes a server that was open.
    if fixture.key.is_none() {
        return Err(skip("no key was given"));
    }
    let mut body = json!({"name": "conformance", "scopes": ["read", "write"]});
    for (member, value) in limits.as_object().into_iter().flatten() {
        body[member] = value.clone();
    }
    let answer = fixture.send(Call::post("/v1/keys", &body)).await?;
    match answer.status {
        404 | 405 => return Err(skip("the server makes no keys")),
        403 => return Err(skip("the key that was given may make no others")),
        _ => {}
    }
    let answer = answer.be(201)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let bearer = format!("Bearer {}", text(&answer.json["secret"]));
    Ok((Made { id: text(&answer.json["key"]["id"]), bearer }, answer))
}

async fn revoke(fixture: &Fixture, key: &Made) -> Verdict {
    fixture.send(Call::delete(format!("/v1/keys/{}", encode(&key.id)))).await?.be(204).map(drop)
}

/// Judges with a new key and revokes it, however the judgement went.
async fn with_key(fixture: &Fixture, limits: Value, judge: impl AsyncFnOnce(&Made) -> Verdict) -> Verdict {
    let (key, _) = made(fixture, limits).await?;
    let verdict = judge(&key).await;
    revoke(fixture, &key).await?;
    verdict
}

/// The ids that a list with this key holds.
async fn seen(fixture: &Fixture, key: &Made, query: &str) -> Result<Vec<Value>, Finding> {
    let answer = key.send(fixture, Call::get(format!("/v1/memories?limit=100{query}"))).await?.be(200)?;
    let memories = answer.json["memories"].as_array().cloned().unwrap_or_default();
    Ok(memories.into_iter().map(|memory| memory["id"].clone()).collect())
}

async fn works(fixture: &Fixture) -> Verdict {
    let (key, answer) = made(fixture, json!({})).await?;
    let long = answer.json["secret"].as_str().is_some_and(|secret| secret.chars().count() >= 32);
    let read = key.send(fixture, Call::get("/v1/memories?limit=1")).await;
    revoke(fixture, &key).await?;
    ensure(long && !key.id.is_empty(), "an id and a secret of 32 characters or more", || "neither".into())?;
    read?.be(200).map(drop)
}

async fn listed(fixture: &Fixture) -> Verdict {
    let (key, _) = made(fixture, json!({})).await?;
    let list = fixture.send(Call::get("/v1/keys")).await;
    revoke(fixture, &key).await?;
    let list = list?.be(200)?;
    let secret = key.bearer.trim_start_matches("Bearer ");
    ensure(list.text.contains(&key.id), "the key by its id", || "a list without it".into())?;
    ensure(!list.text.contains(secret), "no secret", || "the secret of the new key".into())
}

async fn nameless(fixture: &Fixture) -> Verdict {
    let (key, _) = made(fixture, json!({})).await?;
    let answer = fixture.send(Call::post("/v1/keys", &json!({"scopes": ["read"]}))).await;
    revoke(fixture, &key).await?;
    answer?.refused()
}

async fn reads_only(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("keys-read");
    let body = fixture.memory(json!({"namespace": namespace}));
    with_key(fixture, json!({"scopes": ["read"]}), async |key| {
        key.send(fixture, Call::get("/v1/memories?limit=1")).await?.be(200)?;
        key.send(fixture, Call::post("/v1/memories", &body)).await?.error(403, "forbidden")?;
        let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
        ensure(list["total"] == 0, "nothing stored", || list.to_string())
    })
    .await
}

async fn no_admin(fixture: &Fixture) -> Verdict {
    with_key(fixture, json!({}), async |key| {
        let call = Call::post("/v1/keys", &json!({"name": "more", "scopes": ["read"]}));
        key.send(fixture, call).await?.error(403, "forbidden")
    })
    .await
}

async fn one_namespace(fixture: &Fixture) -> Verdict {
    let (mine, other) = (fixture.namespace("keys-mine"), fixture.namespace("keys-other"));
    let word = fixture.word("keys");
    let inside = fixture.store(json!({"namespace": mine, "content": word})).await?;
    let outside = fixture.store(json!({"namespace": other, "content": word})).await?;
    with_key(fixture, json!({"namespaces": [mine]}), async |key| {
        key.send(fixture, Call::get(memory_path(&inside["id"]))).await?.be(200)?;
        let hidden = memory_path(&outside["id"]);
        key.send(fixture, Call::get(&hidden)).await?.error(404, "memory_not_found")?;
        let change = json!({"content": "changed"});
        key.send(fixture, Call::put(&hidden, &change)).await?.error(404, "memory_not_found")?;
        key.send(fixture, Call::delete(&hidden)).await?.error(404, "memory_not_found")?;
        let list = seen(fixture, key, "").await?;
        ensure(list == [inside["id"].clone()], "the one memory in a list", || format!("{list:?}"))?;
        let list = seen(fixture, key, &format!("&namespace={}", encode(&other))).await?;
        ensure(list.is_empty(), "nothing in a list of the other namespace", || format!("{list:?}"))?;
        let search = json!({"q": word, "mode": "keyword"});
        let found = key.send(fixture, Call::post("/v1/memories/search", &search)).await?.be(200)?;
        ensure(found.json["total"] == 1, "one memory found", || found.got())
    })
    .await
}

async fn one_namespace_written(fixture: &Fixture) -> Verdict {
    let (mine, other) = (fixture.namespace("keys-mine"), fixture.namespace("keys-closed"));
    with_key(fixture, json!({"namespaces": [mine]}), async |key| {
        let body = fixture.memory(json!({"namespace": other}));
        key.send(fixture, Call::post("/v1/memories", &body)).await?.error(403, "forbidden")?;
        let list = fixture.list(&format!("namespace={}", encode(&other))).await?;
        ensure(list["total"] == 0, "nothing stored", || list.to_string())
    })
    .await
}

async fn default_namespace(fixture: &Fixture) -> Verdict {
    let mine = fixture.namespace("keys-default");
    with_key(fixture, json!({"default_namespace": mine}), async |key| {
        let mut body = fixture.memory(json!({}));
        body.as_object_mut().map(|body| body.remove("namespace"));
        let stored = key.send(fixture, Call::post("/v1/memories", &body)).await?.be(201)?;
        ensure(stored.json["namespace"] == mine.as_str(), "the default namespace", || stored.got())
    })
    .await
}

async fn stamped(fixture: &Fixture) -> Verdict {
    with_key(fixture, json!({"tool": "conform-other"}), async |key| {
        let stored =
            key.send(fixture, Call::post("/v1/memories", &fixture.memory(json!({})))).await?.be(201)?;
        ensure(stored.json["source"]["tool"] == "conform-other", "the key's tool", || stored.got())
    })
    .await
}

async fn own_tool(fixture: &Fixture) -> Verdict {
    let foreign = fixture.store(json!({})).await?;
    with_key(fixture, json!({"tool": "conform-own", "own_tool_only": true}), async |key| {
        let own = key.send(fixture, Call::post("/v1/memories", &fixture.memory(json!({})))).await?.be(201)?;
        let hidden = key.send(fixture, Call::get(memory_path(&foreign["id"]))).await?;
        hidden.error(404, "memory_not_found")?;
        let list = seen(fixture, key, "").await?;
        let there = list.contains(&own.json["id"]) && !list.contains(&foreign["id"]);
        ensure(there, "its own memory and not the other tool's", || format!("{list:?}"))
    })
    .await
}

async fn rotated(fixture: &Fixture) -> Verdict {
    with_key(fixture, json!({}), async |key| {
        let path = format!("/v1/keys/{}/rotate", encode(&key.id));
        let answer = fixture.send(Call::post(path, &json!({}))).await?.be(200)?;
        let new = format!("Bearer {}", answer.json["secret"].as_str().unwrap_or_default());
        let list = || Call::get("/v1/memories?limit=1");
        fixture.send(list().authorization(new)).await?.be(200)?;
        key.send(fixture, list()).await?.error(401, "unauthorized")
    })
    .await
}

async fn revoked(fixture: &Fixture) -> Verdict {
    let (key, _) = made(fixture, json!({})).await?;
    key.send(fixture, Call::get("/v1/memories?limit=1")).await?.be(200)?;
    revoke(fixture, &key).await?;
    key.send(fixture, Call::get("/v1/memories?limit=1")).await?.error(401, "unauthorized")
}

async fn unknown(fixture: &Fixture) -> Verdict {
    let (key, _) = made(fixture, json!({})).await?;
    revoke(fixture, &key).await?;
    fixture.send(Call::new(Method::DELETE, "/v1/keys/key_aaaaaaaaaaaaaaaa")).await?.error(404, "not_found")
}
