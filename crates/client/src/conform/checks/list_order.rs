//! `GET /v1/memories`: the three orders, and pages that fit together.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::list::{listed, place, rows, samples};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Finding, Verdict, cut, encode, ensure, skip};

checks! {
    Must "omp.list.sort.default" ["omp.md §2"] "The newest stands first when no order is asked for." => |b| order(b, "", &["e", "d", "c", "b", "a"]);
    Must "omp.list.sort.created_at_desc" ["omp.md §2; reading 9"] "`created_at_desc`: the newest first." => |b| order(b, "&sort=created_at_desc", &["e", "d", "c", "b", "a"]);
    Must "omp.list.sort.created_at_asc" ["omp.md §2; reading 9"] "`created_at_asc`: the oldest first." => |b| order(b, "&sort=created_at_asc", &["a", "b", "c", "d", "e"]);
    Must "omp.list.sort.updated_at_desc" ["omp.md §2; reading 9"] "`updated_at_desc`: the last changed first." => |b| order(b, "&sort=updated_at_desc", &["c", "e", "a", "d", "b"]);
    Must "omp.list.sort.updated" ["omp.md §2; reading 9"] "What was just changed moves to the front of `updated_at_desc`." => updated;
    Must "omp.list.sort.unknown" ["omp.md §2; reading 9"] "An order that is not one of the three is refused." => unknown;
    Must "omp.list.pages.default" ["omp.md §2; reading 9"] "Page by page, every memory comes once." => |b| pages(b, "", 7);
    Must "omp.list.pages.asc" ["omp.md §2; reading 9"] "Page by page in `created_at_asc`, every memory comes once." => |b| pages(b, "&sort=created_at_asc", 5);
    Must "omp.list.pages.updated" ["omp.md §2; reading 9"] "Page by page in `updated_at_desc`, every memory comes once." => |b| pages(b, "&sort=updated_at_desc", 10);
    Must "omp.list.pages.ties" ["reading 9"] "Memories of the same instant keep their order from page to page." => ties;
    Must "omp.list.rare" ["omp.md §2; reading 9"] "What few of many memories match is listed in all three orders." => rare;
    Must "omp.list.limit.cut" ["omp.md §2; reading 9"] "No page has more than 100 memories." => cut_page;
}

/// Imports five memories whose times, read as text, would stand in another order than read as times.
async fn stock(fixture: &Fixture) -> Result<Value, Finding> {
    let namespace = fixture.namespace("order");
    let times = [
        ("a", "2020-01-01T00:00:00Z", "2021-01-01T00:00:00.500Z"),
        ("b", "2020-01-01T00:00:00.250Z", "2021-01-01T00:00:00Z"),
        ("c", "2020-01-01T02:00:00.500+02:00", "2021-01-01T05:00:00-01:00"),
        ("d", "2019-12-31T19:30:00.750-04:30", "2021-01-01T00:00:00.250Z"),
        ("e", "2020-01-01T00:00:01Z", "2021-01-01T06:30:00+03:00"),
    ];
    let items: Vec<Value> = times
        .iter()
        .map(|(name, created, updated)| {
            fixture.item(json!({
                "content": name, "namespace": namespace, "created_at": created, "updated_at": updated,
            }))
        })
        .collect();
    let answer = fixture.import(&items, "").await?;
    if answer.status == 200 && answer.json["imported"] == 5 {
        Ok(Value::Null)
    } else {
        Err(skip(format!("samples could not be imported: {}", answer.got())))
    }
}

async fn order(fixture: &Fixture, sort: &str, wanted: &[&str]) -> Verdict {
    fixture.sample("order", stock(fixture)).await?;
    let list = fixture.list(&format!("namespace={}{sort}", encode(&fixture.namespace("order")))).await?;
    let rows = list["memories"].as_array().cloned().unwrap_or_default();
    let got: Vec<&str> = rows.iter().filter_map(|row| row["content"].as_str()).collect();
    ensure(got == wanted, wanted.join(" "), || got.join(" "))
}

