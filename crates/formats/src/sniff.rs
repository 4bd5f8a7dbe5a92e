//! Which format is this? The content decides; a media type only helps where the content could be either.

use std::borrow::Cow;

use omi::frames::{Frame, Frames, Limits};
use omi::{Layout, Members, Serialization};
use omp_model::transfer::Format;

use crate::Recognised;
use crate::format::Candidate;

/// How much of the beginning is enough to look at.
pub const PREFIX: usize = crate::probe::HEAD;

/// A format, and what it was recognised by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sniffed {
    /// The format.
    pub format: Format,
    /// Why, as a clause that follows "because".
    pub reason: &'static str,
}

const fn because(format: Format, reason: &'static str) -> Sniffed {
    Sniffed { format, reason }
}

/// The same as a candidate among those of other tools. That an object has `memories` says little: many have.
pub(crate) fn candidate(prefix: &[u8]) -> Option<Candidate> {
    let Sniffed { format, reason } = sniff(prefix)?;
    let name = Format::NATIVE.iter().position(|native| *native == format)?;
    let name = ["omp", "omi", "omi-jsonl"][name];
    let recognised = match reason {
        SAYS_OMI => Recognised::declared(reason),
        SAYS_OMP => Recognised::certain(reason),
        _ if reason == ONLY_MEMORIES => Recognised::possible(reason),
        _ => Recognised::likely(reason),
    };
    Some(Candidate { name, recognised })
}

const SAYS_OMP: &str = "it has `omp_version` or `exported_at`";
const SAYS_OMI: &str = "its `format` is `open-memory-interchange`";
const ONLY_MEMORIES: &str = "it has `memories` and nothing that says otherwise";

/// Looks at the beginning of a file, [`PREFIX`] bytes or all of it. `None` when it is none that we read.
pub fn sniff(prefix: &[u8]) -> Option<Sniffed> {
    let document = sniff_object(prefix)?;
    // Whether an interchange file is a document or lines is for its own reader to say.
    let is_lines = document.format == Format::OMI && !is_one_object(prefix);
    Some(if is_lines { Sniffed { format: Format::OMI_JSONL, ..document } } else { document })
}

/// Decides by the members of the first JSON object. Unknown members and their order say nothing: an interchange file
/// may have any. So a `format` that names the standard counts wherever it stands, and the others only without one.
fn sniff_object(prefix: &[u8]) -> Option<Sniffed> {
    let mut frames = Frames::document(prefix, &["memories"], Limits::default());
    let (mut says_omp, mut dated_export, mut looks_like_record, mut has_memories) =
        (false, false, false, false);
    let mut by_items = None;
    while let Some(frame) = frames.next() {
        match frame {
            Ok(Frame::Member { name: "format", raw, .. })
                if serde_json::from_str::<Cow<'_, str>>(raw).is_ok_and(|format| format == omi::FORMAT) =>
            {
                return Some(because(Format::OMI, SAYS_OMI));
            }
            Ok(Frame::Member { name: "omp_version", .. }) => says_omp = true,
            Ok(Frame::Member { name: "exported_at", .. }) => dated_export = true,
            Ok(Frame::Member { name: "content", .. }) => looks_like_record = true,
            Ok(Frame::Open { .. }) => has_memories = true,
            Ok(Frame::Element { raw, .. }) if by_items.is_none() => by_items = by_item(raw),
            // A prefix ends somewhere, and lines follow the first one: what was seen before that counts.
            Err(error) if error.is_fatal() => break,
            Ok(_) | Err(_) => {}
        }
    }
    match (has_memories, looks_like_record) {
        _ if says_omp => Some(because(Format::OMP, SAYS_OMP)),
        // A record may have members of any name.
        (_, true) => Some(because(Format::OMI_JSONL, "its first line is a record")),
        _ if dated_export => Some(because(Format::OMP, SAYS_OMP)),
        (true, false) => by_items.or(Some(because(Format::OMP, ONLY_MEMORIES))),
        (false, false) => None,
    }
}

/// Decides by one of the `memories`.
fn by_item(raw: &str) -> Option<Sniffed> {
    let members = Members::parse(raw).ok()?;
    if members.contains("created_at") || members.contains("source") && !members.contains("created") {
        return Some(because(Format::OMP, "its memories have the members of Open Memory Protocol"));
    }
    members.contains("created").then(|| because(Format::OMI, "its memories have `created`"))
}

/// Whether the text is (the beginning of) one object and not an object a line.
fn is_one_object(prefix: &[u8]) -> bool {
    layout(prefix) == Some(Layout::Document)
}

/// The layout, as far as the beginning tells. What looks like a document on one line is a header when lines follow it,
/// so all of the beginning is read.
fn layout(prefix: &[u8]) -> Option<Layout> {
    let mut reader = omi::Reader::new(prefix, omi::ReadOptions::default());
    while reader.next().is_some() {}
    reader.layout()
}

/// The form in which to read an interchange file that begins like this; `None` for what looks like a document, since
/// only reading on tells whether it is a header with records in it. The content decides. What the file is `called`, by
/// a name, a media type or a person, counts where the content leaves it open: where nothing can be read, and where
/// there is one object alone, which may be a document that lacks its `memories`, or a header or record of lines.
pub fn form(prefix: &[u8], called: Option<Serialization>) -> Option<Serialization> {
    match layout(prefix) {
        Some(Layout::Document) => None,
        Some(Layout::Headed | Layout::Bare) if called == Some(Serialization::Json) && is_alone(prefix) => {
            called
        }
        Some(Layout::Headed | Layout::Bare) => Some(Serialization::JsonLines),
        None => called.or(Some(Serialization::JsonLines)),
    }
}

