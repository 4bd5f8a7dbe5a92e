//! Errors: whatever goes wrong, the answer has one form and tells nothing of the inside.

use reqwest::Method;
use serde_json::json;

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, faultless, skip};
use crate::conform::sample::memory_id;
use crate::conform::shape;

checks! {
    Must "omp.errors.400.envelope" ["omp.md §3; reading 30"] "Malformed JSON has the body of an error, in JSON." => |b| envelope(b, malformed());
    Must "omp.errors.400.code" ["reading 31"] "Malformed JSON is 400 invalid_json." => invalid_json;
    Should "omp.errors.400.place" ["reading 31"] "The message about malformed JSON has line and column." => place;
    Must "omp.errors.400.every-route" ["reading 30; reading 31"] "Malformed JSON is the same error on every route." => every_route;
    Must "omp.errors.400.kinds" ["omp.md §3"] "Every way of being malformed is an orderly error." => kinds;
    Must "omp.errors.404.envelope" ["omp.md §3; reading 30"] "An unknown memory has the body of an error." => |b| envelope(b, Call::get(format!("/v1/memories/{}", memory_id())));
    Must "omp.errors.route.code" ["omp.md §3; reading 32"] "An unknown route is 404 not_found." => route;
    Must "omp.errors.route.envelope" ["omp.md §3; reading 30"] "An unknown route has the body of an error." => |b| envelope(b, Call::get("/v1/nothing-here"));
    Must "omp.errors.405.code" ["omp.md §3; reading 32"] "A wrong method is 405 method_not_allowed." => method;
    Must "omp.errors.405.envelope" ["omp.md §3; reading 30"] "A wrong method has the body of an error." => |b| envelope(b, Call::new(Method::PATCH, "/v1/memories"));
    Should "omp.errors.405.allow" ["omp.md §3 with RFC 9110"] "A 405 says in `Allow` what is allowed." => allow;
    Must "omp.errors.413" ["omp.md §3; reading 8; reading 32"] "A body beyond the limit is 413 payload_too_large, with the body of an error." => too_large;
    Should "omp.errors.413.heard" ["omp.md §3; reading 30"] "The 413 reaches a client that is still sending: the connection is not cut before." => too_large_heard;
    Must "omp.errors.415.code" ["omp.md §3; reading 32"] "Another kind of body than JSON is 415 unsupported_media_type." => media;
    Must "omp.errors.415.envelope" ["omp.md §3; reading 30"] "A 415 has the body of an error." => |b| envelope(b, text());
    Must "omp.errors.422.envelope" ["omp.md §3; reading 30"] "A broken rule has the body of an error." => |b| envelope(b, Call::post("/v1/memories", &json!({"content": ""})));
    Must "omp.errors.422.named" ["omp.md §3"] "`details` names the field that broke a rule." => named;
    Must "omp.errors.422.all-named" ["omp.md §3"] "`details` names every field that broke a rule." => all_named;
    Must "omp.errors.422.query" ["omp.md §3; reading 30"] "A broken rule in the query has the body of an error." => |b| envelope(b, Call::get("/v1/memories?limit=abc"));
    Should "omp.errors.422.query.named" ["omp.md §3"] "`details` names the parameter that broke a rule." => query_named;
    Must "omp.errors.422.search" ["omp.md §3; reading 30"] "A broken rule of a search has the body of an error." => |b| envelope(b, Call::post("/v1/memories/search", &json!({"q": "x", "limit": 0})));
    Must "omp.errors.422.extract" ["omp.md §3; reading 30"] "A broken rule of an extraction has the body of an error." => |b| envelope(b, Call::post("/v1/extract", &json!({})));
    Must "omp.errors.422.conversations" ["omp.md §3; reading 30"] "A broken rule of a conversation has the body of an error." => |b| envelope(b, Call::post("/v1/conversations", &json!({})));
    Must "omp.errors.422.handoff" ["omp.md §3; reading 30"] "A broken rule of a handoff has the body of an error." => |b| envelope(b, Call::post("/v1/handoff", &json!({})));
    Must "omp.errors.404.conversations" ["omp.md §3; reading 30"] "An unknown conversation has the body of an error." => |b| envelope(b, Call::get("/v1/conversations/conv_aaaaaaaaaaaaaaaa"));
    Must "omp.errors.scalars" ["omp.md §3; reading 30"] "A body that is no object is an orderly error." => scalars;
    Must "omp.errors.query.repeated" ["omp.md §3"] "Repeated parameters never break the server." => |b| orderly(b, &["/v1/memories?limit=1&limit=2", "/v1/memories?tags=a&tags=b", "/v1/memories?namespace=a&namespace=b", "/v1/memories/search?q=a&q=b", "/v1/conversations?limit=1&limit=2"]);
    Must "omp.errors.query.brackets" ["omp.md §3"] "Parameters with brackets never break the server." => |b| orderly(b, &["/v1/memories?limit[]=1", "/v1/memories?limit[a]=1", "/v1/memories?tags[]=a&tags[]=b", "/v1/memories?namespace[$ne]=x", "/v1/memories/search?q[]=a", "/v1/memories/search?q[a][b]=c", "/v1/conversations?model[]=x"]);
    Must "omp.errors.query.odd" ["omp.md §3"] "Odd parameters never break the server." => |b| orderly(b, &["/v1/memories?limit=99999999999999999999", "/v1/memories?offset=99999999999999999999", "/v1/memories?offset=9223372036854775807", "/v1/memories?limit=", "/v1/memories?limit=1e3", "/v1/memories?namespace=%ff", "/v1/memories?namespace=%00", "/v1/memories?tags=%00", "/v1/memories?tags=,,,", "/v1/memories?&&=&", "/v1/memories/search?q=%ff", "/v1/memories?__proto__=x&constructor=y"]);
    Must "omp.errors.query.long" ["omp.md §3"] "A long parameter never breaks the server." => long_query;
    Must "omp.errors.inside" ["omp.md §3"] "No error tells of paths, stacks or the database." => inside;
}

