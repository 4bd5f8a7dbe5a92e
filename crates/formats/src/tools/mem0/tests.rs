use omp_model::{MemoryType, Metadata, Namespace, SessionRef, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{Found, NOW, archive, collect, collect_files, decided, file, recognised, write};
use crate::{Draft, Fate};

fn store() -> Value {
    json!({"results": [
        {"id": "u-1", "memory": "Ana rows on Sundays", "hash": "x", "metadata": {"category": "hobbies", "n": 1.5},
         "created_at": "2026-05-01T10:20:30.123456+00:00", "updated_at": "2026-05-02T00:00:00+00:00", "user_id": "ana", "role": "user"},
        {"id": "u-2", "memory": "Deploy only with approval", "metadata": null, "created_at": "2026-05-01T10:20:30+00:00",
         "agent_id": "ops", "run_id": "run-7", "memory_type": "procedural_memory", "categories": ["work", "rules"],
         "expiration_date": "2031-08-01", "score": 0.4},
        {"id": "u-3", "memory": "Old", "user_id": "ana", "replaced_by": "u-1"},
        {"id": "u-4", "user_id": "ana"},
        7,
    ], "relations": [{"source": "ana", "relationship": "likes", "target": "boats"}]})
}

/// With a number as nobody else would write it.
fn text() -> String {
    store().to_string().replace(r#""n":1.5}"#, r#""n":1.50}"#)
}

#[test]
fn items_of_every_shape_are_read() {
    let text = text();
    assert_eq!(decided(&mut file("x.json", text.as_bytes())), Some("mem0"));
    assert_eq!(decided(&mut file("x.json", store()["results"].to_string().as_bytes())), Some("mem0"));
    let found = collect("mem0", "x.json", text.as_bytes());
    assert_eq!(found.texts(), ["Ana rows on Sundays", "Deploy only with approval"]);
    let memories = found.memories();
    let tags = |n: usize| memories[n].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>();
    assert_eq!((tags(0), tags(1)), (vec!["hobbies"], vec!["work", "rules"]));
    assert_eq!(memories[0].source.user_id.as_ref().unwrap().as_str(), "ana");
    assert_eq!(memories[0].updated_at.to_string(), "2026-05-02T00:00:00.000Z");
    assert_eq!(memories[0].metadata.get("n"), Some("1.50"));
    assert_eq!((memories[1].kind, memories[1].source.tool.as_str()), (MemoryType::Procedural, "ops"));
    assert_eq!(memories[1].source.session_id.as_ref().unwrap().as_str(), "run-7");
    assert_eq!(memories[1].expires_at.unwrap().to_string(), "2031-08-01T23:59:59.999Z");
    assert_eq!(found.count(Fate::Passed, "superseded memory"), 1);
    assert_eq!(found.count(Fate::Lost, "relation of the graph store"), 1);
    let failed: Vec<_> = found.notes.iter().filter(|n| n.0 == Fate::Failed).map(|n| n.3.as_str()).collect();
    assert_eq!(failed, ["line 1 [3]", "line 1 [4]"]);
}

#[test]
fn an_app_is_a_namespace_and_another_wrapper_that_is_empty_hides_nothing() {
    let text =
        json!({"memories": [], "results": [{"memory": "a", "hash": "h", "app_id": "Notes"}]}).to_string();
    let found = collect("mem0", "", text.as_bytes());
    assert_eq!(found.memories()[0].namespace.as_ref().unwrap().as_str(), "mem0:notes");
    let old = json!([{"id": "1", "text": "b", "hash": "h"}, {"data": "c", "hash": "h"}]).to_string();
    assert_eq!(decided(&mut file("", old.as_bytes())), Some("mem0"));
    assert_eq!(collect("mem0", "", old.as_bytes()).texts(), ["b", "c"]);
    let common = recognised(&mut file("", br#"[{"content":"c","id":"1"}]"#));
    assert!(!common.contains(&"mem0"), "many tools have that");
}

#[test]
fn the_same_text_of_two_users_is_two_memories_also_without_ids() {
    let of = |user: &str| json!([{"memory": "Likes tea", "user_id": user}]).to_string();
    let id = |user: &str| collect("mem0", "", of(user).as_bytes()).memories()[0].id;
    assert_ne!(id("ana"), id("ben"));
    assert_eq!(id("ana"), id("ana"));
}

#[test]
fn the_plugins_export_is_known_in_a_folder_and_with_one_memory_and_nothing_is_known_too() {
    let block = |id: &str| {
        format!("---\nid: {id}\ncreated_at: 2026-05-01\ntype: decision\nbranch: main\n---\n\nText {id}\n\n")
    };
    let (one, two) = (block("a"), format!("{}{}", block("a"), block("b")));
    let name = "mem0-export-boat-2026-05-01.md";
    assert_eq!(decided(&mut file(name, one.as_bytes())), Some("mem0"));
    assert_ne!(decided(&mut file("post.md", one.as_bytes())), Some("mem0"));
    let files = [(name, two.as_str()), ("README.md", "---\ntitle: x\n---\nHello"), ("b.md", "# B")];
    assert_eq!(decided(&mut archive(&files)), Some("mem0"));
    let found = collect_files("mem0", &files);
    assert_eq!(
        (found.texts(), found.count(Fate::Passed, "file")),
        (vec!["Text a".into(), "Text b".into()], 2)
    );
    let (nothing, _) = write("mem0", &[]);
    assert_eq!(decided(&mut file("x.json", nothing.as_bytes())), Some("mem0"));
    assert_eq!(collect("mem0", "x.json", nothing.as_bytes()).records.len(), 0);
    assert_eq!(decided(&mut file("x.json", b"[]")), Some("json"));
}

#[test]
fn what_came_from_mem0_goes_back_as_it_was() {
    let found = collect("mem0", "", text().as_bytes());
    let (text, report) = write("mem0", &found.records);
    let written: Value = serde_json::from_str(&text).unwrap();
    let expected: Vec<Value> = store()["results"].as_array().unwrap()[..2].to_vec();
    assert_eq!((written["results"].as_array().unwrap(), report.notes.len()), (&expected, 0));
    assert!(text.contains("1.50"), "number text stays");
    let ids = |found: &Found| found.memories().iter().map(|m| m.id).collect::<Vec<_>>();
    assert_eq!(ids(&collect("mem0", "", text.as_bytes())), ids(&found), "again changes nothing");
}

#[test]
fn a_changed_item_is_the_old_one_with_the_changes_laid_over_it() {
    let found = collect("mem0", "", store().to_string().as_bytes());
    let mut memory = found.memories().remove(0);
    let patch = omp_model::MemoryPatch {
        content: omp_model::Content::new("Ana rows on Mondays").ok(),
        kind: Some(MemoryType::Episodic),
        ..omp_model::MemoryPatch::default()
    };
    patch.apply(&mut memory, NOW);
    let record = crate::interchange::overlay(found.records[0].clone(), &memory, None);
    let (text, _) = write("mem0", &[record]);
    let item = &serde_json::from_str::<Value>(&text).unwrap()["results"][0];
    assert_eq!((&item["memory"], &item["role"]), (&json!("Ana rows on Mondays"), &json!("user")));
    assert_eq!(item["hash"], "28eec3885a7806770f5aed586546ecea");
    assert_eq!(item["metadata"], json!({"category": "hobbies", "n": 1.50, "omp_type": "episodic"}));
    let again = collect("mem0", "", text.as_bytes()).memories().remove(0);
    assert_eq!((again.id, again.kind), (memory.id, memory.kind));
    assert_eq!((again.content.as_str(), again.updated_at), ("Ana rows on Mondays", NOW));
    assert_eq!(again.metadata, memory.metadata);
}

const PLUGIN: &str = "---\nid: m-1\ntype: decisions\nconfidence: 0.9\nbranch: main\nfiles:\ncategories: decisions\n---\nUse oak.\n\n---\n\nStill oak.\n\n---\nid: m-2\ntype: rules\nbranch: a: b\ncreated_at: 2026-05-01\ncategories: x, y\n---\nNo pine.\n";

#[test]
fn the_plugins_markdown_is_read_block_by_block() {
    let name = "mem0-export-my-boat-2026-05-02.md";
    assert_eq!(decided(&mut file(name, PLUGIN.as_bytes())), Some("mem0"));
    let found = collect("mem0", name, PLUGIN.as_bytes());
    assert_eq!(found.texts(), ["Use oak.\n\n---\n\nStill oak.", "No pine."]);
    let memories = found.memories();
    assert_eq!(memories[0].namespace.as_ref().unwrap().as_str(), "project:my-boat");
    assert_eq!(memories[1].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(), ["x", "y", "rules"]);
    assert_eq!(found.records[0].confidence(), Some(0.9));
    assert_eq!(found.count(Fate::Changed, "front matter"), 1, "a second colon is no YAML");
    let (text, _) = write("mem0", &found.records);
    assert_eq!(collect("mem0", "", text.as_bytes()).texts(), found.texts(), "as items");
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let words = ("[ -~é\n]{1,40}", proptest::collection::vec("[a-z0-9:_-]{1,8}", 0..3), "[a-z]{1,6}");
    let options = (
        prop_oneof![Just(MemoryType::Semantic), Just(MemoryType::Episodic), Just(MemoryType::Procedural)],
        proptest::option::of("[a-z]{1,5}(:[a-z]{1,5})?"),
        proptest::option::of("[a-z0-9]{1,8}"),
        proptest::option::of("[a-z0-9]{1,8}"),
        proptest::option::of(1_900_000_000_000_i64..4_000_000_000_000),
        (1_000_i64..1_800_000_000_000, 0_i64..1_000_000),
        prop_oneof![Just("{}"), Just(r#"{"category":"x","a":1.0}"#), Just(r#"{"type":"procedure"}"#)],
    );
    (words, options).prop_map(
        |((text, mut tags, tool), (kind, namespace, session, user, expires, times, metadata))| {
            tags.sort();
            tags.dedup();
            let mut draft = Draft::new("test", tool, text);
            draft.own_id = Some(omp_model::MemoryId::derive(&[&draft.content, &tags.join(" ")]));
            draft.kind = kind;
            draft.tags = tags;
            draft.namespace = namespace;
            draft.reference = session;
            draft.account = user;
            draft.expires = expires.map(Timestamp::from_millis);
            draft.created = Some(Timestamp::from_millis(times.0));
            draft.updated = Some(Timestamp::from_millis(times.0 + times.1));
            draft.observed = Some(Timestamp::from_millis(times.0 + 1));
            draft.metadata = Metadata::parse(metadata).unwrap();
            draft
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_the_same(drafts in proptest::collection::vec(any_draft(), 1..6)) {
        let mut before = Found::default();
        for draft in drafts {
            if !draft.content.trim().is_empty() {
                let record = draft.into_record(NOW, &mut Found::default());
                before.records.push(record);
            }
        }
        let (text, report) = write("mem0", &before.records);
        prop_assert_eq!(report.notes.len(), 0);
        let again = collect("mem0", "", text.as_bytes());
        prop_assert_eq!(again.memories(), before.memories());
        let (second, _) = write("mem0", &again.records);
        prop_assert_eq!(second, text, "and is written the same");
    }
}

#[test]
fn what_the_format_cannot_carry_is_named() {
    let mut draft = Draft::new("test", "t", "x");
    draft.confidence = Some(0.5);
    draft.valid_from = Some("2026-01-01".into());
    draft.relation("likes", "boats");
    draft.account = SessionRef::cut("u").map(|user| user.as_str().to_owned());
    draft.namespace = Namespace::new("n").ok().map(|namespace| namespace.as_str().to_owned());
    let (_, report) = write("mem0", &[draft.into_record(NOW, &mut Found::default())]);
    let lost: Vec<_> = report.notes.iter().map(|note| (note.0, note.1.as_str())).collect();
    let expected = ["confidence", "relations", "valid_from and valid_to"].map(|name| (Fate::Lost, name));
    assert_eq!(lost, expected);
}
