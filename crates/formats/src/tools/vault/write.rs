//! Writes notes.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use omp_model::MemoryType;
use serde::Serialize;

use super::Flavour;
use super::line::{has_other_tags, rewritten};
use super::read::{Parts, own_content, parts};
use crate::draft::slug;
use crate::origin::Origin;
use crate::tools::front_matter::{self, Front, split};
use crate::tools::losses::{Field, tell};
use crate::tools::paths::{file_name, is_safe, title};
use crate::tools::standing::{There, look};
use crate::write::{Files, Outgoing, RecordWriter};
use crate::{Place, Sink};

/// Writes notes of their own as memories come, and at the end the notes that memories came from.
pub(super) struct Writer<'a> {
    flavour: Flavour,
    files: Box<dyn Files + 'a>,
    /// Paths in small letters: systems that know no capitals must not lose one file to another.
    taken: HashSet<String>,
    notes: BTreeMap<String, Source>,
}

/// A note that memories came from.
#[derive(Default)]
struct Source {
    /// As it was.
    text: Option<String>,
    title: String,
    /// What its parts say now, by their ids; nothing for what was not changed.
    units: HashMap<String, Option<Change>>,
    /// The lines of the parts in their order, for a note whose whole is gone.
    raws: Vec<String>,
    place: Place,
}

pub(super) struct Change {
    content: String,
    pub(super) tags: Vec<String>,
    pub(super) place: Place,
}

impl<'a> Writer<'a> {
    pub(super) fn new(flavour: Flavour, files: Box<dyn Files + 'a>) -> Self {
        Self { flavour, files, taken: HashSet::new(), notes: BTreeMap::new() }
    }
}

const MISSING: &[Field] = &[
    Field::Confidence,
    Field::Entities,
    Field::Language,
    Field::Original,
    Field::Relations,
    Field::Validity,
];

impl RecordWriter for Writer<'_> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let origin = outgoing.from(self.flavour.name());
        let path = origin.and_then(|origin| origin.text("path"));
        let path = path.filter(|path| is_safe(path) && path.to_lowercase().ends_with(".md"));
        let Some((origin, path)) = origin.zip(path) else { return self.alone(outgoing, None, report) };
        if origin.scope() == "open-memory" {
            return self.alone(outgoing, Some((origin, &path)), report);
        }
        self.taken.insert(path.to_lowercase());
        let source = self.notes.entry(path).or_default();
        source.text = source.text.take().or_else(|| origin.text("file"));
        source.title = origin.text("title").unwrap_or_default();
        source.raws.push(origin.raw_text().unwrap_or_else(|| format!("- {}", outgoing.content)));
        source.place = outgoing.place.clone();
        let change = (!outgoing.untouched).then(|| {
            tell(outgoing, &[Field::Metadata, Field::Expires], report);
            Change {
                content: outgoing.content.clone(),
                tags: outgoing.tags.clone(),
                place: outgoing.place.clone(),
            }
        });
        source.units.insert(origin.id().unwrap_or_default(), change);
        Ok(())
    }

    fn finish(mut self: Box<Self>, report: &mut dyn Sink) -> io::Result<()> {
        for (path, source) in std::mem::take(&mut self.notes) {
            let there = match look(&mut *self.files, &path)? {
                There::Nothing => None,
                There::Text(standing) => Some(standing),
                There::NoText => {
                    let what = format!("{path} is no UTF-8 text, and is left as it is");
                    report.lost("note", &what, &source.place);
                    continue;
                }
            };
            let text = rebuilt(self.flavour, &path, &source, there.is_some(), report);
            let text = match &there {
                Some(standing) if standing.text() == text => continue,
                Some(standing) if source.text.as_deref() != Some(standing.text()) => {
                    let what = format!("{path} was changed since it was read, and is left as it is");
                    report.lost("note", &what, &source.place);
                    continue;
                }
                Some(standing) => standing.dressed(&text),
                None => text,
            };
            self.files.write(&path, text.as_bytes())?;
        }
        self.files.finish()
    }
}

impl Writer<'_> {
    /// A memory that is a note of its own.
    fn alone(
        &mut self,
        outgoing: &Outgoing,
        before: Option<(&Origin, &str)>,
        report: &mut dyn Sink,
    ) -> io::Result<()> {
        let (home, name) = home(outgoing);
        if before.is_none() {
            tell(outgoing, MISSING, report);
        }
        let original = before.as_ref().and_then(|(origin, _)| origin.raw_text());
        for number in 0..1_000 {
            let path = match (&before, number) {
                (Some((_, path)), 0) => (*path).to_owned(),
                (None, 0) => continue,
                (_, 1) => format!("{home}{name}.md"),
                _ => format!("{home}{name} {number}.md"),
            };
            if self.taken.contains(&path.to_lowercase()) {
                continue;
            }
            let there = match look(&mut *self.files, &path)? {
                There::Nothing => None,
                There::Text(standing) if is_of(standing.text(), outgoing) => Some(standing),
                There::Text(_) | There::NoText => continue,
            };
            let text = match original.clone().filter(|_| outgoing.untouched) {
                Some(text) => text,
                None => made(self.flavour, outgoing, &path)?,
            };
            let text = crate::input::decode(text.into_bytes());
            if own_content(self.flavour, &text) != outgoing.content {
                report.changed("content", "has line ends that become plain ones", &outgoing.place);
            }
            self.taken.insert(path.to_lowercase());
            match there {
                Some(standing) if standing.text() == text => {}
                Some(standing) => self.files.write(&path, standing.dressed(&text).as_bytes())?,
                None => self.files.write(&path, text.as_bytes())?,
            }
            return Ok(());
        }
        report.lost("memory", "finds no name for its note that is free", &outgoing.place);
        Ok(())
    }
}

