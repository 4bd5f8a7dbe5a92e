//! Reads memory files.

use std::collections::{HashMap, HashSet};

use omp_model::{MemoryId, MemoryType, Timestamp};

use super::{INDEX, NAME, TYPES};
use crate::tools::front_matter::{Front, split};
use crate::tools::rules::markdown::{Unit, units};
use crate::{Draft, Input, Member, Place, Sink, Stop};

/// A line of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexLine<'a> {
    pub(super) title: &'a str,
    pub(super) file: &'a str,
    pub(super) hook: &'a str,
}

/// Reads `- [title](file.md) — hook`.
pub(super) fn index_line(line: &str) -> Option<IndexLine<'_>> {
    let rest = line.trim().strip_prefix(['-', '*'])?.trim_start().strip_prefix('[')?;
    let (title, rest) = rest.split_once("](")?;
    let (file, rest) = rest.split_once(')')?;
    let is_file = file.to_ascii_lowercase().ends_with(".md") && !file.contains("://");
    let hook = rest.trim_start_matches([' ', '—', '–', '-', ':']).trim();
    is_file.then_some(IndexLine { title, file: file.trim_start_matches("./"), hook })
}

/// Whether a text has the front matter of a memory.
pub(super) fn is_topic(text: &str) -> bool {
    let Some(front) = split(text).0.map(Front::parse) else { return false };
    let kind = kind(&front);
    front.has("name") && front.has("description") && kind.is_some_and(|kind| TYPES.contains(&&*kind))
}

fn kind(front: &Front) -> Option<String> {
    front.text("type").or_else(|| front.inner_text("metadata", "type"))
}

/// All memory files of the input.
pub(super) fn read(input: &mut Input, sink: &mut dyn Sink) -> Result<(), Stop> {
    let (members, single) = (input.members(), input.is_single());
    let homes: HashSet<&str> =
        members.iter().filter(|member| member.name() == INDEX).map(Member::folder).collect();
    let label = input.label().to_owned();
    let mut indexes: HashMap<&str, (String, &Member)> = HashMap::new();
    for member in members.iter().filter(|member| member.name() == INDEX) {
        indexes.insert(member.folder(), (input.text(member)?, member));
    }
    let mut found = single || !indexes.is_empty();
    let mut given: HashSet<&str> = HashSet::new();
    for member in members.iter().filter(|member| member.name() != INDEX) {
        let folder = member.folder();
        let at_home = homes.contains(folder) || folder.rsplit('/').next() == Some("memory");
        let text = if single || member.ends_with(".md") { input.text(member)? } else { String::new() };
        if !(single || member.ends_with(".md") && (at_home || is_topic(&text))) {
            sink.passed("file", "is no memory", &member.place());
            continue;
        }
        found = true;
        let mut draft = topic(&text, member, project(folder, &label).as_deref());
        if draft.content.trim().is_empty() {
            sink.passed("empty memory", "says nothing", &draft.place);
            continue;
        }
        if Front::parse(split(&text).0.unwrap_or_default()).is_literal {
            sink.changed("front matter", "is no valid YAML and was read line by line", &draft.place);
        }
        if given.insert(folder)
            && let Some((index, _)) = indexes.get(folder)
        {
            draft.extra("index", index);
        }
        sink.memory(draft)?;
    }
    let mut folders: Vec<_> = indexes.into_iter().collect();
    folders.sort_by_key(|(folder, _)| *folder);
    for (folder, (text, member)) in folders {
        let files: HashSet<&str> =
            members.iter().filter(|member| member.folder() == folder).map(Member::name).collect();
        let carries = given.insert(folder);
        index(&text, member, &files, project(folder, &label).as_deref(), carries, sink)?;
    }
    if !found {
        return Err(Stop::broken(&Place::default(), "there are no memory files of Claude Code in it"));
    }
    Ok(())
}

/// The name of the project that a folder belongs to. Its path has become one word there.
fn project(folder: &str, label: &str) -> Option<String> {
    let outer = folder.strip_suffix("memory").map_or(folder, |outer| outer.trim_end_matches('/'));
    let name = outer.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(label);
    let name = name.strip_prefix('-')?.trim_matches('-');
    (!name.is_empty()).then(|| name.to_owned())
}

