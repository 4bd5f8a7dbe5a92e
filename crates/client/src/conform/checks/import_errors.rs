//! `POST /v1/import`: items that are not valid, and documents that are none.

use reqwest::Method;
use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, encode, ensure};
use crate::conform::sample::{memory_path, without};

checks! {
    Must "omp.import.errors.others-land" ["omp.md §2; reading 6"] "Beside an item that is not valid the valid ones land." => others_land;
    Must "omp.import.errors.form" ["omp.md §2; reading 6"] "An entry in errors has index, id, error and message." => form;
    Must "omp.import.errors.index" ["reading 6"] "The index is the place in the document, from 0." => index;
    Must "omp.import.errors.absent" ["omp.md §2"] "An item that is not valid never half-lands." => absent;
    Must "omp.import.errors.content.empty" ["reading 6"] "Empty content is an entry." => |b| entry(b, json!({"content": ""}));
    Must "omp.import.errors.content.long" ["reading 6"] "Content of 10,001 characters is an entry." => |b| entry(b, json!({"content": "x".repeat(10_001)}));
    Must "omp.import.errors.content.number" ["reading 6"] "Content that is a number is an entry." => |b| entry(b, json!({"content": 5}));
    Must "omp.import.errors.content.nul" ["reading 44"] "A NUL in content is an entry." => |b| entry(b, json!({"content": "a\0b"}));
    Must "omp.import.errors.content.missing" ["reading 6"] "An item without content is an entry." => |b| entry_without(b, "content");
    Must "omp.import.errors.type" ["reading 6"] "An unknown type is an entry." => |b| entry(b, json!({"type": "fact"}));
    Must "omp.import.errors.id" ["reading 6"] "An id of another form is an entry." => |b| entry(b, json!({"id": "mem_TOO-SHORT"}));
    Must "omp.import.errors.tool.empty" ["reading 6"] "An empty tool is an entry." => |b| entry(b, json!({"source": {"tool": ""}}));
    Must "omp.import.errors.tool.long" ["reading 6"] "A tool of 101 characters is an entry." => |b| entry(b, json!({"source": {"tool": "t".repeat(101)}}));
    Must "omp.import.errors.source.missing" ["reading 6"] "An item without source is an entry." => |b| entry_without(b, "source");
    Must "omp.import.errors.tags.many" ["reading 6"] "21 tags are an entry." => |b| entry(b, json!({"tags": (0..21).map(|n| format!("t{n}")).collect::<Vec<_>>()}));
    Must "omp.import.errors.tags.pattern" ["reading 6"] "A tag with a capital is an entry." => |b| entry(b, json!({"tags": ["Upper"]}));
    Must "omp.import.errors.namespace" ["reading 6"] "A namespace with a slash is an entry." => |b| entry(b, json!({"namespace": "a/b"}));
    Must "omp.import.errors.metadata" ["reading 6"] "Metadata of 11 keys is an entry." => |b| entry(b, json!({"metadata": (0..11).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>()}));
    Must "omp.import.errors.created_at" ["reading 6"] "A created_at that is no date-time is an entry." => |b| entry(b, json!({"created_at": "yesterday"}));
    Must "omp.import.errors.updated_at" ["reading 6"] "An updated_at that is no date-time is an entry." => |b| entry(b, json!({"updated_at": 5}));
    Must "omp.import.errors.expires_at" ["reading 6"] "An expires_at that is no date-time is an entry." => |b| entry(b, json!({"expires_at": "never"}));
    Must "omp.import.errors.not-object" ["reading 6"] "An item that is no object is an entry." => not_objects;
    Must "omp.import.document.malformed" ["reading 6; reading 31"] "A document that breaks off is 400 invalid_json and leaves nothing behind." => broken_off;
    Must "omp.import.document.malformed.long" ["reading 6"] "So does one that breaks off after 300 items: all or nothing." => long_broken_off;
    Must "omp.import.errors.strangers" ["omp.md §1"] "A field that the schema does not know is an entry, or left out of what lands." => strangers;
    Must "omp.import.document.no-memories" ["omp.md §2"] "A document without `memories` is refused." => |b| no_document(b, "{\"omp_version\": \"0.1\"}");
    Must "omp.import.document.memories-text" ["omp.md §2"] "A document whose `memories` are no array is refused." => |b| no_document(b, "{\"memories\": \"none\"}");
    Must "omp.import.document.array" ["omp.md §2"] "A bare array of numbers is no document." => |b| no_document(b, "[1, 2]");
    Must "omp.import.document.null" ["omp.md §2"] "`null` is no document." => |b| no_document(b, "null");
}

