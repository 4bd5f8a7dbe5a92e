//! `POST /v1/extract` and `POST /v1/compress`: what is asked of a request, and what happens without an AI key.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, skip};
use crate::conform::shape;

checks! {
    Must "omp.extract.transcript.missing" ["omp.md §2"] "Extracting without a transcript is refused." => |b| refuses(b, EXTRACT, json!({}));
    Must "omp.extract.transcript.empty" ["omp.md §2"] "An empty transcript is refused." => |b| refuses(b, EXTRACT, json!({"transcript": ""}));
    Must "omp.extract.transcript.number" ["omp.md §2"] "A transcript that is a number is refused." => |b| refuses(b, EXTRACT, json!({"transcript": 5}));
    Must "omp.extract.transcript.100000" ["omp.md §2; reading 39"] "A transcript of 100,000 characters is within the limit." => |b| within(b, EXTRACT, "x", 100_000);
    Must "omp.extract.transcript.100000.emoji" ["reading 21; reading 39"] "A transcript of 100,000 emoji is within the limit." => |b| within(b, EXTRACT, "🦀", 100_000);
    Must "omp.extract.transcript.100001" ["omp.md §2; reading 39"] "A transcript of 100,001 characters is refused." => |b| refuses(b, EXTRACT, json!({"transcript": "x".repeat(100_001)}));
    Must "omp.extract.provider" ["omp.md §2"] "An unknown provider is refused." => |b| refuses(b, EXTRACT, json!({"transcript": "x", "provider": "oracle"}));
    Must "omp.extract.source_tool.101" ["omp.md §1; omp.md §2"] "A source_tool of 101 characters is refused." => |b| refuses(b, EXTRACT, json!({"transcript": "x", "source_tool": "t".repeat(101)}));
    Must "omp.extract.no-key" ["omp.md §2; omp.md §3"] "Without any AI key extracting is 422 no_api_key." => |b| no_key(b, EXTRACT, "anthropic");
    Must "omp.extract.no-key.openai" ["omp.md §2; omp.md §3"] "The same for the provider `openai`." => |b| no_key(b, EXTRACT, "openai");
    Must "omp.extract.201" ["omp.md §2"] "With an AI key extracting is 201 with extracted and memories." => extracted;
    Must "omp.extract.ai-error" ["omp.md §3; reading 40"] "When the provider refuses, extracting is 502 ai_error, without the key and the provider's words." => |b| ai_error(b, EXTRACT);
    May "omp.extract.rules" ["omp.md §2"] "Without a model, a dry run by the provider `rules` tells what would be stored and the words that bear it, and stores nothing." => by_rules;
    Must "omp.compress.transcript.missing" ["omp.md §2"] "Compressing without a transcript is refused." => |b| refuses(b, COMPRESS, json!({}));
    Must "omp.compress.transcript.empty" ["omp.md §2"] "An empty transcript is refused." => |b| refuses(b, COMPRESS, json!({"transcript": ""}));
    Must "omp.compress.transcript.200000" ["omp.md §2; reading 39"] "A transcript of 200,000 characters is within the limit." => |b| within(b, COMPRESS, "x", 200_000);
    Must "omp.compress.transcript.200000.emoji" ["reading 21; reading 39"] "A transcript of 200,000 emoji is within the limit." => |b| within(b, COMPRESS, "🦀", 200_000);
    Must "omp.compress.transcript.200001" ["omp.md §2; reading 39"] "A transcript of 200,001 characters is refused." => |b| refuses(b, COMPRESS, json!({"transcript": "x".repeat(200_001)}));
    Must "omp.compress.provider" ["omp.md §2"] "An unknown provider is refused." => |b| refuses(b, COMPRESS, json!({"transcript": "x", "provider": "oracle"}));
    Must "omp.compress.source_tool.101" ["omp.md §1; omp.md §2"] "A source_tool of 101 characters is refused." => |b| refuses(b, COMPRESS, json!({"transcript": "x", "source_tool": "t".repeat(101)}));
    Must "omp.compress.no-key" ["omp.md §2; omp.md §3"] "Without any AI key compressing is 422 no_api_key." => |b| no_key(b, COMPRESS, "anthropic");
    Must "omp.compress.ai-error" ["omp.md §3; reading 40"] "When the provider refuses, compressing is 502 ai_error, without the key and the provider's words." => |b| ai_error(b, COMPRESS);
}

