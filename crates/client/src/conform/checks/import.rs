//! `POST /v1/import`: what lands, and as what.

use serde_json::{Value, json};

use crate::conform::bench::Bench;
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
pub(super) async fn large(bench: &Bench) -> Result<Value, Finding> {
    bench.sample("large", import_large(bench)).await
}

async fn import_large(bench: &Bench) -> Result<Value, Finding> {
    let (namespace, word) = (bench.namespace("large"), bench.word("large"));
    let filler = "lorem ipsum dolor sit amet ".repeat(330);
    let items: Vec<Value> = (0..LARGE)
        .map(|number| {
            bench.item(json!({"namespace": namespace, "content": format!("{word} {number} {filler}")}))
        })
        .collect();
    let answer = bench.import(&items, "").await?;
    if answer.status == 200 { Ok(answer.json) } else { Err(skip(format!("not imported: {}", answer.got()))) }
}

/// Imports one item that must land, and reads it again.
async fn one(bench: &Bench, item: &Value) -> Result<Value, Finding> {
    let answer = bench.import(std::slice::from_ref(item), "").await?.be(200)?;
    ensure(answer.json["imported"] == 1, "`imported`: 1", || answer.got())?;
    bench.fetch(&item["id"]).await
}

async fn two(bench: &Bench) -> Result<Answer, Finding> {
    bench.import(&[bench.item(json!({})), bench.item(json!({}))], "").await?.be(200)
}

async fn form(bench: &Bench) -> Verdict {
    let answer = two(bench).await?;
    let json = &answer.json;
    let holds = json["imported"].is_u64() && json["skipped"].is_u64() && json["errors"].is_array();
    ensure(holds, "imported, skipped, errors", || answer.got())
}

async fn counts(bench: &Bench) -> Verdict {
    let answer = two(bench).await?;
    let json = &answer.json;
    let holds = json["imported"] == 2 && json["skipped"] == 0 && json["errors"] == json!([]);
    ensure(holds, "2 imported, 0 skipped, no errors", || answer.got())
}

async fn lands(bench: &Bench) -> Verdict {
    let item = bench.item(json!({
        "source": {"tool": "conform", "session_id": "s", "user_id": "u", "timestamp": "2020-03-04T05:06:07.089Z"},
        "tags": ["b", "a"], "metadata": {"k": [1, null]}, "expires_at": "2999-01-01T00:00:00.000Z",
        "created_at": "2021-03-04T05:06:07.089Z", "updated_at": "2022-03-04T05:06:07.890Z",
    }));
    let got = one(bench, &item).await?;
    ensure(got == item, item.to_string(), || got.to_string())
}

async fn empty(bench: &Bench) -> Verdict {
    let answer = bench.import(&[], "").await?.be(200)?;
    ensure(answer.json["imported"] == 0 && answer.json["skipped"] == 0, "0 imported, 0 skipped", || {
        answer.got()
    })
}

async fn listed(bench: &Bench) -> Verdict {
    let namespace = bench.namespace("imported");
    one(bench, &bench.item(json!({"namespace": namespace}))).await?;
    let list = bench.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 1, "a total of 1", || list["total"].to_string())
}

async fn searched(bench: &Bench) -> Verdict {
    let word = bench.word("imported");
    let item = bench.item(json!({"content": format!("The word is {word}.")}));
    one(bench, &item).await?;
    let found = bench.search(&json!({"q": word, "namespace": item["namespace"]})).await?;
    ensure(found["memories"][0]["id"] == item["id"], item["id"].to_string(), || found.to_string())
}

/// An item with the six fields that the schema requires, and no more.
fn bare(bench: &Bench) -> Value {
    without(bench.item(json!({})), "namespace")
}

async fn defaults(bench: &Bench) -> Verdict {
    let got = one(bench, &bare(bench)).await?;
    let wanted = json!({"tags": [], "metadata": {}, "namespace": null, "expires_at": null});
    for (field, value) in wanted.as_object().into_iter().flatten() {
        ensure(got.get(field) == Some(value), format!("`{field}`: {value}"), || got.to_string())?;
    }
    Ok(())
}

async fn timestamp(bench: &Bench) -> Verdict {
    let item = bench.item(json!({"created_at": "2019-08-07T06:05:04.003Z"}));
    let got = one(bench, &item).await?;
    let found = got["source"]["timestamp"].as_str().and_then(time::parse);
    ensure(found == time::parse("2019-08-07T06:05:04.003Z"), "the time of created_at", || {
        got["source"].to_string()
    })
}

async fn offset(bench: &Bench) -> Verdict {
    let item = bench.item(json!({
        "created_at": "2021-01-01T01:30:00+05:30", "updated_at": "2021-01-01T01:30:00.5+05:30",
    }));
    let got = one(bench, &item).await?;
    for (field, wanted) in [("created_at", "2020-12-31T20:00:00Z"), ("updated_at", "2020-12-31T20:00:00.5Z")]
    {
        let text = got[field].as_str().unwrap_or_default();
        let holds = time::is_utc(text) && time::parse(text) == time::parse(wanted);
        ensure(holds, format!("{wanted} as `{field}`"), || got[field].to_string())?;
    }
    Ok(())
}

async fn unique(bench: &Bench) -> Verdict {
    let got = one(bench, &bench.item(json!({"tags": ["b", "a", "b"]}))).await?;
    ensure(got["tags"] == json!(["b", "a"]), "[\"b\",\"a\"]", || got["tags"].to_string())
}

async fn emoji(bench: &Bench) -> Verdict {
    let got = one(bench, &bench.item(json!({"content": "🦀".repeat(10_000)}))).await?;
    let length = got["content"].as_str().map_or(0, |content| content.chars().count());
    ensure(length == 10_000, "10,000 characters", || length.to_string())
}

async fn embedding(bench: &Bench) -> Verdict {
    let got = one(bench, &bench.item(json!({"embedding": [0.5, -0.25]}))).await?;
    ensure(got.get("embedding").is_none(), "no `embedding`", || got.to_string())
}

async fn large_lands(bench: &Bench) -> Verdict {
    let answer = large(bench).await.map_err(|finding| match finding {
        Finding::Skip(reason) => fail(format!("{LARGE} imported"), reason),
        other @ Finding::Fail { .. } => other,
    })?;
    ensure(answer["imported"] == LARGE, format!("{LARGE} imported"), || answer.to_string())?;
    let list = bench.list(&format!("namespace={}&limit=1", encode(&bench.namespace("large")))).await?;
    ensure(list["total"] == LARGE, format!("a total of {LARGE}"), || list["total"].to_string())
}

async fn large_searched(bench: &Bench) -> Verdict {
    large(bench).await?;
    let body = json!({"q": bench.word("large"), "namespace": bench.namespace("large"), "limit": 1, "mode": "keyword"});
    let found = bench.search(&body).await?;
    ensure(found["total"] == LARGE, format!("a total of {LARGE}"), || found["total"].to_string())
}

async fn twins(bench: &Bench) -> Verdict {
    let item = bench.item(json!({}));
    let answer = bench.import(&[item.clone(), item.clone()], "").await?.be(200)?;
    let json = &answer.json;
    let errors = json["errors"].as_array().map_or(0, |all| all.len() as u64);
    let sum = json["imported"].as_u64().unwrap_or(0) + json["skipped"].as_u64().unwrap_or(0) + errors;
    ensure(json["imported"] == 1 && sum == 2, "1 imported, 2 in all", || answer.got())?;
    bench.send(Call::get(memory_path(&item["id"]))).await?.be(200)?;
    Ok(())
}
