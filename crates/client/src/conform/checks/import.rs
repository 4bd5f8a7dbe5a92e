//! `POST /v1/import`: what lands, and as what.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, encode, ensure, fail, skip};
use crate::conform::sample::{memory_path, without};
use crate::conform::time;

checks! {
    Must "omp.import.200" ["omp.md §2"] "An import answers 200 with imported, skipped and errors." => form;
    Must "omp.import.counts" ["omp.md §2"] "What lands is counted." => counts;
    Must "omp.import.same" ["omp.md §2; reading 6"] "An item lands as it stands in the document, id and times too." => lands;
    Must "omp.import.empty" ["omp.md §2"] "A document without memories imports nothing." => empty;
    Must "omp.import.listed" ["omp.md §2"] "What was imported is listed." => listed;
    Must "omp.import.searched" ["omp.md §2"] "What was imported is found." => searched;
    Must "omp.import.defaults" ["reading 7"] "Optional fields that an item leaves out are filled in." => defaults;
    Must "omp.import.timestamp" ["reading 1"] "Without source.timestamp an item takes its created_at." => timestamp;
    Must "omp.import.offset" ["omp.md §1; reading 43"] "Times with an offset keep their instant." => offset;
    Must "omp.import.tags.unique" ["reading 23"] "The same tag twice is stored once." => unique;
    Must "omp.import.emoji" ["omp.md §1; reading 21"] "Content of 10,000 emoji lands." => emoji;
    Must "omp.import.embedding" ["reading 28"] "An embedding in an item is accepted and not returned." => embedding;
    Must "omp.import.large" ["reading 8"] "A document of more than 1 MB lands as a whole." => large_lands;
    Must "omp.import.large.searched" ["reading 8"] "What such a document brought is found." => large_searched;
    Should "omp.import.twins" ["omp.md §2"] "Of two items with one id, one lands and both are accounted for." => twins;
}

/// How many items the large document has.
pub(super) const LARGE: usize = 130;

/// Imports a document of more than 1 MB, once a run.
pub(super) async fn large(fixture: &Fixture) -> Result<Value, Finding> {
    fixture.sample("large", import_large(fixture)).await
}

async fn import_large(fixture: &Fixture) -> Result<Value, Finding> {
    let (namespace, word) = (fixture.namespace("large"), fixture.word("large"));
    let filler = "lorem ipsum dolor sit amet ".repeat(330);
    let items: Vec<Value> = (0..LARGE)
        .map(|number| {
            fixture.item(json!({"namespace": namespace, "content": format!("{word} {number} {filler}")}))
        })
        .collect();
    let answer = fixture.import(&items, "").await?;
    if answer.status == 200 { Ok(answer.json) } else { Err(skip(format!("not imported: {}", answer.got()))) }
}

/// Imports one item that must land, and reads it again.
async fn one(fixture: &Fixture, item: &Value) -> Result<Value, Finding> {
    let answer = fixture.import(std::slice::from_ref(item), "").await?.be(200)?;
    ensure(answer.json["imported"] == 1, "`imported`: 1", || answer.got())?;
    fixture.fetch(&item["id"]).await
}

async fn two(fixture: &Fixture) -> Result<Answer, Finding> {
    fixture.import(&[fixture.item(json!({})), fixture.item(json!({}))], "").await?.be(200)
}

async fn form(fixture: &Fixture) -> Verdict {
    let answer = two(fixture).await?;
    let json = &answer.json;
    let holds = json["imported"].is_u64() && json["skipped"].is_u64() && json["errors"].is_array();
    ensure(holds, "imported, skipped, errors", || answer.got())
}

async fn counts(fixture: &Fixture) -> Verdict {
    let answer = two(fixture).await?;
    let json = &answer.json;
    let holds = json["imported"] == 2 && json["skipped"] == 0 && json["errors"] == json!([]);
    ensure(holds, "2 imported, 0 skipped, no errors", || answer.got())
}

async fn lands(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({
        "source": {"tool": "conform", "session_id": "s", "user_id": "u", "timestamp": "2020-03-04T05:06:07.089Z"},
        "tags": ["b", "a"], "metadata": {"k": [1, null]}, "expires_at": "2999-01-01T00:00:00.000Z",
        "created_at": "2021-03-04T05:06:07.089Z", "updated_at": "2022-03-04T05:06:07.890Z",
    }));
    let got = one(fixture, &item).await?;
    ensure(got == item, item.to_string(), || got.to_string())
}

async fn empty(fixture: &Fixture) -> Verdict {
    let answer = fixture.import(&[], "").await?.be(200)?;
    ensure(answer.json["imported"] == 0 && answer.json["skipped"] == 0, "0 imported, 0 skipped", || {
        answer.got()
    })
}

