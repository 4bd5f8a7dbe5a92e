//! The scanner on lines.

use std::io::Read;

use memchr::memchr;

use super::{Found, FrameErrorKind, Frames, State, Step, scan};

impl<R: Read> Frames<R> {
    /// Finds the next line that is not blank.
    pub(super) fn line(&mut self) -> Step {
        if self.state == (State::Line { first: true }) {
            self.skip_mark()?;
            self.state = State::Line { first: false };
        }
        self.release_pending();
        // White space before a line's text and blank lines are one and the same.
        if self.skip_space()?.is_none() {
            return Ok(None);
        }
        let limit = self.limits.frame_bytes;
        let place = self.source.place();
        let mut scanned = 0;
        let mut overflow = false;
        let end = loop {
            if let Some(found) = memchr(b'\n', &self.source.bytes()[scanned..]) {
                break scanned + found;
            }
            scanned = self.source.bytes().len();
            if scanned > limit {
                overflow = true;
                self.source.release(scanned);
                scanned = 0;
            }
            if !self.fill()? {
                break self.source.bytes().len();
            }
        };
        // The line feed is white space before the next line.
        self.pending = end;
        if overflow || end > limit {
            return Err(self.fault(FrameErrorKind::TooLarge { limit }, place));
        }
        let line = &self.source.bytes()[..end];
        let len = scan::trimmed(line);
        let depth = scan::depth(&line[..len]);
        if depth > self.limits.depth {
            return Err(self.fault(FrameErrorKind::TooDeep { limit: self.limits.depth }, place));
        }
        Ok(Some(Found::Line { len }))
    }
}
