//! Any bytes as an OMP export: no panic, and what is read as a memory is written and read again as the same one.
#![no_main]

use libfuzzer_sys::fuzz_target;
use omp_formats::omp::{Entry, Reader, Writer, survey};
use omp_formats::sniff::sniff;
use omp_model::{ErrorCode, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    sniff(bytes);
    let survey = survey(bytes);
    let entries: Vec<Entry> = Reader::new(bytes).collect();
    let broken = entries
        .iter()
        .any(|entry| matches!(entry, Entry::Broken { error, .. } if error.code == ErrorCode::InvalidJson));
    assert!(survey.is_err() || !broken, "a document that is no JSON passed the survey");

    let memories: Vec<_> =
        entries.into_iter().filter_map(|e| if let Entry::Memory { memory, .. } = e { Some(*memory) } else { None }).collect();
    let mut writer = Writer::new(Vec::new(), Timestamp::from_millis(0)).unwrap();
    for memory in &memories {
        writer.memory(memory).unwrap();
    }
    let written = writer.finish().unwrap();
    let again: Vec<_> = Reader::new(written.as_slice())
        .map(|entry| match entry {
            Entry::Memory { memory, .. } => *memory,
            other => panic!("what we wrote is not what we read: {other:?}"),
        })
        .collect();
    assert_eq!(memories, again);
});
