//! `DELETE /v1/memories/{id}`: gone means gone.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, encode, ensure};
use crate::conform::sample::{memory_id, memory_path};

checks! {
    Must "omp.memories.delete.204" ["omp.md §2"] "DELETE answers 204." => status;
    Must "omp.memories.delete.empty" ["omp.md §2"] "The 204 has no body." => empty;
    Must "omp.memories.delete.gone" ["omp.md §2"] "A deleted memory is 404 for GET." => gone;
    Must "omp.memories.delete.again" ["omp.md §2"] "Deleting it again is 404 memory_not_found." => again;
    Must "omp.memories.delete.put" ["omp.md §2"] "Changing it is 404 memory_not_found." => put;
    Must "omp.memories.delete.unlisted" ["omp.md §2"] "It is gone from the list and its total." => unlisted;
    Must "omp.memories.delete.unsearched" ["omp.md §2"] "It is gone from the search." => unsearched;
    Must "omp.memories.delete.404" ["omp.md §2"] "Deleting an unknown id is 404 memory_not_found." => unknown;
}

async fn delete(fixture: &Fixture, memory: &Value) -> Result<Answer, Finding> {
    fixture.send(Call::delete(memory_path(&memory["id"]))).await
}

/// A memory that was just deleted.
async fn deleted(fixture: &Fixture, change: Value) -> Result<Value, Finding> {
    let memory = fixture.store(change).await?;
    delete(fixture, &memory).await?.be(204)?;
    Ok(memory)
}

async fn status(fixture: &Fixture) -> Verdict {
    deleted(fixture, json!({})).await?;
    Ok(())
}

async fn empty(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    let answer = delete(fixture, &memory).await?.be(204)?;
    ensure(answer.text.is_empty(), "no body", || answer.got())
}

async fn gone(fixture: &Fixture) -> Verdict {
    let memory = deleted(fixture, json!({})).await?;
    fixture.send(Call::get(memory_path(&memory["id"]))).await?.error(404, "memory_not_found")
}

async fn again(fixture: &Fixture) -> Verdict {
    let memory = deleted(fixture, json!({})).await?;
    delete(fixture, &memory).await?.error(404, "memory_not_found")
}

async fn put(fixture: &Fixture) -> Verdict {
    let memory = deleted(fixture, json!({})).await?;
    let call = Call::put(memory_path(&memory["id"]), &json!({"content": "back"}));
    fixture.send(call).await?.error(404, "memory_not_found")
}

async fn unlisted(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("deleted");
    deleted(fixture, json!({"namespace": namespace})).await?;
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0 && list["memories"] == json!([]), "nothing", || list.to_string())
}

async fn unsearched(fixture: &Fixture) -> Verdict {
    let word = fixture.word("deleted");
    let namespace = fixture.namespace("deleted");
    deleted(fixture, json!({"namespace": namespace, "content": format!("The word is {word}.")})).await?;
    let found = fixture.search(&json!({"q": word, "namespace": namespace})).await?;
    ensure(found["total"] == 0 && found["memories"] == json!([]), "nothing", || found.to_string())
}

async fn unknown(fixture: &Fixture) -> Verdict {
    fixture.send(Call::delete(format!("/v1/memories/{}", memory_id()))).await?.error(404, "memory_not_found")
}
