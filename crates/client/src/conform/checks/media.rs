//! How bodies travel, and what browsers are told.

use reqwest::Method;
use serde_json::json;

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Verdict, ensure};

checks! {
    Must "omp.media.charset" ["omp.md §2"] "`application/json; charset=utf-8` is JSON." => |b| taken(b, "application/json; charset=utf-8");
    Must "omp.media.case" ["omp.md §2 with RFC 9110"] "`Application/JSON` is JSON." => |b| taken(b, "Application/JSON");
    Must "omp.media.chunked" ["readings, what the reference does well"] "A body in chunks, its length untold, is read." => chunked;
    Must "omp.media.expect" ["readings, what the reference does well"] "`Expect: 100-continue` does no harm." => expect;
    Must "omp.media.success" ["omp.md §2"] "Every answer with a body is JSON." => success;
    Must "omp.cors.preflight.key" ["reading 45"] "A preflight needs no key." => preflight_key;
    Must "omp.cors.preflight.star" ["reading 45"] "A preflight never allows every origin together with credentials." => preflight_star;
    Must "omp.cors.answer.star" ["reading 45"] "No answer allows every origin together with credentials." => answer_star;
    Should "omp.cors.off" ["reading 45"] "An origin that nobody put on a list is not allowed." => off;
}

const STRANGER: &str = "https://stranger.invalid";

async fn taken(fixture: &Fixture, kind: &str) -> Verdict {
    let body = fixture.memory(json!({})).to_string();
    let call = Call::new(Method::POST, "/v1/memories").bytes(body).header("content-type", kind);
    fixture.send(call).await?.be(201)?;
    Ok(())
}

async fn chunked(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"content": "In chunks é🦀."}));
    let answer = fixture.send(Call::post("/v1/memories", &body).chunked()).await?.be(201)?;
    ensure(answer.json["content"] == body["content"], body["content"].to_string(), || answer.got())
}

async fn expect(fixture: &Fixture) -> Verdict {
    let call = Call::post("/v1/memories", &fixture.memory(json!({}))).header("expect", "100-continue");
    fixture.send(call).await?.be(201)?;
    Ok(())
}

async fn success(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("memories");
    let calls = [
        Call::get("/v1/health"),
        Call::get("/v1/memories?limit=1"),
        Call::get("/v1/memories/search?q=x&limit=1"),
        Call::post("/v1/memories/search", &json!({"q": "x", "namespace": namespace})),
        Call::post("/v1/import", &fixture.document(&[])),
    ];
    for call in calls {
        let answer = fixture.send(call).await?.be(200)?;
        ensure(answer.is_json(), format!("application/json from {}", answer.call), || {
            answer.header("content-type").to_owned()
        })?;
    }
    Ok(())
}

fn preflight() -> Call {
    Call::new(Method::OPTIONS, "/v1/memories")
        .header("origin", STRANGER)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type")
        .anonymous()
}

/// Whether an answer opens the server to a stranger's page together with the user's credentials.
fn open(answer: &Answer) -> bool {
    let origin = answer.header("access-control-allow-origin");
    let credentials = answer.header("access-control-allow-credentials").eq_ignore_ascii_case("true");
    credentials && (origin == "*" || origin == STRANGER || origin == "null")
}

fn headers(answer: &Answer) -> String {
    format!(
        "allow-origin `{}`, allow-credentials `{}`",
        answer.header("access-control-allow-origin"),
        answer.header("access-control-allow-credentials")
    )
}

async fn preflight_key(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(preflight()).await?;
    ensure(answer.status != 401 && answer.status < 500, "neither 401 nor a failure", || answer.got())
}

async fn preflight_star(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(preflight()).await?;
    ensure(!open(&answer), "no open door", || headers(&answer))
}

async fn answer_star(fixture: &Fixture) -> Verdict {
    for origin in [STRANGER, "null"] {
        for path in ["/v1/health", "/v1/memories?limit=1", "/v1/nothing-here"] {
            let answer = fixture.send(Call::get(path).header("origin", origin)).await?;
            ensure(!open(&answer), "no open door", || headers(&answer))?;
        }
    }
    Ok(())
}

async fn off(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(Call::get("/v1/memories?limit=1").header("origin", STRANGER)).await?;
    let origin = answer.header("access-control-allow-origin");
    ensure(origin.is_empty() || origin != STRANGER && origin != "*", "no allowed origin", || headers(&answer))
}
