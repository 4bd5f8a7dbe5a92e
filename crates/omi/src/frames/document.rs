//! The scanner on one top-level object or array.

use std::io::Read;

use super::scan::{self, End, Literal};
use super::{Found, FrameError, FrameErrorKind, Frames, State, Step};
use crate::json::{strings, syntax};

impl<R: Read> Frames<R> {
    /// Goes on to the next frame or fault.
    pub(super) fn structure(&mut self) -> Step {
        self.release_pending();
        loop {
            let found = match self.state {
                State::Top { array } => self.top_level(array)?,
                State::Name { after_comma } => self.name(after_comma)?,
                State::AfterMember => self.after_member()?,
                State::Element { index, after_comma } => self.element(index, after_comma)?,
                State::AfterElement { index } => self.after_element(index)?,
                State::End => return self.end(),
                State::Line { .. } | State::Done => return Ok(None),
            };
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn top_level(&mut self, array: bool) -> Step {
        self.skip_mark()?;
        let Some(byte) = self.skip_space()? else { return Err(self.fault_here(FrameErrorKind::Empty)) };
        self.root = self.source.place();
        let (bracket, expected) = if array { (b'[', "an array") } else { (b'{', "an object") };
        if byte == bracket {
            self.source.release(1);
            self.state = if array {
                State::Element { index: 0, after_comma: false }
            } else {
                State::Name { after_comma: false }
            };
            return Ok(None);
        }
        let found = match byte {
            b'{' => "an object",
            b'[' => "an array",
            b'"' => "a string",
            b'-' | b'0'..=b'9' => "a number",
            b't' if self.begins_with(b"true")? => "a boolean",
            b'f' if self.begins_with(b"false")? => "a boolean",
            b'n' if self.begins_with(b"null")? => "null",
            _ => return Err(self.unexpected("JSON text is expected")),
        };
        Err(self.fault_here(FrameErrorKind::WrongTop { found, expected }))
    }

    fn begins_with(&mut self, text: &[u8]) -> Result<bool, FrameError> {
        self.source.byte(text.len() - 1).map_err(|error| self.io(error))?;
        Ok(self.source.bytes().starts_with(text))
    }

    fn name(&mut self, after_comma: bool) -> Step {
        self.member.clear();
        match self.skip_space()? {
            None => Err(self.truncated()),
            Some(b'"') => self.member(),
            Some(b'}') => {
                if after_comma {
                    self.state = State::Name { after_comma: false };
                    return Err(self.fault_here(FrameErrorKind::ExtraComma));
                }
                self.source.release(1);
                self.state = State::End;
                Ok(None)
            }
            Some(b',') => {
                let fault = self.fault_here(FrameErrorKind::ExtraComma);
                self.source.release(1);
                Err(fault)
            }
            Some(_) => Err(self.unexpected("a member name in double quotes is expected")),
        }
    }

    /// A member whose name begins here.
    fn member(&mut self) -> Step {
        let literal =
            scan::string(&mut self.source, self.limits.frame_bytes).map_err(|error| self.io(error))?;
        let len = match literal {
            Literal::Closed(len) => len,
            Literal::TooLong => return Err(self.unexpected("a member name of reasonable length is expected")),
            Literal::Open => return Err(self.truncated()),
        };
        let literal = &self.source.bytes()[..len];
        let name = serde_json::from_slice::<String>(literal).ok();
        let written = || std::str::from_utf8(literal).ok().filter(|literal| syntax::check(literal).is_ok());
        let bad = if let Some(name) = name {
            self.member = name;
            None
        } else if let Some(literal) = written() {
            // Good JSON that is no Unicode text: it has half of a surrogate pair.
            self.member = strings::decode(literal).into_owned();
            None
        } else {
            // The value is still found by this name as it is written, but the fault is told.
            self.member = String::from_utf8_lossy(&literal[1..len - 1]).into_owned();
            Some(self.fault_here(FrameErrorKind::BadName))
        };
        self.source.release(len);
        match self.skip_space()? {
            Some(b':') => self.source.release(1),
            None => return Err(self.truncated()),
            Some(_) => return Err(self.unexpected("a colon is expected after the member name")),
        }
        let next = self.skip_space()?;
        if next == Some(b'[') && bad.is_none() && self.arrays.iter().any(|name| **name == *self.member) {
            self.pending = 1;
            self.state = State::Element { index: 0, after_comma: false };
            return Ok(Some(Found::Open));
        }
        let place = self.source.place();
        let len = self.value(State::AfterMember, false)?;
        match bad {
            Some(fault) => Err(fault),
            None if len == 0 => Err(self.fault(FrameErrorKind::MissingValue, place)),
            None => Ok(Some(Found::Member { len })),
        }
    }

    fn after_member(&mut self) -> Step {
        match self.skip_space()? {
            None => Err(self.truncated()),
            Some(b',') => {
                self.source.release(1);
                self.state = State::Name { after_comma: true };
                Ok(None)
            }
            Some(b'}') => {
                self.state = State::Name { after_comma: false };
                Ok(None)
            }
            Some(_) => Err(self.unexpected("a comma or a closing brace is expected")),
        }
    }

    fn element(&mut self, index: u64, after_comma: bool) -> Step {
        match self.skip_space()? {
            None => Err(self.truncated()),
            Some(b']') => {
                if after_comma {
                    self.state = State::Element { index, after_comma: false };
                    return Err(self.fault_here(FrameErrorKind::ExtraComma));
                }
                self.source.release(1);
                self.state = if self.root_is_array { State::End } else { State::AfterMember };
                Ok(None)
            }
            Some(b'}') => Err(self.unexpected("a closing bracket `]` is expected")),
            Some(b',') => {
                let fault = self.fault_here(FrameErrorKind::ExtraComma);
                self.source.release(1);
                Err(fault)
            }
            Some(_) => {
                let len = self.value(State::AfterElement { index: index + 1 }, true)?;
                Ok(Some(Found::Element { index, len }))
            }
        }
    }

    fn after_element(&mut self, index: u64) -> Step {
        match self.skip_space()? {
            None => Err(self.truncated()),
            Some(b',') => {
                self.source.release(1);
                self.state = State::Element { index, after_comma: true };
                Ok(None)
            }
            Some(b']') => {
                self.state = State::Element { index, after_comma: false };
                Ok(None)
            }
            Some(b'}') => Err(self.unexpected("a closing bracket `]` is expected")),
            Some(_) => {
                let fault = self.fault_here(FrameErrorKind::MissingComma);
                self.state = State::Element { index, after_comma: false };
                Err(fault)
            }
        }
    }

    fn end(&mut self) -> Step {
        let line = self.source.place().line;
        match self.skip_space()? {
            None => Ok(None),
            Some(_) if self.lines_may_follow && line == self.root.line && self.source.place().line > line => {
                self.state = State::Line { first: false };
                self.line()
            }
            Some(_) => Err(self.fault_here(FrameErrorKind::Trailing)),
        }
    }

    /// Finds the end of the value that begins here and goes to the state after it.
    fn value(&mut self, after: State, split: bool) -> Result<usize, FrameError> {
        let place = self.source.place();
        let scan = scan::value(&mut self.source, self.limits.frame_bytes, split)
            .map_err(|error| self.fault(FrameErrorKind::Io(error), place))?;
        if scan.end == End::Input {
            let kind = FrameErrorKind::Truncated { opened: place };
            let end = self.source.place().after(self.source.bytes());
            return Err(self.fault(kind, end));
        }
        self.pending = scan.span;
        self.state = after;
        if scan.overflow {
            return Err(self.fault(FrameErrorKind::TooLarge { limit: self.limits.frame_bytes }, place));
        }
        if scan.depth > self.limits.depth {
            return Err(self.fault(FrameErrorKind::TooDeep { limit: self.limits.depth }, place));
        }
        Ok(scan.len)
    }

    fn truncated(&self) -> FrameError {
        let kind = FrameErrorKind::Truncated { opened: self.root };
        self.fault(kind, self.source.place().after(self.source.bytes()))
    }

    fn unexpected(&self, expected: &'static str) -> FrameError {
        self.fault_here(FrameErrorKind::Unexpected { expected })
    }
}
