//! The requests that the published clients send, in the very form in which they send them.

use serde_json::{Value, json};

use super::conversations::{post, store};
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, encode, ensure, skip};
use crate::conform::sample::memory_path;
use crate::conform::time;

checks! {
    Must "omp.clients.readme.create" ["reading 1"] "README: a memory of content, type and tool alone." => |b| remembered(b, json!({"content": "User prefers dark mode", "type": "semantic", "source": {"tool": "claude"}}));
    Must "omp.clients.readme.search" ["reading 2"] "README: GET /v1/memories/search?q=coding+preferences." => readme_search;
    Must "omp.clients.mcp.remember" ["omp.md §6"] "MCP: omp_remember, with tags, namespace and timestamp." => mcp_remember;
    Must "omp.clients.mcp.recall" ["omp.md §6; readings, clients"] "MCP: omp_recall, a search by keyword with type, namespace and limit." => recall;
    Must "omp.clients.mcp.forget" ["omp.md §6; readings, clients"] "MCP: omp_forget, a DELETE that says it sends JSON and sends none." => forget;
    Must "omp.clients.mcp.list" ["omp.md §6; readings, clients"] "MCP: omp_list, with type, tags, namespace and a limit of 20." => mcp_list;
    Must "omp.clients.mcp.context" ["omp.md §6"] "MCP: the resource omp://memories/context, the 20 newest." => context;
    Must "omp.clients.mcp.extract" ["omp.md §6; readings, clients"] "MCP: omp_extract, a transcript with source_tool." => |b| ai(b, "/v1/extract");
    Must "omp.clients.mcp.compress" ["omp.md §6; readings, clients"] "MCP: omp_compress, a transcript with source_tool." => |b| ai(b, "/v1/compress");
    Must "omp.clients.cli.recent" ["omp.md §6; readings, clients"] "CLI: the list with a limit of 30." => |b| lists(b, "/v1/memories?limit=30", "memories");
    Must "omp.clients.cli.save" ["omp.md §6"] "CLI: `omp save`, a conversation without topic and source_url." => |b| saved(b, json!({}));
    Must "omp.clients.cli.handoff" ["omp.md §6; readings, clients"] "CLI: the last conversation of a model, then a handoff by its id." => cli_handoff;
    Must "omp.clients.extension.save" ["omp.md §6"] "Extension: a conversation with topic and source_url." => |b| saved(b, json!({"topic": "From the page", "source_url": "https://claude.ai/chat/1"}));
    Must "omp.clients.extension.offer" ["omp.md §6; readings, clients"] "Extension: the newest conversation of another model in the last six hours." => offer;
    Must "omp.clients.app" ["omp.md §6"] "Mobile page: health, the newest memories, the newest conversations." => mobile;
}

async fn remembered(fixture: &Fixture, body: Value) -> Verdict {
    let answer = fixture.send(Call::post("/v1/memories", &body)).await?.be(201)?;
    ensure(answer.json["content"] == body["content"], body["content"].to_string(), || answer.got())
}

async fn readme_search(fixture: &Fixture) -> Verdict {
    let answer = fixture.send(Call::get("/v1/memories/search?q=coding+preferences")).await?.be(200)?;
    ensure(answer.json["memories"].is_array(), "memories", || answer.got())
}

async fn mcp_remember(fixture: &Fixture) -> Verdict {
    let body = json!({
        "content": "The user writes Rust.", "type": "semantic", "tags": ["coding"],
        "namespace": fixture.namespace("mcp"),
        "source": {"tool": "claude", "timestamp": time::utc(time::now())},
    });
    remembered(fixture, body).await
}

async fn recall(fixture: &Fixture) -> Verdict {
    let word = fixture.word("recall");
    let namespace = fixture.namespace("mcp");
    let memory =
        fixture.store(json!({"content": format!("The word is {word}."), "namespace": namespace})).await?;
    let body = json!({"q": word, "type": "semantic", "namespace": namespace, "limit": 10, "mode": "keyword"});
    let found = fixture.search(&body).await?;
    ensure(found["memories"][0]["id"] == memory["id"], memory["id"].to_string(), || found.to_string())
}

