//! Times on the way in and on the way out.

use serde_json::json;

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, ensure};
use crate::conform::time;

checks! {
    Must "omp.memories.echo.timestamp" ["omp.md §1; reading 43"] "source.timestamp with an offset keeps its instant and comes back in UTC." => |b| instant(b, "timestamp");
    Must "omp.memories.echo.expires_at" ["omp.md §1; reading 43"] "expires_at with an offset keeps its instant and comes back in UTC." => |b| instant(b, "expires_at");
    Must "omp.memories.echo.whole-seconds" ["omp.md §1; reading 43"] "A time in whole seconds is accepted." => |b| accepted_time(b, "2024-05-06T07:08:09Z");
    Must "omp.memories.echo.fine-seconds" ["omp.md §1"] "A time with microseconds is accepted." => |b| accepted_time(b, "2024-05-06T07:08:09.123456Z");
    Should "omp.memories.echo.far-future" ["omp.md §1"] "An expires_at at the end of the year 9999 is accepted." => |b| far(b, "9999-12-31T23:59:59Z");
}

async fn instant(fixture: &Fixture, field: &str) -> Verdict {
    let base = time::now() / 1000 * 1000 + 86_400_000 + 250;
    for minutes in [0, 120, -330, 845] {
        let sent = time::at_offset(base, minutes);
        let change = match field {
            "timestamp" => json!({"source": {"timestamp": sent}}),
            _ => json!({field: sent}),
        };
        let memory = fixture.send(Call::post("/v1/memories", &fixture.memory(change))).await?.be(201)?.json;
        let got = if field == "timestamp" { &memory["source"][field] } else { &memory[field] };
        let text = got.as_str().unwrap_or_default();
        let holds = time::is_utc(text) && time::parse(text) == Some(base);
        ensure(holds, format!("{sent} as {}", time::utc(base)), || got.to_string())?;
    }
    Ok(())
}

async fn accepted_time(fixture: &Fixture, text: &str) -> Verdict {
    let body = fixture.memory(json!({"source": {"timestamp": text}}));
    let memory = fixture.send(Call::post("/v1/memories", &body)).await?.be(201)?.json;
    let got = memory["source"]["timestamp"].as_str().and_then(time::parse);
    ensure(got == time::parse(text), format!("the instant {text}"), || memory["source"].to_string())
}

async fn far(fixture: &Fixture, text: &str) -> Verdict {
    let memory = fixture
        .send(Call::post("/v1/memories", &fixture.memory(json!({"expires_at": text}))))
        .await?
        .be(201)?
        .json;
    let got = memory["expires_at"].as_str().and_then(time::parse);
    ensure(got == time::parse(text), format!("the instant {text}"), || memory["expires_at"].to_string())
}
