//! `expires_at`: an expired memory is gone from every read at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
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
async fn expired(fixture: &Fixture) -> Result<Value, Finding> {
    let sent = time::now();
    let probe = fixture.store(json!({})).await?;
    // The server's clock counts, not ours.
    let skew = probe["created_at"].as_str().and_then(time::parse).map_or(0, |created| created - sent);
    // Long enough for a busy server to take the three requests until then.
    let end = time::utc(time::now() + skew + 2000);
    let content = format!("The word is {}.", fixture.word("expired"));
    let change = json!({"namespace": fixture.namespace("expired"), "content": content, "expires_at": end});
    let memory = fixture.store(change.clone()).await?;
    let kept = fixture.store(change).await?;
    fixture.send(Call::put(memory_path(&kept["id"]), &json!({"expires_at": null}))).await?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        if fixture.send(Call::get(memory_path(&memory["id"]))).await?.status == 404 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(json!({"gone": memory["id"], "kept": kept["id"]}))
}

async fn gone(fixture: &Fixture) -> Result<Value, Finding> {
    Ok(fixture.sample("expired", expired(fixture)).await?["gone"].take())
}

async fn alive(fixture: &Fixture) -> Verdict {
    let (namespace, word) = (fixture.namespace("alive"), fixture.word("alive"));
    let end = time::at_offset(time::now() + 86_400_000, -720);
    let change =
        json!({"namespace": namespace, "content": format!("The word is {word}."), "expires_at": end});
    let memory = fixture.store(change).await?;
    fixture.fetch(&memory["id"]).await?;
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 1, "one listed", || list.to_string())?;
    let found = fixture.search(&json!({"q": word, "namespace": namespace})).await?;
    ensure(found["memories"][0]["id"] == memory["id"], "found by search", || found.to_string())
}

async fn get(fixture: &Fixture) -> Verdict {
    fixture.send(Call::get(memory_path(&gone(fixture).await?))).await?.error(404, "memory_not_found")
}

async fn list(fixture: &Fixture) -> Verdict {
    let id = gone(fixture).await?;
    let list = fixture.list(&format!("namespace={}", encode(&fixture.namespace("expired")))).await?;
    let small = list["total"].as_u64().is_some_and(|total| total <= 1);
    ensure(absent(&list, &id) && small, "the other one only", || list.to_string())
}

async fn search(fixture: &Fixture) -> Verdict {
    let id = gone(fixture).await?;
    let (word, namespace) = (fixture.word("expired"), fixture.namespace("expired"));
    for mode in crate::conform::shape::MODES {
        let found = fixture.search(&json!({"q": word, "namespace": namespace, "mode": mode})).await?;
        let small = found["total"].as_u64().is_some_and(|total| total <= 1);
        ensure(absent(&found, &id) && small, "the other one only", || found.to_string())?;
    }
    Ok(())
}

async fn export(fixture: &Fixture) -> Verdict {
    let id = gone(fixture).await?;
    let document = fixture.send(Call::get("/v1/export")).await?.be(200)?.json;
    ensure(absent(&document, &id), format!("no {id}"), || "it is in the export".to_owned())
}

async fn update(fixture: &Fixture) -> Verdict {
    let call = Call::put(memory_path(&gone(fixture).await?), &json!({"content": "back"}));
    fixture.send(call).await?.error(404, "memory_not_found")
}

async fn delete(fixture: &Fixture) -> Verdict {
    fixture.send(Call::delete(memory_path(&gone(fixture).await?))).await?.error(404, "memory_not_found")
}

async fn imported(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("overdue");
    let item = fixture.item(json!({"namespace": namespace, "expires_at": "2023-01-01T00:00:00Z"}));
    fixture.import(std::slice::from_ref(&item), "").await?.be(200)?;
    fixture.send(Call::get(memory_path(&item["id"]))).await?.error(404, "memory_not_found")?;
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing listed", || list.to_string())
}

async fn past_create(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("past");
    let body = fixture.memory(json!({"namespace": namespace, "expires_at": "2023-01-01T00:00:00Z"}));
    let answer = fixture.send(Call::post("/v1/memories", &body)).await?.be_one_of(&[201, 422])?;
    if answer.status == 201 {
        fixture.send(Call::get(memory_path(&answer.json["id"]))).await?.error(404, "memory_not_found")?;
    }
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing listed", || list.to_string())
}

async fn past_update(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    let path = memory_path(&memory["id"]);
    let change = json!({"expires_at": "2023-01-01T00:00:00Z"});
    let answer = fixture.send(Call::put(&path, &change)).await?.be_one_of(&[200, 422])?;
    if answer.status == 200 {
        fixture.send(Call::get(&path)).await?.error(404, "memory_not_found")?;
    }
    Ok(())
}

async fn import_again(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({"id": gone(fixture).await?, "content": "Back again."}));
    let answer = fixture.import(std::slice::from_ref(&item), "").await?.be(200)?;
    ensure(answer.json["imported"] == 1, "`imported`: 1", || answer.got())?;
    let back = fixture.fetch(&item["id"]).await?;
    ensure(back["content"] == "Back again.", "\"Back again.\"", || back.to_string())
}

async fn cleared(fixture: &Fixture) -> Verdict {
    let kept = fixture.sample("expired", expired(fixture)).await?["kept"].take();
    let memory = fixture.fetch(&kept).await?;
    if !memory["expires_at"].is_null() {
        return Err(skip("expires_at cannot be cleared"));
    }
    Ok(())
}

/// Whether no memory of an answer has this id.
fn absent(answer: &Value, id: &Value) -> bool {
    answer["memories"].as_array().is_some_and(|all| all.iter().all(|memory| memory["id"] != *id))
}
