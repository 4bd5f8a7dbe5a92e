//! `POST /v1/import`: what happens to an id that is there already.

use reqwest::Method;
use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, encode, ensure, skip};
use crate::conform::sample::memory_path;
use crate::conform::shape;

checks! {
    Must "omp.import.conflict.default" ["omp.md §2"] "Without a strategy, what is there stays." => |b| stays(b, "", None);
    Must "omp.import.conflict.skip.query" ["omp.md §2"] "`conflict=skip`: what is there stays." => |b| stays(b, "?conflict=skip", None);
    Must "omp.import.conflict.skip.body" ["omp.md §2; reading 4"] "`skip` may stand in the body." => |b| stays(b, "", Some("skip"));
    Must "omp.import.conflict.overwrite.query" ["omp.md §2"] "`conflict=overwrite`: what is there is replaced." => |b| replaced(b, "?conflict=overwrite", None);
    Must "omp.import.conflict.overwrite.body" ["omp.md §2; reading 4"] "`overwrite` may stand in the body." => |b| replaced(b, "", Some("overwrite"));
    Must "omp.import.conflict.overwrite.whole" ["omp.md §2"] "`overwrite` replaces the whole memory, not only the fields of the item." => whole;
    Must "omp.import.conflict.overwrite.new" ["omp.md §2"] "`overwrite` keeps the id of an item that is new." => overwrite_new;
    Must "omp.import.conflict.overwrite.search" ["omp.md §2"] "After `overwrite` the new words are found and the old are not." => overwrite_searched;
    Must "omp.import.conflict.duplicate.query" ["omp.md §2"] "`conflict=duplicate`: what is there stays, and a copy lands." => |b| doubled(b, "?conflict=duplicate", None);
    Must "omp.import.conflict.duplicate.body" ["omp.md §2; reading 4"] "`duplicate` may stand in the body." => |b| doubled(b, "", Some("duplicate"));
    Must "omp.import.conflict.duplicate.always" ["omp.md §2; reading 5"] "`duplicate` makes a new id even where the old one is free." => always_new;
    Must "omp.import.conflict.body-first" ["reading 4"] "The strategy may stand in the body before the memories, too." => body_first;
    Must "omp.import.conflict.query-wins.overwrite" ["omp.md §2; reading 4"] "The query wins over the body: overwrite over skip." => |b| replaced(b, "?conflict=overwrite", Some("skip"));
    Must "omp.import.conflict.query-wins.skip" ["omp.md §2; reading 4"] "The query wins over the body: skip over overwrite." => |b| stays(b, "?conflict=skip", Some("overwrite"));
    Must "omp.import.conflict.unknown.query" ["reading 4"] "An unknown strategy in the query is refused before anything is stored." => |b| unknown(b, "?conflict=merge", None);
    Must "omp.import.conflict.unknown.body" ["reading 4"] "An unknown strategy in the body is refused before anything is stored." => |b| unknown(b, "", Some("merge"));
}

/// Imports `items` under a strategy in the query, the body, both or neither.
async fn import(
    fixture: &Fixture,
    items: &[Value],
    query: &str,
    body: Option<&str>,
) -> Result<Answer, Finding> {
    let mut document = fixture.document(items);
    if let Some(strategy) = body {
        document["conflict"] = json!(strategy);
    }
    fixture.import_document(&document, query).await
}

/// A memory that is there already, and an item with its id and other content.
async fn clash(fixture: &Fixture) -> Result<(Value, Value), Finding> {
    let item = fixture.item(json!({"content": "There already.", "tags": ["old"], "metadata": {"old": 1}}));
    let answer = fixture.import(std::slice::from_ref(&item), "").await?;
    if answer.status != 200 || answer.json["imported"] != 1 {
        return Err(skip(format!("a sample could not be imported: {}", answer.got())));
    }
    let before = fixture.fetch(&item["id"]).await?;
    let after = fixture
        .item(json!({"id": item["id"], "content": "Comes later.", "updated_at": "2023-01-01T00:00:00.000Z"}));
    Ok((before, after))
}

fn sums(answer: &Answer, imported: u64, skipped: u64) -> Verdict {
    let holds = answer.json["imported"] == imported && answer.json["skipped"] == skipped;
    ensure(holds, format!("{imported} imported, {skipped} skipped"), || answer.got())
}

async fn stays(fixture: &Fixture, query: &str, body: Option<&str>) -> Verdict {
    let (before, item) = clash(fixture).await?;
    let answer = import(fixture, std::slice::from_ref(&item), query, body).await?.be(200)?;
    sums(&answer, 0, 1)?;
    let after = fixture.fetch(&item["id"]).await?;
    ensure(after == before, before.to_string(), || after.to_string())
}

