//! `POST /v1/memories` and `GET /v1/memories/{id}`: the form of a stored memory and what is filled in.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, fail, faultless};
use crate::conform::sample::{memory_id, memory_path};
use crate::conform::{shape, time};

checks! {
    Must "omp.memories.create.201" ["omp.md §2"] "A valid memory is answered with 201." => created;
    Must "omp.memories.create.json" ["omp.md §2"] "The answer is JSON." => json_kind;
    Must "omp.memories.object.fields" ["omp.md §1; reading 27"] "A memory has no fields but those of the schema." => only_known_fields;
    Must "omp.memories.object.source-fields" ["omp.md §1"] "Its source has no fields but those of the schema." => only_known_source_fields;
    Must "omp.memories.object.complete" ["reading 26"] "Tags, namespace, expires_at and metadata are always there." => complete;
    Must "omp.memories.object.types" ["omp.md §1"] "Every field has the form of the schema." => well_formed;
    Must "omp.memories.object.id" ["omp.md §1"] "The id is mem_ and 16 of a-z0-9." => id_form;
    Must "omp.memories.object.id.new" ["omp.md §1"] "The same body twice makes two ids." => new_ids;
    Must "omp.memories.create.id-ignored" ["omp.md §2"] "A client cannot choose the id, created_at or updated_at of a new memory." => own_id;
    Must "omp.memories.create.default.tags" ["omp.md §1"] "Without tags the tags are []." => |b| default(b, "tags", json!([]));
    Must "omp.memories.create.default.metadata" ["omp.md §1"] "Without metadata the metadata is {}." => |b| default(b, "metadata", json!({}));
    Must "omp.memories.create.default.namespace" ["omp.md §1"] "Without a namespace it is null." => |b| default(b, "namespace", Value::Null);
    Must "omp.memories.create.default.expires_at" ["omp.md §1"] "Without expires_at it is null." => |b| default(b, "expires_at", Value::Null);
    Must "omp.memories.create.null.namespace" ["omp.md §1"] "A namespace of null is accepted." => |b| super::echo::comes_back(b, json!({"namespace": null}));
    Must "omp.memories.create.null.expires_at" ["omp.md §1"] "An expires_at of null is accepted." => |b| super::echo::comes_back(b, json!({"expires_at": null}));
    Should "omp.memories.create.null.others" ["omp.md §1"] "null for tags, metadata, session_id, user_id or timestamp is refused, or means nothing there." => null_others;
    Must "omp.memories.create.timestamp.optional" ["omp.md §1; reading 1"] "Without source.timestamp a memory is stored with the time of now." => timestamp_now;
    Must "omp.memories.create.clock" ["omp.md §1"] "created_at is the time of storing." => created_now;
    Must "omp.memories.create.utc" ["omp.md §1"] "All times end in Z." => times_in_utc;
    Should "omp.memories.create.milliseconds" ["reading 43"] "Times show milliseconds." => milliseconds;
    Must "omp.memories.create.embedding.accepted" ["omp.md §1; reading 28"] "An embedding sent along is accepted." => embedding_accepted;
    Must "omp.memories.create.embedding.hidden" ["omp.md §1; reading 28"] "An embedding is not returned unless asked for." => embedding_hidden;
    May "omp.memories.get.include.embedding" ["omp.md §1"] "With include=embedding the embedding, if there is one, is an array of numbers." => embedding_shown;
    Must "omp.memories.create.strangers" ["omp.md §1"] "A field that the schema does not know is refused, or left out of the stored memory." => strangers;
    Must "omp.memories.get.200" ["omp.md §2"] "GET gives the memory as POST gave it." => get_same;
    Must "omp.memories.get.404" ["omp.md §2"] "GET of an unknown id is 404 memory_not_found." => get_unknown;
    Must "omp.memories.get.odd-id" ["omp.md §3; reading 30"] "GET of what is no id is an orderly error." => get_odd;
}

async fn post(fixture: &Fixture, change: Value) -> Result<Answer, Finding> {
    fixture.send(Call::post("/v1/memories", &fixture.memory(change))).await?.be(201)
}