const EXTRACT: &str = "/v1/extract";
const COMPRESS: &str = "/v1/compress";
const FALSE_KEY: &str = "sk-conform-0000000000000000000000000000000000000000";

/// The answer to one short extraction without a key of ours.
async fn short(fixture: &Fixture) -> Result<Value, Finding> {
    let body = json!({"transcript": "User: I like tea.\nAssistant: Noted."});
    let answer = fixture.sample("extract", async {
        let answer = fixture.send(Call::post(EXTRACT, &body)).await?;
        Ok(json!({"status": answer.status, "body": answer.json}))
    });
    answer.await
}

/// Whether the server has an AI key of its own.
pub(super) async fn has_key(fixture: &Fixture) -> Result<bool, Finding> {
    let answer = short(fixture).await?;
    Ok(answer["status"] == 201 || answer["status"] == 502)
}

async fn refuses(fixture: &Fixture, path: &str, body: Value) -> Verdict {
    fixture.send(Call::post(path, &body)).await?.refused()
}

/// Sends what must not be refused for its length; without an AI key it is refused for that.
async fn within(fixture: &Fixture, path: &str, letter: &str, count: usize) -> Verdict {
    if has_key(fixture).await? {
        return Err(skip("the server has an AI key, and a long transcript costs money"));
    }
    fixture
        .send(Call::post(path, &json!({"transcript": letter.repeat(count)})))
        .await?
        .error(422, "no_api_key")
}

async fn no_key(fixture: &Fixture, path: &str, provider: &str) -> Verdict {
    if has_key(fixture).await? {
        return Err(skip("the server has an AI key"));
    }
    let body = json!({"transcript": "User: I like tea.", "provider": provider});
    fixture.send(Call::post(path, &body)).await?.error(422, "no_api_key")
}

async fn extracted(fixture: &Fixture) -> Verdict {
    let answer = short(fixture).await?;
    if answer["status"] != 201 {
        return Err(skip("the server has no AI key, or its provider failed"));
    }
    let memories = answer["body"]["memories"].as_array().cloned().unwrap_or_default();
    let count = answer["body"]["extracted"].as_u64();
    let whole = memories.iter().all(|memory| shape::memory(memory).is_empty());
    let tool = memories.iter().all(|memory| memory["source"]["tool"] == "omp-extract");
    ensure(
        count == Some(memories.len() as u64) && whole && tool,
        "as many memories as were extracted",
        || answer["body"].to_string(),
    )
}

async fn by_rules(fixture: &Fixture) -> Verdict {
    let said = "I live in Llanfair.";
    let body = json!({"transcript": format!("User: {said}\nAssistant: Noted."), "provider": "rules", "dry_run": true});
    let answer = fixture.send(Call::post(EXTRACT, &body)).await?;
    if answer.status == 422 {
        return Err(skip("the server has no rules"));
    }
    let answer = answer.be(200)?;
    let change = &answer.json["changes"][0];
    let told = change["content"] == said && change["evidence"]["quote"] == said;
    let nothing =
        answer.json["extracted"] == 0 && answer.json["memories"] == json!([]) && change["id"].is_null();
    ensure(told && nothing, "what is said, with its words, and nothing stored", || answer.got())
}

async fn provoke(fixture: &Fixture, path: &str, provider: &str) -> Result<Answer, Finding> {
    let body = json!({"transcript": "User: I like tea.", "provider": provider, "api_key": FALSE_KEY});
    fixture.send(Call::post(path, &body)).await
}

async fn ai_error(fixture: &Fixture, path: &str) -> Verdict {
    if !fixture.providers {
        return Err(skip("not asked to let the server call an AI provider"));
    }
    for provider in ["anthropic", "openai"] {
        let answer = provoke(fixture, path, provider).await?;
        answer.error(502, "ai_error")?;
        let inside = [FALSE_KEY, "authentication_error", "invalid_api_key", "request_id"];
        let told = inside.into_iter().find(|part| answer.text.contains(part));
        ensure(told.is_none(), "a short message of the server's own", || answer.got())?;
    }
    Ok(())
}