/// Whether the text is one object and nothing else.
fn is_alone(prefix: &[u8]) -> bool {
    let mut frames = Frames::document(prefix, &[], Limits::default());
    let mut sound = true;
    while let Some(frame) = frames.next() {
        sound &= !frame.is_err_and(|error| error.is_fatal());
    }
    sound
}

/// The format that a media type names; `None` for general ones such as `application/json`.
pub fn by_media_type(media_type: &str) -> Option<Format> {
    match media_type.split(';').next().unwrap_or_default().trim() {
        "application/vnd.omi+json" => Some(Format::OMI),
        "application/vnd.omi+jsonl"
        | "application/jsonl"
        | "application/x-ndjson"
        | "application/x-jsonlines" => Some(Format::OMI_JSONL),
        _ => None,
    }
}

/// Whether a media type says no more than that there is JSON on lines: then a document is one all the same.
pub fn is_any_lines(media_type: &str) -> bool {
    by_media_type(media_type) == Some(Format::OMI_JSONL) && !media_type.contains("vnd.omi")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(text: &str) -> Option<Format> {
        sniff(text.as_bytes()).map(|sniffed| sniffed.format)
    }

    #[test]
    fn each_format_is_told_by_its_content() {
        let omi = r#"{"format":"open-memory-interchange","version":"0.1""#;
        let record = r#"{"id":"a","content":"x","created":"2026-01-01T00:00:00Z"}"#;
        assert_eq!(format(&format!("{omi},\"memories\":[{record}]}}")), Some(Format::OMI));
        assert_eq!(format(&format!("{omi}}}\n{record}\n")), Some(Format::OMI_JSONL));
        assert_eq!(format(&format!("{record}\n{record}\n")), Some(Format::OMI_JSONL));
        assert_eq!(format(&format!("{{\"memories\":[{record}]}}")), Some(Format::OMI));
        assert_eq!(format(r#"{"omp_version":"0.1","memories":[]}"#), Some(Format::OMP));
        assert_eq!(
            format(r#"{"memories":[{"id":"mem_x","created_at":"x"}],"conflict":"skip"}"#),
            Some(Format::OMP)
        );
        assert_eq!(format(r#"{"memories":[]}"#), Some(Format::OMP));
    }

    #[test]
    fn members_of_other_tools_do_not_hide_that_a_file_names_its_format() {
        let says = r#""format":"open-memory-interchange","version":"0.1""#;
        let item = r#"{"id":"a","content":"x","created":"y","created_at":"z","memory":"m","user_id":"u"}"#;
        for text in [
            format!(r#"{{"exported_at":"x",{says},"memories":[{item}]}}"#),
            format!(r#"{{"omp_version":"0.1",{says},"memories":[{item}]}}"#),
            format!(r#"{{"memories":[{item}],{says}}}"#),
            format!(r#"{{"format":"open\u002dmemory-interchange","memories":[{item}]}}"#),
        ] {
            assert_eq!(format(&text), Some(Format::OMI), "{text}");
            let candidate = candidate(text.as_bytes()).unwrap();
            assert!(candidate.recognised.confidence > crate::format::Confidence::Certain);
        }
    }

    #[test]
    fn a_bare_record_that_has_memories_of_its_own_is_a_record() {
        let line =
            r#"{"id":"a","content":"x","created":"2026-01-01T00:00:00Z","memories":[1],"exported_at":1}"#;
        assert_eq!(format(&format!("{line}\n{line}\n")), Some(Format::OMI_JSONL));
    }

    #[test]
    fn lines_under_a_header_that_has_memories_are_lines() {
        let record = r#"{"id":"a","content":"x","created":"2026-01-01T00:00:00Z"}"#;
        for memories in ["", record] {
            let text = format!(
                "{{\"format\":\"open-memory-interchange\",\"memories\":[{memories}]}}\n{record}\n{record}\n"
            );
            assert_eq!(format(&text), Some(Format::OMI_JSONL));
        }
    }

    #[test]
    fn what_a_file_is_called_counts_where_its_content_leaves_it_open() {
        let (json, lines) = (Some(Serialization::Json), Some(Serialization::JsonLines));
        let header = r#"{"format":"open-memory-interchange","version":"0.1"}"#;
        let document = r#"{"format":"open-memory-interchange","memories":[]}"#;
        for (text, called, expected) in [
            (header, None, lines),
            (header, json, json),
            (header, lines, lines),
            (document, lines, None),
            ("{\"content\":1}\n{\"content\":2}", json, lines),
            ("garbage", json, json),
            ("garbage", lines, lines),
            ("{bad", lines, None),
        ] {
            assert_eq!(form(text.as_bytes(), called), expected, "{text} {called:?}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in ["", "hello", "[]", "{}", r#"{"mapping":{}}"#, "%PDF-1.4"] {
            assert_eq!(format(text), None, "{text}");
        }
    }

    #[test]
    fn a_beginning_is_enough() {
        let long = format!(r#"{{"omp_version":"0.1","memories":[{{"content":"{}"#, "x".repeat(PREFIX));
        assert_eq!(format(&long[..PREFIX]), Some(Format::OMP));
    }
}
