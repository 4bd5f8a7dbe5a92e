//! The ways to search: what may be asked for, and whether the answer tells the truth about what was done.

use serde_json::{Value, json};

use super::health::health;
use super::search::{ask, names};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Verdict, ensure, skip};
use crate::conform::sample::overlay;
use crate::conform::shape;

checks! {
    Must "omp.search.mode.keyword" ["omp.md §2"] "`keyword` is always there, and mode_used says so." => keyword;
    Must "omp.search.mode.semantic" ["omp.md §2; reading 13"] "`semantic` is answered, by another way if need be." => |b| offered(b, json!({"mode": "semantic"}));
    Must "omp.search.mode.hybrid" ["omp.md §2; reading 13"] "`hybrid` is answered, by another way if need be." => |b| offered(b, json!({"mode": "hybrid"}));
    Must "omp.search.mode.absent" ["omp.md §2; reading 13"] "Without a mode the server takes one and says which." => |b| offered(b, json!({"mode": null}));
    Must "omp.search.mode.core" ["omp.md §5; reading 3, 13"] "A server of level OMP-Core never says `semantic` or `hybrid` of what it did." => core;
    Must "omp.search.mode.full" ["omp.md §5; reading 3, 13"] "A server of a higher level does search by meaning." => full;
    Must "omp.search.filter.type.semantic" ["omp.md §2"] "`type` holds in semantic mode." => |b| honoured(b, "semantic", "type");
    Must "omp.search.filter.tags.semantic" ["omp.md §2"] "`tags` hold in semantic mode." => |b| honoured(b, "semantic", "tags");
    Must "omp.search.filter.namespace.semantic" ["omp.md §2"] "`namespace` holds in semantic mode." => |b| honoured(b, "semantic", "namespace");
    Must "omp.search.filter.type.hybrid" ["omp.md §2"] "`type` holds in hybrid mode." => |b| honoured(b, "hybrid", "type");
    Must "omp.search.filter.tags.hybrid" ["omp.md §2"] "`tags` hold in hybrid mode." => |b| honoured(b, "hybrid", "tags");
    Must "omp.search.filter.namespace.hybrid" ["omp.md §2"] "`namespace` holds in hybrid mode." => |b| honoured(b, "hybrid", "namespace");
    Should "omp.search.mode.hybrid.words" ["omp.md §2"] "A rare word finds its memory in hybrid mode, too." => |b| rare(b, json!({"mode": "hybrid"}));
    Should "omp.search.mode.absent.words" ["omp.md §2"] "A rare word finds its memory when no mode is asked for." => |b| rare(b, json!({"mode": null}));
}

/// A search with a mode; a mode of null is left out.
async fn with_mode(
    fixture: &Fixture,
    words: &str,
    more: Value,
) -> Result<Value, crate::conform::probe::Finding> {
    if more["mode"].is_null() {
        super::search::samples(fixture).await?;
        let body = json!({"q": fixture.word(words), "namespace": fixture.namespace("search")});
        return fixture.search(&body).await;
    }
    ask(fixture, words, more).await
}

async fn keyword(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "alpha", json!({"mode": "keyword"})).await?;
    ensure(found["mode_used"] == "keyword", "`mode_used`: keyword", || found["mode_used"].to_string())
}

async fn offered(fixture: &Fixture, mode: Value) -> Verdict {
    let found = with_mode(fixture, "alpha", mode).await?;
    ensure(shape::is_one_of(&found["mode_used"], &shape::MODES), "keyword, semantic or hybrid", || {
        found["mode_used"].to_string()
    })
}

async fn core(fixture: &Fixture) -> Verdict {
    if health(fixture).await?.json["compliance"] != "OMP-Core" {
        return Err(skip("the server says that it is more than OMP-Core"));
    }
    for mode in [json!(null), json!("keyword"), json!("semantic"), json!("hybrid")] {
        let found = with_mode(fixture, "alpha", json!({"mode": mode})).await?;
        ensure(found["mode_used"] == "keyword", format!("keyword when asked for {mode}"), || {
            found["mode_used"].to_string()
        })?;
    }
    Ok(())
}

async fn full(fixture: &Fixture) -> Verdict {
    if health(fixture).await?.json["compliance"] == "OMP-Core" {
        return Err(skip("the server says that it is OMP-Core"));
    }
    for mode in shape::MODES {
        let found = ask(fixture, "alpha", json!({"mode": mode})).await?;
        ensure(found["mode_used"] == mode, format!("{mode} when asked for it"), || {
            found["mode_used"].to_string()
        })?;
    }
    Ok(())
}

async fn honoured(fixture: &Fixture, mode: &str, filter: &str) -> Verdict {
    let body = match filter {
        "type" => json!({"type": "semantic"}),
        "tags" => json!({"tags": ["drink", "hot"]}),
        _ => json!({"namespace": fixture.namespace("elsewhere")}),
    };
    let here = fixture.namespace(if filter == "namespace" { "elsewhere" } else { "search" });
    let found = ask(fixture, "alpha", overlay(body, json!({"mode": mode, "limit": 100}))).await?;
    for row in found["memories"].as_array().into_iter().flatten() {
        let tags = row["tags"].as_array().cloned().unwrap_or_default();
        let holds = match filter {
            "type" => row["type"] == "semantic",
            "tags" => tags.contains(&json!("drink")) && tags.contains(&json!("hot")),
            _ => true,
        };
        ensure(holds && row["namespace"] == here.as_str(), format!("only what matches `{filter}`"), || {
            row.to_string()
        })?;
    }
    Ok(())
}

async fn rare(fixture: &Fixture, mode: Value) -> Verdict {
    let got = names(&with_mode(fixture, "beta", mode).await?);
    let found = ["coffee", "both"].iter().all(|name| got.iter().any(|other| other == name));
    ensure(found, "\"coffee\" and \"both\"", || format!("{got:?}"))
}
