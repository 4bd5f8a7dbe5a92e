//! What can be wrong with the outer structure.

use std::io;

use crate::Position;

/// A fault found by the scanner, with its place.
///
/// After a fault that is not [fatal](FrameError::is_fatal) the following frames are still read.
#[derive(Debug, thiserror::Error)]
#[error("{position}: {kind}")]
pub struct FrameError {
    /// What is wrong.
    pub kind: FrameErrorKind,
    /// Where it is wrong.
    pub position: Position,
    /// The top-level member in which it is, in a document.
    pub member: Option<String>,
    /// The element of that member (from 0) in which it is.
    pub index: Option<u64>,
}

impl FrameError {
    /// Whether nothing can be read after this fault.
    pub fn is_fatal(&self) -> bool {
        self.kind.is_fatal()
    }
}

/// The kinds of structural fault.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FrameErrorKind {
    /// The input could not be read.
    #[error("the input could not be read: {0}")]
    Io(#[source] io::Error),
    /// There is nothing but white space.
    #[error("the file is empty")]
    Empty,
    /// The top level is another JSON value than the one asked for.
    #[error("the top level is {found}, but {expected} is expected")]
    WrongTop {
        /// What is there.
        found: &'static str,
        /// What should be there.
        expected: &'static str,
    },
    /// The bytes are not UTF-8.
    #[error("the text is not valid UTF-8")]
    Utf8,
    /// One frame has more bytes than the limit allows.
    #[error("this value is longer than the limit of {limit} bytes for one value")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// One frame is nested deeper than the limit allows.
    #[error("this value is nested deeper than the limit of {limit} levels")]
    TooDeep {
        /// The limit in levels.
        limit: usize,
    },
    /// The input ends inside a value.
    #[error("the file ends too early: what begins at {opened} is not closed")]
    Truncated {
        /// Where the value begins that is not closed.
        opened: Position,
    },
    /// Something follows the top-level value.
    #[error("something follows after the end of the top-level value")]
    Trailing,
    /// Two elements stand side by side.
    #[error("a comma is missing between two values")]
    MissingComma,
    /// A comma with no value before or after it.
    #[error("there is a comma too many")]
    ExtraComma,
    /// A member without a value.
    #[error("the value of this member is missing")]
    MissingValue,
    /// A member name with a broken escape or a control character.
    #[error("this member name is not a valid JSON string")]
    BadName,
    /// A character that cannot stand here.
    #[error("unexpected character: {expected}")]
    Unexpected {
        /// What is expected instead.
        expected: &'static str,
    },
}

impl FrameErrorKind {
    /// The error of the reader beneath, if it is one.
    pub(crate) fn into_io(self) -> Option<io::Error> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }

    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::Io(_)
            | Self::Empty
            | Self::WrongTop { .. }
            | Self::Truncated { .. }
            | Self::Trailing
            | Self::Unexpected { .. } => true,
            Self::Utf8
            | Self::TooLarge { .. }
            | Self::TooDeep { .. }
            | Self::MissingComma
            | Self::ExtraComma
            | Self::MissingValue
            | Self::BadName => false,
        }
    }
}
