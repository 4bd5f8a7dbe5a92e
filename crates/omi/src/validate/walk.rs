//! Goes through a file of either form and has its parts judged.

use std::collections::HashSet;
use std::io::{self, Read};

use serde_json::value::RawValue;

use super::ValidateOptions;
use super::envelope::KNOWN;
use super::finding::{Code, Finding};
use super::ids::{Ids, hash};
use super::judge::{DUPLICATE_MEMBER, Judge};
use super::place::{Base, Piece, Place};
use super::report::Report;
use crate::frames::{Frame, FrameError, FrameErrorKind, Frames};
use crate::json::locate::{Step, locate};
use crate::json::members::{self, Borrowed};
use crate::json::{Kind, syntax};
use crate::reader::is_header;
use crate::{Layout, Position, Serialization, detect};

/// The state of one pass.
pub(super) struct Walk<'s> {
    options: &'s ValidateOptions,
    judge: Judge<'s>,
    ids: Ids,
    /// Index of the next record.
    index: u64,
    /// A line, good or bad, has been met.
    any_line: bool,
    layout: Option<Layout>,
    document: Document,
    /// The envelope that holds for the next record has a subject.
    subject: bool,
    /// Records without a subject in a document whose subject may still come.
    waiting: Vec<(u64, Position)>,
    /// How many of them there are.
    waiting_count: u64,
    /// Where the top-level object begins.
    top: Position,
    failed: bool,
}

