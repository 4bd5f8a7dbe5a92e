//! The limits of content, tool, session and user: counted in characters, not in bytes or UTF-16 units.

use reqwest::Method;
use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, ensure};
use crate::conform::sample::without;

checks! {
    Must "omp.memories.content.1" ["omp.md §1"] "Content of one character is accepted." => |b| accepts(b, json!({"content": "x"}));
    Must "omp.memories.content.1.emoji" ["omp.md §1; reading 21"] "Content of one emoji is accepted." => |b| accepts(b, json!({"content": "🦀"}));
    Must "omp.memories.content.0" ["omp.md §1"] "Empty content is refused." => |b| refuses(b, json!({"content": ""}));
    Must "omp.memories.content.10000" ["omp.md §1"] "Content of 10,000 letters is accepted." => |b| keeps(b, json!({"content": "x".repeat(10_000)}));
    Must "omp.memories.content.10000.accents" ["omp.md §1; reading 21"] "Content of 10,000 letters of two bytes is accepted." => |b| keeps(b, json!({"content": "é".repeat(10_000)}));
    Must "omp.memories.content.10000.emoji" ["omp.md §1; reading 21"] "Content of 10,000 emoji is accepted." => |b| keeps(b, json!({"content": "🦀".repeat(10_000)}));
    Must "omp.memories.content.10000.escaped" ["omp.md §1; reading 21"] "10,000 emoji written as \\u escapes are accepted." => escaped;
    Must "omp.memories.content.10001" ["omp.md §1"] "Content of 10,001 letters is refused." => |b| refuses(b, json!({"content": "x".repeat(10_001)}));
    Must "omp.memories.content.10001.emoji" ["omp.md §1; reading 21"] "Content of 10,001 emoji is refused." => |b| refuses(b, json!({"content": "🦀".repeat(10_001)}));
    Must "omp.memories.content.missing" ["omp.md §1"] "A memory without content is refused." => |b| lacking(b, "content");
    Must "omp.memories.content.number" ["omp.md §1"] "Content that is a number is refused." => |b| refuses(b, json!({"content": 42}));
    Must "omp.memories.content.null" ["omp.md §1"] "Content that is null is refused." => |b| refuses(b, json!({"content": null}));
    Must "omp.memories.content.array" ["omp.md §1"] "Content that is an array is refused." => |b| refuses(b, json!({"content": ["x"]}));
    Must "omp.memories.type.missing" ["omp.md §1"] "A memory without type is refused." => |b| lacking(b, "type");
    Must "omp.memories.type.unknown" ["omp.md §1"] "A type that is not one of the three is refused." => |b| refuses(b, json!({"type": "fact"}));
    Must "omp.memories.type.case" ["omp.md §1"] "A type in another case is refused." => |b| refuses(b, json!({"type": "Semantic"}));
    Must "omp.memories.type.null" ["omp.md §1"] "A type of null is refused." => |b| refuses(b, json!({"type": null}));
    Must "omp.memories.nul.content" ["reading 44"] "A NUL in content is refused, never cut at." => |b| refuses(b, json!({"content": "before\0after"}));
    Must "omp.memories.nul.tool" ["reading 44"] "A NUL in source.tool is refused." => |b| refuses(b, json!({"source": {"tool": "a\0b"}}));
    Must "omp.memories.nul.session_id" ["reading 44"] "A NUL in source.session_id is refused." => |b| refuses(b, json!({"source": {"session_id": "a\0b"}}));
    Must "omp.memories.surrogate" ["reading 44"] "A lone surrogate is refused or repaired." => surrogate;
    Must "omp.memories.utf8" ["omp.md §3"] "A body that is not UTF-8 is an orderly error." => not_utf8;
}

/// A memory with `change` is stored.
pub(super) async fn accepts(fixture: &Fixture, change: Value) -> Verdict {
    fixture.send(Call::post("/v1/memories", &fixture.memory(change))).await?.be(201)?;
    Ok(())
}

/// A memory with `change` is stored, and read again it is whole.
pub(super) async fn keeps(fixture: &Fixture, change: Value) -> Verdict {
    super::echo::comes_back(fixture, change).await
}

/// A memory with `change` breaks a rule of its fields.
pub(super) async fn refuses(fixture: &Fixture, change: Value) -> Verdict {
    fixture.send(Call::post("/v1/memories", &fixture.memory(change))).await?.refused()
}

/// A memory without `field` breaks a rule of its fields.
pub(super) async fn lacking(fixture: &Fixture, field: &str) -> Verdict {
    fixture.send(Call::post("/v1/memories", &without(fixture.memory(json!({})), field))).await?.refused()
}

async fn escaped(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"content": "CONTENT"})).to_string();
    let body = body.replace("CONTENT", &"\\ud83e\\udd80".repeat(10_000));
    let memory = fixture.send(Call::new(Method::POST, "/v1/memories").json(body)).await?.be(201)?.json;
    let got = memory["content"].as_str().map_or(0, |content| content.chars().count());
    ensure(got == 10_000, "10,000 characters", || got.to_string())
}

async fn surrogate(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"content": "before CONTENT after"})).to_string();
    for lone in ["\\ud800", "\\udc00", "\\udc00\\ud800"] {
        let call = Call::new(Method::POST, "/v1/memories").json(body.replace("CONTENT", lone));
        let answer = fixture.send(call).await?.sane()?.be_one_of(&[201, 400, 422])?;
        let content = answer.json["content"].as_str().unwrap_or_default();
        let whole =
            content.starts_with("before ") && content.ends_with(" after") && content.contains('\u{fffd}');
        ensure(answer.status != 201 || whole, "400, 422 or U+FFFD in its place", || answer.got())?;
    }
    Ok(())
}

async fn not_utf8(fixture: &Fixture) -> Verdict {
    let mut body = fixture.memory(json!({"content": "CONTENT"})).to_string().into_bytes();
    if let Some(at) = body.windows(7).position(|part| part == b"CONTENT") {
        body[at] = 0xff;
    }
    let answer = fixture.send(Call::new(Method::POST, "/v1/memories").json(body)).await?.sane()?;
    answer.be_one_of(&[400, 415, 422])?;
    Ok(())
}
