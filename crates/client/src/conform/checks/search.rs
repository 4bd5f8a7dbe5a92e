//! Search by words: what is found, in which order, and how many.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Finding, Verdict, cut, ensure, fail, faultless};
use crate::conform::sample::overlay;
use crate::conform::shape;

checks! {
    Must "omp.search.200" ["omp.md §2"] "POST /v1/memories/search has memories, total and mode_used." => form;
    Must "omp.search.memories" ["omp.md §1; reading 27"] "Each memory found has the form of the schema and no more, such as a score." => memories;
    Must "omp.search.same" ["omp.md §2"] "A memory found is the same as from GET." => same;
    Must "omp.search.word" ["omp.md §5"] "A word of the content finds its memories." => |b| finds(b, "alpha", &["tea", "both"]);
    Must "omp.search.fresh" ["omp.md §5"] "A memory is found as soon as it is stored." => fresh;
    Must "omp.search.last-word" ["omp.md §5"] "A memory of 10,000 characters is found by its last word." => last_word;
    Must "omp.search.none" ["omp.md §2"] "A word that stands nowhere finds nothing." => |b| finds(b, "nowhere", &[]);
    Must "omp.search.case" ["omp.md §5"] "Capitals make no difference." => case;
    Should "omp.search.accents" ["omp.md §5"] "Accents make no difference." => accents;
    Must "omp.search.or" ["reading 14"] "Of several words, one is enough." => |b| finds(b, "alpha beta", &["tea", "coffee", "both"]);
    Must "omp.search.rank" ["reading 14"] "What has more of the words stands before what has fewer." => rank;
    Should "omp.search.question" ["reading 14"] "A whole question finds by the words in it." => question;
    Must "omp.search.tags" ["reading 14"] "Tags are searched, too." => |b| finds(b, "gamma", &["tagged"]);
    Should "omp.search.tags.readme" ["reading 14"] "`coding preferences` finds a memory that has these words only in its tags." => readme;
    Must "omp.search.filter.type" ["omp.md §2"] "`type` narrows a search." => |b| narrowed(b, json!({"type": "semantic"}), &["tea"]);
    Must "omp.search.filter.tags.one" ["omp.md §2; reading 10"] "`tags` narrows a search." => |b| narrowed(b, json!({"tags": ["hot"]}), &["tea"]);
    Must "omp.search.filter.tags.and" ["omp.md §2; reading 10"] "Several `tags` must all be there." => |b| narrowed(b, json!({"tags": ["drink", "hot"]}), &["tea"]);
    Must "omp.search.filter.tags.none" ["omp.md §2; reading 10"] "Tags that no memory has together find nothing." => |b| narrowed(b, json!({"tags": ["drink", "cold"]}), &[]);
    Must "omp.search.filter.namespace" ["omp.md §2"] "`namespace` narrows a search." => namespace;
    Must "omp.search.filter.namespace.absent" ["omp.md §2"] "Without a namespace the search goes over all of them." => everywhere;
    Must "omp.search.total" ["reading 11"] "`total` counts all matches, not the page." => total;
    Must "omp.search.total.filtered" ["reading 11"] "`total` counts under the filters." => total_filtered;
    Must "omp.search.limit.default" ["omp.md §2; reading 12"] "Ten memories are shown when no limit is given." => ten;
    Must "omp.search.limit" ["omp.md §2"] "`limit` cuts the page." => limit;
    Should "omp.search.limit.best" ["reading 14"] "A limit keeps the best." => best;
    Must "omp.search.filter.before-limit" ["reading 10"] "Filters apply before the limit." => before_limit;
}