/// What is known of a document's envelope. The last value of a name counts, so they are judged at the end.
#[derive(Default)]
struct Document {
    members: Vec<(&'static str, String, Position)>,
    /// Hashes of the names met.
    names: HashSet<u64>,
    memories: bool,
    /// A `memories` that is no array: the first byte of its text, which tells its type. A later array takes its place.
    wrong_memories: Option<(String, Position)>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(options: &'s ValidateOptions, sink: &'s mut dyn FnMut(Finding)) -> Self {
        Self {
            options,
            judge: Judge::new(sink),
            ids: Ids::default(),
            index: 0,
            any_line: false,
            layout: None,
            document: Document::default(),
            subject: false,
            waiting: Vec::new(),
            waiting_count: 0,
            top: Position::START,
            failed: false,
        }
    }

    pub(super) fn run(mut self, read: impl Read) -> io::Result<Report> {
        let (mut frames, form) = detect::open(read, self.options.serialization, self.options.limits);
        let form =
            form.map_err(|error| error.kind.into_io().unwrap_or_else(|| io::ErrorKind::Other.into()))?;
        if form == Serialization::Json {
            self.layout = Some(Layout::Document);
        }
        loop {
            self.top = frames.top();
            let Some(frame) = frames.next() else { break };
            match frame {
                Ok(frame) => self.frame(&frame),
                Err(error) => self.fault(error)?,
            }
        }
        self.finish(&frames);
        let mut report = self.judge.report;
        report.serialization = Some(self.layout.map_or(form, Layout::serialization));
        report.layout = self.layout;
        report.records = self.index;
        report.settle();
        Ok(report)
    }

    fn frame(&mut self, frame: &Frame<'_>) {
        match *frame {
            Frame::Member { name, raw, position } => self.document_member(name, raw, position),
            Frame::Open { position, .. } => {
                self.document_name("memories", position);
                self.document.memories = true;
                self.document.wrong_memories = None;
            }
            Frame::Element { raw, position, .. } => self.record_text(raw, position),
            Frame::Line { raw, position } => self.line(raw, position),
        }
    }

    fn document_name(&mut self, name: &str, position: Position) {
        if !self.document.names.insert(hash(0, name)) {
            self.judge.find(Code::DuplicateMember, Base::Member(name).path(), position, DUPLICATE_MEMBER);
        }
    }

    fn document_member(&mut self, name: &str, raw: &str, position: Position) {
        self.document_name(name, position);
        if let Err(mistake) = check(raw) {
            self.not_json(
                Base::Member(name),
                position.after(&raw.as_bytes()[..mistake.offset]),
                mistake.message,
            );
            self.document.memories |= name == "memories";
            self.document.members.retain(|(other, ..)| *other != name);
            return;
        }
        if name == "memories" {
            self.document.memories = true;
            self.document.wrong_memories = raw.get(..1).map(|first| (first.to_owned(), position));
        } else if let Some(known) = KNOWN.into_iter().find(|known| *known == name) {
            self.subject |= known == "subject";
            // All that is asked of `ext` is its type, and it may be large.
            let raw = if known == "ext" && raw.starts_with('{') { "{}" } else { raw };
            self.document.members.retain(|(other, ..)| *other != known);
            self.document.members.push((known, raw.to_owned(), position));
        }
    }

    fn line(&mut self, raw: &str, position: Position) {
        self.leave_document();
        let first = !std::mem::replace(&mut self.any_line, true);
        let members = if raw.starts_with('{') { members::split(raw).ok() } else { None };
        let Some(members) = members else {
            self.record_text(raw, position);
            return;
        };
        if is_header(members.get("format").is_some(), members.get("content").is_some()) {
            if !first {
                let message = match self.layout {
                    Some(Layout::Headed) => {
                        "A second header begins here; joined exports are not one file. Split the file here."
                    }
                    _ => "A header may only be the first line. Move it there.",
                };
                self.judge.find(Code::LateHeader, Base::Root.path(), position, message);
            }
            self.layout.get_or_insert(Layout::Headed);
            self.header(raw, position);
            return;
        }
        if self.layout.is_none() {
            self.layout = Some(Layout::Bare);
            let message = "The file has no header line, so its version and subject are unknown. Put the envelope \
                           without `memories` on the first line.";
            self.judge.find(Code::MissingHeader, Base::Root.path(), position, message);
        }
        self.record_text(raw, position);
    }

    /// What was taken for a document on one line was a header with records (omi.md JL4).
    fn leave_document(&mut self) {
        if self.layout != Some(Layout::Document) {
            return;
        }
        self.layout = Some(Layout::Headed);
        self.any_line = true;
        if self.index > 0 {
            self.records_in_header(self.top);
        }
        self.missing_in_document();
        self.settle_document();
    }

    fn header(&mut self, raw: &str, position: Position) {
        let piece = Piece { raw, position, base: Base::Root };
        let root = Place::of(&piece);
        let Some(members) = self.judge.object(&root, raw) else { return };
        for name in ["format", "version"] {
            if members.get(name).is_none() {
                self.judge.missing_in_envelope(&root, name);
            }
        }
        for name in KNOWN {
            if let Some(raw) = members.get(name) {
                self.judge.envelope_member(&root.member(name), name, raw, Serialization::JsonLines);
            }
        }
        self.subject = members.get("subject").is_some();
        let Some(memories) = members.get("memories") else { return };
        let place = root.member("memories");
        let start = locate(raw, &[Step::Member("memories")]).unwrap_or(0);
        let records = self.judge.array(&place, memories);
        if !records.is_empty() {
            self.records_in_header(place.position());
        }
        let start = position.after(&raw.as_bytes()[..start]);
        for record in records {
            let before = record.as_ptr().addr() - memories.as_ptr().addr();
            self.record_text(record, start.after(&memories.as_bytes()[..before]));
        }
    }

    fn records_in_header(&mut self, position: Position) {
        let message = "In JSON Lines records stand on lines of their own, not in the header's `memories`. Leave it out \
                       of the header.";
        self.judge.find(Code::RecordsInHeader, Base::Member("memories").path(), position, message);
    }

    /// Judges what stands in a record's place.
    fn record_text(&mut self, raw: &str, position: Position) {
        let piece = Piece { raw, position, base: Base::Record(self.index) };
        let place = Place::of(&piece);
        let index = self.index;
        self.index += 1;
        if !raw.starts_with('{') {
            match check(raw) {
                Ok(()) => {
                    let message =
                        format!("A record must be an object, but this is {}.", Kind::of(raw).noun());
                    self.judge.find_at(Code::WrongType, &place, message);
                }
                Err(mistake) => {
                    let position = position.after(&raw.as_bytes()[..mistake.offset]);
                    self.not_json(Base::Record(index), position, mistake.message);
                }
            }
            return;
        }
        match members::split(raw) {
            Ok(members) => self.record(&place, raw, &members, index, position),
            Err(mistake) => {
                let position = position.after(&raw.as_bytes()[..mistake.offset]);
                self.not_json(Base::Record(index), position, mistake.message);
            }
        }
    }

    fn record(
        &mut self,
        place: &Place<'_>,
        raw: &str,
        members: &Borrowed<'_>,
        index: u64,
        position: Position,
    ) {
        self.judge.repeated_names(place, raw, members);
        let own = self.judge.record(place, members, &mut self.ids, index);
        if own || self.subject {
            return;
        }
        if self.layout == Some(Layout::Document) {
            self.waiting_count += 1;
            if self.waiting.len() < self.options.per_code {
                self.waiting.push((index, position));
            }
        } else {
            self.missing_subject(index, position);
        }
    }

    fn missing_subject(&mut self, index: u64, position: Position) {
        let path = format!("{}.subject", Base::Record(index).path());
        let message =
            "At L1 a record needs a subject: its own, or one in the envelope that holds for all records.";
        self.judge.find(Code::MissingSubject, path, position, message);
    }

    fn not_json(&mut self, base: Base<'_>, position: Position, what: &str) {
        self.judge.find(Code::InvalidJson, base.path(), position, format!("This is not JSON: {what}."));
    }

    /// Reports what the scanner found.
    fn fault(&mut self, error: FrameError) -> io::Result<()> {
        self.failed |= error.is_fatal();
        let code = match error.kind {
            FrameErrorKind::Io(error) => return Err(error),
            FrameErrorKind::Empty => Code::EmptyFile,
            FrameErrorKind::WrongTop { .. } => Code::NotAnObject,
            FrameErrorKind::Utf8 => Code::InvalidUtf8,
            FrameErrorKind::TooLarge { .. } => Code::TooLarge,
            FrameErrorKind::TooDeep { .. } => Code::TooDeep,
            FrameErrorKind::Truncated { .. } => Code::Truncated,
            FrameErrorKind::Trailing => Code::TrailingData,
            FrameErrorKind::MissingComma
            | FrameErrorKind::ExtraComma
            | FrameErrorKind::MissingValue
            | FrameErrorKind::BadName
            | FrameErrorKind::Unexpected { .. } => Code::InvalidJson,
        };
        let in_record = match error.kind {
            FrameErrorKind::Utf8 | FrameErrorKind::TooLarge { .. } | FrameErrorKind::TooDeep { .. } => {
                self.layout != Some(Layout::Document) || error.index.is_some()
            }
            FrameErrorKind::Truncated { opened } => error.index.is_some() && opened != self.top,
            _ => false,
        };
        let path = if in_record {
            self.any_line = true;
            self.index += 1;
            Base::Record(self.index - 1).path()
        } else if let Some(member) = &error.member {
            // It is there, though nothing more can be said about it.
            self.document.names.insert(hash(0, member));
            self.document.memories |= member == "memories";
            self.subject |= member == "subject";
            Base::Member(member).path()
        } else {
            Base::Root.path()
        };
        let mut message = error.kind.to_string();
        if let Some(first) = message.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        self.judge.find(code, path, error.position, message + ".");
        Ok(())
    }

    fn finish<R: Read>(&mut self, frames: &Frames<R>) {
        if frames.has_byte_order_mark() {
            let message =
                "The file begins with a byte order mark; readers skip it. Write the file without one.";
            self.judge.find(Code::ByteOrderMark, Base::Root.path(), Position::START, message);
        }
        if self.layout == Some(Layout::Document) {
            self.missing_in_document();
            self.settle_document();
        } else if !self.any_line && self.index == 0 {
            let message = "The file is empty. Even an export of nothing has an envelope.";
            self.judge.find(Code::EmptyFile, Base::Root.path(), Position::START, message);
        }
    }

    fn missing_in_document(&mut self) {
        // Of a file that broke off, nobody knows what else was in it.
        if self.failed {
            return;
        }
        let piece = Piece { raw: "{}", position: self.top, base: Base::Root };
        for name in ["format", "version", "memories"] {
            let there = match name {
                "memories" => self.document.memories,
                _ => self.document.names.contains(&hash(0, name)),
            };
            if !there {
                self.judge.missing_in_envelope(&Place::of(&piece), name);
            }
        }
    }

    /// Judges the envelope of a document, now that all of it is known.
    fn settle_document(&mut self) {
        let actual = self.layout.map_or(Serialization::Json, Layout::serialization);
        if let Some((raw, position)) = self.document.wrong_memories.take() {
            let piece = Piece { raw: &raw, position, base: Base::Member("memories") };
            self.judge.wrong_type(&Place::of(&piece), &raw, "an array of records");
        }
        for (name, raw, position) in std::mem::take(&mut self.document.members) {
            let piece = Piece { raw: &raw, position, base: Base::Member(name) };
            self.judge.envelope_member(&Place::of(&piece), name, &raw, actual);
        }
        let waiting = std::mem::take(&mut self.waiting);
        let told = waiting.len() as u64;
        // Of a file that broke off, the rest may have had the subject.
        if !self.subject && !self.failed {
            for (index, position) in waiting {
                self.missing_subject(index, position);
            }
            if self.waiting_count > told {
                self.judge.report.count(Code::MissingSubject, self.waiting_count - told);
            }
        }
        self.waiting_count = 0;
    }
}

/// Whether `raw` is JSON, and if not why.
fn check(raw: &str) -> Result<(), syntax::Mistake> {
    if serde_json::from_str::<&RawValue>(raw).is_ok() { Ok(()) } else { syntax::check(raw) }
}