fn malformed() -> Call {
    Call::new(Method::POST, "/v1/memories").json("{\n  \"content\": \"x\",\n  \"type\" \"semantic\"\n}")
}

fn text() -> Call {
    Call::new(Method::POST, "/v1/memories").bytes("content=x").header("content-type", "text/plain")
}

/// Sends what must be an error, and looks at the form of the answer only.
async fn envelope(fixture: &Fixture, call: Call) -> Verdict {
    let answer = fixture.send(call).await?;
    ensure((400..500).contains(&answer.status), "an error", || answer.got())?;
    ensure(answer.is_json(), "application/json", || answer.got())?;
    let faults = shape::envelope(&answer.json);
    ensure(faults.is_empty(), "error, message and details", || {
        format!("{}: {}", faults.join("; "), answer.got())
    })
}

async fn invalid_json(fixture: &Fixture) -> Verdict {
    fixture.send(malformed()).await?.error(400, "invalid_json")
}

async fn place(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(malformed()).await?;
    let message = answer.json["message"].as_str().unwrap_or_default();
    let numbers: Vec<&str> = message.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    ensure(numbers.contains(&"3") && numbers.len() >= 2, "line 3 and a column", || answer.got())
}

async fn every_route(fixture: &Fixture) -> Verdict {
    let routes = [
        (Method::PUT, "/v1/memories/mem_aaaaaaaaaaaaaaaa"),
        (Method::POST, "/v1/memories/search"),
        (Method::POST, "/v1/import"),
        (Method::POST, "/v1/extract"),
        (Method::POST, "/v1/compress"),
        (Method::POST, "/v1/conversations"),
        (Method::POST, "/v1/handoff"),
    ];
    for (method, path) in routes {
        let answer = fixture.send(Call::new(method, path).json("{\"q\": ")).await?.sane()?;
        // The unknown id of the first one may be seen before its body.
        if answer.status != 404 {
            answer.error(400, "invalid_json")?;
        }
    }
    Ok(())
}

async fn kinds(fixture: &Fixture) -> Verdict {
    for body in [
        "{",
        "}",
        "{}{}",
        "{\"a\":1,}",
        "{'a':1}",
        "nul",
        "\u{feff}{}",
        "{\"a\":01}",
        "{\"a\":\"\n\"}",
        "\"",
        "[1",
        " ",
    ] {
        let answer = fixture.send(Call::new(Method::POST, "/v1/memories").json(body)).await?.sane()?;
        answer.be_one_of(&[400, 422])?;
    }
    Ok(())
}

async fn route(fixture: &Fixture) -> Verdict {
    for path in ["/v1/nothing-here", "/v1/memories/mem_aaaaaaaaaaaaaaaa/more", "/v2/memories"] {
        fixture.send(Call::get(path)).await?.error(404, "not_found")?;
    }
    Ok(())
}

async fn method(fixture: &Fixture) -> Verdict {
    let calls = [
        (Method::PATCH, "/v1/memories"),
        (Method::DELETE, "/v1/memories"),
        (Method::PUT, "/v1/memories"),
        (Method::POST, "/v1/health"),
        (Method::POST, "/v1/export"),
        (Method::GET, "/v1/import"),
        (Method::GET, "/v1/handoff"),
    ];
    for (method, path) in calls {
        fixture.send(Call::new(method, path)).await?.error(405, "method_not_allowed")?;
    }
    Ok(())
}

async fn allow(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(Call::new(Method::PATCH, "/v1/memories")).await?.be(405)?;
    let allow = answer.header("allow").to_ascii_uppercase();
    ensure(allow.contains("GET") && allow.contains("POST"), "Allow: GET, POST", || format!("`{allow}`"))
}

