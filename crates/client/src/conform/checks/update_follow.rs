//! After a change, lists and searches follow; and what happens at the same time does not get lost.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::update::put;
use crate::conform::fixture::Fixture;
use crate::conform::probe::{Call, Verdict, encode, ensure};

checks! {
    Must "omp.memories.update.follow.namespace" ["omp.md §2"] "A memory that moves is listed and found in its new namespace and not in the old." => namespace;
    Must "omp.memories.update.follow.type" ["omp.md §2"] "After a change of type, the filters follow." => |b| filter(b, json!({"type": "procedural"}), "type=procedural", "type=semantic");
    Must "omp.memories.update.follow.tool" ["omp.md §2"] "After a change of tool, the filters follow." => |b| filter(b, json!({"source": {"tool": "conform-new"}}), "tool=conform-new", "tool=conform");
    Must "omp.memories.update.follow.tags" ["omp.md §2"] "After a change of tags, the filters follow." => |b| filter(b, json!({"tags": ["new"]}), "tags=new", "tags=old");
    Must "omp.memories.update.follow.tag-search" ["omp.md §2; reading 14"] "After a change of tags, the search goes by the new ones." => tag_search;
    Must "omp.memories.create.together" ["omp.md §2"] "Memories that are stored at the same time all land." => all_land;
    Must "omp.memories.delete.together" ["omp.md §2"] "Of several deletions at the same time one is 204 and the others are 404." => one_deletes;
}

/// How many memories a list shows, and how many a search for `word` finds, in a namespace.
async fn count(
    fixture: &Fixture,
    namespace: &str,
    word: &str,
) -> Result<(Value, Value), crate::conform::probe::Finding> {
    let mut list = fixture.list(&format!("namespace={}", encode(namespace))).await?;
    let mut found = fixture.search(&json!({"q": word, "namespace": namespace, "mode": "keyword"})).await?;
    Ok((list["total"].take(), found["total"].take()))
}

async fn namespace(fixture: &Fixture) -> Verdict {
    let (old, new, word) =
        (fixture.namespace("follow-old"), fixture.namespace("follow-new"), fixture.word("follow"));
    let memory = fixture.store(json!({"namespace": old, "content": format!("The word is {word}.")})).await?;
    put(fixture, &memory, &json!({"namespace": new})).await?.be(200)?;
    for (place, wanted) in [(old, 0), (new, 1)] {
        let (listed, found) = count(fixture, &place, &word).await?;
        ensure(listed == wanted && found == wanted, format!("{wanted} listed and found in {place}"), || {
            format!("{listed} listed and {found} found")
        })?;
    }
    Ok(())
}

async fn filter(fixture: &Fixture, change: Value, new: &str, old: &str) -> Verdict {
    let namespace = fixture.namespace(&format!("follow-{}", new.split('=').next().unwrap_or_default()));
    let memory = fixture.store(json!({"namespace": namespace, "tags": ["old"]})).await?;
    put(fixture, &memory, &change).await?.be(200)?;
    for (query, wanted) in [(new, 1), (old, 0)] {
        let list = fixture.list(&format!("namespace={}&{query}", encode(&namespace))).await?;
        ensure(list["total"] == wanted, format!("{wanted} for {query}"), || list["total"].to_string())?;
    }
    Ok(())
}

async fn tag_search(fixture: &Fixture) -> Verdict {
    let (old, new, namespace) =
        (fixture.word("oldtag"), fixture.word("newtag"), fixture.namespace("follow-search"));
    let memory = fixture.store(json!({"namespace": namespace, "tags": [old]})).await?;
    put(fixture, &memory, &json!({"tags": [new]})).await?.be(200)?;
    for (word, wanted) in [(new, 1), (old, 0)] {
        let (_, found) = count(fixture, &namespace, &word).await?;
        ensure(found == wanted, format!("{wanted} for {word}"), || found.to_string())?;
    }
    Ok(())
}

async fn all_land(fixture: &Fixture) -> Verdict {
    let namespace = fixture.namespace("together");
    let body = fixture.memory(json!({"namespace": namespace}));
    let answers = join_all((0..12).map(|_| fixture.send(Call::post("/v1/memories", &body)))).await;
    for answer in answers {
        answer?.be(201)?;
    }
    let list = fixture.list(&format!("namespace={}", encode(&namespace))).await?;
    ensure(list["total"] == 12, "a total of 12", || list["total"].to_string())
}

async fn one_deletes(fixture: &Fixture) -> Verdict {
    let memory = fixture.store(json!({})).await?;
    let path = crate::conform::sample::memory_path(&memory["id"]);
    let answers = join_all((0..4).map(|_| fixture.send(Call::delete(&path)))).await;
    let mut statuses = Vec::new();
    for answer in answers {
        statuses.push(answer?.status);
    }
    statuses.sort_unstable();
    ensure(statuses == [204, 404, 404, 404], "one 204, three 404", || format!("{statuses:?}"))
}
