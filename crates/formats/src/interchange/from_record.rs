//! A record becomes a memory; one whose text is too long becomes several.

use omi::Record;
use omp_model::{Content, Memory, MemoryId, MemoryType, SessionRef, Source, Tags, Timestamp, ToolName};

use super::{FORMAT, OWNER, Profile};
use crate::origin::{Dated, Origin};

/// What a record means beyond itself.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The envelope's subject id; a record may have its own.
    pub subject: Option<&'a str>,
    /// What stands in for a `created` that is missing or no date-time.
    pub fallback: Timestamp,
}

/// Something that was brought into form. The record as it was is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The record's member.
    pub field: &'static str,
    /// What was done, as a sentence without its subject.
    pub message: String,
}

/// What a record becomes.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// One memory, or the parts of a text that is too long for one, in order.
    pub parts: Vec<Memory>,
    /// What was brought into form.
    pub notes: Vec<Note>,
    /// Whether the date is the context's and not the record's.
    pub date_assumed: bool,
}

/// Maps a record. The only thing that a record must have is content; the error says what is wrong with it.
pub fn from_record(record: &Record, context: Context<'_>) -> Result<Mapped, String> {
    let mut notes = Vec::new();
    let mut note = |field, message: &str| notes.push(Note { field, message: message.to_owned() });
    let Some(text) = record.content() else {
        let found = if record.members().contains("content") { "is not a string" } else { "is missing" };
        return Err(format!("`content` {found}; a record without it says nothing"));
    };
    let contents = split(&text);
    if contents.is_empty() {
        return Err("`content` is empty; a record without it says nothing".into());
    }
    if contents.len() > 1 {
        note(
            "content",
            &format!("is longer than {} characters and was stored in {} parts", Content::MAX, contents.len()),
        );
    } else if text.contains('\0') {
        note("content", "was stored without its NUL characters");
    }

    for fault in super::repair::faults(record) {
        note(fault.field, &fault.message);
    }

    let profile = Profile::read(record);
    let created = record.created();
    let dated = created.as_deref().and_then(moment);
    let origin = Origin::of(record);
    let assumed_there = origin.as_ref().and_then(Origin::dated) == Some(Dated::Assumed);
    let date_assumed = dated.is_none() || assumed_there;
    let created_at = dated.unwrap_or_else(|| {
        let there = record.members().contains("created");
        let found = if there { "is not a date-time" } else { "is missing" };
        note("created", &format!("{found}; the memory is dated {}", context.fallback));
        context.fallback
    });
    let kind = record.kind();
    let word = kind.as_deref().and_then(MemoryType::parse);
    if word.is_none() && kind.as_ref().is_some_and(|kind| !kind.is_empty()) {
        note("type", "is not one of episodic, semantic, procedural; stored as semantic");
    }
    let written = record.tags();
    let tags = Tags::normalize(written.iter().map(AsRef::as_ref));
    if !tags.iter().map(omp_model::Tag::as_str).eq(written.iter().map(AsRef::as_ref)) {
        note("tags", "were brought into the form of tags: at most 20 of a-z 0-9 _ : -");
    }
    let source = record.source().unwrap_or_default();
    let tool = source.platform.as_deref().and_then(ToolName::cut).unwrap_or_else(import_tool);
    let session_id = source.reference.as_deref().and_then(SessionRef::cut);
    let cut = |written: &Option<String>, kept: Option<&str>| {
        written.as_deref().is_some_and(|written| !written.is_empty() && kept != Some(written))
    };
    if cut(&source.platform, Some(tool.as_str())) {
        note("source", "has a `platform` that is too long for the name of a tool and was cut");
    }
    if cut(&source.reference, session_id.as_ref().map(SessionRef::as_str)) {
        note("source", "has a `ref` that is too long for the name of a session and was cut");
    }
    let updated_hint =
        || ["updated", "updated_at", "modified"].iter().find_map(|name| record.members().get_str(name));
    let memory = Memory {
        id: id(record, context, profile.as_ref(), origin.as_ref(), &text),
        content: contents[0].clone(),
        kind: word.unwrap_or(MemoryType::Semantic),
        source: Source {
            tool,
            session_id,
            user_id: profile.as_ref().and_then(|p| p.user_id.clone()),
            timestamp: profile.as_ref().and_then(|p| p.observed_at).unwrap_or(created_at),
        },
        tags,
        namespace: profile.as_ref().and_then(|p| p.namespace.clone()),
        created_at,
        updated_at: profile
            .as_ref()
            .and_then(|p| p.updated_at)
            .or_else(|| updated_hint().as_deref().and_then(Timestamp::parse))
            .map_or(created_at, |at| at.max(created_at)),
        expires_at: profile.as_ref().and_then(|p| p.expires_at),
        metadata: profile.as_ref().map(|p| p.metadata.clone()).unwrap_or_default(),
        embedding: profile.and_then(|p| p.embedding),
    };
    let part = |(index, content): (usize, Content)| Memory {
        id: if index == 0 { memory.id } else { part_id(memory.id, index) },
        content,
        ..memory.clone()
    };
    Ok(Mapped { parts: contents.into_iter().enumerate().map(part).collect(), notes, date_assumed })
}

