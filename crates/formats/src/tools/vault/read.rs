//! Notes become memories.

use std::collections::HashMap;
use std::ops::Range;

use omp_model::{MemoryId, MemoryType, Metadata, Tag, Timestamp};

use super::Flavour;
use super::note::{Note, Observation, Section, observation};
use crate::draft::slug;
use crate::origin::text_id;
use crate::tools::front_matter::{Front, split};
use crate::tools::rules::markdown::{heading, point};
use crate::{Draft, Input, Member, Place, Sink, Stop};

/// All notes of the input.
pub(super) fn read(flavour: Flavour, input: &mut Input, sink: &mut dyn Sink) -> Result<(), Stop> {
    let single = input.is_single();
    let mut found = false;
    for member in input.members().iter() {
        if single || member.ends_with(".md") {
            found = true;
            let text = input.text(member)?;
            note(flavour, &text, member, sink)?;
        } else {
            sink.passed("file", "is no note", &member.place());
        }
    }
    if !found {
        return Err(Stop::broken(&Place::default(), "there are no notes (.md) in it"));
    }
    Ok(())
}

/// A part of a note that is a memory.
pub(super) struct Unit {
    /// The same as long as the part stands for the same.
    pub(super) id: String,
    pub(super) lines: Range<usize>,
    /// The memory's text, and what was put before that of the note.
    pub(super) content: String,
    pub(super) prefix: String,
    pub(super) category: Option<String>,
    /// As they are written there.
    pub(super) tags: Vec<String>,
    /// Whether it is one line, an observation.
    pub(super) is_line: bool,
}

/// A note in its parts.
pub(super) struct Parts {
    pub(super) front: Front,
    pub(super) title: String,
    pub(super) units: Vec<Unit>,
    /// Sections beside the observations, which stay in the note.
    beside: Vec<Range<usize>>,
    relations: Vec<super::note::Relation>,
}

/// Reads a note of this name.
pub(super) fn parts(flavour: Flavour, text: &str, name: &str) -> Parts {
    let (front, body) = split(text);
    let first = text[..text.len() - body.len()].matches('\n').count();
    let front = front.map(Front::parse).unwrap_or_default();
    let stem = name.strip_suffix(".md").unwrap_or(name);
    let first_heading = || body.lines().find_map(heading).map(|(_, name)| name.to_owned());
    let title = front.text("title").or_else(|| Some(stem.to_owned()).filter(|stem| !stem.is_empty()));
    let title = title.or_else(first_heading).unwrap_or_else(|| "Note".into());
    let Note { observations, relations, sections } = Note::parse(flavour, body, first);
    let (mut units, mut beside) = (Vec::new(), Vec::new());
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut unique = |id: String| {
        let count = numbers.entry(id.clone()).or_default();
        *count += 1;
        if *count == 1 { id } else { format!("{id}#{count}") }
    };
    let by_section = flavour == Flavour::Obsidian || observations.is_empty();
    for Observation { category, text, tags, line } in observations {
        let id = unique(text_id(&format!("[{}] {text}", category.as_deref().unwrap_or("note"))));
        let known = text.to_lowercase().contains(&title.to_lowercase());
        let prefix = if known { String::new() } else { format!("{title}: ") };
        let content = format!("{prefix}{text}");
        units.push(Unit { id, lines: line..line + 1, content, prefix, category, tags, is_line: true });
    }
    for Section { headings, text, tags, lines } in sections {
        if !by_section {
            beside.push(lines);
            continue;
        }
        // A section is the same one when its text changes.
        let id = unique(format!("section:{}", headings.join(" / ")));
        let mut path: Vec<&str> = headings.iter().map(String::as_str).collect();
        if path.first() != Some(&title.as_str()) {
            path.insert(0, &title);
        }
        let prefix = format!("{}: ", path.join(" / "));
        let content = format!("{prefix}{text}");
        units.push(Unit { id, lines, content, prefix, category: None, tags, is_line: false });
    }
    units.sort_by_key(|unit| unit.lines.start);
    Parts { front, title, units, beside, relations }
}

