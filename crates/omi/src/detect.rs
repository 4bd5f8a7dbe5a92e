//! Tells a document from JSON Lines by the beginning of the text (omi.md (j): the content decides, not the name).

use std::io::Read;

use crate::Serialization;
use crate::frames::{FrameError, Frames, Limits, is_space};
use crate::json::locate::skip_string;
use crate::json::strings;

/// Bytes after which a `memories` that was seen decides, whatever follows it.
const ENOUGH: usize = 1 << 20;

/// Begins to scan a file. Without a `choice` its beginning decides.
pub(crate) fn open<R: Read>(
    read: R,
    choice: Option<Serialization>,
    limits: Limits,
) -> (Frames<R>, Result<Serialization, FrameError>) {
    let mut frames = Frames::document(read, &["memories"], limits);
    let form = match choice {
        Some(form) => Ok(form),
        None => detect(&mut frames, limits.frame_bytes.max(ENOUGH)),
    };
    match form {
        Ok(Serialization::JsonLines) => frames.turn_to_lines(),
        // What looks like a document may turn out to be a header that holds records (omi.md JL4).
        Ok(Serialization::Json) if choice.is_none() => frames.let_lines_follow(),
        _ => {}
    }
    (frames, form)
}

/// `most` is the longest line that is read at all, so a longer first line is no header.
fn detect<R: Read>(frames: &mut Frames<R>, most: usize) -> Result<Serialization, FrameError> {
    let mut wanted = 1;
    loop {
        let (bytes, at_end) = frames.peek(wanted)?;
        if let Some(form) = decide(bytes, at_end || bytes.len() > most) {
            return Ok(form);
        }
        // Twice as much each time, since what was seen is looked at again.
        wanted = 2 * bytes.len() + 1;
    }
}

/// Decides by the first bytes; `None` if they do not tell and there may be more.
fn decide(bytes: &[u8], last: bool) -> Option<Serialization> {
    let start = bytes.iter().position(|byte| !is_space(*byte));
    let Some(start) = start else { return last.then_some(Serialization::JsonLines) };
    let bytes = &bytes[start..];
    if !matches!(bytes[0], b'{' | b'[') {
        return Some(Serialization::JsonLines);
    }
    let mut seen = Seen::default();
    match first_line(bytes, &mut seen) {
        // A top-level array is no OMI file; but one among lines is one bad line.
        Stop::Closed(end) if bytes[0] == b'[' => match next_line(&bytes[end..]) {
            Some(b'{') => Some(Serialization::JsonLines),
            None if !last => None,
            _ => Some(Serialization::Json),
        },
        Stop::Closed(_) if seen.is_document() => Some(Serialization::Json),
        Stop::Line { at, name_expected } => match next_line(&bytes[at..]) {
            None if !last => None,
            // No object can begin where a name must: the first line is a broken one.
            Some(b'{') if name_expected => Some(Serialization::JsonLines),
            _ => Some(Serialization::Json),
        },
        Stop::End if seen.is_document() && bytes.len() >= ENOUGH => Some(Serialization::Json),
        Stop::End if !last => None,
        Stop::End if seen.memories || !(seen.id || seen.content || seen.format) => Some(Serialization::Json),
        Stop::Closed(_) | Stop::End => Some(Serialization::JsonLines),
    }
}

/// The first byte that is no white space, if it is on a later line or nothing is before it.
fn next_line(bytes: &[u8]) -> Option<u8> {
    bytes.iter().copied().find(|byte| !is_space(*byte))
}

/// Telling top-level members.
#[derive(Default)]
struct Seen {
    memories: bool,
    format: bool,
    content: bool,
    id: bool,
}

impl Seen {
    fn note(&mut self, name: &str) {
        match name {
            "memories" => self.memories = true,
            "format" => self.format = true,
            "content" => self.content = true,
            "id" => self.id = true,
            _ => {}
        }
    }

    /// An object with `memories` is a document, unless it is a record that has a member of that name.
    fn is_document(&self) -> bool {
        self.memories && (self.format || !self.content)
    }
}

enum Stop {
    /// The first value is closed just before this offset.
    Closed(usize),
    /// The line ends inside the value.
    Line { at: usize, name_expected: bool },
    /// The bytes end.
    End,
}

