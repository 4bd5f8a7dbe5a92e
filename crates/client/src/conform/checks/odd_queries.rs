//! Queries that have broken search engines before.

use std::time::Duration;

use serde_json::json;

use super::search::samples;
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, encode, ensure};

checks! {
    Must "omp.search.odd.quotes" ["omp.md §3; reading 44"] "Quotes, closed or not, never break a search." => |b| survives(b, &["\"", "'", "\"a b\"", "\"open", "''--", "`", "\"\"\"", "“a”"]);
    Must "omp.search.odd.operators" ["omp.md §3"] "Words that are operators elsewhere never break a search." => |b| survives(b, &["AND", "OR", "NOT", "a AND", "NOT a", "NEAR", "NEAR(a b, 5)", "a NEAR/3 b", "AND OR NOT"]);
    Must "omp.search.odd.signs" ["omp.md §3"] "Signs never break a search." => |b| survives(b, &["*", "a*", "*a", "(", ")", "()", "a)", "-a", "+a", "^a", "a^2", "{a}", "[a]", "a:b", "content:a", ":", "~", "a~2", "\\", "/", "%", "_", "?", "!", "&", "|", "<->", "a & b | !c", "$1", "--", "; DROP TABLE memories;"]);
    Must "omp.search.odd.get" ["omp.md §3"] "The same by GET." => by_get;
    Must "omp.search.odd.nul" ["reading 44"] "A NUL in q is refused or answered, never a failure." => |b| survives(b, &["\0", "a\0b"]);
    Must "omp.search.odd.controls" ["omp.md §3"] "Control and invisible characters never break a search." => |b| survives(b, &["\u{1}", "\u{7f}", "\u{200b}", "\u{feff}", "\u{202e}abc", "\u{fffd}", "\u{10ffff}"]);
    Must "omp.search.odd.marks" ["omp.md §3"] "Marks without letters never break a search." => |b| survives(b, &["\u{301}", "👩\u{200d}👩\u{200d}👧", "🇩🇪", "e\u{301}\u{301}\u{301}"]);
    Must "omp.search.odd.stopwords" ["omp.md §3"] "A query of nothing but little words is answered." => |b| survives(b, &["the", "and or not", "who is the", "der die das"]);
    Should "omp.search.odd.long-word" ["omp.md §3"] "A word of 50,000 letters is answered within five seconds." => long_word;
    Should "omp.search.odd.many-words" ["readings, what the reference gets wrong"] "A query of 100,000 words is answered within five seconds." => many_words;
    Should "omp.search.odd.same-word" ["readings, what the reference gets wrong"] "A query of one word 50,000 times is answered within five seconds." => same_word;
}

async fn survives(fixture: &Fixture, queries: &[&str]) -> Verdict {
    samples(fixture).await?;
    for q in queries {
        for mode in ["keyword", "hybrid"] {
            let body = json!({"q": q, "namespace": fixture.namespace("search"), "mode": mode});
            let answer = fixture.send(Call::post("/v1/memories/search", &body)).await?.sane()?;
            ensure(matches!(answer.status, 200 | 422), format!("200 or 422 for {q:?}"), || answer.got())?;
        }
    }
    Ok(())
}

async fn by_get(fixture: &Fixture) -> Verdict {
    for q in ["\"", "NEAR(", "*", "'", "%", "a AND", "\0", "🎂", "(", "-", "&", "+", "#"] {
        let path = format!("/v1/memories/search?limit=1&q={}", encode(q));
        let answer = fixture.send(Call::get(path)).await?.sane()?;
        ensure(matches!(answer.status, 200 | 400 | 422), format!("200 or 422 for {q:?}"), || answer.got())?;
    }
    Ok(())
}

async fn quick(fixture: &Fixture, q: String) -> Verdict {
    let body = json!({"q": q, "namespace": fixture.namespace("search")});
    let answer = fixture.send(Call::post("/v1/memories/search", &body)).await?.sane()?;
    ensure(matches!(answer.status, 200 | 413 | 422), "200, 413 or 422", || answer.got())?;
    ensure(answer.took < Duration::from_secs(5), "an answer within five seconds", || {
        format!("{:?}", answer.took)
    })
}

async fn long_word(fixture: &Fixture) -> Verdict {
    quick(fixture, "x".repeat(50_000)).await
}

async fn many_words(fixture: &Fixture) -> Verdict {
    let words: Vec<String> = (0..100_000).map(|number| format!("w{number}")).collect();
    quick(fixture, words.join(" ")).await
}

async fn same_word(fixture: &Fixture) -> Verdict {
    quick(fixture, "delta ".repeat(50_000)).await
}
