//! What must hold of any bytes.

use std::io::Cursor;

use omi::frames::Limits;
use omi::{
    ConvertError, ConvertOptions, Envelope, Item, Level, ReadOptions, Reader, Record, Serialization, ValidateOptions,
    Writer, convert_with, validate_with,
};

const LIMITS: Limits = Limits { frame_bytes: 1 << 16, depth: 127 };

/// Judges, reads, writes and converts `bytes`.
pub fn exercise(bytes: &[u8], form: Option<Serialization>) {
    let length = bytes.len() as u64;
    let lines = 1 + bytes.iter().filter(|byte| **byte == b'\n').count() as u64;

    let options = ValidateOptions { serialization: form, limits: LIMITS, per_code: 10 };
    let mut told = 0;
    let report = validate_with(bytes, &options, |finding| {
        told += 1;
        assert!(finding.line <= lines && finding.column <= length + 1, "{finding:?}");
        assert!(finding.path.starts_with('$'));
    });
    let report = report.expect("memory can be read");
    assert!(told <= report.total());
    assert_eq!(report.level.is_none(), report.counts.keys().any(|code| code.level() == Some(Level::L0)));

    let options = ReadOptions { serialization: form, limits: LIMITS };
    let Outcome { envelope, records, count, clean } = read(bytes, options, length);
    assert_eq!(count, report.records, "the reader and the judge count the same records");
    if report.level.is_some() {
        assert!(clean, "what is L0 reads without fault");
    }

    for to in [Serialization::Json, Serialization::JsonLines] {
        let mut out = Vec::new();
        let convert_options = ConvertOptions { from: form, limits: LIMITS, ..ConvertOptions::default() };
        match convert_with(Cursor::new(bytes), &mut out, to, &convert_options) {
            Ok(report) if report.is_lossless() => {
                assert!(std::str::from_utf8(&out).is_ok());
            }
            Ok(_) | Err(ConvertError::Unreadable { .. } | ConvertError::SeveralEnvelopes { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    let (Some(envelope), true) = (envelope, clean) else { return };
    // Records written as lines can be read back unless they look like headers, which only documents can hold.
    let records = &records;
    let pretty = write(Writer::document(Vec::new(), &envelope, true), records);
    let compact = write(Writer::document(Vec::new(), &envelope, false), records);
    let first = reread(&pretty, Serialization::Json);
    let second = reread(&compact, Serialization::Json);
    assert_eq!(write(Writer::document(Vec::new(), &first.0, false), &first.1), compact);
    assert_eq!(write(Writer::document(Vec::new(), &second.0, true), &second.1), pretty);
    let names = |record: &Record| record.names().map(str::to_owned).collect::<Vec<_>>();
    assert!(records.iter().map(names).eq(first.1.iter().map(names)), "all members are there");

    let is_header = |members: &omi::Members| members.contains("format") && !members.contains("content");
    if is_header(&envelope) && !records.iter().any(|record| is_header(record)) {
        let lines = write(Writer::lines(Vec::new(), &envelope), records);
        let third = reread(&lines, Serialization::JsonLines);
        assert_eq!(write(Writer::lines(Vec::new(), &third.0), &third.1), lines);
        assert_eq!(write(Writer::document(Vec::new(), &third.0, true), &third.1), pretty);
    }
}

/// What a reader gave.
struct Outcome {
    /// The last envelope.
    envelope: Option<Envelope>,
    /// The good records.
    records: Vec<Record>,
    /// How many records there were, good or bad.
    count: u64,
    /// Whether all went well.
    clean: bool,
}

fn read(bytes: &[u8], options: ReadOptions, length: u64) -> Outcome {
    let (mut envelope, mut records, mut count, mut clean) = (None, Vec::new(), 0, true);
    let mut reader = Reader::new(bytes, options);
    for item in &mut reader {
        match item {
            Item::Envelope(found) => {
                clean &= envelope.is_none();
                envelope = Some(found);
            }
            Item::Record { index, position, record } => {
                assert_eq!(index, count);
                assert!(position.offset <= length);
                count += 1;
                records.push(record);
            }
            Item::Bad { index, position, .. } => {
                assert!(position.offset <= length);
                if let Some(index) = index {
                    assert_eq!(index, count);
                    count += 1;
                }
                clean = false;
            }
            Item::Warning { .. } => {}
        }
    }
    if envelope.is_some() {
        envelope = Some(reader.envelope().clone());
    }
    Outcome { envelope, records, count, clean }
}

fn write(writer: std::io::Result<Writer<Vec<u8>>>, records: &[Record]) -> Vec<u8> {
    let mut writer = writer.expect("memory can be written");
    for record in records {
        writer.write(record).expect("memory can be written");
    }
    writer.finish().expect("memory can be written")
}

fn reread(bytes: &[u8], form: Serialization) -> (Envelope, Vec<Record>) {
    // Indentation makes a text longer than what it was read from.
    let limits = Limits { frame_bytes: 1 << 28, depth: 127 };
    let options = ReadOptions { serialization: Some(form), limits };
    let Outcome { envelope, records, clean, .. } = read(bytes, options, bytes.len() as u64);
    assert!(clean, "what is written reads without fault");
    (envelope.expect("what is written has an envelope"), records)
}
