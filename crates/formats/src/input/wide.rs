//! UTF-16 with its mark, as some editors save it: read as UTF-8.

use std::io::{self, Cursor, Read};

/// The same bytes, unless they begin with the mark of UTF-16.
pub(super) fn narrowed<'a>(mut inner: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
    let mut mark = [0; 2];
    let mut filled = 0;
    while filled < mark.len() {
        match inner.read(&mut mark[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let unit: fn([u8; 2]) -> u16 = match &mark[..filled] {
        [0xFF, 0xFE] => u16::from_le_bytes,
        [0xFE, 0xFF] => u16::from_be_bytes,
        begun => return Ok(Box::new(Cursor::new(begun.to_vec()).chain(inner))),
    };
    Ok(Box::new(Wide { inner, unit, bytes: Vec::new(), high: None, text: Cursor::default() }))
}

struct Wide<'a> {
    inner: Box<dyn Read + 'a>,
    unit: fn([u8; 2]) -> u16,
    /// What was read and is not a whole unit yet.
    bytes: Vec<u8>,
    /// The first half of a character.
    high: Option<u16>,
    /// What was made of it and is not given yet.
    text: Cursor<Vec<u8>>,
}

impl Wide<'_> {
    /// Makes more text; nothing at the end.
    fn more(&mut self) -> io::Result<()> {
        let begun = self.bytes.len();
        self.bytes.resize(begun + (1 << 15), 0);
        let count = self.inner.read(&mut self.bytes[begun..]);
        self.bytes.truncate(begun + count.as_ref().copied().unwrap_or_default());
        let ended = count? == 0;
        let whole = self.bytes.len() / 2 * 2;
        let pairs = self.bytes[..whole].chunks_exact(2).map(|pair| (self.unit)([pair[0], pair[1]]));
        let mut units: Vec<u16> = self.high.take().into_iter().chain(pairs).collect();
        self.bytes.drain(..whole);
        if !ended && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
            self.high = units.pop();
        }
        if ended && !self.bytes.is_empty() {
            self.bytes.clear();
            units.push(0xFFFD);
        }
        let text: String =
            char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.text = Cursor::new(text.into_bytes());
        Ok(())
    }
}

impl Read for Wide<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.text.read(into)?;
            if count > 0 || into.is_empty() {
                return Ok(count);
            }
            self.more()?;
            let is_empty = self.text.get_ref().is_empty();
            // A single half of a character makes no text yet.
            if is_empty && self.high.is_none() && self.bytes.is_empty() {
                return Ok(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a byte at a time.
    struct Slow(Cursor<Vec<u8>>);

    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let most = into.len().min(1);
            self.0.read(&mut into[..most])
        }
    }

    fn read(bytes: &[u8]) -> String {
        let mut text = String::new();
        let slow = Box::new(Slow(Cursor::new(bytes.to_vec())));
        narrowed(slow).unwrap().read_to_string(&mut text).unwrap();
        let mut whole = String::new();
        narrowed(Box::new(Cursor::new(bytes.to_vec()))).unwrap().read_to_string(&mut whole).unwrap();
        assert_eq!(text, whole);
        text
    }

    #[test]
    fn utf_16_reads_as_utf_8_however_it_comes() {
        let text = "{\"a\":\"né 🍵\"}\r\n";
        let little: Vec<u8> =
            "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> =
            "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!((read(&little).as_str(), read(&big).as_str()), (text, text));
        assert_eq!(read(&little[..little.len() - 1]).trim_end(), format!("{}\r\u{FFFD}", text.trim_end()));
        assert_eq!(read(b"\xFF\xFE\x3C\xD8"), "\u{FFFD}", "half a character");
    }

    #[test]
    fn anything_else_stays() {
        for text in ["", "a", "ab", "abc", "\u{FEFF}x"] {
            assert_eq!(read(text.as_bytes()), text);
        }
    }
}
