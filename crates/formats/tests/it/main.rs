//! What every format must bear.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::io::Cursor;

use omp_formats::format::{Write, WriteOptions, candidates};
use omp_formats::interchange::{Context, from_record};
use omp_formats::testing::{Found, NOW, Written, read};
use omp_formats::write::{Outgoing, RecordWriter};
use omp_formats::{FORMATS, Format, Input, Limits, Place};
use proptest::prelude::*;

mod stores;

/// Pieces that the files are made of, so that most of what is tried is nearly right.
const PIECES: [&str; 64] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    "\n\n",
    " ",
    "  ",
    "- ",
    "# ",
    "## ",
    "```\n",
    "---\n",
    "<!--",
    "-->",
    "`",
    "null",
    "true",
    "0",
    "-1.5e300",
    "1767225600",
    "\"2026-01-01T00:00:00Z\"",
    "\"id\":\"a\"",
    "\"uuid\":\"a\"",
    "\"mapping\":{",
    "\"message\":",
    "\"parent\":\"a\"",
    "\"children\":[\"a\"]",
    "\"content\":",
    "\"parts\":[",
    "\"chat_messages\":[",
    "\"sender\":\"human\"",
    "\"text\":\"x\"",
    "\"author\":{\"role\":\"assistant\"}",
    "\"recipient\":\"bio\"",
    "\"current_node\":\"a\"",
    "\"conversations_memory\":\"**A**\\n- b\"",
    "\"project_memories\":",
    "\"docs\":[]",
    "\"name\":\"n\"",
    "[2026-01-01] - ",
    "[May 2026] ",
    "| a | 2026-01-01 |",
    "1. ",
    "@import",
    "é",
    "\u{1F600}",
    "\u{E200}",
    "【†",
    "<antArtifact title=\"",
    "<antThinking>",
    "[[",
    "]]",
    "\"type\":\"entity\"",
    "\"memory\":\"m\"",
    "\"memories\":[",
    "\"namespace\":[\"a\"]",
    "\"value\":{",
    "\"results\":[",
    "key: value\n",
];

const NAMES: [&str; 8] = [
    "conversations.json",
    "memories.txt",
    "AGENTS.md",
    "project/.cursor/rules/a.mdc",
    "memory.jsonl",
    "note.md",
    "agent.af",
    "table.csv",
];

/// Reads; writes what was read where the format can; reads that.
fn bear(format: &dyn Format, name: &str, bytes: &[u8]) {
    let limits = Limits {
        item_bytes: 1 << 16,
        text_bytes: 1 << 16,
        files: 50,
        expanded: 1 << 20,
        ..Limits::default()
    };
    let Ok(mut input) = Input::file(Cursor::new(bytes.to_vec()), Some(name), limits) else { return };
    candidates(&mut input);
    let (found, _) = read(format.name(), &mut input);
    for record in &found.records {
        // What says nothing is refused with a reason.
        let _ = from_record(record, Context { subject: None, fallback: NOW });
    }
    let feed = |mut writer: Box<dyn RecordWriter + '_>| {
        let mut report = Found::default();
        for (index, record) in (0..).zip(&found.records) {
            let Ok(outgoing) = Outgoing::new(record.clone(), None, NOW, Place::default().index(index)) else {
                continue;
            };
            writer.write(&outgoing, &mut report).unwrap();
        }
        writer.finish(&mut report).unwrap();
    };
    let options = WriteOptions { now: NOW };
    let (mut out, mut files) = (Vec::new(), Written::default());
    match format.write() {
        Some(Write::File { begin, .. }) => feed(begin(Box::new(&mut out), options).unwrap()),
        Some(Write::Folder { begin }) => feed(begin(Box::new(&mut files), options).unwrap()),
        None => return,
    }
    let written =
        files.0.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).chain([(name, &out[..])]);
    for (path, bytes) in written {
        let mut input = Input::file(Cursor::new(bytes.to_vec()), Some(path), Limits::default()).unwrap();
        let _ = read(format.name(), &mut input);
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_or_writer_panic(
        format in 0..FORMATS.len(),
        name in 0..NAMES.len(),
        pieces in proptest::collection::vec(0..PIECES.len(), 0..60),
    ) {
        let text: String = pieces.into_iter().map(|piece| PIECES[piece]).collect();
        bear(FORMATS[format], NAMES[name], text.as_bytes());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(
        format in 0..FORMATS.len(),
        name in 0..NAMES.len(),
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        is_archive in any::<bool>(),
    ) {
        let head: &[u8] = if is_archive { b"PK\x03\x04" } else { b"" };
        bear(FORMATS[format], NAMES[name], &[head, &bytes].concat());
    }
}

#[test]
fn every_format_has_a_name_of_its_own_and_a_title() {
    let names: std::collections::BTreeSet<&str> = FORMATS.iter().map(|format| format.name()).collect();
    assert_eq!(names.len(), FORMATS.len());
    for format in FORMATS {
        assert!(omp_model::transfer::Format::parse(format.name()).is_some(), "{}", format.name());
        assert!(!format.title().is_empty());
    }
}
