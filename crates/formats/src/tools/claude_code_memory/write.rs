//! Writes memory files and their index.

use std::collections::{BTreeMap, HashSet};
use std::io;

use omp_model::MemoryType;
use serde::Serialize;

use super::read::{index_line, notes, own_text, said};
use super::{INDEX, NAME, TYPES};
use crate::draft::slug;
use crate::origin::{Origin, text_id};
use crate::tools::front_matter::{self, Front, split};
use crate::tools::losses::{Field, tell};
use crate::tools::paths::{file_name, is_safe, title};
use crate::tools::standing::{There, look};
use crate::write::{Files, Outgoing, RecordWriter};
use crate::{Place, Sink};

/// So many lines of the index are loaded by Claude Code.
const LOADED: usize = 200;

/// Writes files as memories come, and the index at the end.
pub(super) struct Writer<'a> {
    files: Box<dyn Files + 'a>,
    /// Paths in small letters: systems that know no capitals must not lose one file to another.
    taken: HashSet<String>,
    homes: BTreeMap<String, Home>,
}

/// A folder of memory files.
#[derive(Default)]
struct Home {
    /// The index as it was read.
    index: Option<String>,
    lines: Vec<Line>,
    notes: Vec<Note>,
}

/// What the index says of a file.
struct Line {
    file: String,
    text: String,
    /// Whether the file was not there before.
    is_new: bool,
    place: Place,
}

/// A memory that is a point or paragraph of the index.
struct Note {
    id: String,
    raw: String,
    /// What stands there now.
    now: Option<String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(files: Box<dyn Files + 'a>) -> Self {
        Self { files, taken: HashSet::new(), homes: BTreeMap::new() }
    }
}

const MISSING: &[Field] = &[
    Field::Confidence,
    Field::Entities,
    Field::Language,
    Field::Metadata,
    Field::Observed,
    Field::Relations,
    Field::Tool,
    Field::Validity,
];

impl RecordWriter for Writer<'_> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let origin = outgoing.from(NAME);
        let path = origin.and_then(|origin| origin.text("path")).filter(|path| is_safe(path));
        let Some((origin, path)) = origin.zip(path) else { return self.made(outgoing, report) };
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let home = self.homes.entry(folder.to_owned()).or_default();
        home.index = home.index.take().or_else(|| origin.text("index"));
        let Some(raw) = origin.raw_text() else { return self.made(outgoing, report) };
        if name == INDEX {
            home.notes.push(note(origin, raw, outgoing));
            if !outgoing.untouched {
                tell(outgoing, MISSING, report);
            }
            return Ok(());
        }
        if !self.taken.insert(path.to_lowercase()) {
            return self.made(outgoing, report);
        }
        let front = Front::parse(split(&raw).0.unwrap_or_default());
        let text = if outgoing.untouched {
            raw.clone()
        } else {
            tell(outgoing, MISSING, report);
            made(outgoing, Some(&front))?
        };
        match look(&mut *self.files, &path)? {
            There::Nothing => self.files.write(&path, text.as_bytes())?,
            There::Text(there) if there.text() == text => {}
            There::Text(there) if there.text() == raw || is_of(there.text(), outgoing) => {
                self.files.write(&path, there.dressed(&text).as_bytes())?;
            }
            There::Text(_) => {
                let what = "was changed there since it was read, and is left as it is";
                report.lost("file", what, &outgoing.place);
            }
            There::NoText => report.lost("file", "is no UTF-8 text, and is left as it is", &outgoing.place),
        }
        self.link(folder, name, Some(&front), outgoing);
        Ok(())
    }

    fn finish(mut self: Box<Self>, report: &mut dyn Sink) -> io::Result<()> {
        for (folder, home) in std::mem::take(&mut self.homes) {
            let path = if folder.is_empty() { INDEX.to_owned() } else { format!("{folder}/{INDEX}") };
            match look(&mut *self.files, &path)? {
                There::Nothing => self.files.write(&path, index(home, None, report).as_bytes())?,
                There::Text(there) => {
                    let text = index(home, Some(there.text()), report);
                    if text != there.text() {
                        self.files.write(&path, there.dressed(&text).as_bytes())?;
                    }
                }
                There::NoText => {
                    let what = format!("{path} is no UTF-8 text, and is left as it is");
                    report.lost("index", &what, &Place::default());
                }
            }
        }
        self.files.finish()
    }
}

