//! What can break a server for all that comes after, and what is said of the whole run.

use std::future::{Ready, ready};

use reqwest::Method;
use serde_json::json;

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, ensure, fail, skip};
use crate::conform::sample::memory_path;
use crate::conform::time;

checks! {
    Must "omp.memories.calendar" ["omp.md §1; reading 43"] "A time at an edge of the calendar is refused, or comes back as RFC 3339." => edges;
    Must "omp.errors.json.odd" ["omp.md §3"] "Repeated keys and numbers out of range never break the server." => odd_json;
    Must "omp.errors.never-500" ["omp.md §3"] "In the whole run no answer was a 500 or 503." => never_500;
    May "omp.errors.429" ["omp.md §3; reading 36"] "A 429 carries `Retry-After`." => patience;
}

const EDGES: [&str; 6] = [
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59.999Z",
    "9999-12-31T12:00:00-14:00",
    "1969-12-31T23:59:59.999Z",
    "0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00+14:00",
];

/// A time at an edge of the calendar is refused, or comes back as the instant that it is.
async fn edges(fixture: &Fixture) -> Verdict {
    for text in EDGES {
        for change in [json!({"expires_at": text}), json!({"source": {"timestamp": text}})] {
            let answer =
                fixture.send(Call::post("/v1/memories", &fixture.memory(change.clone()))).await?.sane()?;
            let answer = answer.be_one_of(&[201, 422])?;
            let got = match change.get("source") {
                Some(_) => &answer.json["source"]["timestamp"],
                None => &answer.json["expires_at"],
            };
            let shown = got.as_str().filter(|text| time::is_utc(text)).and_then(time::parse);
            let holds = answer.status == 422 || shown.is_some() && shown == time::parse(text);
            // It goes at once: a server that cannot write it down may stumble over it in every list.
            fixture.send(Call::delete(memory_path(&answer.json["id"]))).await?;
            ensure(holds, format!("422, or {text} in UTC"), || got.to_string())?;
        }
    }
    Ok(())
}

async fn odd_json(fixture: &Fixture) -> Verdict {
    let rest = format!(
        "\"type\": \"semantic\", \"source\": {{\"tool\": \"conform\"}}, \"namespace\": \"{}\"",
        fixture.namespace("odd")
    );
    for part in [
        "\"content\": \"one\", \"content\": \"two\"",
        "\"content\": \"one\", \"metadata\": {\"k\": 1, \"k\": 2}",
        "\"content\": \"one\", \"metadata\": {\"k\": 1e400}",
        "\"content\": \"one\", \"metadata\": {\"k\": 123456789012345678901234567890}",
        "\"content\": \"one\", \"metadata\": {\"k\": -0.0, \"__proto__\": {}, \"\": null}",
    ] {
        let call = Call::new(Method::POST, "/v1/memories").json(format!("{{{part}, {rest}}}"));
        let answer = fixture.send(call).await?;
        fixture.send(Call::delete(memory_path(&answer.json["id"]))).await?;
        answer.sane()?.be_one_of(&[201, 400, 422])?;
    }
    Ok(())
}

fn never_500(fixture: &Fixture) -> Ready<Verdict> {
    ready(fixture.broken().map_or(Ok(()), |got| Err(fail("no 500 and no 503", got))))
}

fn patience(fixture: &Fixture) -> Ready<Verdict> {
    ready(match fixture.limited() {
        (_, Some(got)) => Err(fail("Retry-After", got)),
        (true, None) => Ok(()),
        (false, None) => Err(skip("the rate was never limited")),
    })
}
