//! The rules of tags, namespace and metadata.

use serde_json::{Map, Value, json};

use super::content::{accepts, keeps, refuses};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, ensure};

checks! {
    Must "omp.memories.tags.20" ["omp.md §1"] "20 tags are accepted." => |b| keeps(b, json!({"tags": tags(20)}));
    Must "omp.memories.tags.21" ["omp.md §1"] "21 tags are refused." => |b| refuses(b, json!({"tags": tags(21)}));
    Must "omp.memories.tags.length.50" ["omp.md §1"] "A tag of 50 characters is accepted." => |b| keeps(b, json!({"tags": ["t".repeat(50)]}));
    Must "omp.memories.tags.length.51" ["omp.md §1"] "A tag of 51 characters is refused." => |b| refuses(b, json!({"tags": ["t".repeat(51)]}));
    Must "omp.memories.tags.length.0" ["omp.md §1"] "An empty tag is refused." => |b| refuses(b, json!({"tags": [""]}));
    Must "omp.memories.tags.alphabet" ["omp.md §1"] "Lower-case letters, digits, `_`, `:` and `-` make a tag." => |b| keeps(b, json!({"tags": ["abcdefghijklmnopqrstuvwxyz", "0123456789", "_", ":", "-", "-a:b_c-"]}));
    Must "omp.memories.tags.upper" ["omp.md §1; reading 22"] "A tag with a capital is refused." => |b| refuses(b, json!({"tags": ["Drinks"]}));
    Must "omp.memories.tags.blank" ["omp.md §1; reading 22"] "A tag with a blank is refused." => |b| refuses(b, json!({"tags": ["hot drinks"]}));
    Must "omp.memories.tags.accent" ["omp.md §1; reading 22"] "A tag with a letter beyond a-z is refused." => |b| refuses(b, json!({"tags": ["café"]}));
    Must "omp.memories.tags.newline" ["omp.md §1"] "A tag that ends in a new line is refused." => |b| refuses(b, json!({"tags": ["tag\n"]}));
    Must "omp.memories.tags.comma" ["omp.md §1"] "A tag with a comma is refused." => |b| refuses(b, json!({"tags": ["a,b"]}));
    Should "omp.memories.tags.named" ["reading 22"] "A refused tag is told with its field and its pattern." => named;
    Must "omp.memories.tags.unique" ["omp.md §1; reading 23"] "The same tag twice is stored once, where it stood first." => merged;
    Must "omp.memories.tags.text" ["omp.md §1"] "Tags that are a text are refused." => |b| refuses(b, json!({"tags": "a,b"}));
    Must "omp.memories.tags.numbers" ["omp.md §1"] "A tag that is a number is refused." => |b| refuses(b, json!({"tags": [1]}));
    Must "omp.memories.tags.empty" ["omp.md §1"] "An empty array of tags is accepted." => |b| keeps(b, json!({"tags": []}));
    Must "omp.memories.namespace.100" ["omp.md §1"] "A namespace of 100 characters is accepted." => namespace_100;
    Must "omp.memories.namespace.101" ["omp.md §1"] "A namespace of 101 characters is refused." => |b| refuses(b, json!({"namespace": "n".repeat(101)}));
    Must "omp.memories.namespace.0" ["omp.md §1"] "An empty namespace is refused." => |b| refuses(b, json!({"namespace": ""}));
    Must "omp.memories.namespace.upper" ["omp.md §1; reading 25"] "A namespace with a capital is refused." => |b| refuses(b, json!({"namespace": "Project"}));
    Must "omp.memories.namespace.slash" ["omp.md §1; reading 25"] "A namespace with `/` is refused." => |b| refuses(b, json!({"namespace": "owner/name"}));
    Must "omp.memories.namespace.dot" ["omp.md §1; reading 25"] "A namespace with `.` is refused." => |b| refuses(b, json!({"namespace": "a.b"}));
    Must "omp.memories.namespace.at" ["omp.md §1; reading 25"] "A namespace with `@` is refused." => |b| refuses(b, json!({"namespace": "@scope"}));
    Must "omp.memories.namespace.newline" ["omp.md §1"] "A namespace that ends in a new line is refused." => |b| refuses(b, json!({"namespace": "project\n"}));
    Must "omp.memories.namespace.number" ["omp.md §1"] "A namespace that is a number is refused." => |b| refuses(b, json!({"namespace": 5}));
    Must "omp.memories.metadata.10" ["omp.md §1; reading 24"] "Metadata of 10 keys is accepted." => |b| keeps(b, json!({"metadata": keys(10)}));
    Must "omp.memories.metadata.11" ["omp.md §1; reading 24"] "Metadata of 11 keys is refused." => |b| refuses(b, json!({"metadata": keys(11)}));
    Must "omp.memories.metadata.nested-keys" ["omp.md §1; reading 24"] "Only the keys of metadata itself are counted." => |b| accepts(b, json!({"metadata": {"inner": keys(11)}}));
    Must "omp.memories.metadata.array" ["omp.md §1"] "Metadata that is an array is refused." => |b| refuses(b, json!({"metadata": [1]}));
    Must "omp.memories.metadata.text" ["omp.md §1"] "Metadata that is a text is refused." => |b| refuses(b, json!({"metadata": "x"}));
    Must "omp.memories.metadata.deep" ["omp.md §3"] "Metadata that is nested very deep never breaks the server." => deep;
}

fn tags(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("tag-{number}")).collect()
}

fn keys(count: usize) -> Value {
    (0..count).map(|number| (format!("key{number}"), json!(number))).collect::<Map<_, _>>().into()
}

async fn named(fixture: &Fixture) -> Verdict {
    let answer =
        fixture.send(Call::post("/v1/memories", &fixture.memory(json!({"tags": ["Hot Drinks"]})))).await?;
    answer.refused()?;
    let told = answer.text.contains("tags") && (answer.text.contains("a-z") || answer.text.contains("lower"));
    ensure(told, "an error that names `tags` and its pattern", || answer.got())
}

async fn merged(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"tags": ["b", "a", "b", "c", "a"]}));
    let memory = fixture.send(Call::post("/v1/memories", &body)).await?.be(201)?.json;
    ensure(memory["tags"] == json!(["b", "a", "c"]), "[\"b\",\"a\",\"c\"]", || memory["tags"].to_string())
}

async fn namespace_100(fixture: &Fixture) -> Verdict {
    let start = fixture.namespace("long:");
    let name = format!("{start}{}", "n".repeat(100 - start.len()));
    keeps(fixture, json!({"namespace": name})).await
}

async fn deep(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"metadata": {"deep": "DEEP"}})).to_string();
    for depth in [100, 20_000] {
        let nest = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let body = body.replace("\"DEEP\"", &nest);
        let call = Call::new(reqwest::Method::POST, "/v1/memories").json(body);
        fixture.send(call).await?.sane()?.be_one_of(&[201, 400, 422])?;
    }
    Ok(())
}
