//! Keys: who gets in, who does not, and in which order things are looked at. Judged only if a key was given.

use std::future::{Ready, ready};

use reqwest::Method;
use serde_json::json;

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Finding, Verdict, encode, ensure, faultless, skip};
use crate::conform::sample::memory_id;
use crate::conform::shape;

checks! {
    Must "omp.auth.required.list" ["omp.md §4"] "Listing needs a key." => |b| locked(b, Method::GET, "/v1/memories");
    Must "omp.auth.required.create" ["omp.md §4"] "Creating needs a key." => |b| locked(b, Method::POST, "/v1/memories");
    Must "omp.auth.required.get" ["omp.md §4"] "Reading one memory needs a key, whether it exists or not." => |b| locked(b, Method::GET, "/v1/memories/mem_aaaaaaaaaaaaaaaa");
    Must "omp.auth.required.update" ["omp.md §4"] "Changing needs a key." => |b| locked(b, Method::PUT, "/v1/memories/mem_aaaaaaaaaaaaaaaa");
    Must "omp.auth.required.delete" ["omp.md §4"] "Deleting needs a key." => |b| locked(b, Method::DELETE, "/v1/memories/mem_aaaaaaaaaaaaaaaa");
    Must "omp.auth.required.search" ["omp.md §4"] "Searching needs a key." => |b| locked(b, Method::POST, "/v1/memories/search");
    Must "omp.auth.required.search.get" ["omp.md §4; reading 2"] "Searching by GET needs a key." => |b| locked(b, Method::GET, "/v1/memories/search?q=x");
    Must "omp.auth.required.export" ["omp.md §4"] "Export needs a key." => |b| locked(b, Method::GET, "/v1/export");
    Must "omp.auth.required.import" ["omp.md §4"] "Import needs a key." => |b| locked(b, Method::POST, "/v1/import");
    Must "omp.auth.required.extract" ["omp.md §4"] "Extracting needs a key." => |b| locked(b, Method::POST, "/v1/extract");
    Must "omp.auth.required.compress" ["omp.md §4"] "Compressing needs a key." => |b| locked(b, Method::POST, "/v1/compress");
    Must "omp.auth.required.conversations" ["omp.md §4"] "Conversations need a key." => conversations_locked;
    Must "omp.auth.required.handoff" ["omp.md §4"] "Handoff needs a key." => |b| locked(b, Method::POST, "/v1/handoff");
    Must "omp.auth.envelope" ["omp.md §3; reading 30"] "A 401 has the body of an error." => envelope;
    Must "omp.auth.www-authenticate" ["omp.md §4"] "A 401 carries `WWW-Authenticate: Bearer`." => challenge;
    Must "omp.auth.wrong" ["omp.md §4"] "A wrong key is refused." => |b| refused(b, "Bearer wrong-key-wrong-key-wrong-key-wrong");
    Must "omp.auth.longer" ["omp.md §4"] "Our key with a letter behind it is refused." => longer;
    Must "omp.auth.shorter" ["omp.md §4"] "Our key without its last letter is refused." => shorter;
    Must "omp.auth.empty" ["omp.md §4"] "An empty key is refused." => |b| refused(b, "Bearer ");
    Must "omp.auth.basic" ["omp.md §4"] "Another scheme than Bearer is refused." => |b| refused(b, "Basic Y29uZm9ybTpjb25mb3Jt");
    Must "omp.auth.bare" ["omp.md §4"] "A key without a scheme is refused." => bare;
    Must "omp.auth.scheme.lower" ["omp.md §4 with RFC 9110"] "`bearer` in lower case is accepted." => |b| welcomed(b, "bearer");
    Must "omp.auth.scheme.upper" ["omp.md §4 with RFC 9110"] "`BEARER` in upper case is accepted." => |b| welcomed(b, "BEARER");
    Must "omp.auth.before-body" ["reading 35"] "The key is checked before the body is parsed." => before_body;
    Should "omp.auth.before-media-type" ["reading 35"] "The key is checked before the kind of the body." => before_media_type;
    Must "omp.auth.silent" ["omp.md §3"] "A refused key is not repeated in the answer." => silent;
    Must "omp.auth.no-effect" ["omp.md §4"] "What is sent with a wrong key is not stored." => no_effect;
    Should "omp.auth.key-length" ["omp.md §4; reading 33"] "A key has at least 32 characters." => key_length;
}

