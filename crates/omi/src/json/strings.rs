//! String literals.

use std::borrow::Cow;

/// The text of a string literal (quotes included). Text without escapes is borrowed. An unpaired surrogate, which
/// JSON can write but Unicode text cannot hold, becomes U+FFFD; `literal` itself stays the truth.
pub(crate) fn decode(literal: &str) -> Cow<'_, str> {
    decode_with(literal, |_| String::from(char::REPLACEMENT_CHARACTER))
}

/// As [`decode`], for comparing: different unpaired surrogates stay different.
pub(crate) fn decode_apart(literal: &str) -> Cow<'_, str> {
    // No text has these two noncharacters but to be mistaken for it.
    decode_with(literal, |unit| format!("\u{fffe}{unit:04x}\u{ffff}"))
}

fn decode_with(literal: &str, unpaired: impl Fn(u32) -> String) -> Cow<'_, str> {
    let inner = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let (unit, len) = escape(&rest.as_bytes()[at..]);
        match unit {
            Escape::Char(char) => text.push(char),
            Escape::Unpaired(unit) => text.push_str(&unpaired(unit)),
        }
        rest = rest.get(at + len..).unwrap_or_default();
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// Where in a string literal the first unpaired surrogate is escaped.
pub(crate) fn unpaired_surrogate(literal: &str) -> Option<usize> {
    let bytes = literal.as_bytes();
    let mut index = 0;
    while let Some(at) = memchr::memchr(b'\\', bytes.get(index..)?) {
        let (unit, len) = escape(&bytes[index + at..]);
        if matches!(unit, Escape::Unpaired(_)) {
            return Some(index + at);
        }
        index += at + len;
    }
    None
}

enum Escape {
    Char(char),
    Unpaired(u32),
}

/// Reads the escape at the start of `bytes` and says how long it is.
fn escape(bytes: &[u8]) -> (Escape, usize) {
    let char = match bytes.get(1) {
        Some(b'u') => return unicode(bytes),
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(other) => char::from(*other),
        None => return (Escape::Unpaired(0), 1),
    };
    (Escape::Char(char), 2)
}

fn unicode(bytes: &[u8]) -> (Escape, usize) {
    let Some(high) = hex(bytes.get(2..6)) else { return (Escape::Unpaired(0), 2) };
    if let Some(char) = char::from_u32(high) {
        return (Escape::Char(char), 6);
    }
    let low = if bytes.get(6..8) == Some(b"\\u") { hex(bytes.get(8..12)) } else { None };
    match low {
        Some(low) if high < 0xDC00 && (0xDC00..0xE000).contains(&low) => {
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).map_or(Escape::Unpaired(high), Escape::Char), 12)
        }
        _ => (Escape::Unpaired(high), 6),
    }
}

fn hex(digits: Option<&[u8]>) -> Option<u32> {
    let digits = std::str::from_utf8(digits?).ok()?;
    if digits.starts_with('+') {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::{decode, unpaired_surrogate};

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(decode(r#""日本 a""#), Cow::Borrowed("日本 a")));
    }

    #[test]
    fn an_unpaired_surrogate_is_replaced_and_found() {
        for (literal, text, place) in [
            (r#""a\ud800""#, "a\u{fffd}", 2),
            (r#""\udc00b""#, "\u{fffd}b", 1),
            (r#""\ud83d\ude00\ud83d\u0041""#, "😀\u{fffd}A", 13),
        ] {
            assert_eq!(decode(literal), text);
            assert_eq!(unpaired_surrogate(literal), Some(place));
        }
        assert_eq!(unpaired_surrogate(r#""\ud83d\ude00 \\ud800""#), None);
    }

    proptest! {
        #[test]
        fn decoding_agrees_with_serde_json(text in any::<String>()) {
            let literal = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(decode(&literal), text.clone());
            let escaped: Vec<_> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let literal = format!("\"{}\"", escaped.concat());
            prop_assert_eq!(decode(&literal), text);
        }
    }
}