impl Writer<'_> {
    /// A memory that has no file there yet.
    fn made(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        tell(outgoing, MISSING, report);
        if outgoing.from(NAME).is_none() {
            tell(outgoing, &[Field::Original], report);
        }
        let text = made(outgoing, None)?;
        if own_text(split(&text).1) != outgoing.content {
            report.changed("content", "has line ends that become plain ones", &outgoing.place);
        }
        // Only what needs no quoting in a link.
        let words = slug(&title(&outgoing.content, 48)).replace('-', "_");
        let stem = file_name(&format!("{}_{words}", kind_there(outgoing, None)));
        for number in 1..1_000 {
            let name = if number == 1 { format!("{stem}.md") } else { format!("{stem}_{number}.md") };
            if self.taken.contains(&name.to_lowercase()) {
                continue;
            }
            let dressed = match look(&mut *self.files, &name)? {
                There::Nothing => Some(text.clone()),
                There::Text(there) if is_of(there.text(), outgoing) => Some(there.dressed(&text)),
                There::Text(_) | There::NoText => None,
            };
            if let Some(text) = dressed {
                self.taken.insert(name.to_lowercase());
                self.files.write(&name, text.as_bytes())?;
                self.homes.entry(String::new()).or_default();
                self.link("", &name, None, outgoing);
                return Ok(());
            }
        }
        report.lost("memory", "finds no name for its file that is free", &outgoing.place);
        Ok(())
    }

    /// Puts a file into the index; one that was read says itself what it is called.
    fn link(&mut self, folder: &str, file: &str, front: Option<&Front>, outgoing: &Outgoing) {
        let said = |name: &str| front.and_then(|front| front.text(name));
        let name = said("name").unwrap_or_else(|| title(&outgoing.content, 60));
        let hook = said("description").unwrap_or_else(|| title(&outgoing.content, 100));
        let plain = |text: &str| text.replace(['[', ']', '\n'], " ");
        let text = format!("- [{}]({file}) — {}\n", plain(&name).trim(), plain(&hook).trim());
        let line =
            Line { file: file.to_owned(), text, is_new: front.is_none(), place: outgoing.place.clone() };
        self.homes.entry(folder.to_owned()).or_default().lines.push(line);
    }
}

fn note(origin: &Origin, raw: String, outgoing: &Outgoing) -> Note {
    let headings: Vec<String> = origin.get("headings").unwrap_or_default();
    let prefix = if headings.is_empty() { String::new() } else { format!("{}: ", headings.join(" / ")) };
    let text = outgoing.content.strip_prefix(&prefix).unwrap_or(&outgoing.content);
    let now = (!outgoing.untouched).then(|| format!("- {}", text.trim().replace('\n', "\n  ")));
    Note { id: origin.id().unwrap_or_default(), raw, now }
}

/// Whether a file is our copy of this memory.
fn is_of(text: &str, outgoing: &Outgoing) -> bool {
    let id = split(text).0.and_then(|front| Front::parse(front).text("omp_id"));
    id.is_some_and(|id| id == outgoing.memory.id.to_string())
}