/// The answer to a body that is beyond any sensible limit for one memory.
///
/// A server that closes the connection while the body is still on its way may be quicker than its own answer.
async fn oversized(fixture: &Fixture, tries: usize) -> Result<Answer, Finding> {
    for megabytes in [4, 12] {
        let call =
            Call::post("/v1/memories", &fixture.memory(json!({"content": "x".repeat(megabytes << 20)})));
        let mut answer = fixture.send(call.clone()).await;
        for _ in 1..tries {
            if answer.is_err() {
                answer = fixture.send(call.clone()).await;
            }
        }
        if answer.as_ref().map_or(true, |answer| answer.status != 422) {
            return answer;
        }
    }
    Err(skip("the limit is beyond what this suite sends"))
}

async fn too_large(fixture: &Fixture) -> Verdict {
    let answer = oversized(fixture, 5).await?;
    answer.error(413, "payload_too_large")?;
    faultless("error, message and details", &shape::envelope(&answer.json))
}

async fn too_large_heard(fixture: &Fixture) -> Verdict {
    for _ in 0..3 {
        oversized(fixture, 1).await?;
    }
    Ok(())
}

async fn media(fixture: &Fixture) -> Verdict {
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/xml",
        "multipart/form-data; boundary=x",
    ] {
        let body = fixture.memory(json!({})).to_string();
        let call = Call::new(Method::POST, "/v1/memories").bytes(body).header("content-type", kind);
        fixture.send(call).await?.error(415, "unsupported_media_type")?;
    }
    Ok(())
}

async fn details(fixture: &Fixture, call: Call) -> Result<(Answer, String), Finding> {
    let answer = fixture.send(call).await?.be(422)?;
    let details = answer.json["details"].to_string();
    Ok((answer, details))
}

async fn named(fixture: &Fixture) -> Verdict {
    for (change, field) in [
        (json!({"content": ""}), "content"),
        (json!({"type": "fact"}), "type"),
        (json!({"tags": ["Upper"]}), "tags"),
        (json!({"namespace": "a/b"}), "namespace"),
        (json!({"source": {"tool": ""}}), "tool"),
        (json!({"expires_at": "never"}), "expires_at"),
    ] {
        let (answer, details) = details(fixture, Call::post("/v1/memories", &fixture.memory(change))).await?;
        ensure(details.contains(field), format!("details that name `{field}`"), || answer.got())?;
    }
    Ok(())
}

async fn all_named(fixture: &Fixture) -> Verdict {
    let body = fixture.memory(json!({"content": "", "tags": ["Upper"], "namespace": "a/b"}));
    let (answer, details) = details(fixture, Call::post("/v1/memories", &body)).await?;
    let all = ["content", "tags", "namespace"].iter().all(|field| details.contains(field));
    ensure(all, "details that name content, tags and namespace", || answer.got())
}

async fn query_named(fixture: &Fixture) -> Verdict {
    let (answer, details) = details(fixture, Call::get("/v1/memories?limit=abc")).await?;
    ensure(details.contains("limit"), "details that name `limit`", || answer.got())
}

async fn scalars(fixture: &Fixture) -> Verdict {
    for path in [
        "/v1/memories",
        "/v1/memories/search",
        "/v1/import",
        "/v1/extract",
        "/v1/conversations",
        "/v1/handoff",
    ] {
        for body in ["null", "true", "5", "\"text\"", "[]", ""] {
            let answer = fixture.send(Call::new(Method::POST, path).json(body)).await?.sane()?;
            ensure((400..500).contains(&answer.status), "an error", || answer.got())?;
        }
    }
    Ok(())
}

async fn orderly(fixture: &Fixture, paths: &[&str]) -> Verdict {
    for path in paths {
        fixture.send(Call::get(*path)).await?.sane()?;
    }
    Ok(())
}

async fn long_query(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(Call::get(format!("/v1/memories?namespace={}", "n".repeat(6000)))).await?;
    answer.sane()?.be_one_of(&[200, 400, 414, 422])?;
    Ok(())
}

async fn inside(fixture: &Fixture) -> Verdict {
    let calls = [
        malformed(),
        text(),
        Call::get("/v1/nothing-here"),
        Call::get("/v1/memories/%ff"),
        Call::get("/v1/memories?limit[]=1"),
        Call::post("/v1/memories/search", &json!({"q": "\0\"*("})),
        Call::post("/v1/memories", &json!(5)),
        Call::new(Method::PATCH, "/v1/memories"),
    ];
    for call in calls {
        let answer = fixture.send(call).await?;
        ensure(shape::leaks(&answer.text).is_none(), "nothing of the inside", || answer.got())?;
    }
    Ok(())
}
