//! Where something stands in a text.

use memchr::{memchr_iter, memrchr};
use serde::Serialize;

/// A place in the input.
///
/// Lines end at LF only. A byte order mark at the start counts in `offset` but not in `column`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct Position {
    /// Bytes before this place.
    pub offset: u64,
    /// Line, from 1.
    pub line: u64,
    /// Column in characters (Unicode scalar values), from 1.
    pub column: u64,
}

impl Position {
    /// The first byte of a text.
    pub const START: Self = Self { offset: 0, line: 1, column: 1 };

    /// The place reached after passing over `text`, which begins here.
    #[must_use]
    pub fn after(self, text: &[u8]) -> Self {
        let offset = self.offset + text.len() as u64;
        match memrchr(b'\n', text) {
            None => Self { offset, line: self.line, column: self.column + characters(text) },
            Some(last) => Self {
                offset,
                line: self.line + memchr_iter(b'\n', text).count() as u64,
                column: 1 + characters(&text[last + 1..]),
            },
        }
    }
}

/// Characters in (possibly partial) UTF-8: every byte that does not continue another.
fn characters(text: &[u8]) -> u64 {
    // Summed by chunks in a byte-wide counter, which the compiler turns into vector code.
    text.chunks(255)
        .map(|chunk| u64::from(chunk.iter().map(|byte| u8::from(byte & 0xC0 != 0x80)).sum::<u8>()))
        .sum()
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn columns_are_counted_in_characters_and_offsets_in_bytes() {
        let place = Position::START.after("äé日x".as_bytes());
        assert_eq!(place, Position { offset: 8, line: 1, column: 5 });
    }

    #[test]
    fn a_line_feed_starts_a_new_line() {
        let place = Position::START.after(b"ab\r\n\ncd");
        assert_eq!(place, Position { offset: 7, line: 3, column: 3 });
    }

    #[test]
    fn passing_in_two_steps_is_passing_in_one() {
        let text = "one\ntwo ä\n日本".repeat(200);
        for cut in [0, 1, 5, 9, 300, text.len()] {
            let (a, b) = text.as_bytes().split_at(cut);
            assert_eq!(Position::START.after(a).after(b), Position::START.after(text.as_bytes()));
        }
    }
}
