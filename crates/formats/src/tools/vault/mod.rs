//! Folders of Markdown notes: basic-memory's and Obsidian's.
//!
//! **Recognised.** basic-memory by front matter with `permalink`, or by points `- [category] text` beside relations or
//! front matter with `type`; Obsidian by its folder `.obsidian` or by links `[[note]]`. Any other Markdown may be a note
//! of Obsidian's.
//!
//! **Read.** A note, a folder, a ZIP. Each observation (`- [category] text #tag`) is a memory about the note; where the
//! text does not name the note, its title is put before it. Of a note without observations each section is a memory, and
//! of Obsidian's also what stands beside observations; in basic-memory that stays in the note. Categories and tags are
//! tags, those in the text of a section too; the folder is the namespace, relations (`- type [[note]]`) and links are kept with the first memory of the note,
//! and so is the whole note. Front matter that is no YAML is read line by line.
//!
//! **Written.** Notes that came from such a folder go back as they were: a changed memory changes its lines. What was
//! deleted here is left out of a note that is made anew, and stays in one that stands, because a memory may be missing
//! for other reasons. A note that was changed there since it was read is left as it is. A memory from
//! elsewhere is a note of its own, in a folder like its namespace, called like its first words, with what a note has no
//! place for in front matter under names that begin with `omp_`.
//!
//! **Cannot carry** entities, relations, confidence, languages and validity dates of memories from elsewhere, nor
//! originals of other tools. A note that stands keeps its line ends; in one that is made anew they become plain ones.

mod line;
mod note;
mod read;
mod write;

use self::note::{Note, has_link};
use crate::format::{BeginFolder, Write};
use crate::tools::front_matter::{Front, split};
use crate::{Format, Input, Member, Probe, ReadOptions, Recognised, Sink, Stop};

/// Notes of one of the two tools.
#[derive(Debug)]
pub struct Vault {
    flavour: Flavour,
    begin: BeginFolder,
}

/// Whose notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flavour {
    BasicMemory,
    Obsidian,
}

impl Flavour {
    const fn name(self) -> &'static str {
        match self {
            Self::BasicMemory => "basic-memory",
            Self::Obsidian => "obsidian",
        }
    }
}

/// basic-memory's notes.
pub static BASIC_MEMORY: Vault = Vault {
    flavour: Flavour::BasicMemory,
    begin: |files, _| Ok(Box::new(write::Writer::new(Flavour::BasicMemory, files))),
};

/// Obsidian's notes, and other Markdown.
pub static OBSIDIAN: Vault = Vault {
    flavour: Flavour::Obsidian,
    begin: |files, _| Ok(Box::new(write::Writer::new(Flavour::Obsidian, files))),
};

/// How many notes are looked at to recognise a folder.
const MOST_LOOKED_AT: usize = 50;

impl Format for Vault {
    fn name(&self) -> &'static str {
        self.flavour.name()
    }

    fn title(&self) -> &'static str {
        match self.flavour {
            Flavour::BasicMemory => "basic-memory notes (a Markdown file, a folder or a ZIP)",
            Flavour::Obsidian => "Obsidian notes and other Markdown (a file, a folder or a ZIP)",
        }
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let basic = basic_memory(probe);
        match self.flavour {
            Flavour::BasicMemory => basic,
            Flavour::Obsidian => obsidian(probe, basic.is_some()),
        }
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        read::read(self.flavour, input, sink)
    }

    fn write(&self) -> Option<Write> {
        Some(Write::Folder { begin: self.begin })
    }
}

fn notes<'p>(probe: &'p Probe<'_>) -> impl Iterator<Item = &'p Member> {
    probe.members().iter().filter(|member| member.ends_with(".md")).take(MOST_LOOKED_AT)
}

fn basic_memory(probe: &Probe<'_>) -> Option<Recognised> {
    let mut likely = false;
    for member in notes(probe) {
        let head = probe.head(member);
        let (front, body) = split(head.text());
        let front = front.map(Front::parse).unwrap_or_default();
        if front.has("permalink") {
            return Some(Recognised::certain(format!(
                "the front matter of {} has `permalink`",
                called(member)
            )));
        }
        let note = Note::parse(Flavour::BasicMemory, body, 0);
        let observed = note.observations.iter().any(|observation| observation.category.is_some());
        likely |= observed && (front.has("type") || !note.relations.is_empty());
    }
    likely.then(|| Recognised::likely("its notes have points such as `- [category] text`"))
}

fn obsidian(probe: &Probe<'_>, is_other: bool) -> Option<Recognised> {
    if probe.members().iter().any(|member| member.path.split('/').any(|part| part == ".obsidian")) {
        return Some(Recognised::certain("it has a folder `.obsidian`"));
    }
    let count = probe.members().iter().filter(|member| member.ends_with(".md")).count();
    let linked = notes(probe).find(|member| has_link(probe.head(member).text()));
    match linked {
        Some(member) if !is_other => {
            Some(Recognised::likely(format!("{} has links such as `[[note]]`", called(member))))
        }
        // A README among the files of a program makes no notes of it.
        _ => {
            (count > 0 && count * 2 >= probe.members().len()).then(|| Recognised::possible("it is Markdown"))
        }
    }
}

fn called(member: &Member) -> &str {
    if member.name().is_empty() { "the note" } else { member.name() }
}

#[cfg(test)]
mod tests;