fn key(fixture: &Fixture) -> Result<&str, Finding> {
    fixture.key.as_deref().ok_or_else(|| skip("no key was given"))
}

async fn locked(fixture: &Fixture, method: Method, path: &str) -> Verdict {
    key(fixture)?;
    let mut call = Call::new(method.clone(), path).anonymous();
    if method == Method::POST || method == Method::PUT {
        call = call.json("{}");
    }
    fixture.send(call).await?.error(401, "unauthorized")
}

async fn conversations_locked(fixture: &Fixture) -> Verdict {
    locked(fixture, Method::GET, "/v1/conversations").await?;
    locked(fixture, Method::POST, "/v1/conversations").await?;
    locked(fixture, Method::GET, "/v1/conversations/conv_aaaaaaaaaaaaaaaa").await?;
    locked(fixture, Method::DELETE, "/v1/conversations/conv_aaaaaaaaaaaaaaaa").await
}

async fn envelope(fixture: &Fixture) -> Verdict {
    key(fixture)?;
    let answer = fixture.send(Call::get("/v1/memories").anonymous()).await?.be(401)?;
    ensure(answer.is_json(), "JSON", || answer.got())?;
    faultless("error, message and details", &shape::envelope(&answer.json))
}

async fn challenge(fixture: &Fixture) -> Verdict {
    key(fixture)?;
    let answer = fixture.send(Call::get("/v1/memories").anonymous()).await?.be(401)?;
    let challenge = answer.header("www-authenticate").to_ascii_lowercase();
    ensure(challenge.starts_with("bearer"), "WWW-Authenticate: Bearer", || format!("`{challenge}`"))
}

async fn refused(fixture: &Fixture, header: &str) -> Verdict {
    key(fixture)?;
    fixture.send(Call::get("/v1/memories?limit=1").authorization(header)).await?.error(401, "unauthorized")
}

async fn longer(fixture: &Fixture) -> Verdict {
    refused(fixture, &format!("Bearer {}x", key(fixture)?)).await
}

async fn shorter(fixture: &Fixture) -> Verdict {
    let mut short = key(fixture)?.to_owned();
    short.pop();
    refused(fixture, &format!("Bearer {short}")).await
}

async fn bare(fixture: &Fixture) -> Verdict {
    let header = key(fixture)?.to_owned();
    refused(fixture, &header).await
}

async fn welcomed(fixture: &Fixture, scheme: &str) -> Verdict {
    let header = format!("{scheme} {}", key(fixture)?);
    fixture.send(Call::get("/v1/memories?limit=1").authorization(header)).await?.be(200)?;
    Ok(())
}

async fn before_body(fixture: &Fixture) -> Verdict {
    key(fixture)?;
    let call = Call::new(Method::POST, "/v1/memories").json("{\"content\": ");
    fixture.send(call.anonymous()).await?.error(401, "unauthorized")
}

async fn before_media_type(fixture: &Fixture) -> Verdict {
    key(fixture)?;
    let call = Call::new(Method::POST, "/v1/memories").bytes("x").header("content-type", "text/plain");
    fixture.send(call.anonymous()).await?.error(401, "unauthorized")
}

async fn silent(fixture: &Fixture) -> Verdict {
    key(fixture)?;
    let wrong = format!("wrong-{}", memory_id());
    let call = Call::get("/v1/memories").authorization(format!("Bearer {wrong}"));
    let answer = fixture.send(call).await?;
    ensure(!answer.text.contains(&wrong), "an answer without the key", || answer.got())
}

async fn no_effect(fixture: &Fixture) -> Verdict {
    key(fixture)?;
    let namespace = fixture.namespace("auth");
    let body = fixture.memory(json!({"namespace": namespace}));
    fixture.send(Call::post("/v1/memories", &body).authorization("Bearer wrong")).await?;
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 0, "nothing stored", || list.to_string())
}

fn key_length(fixture: &Fixture) -> Ready<Verdict> {
    let long = |key: &str| {
        let length = key.chars().count();
        ensure(length >= 32, "32 characters or more", || length.to_string())
    };
    ready(key(fixture).and_then(long))
}
