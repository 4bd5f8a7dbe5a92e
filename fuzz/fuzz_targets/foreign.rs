//! Any bytes as a file of any other tool: no panic, whatever is recognised; and what is read is written, and read
//! again, in every format that has a writer. The first byte chooses the format, the second how the file is called.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use omp_formats::interchange::{Context, from_record};
use omp_formats::format::{Write, WriteOptions, candidates};
use omp_formats::testing::{Found, NOW, Written, read};
use omp_formats::write::{Outgoing, RecordWriter};
use omp_formats::{FORMATS, Format, Input, Limits, Place};

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

fuzz_target!(|bytes: &[u8]| {
    let [format, name, bytes @ ..] = bytes else { return };
    let format = FORMATS[usize::from(*format) % FORMATS.len()];
    let name = NAMES[usize::from(*name) % NAMES.len()];
    let limits = Limits { item_bytes: 1 << 16, text_bytes: 1 << 16, files: 50, expanded: 1 << 20, ..Limits::default() };
    let Ok(mut input) = Input::file(Cursor::new(bytes.to_vec()), Some(name), limits) else { return };
    candidates(&mut input);
    let (found, _) = read(format.name(), &mut input);
    for record in &found.records {
        // What says nothing is refused with a reason.
        let _ = from_record(record, Context { subject: None, fallback: NOW });
    }
    if let Some(write) = format.write() {
        again(format, &write, &found);
    }
});

fn again(format: &dyn Format, write: &Write, found: &Found) {
    let records = || (0..).zip(&found.records);
    let feed = |mut writer: Box<dyn RecordWriter + '_>| {
        let mut report = Found::default();
        for (index, record) in records() {
            let Ok(outgoing) = Outgoing::new(record.clone(), None, NOW, Place::default().index(index)) else { continue };
            writer.write(&outgoing, &mut report).expect("in memory");
        }
        writer.finish(&mut report).expect("in memory");
    };
    let options = WriteOptions { now: NOW };
    let (mut out, mut files) = (Vec::new(), Written::default());
    match write {
        Write::File { begin, .. } => feed(begin(Box::new(&mut out), options).expect("in memory")),
        Write::Folder { begin } => feed(begin(Box::new(&mut files), options).expect("in memory")),
    }
    for (path, bytes) in files.0.iter().map(|(path, text)| (path.as_str(), text.as_bytes())).chain([("out", &out[..])]) {
        if let Ok(mut input) = Input::file(Cursor::new(bytes.to_vec()), Some(path), Limits::default()) {
            let _ = read(format.name(), &mut input);
        }
    }
}