/// Imports `bad` between two valid items: those land, `bad` is the one entry.
async fn between(fixture: &Fixture, bad: Value) -> Verdict {
    let (first, last) = (fixture.item(json!({})), fixture.item(json!({})));
    let answer = fixture.import(&[first.clone(), bad, last.clone()], "").await?.be(200)?;
    let json = &answer.json;
    let errors = json["errors"].as_array().map_or(0, Vec::len);
    ensure(json["imported"] == 2 && errors == 1, "2 imported and 1 error", || answer.got())?;
    fixture.fetch(&first["id"]).await?;
    fixture.fetch(&last["id"]).await?;
    Ok(())
}

async fn entry(fixture: &Fixture, change: Value) -> Verdict {
    between(fixture, fixture.item(change)).await
}

async fn entry_without(fixture: &Fixture, field: &str) -> Verdict {
    between(fixture, without(fixture.item(json!({})), field)).await
}

async fn others_land(fixture: &Fixture) -> Verdict {
    entry(fixture, json!({"content": ""})).await
}

async fn form(fixture: &Fixture) -> Verdict {
    let bad = fixture.item(json!({"content": ""}));
    let answer = fixture.import(&[fixture.item(json!({})), bad.clone()], "").await?.be(200)?;
    let entry = &answer.json["errors"][0];
    let holds = entry["index"].is_u64()
        && entry["id"] == bad["id"]
        && entry["error"].is_string()
        && entry["message"].as_str().is_some_and(|message| !message.is_empty());
    ensure(holds, "index, id, error, message", || answer.got())
}

async fn index(fixture: &Fixture) -> Verdict {
    let bad = json!({"content": ""});
    let items = [json!({}), bad.clone(), json!({}), bad].map(|change| fixture.item(change));
    let answer = fixture.import(&items, "").await?.be(200)?;
    let errors = answer.json["errors"].as_array().cloned().unwrap_or_default();
    let mut places: Vec<u64> = errors.iter().filter_map(|entry| entry["index"].as_u64()).collect();
    places.sort_unstable();
    ensure(places == [1, 3], "errors at 1 and 3", || answer.got())
}

async fn absent(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("half");
    let bad = fixture.item(json!({"tags": ["fine", "Not Fine"], "namespace": namespace}));
    fixture.import(std::slice::from_ref(&bad), "").await?.be(200)?;
    fixture.send(Call::get(memory_path(&bad["id"]))).await?.be(404)?;
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing listed", || list.to_string())
}

async fn not_objects(fixture: &Fixture) -> Verdict {
    for bad in [json!(null), json!(5), json!("memory"), json!([])] {
        between(fixture, bad).await?;
    }
    Ok(())
}

async fn broken_off(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({}));
    let mut text = fixture.document(std::slice::from_ref(&item)).to_string();
    text.truncate(text.len() - 2);
    text.push_str(", {\"id\": ");
    fixture.send(Call::new(Method::POST, "/v1/import").json(text)).await?.error(400, "invalid_json")?;
    fixture.send(Call::get(memory_path(&item["id"]))).await?.be(404)?;
    Ok(())
}

async fn long_broken_off(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("broken");
    let items: Vec<String> =
        (0..300).map(|_| fixture.item(json!({"namespace": namespace})).to_string()).collect();
    let text = format!("{{\"memories\": [{}, {{\"id\": ", items.join(",\n"));
    fixture.send(Call::new(Method::POST, "/v1/import").json(text)).await?.error(400, "invalid_json")?;
    let list = fixture.list(&format!("namespace={}&limit=1", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing stored", || format!("{} stored", list["total"]))
}

async fn strangers(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({"stranger": 1, "source": {"stranger": 1}}));
    let answer = fixture.import(std::slice::from_ref(&item), "").await?.be(200)?;
    let entry = answer.json["errors"].as_array().is_some_and(|all| all.len() == 1);
    if !entry {
        let memory = fixture.fetch(&item["id"]).await?;
        ensure(!memory.to_string().contains("stranger"), "no `stranger`", || memory.to_string())?;
    }
    Ok(())
}

async fn no_document(fixture: &Fixture, body: &str) -> Verdict {
    let call = Call::new(Method::POST, "/v1/import").json(body);
    fixture.send(call).await?.sane()?.be_one_of(&[400, 422])?;
    Ok(())
}