/// A file with one memory.
fn topic(text: &str, member: &Member, project: Option<&str>) -> Draft {
    let (front, body) = split(text);
    let front = front.map(Front::parse).unwrap_or_default();
    let own_id = front.text("omp_id").and_then(|id| MemoryId::parse(&id));
    let content = match own_id {
        Some(_) => own_text(body),
        None => body.trim(),
    };
    let mut draft = Draft::new(NAME, "claude-code", content);
    let kind = kind(&front).unwrap_or_default();
    draft.kind = match front.text("omp_type").as_deref().and_then(MemoryType::parse) {
        Some(kind) => kind,
        None if kind == "feedback" => MemoryType::Procedural,
        None => MemoryType::Semantic,
    };
    project.unwrap_or_default().clone_into(&mut draft.scope);
    draft.id = Some(member.name().to_owned());
    draft.own_id = own_id;
    draft.reference =
        front.text("originSessionId").or_else(|| front.inner_text("metadata", "originSessionId"));
    let time = |name: &str| front.time(name);
    let inner =
        |name: &str| front.inner_text("metadata", name).and_then(|text| crate::moment::from_text(&text));
    let (created, updated) = (time("created"), time("modified").or_else(|| inner("modified")));
    if own_id.is_some() {
        draft.tags = front.words("tags");
        draft.namespace = front.text("omp_namespace");
        draft.account = front.text("omp_user");
        draft.expires = front.text("omp_expires_at").as_deref().and_then(Timestamp::parse);
        (draft.created, draft.updated) = (created, updated);
    } else {
        draft.tags = Some(kind).filter(|kind| !kind.is_empty()).into_iter().collect();
        draft.namespace = project.map(|project| format!("project:{project}"));
        draft.method = Some("extracted");
        draft.created = created.or(updated).or(member.modified);
        draft.date_assumed = created.is_none();
        draft.updated = updated;
    }
    draft.raw_text(text);
    draft.extra("path", member.inner_path());
    draft.place = member.place();
    draft
}

/// The text between the line breaks that we write around it.
pub(super) fn own_text(body: &str) -> &str {
    let body = body.strip_prefix('\n').unwrap_or(body);
    body.strip_suffix('\n').unwrap_or(body)
}

/// The points and paragraphs of an index that are no lines of it.
pub(super) fn notes(text: &str) -> Vec<Unit> {
    let first = text.len() - split(text).1.len();
    let line = 1 + text[..first].matches('\n').count() as u64;
    let mut all = units(split(text).1, line, |_, _| {});
    all.retain(|unit| unit.raw.lines().all(|line| index_line(line).is_none()));
    all
}

/// What a note of the index says, with the headings above it.
pub(super) fn said(unit: &Unit) -> String {
    if unit.headings.is_empty() {
        return unit.text.clone();
    }
    format!("{}: {}", unit.headings.join(" / "), unit.text)
}

fn index(
    text: &str,
    member: &Member,
    files: &HashSet<&str>,
    project: Option<&str>,
    mut carries: bool,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    for (number, line) in (1..).zip(text.lines()) {
        let Some(entry) = index_line(line) else { continue };
        let name = entry.file.rsplit('/').next().unwrap_or_default();
        if !files.contains(name) {
            sink.lost("line of the index", "leads to a file that is not there", &member.place().line(number));
        }
    }
    for unit in notes(text) {
        let mut draft = Draft::new(NAME, "claude-code", said(&unit));
        draft.scope = format!("{}/{INDEX}", project.unwrap_or_default());
        draft.namespace = project.map(|project| format!("project:{project}"));
        draft.method = Some("extracted");
        draft.created = member.modified;
        draft.date_assumed = true;
        draft.raw_text(&unit.raw);
        draft.extra("path", member.inner_path());
        draft.extra("headings", &unit.headings);
        if std::mem::take(&mut carries) {
            draft.extra("index", text);
        }
        draft.place = member.place().line(unit.line);
        sink.memory(draft)?;
    }
    Ok(())
}
