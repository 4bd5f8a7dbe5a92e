//! For tests of formats: what a reader finds, as lists; what a writer writes, as text.

use std::io::Cursor;

use omi::Record;
use omp_model::{Conversation, Memory, Timestamp};

use crate::format::{Write, WriteOptions, find};
use crate::interchange::{Context, from_record};
use crate::write::{Files, Outgoing};
use crate::{Draft, Fate, Input, Limits, Note, Place, ReadOptions, Sink, Stop, Talk};

/// All that a reader found.
#[derive(Debug, Default)]
pub struct Found {
    /// Records, as they would be kept.
    pub records: Vec<Record>,
    /// Conversations, as they would be kept.
    pub conversations: Vec<Conversation>,
    /// Report entries: what became of what kind, where, and why.
    pub notes: Vec<(Fate, String, String, String)>,
    now: Timestamp,
}

impl Found {
    /// The memories of the records.
    pub fn memories(&self) -> Vec<Memory> {
        let context = Context { subject: None, fallback: self.now };
        self.records.iter().flat_map(|record| from_record(record, context).expect("has text").parts).collect()
    }

    /// The texts of the memories.
    pub fn texts(&self) -> Vec<String> {
        self.records.iter().map(|record| record.content().unwrap_or_default().into_owned()).collect()
    }

    /// How many notes there are of this fate and kind.
    pub fn count(&self, fate: Fate, kind: &str) -> usize {
        self.notes.iter().filter(|note| note.0 == fate && note.1 == kind).count()
    }
}

impl Sink for Found {
    fn memory(&mut self, draft: Draft) -> Result<(), Stop> {
        let now = self.now;
        let record = draft.into_record(now, self);
        self.records.push(record);
        Ok(())
    }

    fn conversation(&mut self, talk: Talk) -> Result<(), Stop> {
        let now = self.now;
        let conversations = talk.into_conversations(now, self);
        self.conversations.extend(conversations);
        Ok(())
    }

    fn note(&mut self, note: Note<'_>) {
        let Note { kind, what, place, fate } = note;
        self.notes.push((fate, kind.to_owned(), what.to_owned(), place.to_string()));
    }
}

/// The moment at which tests read and write: the start of 2030.
pub const NOW: Timestamp = Timestamp::from_millis(1_893_456_000_000);

/// Reads an input with the format of this name.
pub fn read(format: &str, input: &mut Input) -> (Found, Result<(), Stop>) {
    let mut found = Found { now: NOW, ..Found::default() };
    let format = find(format).expect("registered");
    let result = format.read(input, &ReadOptions::new(NOW), &mut found);
    (found, result)
}

/// Reads a table by a field map, which must be one.
pub fn read_mapped(format: &str, input: &mut Input, map: &str) -> (Found, Result<(), Stop>) {
    let mut found = Found { now: NOW, ..Found::default() };
    let options = ReadOptions { now: NOW, map: Some(crate::FieldMap::parse(map).expect("a map")) };
    let result = find(format).expect("registered").read(input, &options, &mut found);
    (found, result)
}

/// Reads one file, which must be readable to its end.
pub fn collect(format: &str, name: &str, bytes: &[u8]) -> Found {
    let (found, result) = read(format, &mut file(name, bytes));
    result.expect("readable to the end");
    found
}

/// Reads several files as a folder or archive would hold them.
pub fn collect_files(format: &str, files: &[(&str, &str)]) -> Found {
    let (found, result) = read(format, &mut archive(files));
    result.expect("readable to the end");
    found
}

/// One file as an input.
pub fn file(name: &str, bytes: &[u8]) -> Input {
    Input::file(Cursor::new(bytes.to_vec()), Some(name), Limits::default()).expect("readable")
}

/// A ZIP archive as an input.
pub fn archive(files: &[(&str, &str)]) -> Input {
    Input::file(Cursor::new(zip(files)), None, Limits::default()).expect("readable")
}

/// A ZIP archive.
pub fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).expect("in memory");
        std::io::Write::write_all(&mut writer, text.as_bytes()).expect("in memory");
    }
    writer.finish().expect("in memory").into_inner()
}

/// Which formats an input may be of, the surest first.
pub fn recognised(input: &mut Input) -> Vec<&'static str> {
    crate::format::candidates(input).into_iter().map(|candidate| candidate.name).collect()
}

/// The format that an input is taken for.
pub fn decided(input: &mut Input) -> Option<&'static str> {
    crate::format::decide(&crate::format::candidates(input)).map(|candidate| candidate.name)
}

/// Files in memory. One that begins with [`NO_TEXT`] is none of text.
#[derive(Debug, Default, Clone)]
pub struct Written(pub std::collections::BTreeMap<String, String>);

/// What stands for bytes that are no UTF-8.
pub const NO_TEXT: &str = "\0no text";

impl Files for &mut Written {
    fn existing(&mut self, path: &str) -> std::io::Result<Option<String>> {
        match self.0.get(path) {
            Some(text) if text.starts_with(NO_TEXT) => Err(std::io::ErrorKind::InvalidData.into()),
            text => Ok(text.cloned()),
        }
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> std::io::Result<()> {
        self.0.insert(path.to_owned(), String::from_utf8(bytes.to_vec()).map_err(std::io::Error::other)?);
        Ok(())
    }

    fn finish(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes records in a format that is one file; the text, and what the writer reports.
pub fn write(format: &str, records: &[Record]) -> (String, Found) {
    let Some(Write::File { begin, .. }) = find(format).and_then(crate::Format::write) else {
        panic!("{format} is not written as one file");
    };
    let (mut out, mut report) = (Vec::new(), Found { now: NOW, ..Found::default() });
    let mut writer = begin(Box::new(&mut out), WriteOptions { now: NOW }).expect("in memory");
    for (index, record) in (0..).zip(records) {
        let outgoing =
            Outgoing::new(record.clone(), None, NOW, Place::default().index(index)).expect("has text");
        writer.write(&outgoing, &mut report).expect("in memory");
    }
    writer.finish(&mut report).expect("in memory");
    (String::from_utf8(out).expect("text"), report)
}

/// Writes records in a format that is a folder, into `files`; what the writer reports.
pub fn write_files(format: &str, records: &[Record], files: &mut Written) -> Found {
    let Some(Write::Folder { begin }) = find(format).and_then(crate::Format::write) else {
        panic!("{format} is not written as a folder");
    };
    let mut report = Found { now: NOW, ..Found::default() };
    let mut writer = begin(Box::new(&mut *files), WriteOptions { now: NOW }).expect("in memory");
    for (index, record) in (0..).zip(records) {
        let outgoing =
            Outgoing::new(record.clone(), None, NOW, Place::default().index(index)).expect("has text");
        writer.write(&outgoing, &mut report).expect("in memory");
    }
    writer.finish(&mut report).expect("in memory");
    report
}
