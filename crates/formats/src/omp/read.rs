//! Reading an export, one item at a time, in constant memory.

use std::io::Read;

use omi::frames::{Frame, FrameError, FrameErrorKind, Frames, Limits};
use omi::{Members, Position};
use omp_model::{Conversation, Error, ErrorCode, Fields, Memory};

use super::MEMORY_MEMBERS;

/// The longest item is a conversation of 500 messages of 10,000 characters.
const LIMITS: Limits = Limits { frame_bytes: 32 << 20, depth: 127 };

/// One thing met in an export.
#[derive(Debug)]
pub enum Entry {
    /// A memory.
    Memory {
        /// Its place in `memories`, from 0.
        index: u64,
        /// Where it begins.
        position: Position,
        /// The memory.
        memory: Box<Memory>,
        /// Members that a memory does not have.
        unknown: Vec<String>,
    },
    /// A conversation.
    Conversation(Box<Conversation>),
    /// An item that is none of these; the ones after it are still read.
    Bad {
        /// Its place in its array, from 0.
        index: u64,
        /// Where it begins.
        position: Position,
        /// Its `id`, if that can be read.
        id: Option<String>,
        /// What is wrong.
        error: Error,
    },
    /// The document is broken here and cannot be read on.
    Broken {
        /// Where.
        position: Position,
        /// What is wrong.
        error: Error,
    },
}

/// Reads an export.
pub struct Reader<R> {
    frames: Frames<R>,
    has_memories: bool,
    done: bool,
}

impl<R: Read> Reader<R> {
    /// Reads from `read`; no more than one item is held at a time.
    pub fn new(read: R) -> Self {
        let frames = Frames::document(read, &["memories", "conversations"], LIMITS);
        Self { frames, has_memories: false, done: false }
    }

    fn step(&mut self) -> Option<Entry> {
        loop {
            let entry = match self.frames.next()? {
                Ok(Frame::Open { member, .. }) => {
                    self.has_memories |= member == "memories";
                    continue;
                }
                Ok(Frame::Element { member: "memories", index, raw, position }) => {
                    memory(index, raw, position)
                }
                Ok(Frame::Element { index, raw, position, .. }) => conversation(index, raw, position),
                Ok(Frame::Member { name: name @ ("memories" | "conversations"), position, .. }) => {
                    Entry::Broken { position, error: Error::invalid(name, "must be an array") }
                }
                Ok(_) => continue,
                Err(error) => fault(&error),
            };
            return Some(entry);
        }
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        if self.done {
            return None;
        }
        let entry = self.step();
        self.done = matches!(entry, None | Some(Entry::Broken { .. }));
        if entry.is_none() && !self.has_memories {
            let error = Error::invalid("memories", "is required and must be an array");
            return Some(Entry::Broken { position: self.frames.top(), error });
        }
        entry
    }
}

fn memory(index: u64, raw: &str, position: Position) -> Entry {
    let (result, id) = typed(raw, Memory::read);
    match result {
        Ok(memory) => {
            let members = Members::parse(raw).unwrap_or_default();
            let unknown =
                members.names().filter(|name| !MEMORY_MEMBERS.contains(name)).map(str::to_owned).collect();
            Entry::Memory { index, position, memory: Box::new(memory), unknown }
        }
        Err(error) => Entry::Bad { index, position, id, error },
    }
}

fn conversation(index: u64, raw: &str, position: Position) -> Entry {
    let (result, id) = typed(raw, Conversation::read);
    match result {
        Ok(conversation) => Entry::Conversation(Box::new(conversation)),
        Err(error) => Entry::Bad { index, position, id, error },
    }
}

fn typed<T>(
    raw: &str,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> (Result<T, Error>, Option<String>) {
    match Fields::from_json(raw) {
        Ok(mut fields) => {
            let id = fields.raw("id").and_then(|id| serde_json::from_str(id.get()).ok());
            let value = read(&mut fields);
            (fields.finish(value), id)
        }
        Err(error) => (Err(error), None),
    }
}

/// A structural fault in our words.
pub fn structural_error(fault: &FrameError) -> Error {
    if let FrameErrorKind::WrongTop { found, expected } = fault.kind {
        return Error::invalid("body", format!("must be {expected}; this is {found}"));
    }
    if matches!(fault.kind, FrameErrorKind::TooLarge { .. } | FrameErrorKind::TooDeep { .. }) {
        return Error::new(ErrorCode::ValidationError, format!("The body cannot be read: {fault}."));
    }
    not_json(&fault.to_string(), fault.position)
}

fn fault(fault: &FrameError) -> Entry {
    let error = structural_error(fault);
    match fault.index {
        Some(index) if !fault.is_fatal() => Entry::Bad { index, position: fault.position, id: None, error },
        _ => Entry::Broken { position: fault.position, error },
    }
}

/// Walks over a whole document without reading its items: is it JSON (reading 31), and which `conflict` did the client
/// put into it (reading 4), wherever that stands?
pub fn survey(read: impl Read) -> Result<Option<String>, Error> {
    let mut frames = Frames::document(read, &["memories", "conversations"], LIMITS);
    let mut conflict = None;
    while let Some(frame) = frames.next() {
        let frame = match frame {
            Ok(frame) => frame,
            // What is too much for one item leaves the others as they are.
            Err(FrameError {
                kind: FrameErrorKind::TooLarge { .. } | FrameErrorKind::TooDeep { .. },
                ..
            }) => continue,
            Err(fault) => return Err(structural_error(&fault)),
        };
        if let Some((position, what)) = frame.mistake() {
            return Err(not_json(&format!("{position}: {what}"), position));
        }
        if let Frame::Member { name: "conflict", raw, .. } = frame
            && raw != "null"
        {
            conflict = Some(serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()));
        }
    }
    Ok(conflict)
}

