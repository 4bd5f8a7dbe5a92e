//! Which format is this? The content decides; a media type only helps where the content could be either.

use omi::Members;
use omi::frames::{Frame, Frames, Limits};
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
        SAYS_OMP | SAYS_OMI => Recognised::certain(reason),
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

/// Decides by the members of the first JSON object.
fn sniff_object(prefix: &[u8]) -> Option<Sniffed> {
    let mut frames = Frames::document(prefix, &["memories"], Limits::default());
    let (mut looks_like_record, mut has_memories) = (false, false);
    while let Some(frame) = frames.next() {
        match frame {
            Ok(Frame::Member { name: "omp_version" | "exported_at", .. }) => {
                return Some(because(Format::OMP, SAYS_OMP));
            }
            Ok(Frame::Member { name: "format", raw: "\"open-memory-interchange\"", .. }) => {
                return Some(because(Format::OMI, SAYS_OMI));
            }
            Ok(Frame::Member { name: "content", .. }) => looks_like_record = true,
            Ok(Frame::Open { .. }) => has_memories = true,
            Ok(Frame::Element { raw, .. }) => {
                let Ok(members) = Members::parse(raw) else { continue };
                if members.contains("created_at")
                    || members.contains("source") && !members.contains("created")
                {
                    return Some(because(
                        Format::OMP,
                        "its memories have the members of Open Memory Protocol",
                    ));
                }
                if members.contains("created") {
                    return Some(because(Format::OMI, "its memories have `created`"));
                }
            }
            // A prefix ends somewhere, and lines follow the first one: what was seen before that counts.
            Err(error) if error.is_fatal() => break,
            Ok(_) | Err(_) => {}
        }
    }
    match (has_memories, looks_like_record) {
        (true, _) => Some(because(Format::OMP, ONLY_MEMORIES)),
        (false, true) => Some(because(Format::OMI_JSONL, "its first line is a record")),
        (false, false) => None,
    }
}

/// Whether the text is (the beginning of) one object and not an object a line.
fn is_one_object(prefix: &[u8]) -> bool {
    let options = omi::ReadOptions::default();
    let mut reader = omi::Reader::new(prefix, options);
    // The reader has decided once it has yielded something.
    let _ = reader.next();
    reader.layout() == Some(omi::Layout::Document)
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
