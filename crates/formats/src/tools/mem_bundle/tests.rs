use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::origin::hex;
use crate::testing::{Written, archive, collect_files, decided, write_files};
use crate::{Fate, trial};

fn episode(id: &str, details: &str, source: &str) -> Value {
    json!({"id": id, "eventTime": "2026-05-01T10:00:00Z", "mentionTime": "2026-05-01T10:00:00Z", "ingestionTime": "2026-05-02T10:00:00Z",
        "sourceType": source, "actors": [], "summary": "s", "details": details, "sensitivity": "low", "metadata": {"line": "3"},
        "categories": ["Tea Time"], "importance": 0.5, "confidence": 0.7, "lifecycleState": "HOT", "extractionState": "done",
        "accessCount": 0, "pinned": false, "vaultRefs": [], "contextID": "ctx_1"})
}

fn bundle() -> Vec<(String, String)> {
    let lines = |items: &[Value]| items.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n") + "\n";
    let files = [
        (
            "episode",
            lines(&[
                episode("ep_1", "Ana likes tea.", "note"),
                episode("ep_2", "We met.", "event"),
                episode("ep_3", "Gone.", "note"),
            ]),
        ),
        (
            "entity",
            lines(&[
                json!({"id": "ent_a", "canonicalName": "Ana", "type": "person"}),
                json!({"id": "ent_k", "canonicalName": "Kyiv"}),
            ]),
        ),
        (
            "edge",
            lines(&[
                json!({"id": "edge_1", "srcEntityID": "ent_a", "dstEntityID": "ent_k", "edgeType": "lives_in",
            "tValidFrom": "2020-01-01T00:00:00Z", "tValidTo": "2024-01-01T00:00:00Z", "ingestionTime": "2026-05-02T10:00:00Z", "confidence": 0.9}),
            ]),
        ),
        ("context", lines(&[json!({"id": "ctx_1", "label": "Home: life"})])),
        ("preference", lines(&[json!({"key": "units", "value": "metric"})])),
        (
            "procedure",
            lines(&[
                json!({"id": "proc_1", "name": "Brew", "triggerPattern": "morning", "steps": ["Boil.", "Pour."]}),
            ]),
        ),
        ("secretRef", lines(&[json!({"id": "sec_1"})])),
        ("vendorThing", lines(&[json!({"id": "v"})])),
    ];
    let mut all: Vec<(String, String)> =
        files.into_iter().map(|(kind, text)| (format!("b.mem/items/{kind}.jsonl"), text)).collect();
    let listed: Vec<Value> = all
        .iter()
        .map(|(path, text)| {
            json!({"path": path.trim_start_matches("b.mem/"), "sha256": hex(&Sha256::digest(text.as_bytes())), "bytes": text.len()})
        })
        .collect();
    let manifest = json!({"format": "1.0.0", "conformanceLevel": "L1", "files": listed});
    all.push(("b.mem/manifest.json".into(), manifest.to_string()));
    let stone = json!({"id": "t", "op": "delete", "targetKind": "episode", "targetID": "ep_3", "derived": {"factIDs": ["fact_x"]}});
    all.push(("b.mem/audit/tombstones.jsonl".into(), format!("{stone}\n")));
    all
}

fn by_ref(files: &[(String, String)]) -> Vec<(&str, &str)> {
    files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

#[test]
fn a_bundle_is_read_without_what_was_deleted() {
    let files = bundle();
    assert_eq!(decided(&mut archive(&by_ref(&files))), Some("mem-bundle"));
    let found = collect_files("mem-bundle", &by_ref(&files));
    let mut texts = found.texts();
    texts.sort();
    assert_eq!(
        texts,
        [
            "Ana likes tea.",
            "Ana lives in Kyiv",
            "Brew (when: morning)\n- Boil.\n- Pour.",
            "We met.",
            "units: metric"
        ]
    );
    let memories = found.memories();
    let tea = memories.iter().find(|memory| memory.content.as_str().contains("tea")).unwrap();
    assert_eq!(tea.namespace.as_ref().unwrap().as_str(), "home-life");
    assert_eq!(
        (tea.created_at.to_string(), tea.source.timestamp.to_string()),
        ("2026-05-02T10:00:00.000Z".into(), "2026-05-01T10:00:00.000Z".into())
    );
    let edge = found.records.iter().find(|record| record.content().unwrap().contains("lives")).unwrap();
    assert_eq!(
        (edge.valid_from().as_deref(), edge.valid_to().as_deref()),
        (Some("2020-01-01"), Some("2024-01-01"))
    );
    assert_eq!((found.count(Fate::Passed, "deleted item"), found.count(Fate::Passed, "secretRef")), (1, 1));
    assert_eq!(found.count(Fate::Lost, "item of a vendor's own kind"), 1);
    assert_eq!(found.count(Fate::Changed, "checksum"), 0);
}

#[test]
fn one_changed_letter_is_told() {
    let mut files = bundle();
    files[0].1 = files[0].1.replace("likes", "hates");
    let found = collect_files("mem-bundle", &by_ref(&files));
    assert_eq!(found.count(Fate::Changed, "checksum"), 1);
    files.remove(1);
    let found = collect_files("mem-bundle", &by_ref(&files));
    assert_eq!(found.count(Fate::Failed, "file"), 1);
}

#[test]
fn items_go_out_in_their_kinds_and_the_sums_are_right() {
    let found = collect_files("mem-bundle", &by_ref(&bundle()));
    let mut written = Written::default();
    write_files("mem-bundle", &found.records, &mut written);
    let kinds: Vec<&str> = written.0.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "CHECKSUMS",
            "items/edge.jsonl",
            "items/episode.jsonl",
            "items/preference.jsonl",
            "items/procedure.jsonl",
            "manifest.json"
        ]
    );
    assert!(written.0["items/preference.jsonl"].contains(r#"{"key":"units","value":"metric"}"#));
    let files: Vec<_> = written.0.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let again = collect_files("mem-bundle", &files);
    assert_eq!((again.records.len(), again.count(Fate::Changed, "checksum")), (5, 0));
    let ids = |found: &crate::testing::Found| {
        let mut ids: Vec<_> = found.memories().iter().map(|memory| memory.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&again), ids(&found));
}

proptest! {
    #[test]
    fn what_is_written_comes_back(memories in trial::memories()) {
        trial::come_back("mem-bundle", &memories)?;
    }
}
