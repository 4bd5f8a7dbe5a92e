//! Reads files of both forms, one record at a time.

mod item;
mod two_pass;

use std::collections::VecDeque;
use std::fmt;
use std::io::Read;

use serde_json::value::RawValue;

pub use self::item::{Item, ReadError, Warning};
use crate::detect;
use crate::frames::{Frame, FrameError, FrameErrorKind, Frames, Limits};
use crate::json::Kind;
use crate::json::locate::{Step, locate};
use crate::json::members::{elements, mistake};
use crate::{Envelope, Layout, Members, Position, Record, Serialization};

/// How a file is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// The form of the file; by default its content decides (omi.md JL13).
    pub serialization: Option<Serialization>,
    /// How much is taken at once.
    pub limits: Limits,
}

/// Reads an OMI file as an iterator over [`Item`]s, in constant memory.
///
/// It is tolerant: what cannot be read is an [`Item::Bad`] and reading goes on after it (omi.md JL10). It does not
/// judge: a record without `content` is a record. [`validate`](crate::validate()) judges.
///
/// The first item that is neither bad nor a warning is the envelope (an implied one for JSON Lines without a header,
/// JL5). In a document members may also stand after the records, and `subject` may be one of them: then that item
/// holds what stands before the records, and [`envelope`](Self::envelope) is complete after the last item.
/// [`two_pass`](Self::two_pass) looks ahead where the source can seek, so that the item is complete.
///
/// ```
/// use omi::{Item, ReadOptions, Reader};
///
/// let text = r#"{"format":"open-memory-interchange","version":"0.1","subject":{"id":"u-7"}}
/// {"id":"m-1","content":"Uses metric units.","created":"2026-03-04T05:06:07Z"}
/// {"id":"m-2","content":
/// "#;
/// let (mut records, mut bad) = (0, 0);
/// for item in Reader::new(text.as_bytes(), ReadOptions::default()) {
///     match item {
///         Item::Record { record, .. } => { assert_eq!(record.id().as_deref(), Some("m-1")); records += 1 }
///         Item::Bad { position, .. } => { assert_eq!(position.line, 3); bad += 1 }
///         Item::Envelope(envelope) => assert_eq!(envelope.subject().unwrap().id, "u-7"),
///         Item::Warning { .. } => {}
///     }
/// }
/// assert_eq!((records, bad), (1, 1));
/// ```
pub struct Reader<R> {
    frames: Frames<R>,
    envelope: Envelope,
    layout: Option<Layout>,
    /// An array `memories` has been met in a document.
    listed: bool,
    /// The envelope has been handed out.
    announced: bool,
    /// The envelope was complete before the first record; the members met on the way are known.
    complete: bool,
    /// Index of the next record.
    index: u64,
    /// Nothing but a byte order mark and white space has been met.
    blank: bool,
    mark_told: bool,
    /// A fatal fault has been met.
    failed: bool,
    done: bool,
    queue: VecDeque<Item>,
}

impl<R: Read> Reader<R> {
    /// Reads from `read`, in one pass.
    pub fn new(read: R, options: ReadOptions) -> Self {
        let (frames, form) = detect::open(read, options.serialization, options.limits);
        match form {
            Ok(Serialization::Json) => Self::from_frames(frames, Some(Layout::Document)),
            Ok(Serialization::JsonLines) => Self::from_frames(frames, None),
            Err(error) => {
                let mut reader = Self::from_frames(frames, None);
                reader.fault(error);
                reader.done = true;
                reader
            }
        }
    }

    fn from_frames(frames: Frames<R>, layout: Option<Layout>) -> Self {
        Self {
            frames,
            envelope: Envelope::default(),
            layout,
            listed: false,
            announced: false,
            complete: false,
            index: 0,
            blank: true,
            mark_told: false,
            failed: false,
            done: false,
            queue: VecDeque::new(),
        }
    }

