//! `PUT /v1/memories/{id}`: only what is sent changes.

use std::time::Duration;

use serde_json::{Value, json};

use super::echo::same;
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, faultless};
use crate::conform::sample::{memory_id, memory_path};
use crate::conform::{shape, time};

checks! {
    Must "omp.memories.update.200" ["omp.md §2"] "PUT answers 200 with the whole memory." => whole;
    Must "omp.memories.update.partial" ["omp.md §2"] "Fields that are not sent stay as they are." => partial;
    Must "omp.memories.update.stored" ["omp.md §2"] "GET gives what PUT answered." => stored;
    Must "omp.memories.update.content" ["omp.md §2"] "Content can be changed." => |b| changes(b, json!({"content": "changed é🦀"}));
    Must "omp.memories.update.type" ["omp.md §2"] "Type can be changed." => |b| changes(b, json!({"type": "procedural"}));
    Must "omp.memories.update.namespace" ["omp.md §2"] "Namespace can be changed." => moved;
    Must "omp.memories.update.expires_at" ["omp.md §2"] "expires_at can be set." => |b| changes(b, json!({"expires_at": "2999-01-01T00:00:00.000Z"}));
    Must "omp.memories.update.tags.replaced" ["reading 18"] "Tags are replaced as a whole." => |b| changes(b, json!({"tags": ["new"]}));
    Must "omp.memories.update.tags.emptied" ["reading 18"] "Tags can be emptied." => |b| changes(b, json!({"tags": []}));
    Must "omp.memories.update.metadata.replaced" ["reading 18"] "Metadata is replaced as a whole." => |b| changes(b, json!({"metadata": {"new": 1}}));
    Must "omp.memories.update.metadata.emptied" ["reading 18"] "Metadata can be emptied." => |b| changes(b, json!({"metadata": {}}));
    Must "omp.memories.update.null.namespace" ["omp.md §2; reading 16"] "null clears the namespace." => |b| changes(b, json!({"namespace": null}));
    Must "omp.memories.update.null.expires_at" ["omp.md §2; reading 16"] "null clears expires_at." => |b| changes(b, json!({"expires_at": null}));
    Must "omp.memories.update.source.merge" ["omp.md §2; reading 17"] "A part of source changes only that part." => |b| source(b, json!({"tool": "other"}), json!({"tool": "other", "session_id": "s", "user_id": "u"}));
    Must "omp.memories.update.source.timestamp" ["reading 17"] "source.timestamp can be changed alone." => |b| source(b, json!({"timestamp": "2020-02-02T02:02:02.000Z"}), json!({"tool": "conform", "session_id": "s", "user_id": "u", "timestamp": "2020-02-02T02:02:02.000Z"}));
    Must "omp.memories.update.source.null.session_id" ["reading 17"] "null removes source.session_id." => |b| removed(b, "session_id", "user_id");
    Must "omp.memories.update.source.null.user_id" ["reading 17"] "null removes source.user_id." => |b| removed(b, "user_id", "session_id");
    Must "omp.memories.update.id" ["omp.md §2; reading 19"] "An id that is sent is ignored." => |b| ignored(b, json!({"id": "mem_aaaaaaaaaaaaaaaa"}), "id");
    Must "omp.memories.update.created_at" ["omp.md §2; reading 19"] "A created_at that is sent is ignored." => |b| ignored(b, json!({"created_at": "2001-01-01T00:00:00Z"}), "created_at");
    Must "omp.memories.update.whole-object" ["reading 19"] "A client may send the whole object back." => whole_object;
    Must "omp.memories.update.created_at.stays" ["omp.md §2"] "created_at never changes." => |b| ignored(b, json!({"content": "changed"}), "created_at");
    Must "omp.memories.update.updated_at" ["omp.md §2"] "updated_at moves." => touched;
    Must "omp.memories.update.404" ["omp.md §2"] "PUT on an unknown id is 404 memory_not_found." => unknown;
    Must "omp.memories.update.searchable" ["omp.md §2"] "A search finds the new words and not the old." => searchable;
    Should "omp.memories.update.together" ["omp.md §2"] "Two changes of different fields at the same time both stay." => together;
}

/// A memory with something in every field.
pub(super) async fn subject(fixture: &Fixture) -> Result<Value, Finding> {
    let change = json!({
        "source": {"tool": "conform", "session_id": "s", "user_id": "u", "timestamp": "2024-05-06T07:08:09.000Z"},
        "tags": ["one", "two"],
        "expires_at": "2998-01-01T00:00:00.000Z",
        "metadata": {"k": "v", "l": [1]},
    });
    fixture.store(change).await
}

/// Sends a change of one memory.
pub(super) async fn put(fixture: &Fixture, memory: &Value, change: &Value) -> Result<Answer, Finding> {
    fixture.send(Call::put(memory_path(&memory["id"]), change)).await
}

