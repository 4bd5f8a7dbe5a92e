//! `DELETE /v1/memories/{id}`: gone means gone.

use serde_json::{Value, json};

use crate::conform::bench::Bench;
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

async fn delete(bench: &Bench, memory: &Value) -> Result<Answer, Finding> {
    bench.send(Call::delete(memory_path(&memory["id"]))).await
}

/// A memory that was just deleted.
async fn deleted(bench: &Bench, change: Value) -> Result<Value, Finding> {
    let memory = bench.store(change).await?;
    delete(bench, &memory).await?.be(204)?;
    Ok(memory)
}

async fn status(bench: &Bench) -> Verdict {
    deleted(bench, json!({})).await?;
    Ok(())
}

async fn empty(bench: &Bench) -> Verdict {
    let memory = bench.store(json!({})).await?;
    let answer = delete(bench, &memory).await?.be(204)?;
    ensure(answer.text.is_empty(), "no body", || answer.got())
}

async fn gone(bench: &Bench) -> Verdict {
    let memory = deleted(bench, json!({})).await?;
    bench.send(Call::get(memory_path(&memory["id"]))).await?.error(404, "memory_not_found")
}

async fn again(bench: &Bench) -> Verdict {
    let memory = deleted(bench, json!({})).await?;
    delete(bench, &memory).await?.error(404, "memory_not_found")
}

async fn put(bench: &Bench) -> Verdict {
    let memory = deleted(bench, json!({})).await?;
    let call = Call::put(memory_path(&memory["id"]), &json!({"content": "back"}));
    bench.send(call).await?.error(404, "memory_not_found")
}

async fn unlisted(bench: &Bench) -> Verdict {
    let namespace = bench.namespace("deleted");
    deleted(bench, json!({"namespace": namespace})).await?;
    let list = bench.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0 && list["memories"] == json!([]), "nothing", || list.to_string())
}

async fn unsearched(bench: &Bench) -> Verdict {
    let word = bench.word("deleted");
    let namespace = bench.namespace("deleted");
    deleted(bench, json!({"namespace": namespace, "content": format!("The word is {word}.")})).await?;
    let found = bench.search(&json!({"q": word, "namespace": namespace})).await?;
    ensure(found["total"] == 0 && found["memories"] == json!([]), "nothing", || found.to_string())
}

async fn unknown(bench: &Bench) -> Verdict {
    bench.send(Call::delete(format!("/v1/memories/{}", memory_id()))).await?.error(404, "memory_not_found")
}