async fn updated(fixture: &Fixture) -> Verdict {
    let oldest = samples(fixture).await?[0].clone();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    super::update::put(fixture, &oldest, &json!({"metadata": {"touched": true}})).await?.be(200)?;
    let list = listed(fixture, "&sort=updated_at_desc&limit=1").await?;
    ensure(list["memories"][0]["id"] == oldest["id"], oldest["id"].to_string(), || {
        cut(&list.to_string(), 200)
    })
}

async fn unknown(fixture: &Fixture) -> Verdict {
    fixture.send(Call::get(format!("/v1/memories?{}&sort=content_asc", place(fixture)))).await?.refused()
}

async fn pages(fixture: &Fixture, sort: &str, size: usize) -> Verdict {
    let mut seen = Vec::new();
    for page in 0..24_usize.div_ceil(size) {
        let list = listed(fixture, &format!("{sort}&limit={size}&offset={}", page * size)).await?;
        seen.extend(list["memories"].as_array().into_iter().flatten().map(|row| row["id"].to_string()));
    }
    let different: BTreeSet<&String> = seen.iter().collect();
    ensure(seen.len() == 24 && different.len() == 24, "24 memories, each once", || {
        format!("{} memories, {} different", seen.len(), different.len())
    })
}

async fn ties(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("ties");
    let items: Vec<Value> = (0..9).map(|_| fixture.item(json!({"namespace": namespace}))).collect();
    let answer = fixture.import(&items, "").await?;
    if answer.json["imported"] != 9 {
        return Err(skip(format!("samples could not be imported: {}", answer.got())));
    }
    for sort in ["created_at_desc", "created_at_asc", "updated_at_desc"] {
        let query = format!("namespace={}&sort={sort}", encode(&namespace));
        let whole = fixture.list(&query).await?;
        for at in 0..9 {
            let page = fixture.list(&format!("{query}&limit=1&offset={at}")).await?;
            let (got, wanted) = (&page["memories"][0]["id"], &whole["memories"][at]["id"]);
            ensure(got == wanted, format!("{wanted} at {at} in {sort}"), || got.to_string())?;
        }
    }
    Ok(())
}

async fn rare(fixture: &Fixture) -> Verdict {
    super::import::large(fixture).await?;
    let namespace = fixture.namespace("rare");
    let (one, two) = (
        fixture.store(json!({"namespace": namespace, "tags": ["rare"]})).await?,
        fixture.store(json!({"namespace": namespace})).await?,
    );
    // Times have milliseconds: within one, the change would not be later.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    super::update::put(fixture, &one, &json!({"content": "Changed last."})).await?.be(200)?;
    for sort in ["created_at_desc", "created_at_asc", "updated_at_desc"] {
        let query = format!("namespace={}&sort={sort}", encode(&namespace));
        let both = fixture.list(&query).await?;
        ensure(rows(&both) == 2 && both["total"] == 2, format!("2 in {sort}"), || both.to_string())?;
        let tagged = fixture.list(&format!("{query}&tags=rare&type=semantic&tool=conform")).await?;
        let holds = rows(&tagged) == 1 && tagged["memories"][0]["id"] == one["id"];
        ensure(holds, format!("{} alone in {sort}", one["id"]), || tagged.to_string())?;
        let last = fixture.list(&format!("{query}&limit=1&offset=1")).await?;
        ensure(rows(&last) == 1, format!("one on the last page in {sort}"), || last.to_string())?;
    }
    let list = fixture.list(&format!("namespace={}&sort=updated_at_desc", encode(&namespace))).await?;
    ensure(list["memories"][1]["id"] == two["id"], "the one that was changed stands first", || {
        list.to_string()
    })
}

async fn cut_page(fixture: &Fixture) -> Verdict {
    super::import::large(fixture).await?;
    let query = format!("namespace={}&limit=1000", encode(&fixture.namespace("large")));
    let list = fixture.list(&query).await?;
    let holds = rows(&list) == 100 && list["limit"] == 100 && list["total"] == super::import::LARGE;
    ensure(holds, format!("100 of {}, and a limit of 100", super::import::LARGE), || {
        format!("{} of {}, and a limit of {}", rows(&list), list["total"], list["limit"])
    })
}
