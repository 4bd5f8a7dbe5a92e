//! The parameters of a search: their limits, and the form by GET.

use serde_json::{Value, json};

use super::search::{ask, names, samples};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Finding, Verdict, encode, ensure};
use crate::conform::sample::{overlay, without};

checks! {
    Must "omp.search.q.missing" ["omp.md §2"] "A search without q is refused." => no_q;
    Must "omp.search.q.empty" ["omp.md §2; reading 15"] "An empty q is refused, or finds nothing." => empty_q;
    Should "omp.search.q.blank" ["reading 15"] "A q of blanks is answered like an empty one." => blank_q;
    Must "omp.search.q.null" ["omp.md §2"] "A q of null is refused." => |b| refuses(b, json!({"q": null}));
    Must "omp.search.q.number" ["omp.md §2"] "A q that is a number is refused." => |b| refuses(b, json!({"q": 5}));
    Must "omp.search.limit.1" ["omp.md §2; reading 12"] "A limit of 1 is accepted." => |b| accepts(b, json!({"limit": 1}));
    Must "omp.search.limit.100" ["omp.md §2; reading 12"] "A limit of 100 is accepted." => |b| accepts(b, json!({"limit": 100}));
    Must "omp.search.limit.0" ["reading 12"] "A limit of 0 is refused." => |b| refuses(b, json!({"limit": 0}));
    Must "omp.search.limit.101" ["omp.md §2; reading 12"] "A limit of 101 is refused." => |b| refuses(b, json!({"limit": 101}));
    Must "omp.search.limit.negative" ["reading 12"] "A limit below 0 is refused." => |b| refuses(b, json!({"limit": -1}));
    Must "omp.search.limit.fraction" ["reading 12"] "A limit that is no integer is refused." => |b| refuses(b, json!({"limit": 1.5}));
    Must "omp.search.limit.text" ["reading 12"] "A limit that is no number is refused." => |b| refuses(b, json!({"limit": "ten"}));
    Must "omp.search.type.unknown" ["omp.md §2"] "A type that is not one of the three is refused." => |b| refuses(b, json!({"type": "fact"}));
    Must "omp.search.tags.number" ["omp.md §2"] "Tags that are a number are refused." => |b| refuses(b, json!({"tags": 5}));
    Must "omp.search.namespace.number" ["omp.md §2"] "A namespace that is a number is refused." => |b| refuses(b, json!({"namespace": 5}));
    Must "omp.search.mode.unknown" ["reading 13"] "A mode that is not one of the three is refused." => |b| refuses(b, json!({"mode": "vector"}));
    Must "omp.search.get.200" ["omp.md §2; reading 2"] "GET /v1/memories/search?q= answers like POST." => |b| same_by_get(b, "alpha", "", json!({}));
    Must "omp.search.get.several" ["reading 2"] "By GET, too, one of several words is enough." => |b| same_by_get(b, "alpha beta", "", json!({}));
    Must "omp.search.get.plus" ["reading 2"] "By GET a `+` in q is a blank." => plus;
    Must "omp.search.get.type" ["omp.md §2; reading 2"] "`type` holds by GET." => |b| same_by_get(b, "alpha", "&type=semantic", json!({"type": "semantic"}));
    Must "omp.search.get.tags" ["omp.md §2; reading 2"] "`tags` with commas hold by GET." => |b| same_by_get(b, "alpha", "&tags=drink,hot", json!({"tags": ["drink", "hot"]}));
    Must "omp.search.get.limit" ["omp.md §2; reading 2"] "`limit` holds by GET." => |b| same_by_get(b, "delta", "&limit=2", json!({"limit": 2}));
    Must "omp.search.get.limit.101" ["omp.md §2; reading 12"] "By GET a limit of 101 is refused." => |b| refuses_get(b, "q=x&limit=101");
    Must "omp.search.get.limit.0" ["omp.md §2; reading 12"] "By GET a limit of 0 is refused." => |b| refuses_get(b, "q=x&limit=0");
    Must "omp.search.get.limit.text" ["omp.md §2; reading 12"] "By GET a limit that is no number is refused." => |b| refuses_get(b, "q=x&limit=ten");
    Must "omp.search.get.q.missing" ["omp.md §2; reading 2"] "By GET a search without q is refused." => |b| refuses_get(b, "limit=5");
    Must "omp.search.get.mode.unknown" ["reading 13"] "By GET a mode that is not one of the three is refused." => |b| refuses_get(b, "q=x&mode=vector");
    Must "omp.search.get.type.unknown" ["omp.md §2"] "By GET a type that is not one of the three is refused." => |b| refuses_get(b, "q=x&type=fact");
}

