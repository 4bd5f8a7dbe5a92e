use proptest::prelude::*;

use super::milliseconds;
use crate::testing::{Written, archive, collect, collect_files, decided, file, write_files};
use crate::{Fate, trial};

const NOTE: &str = "---
id: 550e8400-e29b-41d4-a716-446655440000
type: semantic
created: '2026-01-15T10:30:00Z'
modified: 2026-01-16T10:30:00Z
namespace: _semantic/Decisions
title: \"Use: Rust\"
tags:
- Tea Time
relationships:
- type: supersedes
  target: /old.md
entities:
- \"@type\": EntityReference
  entityType: Technology
  name: Rust
temporal:
  validFrom: 2026-01-01T00:00:00Z
  ttl: P30D
provenance:
  agent: codex
  confidence: 0.9
---

# Use Rust

Because of [[x]].
";

#[test]
fn a_note_is_read_with_its_front_matter() {
    assert_eq!(decided(&mut file("a.md", NOTE.as_bytes())), Some("mif-md"));
    let found = collect("mif-md", "a.md", NOTE.as_bytes());
    let memory = &found.memories()[0];
    assert_eq!(memory.content.as_str(), "# Use Rust\n\nBecause of [[x]].");
    assert_eq!(memory.namespace.as_ref().unwrap().as_str(), "_semantic:decisions");
    assert_eq!(
        (memory.source.tool.as_str(), memory.updated_at.to_string()),
        ("codex", "2026-01-16T10:30:00.000Z".into())
    );
    assert_eq!(memory.expires_at.unwrap().to_string(), "2026-02-14T10:30:00.000Z");
    let record = &found.records[0];
    assert_eq!((record.valid_from().as_deref(), record.confidence()), (Some("2026-01-01"), Some(0.9)));
    assert_eq!(record.relations().unwrap().get(), r#"[{"type":"supersedes","target":"/old.md"}]"#);
    assert_eq!(record.entities().unwrap().get(), r#"[{"label":"Rust","type":"Technology"}]"#);
}

#[test]
fn a_folder_is_read_without_its_index_and_goes_out_byte_for_byte() {
    let bad = "---\nid: x\ntype: [\n---\n\nText.\n";
    let files = [
        ("v/index.md", "# Index\n"),
        ("v/semantic/a.md", NOTE),
        ("v/readme.md", "# Hello\n"),
        ("v/bad.md", bad),
        ("v/p.png", "x"),
    ];
    assert_eq!(decided(&mut archive(&files)), Some("mif-md"));
    let found = collect_files("mif-md", &files);
    assert_eq!(found.records.len(), 1);
    assert_eq!((found.count(Fate::Passed, "file"), found.count(Fate::Failed, "note")), (2, 1));
    let mut written = Written::default();
    write_files("mif-md", &found.records, &mut written);
    assert_eq!(written.0.into_iter().collect::<Vec<_>>(), [("v/semantic/a.md".into(), NOTE.to_owned())]);
}

#[test]
fn paths_that_lead_elsewhere_are_not_written_to() {
    for (name, usable) in
        [("../a.md", false), ("/a.md", false), ("a//b.md", false), ("c:/a.md", false), ("a/b.md", true)]
    {
        assert_eq!(super::write::is_usable(name), usable, "{name}");
    }
}

#[test]
fn lengths_of_time_are_understood_when_they_are_always_the_same() {
    for (text, expected) in
        [("P730D", Some(730 * 86_400_000)), ("P1WT2H", Some(612_000_000)), ("PT1M1S", Some(61_000))]
    {
        assert_eq!(milliseconds(text), expected, "{text}");
    }
    for text in ["", "P", "P1Y", "P1M", "P1", "PD", "PT", "P99999999999999999999D", "30 days", "P\u{e9}"] {
        assert_eq!(milliseconds(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_written_comes_back(memories in trial::memories()) {
        trial::come_back("mif-md", &memories)?;
    }
}