/// Stores the samples of the search.
async fn stock(fixture: &Fixture) -> Result<Value, Finding> {
    let (here, elsewhere) = (fixture.namespace("search"), fixture.namespace("elsewhere"));
    let [alpha, beta, gamma] = ["alpha", "beta", "gamma"].map(|tail| fixture.word(tail));
    let samples = [
        json!({"content": format!("Tea is what {alpha} means."), "tags": ["drink", "hot"], "metadata": {"name": "tea"}}),
        json!({"content": format!("Coffee is what {beta} means."), "type": "procedural", "tags": ["drink"], "metadata": {"name": "coffee"}}),
        json!({"content": format!("First {alpha} and then {beta} on the list."), "type": "episodic", "tags": ["cold"], "metadata": {"name": "both"}}),
        json!({"content": "Nothing to be seen in here.", "tags": [gamma], "metadata": {"name": "tagged"}}),
        json!({"content": "Tabs are two blanks wide.", "tags": ["coding", "preferences"], "metadata": {"name": "readme"}}),
        json!({"content": format!("Crème brûlée is what {} means.", fixture.word("ünder")), "metadata": {"name": "accents"}}),
        json!({"content": format!("Over there {alpha} means tea."), "namespace": elsewhere, "tags": ["drink", "hot"], "metadata": {"name": "elsewhere"}}),
    ];
    for sample in samples {
        fixture.store(overlay(json!({"namespace": here}), sample)).await?;
    }
    for number in 0..13 {
        let tags = if number == 0 { vec!["first"] } else { vec![] };
        let content = format!("Number {number} of the things that {} means.", fixture.word("delta"));
        fixture
            .store(json!({"namespace": here, "content": content, "tags": tags, "metadata": {"name": "many"}}))
            .await?;
    }
    Ok(Value::Null)
}

/// Makes sure that the samples are there.
pub(super) async fn samples(fixture: &Fixture) -> Result<(), Finding> {
    fixture.sample("search", stock(fixture)).await?;
    Ok(())
}

/// A search by words of ours (blanks between them) among the samples, with `more` laid over it.
pub(super) async fn ask(fixture: &Fixture, words: &str, more: Value) -> Result<Value, Finding> {
    samples(fixture).await?;
    let q: Vec<String> = words.split(' ').map(|tail| fixture.word(tail)).collect();
    let body = json!({"q": q.join(" "), "namespace": fixture.namespace("search"), "mode": "keyword"});
    fixture.search(&overlay(body, more)).await
}

/// The names of the samples that were found, as they stand.
pub(super) fn names(found: &Value) -> Vec<String> {
    let rows = found["memories"].as_array().into_iter().flatten();
    rows.map(|row| row["metadata"]["name"].as_str().unwrap_or("?").to_owned()).collect()
}

/// Holds if exactly these were found, in any order.
fn exactly(found: &Value, wanted: &[&str]) -> Verdict {
    let mut got = names(found);
    got.sort();
    let mut wanted: Vec<&str> = wanted.to_vec();
    wanted.sort_unstable();
    let holds = got == wanted && found["total"] == wanted.len();
    ensure(holds, format!("{wanted:?} and a total of {}", wanted.len()), || {
        format!("{got:?} and a total of {}", found["total"])
    })
}

async fn form(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "alpha", json!({})).await?;
    let holds = found["memories"].is_array() && found["total"].is_u64() && found["mode_used"].is_string();
    ensure(holds, "memories, total, mode_used", || cut(&found.to_string(), 200))
}

async fn memories(fixture: &Fixture) -> Verdict {
    for mode in shape::MODES {
        let found = ask(fixture, "alpha", json!({"mode": mode})).await?;
        for memory in found["memories"].as_array().into_iter().flatten() {
            faultless("memories of the schema", &shape::memory(memory))?;
        }
    }
    Ok(())
}

async fn same(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "alpha", json!({"limit": 1})).await?;
    let row = found["memories"].get(0).ok_or_else(|| fail("a memory", cut(&found.to_string(), 200)))?;
    let stored = fixture.fetch(&row["id"]).await?;
    ensure(*row == stored, stored.to_string(), || row.to_string())
}

async fn finds(fixture: &Fixture, words: &str, wanted: &[&str]) -> Verdict {
    exactly(&ask(fixture, words, json!({})).await?, wanted)
}

async fn narrowed(fixture: &Fixture, filter: Value, wanted: &[&str]) -> Verdict {
    exactly(&ask(fixture, "alpha", filter).await?, wanted)
}

async fn fresh(fixture: &Fixture) -> Verdict {
    let (namespace, word) = (fixture.namespace("fresh"), fixture.word("fresh"));
    for round in 1..=3 {
        let content = format!("Round {round} of {word}.");
        fixture.store(json!({"namespace": namespace, "content": content})).await?;
        let found = fixture.search(&json!({"q": word, "namespace": namespace, "mode": "keyword"})).await?;
        ensure(found["total"] == round, format!("{round} found"), || found["total"].to_string())?;
    }
    Ok(())
}

