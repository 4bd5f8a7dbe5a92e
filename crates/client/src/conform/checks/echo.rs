//! What a client sends comes back as it was sent.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, cut, ensure};

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
}

/// Posts a memory with `change`; every field of it must come back the same from POST and from GET.
pub(super) async fn comes_back(fixture: &Fixture, change: Value) -> Verdict {
    let answer = fixture.send(Call::post("/v1/memories", &fixture.memory(change.clone()))).await?.be(201)?;
    same(&change, &answer.json)?;
    same(&change, &fixture.fetch(&answer.json["id"]).await?)
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

async fn content(fixture: &Fixture) -> Verdict {
    let content = "\"Quotes\" 'and' \\back\\slashes\nline two — <script>alert(1)</script> &amp; %20 🦀👩‍👩‍👧 עברית العربية \u{2028}end";
    comes_back(fixture, json!({"content": content})).await
}

async fn namespace(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("echo-a_b:9");
    comes_back(fixture, json!({"namespace": namespace})).await
}

fn metadata() -> Value {
    json!({"metadata": {
        "text": "é🦀", "number": 1.5, "yes": true, "nothing": null,
        "list": [1, "two", null, [3]], "object": {"deep": {"deeper": []}}, "Key With Blank": "",
    }})
}
