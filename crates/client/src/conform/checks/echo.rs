//! What a client sends comes back as it was sent.

use serde_json::{Value, json};

use crate::conform::bench::Bench;
use crate::conform::probe::{Call, Verdict, cut, ensure};
use crate::conform::time;

checks! {
    Must "omp.memories.echo.content" ["omp.md §1"] "Content comes back letter by letter: lines, quotes, markup, emoji, right-to-left." => content;
    Must "omp.memories.echo.blanks" ["omp.md §1"] "Blanks inside a content stay as they are." => |b| comes_back(b, json!({"content": "a  b\tc\r\nd\n\ne"}));
    Must "omp.memories.echo.composed" ["omp.md §1; reading 21"] "Composed and decomposed letters are not turned into each other." => |b| comes_back(b, json!({"content": "caf\u{e9} cafe\u{301}"}));
    Must "omp.memories.echo.type.episodic" ["omp.md §1"] "The type `episodic` is kept." => |b| comes_back(b, json!({"type": "episodic"}));
    Must "omp.memories.echo.type.semantic" ["omp.md §1"] "The type `semantic` is kept." => |b| comes_back(b, json!({"type": "semantic"}));
    Must "omp.memories.echo.type.procedural" ["omp.md §1"] "The type `procedural` is kept." => |b| comes_back(b, json!({"type": "procedural"}));
    Must "omp.memories.echo.source" ["omp.md §1"] "Tool, session_id and user_id are kept." => |b| comes_back(b, json!({"source": {"tool": "Claude Code / é", "session_id": "s-1", "user_id": "u@example.org"}}));
    Must "omp.memories.echo.tags" ["omp.md §1"] "Tags are kept in their order." => |b| comes_back(b, json!({"tags": ["zeta", "alpha", "a:b-c_d", "9"]}));
    Must "omp.memories.echo.namespace" ["omp.md §1"] "The namespace is kept." => namespace;
    Must "omp.memories.echo.metadata" ["omp.md §1"] "Metadata keeps texts, numbers, booleans, null, arrays and objects." => |b| comes_back(b, metadata());
    Must "omp.memories.echo.metadata.numbers" ["omp.md §1"] "Numbers in metadata keep their value." => |b| comes_back(b, json!({"metadata": {"big": 9_007_199_254_740_991_i64, "neg": -1, "half": 0.5, "zero": 0}}));
    Must "omp.memories.echo.timestamp" ["omp.md §1; reading 43"] "source.timestamp with an offset keeps its instant and comes back in UTC." => |b| instant(b, "timestamp");
    Must "omp.memories.echo.expires_at" ["omp.md §1; reading 43"] "expires_at with an offset keeps its instant and comes back in UTC." => |b| instant(b, "expires_at");
    Must "omp.memories.echo.whole-seconds" ["omp.md §1; reading 43"] "A time in whole seconds is accepted." => |b| accepted_time(b, "2024-05-06T07:08:09Z");
    Must "omp.memories.echo.fine-seconds" ["omp.md §1"] "A time with microseconds is accepted." => |b| accepted_time(b, "2024-05-06T07:08:09.123456Z");
    Should "omp.memories.echo.far-future" ["omp.md §1"] "An expires_at at the end of the year 9999 is accepted." => |b| far(b, "9999-12-31T23:59:59Z");
}

/// Posts a memory with `change`; every field of it must come back the same from POST and from GET.
pub(super) async fn comes_back(bench: &Bench, change: Value) -> Verdict {
    let answer = bench.send(Call::post("/v1/memories", &bench.memory(change.clone()))).await?.be(201)?;
    same(&change, &answer.json)?;
    same(&change, &bench.fetch(&answer.json["id"]).await?)
}

/// Holds if every field of `sent` is the same in `got`; of the source only the parts that were sent.
pub(super) fn same(sent: &Value, got: &Value) -> Verdict {
    for (field, value) in sent.as_object().into_iter().flatten() {
        if field == "source" {
            same(value, &got["source"])?;
        } else {
            let holds = got.get(field) == Some(value);
            ensure(holds, format!("`{field}`: {}", cut(&value.to_string(), 200)), || {
                cut(&got[field].to_string(), 200)
            })?;
        }
    }
    Ok(())
}

async fn content(bench: &Bench) -> Verdict {
    let content = "\"Quotes\" 'and' \\back\\slashes\nline two — <script>alert(1)</script> &amp; %20 🦀👩‍👩‍👧 עברית العربية \u{2028}end";
    comes_back(bench, json!({"content": content})).await
}

async fn namespace(bench: &Bench) -> Verdict {
    let namespace = bench.namespace("echo-a_b:9");
    comes_back(bench, json!({"namespace": namespace})).await
}

fn metadata() -> Value {
    json!({"metadata": {
        "text": "é🦀", "number": 1.5, "yes": true, "nothing": null,
        "list": [1, "two", null, [3]], "object": {"deep": {"deeper": []}}, "Key With Blank": "",
    }})
}

async fn instant(bench: &Bench, field: &str) -> Verdict {
    let base = time::now() / 1000 * 1000 + 86_400_000 + 250;
    for minutes in [0, 120, -330, 845] {
        let sent = time::at_offset(base, minutes);
        let change = match field {
            "timestamp" => json!({"source": {"timestamp": sent}}),
            _ => json!({field: sent}),
        };
        let memory = bench.send(Call::post("/v1/memories", &bench.memory(change))).await?.be(201)?.json;
        let got = if field == "timestamp" { &memory["source"][field] } else { &memory[field] };
        let text = got.as_str().unwrap_or_default();
        let holds = time::is_utc(text) && time::parse(text) == Some(base);
        ensure(holds, format!("{sent} as {}", time::utc(base)), || got.to_string())?;
    }
    Ok(())
}

async fn accepted_time(bench: &Bench, text: &str) -> Verdict {
    let body = bench.memory(json!({"source": {"timestamp": text}}));
    let memory = bench.send(Call::post("/v1/memories", &body)).await?.be(201)?.json;
    let got = memory["source"]["timestamp"].as_str().and_then(time::parse);
    ensure(got == time::parse(text), format!("the instant {text}"), || memory["source"].to_string())
}

async fn far(bench: &Bench, text: &str) -> Verdict {
    let memory = bench
        .send(Call::post("/v1/memories", &bench.memory(json!({"expires_at": text}))))
        .await?
        .be(201)?
        .json;
    let got = memory["expires_at"].as_str().and_then(time::parse);
    ensure(got == time::parse(text), format!("the instant {text}"), || memory["expires_at"].to_string())
}
