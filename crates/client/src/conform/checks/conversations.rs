//! Conversations: stored, shown, listed, deleted. Judged only if the server offers them.

use std::time::Duration;

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, cut, encode, ensure, faultless, skip};
use crate::conform::sample::{letters, overlay, without};
use crate::conform::{shape, time};

checks! {
    Should "omp.conversations.offered" ["omp.md §2; reading 41"] "The server keeps conversations." => offered;
    Must "omp.conversations.create.201" ["omp.md §2; reading 41"] "A valid conversation is answered with 201." => created;
    Must "omp.conversations.object" ["omp.md §2"] "A conversation has all its fields in their form." => object;
    Must "omp.conversations.echo" ["omp.md §2"] "Model, topic, messages and source_url come back as they were sent." => echo;
    Must "omp.conversations.default.topic" ["omp.md §2"] "Without a topic it is the first message." => default_topic;
    Must "omp.conversations.default.topic.cut" ["omp.md §2; reading 21"] "A long first message is cut to a topic of at most 200 characters." => cut_topic;
    Must "omp.conversations.default.source_url" ["omp.md §2"] "Without a source_url it is null." => default_url;
    Must "omp.conversations.get.200" ["omp.md §2"] "GET gives the conversation with all its messages." => get;
    Must "omp.conversations.get.404" ["omp.md §2; reading 41"] "GET of an unknown id is 404 not_found." => unknown;
    Must "omp.conversations.delete.200" ["omp.md §2; reading 41"] "DELETE answers 200 with {\"deleted\": true}." => deleted;
    Must "omp.conversations.delete.gone" ["omp.md §2"] "A deleted conversation is 404 and not listed." => gone;
    Must "omp.conversations.delete.404" ["omp.md §2; reading 41"] "Deleting an unknown id is 404 not_found." => delete_unknown;
    Must "omp.conversations.list.200" ["omp.md §2"] "The list has conversations and total." => form;
    Must "omp.conversations.list.model" ["omp.md §2"] "`model` lists only that model." => by_model;
    Must "omp.conversations.list.exclude_model" ["omp.md §2"] "`exclude_model` leaves that model out." => without_model;
    Must "omp.conversations.list.since" ["omp.md §2; reading 41"] "`since` lists only what is newer." => |b| since(b, 0);
    Must "omp.conversations.list.since.offset" ["reading 41; reading 43"] "`since` is read as a time, whatever its offset." => since_offset;
    Should "omp.conversations.list.since.text" ["omp.md §2"] "A `since` that is no date-time is refused." => |b| refused(b, "since=yesterday");
    Must "omp.conversations.list.newest" ["omp.md §2; reading 41"] "The newest stands first." => newest;
    Must "omp.conversations.list.limit.default" ["omp.md §2; reading 41"] "Ten are shown when no limit is given." => |b| shows(b, "", 10);
    Must "omp.conversations.list.limit" ["omp.md §2"] "`limit` cuts the page." => |b| shows(b, "&limit=3", 3);
    Must "omp.conversations.list.limit.50" ["omp.md §2; reading 41"] "A limit of 50 is accepted." => |b| shows(b, "&limit=50", 12);
    Must "omp.conversations.list.limit.51" ["omp.md §2; reading 41"] "A limit of 51 is refused or cut to 50." => too_many;
    Should "omp.conversations.list.limit.0" ["omp.md §2"] "A limit of 0 is refused." => |b| refused(b, "limit=0");
    Should "omp.conversations.list.limit.text" ["omp.md §2"] "A limit that is no number is refused." => |b| refused(b, "limit=ten");
    Must "omp.conversations.list.total" ["reading 41"] "`total` counts the whole filtered set, not the page." => total;
    May "omp.conversations.search" ["reading 41"] "A search finds conversations by a word that stands in them, and says in which mode." => searched;
}

/// A valid conversation as a client sends it, with `change` laid over it.
pub(super) fn conversation(fixture: &Fixture, change: Value) -> Value {
    let base = json!({
        "model": fixture.word("model"),
        "topic": "A sample of the conformance suite",
        "messages": [
            {"role": "user", "content": "First question."},
            {"role": "assistant", "content": "First answer."},
        ],
    });
    overlay(base, change)
}

/// Sends a conversation; skips if the server does not keep any.
pub(super) async fn post(fixture: &Fixture, change: Value) -> Result<Answer, Finding> {
    let answer = fixture.send(Call::post("/v1/conversations", &conversation(fixture, change))).await?;
    if matches!(answer.status, 404 | 405 | 501) {
        return Err(skip("the server keeps no conversations"));
    }
    Ok(answer)
}

/// Stores a conversation that a check needs.
pub(super) async fn store(fixture: &Fixture, change: Value) -> Result<Value, Finding> {
    let answer = post(fixture, change).await?;
    if answer.status == 201 { Ok(answer.json) } else { Err(skip(format!("no sample: {}", answer.got()))) }
}

