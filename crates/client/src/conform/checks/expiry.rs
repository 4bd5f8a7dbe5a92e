//! `expires_at`: an expired memory is gone from every read at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::conform::bench::Bench;
use crate::conform::probe::{Call, Finding, Verdict, encode, ensure, skip};
use crate::conform::sample::memory_path;
use crate::conform::time;

checks! {
    Must "omp.expiry.alive" ["omp.md §1"] "A memory that has yet to expire is found everywhere." => alive;
    Must "omp.expiry.get" ["omp.md §1; reading 20"] "An expired memory is 404 for GET." => get;
    Must "omp.expiry.list" ["omp.md §1; reading 20"] "An expired memory is not listed and not in the total." => list;
    Must "omp.expiry.search" ["omp.md §1; reading 20"] "An expired memory is not found and not in the total." => search;
    Must "omp.expiry.export" ["omp.md §1; reading 20"] "An expired memory is not exported." => export;
    Must "omp.expiry.update" ["reading 20"] "PUT on an expired memory is 404." => update;
    Must "omp.expiry.delete" ["reading 20"] "DELETE on an expired memory is 404." => delete;
    Must "omp.expiry.imported" ["omp.md §1; reading 20"] "An imported memory whose time is over is not to be seen." => imported;
    Must "omp.expiry.past.create" ["omp.md §1; reading 20"] "A new memory whose time is over already is refused, or not to be seen." => past_create;
    Must "omp.expiry.past.update" ["omp.md §1; reading 20"] "A memory whose time is set to the past is gone, or the change is refused." => past_update;
    Should "omp.expiry.import-again" ["reading 20"] "The id of an expired memory is free for an import." => import_again;
    Must "omp.expiry.cleared" ["omp.md §2; reading 16"] "A memory whose expires_at was cleared does not expire." => cleared;
}

/// Two memories that are to expire in about a second; of one, `expires_at` is cleared. Waits until the time is over.
async fn expired(bench: &Bench) -> Result<Value, Finding> {
    let sent = time::now();
    let probe = bench.store(json!({})).await?;
    // The server's clock counts, not ours.
    let skew = probe["created_at"].as_str().and_then(time::parse).map_or(0, |created| created - sent);
    let end = time::utc(time::now() + skew + 1000);
    let content = format!("The word is {}.", bench.word("expired"));
    let change = json!({"namespace": bench.namespace("expired"), "content": content, "expires_at": end});
    let memory = bench.store(change.clone()).await?;
    let kept = bench.store(change).await?;
    bench.send(Call::put(memory_path(&kept["id"]), &json!({"expires_at": null}))).await?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        if bench.send(Call::get(memory_path(&memory["id"]))).await?.status == 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(json!({"gone": memory["id"], "kept": kept["id"]}))
}

async fn gone(bench: &Bench) -> Result<Value, Finding> {
    Ok(bench.sample("expired", expired(bench)).await?["gone"].take())
}

async fn alive(bench: &Bench) -> Verdict {
    let (namespace, word) = (bench.namespace("alive"), bench.word("alive"));
    let end = time::at_offset(time::now() + 86_400_000, -720);
    let change =
        json!({"namespace": namespace, "content": format!("The word is {word}."), "expires_at": end});
    let memory = bench.store(change).await?;
    bench.fetch(&memory["id"]).await?;
    let list = bench.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 1, "one listed", || list.to_string())?;
    let found = bench.search(&json!({"q": word, "namespace": namespace})).await?;
    ensure(found["memories"][0]["id"] == memory["id"], "found by search", || found.to_string())
}

async fn get(bench: &Bench) -> Verdict {
    bench.send(Call::get(memory_path(&gone(bench).await?))).await?.error(404, "memory_not_found")
}

async fn list(bench: &Bench) -> Verdict {
    let id = gone(bench).await?;
    let list = bench.list(&format!("namespace={}", encode(&bench.namespace("expired")))).await?;
    let small = list["total"].as_u64().is_some_and(|total| total <= 1);
    ensure(absent(&list, &id) && small, "the other one only", || list.to_string())
}

async fn search(bench: &Bench) -> Verdict {
    let id = gone(bench).await?;
    let (word, namespace) = (bench.word("expired"), bench.namespace("expired"));
    for mode in crate::conform::shape::MODES {
        let found = bench.search(&json!({"q": word, "namespace": namespace, "mode": mode})).await?;
        let small = found["total"].as_u64().is_some_and(|total| total <= 1);
        ensure(absent(&found, &id) && small, "the other one only", || found.to_string())?;
    }
    Ok(())
}

async fn export(bench: &Bench) -> Verdict {
    let id = gone(bench).await?;
    let document = bench.send(Call::get("/v1/export")).await?.be(200)?.json;
    ensure(absent(&document, &id), format!("no {id}"), || "it is in the export".to_owned())
}

async fn update(bench: &Bench) -> Verdict {
    let call = Call::put(memory_path(&gone(bench).await?), &json!({"content": "back"}));
    bench.send(call).await?.error(404, "memory_not_found")
}

async fn delete(bench: &Bench) -> Verdict {
    bench.send(Call::delete(memory_path(&gone(bench).await?))).await?.error(404, "memory_not_found")
}

async fn imported(bench: &Bench) -> Verdict {
    let namespace = bench.namespace("overdue");
    let item = bench.item(json!({"namespace": namespace, "expires_at": "2023-01-01T00:00:00Z"}));
    bench.import(std::slice::from_ref(&item), "").await?.be(200)?;
    bench.send(Call::get(memory_path(&item["id"]))).await?.error(404, "memory_not_found")?;
    let list = bench.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing listed", || list.to_string())
}

async fn past_create(bench: &Bench) -> Verdict {
    let namespace = bench.namespace("past");
    let body = bench.memory(json!({"namespace": namespace, "expires_at": "2023-01-01T00:00:00Z"}));
    let answer = bench.send(Call::post("/v1/memories", &body)).await?.be_one_of(&[201, 422])?;
    if answer.status == 201 {
        bench.send(Call::get(memory_path(&answer.json["id"]))).await?.error(404, "memory_not_found")?;
    }
    let list = bench.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing listed", || list.to_string())
}

async fn past_update(bench: &Bench) -> Verdict {
    let memory = bench.store(json!({})).await?;
    let path = memory_path(&memory["id"]);
    let change = json!({"expires_at": "2023-01-01T00:00:00Z"});
    let answer = bench.send(Call::put(&path, &change)).await?.be_one_of(&[200, 422])?;
    if answer.status == 200 {
        bench.send(Call::get(&path)).await?.error(404, "memory_not_found")?;
    }
    Ok(())
}

async fn import_again(bench: &Bench) -> Verdict {
    let item = bench.item(json!({"id": gone(bench).await?, "content": "Back again."}));
    let answer = bench.import(std::slice::from_ref(&item), "").await?.be(200)?;
    ensure(answer.json["imported"] == 1, "`imported`: 1", || answer.got())?;
    let back = bench.fetch(&item["id"]).await?;
    ensure(back["content"] == "Back again.", "\"Back again.\"", || back.to_string())
}

async fn cleared(bench: &Bench) -> Verdict {
    let kept = bench.sample("expired", expired(bench)).await?["kept"].take();
    let memory = bench.fetch(&kept).await?;
    if !memory["expires_at"].is_null() {
        return Err(skip("expires_at cannot be cleared"));
    }
    Ok(())
}

/// Whether no memory of an answer has this id.
fn absent(answer: &Value, id: &Value) -> bool {
    answer["memories"].as_array().is_some_and(|all| all.iter().all(|memory| memory["id"] != *id))
}
