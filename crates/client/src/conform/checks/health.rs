//! `GET /v1/health`.

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure};
use crate::conform::shape;

checks! {
    Must "omp.health.200" ["omp.md §2"] "GET /v1/health answers 200 in JSON." => answers;
    Must "omp.health.anonymous" ["omp.md §2; reading 35"] "Health needs no key." => anonymous;
    Must "omp.health.status" ["omp.md §2"] "Health has `status`, a text." => |b| text(b, "status");
    Must "omp.health.version" ["omp.md §2"] "Health has `version`, a text." => |b| text(b, "version");
    Should "omp.health.version.01" ["reading 37"] "The version of the protocol is `0.1`." => version;
    May "omp.health.server_version" ["reading 37"] "The program's own version stands in `server_version`." => server_version;
    Must "omp.health.compliance" ["omp.md §2; reading 3"] "Health has `compliance`, one of the three levels." => compliance;
    Must "omp.health.memories_count" ["omp.md §2"] "Health has `memories_count`, a number from 0." => count;
    Must "omp.health.exact" ["reading 35"] "Only the exact path is health." => exact;
}

/// The answer of health.
pub(super) async fn health(fixture: &Fixture) -> Result<Answer, Finding> {
    fixture.send(Call::get("/v1/health")).await?.be(200)
}

async fn answers(fixture: &Fixture) -> Verdict {
    let answer = health(fixture).await?;
    ensure(answer.is_json() && answer.json.is_object(), "a JSON object", || answer.got())
}

async fn anonymous(fixture: &Fixture) -> Verdict {
    fixture.send(Call::get("/v1/health").anonymous()).await?.be(200)?;
    Ok(())
}

async fn text(fixture: &Fixture, field: &str) -> Verdict {
    let answer = health(fixture).await?;
    let holds = answer.json[field].as_str().is_some_and(|text| !text.is_empty());
    ensure(holds, format!("`{field}`: a text"), || answer.got())
}

async fn version(fixture: &Fixture) -> Verdict {
    let answer = health(fixture).await?;
    ensure(answer.json["version"] == "0.1", "`version`: \"0.1\"", || answer.got())
}

async fn server_version(fixture: &Fixture) -> Verdict {
    let answer = health(fixture).await?;
    let version = &answer.json["server_version"];
    ensure(version.is_null() || version.is_string(), "`server_version`: a text, or none", || answer.got())
}

async fn compliance(fixture: &Fixture) -> Verdict {
    let answer = health(fixture).await?;
    let holds = shape::is_one_of(&answer.json["compliance"], &["OMP-Core", "OMP-Search", "OMP-Full"]);
    ensure(holds, "`compliance`: OMP-Core, OMP-Search or OMP-Full", || answer.got())
}

async fn count(fixture: &Fixture) -> Verdict {
    let answer = health(fixture).await?;
    ensure(answer.json["memories_count"].is_u64(), "`memories_count`: a number from 0", || answer.got())
}

async fn exact(fixture: &Fixture) -> Verdict {
    for path in ["/v1/health/more", "/v1/healthy"] {
        let answer = fixture.send(Call::get(path).anonymous()).await?;
        ensure(answer.status != 200, "no 200", || answer.got())?;
    }
    Ok(())
}