async fn last_word(fixture: &Fixture) -> Verdict {
    let (namespace, word) = (fixture.namespace("fresh"), fixture.word("last"));
    let content = format!("{}{word}", "word ".repeat((10_000 - word.len()) / 5));
    let memory = fixture.store(json!({"namespace": namespace, "content": content})).await?;
    let found = fixture.search(&json!({"q": word, "namespace": namespace, "mode": "keyword"})).await?;
    ensure(found["memories"][0]["id"] == memory["id"], memory["id"].to_string(), || {
        cut(&found.to_string(), 200)
    })
}

async fn case(fixture: &Fixture) -> Verdict {
    let q = fixture.word("alpha").to_uppercase();
    exactly(&ask(fixture, "alpha", json!({"q": q})).await?, &["tea", "both"])
}

async fn accents(fixture: &Fixture) -> Verdict {
    for q in ["creme brulee", "CRÈME BRÛLÉE", "cre\u{300}me"] {
        exactly(&ask(fixture, "alpha", json!({"q": q})).await?, &["accents"])?;
    }
    Ok(())
}

async fn rank(fixture: &Fixture) -> Verdict {
    let got = names(&ask(fixture, "alpha beta", json!({})).await?);
    ensure(got.first().is_some_and(|name| name == "both"), "\"both\" first", || format!("{got:?}"))
}

async fn question(fixture: &Fixture) -> Verdict {
    let q = format!("Do you remember what I told you about {}, please?", fixture.word("beta"));
    let got = names(&ask(fixture, "beta", json!({"q": q})).await?);
    ensure(got.iter().take(2).any(|name| name == "coffee"), "\"coffee\" among the first two", || {
        format!("{got:?}")
    })
}

async fn readme(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "alpha", json!({"q": "coding preferences"})).await?;
    exactly(&found, &["readme"])
}

async fn namespace(fixture: &Fixture) -> Verdict {
    let elsewhere = fixture.namespace("elsewhere");
    exactly(&ask(fixture, "alpha", json!({"namespace": elsewhere})).await?, &["elsewhere"])
}

async fn everywhere(fixture: &Fixture) -> Verdict {
    samples(fixture).await?;
    let found = fixture.search(&json!({"q": fixture.word("alpha"), "mode": "keyword"})).await?;
    exactly(&found, &["tea", "both", "elsewhere"])
}

async fn total(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "delta", json!({"limit": 3})).await?;
    ensure(found["total"] == 13, "a total of 13", || found["total"].to_string())
}

async fn total_filtered(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "delta", json!({"limit": 1, "tags": ["first"]})).await?;
    ensure(found["total"] == 1, "a total of 1", || found["total"].to_string())
}

async fn ten(fixture: &Fixture) -> Verdict {
    let found = ask(fixture, "delta", json!({})).await?;
    ensure(names(&found).len() == 10, "10 memories", || format!("{}", names(&found).len()))
}

async fn limit(fixture: &Fixture) -> Verdict {
    for limit in [1, 3, 100] {
        let got = names(&ask(fixture, "delta", json!({"limit": limit})).await?).len();
        ensure(got == limit.min(13), format!("{} memories", limit.min(13)), || got.to_string())?;
    }
    Ok(())
}

async fn best(fixture: &Fixture) -> Verdict {
    exactly_names(&ask(fixture, "alpha beta", json!({"limit": 1})).await?, &["both"])
}

fn exactly_names(found: &Value, wanted: &[&str]) -> Verdict {
    let got = names(found);
    ensure(got == wanted, format!("{wanted:?}"), || format!("{got:?}"))
}

async fn before_limit(fixture: &Fixture) -> Verdict {
    // The tagged one is the oldest of thirteen equals: a filter after the limit would miss it.
    samples(fixture).await?;
    let body = json!({
        "q": fixture.word("delta"), "namespace": fixture.namespace("search"), "tags": ["first"], "limit": 1,
    });
    let found = fixture.send(Call::post("/v1/memories/search", &body)).await?.be(200)?.json;
    exactly_names(&found, &["many"])
}
