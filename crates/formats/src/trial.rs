//! Trials of formats that are read and written: what goes out comes back, or the report says what does not.

use std::collections::BTreeMap;

use omp_model::{
    Content, Memory, MemoryId, MemoryType, Metadata, Namespace, SessionRef, Source, Tag, Tags, Timestamp,
    ToolName,
};
use proptest::prelude::*;

use crate::format::{Write, find};
use crate::interchange::native;
use crate::testing::{Found, Written, collect, collect_files, write, write_files};

/// Memories of all kinds that were made here.
pub(crate) fn memories() -> impl Strategy<Value = Vec<Memory>> {
    proptest::collection::vec(memory(), 1..6).prop_map(|mut memories| {
        memories.sort_by_key(|memory| memory.id);
        memories.dedup_by_key(|memory| memory.id);
        memories
    })
}

fn memory() -> impl Strategy<Value = Memory> {
    let times = (1_000_000_000_000_i64..1_890_000_000_000, 0_i64..3_000_000_000, 0_i64..3_000_000_000);
    let said = (
        "[a-z]{1,3}[ -~\n\u{e9}\u{4e00}\u{1F600}]{0,60}",
        prop_oneof![Just(MemoryType::Semantic), Just(MemoryType::Episodic), Just(MemoryType::Procedural)],
        proptest::collection::btree_set("[a-z0-9]{1,5}([_:-][a-z0-9]{1,4})?", 0..4),
        proptest::option::of("[a-z][a-z0-9_-]{0,6}(:[a-z0-9_-]{1,6}){0,2}"),
    );
    let about = (
        "[a-z][a-zA-Z0-9 ._-]{0,12}",
        proptest::option::of("[ -~]{1,20}"),
        proptest::option::of("[ -~]{1,20}"),
        proptest::option::of(1_900_000_000_000_i64..2_100_000_000_000),
        prop_oneof![
            Just("{}"),
            Just(r#"{"a":"text","b c":"x"}"#),
            Just(r#"{"n":1.5,"list":[1,"x",null],"o":{"k":true}}"#)
        ],
    );
    ("[0-9a-z]{16}", times, said, about).prop_map(
        |(
            id,
            (created, later, observed),
            (text, kind, tags, namespace),
            (tool, session, user, ends, metadata),
        )| {
            let created_at = Timestamp::from_millis(created);
            Memory {
                id: MemoryId::from_body(&id).expect("16 characters"),
                content: Content::new(text).expect("short"),
                kind,
                source: Source {
                    tool: ToolName::new(tool).expect("short"),
                    session_id: session.and_then(|text| SessionRef::new(text).ok()),
                    user_id: user.and_then(|text| SessionRef::new(text).ok()),
                    timestamp: created_at.plus_millis(-observed),
                },
                tags: Tags::new(tags.iter().map(|tag| Tag::new(tag.as_str()).expect("in form")))
                    .expect("few"),
                namespace: namespace.and_then(|text| Namespace::new(text).ok()),
                created_at,
                updated_at: created_at.plus_millis(later),
                expires_at: ends.map(Timestamp::from_millis),
                metadata: Metadata::parse(metadata).expect("an object"),
                embedding: None,
            }
        },
    )
}

/// Writes memories and reads them again.
fn there_and_back(format: &str, records: &[omi::Record]) -> (Found, Found) {
    match find(format).and_then(crate::Format::write) {
        Some(Write::File { extension, .. }) => {
            let (text, report) = write(format, records);
            (collect(format, &format!("x.{extension}"), text.as_bytes()), report)
        }
        Some(Write::Folder { .. }) => {
            let mut files = Written::default();
            let report = write_files(format, records, &mut files);
            let files: Vec<_> = files.0.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            (collect_files(format, &files), report)
        }
        None => panic!("{format} is not written"),
    }
}

/// Every memory comes back with its id, and what it says; a part that does not is named in the report, at its place.
pub(crate) fn come_back(format: &str, memories: &[Memory]) -> Result<(), TestCaseError> {
    let records: Vec<_> = memories.iter().map(native).collect();
    let (found, report) = there_and_back(format, &records);
    let failed: Vec<_> = found.notes.iter().filter(|note| note.0 == crate::Fate::Failed).collect();
    prop_assert!(failed.is_empty(), "{failed:?}");
    let back: BTreeMap<MemoryId, Memory> =
        found.memories().into_iter().map(|memory| (memory.id, memory)).collect();
    prop_assert_eq!(back.len(), memories.len());
    for (index, memory) in memories.iter().enumerate() {
        let again = back.get(&memory.id);
        prop_assert!(again.is_some(), "{} is missing", memory.id);
        for (name, one, other) in parts(memory, again.unwrap_or(memory)) {
            let told = report.notes.iter().any(|note| note.1 == name && note.3 == format!("[{index}]"));
            prop_assert!(one == other || told, "{name}: {one} became {other}, and nobody says so");
        }
    }
    Ok(())
}

fn parts(one: &Memory, other: &Memory) -> Vec<(&'static str, String, String)> {
    type Part = (&'static str, fn(&Memory) -> String);
    let all: [Part; 11] = [
        ("content", |m| m.content.as_str().to_owned()),
        ("type", |m| m.kind.as_str().to_owned()),
        ("tags", |m| m.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(",")),
        ("namespace", |m| m.namespace.as_ref().map(|n| n.as_str().to_owned()).unwrap_or_default()),
        ("created", |m| m.created_at.to_string()),
        ("updated", |m| m.updated_at.to_string()),
        ("observed", |m| m.source.timestamp.to_string()),
        ("expires", |m| m.expires_at.map(|at| at.to_string()).unwrap_or_default()),
        ("tool", |m| m.source.tool.as_str().to_owned()),
        ("session", |m| format!("{:?}/{:?}", m.source.session_id, m.source.user_id)),
        ("metadata", |m| m.metadata.to_json()),
    ];
    all.into_iter().map(|(name, of)| (name, of(one), of(other))).collect()
}

/// What came in goes out again as it was; compared as JSON.
pub(crate) fn same_again(
    format: &str,
    name: &str,
    text: &str,
    items: impl Fn(&str) -> Vec<serde_json::Value>,
) {
    let found = collect(format, name, text.as_bytes());
    let (again, _) = write(format, &found.records);
    let sorted = |text: &str| {
        let mut items: Vec<String> = items(text).iter().map(ToString::to_string).collect();
        items.sort();
        items
    };
    assert_eq!(sorted(&again), sorted(text));
    let second = collect(format, name, again.as_bytes());
    let ids = |found: &Found| {
        let mut ids: Vec<MemoryId> = found.memories().iter().map(|memory| memory.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&second), ids(&found), "and is known when it comes back");
}
