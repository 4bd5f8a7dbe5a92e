//! Files that are nearly right: no reader or writer of stores, notes and sessions panics at
//! them, and what is written for them is read again.

use std::io::Cursor;

use proptest::prelude::*;

use crate::format::{Write, candidates, find};
use crate::testing::{Found, Written, archive, file, read, write, write_files};
use crate::{Fate, Input, Limits};

const JSON: [&str; 38] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    "\n",
    "null",
    "7",
    "\"x\"",
    "\"results\":[",
    "\"memories\":[",
    "\"memory\":\"Rows\"",
    "\"hash\":\"h\"",
    "\"id\":\"a\"",
    "\"user_id\":\"u\"",
    "\"metadata\":{\"omp_id\":\"mem_01j9xk2p3q4r5s6t\"}",
    "\"categories\":[\"c\",null]",
    "\"expiration_date\":\"2026-05-01\"",
    "\"apps\":[{\"id\":\"1\",\"name\":\"n\"}]",
    "\"state\":\"active\",\"content\":\"t\"",
    "{\"type\":\"entity\",\"name\":\"A\",\"entityType\":\"t\",\"observations\":[\"o\",{\"text\":\"p\"},3]}\n",
    "{\"type\":\"entity\",\"name\":\"B\",\"entityType\":\"t\",\"observations\":[]}\n",
    "{\"type\":\"relation\",\"from\":\"A\",\"to\":\"B\",\"relationType\":\"r\"}\n",
    "{\"type\":\"user\",\"uuid\":\"1\",\"parentUuid\":\"2\",\"sessionId\":\"s\",\"message\":{\"content\":\"<command-name>x\"}}\n",
    "{\"type\":\"assistant\",\"uuid\":\"2\",\"parentUuid\":\"1\",\"sessionId\":\"s\",\"message\":{\"id\":\"m\",\"content\":[{\"type\":\"text\",\"text\":\"t\"},7]}}\n",
    "{\"type\":\"user\",\"uuid\":\"3\",\"isSidechain\":true,\"message\":{\"content\":{}}}\n",
    "{\"type\":\"summary\",\"summary\":\"s\",\"leafUuid\":\"1\"}\n",
    "{\"type\":\"session_meta\",\"payload\":{\"id\":\"c\",\"cwd\":\"/\"}}\n",
    "{\"type\":\"response_item\",\"payload\":{\"role\":\"user\",\"content\":[{\"text\":\"<a_b>c</a_b>\"}]}}\n",
    "{\"type\":\"event_msg\",\"payload\":{\"type\":\"user_message\",\"message\":\"m\"}}\n",
    "{\"sessionId\":\"g\",\"projectHash\":\"h\",\"messages\":[{\"id\":\"1\",\"type\":\"gemini\",\"content\":[\"c\"]}]}\n",
    "{\"$rewindTo\":\"1\"}\n",
    "{\"$set\":{\"messages\":[{\"id\":\"2\",\"type\":\"user\",\"content\":\"u\"}]}}\n",
    "{\"header\":\"Gemini\",\"title\":\"Prompted x Attached 1 file.\",\"time\":\"2026-05-01T00:00:00Z\",\"products\":[\"Gemini\"],\"safeHtmlItem\":[{\"html\":\"<li><p\"}]},",
    "{\"role\":\"user\",\"content\":\"c\"}\n",
    "\"session\":{\"id\":\"c\"},\"items\":[{\"role\":\"user\",\"content\":\"u\"}]",
    "\"chunkedPrompt\":{\"chunks\":[{\"role\":\"user\",\"text\":\"t\"},{}]}",
    "\"conversation_turns\":[{\"user_turn\":{\"prompt\":\"p\"}}]",
];

