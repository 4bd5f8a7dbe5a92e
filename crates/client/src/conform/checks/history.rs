//! Versions and successors: left to the server, which may have none. A server without them answers 404 `not_found`.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, faultless, skip};
use crate::conform::sample::memory_path;
use crate::conform::shape;

checks! {
    May "omp.memories.history" ["reading 27"] "A history tells the versions of a memory, newest first, each a memory with the time for which it held." => versions;
    May "omp.memories.history.404" ["reading 27"] "The history of an unknown id is 404." => unknown;
    May "omp.memories.restore" ["reading 27"] "A restored version is the memory as it is now." => restore;
    May "omp.memories.restore.422" ["reading 27"] "Restoring an unknown version is 422 validation_error." => no_version;
    May "omp.memories.supersedes" ["reading 27"] "A superseded memory can still be read, and its history tells its successor." => supersedes;
    May "omp.memories.supersedes.422" ["reading 27"] "Superseding an unknown memory is 422 validation_error." => nothing_superseded;
}

async fn history(fixture: &Fixture, id: &Value) -> Result<Answer, Finding> {
    let answer = fixture.send(Call::get(memory_path(id) + "/history")).await?;
    if [404, 405].contains(&answer.status) {
        return Err(skip("the server keeps no history"));
    }
    answer.be(200)
}

/// A memory that said `old` and says `new`.
async fn changed(fixture: &Fixture) -> Result<Value, Finding> {
    let memory = fixture.store(json!({"content": "old"})).await?;
    fixture.send(Call::put(memory_path(&memory["id"]), &json!({"content": "new"}))).await?.be(200)?;
    Ok(memory)
}

async fn versions(fixture: &Fixture) -> Verdict {
    let memory = changed(fixture).await?;
    let answer = history(fixture, &memory["id"]).await?;
    let versions = answer.json["versions"].as_array().cloned().unwrap_or_default();
    let texts: Vec<&str> = versions.iter().filter_map(|v| v["memory"]["content"].as_str()).collect();
    ensure(texts == ["new", "old"], "the versions `new` and `old`", || answer.got())?;
    for version in &versions {
        faultless("a memory in each version", &shape::memory(&version["memory"]))?;
        let number = version["version"].as_u64().is_some();
        ensure(number && shape::is_time(&version["valid_from"]), "a number and a time", || answer.got())?;
    }
    let window = versions[0]["valid_to"].is_null() && versions[1]["valid_to"] == versions[0]["valid_from"];
    ensure(window, "one version holds until the next one does", || answer.got())
}

async fn unknown(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    history(fixture, &memory["id"]).await?;
    fixture.send(Call::delete(memory_path(&memory["id"]))).await?.be(204)?;
    let answer = fixture.send(Call::get(memory_path(&memory["id"]) + "/history")).await?;
    answer.error(404, "memory_not_found")
}

async fn restored(fixture: &Fixture, version: u64) -> Result<(Value, Answer), Finding> {
    let memory = changed(fixture).await?;
    history(fixture, &memory["id"]).await?;
    let path = memory_path(&memory["id"]);
    let answer = fixture.send(Call::post(path + "/restore", &json!({"version": version}))).await?;
    Ok((memory, answer))
}

async fn restore(fixture: &Fixture) -> Verdict {
    let (memory, answer) = restored(fixture, 1).await?;
    let answer = answer.be(200)?;
    faultless("a memory", &shape::memory(&answer.json))?;
    let now = fixture.fetch(&memory["id"]).await?;
    ensure(now == answer.json && now["content"] == "old", "the first version", || answer.got())
}

async fn no_version(fixture: &Fixture) -> Verdict {
    restored(fixture, 99).await?.1.refused()
}

async fn supersedes(fixture: &Fixture) -> Verdict {
    let old = fixture.store(json!({})).await?;
    history(fixture, &old["id"]).await?;
    let new = fixture.store(json!({"supersedes": old["id"]})).await?;
    faultless("a memory without further members", &shape::memory(&new))?;
    let still = fixture.fetch(&old["id"]).await?;
    ensure(still == old, "the superseded memory as it was", || still.to_string())?;
    let answer = history(fixture, &old["id"]).await?;
    ensure(answer.json["superseded_by"] == new["id"], "superseded_by is the new id", || answer.got())
}

async fn nothing_superseded(fixture: &Fixture) -> Verdict {
    let gone = fixture.store(json!({})).await?;
    history(fixture, &gone["id"]).await?;
    fixture.send(Call::delete(memory_path(&gone["id"]))).await?.be(204)?;
    let body = fixture.memory(json!({"supersedes": gone["id"]}));
    fixture.send(Call::post("/v1/memories", &body)).await?.refused()
}