async fn whole(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    let answer = put(fixture, &memory, &json!({"content": "changed"})).await?.be(200)?;
    faultless("a memory of the schema", &shape::memory(&answer.json))?;
    ensure(answer.json["id"] == memory["id"], "the same id", || answer.got())
}

async fn partial(fixture: &Fixture) -> Verdict {
    let mut memory = subject(fixture).await?;
    let mut after = put(fixture, &memory, &json!({"content": "changed"})).await?.be(200)?.json;
    for value in [&mut memory, &mut after] {
        value["content"].take();
        value["updated_at"].take();
    }
    ensure(after == memory, memory.to_string(), || after.to_string())
}

async fn stored(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    let answer = put(fixture, &memory, &json!({"content": "changed", "tags": ["x"]})).await?.be(200)?.json;
    let stored = fixture.fetch(&memory["id"]).await?;
    ensure(stored == answer, answer.to_string(), || stored.to_string())
}

async fn changes(fixture: &Fixture, change: Value) -> Verdict {
    let memory = subject(fixture).await?;
    let answer = put(fixture, &memory, &change).await?.be(200)?;
    same(&change, &answer.json)?;
    same(&change, &fixture.fetch(&memory["id"]).await?)
}

async fn moved(fixture: &Fixture) -> Verdict {
    changes(fixture, json!({"namespace": fixture.namespace("moved")})).await
}

async fn source(fixture: &Fixture, change: Value, wanted: Value) -> Verdict {
    let memory = subject(fixture).await?;
    put(fixture, &memory, &json!({"source": change})).await?.be(200)?;
    same(&json!({"source": wanted}), &fixture.fetch(&memory["id"]).await?)
}

async fn removed(fixture: &Fixture, field: &str, other: &str) -> Verdict {
    let memory = subject(fixture).await?;
    put(fixture, &memory, &json!({"source": {field: null}})).await?.be(200)?;
    let after = fixture.fetch(&memory["id"]).await?;
    let gone = after["source"].get(field).is_none_or(Value::is_null);
    ensure(gone && after["source"][other].is_string(), format!("no `{field}`, but `{other}`"), || {
        after["source"].to_string()
    })
}

async fn ignored(fixture: &Fixture, change: Value, field: &str) -> Verdict {
    let memory = subject(fixture).await?;
    put(fixture, &memory, &change).await?.be(200)?;
    let after = fixture.fetch(&memory["id"]).await?;
    ensure(after[field] == memory[field], memory[field].to_string(), || after[field].to_string())
}

async fn whole_object(fixture: &Fixture) -> Verdict {
    let mut memory = subject(fixture).await?;
    memory["content"] = json!("changed");
    let after = put(fixture, &memory, &memory).await?.be(200)?.json;
    ensure(after["content"] == "changed" && after["created_at"] == memory["created_at"], "the change", || {
        after.to_string()
    })
}

async fn touched(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    let before = memory["updated_at"].as_str().unwrap_or_default();
    let pause = if time::has_millis(before) { 10 } else { 1100 };
    tokio::time::sleep(Duration::from_millis(pause)).await;
    let after = put(fixture, &memory, &json!({"content": "changed"})).await?.be(200)?.json;
    let moved = after["updated_at"].as_str().and_then(time::parse) > time::parse(before);
    ensure(moved, format!("later than {before}"), || after["updated_at"].to_string())
}

async fn unknown(fixture: &Fixture) -> Verdict {
    let call = Call::put(format!("/v1/memories/{}", memory_id()), &json!({"content": "changed"}));
    fixture.send(call).await?.error(404, "memory_not_found")
}

async fn searchable(fixture: &Fixture) -> Verdict {
    let (old, new) = (fixture.word("before"), fixture.word("after"));
    let memory = fixture.store(json!({"content": format!("The word is {old}.")})).await?;
    put(fixture, &memory, &json!({"content": format!("The word is {new}.")})).await?.be(200)?;
    let namespace = fixture.namespace("memories");
    for (word, wanted) in [(new, 1), (old, 0)] {
        let found = fixture.search(&json!({"q": word, "namespace": namespace, "mode": "keyword"})).await?;
        ensure(found["total"] == wanted, format!("{wanted} found"), || {
            format!("{} for {word}", found["total"])
        })?;
    }
    Ok(())
}

async fn together(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    for round in 0..5 {
        let (content, tag) = (json!(format!("round {round}")), json!([format!("round-{round}")]));
        let (change, other) = (json!({"content": content}), json!({"tags": tag}));
        let (one, two) = tokio::join!(put(fixture, &memory, &change), put(fixture, &memory, &other));
        one?.be(200)?;
        two?.be(200)?;
        let after = fixture.fetch(&memory["id"]).await?;
        ensure(after["content"] == content && after["tags"] == tag, "both changes", || after.to_string())?;
    }
    Ok(())
}
