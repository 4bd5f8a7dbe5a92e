//! `GET /v1/export`: everything, and back again.

use serde_json::{Value, json};

use crate::conform::fixture::Fixture;
use crate::conform::probe::{Answer, Call, Finding, Verdict, cut, ensure, faultless, skip};
use crate::conform::sample::memory_path;
use crate::conform::shape;

checks! {
    Must "omp.export.200" ["omp.md §2"] "Export answers 200 in JSON." => answers;
    Must "omp.export.form" ["omp.md §2"] "The document has omp_version, exported_at, server and memories." => form;
    Should "omp.export.version" ["reading 37"] "Its omp_version is `0.1`." => version;
    Must "omp.export.time" ["omp.md §1"] "Its exported_at is a time in UTC." => exported_at;
    Should "omp.export.plain" ["reading 42"] "What is not a memory is in it only when asked for." => plain;
    Must "omp.export.complete" ["omp.md §2"] "Every memory of ours is in it, whatever its type and namespace." => complete;
    Must "omp.export.same" ["omp.md §1"] "A memory in it is the same as from GET." => same;
    Must "omp.export.schema" ["omp.md §1; reading 28"] "A memory in it has the form of the schema and no embedding." => schema;
    Must "omp.export.deleted" ["omp.md §2"] "A deleted memory is not in it." => deleted;
    Must "omp.export.round-trip" ["omp.md §2"] "What was exported and deleted comes back whole by import." => round_trip;
}

async fn export(fixture: &Fixture) -> Result<Answer, Finding> {
    fixture.send(Call::get("/v1/export")).await?.be(200)
}

/// Stores one memory of each type, one of them in the default namespace, and keeps what export says of them.
async fn exported(fixture: &Fixture) -> Result<Value, Finding> {
    let mut made = Vec::new();
    for (kind, namespace) in shape::KINDS.iter().zip([Some("export"), Some("export-other"), None]) {
        let namespace = namespace.map(|subject| fixture.namespace(subject));
        let change = json!({
            "type": kind, "namespace": namespace, "content": format!("To be exported é🦀: {kind}."),
            "source": {"session_id": "s", "user_id": "u"}, "tags": ["b", "a"],
            "metadata": {"k": {"l": [1, null, "x"]}}, "expires_at": "2999-01-01T00:00:00.000Z",
            "embedding": [0.5],
        });
        made.push(fixture.store(change).await?);
    }
    let document = export(fixture).await?.json;
    let all = document["memories"].as_array().cloned().unwrap_or_default();
    let found: Vec<Value> =
        made.iter().filter_map(|memory| all.iter().find(|row| row["id"] == memory["id"]).cloned()).collect();
    Ok(json!({"made": made, "found": found}))
}

/// The samples as POST gave them and as export shows them.
async fn samples(fixture: &Fixture) -> Result<(Vec<Value>, Vec<Value>), Finding> {
    let both = fixture.sample("export", exported(fixture)).await?;
    let part = |name: &str| both[name].as_array().cloned().unwrap_or_default();
    Ok((part("made"), part("found")))
}

async fn answers(fixture: &Fixture) -> Verdict {
    let answer = export(fixture).await?;
    ensure(answer.is_json() && answer.json.is_object(), "a JSON document", || answer.got())
}

async fn form(fixture: &Fixture) -> Verdict {
    let answer = export(fixture).await?;
    let absent = shape::absent(&answer.json, &["omp_version", "exported_at", "server", "memories"]);
    ensure(absent.is_empty() && answer.json["memories"].is_array(), "the four fields", || answer.got())
}

async fn version(fixture: &Fixture) -> Verdict {
    let answer = export(fixture).await?;
    ensure(answer.json["omp_version"] == "0.1", "`omp_version`: \"0.1\"", || {
        answer.json["omp_version"].to_string()
    })
}

async fn exported_at(fixture: &Fixture) -> Verdict {
    let answer = export(fixture).await?;
    ensure(shape::is_time(&answer.json["exported_at"]), "a time in UTC", || {
        answer.json["exported_at"].to_string()
    })
}

async fn plain(fixture: &Fixture) -> Verdict {
    let answer = export(fixture).await?;
    ensure(answer.json.get("conversations").is_none(), "no `conversations`", || "they are there".to_owned())
}

async fn complete(fixture: &Fixture) -> Verdict {
    let (made, found) = samples(fixture).await?;
    ensure(found.len() == made.len(), format!("{} memories of ours", made.len()), || found.len().to_string())
}

async fn same(fixture: &Fixture) -> Verdict {
    let (made, found) = samples(fixture).await?;
    for (memory, row) in made.iter().zip(&found) {
        ensure(row == memory, memory.to_string(), || row.to_string())?;
    }
    Ok(())
}

async fn schema(fixture: &Fixture) -> Verdict {
    for row in samples(fixture).await?.1 {
        faultless("a memory of the schema", &shape::memory(&row))?;
        ensure(row.get("embedding").is_none(), "no `embedding`", || cut(&row.to_string(), 200))?;
    }
    Ok(())
}

async fn deleted(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    fixture.send(Call::delete(memory_path(&memory["id"]))).await?;
    let document = export(fixture).await?.json;
    let there =
        document["memories"].as_array().is_some_and(|all| all.iter().any(|row| row["id"] == memory["id"]));
    ensure(!there, "no deleted memory", || memory["id"].to_string())
}

async fn round_trip(fixture: &Fixture) -> Verdict {
    let (_, found) = samples(fixture).await?;
    if found.is_empty() {
        return Err(skip("nothing of ours was exported"));
    }
    for row in &found {
        fixture.send(Call::delete(memory_path(&row["id"]))).await?.be(204)?;
    }
    let answer = fixture.import(&found, "").await?.be(200)?;
    ensure(answer.json["imported"] == found.len(), format!("{} imported", found.len()), || answer.got())?;
    for row in &found {
        let back = fixture.fetch(&row["id"]).await?;
        ensure(back == *row, row.to_string(), || back.to_string())?;
    }
    Ok(())
}
