//! Splits JSON text into the pieces worth parsing, without building values and without holding the whole text.
//!
//! [`Frames`] reads any [`std::io::Read`] in one pass and yields raw JSON text, one [`Frame`] at a time:
//!
//! * [`Frames::document`]: the members of a top-level object; the elements of chosen array members one by one,
//! * [`Frames::array`]: the elements of a top-level array,
//! * [`Frames::lines`]: the lines that are not blank.
//!
//! It looks at brackets, strings and commas only. Whether the text of a frame is good JSON is for the consumer to
//! find out by parsing it, so one broken element does not hide those after it. It knows nothing of OMI.
//!
//! Memory: one frame and a window of 64 KiB.
//!
//! ```
//! use omi::frames::{Frame, Frames, Limits};
//!
//! let text = br#"{"version": 1, "items": [{"a": 1}, {"a": tru}, {"a": 3}]}"#;
//! let mut frames = Frames::document(&text[..], &["items"], Limits::default());
//! let mut items = Vec::new();
//! while let Some(frame) = frames.next() {
//!     if let Frame::Element { raw, .. } = frame? {
//!         items.push(raw.to_owned());
//!     }
//! }
//! assert_eq!(items, [r#"{"a": 1}"#, r#"{"a": tru}"#, r#"{"a": 3}"#]);
//! # Ok::<(), omi::frames::FrameError>(())
//! ```

mod document;
mod error;
mod lines;
mod scan;
mod source;

use std::fmt;
use std::io::Read;

use serde::de::IgnoredAny;

pub use self::error::{FrameError, FrameErrorKind};
use self::source::Source;
pub(crate) use self::source::is_space;
use crate::Position;
use crate::json::syntax;

/// How much the scanner takes at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of one frame. A longer one is passed over and reported.
    pub frame_bytes: usize,
    /// Deepest nesting inside one frame, its own brackets being level 1. A deeper one is reported.
    pub depth: usize,
}

impl Default for Limits {
    /// 64 MiB a frame; 127 levels, the most that `serde_json` will parse into a value.
    fn default() -> Self {
        Self { frame_bytes: 64 << 20, depth: 127 }
    }
}

/// A piece of the input. `Debug` shows its place and size, never its text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A member of the top-level object.
    Member {
        /// Its name, unescaped.
        name: &'a str,
        /// The text of its value.
        raw: &'a str,
        /// Where its value begins.
        position: Position,
    },
    /// A chosen array member begins; its elements follow.
    Open {
        /// Its name.
        member: &'a str,
        /// Where its `[` stands.
        position: Position,
    },
    /// An element of a chosen array member, or of the top-level array (then `member` is empty).
    Element {
        /// The name of the array member.
        member: &'a str,
        /// Its index in the array, from 0.
        index: u64,
        /// Its text.
        raw: &'a str,
        /// Where it begins.
        position: Position,
    },
    /// A line that is not blank.
    Line {
        /// Its text without white space at both ends.
        raw: &'a str,
        /// Where this text begins; the line number is in it.
        position: Position,
    },
}

impl Frame<'_> {
    /// Where and why its text is no JSON, if it is none. The scanner itself looks at brackets, strings and commas only.
    pub fn mistake(&self) -> Option<(Position, &'static str)> {
        let (Self::Member { raw, position, .. }
        | Self::Element { raw, position, .. }
        | Self::Line { raw, position }) = self
        else {
            return None;
        };
        if serde_json::from_str::<IgnoredAny>(raw).is_ok() {
            return None;
        }
        let mistake = syntax::check(raw).err()?;
        Some((position.after(&raw.as_bytes()[..mistake.offset]), mistake.message))
    }
}

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member { name, raw, position } => {
                write!(f, "Member({name:?}, {} bytes at {position})", raw.len())
            }
            Self::Open { member, position } => write!(f, "Open({member:?} at {position})"),
            Self::Element { member, index, raw, position } => {
                write!(f, "Element({member:?}[{index}], {} bytes at {position})", raw.len())
            }
            Self::Line { raw, position } => write!(f, "Line({} bytes at {position})", raw.len()),
        }
    }
}

/// The scanner; see the [module](self).
pub struct Frames<R> {
    source: Source<R>,
    limits: Limits,
    /// The array members whose elements are yielded one by one.
    arrays: Vec<Box<str>>,
    state: State,
    /// Bytes of the frame given out last, released at the next call.
    pending: usize,
    /// The current top-level member.
    member: String,
    /// Where the top-level value begins.
    root: Position,
    root_is_array: bool,
    mark: bool,
    /// Lines may follow a document that stands on one line.
    lines_may_follow: bool,
}

/// What comes next in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The top-level value; an array if so told.
    Top { array: bool },
    /// A member name or `}`.
    Name { after_comma: bool },
    /// `,` or `}` after a member.
    AfterMember,
    /// An element or `]`.
    Element { index: u64, after_comma: bool },
    /// `,` or `]` after the element before `index`.
    AfterElement { index: u64 },
    /// Nothing but white space.
    End,
    /// A line.
    Line { first: bool },
    /// All is said.
    Done,
}

/// A frame that has been found in the window but not yet been looked at as text.
enum Found {
    Member { len: usize },
    Open,
    Element { index: u64, len: usize },
    Line { len: usize },
}

type Step = Result<Option<Found>, FrameError>;