    /// The envelope as far as it is known: all of it after the last item.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The layout, once it is known: in JSON Lines the first good line decides between headed and bare.
    pub fn layout(&self) -> Option<Layout> {
        self.layout
    }

    /// Whether the document has the `memories` that it must have (omi.md R1), as far as it has been read.
    pub fn has_memories(&self) -> bool {
        self.listed
    }

    /// The form, once it is known.
    pub fn serialization(&self) -> Option<Serialization> {
        self.layout.map(Layout::serialization)
    }

    /// Takes one frame from the scanner and queues what it means.
    fn pull(&mut self) {
        let Some(frame) = self.frames.next() else {
            self.tell_mark();
            self.finish();
            return;
        };
        match frame {
            Ok(Frame::Member { name, raw, position }) => {
                if name == "memories" {
                    let found = Kind::of(raw).noun();
                    self.queue.push_back(bad(None, position, ReadError::MemoriesNotAnArray { found }));
                } else if let Ok(value) = serde_json::from_str::<&RawValue>(raw) {
                    if !self.complete {
                        self.envelope.push_raw(name, value.to_owned());
                    }
                } else {
                    self.queue.push_back(syntax(None, position, raw));
                }
                self.blank = false;
            }
            Ok(Frame::Open { position, .. }) => {
                self.listed = true;
                self.blank = false;
                if self.announced {
                    self.warn(Warning::RepeatedMemories, position);
                } else {
                    self.announce();
                }
            }
            Ok(Frame::Element { raw, position, .. }) => {
                let item = record(self.index, position, raw);
                self.queue.push_back(item);
                self.index += 1;
            }
            Ok(Frame::Line { raw, position }) => {
                // The text is read before the scanner is let go.
                let line = if Kind::of(raw) == Kind::Object {
                    Members::parse(raw).map_err(|_| syntax(Some(self.index), position, raw))
                } else {
                    Err(record(self.index, position, raw))
                };
                let memories = position.after(&raw.as_bytes()[..memories_offset(&line, raw)]);
                self.tell_mark();
                self.line(line, position, memories);
            }
            Err(error) => {
                self.tell_mark();
                self.fault(error);
            }
        }
        self.tell_mark();
    }

    /// A line that is an object or a bad item.
    fn line(&mut self, line: Result<Members, Item>, position: Position, memories: Position) {
        if self.layout == Some(Layout::Document) {
            // A document on one line, with lines after it: it was a header with records in it (omi.md JL4).
            self.layout = Some(Layout::Headed);
            if self.index > 0 {
                self.warn(Warning::RecordsInHeader, self.frames.top());
            }
        }
        match line {
            Err(item) => {
                self.queue.push_back(item);
                self.index += 1;
            }
            Ok(members) if is_header(members.contains("format"), members.contains("content")) => {
                self.header(members, position, memories);
            }
            Ok(members) => {
                if self.layout.is_none() {
                    self.layout = Some(Layout::Bare);
                    self.warn(Warning::MissingHeader, position);
                    self.envelope = implied_envelope();
                    self.announce();
                }
                self.queue.push_back(Item::Record {
                    index: self.index,
                    position,
                    record: Record::from(members),
                });
                self.index += 1;
            }
        }
        self.blank = false;
    }

    fn header(&mut self, members: Members, position: Position, place: Position) {
        if self.layout.is_some() || !self.blank {
            self.warn(Warning::LaterHeader, position);
        }
        self.layout.get_or_insert(Layout::Headed);
        let memories = members.get("memories").map(ToOwned::to_owned);
        self.envelope = Envelope::from(members);
        self.announce();
        let Some(memories) = memories else { return };
        let raw = memories.get();
        if Kind::of(raw) != Kind::Array {
            let found = Kind::of(raw).noun();
            self.queue.push_back(bad(None, place, ReadError::MemoriesNotAnArray { found }));
            return;
        }
        let records = elements(raw);
        if !records.is_empty() {
            self.warn(Warning::RecordsInHeader, position);
        }
        for element in records {
            let before = element.as_ptr().addr() - raw.as_ptr().addr();
            let position = place.after(&raw.as_bytes()[..before]);
            self.queue.push_back(record(self.index, position, element));
            self.index += 1;
        }
    }