async fn listed(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("imported");
    one(fixture, &fixture.item(json!({"namespace": namespace}))).await?;
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 1, "a total of 1", || list["total"].to_string())
}

async fn searched(fixture: &Fixture) -> Verdict {
    let word = fixture.word("imported");
    let item = fixture.item(json!({"content": format!("The word is {word}.")}));
    one(fixture, &item).await?;
    let found = fixture.search(&json!({"q": word, "namespace": item["namespace"]})).await?;
    ensure(found["memories"][0]["id"] == item["id"], item["id"].to_string(), || found.to_string())
}

/// An item with the six fields that the schema requires, and no more.
fn bare(fixture: &Fixture) -> Value {
    without(fixture.item(json!({})), "namespace")
}

async fn defaults(fixture: &Fixture) -> Verdict {
    let got = one(fixture, &bare(fixture)).await?;
    let wanted = json!({"tags": [], "metadata": {}, "namespace": null, "expires_at": null});
    for (field, value) in wanted.as_object().into_iter().flatten() {
        ensure(got.get(field) == Some(value), format!("`{field}`: {value}"), || got.to_string())?;
    }
    Ok(())
}

async fn timestamp(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({"created_at": "2019-08-07T06:05:04.003Z"}));
    let got = one(fixture, &item).await?;
    let found = got["source"]["timestamp"].as_str().and_then(time::parse);
    ensure(found == time::parse("2019-08-07T06:05:04.003Z"), "the time of created_at", || {
        got["source"].to_string()
    })
}

async fn offset(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({
        "created_at": "2021-01-01T01:30:00+05:30", "updated_at": "2021-01-01T01:30:00.5+05:30",
    }));
    let got = one(fixture, &item).await?;
    for (field, wanted) in [("created_at", "2020-12-31T20:00:00Z"), ("updated_at", "2020-12-31T20:00:00.5Z")]
    {
        let text = got[field].as_str().unwrap_or_default();
        let holds = time::is_utc(text) && time::parse(text) == time::parse(wanted);
        ensure(holds, format!("{wanted} as `{field}`"), || got[field].to_string())?;
    }
    Ok(())
}

async fn unique(fixture: &Fixture) -> Verdict {
    let got = one(fixture, &fixture.item(json!({"tags": ["b", "a", "b"]}))).await?;
    ensure(got["tags"] == json!(["b", "a"]), "[\"b\",\"a\"]", || got["tags"].to_string())
}

async fn emoji(fixture: &Fixture) -> Verdict {
    let got = one(fixture, &fixture.item(json!({"content": "🦀".repeat(10_000)}))).await?;
    let length = got["content"].as_str().map_or(0, |content| content.chars().count());
    ensure(length == 10_000, "10,000 characters", || length.to_string())
}

async fn embedding(fixture: &Fixture) -> Verdict {
    let got = one(fixture, &fixture.item(json!({"embedding": [0.5, -0.25]}))).await?;
    ensure(got.get("embedding").is_none(), "no `embedding`", || got.to_string())
}

async fn large_lands(fixture: &Fixture) -> Verdict {
    let answer = large(fixture).await.map_err(|finding| match finding {
        Finding::Skip(reason) => fail(format!("{LARGE} imported"), reason),
        other @ Finding::Fail { .. } => other,
    })?;
    ensure(answer["imported"] == LARGE, format!("{LARGE} imported"), || answer.to_string())?;
    let list = fixture.list(&format!("namespace={}&limit=1", encode(&fixture.namespace("large")))).await?;
    ensure(list["total"] == LARGE, format!("a total of {LARGE}"), || list["total"].to_string())
}

async fn large_searched(fixture: &Fixture) -> Verdict {
    large(fixture).await?;
    let body = json!({"q": fixture.word("large"), "namespace": fixture.namespace("large"), "limit": 1, "mode": "keyword"});
    let found = fixture.search(&body).await?;
    ensure(found["total"] == LARGE, format!("a total of {LARGE}"), || found["total"].to_string())
}

async fn twins(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({}));
    let answer = fixture.import(&[item.clone(), item.clone()], "").await?.be(200)?;
    let json = &answer.json;
    let errors = json["errors"].as_array().map_or(0, |all| all.len() as u64);
    let sum = json["imported"].as_u64().unwrap_or(0) + json["skipped"].as_u64().unwrap_or(0) + errors;
    ensure(json["imported"] == 1 && sum == 2, "1 imported, 2 in all", || answer.got())?;
    fixture.send(Call::get(memory_path(&item["id"]))).await?.be(200)?;
    Ok(())
}
