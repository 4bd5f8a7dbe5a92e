//! Changes white space between tokens and nothing else: strings and numbers keep their text.

use super::locate::skip_string;
use crate::frames::is_space;

/// Appends `raw`, good JSON, without insignificant white space.
pub(crate) fn compact(raw: &str, out: &mut String) {
    let bytes = raw.as_bytes();
    let mut at = 0;
    // What stands between two pieces of white space is copied in one go.
    let mut run = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = skip_string(bytes, at),
            byte if is_space(byte) => {
                out.push_str(&raw[run..at]);
                at += 1;
                run = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(&raw[run..]);
}

/// Appends `raw`, good JSON, one member or element a line, two spaces a level, beginning at `level`.
pub(crate) fn pretty(raw: &str, level: usize, out: &mut String) {
    let bytes = raw.as_bytes();
    let mut level = level;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = skip_string(bytes, at);
                out.push_str(&raw[at..end]);
                at = end;
                continue;
            }
            byte @ (b'{' | b'[') => {
                out.push(char::from(byte));
                let next = bytes[at + 1..].iter().position(|byte| !is_space(*byte)).map(|n| at + 1 + n);
                if let Some((next, close @ (b'}' | b']'))) = next.map(|next| (next, bytes[next])) {
                    out.push(char::from(close));
                    at = next;
                } else {
                    level += 1;
                    new_line(level, out);
                }
            }
            byte @ (b'}' | b']') => {
                level = level.saturating_sub(1);
                new_line(level, out);
                out.push(char::from(byte));
            }
            b',' => {
                out.push(',');
                new_line(level, out);
            }
            b':' => out.push_str(": "),
            byte if is_space(byte) => {}
            byte => out.push(char::from(byte)),
        }
        at += 1;
    }
}

/// Begins a line at `level`.
pub(crate) fn new_line(level: usize, out: &mut String) {
    out.push('\n');
    for _ in 0..level {
        out.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::{compact, pretty};

    const TEXT: &str =
        "{ \"a b\" : [ 1.0 ,\n{ } , [\t] , \"x \\\" , y\" ],\r\n\"n\":-0 ,\"o\": {\"p\":1e400} }";

    #[test]
    fn compacting_removes_only_white_space_between_tokens() {
        let mut out = String::new();
        compact(TEXT, &mut out);
        assert_eq!(out, "{\"a b\":[1.0,{},[],\"x \\\" , y\"],\"n\":-0,\"o\":{\"p\":1e400}}");
    }

    #[test]
    fn pretty_text_compacts_to_the_same() {
        let (mut nice, mut once, mut twice) = (String::new(), String::new(), String::new());
        pretty(TEXT, 0, &mut nice);
        compact(TEXT, &mut once);
        compact(&nice, &mut twice);
        assert_eq!(once, twice);
        assert_eq!(
            nice,
            "{\n  \"a b\": [\n    1.0,\n    {},\n    [],\n    \"x \\\" , y\"\n  ],\n  \"n\": -0,\n  \"o\": {\n    \"p\": 1e400\n  }\n}"
        );
    }
}
