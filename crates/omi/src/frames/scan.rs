//! Finds where a value ends by its brackets and strings alone. The grammar inside is not looked at, so that a
//! value with a mistake in it still has an end.

use std::io::{self, Read};

use memchr::memchr2;

use super::source::{Source, is_space};

/// What stopped the scan. The stopping byte is not part of the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// A comma, a closing bracket or (only when splitting) the opening brace of a next value.
    Found,
    /// The end of the input.
    Input,
}

/// The outcome of a scan.
pub(super) struct Scan {
    /// Bytes from the window's start to the stopping byte.
    pub(super) span: usize,
    /// The value without white space behind it.
    pub(super) len: usize,
    /// Deepest nesting.
    pub(super) depth: usize,
    /// The value was longer than the limit; its text has been let go.
    pub(super) overflow: bool,
    /// What stopped the scan.
    pub(super) end: End,
}

const PLAIN: u8 = 0;
const QUOTE: u8 = 1;
const OPEN: u8 = 2;
const CLOSE: u8 = 3;
const COMMA: u8 = 4;

/// What each byte means outside of strings.
const CLASS: [u8; 256] = {
    let mut class = [PLAIN; 256];
    class[b'"' as usize] = QUOTE;
    class[b'{' as usize] = OPEN;
    class[b'[' as usize] = OPEN;
    class[b'}' as usize] = CLOSE;
    class[b']' as usize] = CLOSE;
    class[b',' as usize] = COMMA;
    class
};

/// A scan under way. It can be given the text piece by piece.
#[derive(Default)]
struct Walk {
    depth: usize,
    deepest: usize,
    in_string: bool,
    /// The last byte was a backslash inside a string.
    escaped: bool,
    /// A bracketed value has just been closed at depth 0.
    closed: bool,
}

impl Walk {
    /// Walks on from `index`; `Ok` at the stopping byte, `Err` at the end of `bytes`.
    fn walk(&mut self, bytes: &[u8], mut index: usize, split: bool) -> Result<usize, usize> {
        while index < bytes.len() {
            if self.in_string {
                if self.escaped {
                    self.escaped = false;
                    index += 1;
                    continue;
                }
                let Some(found) = memchr2(b'"', b'\\', &bytes[index..]) else { return Err(bytes.len()) };
                index += found + 1;
                if bytes[index - 1] == b'"' {
                    self.in_string = false;
                } else {
                    self.escaped = true;
                }
                continue;
            }
            let byte = bytes[index];
            match CLASS[usize::from(byte)] {
                PLAIN => {
                    if self.closed && !is_space(byte) {
                        self.closed = false;
                    }
                }
                QUOTE => {
                    self.in_string = true;
                    self.closed = false;
                }
                OPEN => {
                    if split && self.closed && byte == b'{' {
                        return Ok(index);
                    }
                    self.closed = false;
                    self.depth += 1;
                    self.deepest = self.deepest.max(self.depth);
                }
                CLOSE => {
                    if self.depth == 0 {
                        return Ok(index);
                    }
                    self.depth -= 1;
                    self.closed = self.depth == 0;
                }
                _ => {
                    if self.depth == 0 {
                        return Ok(index);
                    }
                }
            }
            index += 1;
        }
        Err(index)
    }
}

/// Scans the value at the window's start up to the comma or bracket that ends it. With `split`, an object
/// directly after a closed value also ends it (a missing comma).
pub(super) fn value<R: Read>(source: &mut Source<R>, limit: usize, split: bool) -> io::Result<Scan> {
    let mut walk = Walk::default();
    let mut index = 0;
    let mut overflow = false;
    let end = loop {
        match walk.walk(source.bytes(), index, split) {
            Ok(stop) => {
                index = stop;
                break End::Found;
            }
            Err(stop) => index = stop,
        }
        if index > limit {
            overflow = true;
            source.release(index);
            index = 0;
        }
        if !source.fill()? {
            break End::Input;
        }
    };
    let len = trimmed(&source.bytes()[..index]);
    Ok(Scan { span: index, len, depth: walk.deepest, overflow: overflow || index > limit, end })
}

/// The string literal at the window's start.
pub(super) enum Literal {
    /// It has this length, both quotes included.
    Closed(usize),
    /// It is longer than the limit.
    TooLong,
    /// The input ends in it.
    Open,
}

/// Scans the string literal at the window's start.
pub(super) fn string<R: Read>(source: &mut Source<R>, limit: usize) -> io::Result<Literal> {
    let mut index = 1;
    loop {
        let bytes = source.bytes();
        while let Some(found) = bytes.get(index..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
            if bytes[index + found] == b'"' {
                let len = index + found + 1;
                return Ok(if len > limit { Literal::TooLong } else { Literal::Closed(len) });
            }
            index += found + 2;
        }
        index = index.max(bytes.len());
        if bytes.len() > limit {
            return Ok(Literal::TooLong);
        }
        if !source.fill()? {
            return Ok(Literal::Open);
        }
    }
}

/// Deepest nesting of brackets outside of strings.
pub(super) fn depth(bytes: &[u8]) -> usize {
    let mut walk = Walk::default();
    let mut index = 0;
    // Unbalanced closers and commas stop a walk; here they are passed over.
    while let Ok(stop) = walk.walk(bytes, index, false) {
        index = stop + 1;
    }
    walk.deepest
}

/// The length without JSON white space at the end.
pub(super) fn trimmed(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1)
}
