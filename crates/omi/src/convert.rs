//! Turns one form into the other.

use std::io::{self, Read, Seek, Write};

use serde::Serialize;

use crate::frames::{FrameErrorKind, Limits};
use crate::{Item, Layout, Position, ReadError, ReadOptions, Reader, Serialization, Warning, Writer};

/// How a file is converted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvertOptions {
    /// The form of the source; by default its content decides.
    pub from: Option<Serialization>,
    /// Whether a document is written over several lines with indentation, or on one line.
    pub pretty: bool,
    /// How much is taken at once.
    pub limits: Limits,
    /// How many problems are kept; all are counted.
    pub problems: usize,
}

impl Default for ConvertOptions {
    fn default() -> Self {
        Self { from: None, pretty: true, limits: Limits::default(), problems: 100 }
    }
}

/// What [`convert`] did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConvertReport {
    /// The layout of the source.
    pub from: Layout,
    /// The form of the result.
    pub to: Serialization,
    /// How many records were carried over.
    pub records: u64,
    /// How many things could not be read and are not in the result.
    pub skipped: u64,
    /// What they are; only the first [`problems`](ConvertOptions::problems).
    pub problems: Vec<Problem>,
}

impl ConvertReport {
    /// Whether all of the source is in the result.
    pub fn is_lossless(&self) -> bool {
        self.skipped == 0
    }
}

/// Something that could not be carried over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its place among the records, if it stood in a record's place.
    pub index: Option<u64>,
    /// Where the fault is.
    pub position: Position,
    /// What is wrong.
    pub message: String,
}

/// Why nothing, or not all, was converted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConvertError {
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The source is no OMI file.
    #[error("{position}: {error}")]
    Unreadable {
        /// Where the fault is.
        position: Position,
        /// The fault.
        error: ReadError,
    },
    /// The envelope has a member `content`, by which a header line would be read as a record (omi.md JL3).
    #[error(
        "the envelope has a member `content`, so as the header of JSON Lines it would be read as a record; rename that member first"
    )]
    NoHeader,
    /// The source holds several exports, each with an envelope of its own, which one file cannot.
    #[error("{position}: another export begins here; split the file first")]
    SeveralEnvelopes {
        /// Where the second one begins.
        position: Position,
    },
}

/// Converts a file to the form `to` and changes nothing but `serialization` (omi.md JL15): records keep their
/// order, members theirs, numbers and strings their text. Only white space between tokens is written anew, and
/// `memories` comes last in a document. Without a header the result has the implied envelope (JL5).
///
/// It streams. A document is passed over twice, first quickly for its envelope, since members may stand after the
/// records; hence the source must be able to seek. Give it a buffered `write`.
///
/// What cannot be read is left out and reported. Errors when the source is no OMI file at all, when it joins several
/// exports, or when reading or writing fails; what was written by then is of no use.
///
/// ```
/// use std::io::Cursor;
///
/// let lines = r#"{"format":"open-memory-interchange","version":"0.1","serialization":"jsonl"}
/// {"id":"m-1","content":"Likes tea.","created":"2026-03-04T05:06:07Z","n":1.0}
/// "#;
/// let mut document = Vec::new();
/// let report = omi::convert(Cursor::new(lines), &mut document, omi::Serialization::Json)?;
/// assert!(report.is_lossless());
/// assert_eq!(report.records, 1);
/// let mut again = Vec::new();
/// omi::convert(Cursor::new(document), &mut again, omi::Serialization::JsonLines)?;
/// assert_eq!(String::from_utf8(again).unwrap(), lines);
/// # Ok::<(), omi::ConvertError>(())
/// ```
pub fn convert(
    read: impl Read + Seek,
    write: impl Write,
    to: Serialization,
) -> Result<ConvertReport, ConvertError> {
    convert_with(read, write, to, &ConvertOptions::default())
}

/// Converts as [`convert`] does, with options.
pub fn convert_with(
    read: impl Read + Seek,
    write: impl Write,
    to: Serialization,
    options: &ConvertOptions,
) -> Result<ConvertReport, ConvertError> {
    let read_options = ReadOptions { serialization: options.from, limits: options.limits };
    let mut reader = Reader::two_pass(read, read_options)?;
    let mut out = Some(write);
    let mut writer = None;
    let mut report =
        ConvertReport { from: Layout::Document, to, records: 0, skipped: 0, problems: Vec::new() };
    let mut first_fault = None;
    for item in &mut reader {
        match item {
            Item::Envelope(envelope) => {
                if to == Serialization::JsonLines && envelope.contains("content") {
                    return Err(ConvertError::NoHeader);
                }
                if let Some(out) = out.take() {
                    writer = Some(match to {
                        Serialization::Json => Writer::document(out, &envelope, options.pretty)?,
                        Serialization::JsonLines => Writer::lines(out, &envelope)?,
                    });
                }
            }
            Item::Record { record, .. } => {
                if let Some(writer) = &mut writer {
                    writer.write(&record)?;
                }
            }
            Item::Bad { error: ReadError::Frame(FrameErrorKind::Io(error)), .. } => return Err(error.into()),
            Item::Bad { index, position, error } => {
                report.skipped += 1;
                if report.problems.len() < options.problems {
                    report.problems.push(Problem { index, position, message: error.to_string() });
                }
                first_fault.get_or_insert((position, error));
            }
            Item::Warning { warning: Warning::LaterHeader, position } if writer.is_some() => {
                return Err(ConvertError::SeveralEnvelopes { position });
            }
            Item::Warning { .. } => {}
        }
    }
    report.from = reader.layout().unwrap_or(Layout::Bare);
    if let Some(writer) = writer {
        report.records = writer.count();
        writer.finish()?;
        return Ok(report);
    }
    let (position, error) = first_fault.unwrap_or((Position::START, ReadError::Frame(FrameErrorKind::Empty)));
    Err(ConvertError::Unreadable { position, error })
}