    /// A fault that the scanner found.
    fn fault(&mut self, error: FrameError) {
        self.blank = false;
        self.failed |= error.is_fatal();
        if self.failed && self.layout == Some(Layout::Document) {
            self.announce_late();
        }
        let in_record = match error.kind {
            FrameErrorKind::Utf8 | FrameErrorKind::TooLarge { .. } | FrameErrorKind::TooDeep { .. } => {
                self.layout != Some(Layout::Document) || error.index.is_some()
            }
            // Of the faults between the records only a record that is cut off stands in a record's place.
            FrameErrorKind::Truncated { opened } => error.index.is_some() && opened != self.frames.top(),
            _ => false,
        };
        let index = in_record.then_some(self.index);
        self.index += u64::from(in_record);
        self.queue.push_back(bad(index, error.position, ReadError::Frame(error.kind)));
    }

    fn finish(&mut self) {
        self.done = true;
        if self.layout.is_none() && self.blank {
            self.queue.push_back(bad(None, Position::START, ReadError::Frame(FrameErrorKind::Empty)));
        } else if self.layout == Some(Layout::Document) {
            self.announce_late();
        }
    }

    /// Announces the envelope of a document that has no `memories`, unless it is no document at all.
    fn announce_late(&mut self) {
        let no_document = self.failed && self.envelope.is_empty();
        if !self.announced && !no_document {
            self.announce();
        }
    }

    fn announce(&mut self) {
        self.announced = true;
        self.queue.push_back(Item::Envelope(self.envelope.clone()));
    }

    fn warn(&mut self, warning: Warning, position: Position) {
        self.queue.push_back(Item::Warning { warning, position });
    }

    fn tell_mark(&mut self) {
        if self.frames.has_byte_order_mark() && !self.mark_told {
            self.mark_told = true;
            self.queue
                .push_front(Item::Warning { warning: Warning::ByteOrderMark, position: Position::START });
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        loop {
            if let Some(item) = self.queue.pop_front() {
                return Some(item);
            }
            if self.done {
                return None;
            }
            self.pull();
        }
    }
}

impl<R> fmt::Debug for Reader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("layout", &self.layout)
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

/// Whether a line is an envelope (omi.md JL3).
pub(crate) fn is_header(has_format: bool, has_content: bool) -> bool {
    has_format && !has_content
}

/// Where in the text of a header its records begin, should it have any.
fn memories_offset<E>(line: &Result<Members, E>, raw: &str) -> usize {
    let there = line.as_ref().is_ok_and(|members| members.contains("memories"));
    if there { locate(raw, &[Step::Member("memories")]).unwrap_or(0) } else { 0 }
}

/// What a file without a header means (omi.md JL5).
pub(crate) fn implied_envelope() -> Envelope {
    let mut envelope = Envelope::new();
    envelope.set_serialization(Serialization::JsonLines);
    envelope
}

fn bad(index: Option<u64>, position: Position, error: ReadError) -> Item {
    Item::Bad { index, position, error }
}

fn syntax(index: Option<u64>, position: Position, raw: &str) -> Item {
    let mistake = mistake(raw);
    let place = position.after(&raw.as_bytes()[..mistake.offset]);
    bad(index, place, ReadError::Syntax(mistake.message))
}

/// What stands in a record's place.
fn record(index: u64, position: Position, raw: &str) -> Item {
    if raw.starts_with('{') {
        return match Record::parse(raw) {
            Ok(record) => Item::Record { index, position, record },
            Err(_) => syntax(Some(index), position, raw),
        };
    }
    if serde_json::from_str::<&RawValue>(raw).is_err() {
        return syntax(Some(index), position, raw);
    }
    bad(Some(index), position, ReadError::NotAnObject { found: Kind::of(raw).noun() })
}