/// Walks over the first value until it or its line ends.
fn first_line(bytes: &[u8], seen: &mut Seen) -> Stop {
    let mut open = Vec::new();
    let mut name_expected = false;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                let end = skip_string(bytes, at);
                let closed = end - at >= 2 && bytes[end - 1] == b'"';
                if open.len() == 1 && name_expected && closed {
                    seen.note(&strings::decode(&String::from_utf8_lossy(&bytes[at..end])));
                }
                name_expected = false;
                at = end;
                continue;
            }
            byte @ (b'{' | b'[') => {
                open.push(byte);
                name_expected = byte == b'{';
            }
            b'}' | b']' => {
                open.pop();
                name_expected = false;
                if open.is_empty() {
                    return Stop::Closed(at + 1);
                }
            }
            b',' => name_expected = open.last() == Some(&b'{'),
            b'\n' => return Stop::Line { at, name_expected },
            _ => {}
        }
        at += 1;
    }
    Stop::End
}

#[cfg(test)]
mod tests {
    use super::decide;
    use crate::Serialization::{self, Json, JsonLines};

    fn form(text: &str) -> Serialization {
        decide(text.as_bytes(), true).unwrap()
    }

    #[test]
    fn an_object_with_memories_is_a_document() {
        assert_eq!(form(r#"{"format":"f","memories":[]}"#), Json);
        assert_eq!(form(r#"{"memories":[{"content":"x"}],"format":"f"}"#), Json);
        assert_eq!(form("{\n\"format\":\"f\",\n\"memories\":[]}"), Json);
        assert_eq!(form("{\"format\":\"f\",\"memories\":[\n{},\n{}]}"), Json);
        assert_eq!(form(r#"{"format":"f","memories":[{"id""#), Json);
    }

    #[test]
    fn a_header_or_a_record_on_the_first_line_makes_lines() {
        assert_eq!(form(r#"{"format":"f","version":"0.1"}"#), JsonLines);
        assert_eq!(form("\n\n{\"format\":\"f\"}\n{}"), JsonLines);
        assert_eq!(form(r#"{"id":"a","content":"x","created":"y"}"#), JsonLines);
        assert_eq!(form(r#"{"id":"a","content":"x","memories":[]}"#), JsonLines);
        assert_eq!(form(r#"{"\u006demories":[]}"#), Json);
    }

    #[test]
    fn a_broken_first_line_leaves_lines() {
        assert_eq!(form("{\"id\":\"b\",\n{\"id\":\"c\"}"), JsonLines);
        assert_eq!(form("oops\n{\"id\":\"c\"}"), JsonLines);
        assert_eq!(form("[{\"id\":\"b\"}]\n{\"id\":\"c\"}"), JsonLines);
        assert_eq!(form("{\"id\":\"b"), JsonLines);
    }

    #[test]
    fn a_document_on_one_line_may_say_much_before_its_memories() {
        let long = "x".repeat(3 << 20);
        let text = format!(r#"{{"format":"f","note":"{long}","memories":[]}}"#);
        let (_, form) = super::open(text.as_bytes(), None, crate::frames::Limits::default());
        assert_eq!(form.unwrap(), Json);
        let header = format!("{{\"format\":\"f\",\"note\":\"{long}\"}}\n{{}}");
        let (_, form) = super::open(header.as_bytes(), None, crate::frames::Limits::default());
        assert_eq!(form.unwrap(), JsonLines);
    }

    #[test]
    fn a_top_level_array_is_a_broken_document() {
        assert_eq!(form("[{\"id\":\"b\"}]"), Json);
        assert_eq!(form("[\n{\"id\":\"b\"}\n]"), Json);
    }

    #[test]
    fn more_is_asked_for_while_the_first_line_does_not_tell() {
        for text in ["", "  ", "{", "{\"memories\":[", "{\"id\":\"", "{\"a\":1,\n", "[1]\n"] {
            assert_eq!(decide(text.as_bytes(), false), None, "{text}");
            assert!(decide(text.as_bytes(), true).is_some(), "{text}");
        }
    }
}