/// The id of a later part of the memory `head`.
pub fn part_id(head: MemoryId, index: usize) -> MemoryId {
    MemoryId::derive(&[FORMAT, "part", head.body(), &index.to_string()])
}

/// A memory of ours keeps its id, which the profile names. Others get one that follows from whose record it is and how
/// it is called there, so that importing a file twice finds the same memories; without an id, from what it says. What
/// comes from another tool is known by its name there, whether it comes directly or in an interchange file.
fn id(
    record: &Record,
    context: Context<'_>,
    profile: Option<&Profile>,
    origin: Option<&Origin>,
    text: &str,
) -> MemoryId {
    if let Some(id) = profile.and_then(|profile| profile.id) {
        return id;
    }
    if let Some((origin, id)) = origin.and_then(|origin| Some((origin, origin.id()?))) {
        return MemoryId::derive(&[&origin.format(), "id", &origin.scope(), &id]);
    }
    let own_subject = super::subject(record.members()).map(|subject| subject.id);
    // A record without a subject is the owner's, and goes out under that name.
    let subject =
        own_subject.as_deref().or(context.subject).filter(|subject| *subject != OWNER).unwrap_or_default();
    match record.id().filter(|id| !id.is_empty()) {
        Some(id) => MemoryId::derive(&[FORMAT, "id", subject, &id]),
        None => MemoryId::derive(&[
            FORMAT,
            "text",
            subject,
            text,
            record.created().as_deref().unwrap_or_default(),
        ]),
    }
}

/// A date-time, or the midnight of a mere date.
fn moment(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).or_else(|| Timestamp::parse_date(text))
}

fn import_tool() -> ToolName {
    ToolName::new("omi-import").expect("short enough")
}

/// The text in pieces that fit, cut at the end of a paragraph, a line, a sentence or a word where there is one in
/// the second half of a piece. All pieces together are the text.
pub(crate) fn split(text: &str) -> Vec<Content> {
    let clean: String = text.chars().filter(|c| *c != '\0').collect();
    let (mut pieces, mut rest) = (Vec::new(), clean.as_str());
    while !rest.is_empty() {
        let most = rest.char_indices().nth(Content::MAX).map_or(rest.len(), |(at, _)| at);
        let end = if most == rest.len() { most } else { cut(&rest[..most]) };
        pieces.push(Content::new(&rest[..end]).expect("cut to fit"));
        rest = &rest[end..];
    }
    pieces
}