fn path(conversation: &Value) -> String {
    format!("/v1/conversations/{}", conversation["id"].as_str().unwrap_or("no-id"))
}

async fn list(fixture: &Fixture, query: &str) -> Result<Value, Finding> {
    Ok(fixture.send(Call::get(format!("/v1/conversations?{query}"))).await?.be(200)?.json)
}

/// The ids on a page, as they stand.
fn ids(list: &Value) -> Vec<&str> {
    list["conversations"].as_array().into_iter().flatten().filter_map(|row| row["id"].as_str()).collect()
}

async fn searched(fixture: &Fixture) -> Verdict {
    let word = fixture.word("quokka");
    let messages = json!([{"role": "user", "content": format!("Tell me of {word}.")}]);
    let stored = store(fixture, json!({"messages": messages})).await?;
    let path = format!("/v1/conversations/search?q={}", encode(&word));
    let answer = fixture.send(Call::get(path)).await?;
    if [404, 405].contains(&answer.status) {
        return Err(skip("the server does not search conversations"));
    }
    let answer = answer.be(200)?;
    let found = ids(&answer.json).first().copied() == stored["id"].as_str();
    ensure(found && answer.json["mode_used"].is_string(), "the conversation, and a mode", || answer.got())
}

async fn offered(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(Call::get("/v1/conversations?limit=1")).await?;
    answer.be(200)?;
    Ok(())
}

async fn created(fixture: &Fixture) -> Verdict {
    post(fixture, json!({})).await?.be(201)?;
    Ok(())
}

async fn object(fixture: &Fixture) -> Verdict {
    faultless("a conversation", &shape::conversation(&store(fixture, json!({})).await?))
}

async fn echo(fixture: &Fixture) -> Verdict {
    let sent = json!({
        "model": "claude é🦀", "topic": "A topic <b>é🦀</b>", "source_url": "https://example.org/chat?x=1#y",
        "messages": [{"role": "assistant", "content": "Hello\n\"é🦀\""}, {"role": "user", "content": "<script>"}],
    });
    let conversation = store(fixture, sent.clone()).await?;
    for field in ["model", "topic", "source_url"] {
        ensure(conversation[field] == sent[field], sent[field].to_string(), || {
            conversation[field].to_string()
        })?;
    }
    for (at, message) in sent["messages"].as_array().into_iter().flatten().enumerate() {
        let got = &conversation["messages"][at];
        let holds = got["role"] == message["role"] && got["content"] == message["content"];
        ensure(holds, message.to_string(), || got.to_string())?;
    }
    Ok(())
}

async fn default_topic(fixture: &Fixture) -> Verdict {
    store(fixture, json!({})).await?;
    let body = without(conversation(fixture, json!({})), "topic");
    let answer = fixture.send(Call::post("/v1/conversations", &body)).await?.be(201)?;
    ensure(answer.json["topic"] == "First question.", "\"First question.\"", || {
        answer.json["topic"].to_string()
    })
}

async fn cut_topic(fixture: &Fixture) -> Verdict {
    let long = "🦀é ".repeat(300);
    let messages = json!([{"role": "user", "content": long}]);
    let body = without(conversation(fixture, json!({"messages": messages})), "topic");
    store(fixture, json!({})).await?;
    let answer = fixture.send(Call::post("/v1/conversations", &body)).await?.be(201)?;
    let topic = answer.json["topic"].as_str().unwrap_or_default();
    let length = topic.chars().count();
    let start = topic.trim_end_matches(['…', '.']).trim_end();
    let holds = (1..=200).contains(&length) && !start.is_empty() && long.starts_with(start);
    ensure(holds, "the start of the message, at most 200 characters", || {
        format!("{length} characters: {topic}")
    })
}

async fn default_url(fixture: &Fixture) -> Verdict {
    let conversation = store(fixture, json!({})).await?;
    let url = conversation.get("source_url");
    ensure(url == Some(&Value::Null), "null", || format!("{url:?}"))
}

async fn get(fixture: &Fixture) -> Verdict {
    let conversation = store(fixture, json!({})).await?;
    let got = fixture.send(Call::get(path(&conversation))).await?.be(200)?.json;
    ensure(got == conversation, conversation.to_string(), || got.to_string())
}

async fn unknown(fixture: &Fixture) -> Verdict {
    store(fixture, json!({})).await?;
    let path = format!("/v1/conversations/conv_{}", letters(16));
    fixture.send(Call::get(path)).await?.error(404, "not_found")
}

async fn deleted(fixture: &Fixture) -> Verdict {
    let conversation = store(fixture, json!({})).await?;
    let answer = fixture.send(Call::delete(path(&conversation))).await?.be(200)?;
    ensure(answer.json == json!({"deleted": true}), "{\"deleted\": true}", || answer.got())
}

async fn gone(fixture: &Fixture) -> Verdict {
    let model = fixture.word("gone");
    let conversation = store(fixture, json!({"model": model})).await?;
    fixture.send(Call::delete(path(&conversation))).await?;
    fixture.send(Call::get(path(&conversation))).await?.error(404, "not_found")?;
    let list = list(fixture, &format!("model={model}")).await?;
    ensure(list["total"] == 0, "a total of 0", || list.to_string())
}

