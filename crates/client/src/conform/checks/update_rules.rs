//! `PUT /v1/memories/{id}`: the same rules as for a new memory, and nothing half done.

use serde_json::{Value, json};

use super::update::{put, subject};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, ensure};

checks! {
    Must "omp.memories.update.null.content" ["reading 16"] "null for content is refused." => |b| refuses(b, json!({"content": null}));
    Must "omp.memories.update.null.type" ["reading 16"] "null for type is refused." => |b| refuses(b, json!({"type": null}));
    Must "omp.memories.update.content.0" ["omp.md §1"] "Empty content is refused." => |b| refuses(b, json!({"content": ""}));
    Must "omp.memories.update.content.10000" ["omp.md §1; reading 21"] "Content of 10,000 emoji is accepted." => |b| accepts(b, json!({"content": "🦀".repeat(10_000)}));
    Must "omp.memories.update.content.10001" ["omp.md §1"] "Content of 10,001 characters is refused." => |b| refuses(b, json!({"content": "x".repeat(10_001)}));
    Must "omp.memories.update.content.number" ["omp.md §1"] "Content that is a number is refused." => |b| refuses(b, json!({"content": 1}));
    Must "omp.memories.update.content.nul" ["reading 44"] "A NUL in content is refused." => |b| refuses(b, json!({"content": "a\0b"}));
    Must "omp.memories.update.type.unknown" ["omp.md §1"] "A type that is not one of the three is refused." => |b| refuses(b, json!({"type": "fact"}));
    Must "omp.memories.update.tool.0" ["omp.md §1"] "An empty tool is refused." => |b| refuses(b, json!({"source": {"tool": ""}}));
    Must "omp.memories.update.tool.101" ["omp.md §1"] "A tool of 101 characters is refused." => |b| refuses(b, json!({"source": {"tool": "t".repeat(101)}}));
    Must "omp.memories.update.tool.null" ["omp.md §1"] "null for source.tool is refused." => |b| refuses(b, json!({"source": {"tool": null}}));
    Must "omp.memories.update.session_id.256" ["omp.md §1"] "A session_id of 256 characters is refused." => |b| refuses(b, json!({"source": {"session_id": "s".repeat(256)}}));
    Must "omp.memories.update.tags.21" ["omp.md §1"] "21 tags are refused." => |b| refuses(b, json!({"tags": (0..21).map(|n| format!("t{n}")).collect::<Vec<_>>()}));
    Must "omp.memories.update.tags.upper" ["omp.md §1; reading 22"] "A tag with a capital is refused." => |b| refuses(b, json!({"tags": ["Upper"]}));
    Must "omp.memories.update.tags.unique" ["reading 23"] "The same tag twice is stored once." => unique;
    Must "omp.memories.update.metadata.11" ["omp.md §1; reading 24"] "Metadata of 11 keys is refused." => |b| refuses(b, json!({"metadata": (0..11).map(|n| (format!("k{n}"), json!(n))).collect::<serde_json::Map<_, _>>()}));
    Must "omp.memories.update.namespace.upper" ["omp.md §1; reading 25"] "A namespace with a capital is refused." => |b| refuses(b, json!({"namespace": "Upper"}));
    Must "omp.memories.update.expires_at.text" ["omp.md §1"] "An expires_at that is no date-time is refused." => |b| refuses(b, json!({"expires_at": "soon"}));
    Must "omp.memories.update.atomic" ["omp.md §2"] "A change that is refused leaves nothing of itself behind." => atomic;
    Should "omp.memories.update.empty" ["omp.md §2"] "A change of nothing is answered in an orderly way and changes nothing." => nothing;
    Must "omp.memories.update.body-kinds" ["omp.md §3"] "A body that is no object is an orderly error." => kinds;
}

async fn accepts(fixture: &Fixture, change: Value) -> Verdict {
    let memory = subject(fixture).await?;
    put(fixture, &memory, &change).await?.be(200)?;
    super::echo::same(&change, &fixture.fetch(&memory["id"]).await?)
}

async fn refuses(fixture: &Fixture, change: Value) -> Verdict {
    let memory = fixture.sample("unchanged", subject(fixture)).await?;
    put(fixture, &memory, &change).await?.refused()
}

async fn unique(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    let after = put(fixture, &memory, &json!({"tags": ["b", "a", "b"]})).await?.be(200)?.json;
    ensure(after["tags"] == json!(["b", "a"]), "[\"b\",\"a\"]", || after["tags"].to_string())
}

async fn atomic(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    put(fixture, &memory, &json!({"content": "half", "tags": ["Not Valid"]})).await?.be(422)?;
    let after = fixture.fetch(&memory["id"]).await?;
    ensure(after == memory, memory.to_string(), || after.to_string())
}

async fn nothing(fixture: &Fixture) -> Verdict {
    let memory = subject(fixture).await?;
    put(fixture, &memory, &json!({})).await?.sane()?.be_one_of(&[200, 422])?;
    let after = fixture.fetch(&memory["id"]).await?;
    ensure(after["content"] == memory["content"] && after["tags"] == memory["tags"], "no change", || {
        after.to_string()
    })
}

async fn kinds(fixture: &Fixture) -> Verdict {
    let memory = fixture.sample("unchanged", subject(fixture)).await?;
    for body in ["null", "[]", "1", "\"x\"", ""] {
        let path = crate::conform::sample::memory_path(&memory["id"]);
        let call = Call::new(reqwest::Method::PUT, path).json(body);
        fixture.send(call).await?.sane()?.be_one_of(&[400, 415, 422])?;
    }
    Ok(())
}