/// The index: what it said, with our changes and the lines that it lacks.
fn index(home: Home, existing: Option<&str>, report: &mut dyn Sink) -> String {
    let is_made = existing.is_none() && home.index.is_none();
    let mut text = match (existing, home.index) {
        (Some(text), _) => text.to_owned(),
        (None, Some(text)) => text,
        (None, None) => "# Memory\n".to_owned(),
    };
    if existing.is_none() {
        // What was deleted here is not made anew; where the index stands, somebody may still want it.
        let known: HashSet<&str> = home.notes.iter().map(|note| note.id.as_str()).collect();
        for unit in notes(&text.clone()) {
            if !known.contains(&*text_id(&said(&unit))) {
                text = text.replacen(&format!("{}\n", unit.raw), "", 1);
            }
        }
    }
    for Note { raw, now, .. } in &home.notes {
        let said = now.as_ref().unwrap_or(raw);
        if !text.contains(raw) && !text.contains(said) {
            push(&mut text, &format!("{said}\n"));
        } else if let Some(now) = now {
            text = text.replacen(raw, now, 1);
        }
    }
    let linked: HashSet<String> =
        text.lines().filter_map(index_line).map(|line| line.file.to_owned()).collect();
    let mut begun = text.lines().last().is_some_and(|line| index_line(line).is_some());
    // A file that the index did not name before is its own business.
    let wanted = |line: &&Line| (is_made || line.is_new) && !linked.contains(&line.file);
    for Line { text: line, place, .. } in home.lines.iter().filter(wanted) {
        let gap = if std::mem::replace(&mut begun, true) || text.ends_with("\n\n") { "" } else { "\n" };
        push(&mut text, &format!("{gap}{line}"));
        if text.matches('\n').count() > LOADED {
            let what = format!("stands behind the {LOADED} lines that Claude Code loads");
            report.changed("line of the index", &what, place);
        }
    }
    text
}

fn push(text: &mut String, more: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(more);
}

/// The type there that fits: the one it had, one that a tag names, or by what it is.
fn kind_there(outgoing: &Outgoing, front: Option<&Front>) -> &'static str {
    let procedural = outgoing.kind == MemoryType::Procedural;
    let known = |word: &str| TYPES.into_iter().find(|kind| *kind == word);
    let fits = |kind: &&str| (*kind == "feedback") == procedural;
    let had = front.and_then(|front| front.text("type")).as_deref().and_then(known).filter(fits);
    let tagged = || outgoing.tags.iter().filter_map(|tag| known(tag)).find(fits);
    had.or_else(tagged).unwrap_or(match (procedural, outgoing.namespace()) {
        (true, _) => "feedback",
        (false, Some(_)) => "project",
        (false, None) => "user",
    })
}

/// The front matter of a file that we write.
#[derive(Serialize)]
struct Out<'a> {
    name: String,
    description: String,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(rename = "originSessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modified: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    tags: &'a [String],
    omp_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    omp_expires_at: Option<String>,
}

/// A file with a memory; what the old one said of its name and purpose stays.
fn made(outgoing: &Outgoing, front: Option<&Front>) -> io::Result<String> {
    let memory = &outgoing.memory;
    let had = |name: &str| front.and_then(|front| front.text(name));
    let kind = kind_there(outgoing, front);
    let natural = if kind == "feedback" { MemoryType::Procedural } else { MemoryType::Semantic };
    let dated = outgoing.is_dated();
    let out = Out {
        name: had("name").unwrap_or_else(|| title(&outgoing.content, 60)),
        description: had("description").unwrap_or_else(|| title(&outgoing.content, 150)),
        kind,
        session: outgoing.reference.as_deref(),
        created: dated.then(|| outgoing.created.to_string()),
        modified: (dated && outgoing.updated != outgoing.created).then(|| outgoing.updated.to_string()),
        tags: &outgoing.tags,
        omp_id: memory.id.to_string(),
        omp_type: (outgoing.kind != natural).then(|| outgoing.kind.as_str()),
        omp_namespace: outgoing.namespace(),
        omp_user: memory.source.user_id.as_ref().map(omp_model::SessionRef::as_str),
        omp_expires_at: memory.expires_at.map(|at| at.to_string()),
    };
    let text = format!("{}\n{}\n", front_matter::write(&out)?, outgoing.content);
    Ok(crate::input::decode(text.into_bytes()))
}
