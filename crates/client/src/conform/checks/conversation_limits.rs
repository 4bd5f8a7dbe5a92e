//! The limits of a conversation: counted in characters, every message on its own.

use serde_json::{Value, json};

use super::conversations::{conversation, post, store};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, ensure};
use crate::conform::sample::without;

checks! {
    Must "omp.conversations.messages.0" ["omp.md §2"] "A conversation without messages is refused." => |b| refuses(b, json!({"messages": []}));
    Must "omp.conversations.messages.1" ["omp.md §2"] "A conversation of one message is accepted." => |b| accepts(b, json!({"messages": messages(1)}));
    Must "omp.conversations.messages.500" ["omp.md §2"] "A conversation of 500 messages is accepted." => |b| accepts(b, json!({"messages": messages(500)}));
    Must "omp.conversations.messages.501" ["omp.md §2"] "A conversation of 501 messages is refused." => |b| refuses(b, json!({"messages": messages(501)}));
    Must "omp.conversations.messages.missing" ["omp.md §2"] "A conversation lacking messages is refused." => |b| lacking(b, "messages");
    Must "omp.conversations.messages.text" ["omp.md §2"] "Messages that are a text are refused." => |b| refuses(b, json!({"messages": "hello"}));
    Must "omp.conversations.content.0" ["omp.md §2"] "An empty message is refused." => |b| refuses(b, says(""));
    Must "omp.conversations.content.10000" ["omp.md §2; reading 21"] "A message of 10,000 emoji is accepted." => |b| accepts(b, says(&"🦀".repeat(10_000)));
    Must "omp.conversations.content.10001" ["omp.md §2"] "A message of 10,001 letters is refused." => |b| refuses(b, says(&"x".repeat(10_001)));
    Must "omp.conversations.content.number" ["omp.md §2"] "A message that is a number is refused." => |b| refuses(b, json!({"messages": [{"role": "user", "content": 5}]}));
    Must "omp.conversations.content.nul" ["reading 44"] "A NUL in a message is refused." => |b| refuses(b, says("a\0b"));
    Should "omp.conversations.largest" ["omp.md §2"] "A conversation of 500 messages of 10,000 characters is within the limits." => largest;
    Must "omp.conversations.role.system" ["omp.md §2"] "A role that is neither user nor assistant is refused." => |b| refuses(b, json!({"messages": [{"role": "system", "content": "x"}]}));
    Must "omp.conversations.role.missing" ["omp.md §2"] "A message without a role is refused." => |b| refuses(b, json!({"messages": [{"content": "x"}]}));
    Must "omp.conversations.model.missing" ["omp.md §2"] "A conversation without a model is refused." => |b| lacking(b, "model");
    Must "omp.conversations.model.0" ["omp.md §2"] "An empty model is refused." => |b| refuses(b, json!({"model": ""}));
    Must "omp.conversations.model.100" ["omp.md §2; reading 21"] "A model of 100 emoji is accepted." => |b| accepts(b, json!({"model": "🦀".repeat(100)}));
    Must "omp.conversations.model.101" ["omp.md §2"] "A model of 101 characters is refused." => |b| refuses(b, json!({"model": "m".repeat(101)}));
    Must "omp.conversations.topic.200" ["omp.md §2; reading 21"] "A topic of 200 emoji is accepted." => |b| accepts(b, json!({"topic": "🦀".repeat(200)}));
    Must "omp.conversations.topic.201" ["omp.md §2"] "A topic of 201 characters is refused, or cut to 200." => long_topic;
    Must "omp.conversations.source_url.500" ["omp.md §2"] "A source_url of 500 characters is accepted." => |b| accepts(b, json!({"source_url": url(500)}));
    Must "omp.conversations.source_url.501" ["omp.md §2"] "A source_url of 501 characters is refused." => |b| refuses(b, json!({"source_url": url(501)}));
}

fn messages(count: usize) -> Value {
    (0..count).map(|_| json!({"role": "user", "content": "x"})).collect()
}

fn says(content: &str) -> Value {
    json!({"messages": [{"role": "user", "content": content}]})
}

fn url(length: usize) -> String {
    let start = "https://example.org/";
    format!("{start}{}", "u".repeat(length - start.len()))
}

async fn accepts(fixture: &Fixture, change: Value) -> Verdict {
    let conversation = post(fixture, change.clone()).await?.be(201)?.json;
    for (field, value) in change.as_object().into_iter().flatten().filter(|(field, _)| *field != "messages") {
        ensure(conversation[field] == *value, value.to_string(), || conversation[field].to_string())?;
    }
    let wanted = change["messages"].as_array().map_or(2, Vec::len);
    ensure(conversation["message_count"] == wanted, format!("{wanted} messages"), || {
        conversation["message_count"].to_string()
    })
}

async fn largest(fixture: &Fixture) -> Verdict {
    let message = json!({"role": "user", "content": "x".repeat(10_000)});
    let messages = vec![message; 500];
    let answer = post(fixture, json!({"messages": messages})).await?.be(201)?;
    ensure(answer.json["message_count"] == 500, "500 messages", || answer.json["message_count"].to_string())
}

async fn refuses(fixture: &Fixture, change: Value) -> Verdict {
    post(fixture, change).await?.refused()
}

async fn lacking(fixture: &Fixture, field: &str) -> Verdict {
    store(fixture, json!({})).await?;
    let body = without(conversation(fixture, json!({})), field);
    fixture.send(Call::post("/v1/conversations", &body)).await?.refused()
}

async fn long_topic(fixture: &Fixture) -> Verdict {
    let answer = post(fixture, json!({"topic": "t".repeat(201)})).await?.be_one_of(&[201, 422])?;
    let short = answer.json["topic"].as_str().is_some_and(|topic| topic.chars().count() <= 200);
    ensure(answer.status == 422 || short, "422, or a topic of 200", || answer.got())
}