async fn forget(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    let call = Call::delete(memory_path(&memory["id"])).header("content-type", "application/json");
    fixture.send(call).await?.be(204)?;
    Ok(())
}

async fn mcp_list(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("mcp-list");
    let memory = fixture.store(json!({"namespace": namespace, "tags": ["coding"]})).await?;
    let query = format!("type=semantic&tags=coding&namespace={}&limit=20", encode(&namespace));
    let call = Call::get(format!("/v1/memories?{query}")).header("content-type", "application/json");
    let list = fixture.send(call).await?.be(200)?.json;
    ensure(list["memories"][0]["id"] == memory["id"], memory["id"].to_string(), || list.to_string())
}

async fn lists(fixture: &Fixture, path: &str, field: &str) -> Verdict {
    let call = Call::get(path).header("content-type", "application/json");
    let answer = fixture.send(call).await?.be(200)?;
    ensure(answer.json[field].is_array(), format!("`{field}`, an array"), || answer.got())
}

async fn context(fixture: &Fixture) -> Verdict {
    lists(fixture, "/v1/memories?limit=20", "memories").await
}

async fn ai(fixture: &Fixture, path: &str) -> Verdict {
    if super::ai::has_key(fixture).await? {
        return Err(skip("the server has an AI key, and this costs money"));
    }
    let body = json!({"transcript": "User: I like tea.", "source_tool": "claude"});
    fixture.send(Call::post(path, &body)).await?.error(422, "no_api_key")
}

async fn saved(fixture: &Fixture, change: Value) -> Verdict {
    let mut body = json!({
        "model": fixture.word("client"),
        "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello to you"}],
    });
    for (field, value) in change.as_object().into_iter().flatten() {
        body[field] = value.clone();
    }
    store(fixture, json!({})).await?;
    fixture.send(Call::post("/v1/conversations", &body)).await?.be(201)?;
    Ok(())
}

async fn cli_handoff(fixture: &Fixture) -> Verdict {
    let model = fixture.word("handed");
    let conversation = post(fixture, json!({"model": model})).await?.be(201)?.json;
    let list =
        fixture.send(Call::get(format!("/v1/conversations?limit=1&model={model}"))).await?.be(200)?.json;
    let id = &list["conversations"][0]["id"];
    ensure(*id == conversation["id"], conversation["id"].to_string(), || list.to_string())?;
    let body = json!({"conversation_id": id, "target_model": "claude"});
    let answer = fixture.send(Call::post("/v1/handoff", &body)).await?.be(200)?;
    ensure(answer.json["brief"].is_string(), "a brief", || answer.got())
}

async fn offer(fixture: &Fixture) -> Verdict {
    let conversation = store(fixture, json!({"model": fixture.word("offered")})).await?;
    let six_hours_ago = encode(&time::utc(time::now() - 6 * 3_600_000));
    let path =
        format!("/v1/conversations?exclude_model={}&since={six_hours_ago}&limit=1", fixture.word("mine"));
    let list = fixture.send(Call::get(path)).await?.be(200)?.json;
    // Another conversation of ours may have been stored in the same instant.
    let when = |row: &Value| row["created_at"].as_str().and_then(time::parse);
    let newest = &list["conversations"][0];
    let fresh = newest["id"] == conversation["id"] || when(newest) >= when(&conversation);
    ensure(fresh, conversation["id"].to_string(), || list.to_string())
}

async fn mobile(fixture: &Fixture) -> Verdict {
    let health = super::health::health(fixture).await?;
    ensure(health.json["memories_count"].is_u64(), "`memories_count`", || health.got())?;
    lists(fixture, "/v1/memories?limit=20", "memories").await?;
    store(fixture, json!({})).await?;
    lists(fixture, "/v1/conversations?limit=5", "conversations").await
}