/// Whether a note is our copy of this memory.
fn is_of(text: &str, outgoing: &Outgoing) -> bool {
    let id = split(text).0.and_then(|front| Front::parse(front).text("omp_id"));
    id.is_some_and(|id| id == outgoing.memory.id.to_string())
}

/// The folder, with its final `/`, and the name for a memory: like its namespace, called like its first words.
fn home(outgoing: &Outgoing) -> (String, String) {
    let namespace = outgoing.namespace().unwrap_or_default();
    let levels = namespace.strip_prefix("notes:").unwrap_or(namespace);
    let levels = levels.split(':').filter(|level| !level.is_empty());
    let folder = levels.flat_map(|level| [file_name(level), "/".to_owned()]).collect();
    (folder, file_name(&title(&outgoing.content, 60)))
}

/// A note with what was changed here. What is no memory here any more is left out of a note that is made anew; in one
/// that stands it stays, because a memory may be missing for other reasons than that somebody wanted it gone.
fn rebuilt(flavour: Flavour, path: &str, source: &Source, stands: bool, report: &mut dyn Sink) -> String {
    let Some(text) = &source.text else {
        let what = format!("of {path} around its memories is not kept; the first one of them was deleted");
        report.lost("text", &what, &source.place);
        return format!("# {}\n\n{}\n", source.title, source.raws.join("\n\n"));
    };
    let name = path.rsplit('/').next().unwrap_or_default();
    let Parts { front, units, .. } = parts(flavour, text, name);
    let mut lines: Vec<Option<String>> = text.split('\n').map(|line| Some(line.to_owned())).collect();
    for unit in units {
        let replaced = match source.units.get(&unit.id) {
            Some(None) => continue,
            None if stands => {
                let what = format!("of {path} is no memory here, and stays there");
                report.passed("part of a note", &what, &source.place);
                continue;
            }
            None => None,
            Some(Some(change)) => {
                let other_tags = has_other_tags(&unit, change, &front);
                if other_tags && !unit.is_line {
                    report.lost("tags", "of a section are not written", &change.place);
                }
                if change.content == unit.content && !(other_tags && unit.is_line) {
                    continue;
                }
                let said = change.content.strip_prefix(&unit.prefix).unwrap_or(&change.content);
                let line = lines.get(unit.lines.start).and_then(Option::as_deref).unwrap_or_default();
                Some(if unit.is_line {
                    rewritten(line, &unit, said, change, &front, report)
                } else {
                    said.to_owned()
                })
            }
        };
        let Some(place) = lines.get_mut(unit.lines.clone()) else { continue };
        let mut replaced = Some(replaced);
        for line in place {
            *line = replaced.take().flatten();
        }
    }
    lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The front matter of a note that we write.
#[derive(Serialize)]
struct Out<'a> {
    title: String,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    permalink: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    omp_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_namespace: Option<&'a str>,
    omp_tool: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_timestamp: Option<String>,
    /// As JSON text: YAML would change its numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_metadata: Option<String>,
}

/// A note with one memory: an observation, if it can be one, else text.
fn made(flavour: Flavour, outgoing: &Outgoing, path: &str) -> io::Result<String> {
    let memory = &outgoing.memory;
    let dated = outgoing.is_dated();
    let permalink =
        path.strip_suffix(".md").unwrap_or(path).split('/').map(slug).collect::<Vec<_>>().join("/");
    let out = Out {
        title: title(&outgoing.content, 60),
        kind: "memory",
        tags: &outgoing.tags,
        permalink: (flavour == Flavour::BasicMemory).then_some(permalink),
        created: dated.then(|| outgoing.created.to_string()),
        modified: (dated && outgoing.updated != outgoing.created).then(|| outgoing.updated.to_string()),
        omp_id: memory.id.to_string(),
        omp_type: (outgoing.kind != MemoryType::Semantic).then(|| outgoing.kind.as_str()),
        omp_namespace: outgoing.namespace(),
        omp_tool: &outgoing.platform,
        omp_session: outgoing.reference.as_deref(),
        omp_user: memory.source.user_id.as_ref().map(omp_model::SessionRef::as_str),
        omp_expires_at: memory.expires_at.map(|at| at.to_string()),
        omp_timestamp: outgoing.profile.as_ref().and_then(|p| p.observed_at).map(|at| at.to_string()),
        omp_metadata: (!memory.metadata.is_empty()).then(|| memory.metadata.to_json()),
    };
    let front = front_matter::write(&out)?;
    if flavour == Flavour::BasicMemory {
        let named = outgoing.tags.iter().find_map(|tag| tag.strip_prefix("category:"));
        let category = named.unwrap_or(match outgoing.kind {
            MemoryType::Procedural => "procedure",
            MemoryType::Episodic => "event",
            MemoryType::Semantic => "fact",
        });
        let note = format!("{front}\n- [{category}] {}\n", outgoing.content);
        if own_content(flavour, &note) == outgoing.content {
            return Ok(note);
        }
    }
    Ok(format!("{front}\n{}\n", outgoing.content))
}