/// The error for a body that is no JSON (reading 31).
pub fn not_json(what: &str, position: Position) -> Error {
    Error::new(ErrorCode::InvalidJson, format!("The body is not valid JSON: {what}."))
        .with_detail("line", position.line)
        .with_detail("column", position.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"id":"mem_01j9xk2p3q4r5s6t","content":"a","type":"semantic","source":{"tool":"t"},
        "created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"}"#;

    fn entries(text: &str) -> Vec<Entry> {
        Reader::new(text.as_bytes()).collect()
    }

    #[test]
    fn bad_items_do_not_stop_the_good_ones() {
        let text = format!(
            "{{\"memories\":[{GOOD},{{\"id\":\"x\"}},3,{{\"a\":nope}},{GOOD}],\"omp_version\":\"0.1\"}}"
        );
        let read = entries(&text);
        let places: Vec<_> = read
            .iter()
            .map(|entry| match entry {
                Entry::Memory { index, .. } => format!("good {index}"),
                Entry::Bad { index, id, .. } => format!("bad {index} {}", id.as_deref().unwrap_or("-")),
                _ => "?".into(),
            })
            .collect();
        assert_eq!(places, ["good 0", "bad 1 x", "bad 2 -", "bad 3 -", "good 4"]);
    }

    #[test]
    fn a_document_that_ends_early_says_where_after_what_was_whole() {
        let read = entries(&format!("{{\"memories\":[{GOOD},\n{{\"id\":"));
        assert!(
            matches!(&read[..], [Entry::Memory { .. }, Entry::Broken { position, .. }] if position.line >= 3)
        );
    }

    #[test]
    fn without_memories_it_is_no_export() {
        assert!(
            matches!(&entries("{}")[..], [Entry::Broken { error, .. }] if error.details.contains_key("memories"))
        );
        assert!(
            matches!(&entries(r#"{"memories":3}"#)[..], [Entry::Broken { error, .. }] if error.details.contains_key("memories"))
        );
    }

    #[test]
    fn the_strategy_is_found_behind_the_memories() {
        let text = format!("{{\"memories\":[{GOOD}],\"conflict\":\"overwrite\"}}");
        assert_eq!(survey(text.as_bytes()).unwrap().as_deref(), Some("overwrite"));
        assert_eq!(survey(&b"{\"memories\":[]}"[..]).unwrap(), None);
        assert_eq!(survey(&b"{\"memories\":["[..]).unwrap_err().code, ErrorCode::InvalidJson);
        assert_eq!(survey(&b"[]"[..]).unwrap_err().code, ErrorCode::ValidationError);
    }

    #[test]
    fn a_mistake_inside_of_an_item_is_found_with_its_place_in_the_document() {
        let text = format!("{{\"memories\":[{GOOD},\n  {{\"a\": bad}}]}}");
        let error = survey(text.as_bytes()).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidJson);
        assert_eq!((&error.details["line"], &error.details["column"]), (&3.into(), &9.into()));
        for broken in ["[{},]", "[{} {}]", "[],\"x\":nope", "[\"\u{0}\"]"] {
            let text = format!("{{\"memories\":{broken}}}");
            assert_eq!(survey(text.as_bytes()).unwrap_err().code, ErrorCode::InvalidJson, "{broken}");
        }
        assert!(survey(&b"{\"memories\":[3,{\"id\":7}]}"[..]).is_ok(), "what is JSON is judged item by item");
    }

    #[test]
    fn members_without_a_place_are_named() {
        let text = format!("{{\"memories\":[{}]}}", GOOD.replacen('{', "{\"score\":1,", 1));
        assert!(matches!(&entries(&text)[..], [Entry::Memory { unknown, .. }] if *unknown == ["score"]));
    }
}