fn cut(piece: &str) -> usize {
    let ends = ["\n\n", "\n", ". ", "。", " "];
    let after = |end: &&str| piece.rfind(*end).map(|at| at + end.len());
    ends.iter().filter_map(after).find(|at| *at > piece.len() / 2).unwrap_or(piece.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: Context<'_> = Context { subject: Some("u-7"), fallback: Timestamp::from_millis(5_000) };

    fn map(json: &str) -> Mapped {
        from_record(&Record::parse(json).unwrap(), CONTEXT).unwrap()
    }

    #[test]
    fn a_plain_record_maps_without_notes() {
        let mapped = map(
            r#"{"id":"m","content":"Uses metric units.","type":"procedural","created":"2026-03-04T05:06:07Z",
            "tags":["units"],"source":{"platform":"chat","ref":"s-1"},"valid_to":null}"#,
        );
        assert_eq!(mapped.notes, []);
        let memory = &mapped.parts[0];
        assert_eq!((memory.kind, memory.source.tool.as_str()), (MemoryType::Procedural, "chat"));
        assert_eq!(memory.source.session_id.as_ref().unwrap().as_str(), "s-1");
        assert_eq!(memory.created_at.to_string(), "2026-03-04T05:06:07.000Z");
    }

    #[test]
    fn what_does_not_fit_is_brought_into_form_and_said() {
        let mapped = map(
            r#"{"id":"m","content":"x","type":"insight","created":"last Tuesday","tags":["Hot Drinks","Чай"]}"#,
        );
        assert_eq!(mapped.notes.iter().map(|n| n.field).collect::<Vec<_>>(), ["created", "type", "tags"]);
        assert_eq!(mapped.parts[0].created_at, CONTEXT.fallback);
        assert_eq!(
            mapped.parts[0].tags.iter().map(omp_model::Tag::as_str).collect::<Vec<_>>(),
            ["hot-drinks"]
        );
    }

    #[test]
    fn ids_depend_on_the_subject_and_the_record_and_nothing_else() {
        let id = |json: &str| map(json).parts[0].id;
        let plain = id(r#"{"id":"m","content":"x","created":"2026-03-04T05:06:07Z"}"#);
        assert_eq!(plain, id(r#"{"id":"m","content":"changed","created":"2026-03-05T05:06:07Z"}"#));
        assert_ne!(
            plain,
            id(r#"{"id":"m","content":"x","created":"2026-03-04T05:06:07Z","subject":{"id":"other"}}"#)
        );
        assert_ne!(plain, id(r#"{"id":"n","content":"x","created":"2026-03-04T05:06:07Z"}"#));
        // A record that names one of our ids without our profile cannot take that memory's place.
        assert_ne!(
            id(r#"{"id":"mem_01j9xk2p3q4r5s6t","content":"x","created":""}"#).to_string(),
            "mem_01j9xk2p3q4r5s6t"
        );
    }

    #[test]
    fn a_long_text_is_cut_at_paragraphs_and_nothing_is_lost() {
        let text = "A paragraph of some length.\n\n".repeat(1_000);
        let record = Record::new("m", &text, "2026-03-04T05:06:07Z");
        let mapped = from_record(&record, CONTEXT).unwrap();
        assert!(mapped.parts.len() >= 3);
        assert!(mapped.parts[..2].iter().all(|part| part.content.as_str().ends_with("\n\n")));
        assert_eq!(mapped.parts.iter().map(|part| part.content.as_str()).collect::<String>(), text);
        assert_eq!(mapped.notes[0].field, "content");
    }

    #[test]
    fn what_is_of_a_wrong_type_is_said_and_not_only_dropped() {
        let fields = |member: &str| {
            let mapped =
                map(&format!(r#"{{"content":"x","id":"m","created":"2026-03-04T05:06:07Z",{member}}}"#));
            mapped.notes.iter().map(|note| note.field).collect::<Vec<_>>()
        };
        for (member, field) in [
            (r#""confidence":7"#, "confidence"),
            (r#""tags":"a,b""#, "tags"),
            (r#""tags":null"#, "tags"),
            (r#""type":3"#, "type"),
            (r#""source":"chat""#, "source"),
            (r#""subject":"bob""#, "subject"),
            (r#""valid_from":2026"#, "valid_from"),
            (r#""valid_to":"2026""#, "valid_to"),
            (r#""id":5"#, "id"),
            (r#""created":5"#, "created"),
            (r#""lang":null"#, "lang"),
            (r#""ext":[]"#, "ext"),
        ] {
            assert_eq!(fields(member), [field], "{member}");
        }
        assert_eq!(fields(&format!(r#""source":{{"platform":"{}"}}"#, "p".repeat(300))), ["source"]);
        let told = map(r#"{"content":"x","created":5}"#).notes;
        assert_eq!(told.iter().map(|note| note.field).collect::<Vec<_>>(), ["id", "created"]);
        assert!(told[1].message.starts_with("is not a date-time"), "{}", told[1].message);
    }

    #[test]
    fn a_record_without_text_is_refused() {
        for json in [r#"{"id":"m"}"#, r#"{"id":"m","content":""}"#, r#"{"id":"m","content":7}"#] {
            assert!(from_record(&Record::parse(json).unwrap(), CONTEXT).is_err(), "{json}");
        }
    }
}