impl<R: Read> Frames<R> {
    /// Scans one JSON object. The elements of the members named in `arrays`, where they are arrays, are yielded
    /// one by one.
    pub fn document(read: R, arrays: &[&str], limits: Limits) -> Self {
        let mut frames = Self::with_state(read, limits, State::Top { array: false });
        frames.arrays = arrays.iter().map(|name| Box::from(*name)).collect();
        frames
    }

    /// Scans one JSON array.
    pub fn array(read: R, limits: Limits) -> Self {
        Self::with_state(read, limits, State::Top { array: true })
    }

    /// Scans lines. A CR before the LF is dropped, blank lines are passed over, the last line may be unended.
    pub fn lines(read: R, limits: Limits) -> Self {
        Self::with_state(read, limits, State::Line { first: true })
    }

    fn with_state(read: R, limits: Limits, state: State) -> Self {
        Self {
            source: Source::new(read),
            limits,
            arrays: Vec::new(),
            state,
            pending: 0,
            member: String::new(),
            root: Position::START,
            root_is_array: state == State::Top { array: true },
            mark: false,
            lines_may_follow: false,
        }
    }

    /// The next frame; `None` at the end. After an error go on calling: a fatal one is followed by `None`.
    #[expect(clippy::should_implement_trait, reason = "a frame borrows from the scanner")]
    pub fn next(&mut self) -> Option<Result<Frame<'_>, FrameError>> {
        let step = match self.state {
            State::Done => return None,
            State::Line { .. } => self.line(),
            _ => self.structure(),
        };
        match step {
            Ok(None) => {
                self.state = State::Done;
                None
            }
            Ok(Some(found)) => Some(self.frame(&found)),
            Err(error) => {
                if error.is_fatal() {
                    self.state = State::Done;
                }
                Some(Err(error))
            }
        }
    }

    /// Whether the input began with a byte order mark. It has been passed over.
    pub fn has_byte_order_mark(&self) -> bool {
        self.mark
    }

    /// Where the top-level value of a document or array begins, once it has been reached.
    pub fn top(&self) -> Position {
        self.root
    }

    /// Shows the input's first bytes without a byte order mark: at least `wanted` of them if there are so many.
    /// To be called before the first frame only.
    pub(crate) fn peek(&mut self, wanted: usize) -> Result<(&[u8], bool), FrameError> {
        self.skip_mark()?;
        while self.source.bytes().len() < wanted {
            if !self.fill()? {
                break;
            }
        }
        Ok((self.source.bytes(), self.source.at_end()))
    }

    /// Reads lines, not a document. To be called before the first frame only.
    pub(crate) fn turn_to_lines(&mut self) {
        self.state = State::Line { first: true };
    }

    /// Goes on with lines when a document that stands on one line is followed by others.
    pub(crate) fn let_lines_follow(&mut self) {
        self.lines_may_follow = true;
    }

    fn frame(&self, found: &Found) -> Result<Frame<'_>, FrameError> {
        let position = self.source.place();
        let text = |len: usize| {
            let bytes = &self.source.bytes()[..len];
            std::str::from_utf8(bytes).map_err(|error| {
                let place = position.after(&bytes[..error.valid_up_to()]);
                let index = if let Found::Element { index, .. } = found { Some(*index) } else { None };
                FrameError { index, ..self.fault(FrameErrorKind::Utf8, place) }
            })
        };
        Ok(match *found {
            Found::Member { len } => Frame::Member { name: &self.member, raw: text(len)?, position },
            Found::Open => Frame::Open { member: &self.member, position },
            Found::Element { index, len } => {
                Frame::Element { member: &self.member, index, raw: text(len)?, position }
            }
            Found::Line { len } => Frame::Line { raw: text(len)?, position },
        })
    }

    /// A fault in the current member.
    fn fault(&self, kind: FrameErrorKind, position: Position) -> FrameError {
        let index = match self.state {
            State::Element { index, .. } => Some(index),
            State::AfterElement { index } => Some(index.saturating_sub(1)),
            _ => None,
        };
        let member = (!self.member.is_empty()).then(|| self.member.clone());
        FrameError { kind, position, member, index }
    }

    /// A fault at the window's start.
    fn fault_here(&self, kind: FrameErrorKind) -> FrameError {
        self.fault(kind, self.source.place())
    }

    fn io(&self, error: std::io::Error) -> FrameError {
        self.fault_here(FrameErrorKind::Io(error))
    }

    fn fill(&mut self) -> Result<bool, FrameError> {
        self.source.fill().map_err(|error| self.io(error))
    }

    fn skip_space(&mut self) -> Result<Option<u8>, FrameError> {
        self.source.skip_space().map_err(|error| self.io(error))
    }

    /// Passes over a byte order mark at the very start.
    fn skip_mark(&mut self) -> Result<(), FrameError> {
        if self.source.place() != Position::START {
            return Ok(());
        }
        for (index, expected) in [0xEF, 0xBB, 0xBF].into_iter().enumerate() {
            if self.source.byte(index).map_err(|error| self.io(error))? != Some(expected) {
                return Ok(());
            }
        }
        self.source.release_mark();
        self.mark = true;
        Ok(())
    }

    /// Releases what the frame given out last stood on.
    fn release_pending(&mut self) {
        self.source.release(self.pending);
        self.pending = 0;
    }
}

impl<R> fmt::Debug for Frames<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frames").field("state", &self.state).finish_non_exhaustive()
    }
}