async fn refuses(fixture: &Fixture, change: Value) -> Verdict {
    fixture.send(Call::post("/v1/memories/search", &overlay(json!({"q": "x"}), change))).await?.refused()
}

async fn accepts(fixture: &Fixture, change: Value) -> Verdict {
    fixture.search(&overlay(json!({"q": "x"}), change)).await?;
    Ok(())
}

async fn no_q(fixture: &Fixture) -> Verdict {
    let body = without(json!({"q": "x", "limit": 5}), "q");
    fixture.send(Call::post("/v1/memories/search", &body)).await?.refused()
}

/// Status of a search by `q`, and holds only if that is 422, or 200 with nothing found.
async fn vain(fixture: &Fixture, q: &str) -> Result<u16, Finding> {
    samples(fixture).await?;
    let body = json!({"q": q, "namespace": fixture.namespace("search")});
    let answer = fixture.send(Call::post("/v1/memories/search", &body)).await?;
    let nothing = answer.status == 200 && answer.json["total"] == 0 && names(&answer.json).is_empty();
    ensure(nothing || answer.refused().is_ok(), "422, or nothing found", || answer.got())?;
    Ok(answer.status)
}

async fn empty_q(fixture: &Fixture) -> Verdict {
    vain(fixture, "").await?;
    Ok(())
}

async fn blank_q(fixture: &Fixture) -> Verdict {
    let wanted = vain(fixture, "").await?;
    for blank in ["   ", "\t\n"] {
        let got = vain(fixture, blank).await?;
        ensure(got == wanted, format!("{wanted} as for an empty q"), || got.to_string())?;
    }
    Ok(())
}

/// Asks by GET and by POST; both must find the same.
async fn same_by_get(fixture: &Fixture, words: &str, more: &str, filter: Value) -> Verdict {
    let posted = ask(fixture, words, filter).await?;
    let q: Vec<String> = words.split(' ').map(|tail| fixture.word(tail)).collect();
    let namespace = encode(&fixture.namespace("search"));
    let query = format!("q={}&namespace={namespace}&mode=keyword{more}", encode(&q.join(" ")));
    let got = fixture.send(Call::get(format!("/v1/memories/search?{query}"))).await?.be(200)?.json;
    for field in ["total", "mode_used"] {
        ensure(got[field] == posted[field], format!("`{field}`: {}", posted[field]), || {
            got[field].to_string()
        })?;
    }
    let (found, wanted) = (names(&got), names(&posted));
    ensure(found == wanted && !wanted.is_empty(), format!("{wanted:?}"), || format!("{found:?}"))
}

async fn plus(fixture: &Fixture) -> Verdict {
    let posted = ask(fixture, "alpha beta", json!({})).await?;
    let namespace = encode(&fixture.namespace("search"));
    let query =
        format!("q={}+{}&namespace={namespace}&mode=keyword", fixture.word("alpha"), fixture.word("beta"));
    let got = fixture.send(Call::get(format!("/v1/memories/search?{query}"))).await?.be(200)?.json;
    ensure(got["total"] == posted["total"], posted["total"].to_string(), || got["total"].to_string())
}

async fn refuses_get(fixture: &Fixture, query: &str) -> Verdict {
    fixture.send(Call::get(format!("/v1/memories/search?{query}"))).await?.refused()
}