async fn replaced(fixture: &Fixture, query: &str, body: Option<&str>) -> Verdict {
    let (_, item) = clash(fixture).await?;
    let answer = import(fixture, std::slice::from_ref(&item), query, body).await?.be(200)?;
    sums(&answer, 1, 0)?;
    let after = fixture.fetch(&item["id"]).await?;
    ensure(after["content"] == item["content"], item["content"].to_string(), || after.to_string())
}

async fn body_first(fixture: &Fixture) -> Verdict {
    let (_, item) = clash(fixture).await?;
    let text = format!("{{\"conflict\": \"overwrite\", \"memories\": [{item}]}}");
    let answer = fixture.send(Call::new(Method::POST, "/v1/import").json(text)).await?.be(200)?;
    sums(&answer, 1, 0)?;
    let after = fixture.fetch(&item["id"]).await?;
    ensure(after["content"] == item["content"], item["content"].to_string(), || after.to_string())
}

async fn whole(fixture: &Fixture) -> Verdict {
    let (_, item) = clash(fixture).await?;
    import(fixture, std::slice::from_ref(&item), "?conflict=overwrite", None).await?.be(200)?;
    let after = fixture.fetch(&item["id"]).await?;
    let holds = after["tags"] == json!([]) && after["metadata"] == json!({});
    ensure(holds && after["created_at"] == item["created_at"], "nothing of the old one", || after.to_string())
}

async fn overwrite_new(fixture: &Fixture) -> Verdict {
    let item = fixture.item(json!({}));
    let answer = import(fixture, std::slice::from_ref(&item), "?conflict=overwrite", None).await?.be(200)?;
    sums(&answer, 1, 0)?;
    fixture.fetch(&item["id"]).await?;
    Ok(())
}

async fn overwrite_searched(fixture: &Fixture) -> Verdict {
    let (old, new) = (fixture.word("overwritten"), fixture.word("overwriting"));
    let item = fixture.item(json!({"content": format!("The word is {old}.")}));
    fixture.import(std::slice::from_ref(&item), "").await?.be(200)?;
    let item = fixture.item(json!({"id": item["id"], "content": format!("The word is {new}.")}));
    import(fixture, std::slice::from_ref(&item), "?conflict=overwrite", None).await?.be(200)?;
    for (word, wanted) in [(new, 1), (old, 0)] {
        let found =
            fixture.search(&json!({"q": word, "namespace": item["namespace"], "mode": "keyword"})).await?;
        ensure(found["total"] == wanted, format!("{wanted} found"), || {
            format!("{} for {word}", found["total"])
        })?;
    }
    Ok(())
}

/// What stands in a namespace.
async fn standing(fixture: &Fixture, namespace: &str) -> Result<Vec<Value>, Finding> {
    let list = fixture.list(&format!("namespace={}&limit=100", encode(namespace))).await?;
    Ok(list["memories"].as_array().cloned().unwrap_or_default())
}

async fn doubled(fixture: &Fixture, query: &str, body: Option<&str>) -> Verdict {
    let (before, mut item) = clash(fixture).await?;
    let namespace = fixture.namespace(if body.is_some() { "doubled-body" } else { "doubled" });
    item["namespace"] = json!(namespace);
    let answer = import(fixture, std::slice::from_ref(&item), query, body).await?.be(200)?;
    sums(&answer, 1, 0)?;
    let after = fixture.fetch(&before["id"]).await?;
    ensure(after == before, before.to_string(), || after.to_string())?;
    let copies = standing(fixture, &namespace).await?;
    let holds =
        copies.len() == 1 && copies[0]["id"] != before["id"] && shape::is_id(&copies[0]["id"], "mem_");
    ensure(holds && copies[0]["content"] == item["content"], "one copy with a new id", || {
        json!(copies).to_string()
    })
}

async fn always_new(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("always-new");
    let item = fixture.item(json!({"namespace": namespace}));
    let answer = import(fixture, std::slice::from_ref(&item), "?conflict=duplicate", None).await?.be(200)?;
    sums(&answer, 1, 0)?;
    fixture.send(Call::get(memory_path(&item["id"]))).await?.be(404)?;
    let copies = standing(fixture, &namespace).await?;
    ensure(copies.len() == 1 && copies[0]["id"] != item["id"], "one copy with a new id", || {
        json!(copies).to_string()
    })
}

async fn unknown(fixture: &Fixture, query: &str, body: Option<&str>) -> Verdict {
    let item = fixture.item(json!({}));
    import(fixture, std::slice::from_ref(&item), query, body).await?.refused()?;
    fixture.send(Call::get(memory_path(&item["id"]))).await?.be(404)?;
    Ok(())
}