/// The one stored memory that the checks of form look at.
async fn full(fixture: &Fixture) -> Result<Value, Finding> {
    let change = json!({
        "source": {"tool": "conform", "session_id": "s", "user_id": "u", "timestamp": "2024-05-06T07:08:09Z"},
        "tags": ["one"],
        "expires_at": "2999-01-01T00:00:00Z",
        "metadata": {"k": "v"},
    });
    fixture.sample("full", fixture.store(change)).await
}

async fn created(fixture: &Fixture) -> Verdict {
    post(fixture, json!({})).await?;
    Ok(())
}

async fn json_kind(fixture: &Fixture) -> Verdict {
    let answer = post(fixture, json!({})).await?;
    ensure(answer.is_json(), "application/json", || answer.header("content-type").to_owned())
}

async fn only_known_fields(fixture: &Fixture) -> Verdict {
    faultless("no other fields", &shape::strangers(&full(fixture).await?, &shape::MEMORY_FIELDS))
}

async fn only_known_source_fields(fixture: &Fixture) -> Verdict {
    faultless("no other fields", &shape::strangers(&full(fixture).await?["source"], &shape::SOURCE_FIELDS))
}

async fn complete(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    let absent = shape::absent(&memory, &shape::MEMORY_ALWAYS);
    ensure(absent.is_empty(), "all fields", || format!("without {}", absent.join(", ")))
}

async fn well_formed(fixture: &Fixture) -> Verdict {
    faultless("a memory of the schema", &shape::memory(&full(fixture).await?))
}

async fn id_form(fixture: &Fixture) -> Verdict {
    let memory = full(fixture).await?;
    ensure(shape::is_id(&memory["id"], "mem_"), "^mem_[a-z0-9]{16}$", || memory["id"].to_string())
}

async fn new_ids(fixture: &Fixture) -> Verdict {
    let (one, two) = (fixture.store(json!({})).await?, fixture.store(json!({})).await?);
    ensure(one["id"] != two["id"], "two ids", || format!("{} twice", one["id"]))
}

async fn own_id(fixture: &Fixture) -> Verdict {
    let (id, old) = (memory_id(), "2001-01-01T00:00:00.000Z");
    let body = fixture.memory(json!({"id": id, "created_at": old, "updated_at": old}));
    let answer = fixture.send(Call::post("/v1/memories", &body)).await?.be_one_of(&[201, 422])?;
    let memory = &answer.json;
    let taken = memory["id"] == id.as_str() || memory["created_at"] == old || memory["updated_at"] == old;
    ensure(!taken, "an id and times of the server's own, or 422", || answer.got())
}

async fn default(fixture: &Fixture, field: &str, wanted: Value) -> Verdict {
    let body = json!({"content": "A sample of the conformance suite.", "type": "semantic", "source": {"tool": "conform"}});
    let memory = fixture.send(Call::post("/v1/memories", &body)).await?.be(201)?.json;
    let stored = fixture.fetch(&memory["id"]).await?;
    for (place, got) in [("POST", &memory), ("GET", &stored)] {
        let holds = got.get(field) == Some(&wanted);
        ensure(holds, format!("`{field}`: {wanted}"), || format!("{:?} from {place}", got.get(field)))?;
    }
    Ok(())
}

async fn null_others(fixture: &Fixture) -> Verdict {
    let absent = json!({"source": {"session_id": null, "user_id": null, "timestamp": null}});
    for change in [json!({"tags": null}), json!({"metadata": null}), absent] {
        let answer = fixture.send(Call::post("/v1/memories", &fixture.memory(change))).await?.sane()?;
        let answer = answer.be_one_of(&[201, 422])?;
        if answer.status == 201 {
            faultless("a memory of the schema", &shape::memory(&answer.json))?;
        }
    }
    Ok(())
}

async fn timestamp_now(fixture: &Fixture) -> Verdict {
    let memory = post(fixture, json!({})).await?.json;
    let observed = memory["source"]["timestamp"].as_str().and_then(time::parse);
    let created = memory["created_at"].as_str().and_then(time::parse);
    let near = observed.zip(created).is_some_and(|(a, b)| (a - b).abs() < 5000);
    ensure(near, "source.timestamp near created_at", || memory.to_string())
}