fn note(flavour: Flavour, text: &str, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let Parts { front, title, units, beside, relations } = parts(flavour, text, member.name());
    let place = member.place();
    if front.is_literal {
        sink.changed("front matter", "is no valid YAML and was read line by line", &place.clone().line(1));
    }
    if let Some(id) = front.text("omp_id").and_then(|id| MemoryId::parse(&id)) {
        return sink.memory(own(flavour, text, id, &front, member));
    }
    for lines in &beside {
        let at = place.clone().line(lines.start as u64 + 1);
        sink.passed("text beside observations", "stays in the note, which is kept whole", &at);
    }
    if units.is_empty() {
        if relations.is_empty() {
            sink.passed("empty note", "says nothing", &place);
        } else {
            let what = "that says nothing else have no memory to stand with";
            sink.lost("relations of a note", what, &place);
        }
        return Ok(());
    }
    let path = member.inner_path();
    let stem = path.strip_suffix(".md").unwrap_or(path);
    let scope = front.text("permalink").unwrap_or_else(|| stem.to_owned());
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (created, updated) = (
        ["created", "date"].iter().find_map(|name| front.time(name)),
        ["modified", "updated"].iter().find_map(|name| front.time(name)),
    );
    let day_only =
        ["created", "date"].iter().find_map(|name| front.text(name)).is_some_and(|text| text.len() == 10);
    let lines: Vec<&str> = text.lines().collect();
    let mut first = Some(&relations);
    for unit in units {
        let mut draft = Draft::new(flavour.name(), flavour.name(), unit.content);
        draft.scope.clone_from(&scope);
        draft.id = Some(unit.id.clone());
        draft.kind = unit.category.as_deref().map_or(MemoryType::Semantic, kind);
        // In another script it is none of the alphabet of tags, and stays beside the memory as it is written.
        let category =
            unit.category.as_ref().map(|category| match (slug(category), Tag::normalize(category)) {
                (category, Some(_)) => format!("category:{category}"),
                (category, None) => category.into_owned(),
            });
        let words = unit
            .tags
            .iter()
            .cloned()
            .chain(front.words("tags"))
            .map(|tag| slug(&tag.replace('/', "-")).into_owned());
        for tag in category.into_iter().chain(words) {
            if !tag.is_empty() && !draft.tags.contains(&tag) {
                draft.tags.push(tag);
            }
        }
        draft.namespace =
            (!folder.is_empty()).then(|| format!("notes:{}", folder.replace(':', "-").replace('/', ":")));
        draft.method = Some("stated");
        draft.entity(&title, front.text("type").as_deref());
        draft.created = created.or(updated).or(member.modified);
        draft.day_only = created.is_some() && day_only;
        draft.date_assumed = created.is_none();
        draft.updated = updated;
        let raw = lines.get(unit.lines.clone()).unwrap_or_default().join("\n");
        draft.raw_text(&raw);
        draft.extra("path", path);
        draft.extra("title", &title);
        if let Some(relations) = first.take() {
            for relation in relations {
                draft.relation(&relation.kind, &relation.target);
            }
            draft.extra("file", text);
        }
        draft.place = place.clone().line(unit.lines.start as u64 + 1);
        sink.memory(draft)?;
    }
    Ok(())
}

/// What a category means for the kind of a memory.
fn kind(category: &str) -> MemoryType {
    match &*category.to_lowercase() {
        "decision" | "event" | "incident" | "meeting" | "milestone" => MemoryType::Episodic,
        "procedure" | "step" | "howto" | "how-to" | "technique" | "process" | "recipe" => {
            MemoryType::Procedural
        }
        _ => MemoryType::Semantic,
    }
}

/// A memory that we have written as a note of its own.
fn own(flavour: Flavour, text: &str, id: MemoryId, front: &Front, member: &Member) -> Draft {
    let tool = front.text("omp_tool").unwrap_or_else(|| flavour.name().to_owned());
    let mut draft = Draft::new(flavour.name(), tool, own_content(flavour, text));
    draft.scope = "open-memory".into();
    draft.id = Some(id.to_string());
    draft.own_id = Some(id);
    draft.kind =
        front.text("omp_type").as_deref().and_then(MemoryType::parse).unwrap_or(MemoryType::Semantic);
    draft.tags = front.words("tags");
    draft.namespace = front.text("omp_namespace");
    draft.reference = front.text("omp_session");
    draft.account = front.text("omp_user");
    (draft.created, draft.updated) = (front.time("created"), front.time("modified"));
    draft.expires = front.text("omp_expires_at").as_deref().and_then(Timestamp::parse);
    draft.observed = front.text("omp_timestamp").as_deref().and_then(Timestamp::parse);
    let metadata = front.text("omp_metadata").and_then(|json| Metadata::parse(&json).ok());
    draft.metadata = metadata.unwrap_or_default();
    draft.raw_text(text);
    draft.extra("path", member.inner_path());
    draft.place = member.place();
    draft
}

/// The text of a note that we have written: its one observation, or all that stands between two line breaks.
pub(super) fn own_content(flavour: Flavour, text: &str) -> String {
    let body = split(text).1;
    let body = body.strip_prefix('\n').unwrap_or(body);
    let body = body.strip_suffix('\n').unwrap_or(body);
    let alone = flavour == Flavour::BasicMemory && body.starts_with("- [") && !body.contains('\n');
    let said = alone.then(|| point(body).and_then(|text| observation(flavour, text, 0))).flatten();
    said.filter(|said| said.category.is_some()).map_or_else(|| body.to_owned(), |said| said.text)
}
