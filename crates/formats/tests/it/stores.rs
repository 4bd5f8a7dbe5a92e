//! Trials with what memory stores and interchange formats are made of.

use omp_formats::FORMATS;
use proptest::prelude::*;

use crate::bear;

/// Beginnings that are recognised, so that what follows is read.
const HEADS: [(&str, &str); 12] = [
    ("a.json", "{\"mif_version\":\"2.0\",\"memories\":["),
    ("a.json", "{\"schema\":\"portable-ai-memory\",\"memories\":["),
    ("a.json", "{\"schema\":\"portable-ai-memory-conversation\",\"id\":\"c\",\"messages\":["),
    ("a.json", "{\"export_metadata\":{},\"memories\":["),
    ("a.json", "[{\"namespace\":[\"a\"],\"key\":\"k\",\"value\":"),
    ("a.af", "{\"agents\":[{\"name\":\"a\",\"messages\":["),
    ("a.json", "{\"edges\":["),
    ("a.json", "{\"conversations\":[{\"conversation\":{},\"responses\":["),
    ("a.json", "{\"object\":\"list\",\"data\":["),
    ("episode.jsonl", ""),
    ("a.md", "---\nid: a\ntype: semantic\n"),
    ("t.csv", "text,date\n"),
];

const PIECES: [&str; 56] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "\n",
    "---\n",
    "null",
    "true",
    "0",
    "-1.5e300",
    "\"a\"",
    "\"\"",
    "\"id\":\"a\",",
    "\"uuid\":\"a\",",
    "\"content\":\"x\",",
    "\"content\":{\"content\":\"x\"},",
    "\"value\":{\"text\":\"x\"},",
    "\"created_at\":1767225600,",
    "\"valid_at\":\"2026-01-01T00:00:00Z\",",
    "\"invalid_at\":\"2026-01-01\",",
    "\"fact\":\"x\",",
    "\"tags\":[\"a\",1],",
    "\"tags\":\"a,b\",",
    "\"metadata\":{\"open_memory\":{\"id\":\"mem_0123456789abcdef\"}},",
    "\"metadata\":{\"open_memory\":\"{}\"},",
    "\"temporal\":{\"valid_until\":\"2026-01-01\"},",
    "\"status\":\"superseded\",",
    "\"role\":\"user\",",
    "\"role\":\"assistant\",",
    "\"message\":\"x\",",
    "\"sender\":\"human\",",
    "\"parent_id\":\"a\",",
    "\"parent_response_id\":\"a\",",
    "\"_id\":\"a\",",
    "\"response\":{",
    "\"tool_calls\":[{\"name\":\"send_message\",\"arguments\":\"{}\"}],",
    "\"blocks\":[{\"label\":\"human\",\"value\":\"x\"}],",
    "\"thread_id\":\"t\",",
    "\"type\":\"message\",",
    "\"text\":{\"value\":\"x\"},",
    "\"details\":\"x\",",
    "\"subject\":\"a\",\"predicate\":\"b\",\"object\":\"c\",",
    "\"kind\":\"Triple\",",
    "title: x\n",
    "tags: [a]\n",
    "temporal: {ttl: P1D}\n",
    "x,2026-01-01\n",
    "\"x\"\"y\",1\n",
    ";",
    "\t",
    "é",
    "\u{1F600}",
];

proptest! {
    #[test]
    fn nothing_that_begins_well_makes_a_reader_or_writer_panic(
        format in 0..FORMATS.len(),
        head in 0..HEADS.len(),
        pieces in proptest::collection::vec(0..PIECES.len(), 0..40),
    ) {
        let (name, head) = HEADS[head];
        let text: String = std::iter::once(head).chain(pieces.into_iter().map(|piece| PIECES[piece])).collect();
        bear(FORMATS[format], name, text.as_bytes());
    }
}