async fn created_now(fixture: &Fixture) -> Verdict {
    let memory = post(fixture, json!({})).await?.json;
    let created = memory["created_at"].as_str().and_then(time::parse);
    let created = created.ok_or_else(|| fail("a time", memory["created_at"].to_string()))?;
    // Clocks differ between machines, but hardly by a day.
    ensure((created - time::now()).abs() < 86_400_000, "about now", || memory["created_at"].to_string())
}

fn times(memory: &Value) -> [(&'static str, &Value); 4] {
    [
        ("created_at", &memory["created_at"]),
        ("updated_at", &memory["updated_at"]),
        ("expires_at", &memory["expires_at"]),
        ("source.timestamp", &memory["source"]["timestamp"]),
    ]
}

async fn times_in_utc(fixture: &Fixture) -> Verdict {
    let memory = full(fixture).await?;
    for (field, value) in times(&memory) {
        ensure(shape::is_time(value), format!("`{field}` in UTC with Z"), || value.to_string())?;
    }
    Ok(())
}

async fn milliseconds(fixture: &Fixture) -> Verdict {
    let memory = full(fixture).await?;
    for (field, value) in times(&memory) {
        let holds = value.as_str().is_some_and(time::has_millis);
        ensure(holds, format!("`{field}` with three digits of a second"), || value.to_string())?;
    }
    Ok(())
}

async fn embedded(fixture: &Fixture) -> Result<Value, Finding> {
    fixture.sample("embedded", fixture.store(json!({"embedding": [0.25, -0.5, 1.0]}))).await
}

async fn embedding_accepted(fixture: &Fixture) -> Verdict {
    post(fixture, json!({"embedding": [0.25, -0.5, 1.0]})).await?;
    Ok(())
}

async fn embedding_hidden(fixture: &Fixture) -> Verdict {
    let memory = embedded(fixture).await?;
    let stored = fixture.fetch(&memory["id"]).await?;
    let hidden = memory.get("embedding").is_none() && stored.get("embedding").is_none();
    ensure(hidden, "no `embedding`", || stored.to_string())
}

async fn embedding_shown(fixture: &Fixture) -> Verdict {
    let path = format!("{}?include=embedding", memory_path(&embedded(fixture).await?["id"]));
    let memory = fixture.send(Call::get(path)).await?.be(200)?.json;
    let holds = match memory.get("embedding") {
        None | Some(Value::Null) => true,
        Some(found) => found.as_array().is_some_and(|all| all.iter().all(Value::is_number)),
    };
    ensure(holds, "an array of numbers, or none", || memory["embedding"].to_string())
}

async fn strangers(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"stranger": 1, "source": {"stranger": 1}}));
    let answer = fixture.send(Call::post("/v1/memories", &body)).await?.be_one_of(&[201, 422])?;
    let kept = answer.status == 201 && answer.text.contains("stranger");
    ensure(!kept, "422, or a memory without the field", || answer.got())
}

async fn get_same(fixture: &Fixture) -> Verdict {
    let memory = full(fixture).await?;
    let stored = fixture.fetch(&memory["id"]).await?;
    ensure(stored == memory, memory.to_string(), || stored.to_string())
}

async fn get_unknown(fixture: &Fixture) -> Verdict {
    fixture.send(Call::get(format!("/v1/memories/{}", memory_id()))).await?.error(404, "memory_not_found")
}

async fn get_odd(fixture: &Fixture) -> Verdict {
    for id in
        ["x", "mem_", "mem_%00", "%F0%9F%A6%80", "mem_aaaaaaaaaaaaaaaa'--", "..%2f..%2fetc%2fpasswd", "%ff"]
    {
        let answer = fixture.send(Call::get(format!("/v1/memories/{id}"))).await?.sane()?;
        ensure((400..500).contains(&answer.status), "400, 404 or 422", || answer.got())?;
    }
    Ok(())
}
