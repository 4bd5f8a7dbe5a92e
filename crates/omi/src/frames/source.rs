//! A window over the input: what is being looked at stays contiguous, what is done with is let go.

use std::io::{self, Read};

use crate::Position;

/// Bytes asked of the reader at a time, and the smallest window.
const CHUNK: usize = 64 * 1024;

/// The window. All indices are relative to the first byte not yet released.
pub(super) struct Source<R> {
    read: R,
    buffer: Vec<u8>,
    keep: usize,
    end: usize,
    at_end: bool,
    place: Position,
}

impl<R: Read> Source<R> {
    pub(super) fn new(read: R) -> Self {
        Self { read, buffer: Vec::new(), keep: 0, end: 0, at_end: false, place: Position::START }
    }

    /// What is in the window now.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.keep..self.end]
    }

    /// Where the window begins.
    pub(super) fn place(&self) -> Position {
        self.place
    }

    /// Whether the reader has said that there is no more.
    pub(super) fn at_end(&self) -> bool {
        self.at_end
    }

    /// Lets the first `count` bytes go.
    pub(super) fn release(&mut self, count: usize) {
        self.place = self.place.after(&self.buffer[self.keep..self.keep + count]);
        self.keep += count;
    }

    /// Lets a byte order mark go: it is no character of the text.
    pub(super) fn release_mark(&mut self) {
        self.keep += 3;
        self.place.offset += 3;
    }

    /// Reads more; `false` when there is no more. Indices stay good.
    pub(super) fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        if self.keep > 0 {
            self.buffer.copy_within(self.keep..self.end, 0);
            self.end -= self.keep;
            self.keep = 0;
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            // Doubling keeps the copying of one long frame linear.
            self.buffer.resize((self.end * 2).max(CHUNK), 0);
        }
        loop {
            match self.read.read(&mut self.buffer[self.end..]) {
                Ok(0) => {
                    self.at_end = true;
                    return Ok(false);
                }
                Ok(count) => {
                    self.end += count;
                    return Ok(true);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The byte at `index`, reading more if needed; `None` past the end.
    pub(super) fn byte(&mut self, index: usize) -> io::Result<Option<u8>> {
        loop {
            if let Some(byte) = self.bytes().get(index) {
                return Ok(Some(*byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Releases JSON white space and gives the byte after it.
    pub(super) fn skip_space(&mut self) -> io::Result<Option<u8>> {
        loop {
            let count = self.bytes().iter().take_while(|byte| is_space(**byte)).count();
            self.release(count);
            if let Some(byte) = self.bytes().first() {
                return Ok(Some(*byte));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }
}

/// JSON's white space (RFC 8259, section 2).
pub(crate) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
