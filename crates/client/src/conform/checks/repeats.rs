//! `dedupe`: left to the server. One that does not know the parameter stores every repeat.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, ensure, skip};

checks! {
    May "omp.memories.dedupe.exact" ["reading 27"] "With dedupe=exact a text that is there is answered with 200, that memory and `duplicate_of`." => exact;
    May "omp.memories.dedupe.namespace" ["reading 27"] "The same text in another namespace is no repeat." => elsewhere;
}

async fn again(fixture: &Fixture, text: &str, namespace: &Value) -> Result<Answer, Finding> {
    let body = fixture.memory(json!({"content": text, "namespace": namespace}));
    fixture.send(Call::post("/v1/memories?dedupe=exact", &body)).await
}

async fn exact(fixture: &Fixture) -> Verdict {
    let word = fixture.word("repeat");
    let first = fixture.store(json!({"content": format!("said twice {word}")})).await?;
    let answer = again(fixture, &format!(" SAID  twice {word}"), &first["namespace"]).await?;
    if answer.status == 201 {
        return Err(skip("the server stores repeats"));
    }
    let answer = answer.be(200)?;
    let same = answer.json["id"] == first["id"] && answer.json["duplicate_of"] == first["id"];
    ensure(same, "the memory that is there, and `duplicate_of`", || answer.got())
}

async fn elsewhere(fixture: &Fixture) -> Verdict {
    let word = fixture.word("repeat-elsewhere");
    fixture.store(json!({"content": word})).await?;
    again(fixture, &word, &json!(fixture.namespace("elsewhere"))).await?.be(201).map(drop)
}
