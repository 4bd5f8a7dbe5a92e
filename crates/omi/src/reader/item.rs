//! What a reader yields.

use serde::Serialize;

use crate::frames::FrameErrorKind;
use crate::{Envelope, Position, Record};

/// One thing met in a file.
#[derive(Debug)]
pub enum Item {
    /// The envelope. A second one means that a new export begins (omi.md JL11): it holds for the records after it.
    Envelope(Envelope),
    /// A record.
    Record {
        /// Its place among the records, from 0; bad ones count.
        index: u64,
        /// Where it begins.
        position: Position,
        /// The record.
        record: Record,
    },
    /// Something that could not be read. If the error [is fatal](ReadError::is_fatal) nothing follows.
    Bad {
        /// The place among the records, if it stands in a record's place.
        index: Option<u64>,
        /// Where the fault is.
        position: Position,
        /// The fault.
        error: ReadError,
    },
    /// Something unusual that loses nothing.
    Warning {
        /// What it is.
        warning: Warning,
        /// Where it is.
        position: Position,
    },
}

impl Item {
    pub(super) fn is_io(&self) -> bool {
        matches!(self, Self::Bad { error: ReadError::Frame(FrameErrorKind::Io(_)), .. })
    }
}

/// Why something could not be read. No message quotes content.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The structure around the values is broken, or a limit is passed.
    #[error("{0}")]
    Frame(FrameErrorKind),
    /// The text is not good JSON.
    #[error("this is not JSON: {0}")]
    Syntax(&'static str),
    /// A record must be an object.
    #[error("a record is an object, but this is {found}")]
    NotAnObject {
        /// What it is.
        found: &'static str,
    },
    /// `memories` must be an array.
    #[error("`memories` is an array of records, but this is {found}")]
    MemoriesNotAnArray {
        /// What it is.
        found: &'static str,
    },
}

impl ReadError {
    /// Whether nothing can be read after this fault.
    pub fn is_fatal(&self) -> bool {
        matches!(self, Self::Frame(kind) if kind.is_fatal())
    }
}

/// Unusual things that lose nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Warning {
    /// The file begins with a byte order mark (omi.md JL6).
    #[error("the file begins with a byte order mark")]
    ByteOrderMark,
    /// JSON Lines without a header: version and subject are unknown (omi.md JL5).
    #[error("the file has no header line, so its version and subject are unknown")]
    MissingHeader,
    /// A header that is not the first line (omi.md JL11).
    #[error("another export begins here: a header may only be the first line")]
    LaterHeader,
    /// A header that holds records itself (omi.md JL4).
    #[error("the header line holds records, which belong on lines of their own")]
    RecordsInHeader,
    /// `memories` occurs twice; the records of both are read.
    #[error("`memories` occurs more than once")]
    RepeatedMemories,
}
