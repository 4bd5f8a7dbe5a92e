//! Finds where the value at a path begins in good JSON text.

use std::borrow::Cow;

use memchr::memchr2;

use super::strings;
use crate::frames::is_space;

/// One step of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// The member of that name; the last one if there are several.
    Member(&'a str),
    /// The element of that index.
    Element(usize),
}

/// The offset in `raw`, good JSON, of the value reached by `path`; `None` if there is none.
pub(crate) fn locate(raw: &str, path: &[Step<'_>]) -> Option<usize> {
    let mut at = skip_space(raw.as_bytes(), 0);
    for step in path {
        at = match step {
            Step::Member(name) => entries(raw, at).filter(|entry| entry.name == *name).last()?.value,
            Step::Element(index) => elements(raw, at).nth(*index)?,
        };
    }
    Some(at)
}

/// The offset in `raw`, a good JSON object, of the name of its `nth` (from 0) member.
pub(crate) fn locate_name(raw: &str, nth: usize) -> Option<usize> {
    entries(raw, skip_space(raw.as_bytes(), 0)).nth(nth).map(|entry| entry.start)
}

struct Entry<'a> {
    name: Cow<'a, str>,
    /// Where the name begins.
    start: usize,
    /// Where the value begins.
    value: usize,
}

/// The members of the object that begins at `at`.
fn entries(raw: &str, at: usize) -> impl Iterator<Item = Entry<'_>> {
    let bytes = raw.as_bytes();
    let mut at = if bytes.get(at) == Some(&b'{') { at + 1 } else { bytes.len() };
    std::iter::from_fn(move || {
        let start = skip_separators(bytes, at);
        if bytes.get(start) != Some(&b'"') {
            return None;
        }
        let end = skip_value(bytes, start);
        let name = strings::decode(&raw[start..end]);
        let value = skip_separators(bytes, end);
        at = skip_value(bytes, value);
        Some(Entry { name, start, value })
    })
}

/// Where the elements of the array that begins at `at` begin.
fn elements(raw: &str, at: usize) -> impl Iterator<Item = usize> {
    let bytes = raw.as_bytes();
    let mut at = if bytes.get(at) == Some(&b'[') { at + 1 } else { bytes.len() };
    std::iter::from_fn(move || {
        let start = skip_separators(bytes, at);
        if matches!(bytes.get(start), None | Some(b']')) {
            return None;
        }
        at = skip_value(bytes, start);
        Some(start)
    })
}

fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte)) {
        at += 1;
    }
    at
}

/// Passes over white space, a comma and a colon; in good JSON they stand where they must.
fn skip_separators(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(|byte| is_space(*byte) || matches!(byte, b',' | b':')) {
        at += 1;
    }
    at
}

/// The offset just after the value that begins at `at`.
fn skip_value(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = skip_string(bytes, at);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                if depth <= 1 {
                    // At depth 0 this closes what is around a scalar.
                    return if depth == 0 { at } else { at + 1 };
                }
                depth -= 1;
            }
            b',' | b':' | b' ' | b'\n' | b'\r' | b'\t' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The offset just after the string literal that begins at `at`.
pub(crate) fn skip_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) {
        if bytes[at + found] == b'"' {
            return at + found + 1;
        }
        at += found + 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Step, locate, locate_name};

    const TEXT: &str =
        " {\"a\" : [1, {\"x\\u0079\":\n true}, [ ] , \"]\\\"\"],\"b\":{},\"c\":-1 , \"a\\\\\":null}";

    #[test]
    fn a_value_is_found_by_its_path() {
        for (path, expected) in [
            (&[][..], "{\"a\""),
            (&[Step::Member("a")], "[1"),
            (&[Step::Member("a"), Step::Element(1), Step::Member("xy")], "true"),
            (&[Step::Member("a"), Step::Element(2)], "[ ]"),
            (&[Step::Member("a"), Step::Element(3)], "\"]\\\"\""),
            (&[Step::Member("b")], "{},"),
            (&[Step::Member("c")], "-1 "),
            (&[Step::Member("a\\")], "null"),
        ] {
            let at = locate(TEXT, path).unwrap();
            assert!(TEXT[at..].starts_with(expected), "{path:?}: {}", &TEXT[at..]);
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(locate(TEXT, &[Step::Member("d")]), None);
        assert_eq!(locate(TEXT, &[Step::Member("a"), Step::Element(4)]), None);
        assert_eq!(locate(TEXT, &[Step::Member("c"), Step::Member("x")]), None);
        assert_eq!(locate(TEXT, &[Step::Member("c"), Step::Element(0)]), None);
    }

    #[test]
    fn the_last_of_equal_names_counts() {
        let text = r#"{"a":1,"b":2,"a":3}"#;
        assert_eq!(locate(text, &[Step::Member("a")]), Some(17));
        assert_eq!(locate_name(text, 2), Some(13));
        assert_eq!(locate_name(text, 3), None);
    }
}