async fn delete_unknown(fixture: &Fixture) -> Verdict {
    store(fixture, json!({})).await?;
    let path = format!("/v1/conversations/conv_{}", letters(16));
    fixture.send(Call::delete(path)).await?.error(404, "not_found")
}

/// Twelve conversations with one model and one with another.
async fn stock(fixture: &Fixture) -> Result<Value, Finding> {
    let mut made = Vec::new();
    for number in 0..12 {
        let change = json!({"model": fixture.word("many"), "topic": format!("Number {number}")});
        made.push(store(fixture, change).await?);
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    made.push(store(fixture, json!({"model": fixture.word("other")})).await?);
    Ok(Value::Array(made))
}

/// A list of the twelve under more parameters, each starting with `&`.
async fn many(fixture: &Fixture, more: &str) -> Result<Value, Finding> {
    fixture.sample("conversations", stock(fixture)).await?;
    list(fixture, &format!("model={}{more}", fixture.word("many"))).await
}

async fn form(fixture: &Fixture) -> Verdict {
    let list = many(fixture, "").await?;
    ensure(list["conversations"].is_array() && list["total"].is_u64(), "conversations and total", || {
        cut(&list.to_string(), 200)
    })
}

async fn by_model(fixture: &Fixture) -> Verdict {
    let list = many(fixture, "&limit=50").await?;
    let model = fixture.word("many");
    let rows = list["conversations"].as_array().cloned().unwrap_or_default();
    let holds = rows.len() == 12 && rows.iter().all(|row| row["model"] == model.as_str());
    ensure(holds && list["total"] == 12, "the twelve", || {
        format!("{} and a total of {}", rows.len(), list["total"])
    })
}

async fn without_model(fixture: &Fixture) -> Verdict {
    let made = fixture.sample("conversations", stock(fixture)).await?;
    let (first, other) = (&made[0], &made[12]);
    let since = encode(first["created_at"].as_str().unwrap_or_default());
    let query = format!("exclude_model={}&since={since}&limit=50", fixture.word("many"));
    let list = list(fixture, &query).await?;
    let rows = list["conversations"].as_array().cloned().unwrap_or_default();
    let none = rows.iter().all(|row| row["model"] != fixture.word("many").as_str());
    let there = other["id"].as_str().is_some_and(|id| ids(&list).contains(&id));
    ensure(none && there, "the other model's, and none of the excluded", || cut(&list.to_string(), 300))
}

/// Asks for what is newer than a time in the middle of the twelve, as a clock `minutes` ahead of UTC shows it.
async fn since(fixture: &Fixture, minutes: i64) -> Verdict {
    let made = fixture.sample("conversations", stock(fixture)).await?;
    let instant = |at: usize| made[at]["created_at"].as_str().and_then(time::parse).unwrap_or_default();
    let (before, after) = (instant(5), instant(6));
    if after - before < 2 {
        return Err(skip("the server's times do not tell the samples apart"));
    }
    let text = time::at_offset(before + (after - before) / 2, minutes);
    let list = many(fixture, &format!("&limit=50&since={}", encode(&text))).await?;
    ensure(list["total"] == 6 && ids(&list).len() == 6, format!("6 since {text}"), || {
        format!("{} and a total of {}", ids(&list).len(), list["total"])
    })
}

async fn since_offset(fixture: &Fixture) -> Verdict {
    since(fixture, 330).await?;
    since(fixture, -420).await
}

async fn refused(fixture: &Fixture, query: &str) -> Verdict {
    store(fixture, json!({})).await?;
    fixture.send(Call::get(format!("/v1/conversations?{query}"))).await?.refused()
}

async fn newest(fixture: &Fixture) -> Verdict {
    let list = many(fixture, "&limit=50").await?;
    let topics: Vec<&str> = list["conversations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| row["topic"].as_str())
        .collect();
    let wanted: Vec<String> = (0..12).rev().map(|number| format!("Number {number}")).collect();
    ensure(topics == wanted, wanted.join(", "), || topics.join(", "))
}

async fn shows(fixture: &Fixture, more: &str, wanted: usize) -> Verdict {
    let got = ids(&many(fixture, more).await?).len();
    ensure(got == wanted, format!("{wanted} conversations"), || got.to_string())
}

async fn too_many(fixture: &Fixture) -> Verdict {
    many(fixture, "").await?;
    let answer = fixture.send(Call::get("/v1/conversations?limit=51")).await?.be_one_of(&[200, 422])?;
    let count = ids(&answer.json).len();
    ensure(answer.status == 422 || count <= 50, "422, or at most 50", || format!("{count} conversations"))
}

async fn total(fixture: &Fixture) -> Verdict {
    let list = many(fixture, "&limit=2").await?;
    ensure(list["total"] == 12, "a total of 12", || list["total"].to_string())
}
