//! Keys of tools: what each may see and do (OMP-Full). They are skipped where no key was given, where the server has no
//! `/v1/keys`, and where the key may not make others. Every key that is made here is revoked again.

use reqwest::Method;
use serde_json::{Value, json};

use crate::conform::bench::Bench;
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
    async fn send(&self, bench: &Bench, call: Call) -> Result<Answer, Finding> {
        bench.send(call.authorization(&self.bearer)).await
    }
}

async fn made(bench: &Bench, limits: Value) -> Result<(Made, Answer), Finding> {
    // The first key of all closes a server that was open.
    if bench.key.is_none() {
        return Err(skip("no key was given"));
    }
    let mut body = json!({"name": "conformance", "scopes": ["read", "write"]});
    for (member, value) in limits.as_object().into_iter().flatten() {
        body[member] = value.clone();
    }
    let answer = bench.send(Call::post("/v1/keys", &body)).await?;
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

async fn revoke(bench: &Bench, key: &Made) -> Verdict {
    bench.send(Call::delete(format!("/v1/keys/{}", encode(&key.id)))).await?.be(204).map(drop)
}

/// Judges with a new key and revokes it, however the judgement went.
async fn with_key(bench: &Bench, limits: Value, judge: impl AsyncFnOnce(&Made) -> Verdict) -> Verdict {
    let (key, _) = made(bench, limits).await?;
    let verdict = judge(&key).await;
    revoke(bench, &key).await?;
    verdict
}

/// The ids that a list with this key holds.
async fn seen(bench: &Bench, key: &Made, query: &str) -> Result<Vec<Value>, Finding> {
    let answer = key.send(bench, Call::get(format!("/v1/memories?limit=100{query}"))).await?.be(200)?;
    let memories = answer.json["memories"].as_array().cloned().unwrap_or_default();
    Ok(memories.into_iter().map(|memory| memory["id"].clone()).collect())
}

async fn works(bench: &Bench) -> Verdict {
    let (key, answer) = made(bench, json!({})).await?;
    let long = answer.json["secret"].as_str().is_some_and(|secret| secret.chars().count() >= 32);
    let read = key.send(bench, Call::get("/v1/memories?limit=1")).await;
    revoke(bench, &key).await?;
    ensure(long && !key.id.is_empty(), "an id and a secret of 32 characters or more", || "neither".into())?;
    read?.be(200).map(drop)
}

async fn listed(bench: &Bench) -> Verdict {
    let (key, _) = made(bench, json!({})).await?;
    let list = bench.send(Call::get("/v1/keys")).await;
    revoke(bench, &key).await?;
    let list = list?.be(200)?;
    let secret = key.bearer.trim_start_matches("Bearer ");
    ensure(list.text.contains(&key.id), "the key by its id", || "a list without it".into())?;
    ensure(!list.text.contains(secret), "no secret", || "the secret of the new key".into())
}

async fn nameless(bench: &Bench) -> Verdict {
    let (key, _) = made(bench, json!({})).await?;
    let answer = bench.send(Call::post("/v1/keys", &json!({"scopes": ["read"]}))).await;
    revoke(bench, &key).await?;
    answer?.refused()
}

async fn reads_only(bench: &Bench) -> Verdict {
    let namespace = bench.namespace("keys-read");
    let body = bench.memory(json!({"namespace": namespace}));
    with_key(bench, json!({"scopes": ["read"]}), async |key| {
        key.send(bench, Call::get("/v1/memories?limit=1")).await?.be(200)?;
        key.send(bench, Call::post("/v1/memories", &body)).await?.error(403, "forbidden")?;
        let list = bench.list(&format!("namespace={}", encode(&namespace))).await?;
        ensure(list["total"] == 0, "nothing stored", || list.to_string())
    })
    .await
}

async fn no_admin(bench: &Bench) -> Verdict {
    with_key(bench, json!({}), async |key| {
        let call = Call::post("/v1/keys", &json!({"name": "more", "scopes": ["read"]}));
        key.send(bench, call).await?.error(403, "forbidden")
    })
    .await
}

async fn one_namespace(bench: &Bench) -> Verdict {
    let (mine, other) = (bench.namespace("keys-mine"), bench.namespace("keys-other"));
    let word = bench.word("keys");
    let inside = bench.store(json!({"namespace": mine, "content": word})).await?;
    let outside = bench.store(json!({"namespace": other, "content": word})).await?;
    with_key(bench, json!({"namespaces": [mine]}), async |key| {
        key.send(bench, Call::get(memory_path(&inside["id"]))).await?.be(200)?;
        let hidden = memory_path(&outside["id"]);
        key.send(bench, Call::get(&hidden)).await?.error(404, "memory_not_found")?;
        let change = json!({"content": "changed"});
        key.send(bench, Call::put(&hidden, &change)).await?.error(404, "memory_not_found")?;
        key.send(bench, Call::delete(&hidden)).await?.error(404, "memory_not_found")?;
        let list = seen(bench, key, "").await?;
        ensure(list == [inside["id"].clone()], "the one memory in a list", || format!("{list:?}"))?;
        let list = seen(bench, key, &format!("&namespace={}", encode(&other))).await?;
        ensure(list.is_empty(), "nothing in a list of the other namespace", || format!("{list:?}"))?;
        let search = json!({"q": word, "mode": "keyword"});
        let found = key.send(bench, Call::post("/v1/memories/search", &search)).await?.be(200)?;
        ensure(found.json["total"] == 1, "one memory found", || found.got())
    })
    .await
}

async fn one_namespace_written(bench: &Bench) -> Verdict {
    let (mine, other) = (bench.namespace("keys-mine"), bench.namespace("keys-closed"));
    with_key(bench, json!({"namespaces": [mine]}), async |key| {
        let body = bench.memory(json!({"namespace": other}));
        key.send(bench, Call::post("/v1/memories", &body)).await?.error(403, "forbidden")?;
        let list = bench.list(&format!("namespace={}", encode(&other))).await?;
        ensure(list["total"] == 0, "nothing stored", || list.to_string())
    })
    .await
}

async fn default_namespace(bench: &Bench) -> Verdict {
    let mine = bench.namespace("keys-default");
    with_key(bench, json!({"default_namespace": mine}), async |key| {
        let mut body = bench.memory(json!({}));
        body.as_object_mut().map(|body| body.remove("namespace"));
        let stored = key.send(bench, Call::post("/v1/memories", &body)).await?.be(201)?;
        ensure(stored.json["namespace"] == mine.as_str(), "the default namespace", || stored.got())
    })
    .await
}

async fn stamped(bench: &Bench) -> Verdict {
    with_key(bench, json!({"tool": "conform-other"}), async |key| {
        let stored = key.send(bench, Call::post("/v1/memories", &bench.memory(json!({})))).await?.be(201)?;
        ensure(stored.json["source"]["tool"] == "conform-other", "the key's tool", || stored.got())
    })
    .await
}

async fn own_tool(bench: &Bench) -> Verdict {
    let foreign = bench.store(json!({})).await?;
    with_key(bench, json!({"tool": "conform-own", "own_tool_only": true}), async |key| {
        let own = key.send(bench, Call::post("/v1/memories", &bench.memory(json!({})))).await?.be(201)?;
        let hidden = key.send(bench, Call::get(memory_path(&foreign["id"]))).await?;
        hidden.error(404, "memory_not_found")?;
        let list = seen(bench, key, "").await?;
        let there = list.contains(&own.json["id"]) && !list.contains(&foreign["id"]);
        ensure(there, "its own memory and not the other tool's", || format!("{list:?}"))
    })
    .await
}

async fn rotated(bench: &Bench) -> Verdict {
    with_key(bench, json!({}), async |key| {
        let path = format!("/v1/keys/{}/rotate", encode(&key.id));
        let answer = bench.send(Call::post(path, &json!({}))).await?.be(200)?;
        let new = format!("Bearer {}", answer.json["secret"].as_str().unwrap_or_default());
        let list = || Call::get("/v1/memories?limit=1");
        bench.send(list().authorization(new)).await?.be(200)?;
        key.send(bench, list()).await?.error(401, "unauthorized")
    })
    .await
}

async fn revoked(bench: &Bench) -> Verdict {
    let (key, _) = made(bench, json!({})).await?;
    key.send(bench, Call::get("/v1/memories?limit=1")).await?.be(200)?;
    revoke(bench, &key).await?;
    key.send(bench, Call::get("/v1/memories?limit=1")).await?.error(401, "unauthorized")
}

async fn unknown(bench: &Bench) -> Verdict {
    let (key, _) = made(bench, json!({})).await?;
    revoke(bench, &key).await?;
    bench.send(Call::new(Method::DELETE, "/v1/keys/key_aaaaaaaaaaaaaaaa")).await?.error(404, "not_found")
}
