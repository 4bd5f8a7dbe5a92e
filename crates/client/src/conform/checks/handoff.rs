//! `POST /v1/handoff`: the brief that carries a conversation to another model.

use serde_json::{Value, json};

use super::conversations::store;
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, skip};
use crate::conform::sample::{letters, overlay};

checks! {
    Must "omp.handoff.id.200" ["omp.md §2"] "A handoff of a stored conversation answers 200." => |b| answers(b, true);
    Must "omp.handoff.inline.200" ["omp.md §2"] "A handoff of messages sent along answers 200." => |b| answers(b, false);
    Must "omp.handoff.brief" ["omp.md §2"] "The answer has a brief." => brief;
    Must "omp.handoff.brief.topic" ["omp.md §2"] "Without an AI key the brief names the topic." => |b| says(b, "Topic of the harbour");
    Must "omp.handoff.brief.last" ["omp.md §2"] "Without an AI key the brief has the last thing the user said." => |b| says(b, "When does the last ferry leave?");
    Must "omp.handoff.fields.topic" ["omp.md §2"] "The answer has the topic." => |b| field(b, "topic", json!("Topic of the harbour"));
    Must "omp.handoff.fields.source_model" ["omp.md §2"] "The answer has the source_model." => |b| field(b, "source_model", json!("harbour-model"));
    Must "omp.handoff.fields.target_model" ["omp.md §2"] "The answer has the target_model." => |b| field(b, "target_model", json!("claude"));
    Must "omp.handoff.fields.message_count" ["omp.md §2"] "The answer has the message_count." => |b| field(b, "message_count", json!(4));
    Must "omp.handoff.neither" ["omp.md §2"] "Neither an id nor messages is refused." => neither;
    Must "omp.handoff.unknown" ["omp.md §2; reading 32"] "An unknown conversation_id is 404 not_found." => unknown;
    Must "omp.handoff.inline.empty" ["omp.md §2"] "No messages at all are refused." => |b| refuses(b, json!({"messages": []}));
    Must "omp.handoff.inline.role" ["omp.md §2"] "A role that is neither user nor assistant is refused." => |b| refuses(b, json!({"messages": [{"role": "robot", "content": "x"}]}));
    Must "omp.handoff.inline.content" ["omp.md §2; reading 21"] "A message of 10,001 characters is refused." => |b| refuses(b, json!({"messages": [{"role": "user", "content": "x".repeat(10_001)}]}));
    Should "omp.handoff.inline.topic" ["omp.md §2"] "Messages without a topic take the first of them as topic." => default_topic;
    Must "omp.handoff.inline.not-stored" ["omp.md §2"] "What is sent along is not stored." => not_stored;
}

fn harbour() -> Value {
    json!({
        "model": "harbour-model",
        "topic": "Topic of the harbour",
        "messages": [
            {"role": "user", "content": "Which ferries are there?"},
            {"role": "assistant", "content": "Two, a white one and a blue one."},
            {"role": "user", "content": "When does the last ferry leave?"},
            {"role": "assistant", "content": "At ten."},
        ],
    })
}

fn inline(change: Value) -> Value {
    overlay(overlay(harbour(), json!({"target_model": "claude"})), change)
}

/// Sends a handoff; skips if the server offers none.
async fn post(fixture: &Fixture, body: &Value) -> Result<Answer, Finding> {
    let answer = fixture.send(Call::post("/v1/handoff", body)).await?;
    let absent = matches!(answer.status, 404 | 405 | 501) && body.get("conversation_id").is_none();
    if absent { Err(skip("the server offers no handoff")) } else { Ok(answer) }
}

/// The answers to a handoff by id and to one with the messages sent along.
async fn both(fixture: &Fixture) -> Result<Value, Finding> {
    fixture.sample("handoff", make(fixture)).await
}

async fn make(fixture: &Fixture) -> Result<Value, Finding> {
    let with = post(fixture, &inline(json!({}))).await?;
    let conversation = store(fixture, harbour()).await?;
    let body = json!({"conversation_id": conversation["id"], "target_model": "claude"});
    let by_id = post(fixture, &body).await?;
    Ok(json!({
        "inline": {"status": with.status, "body": with.json},
        "id": {"status": by_id.status, "body": by_id.json},
    }))
}

async fn answers(fixture: &Fixture, by_id: bool) -> Verdict {
    let answer = both(fixture).await?[if by_id { "id" } else { "inline" }].take();
    ensure(answer["status"] == 200, "200", || answer.to_string())
}

async fn brief(fixture: &Fixture) -> Verdict {
    for (way, answer) in both(fixture).await?.as_object().into_iter().flatten() {
        let holds = answer["body"]["brief"].as_str().is_some_and(|brief| !brief.trim().is_empty());
        ensure(holds, format!("a brief ({way})"), || answer.to_string())?;
    }
    Ok(())
}

async fn says(fixture: &Fixture, words: &str) -> Verdict {
    let answers = both(fixture).await?;
    if super::ai::has_key(fixture).await? {
        return Err(skip("the server has an AI key, so a model writes the brief"));
    }
    for (way, answer) in answers.as_object().into_iter().flatten() {
        let holds = answer["body"]["brief"].as_str().is_some_and(|brief| brief.contains(words));
        ensure(holds, format!("\"{words}\" in the brief ({way})"), || answer.to_string())?;
    }
    Ok(())
}

async fn field(fixture: &Fixture, name: &str, wanted: Value) -> Verdict {
    for (way, answer) in both(fixture).await?.as_object().into_iter().flatten() {
        let got = &answer["body"][name];
        ensure(*got == wanted, format!("`{name}`: {wanted} ({way})"), || got.to_string())?;
    }
    Ok(())
}

async fn neither(fixture: &Fixture) -> Verdict {
    post(fixture, &json!({"target_model": "claude"})).await?.refused()
}

async fn unknown(fixture: &Fixture) -> Verdict {
    both(fixture).await?;
    let body = json!({"conversation_id": format!("conv_{}", letters(16)), "target_model": "claude"});
    post(fixture, &body).await?.error(404, "not_found")
}

async fn refuses(fixture: &Fixture, change: Value) -> Verdict {
    post(fixture, &inline(change)).await?.refused()
}

async fn default_topic(fixture: &Fixture) -> Verdict {
    let body = crate::conform::sample::without(inline(json!({})), "topic");
    let answer = post(fixture, &body).await?.be(200)?;
    ensure(answer.json["topic"] == "Which ferries are there?", "the first message", || answer.got())
}

async fn not_stored(fixture: &Fixture) -> Verdict {
    let model = fixture.word("inline");
    post(fixture, &inline(json!({"model": model}))).await?.be(200)?;
    let list = fixture.send(Call::get(format!("/v1/conversations?model={model}"))).await?;
    if list.status == 404 {
        return Err(skip("the server keeps no conversations"));
    }
    ensure(list.json["total"] == 0, "a total of 0", || list.got())
}