const MARKDOWN: [&str; 29] = [
    "---\n",
    "\n",
    "# T\n",
    "## H\n",
    "- [fact] Oak #wood (here)\n",
    "- [x] done\n",
    "- [[Ana]]\n",
    "- owns [[Boat|b]]\n",
    "- [Title](a.md) — hook\n",
    "- point #tag\n",
    "text [[link]] ![[p.png]]\n",
    "```\n",
    "  indented\n",
    "permalink: a/b\n",
    "title: One: two\n",
    "type: feedback\n",
    "name: n\ndescription: d\n",
    "metadata:\n  type: user\n",
    "omp_id: mem_01j9xk2p3q4r5s6t\n",
    "tags: [a, '#b']\n",
    "id: m\nbranch: b\n",
    "created: 2026-05-01\n",
    "*a: &b [*b]\n",
    "# aider chat started at 2026-05-01 10:20:30\n",
    "#### ask\n",
    "> told\n",
    "é\u{1F600}",
    "\r",
    "<!-- c",
];

const JSON_FORMATS: [&str; 9] = [
    "openai-threads",
    "mem0",
    "openmemory",
    "mcp-memory",
    "claude-code",
    "codex",
    "gemini-takeout",
    "gemini-cli",
    "ai-studio",
];

const NOTES: [&str; 5] = ["aider", "basic-memory", "obsidian", "claude-code-memory", "mem0"];

/// Reads; writes what was read; reads that: as many memories as were written, none of which failed.
fn bear(format: &str, input: &mut Input) {
    candidates(input);
    let (found, _) = read(format, input);
    match find(format).unwrap().write() {
        None => {}
        Some(Write::File { extension, .. }) => {
            let (text, report) = write(format, &said(&found));
            let (again, _) = read(format, &mut file(extension, text.as_bytes()));
            assert!(again.notes.iter().all(|note| note.0 != Fate::Failed), "{:?}", again.notes);
            let repeated = report.count(Fate::Changed, "repeated memory");
            assert_eq!(again.records.len() + repeated, said(&found).len(), "{text}");
        }
        Some(Write::Folder { .. }) => {
            let mut files = Written::default();
            write_files(format, &said(&found), &mut files);
            let once = files.clone();
            write_files(format, &said(&found), &mut files);
            assert_eq!(files.0, once.0, "writing again changes nothing");
            let listed: Vec<_> = files.0.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
            let _ = read(format, &mut archive(&listed));
        }
    }
}

/// The records that say something, each once, as a store holds them.
fn said(found: &Found) -> Vec<omi::Record> {
    let mut ids = std::collections::HashSet::new();
    let is_new = |record: &&omi::Record| {
        let says = record.content().is_some_and(|text| !text.trim().is_empty());
        says && ids.insert(record.id().unwrap_or_default().into_owned())
    };
    found.records.iter().filter(is_new).cloned().collect()
}

proptest! {
    #[test]
    fn stores_and_sessions_that_are_nearly_right(
        format in 0..JSON_FORMATS.len(),
        pieces in proptest::collection::vec(0..JSON.len(), 0..25),
        head in prop_oneof![Just(""), Just("["), Just("{\"results\":[{"), Just("{")],
    ) {
        let text: String = std::iter::once(head).chain(pieces.into_iter().map(|piece| JSON[piece])).collect();
        let limits = Limits { item_bytes: 1 << 14, ..Limits::default() };
        let mut input = Input::file(Cursor::new(text.into_bytes()), Some("a.jsonl"), limits).unwrap();
        bear(JSON_FORMATS[format], &mut input);
    }

    #[test]
    fn notes_that_are_nearly_right(
        format in 0..NOTES.len(),
        one in proptest::collection::vec(0..MARKDOWN.len(), 0..20),
        other in proptest::collection::vec(0..MARKDOWN.len(), 0..10),
        is_index in any::<bool>(),
    ) {
        let text = |pieces: Vec<usize>| pieces.into_iter().map(|piece| MARKDOWN[piece]).collect::<String>();
        let (one, other) = (text(one), text(other));
        let name = if is_index { "memory/MEMORY.md" } else { "memory/a.md" };
        bear(NOTES[format], &mut archive(&[(name, one.as_str()), ("memory/b.md", &other)]));
    }
}
