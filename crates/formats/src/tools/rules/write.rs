//! Writes rule files.

use std::collections::BTreeMap;
use std::io;

use omp_model::MemoryType;

use super::places::{Tool, place};
use super::{NAME, block, managed};
use crate::tools::standing::{There, look};
use crate::write::{Files, Outgoing, RecordWriter};
use crate::{Place, Sink};

/// Collects what goes into which file, and writes at the end.
pub(super) struct Writer<'a> {
    tool: Option<Tool>,
    files: Box<dyn Files + 'a>,
    /// Points of the block.
    points: Vec<Entry>,
    /// What came from rule files, by path and then by project.
    from_files: BTreeMap<String, BTreeMap<String, Vec<Piece>>>,
}

struct Entry {
    kind: MemoryType,
    created: i64,
    text: String,
    point: String,
    place: Place,
}

/// A unit of a rule file.
struct Piece {
    order: u32,
    headings: Vec<String>,
    front_matter: Option<String>,
    raw: String,
    entry: Entry,
}

impl<'a> Writer<'a> {
    pub(super) fn new(tool: Option<Tool>, files: Box<dyn Files + 'a>) -> Self {
        Self { tool, files, points: Vec::new(), from_files: BTreeMap::new() }
    }
}

impl RecordWriter for Writer<'_> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let text = outgoing.content.trim().to_owned();
        let entry = Entry {
            kind: outgoing.kind,
            created: outgoing.created.as_millis(),
            point: block::point(&text, Some(&outgoing.memory.id)),
            text,
            place: outgoing.place.clone(),
        };
        let origin = outgoing.from(NAME).filter(|_| outgoing.untouched);
        let piece = origin.and_then(|origin| {
            let path = origin.text("path")?;
            let home = place(&path).filter(|home| self.tool.is_none_or(|tool| tool == home.tool))?;
            (home.path == path).then_some(())?;
            let scope = origin.scope();
            let project = scope.strip_suffix(&format!("/{path}")).unwrap_or_default();
            Some((
                project.to_owned(),
                path,
                origin.get("order")?,
                origin.get("headings")?,
                origin.text("front_matter"),
                origin.raw_text()?,
            ))
        });
        if let Some((project, path, order, headings, front_matter, raw)) = piece {
            let piece = Piece { order, headings, front_matter, raw, entry };
            self.from_files.entry(path).or_default().entry(project).or_default().push(piece);
        } else {
            losses(outgoing, report);
            self.points.push(entry);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, report: &mut dyn Sink) -> io::Result<()> {
        let label = self.files.label();
        for (path, mut projects) in std::mem::take(&mut self.from_files) {
            let there = look(&mut *self.files, &path)?;
            if matches!(there, There::Nothing) {
                // Of several projects with such a file, only the folder's own is made again.
                let own = match projects.len() {
                    1 => projects.pop_first().map(|(_, pieces)| pieces),
                    _ => projects.remove(&label),
                };
                if let Some(mut pieces) = own {
                    pieces.sort_by_key(|piece| piece.order);
                    self.files.write(&path, rebuilt(&pieces).as_bytes())?;
                }
            }
            // What still stands there is there; what does not goes into the block.
            let text = if let There::Text(standing) = &there { standing.text() } else { "" };
            let gone = projects.into_values().flatten().filter(|piece| !text.contains(&piece.raw));
            self.points.extend(gone.map(|piece| piece.entry));
        }
        // Always the same order, so that the next export changes few lines.
        self.points.sort_by(|one, other| (one.created, &one.text).cmp(&(other.created, &other.text)));
        let tools: Vec<Tool> = match self.tool {
            Some(tool) => vec![tool],
            None => Tool::ALL.to_vec(),
        };
        for tool in tools {
            self.blocks(tool, report)?;
        }
        self.files.finish()
    }
}

impl Writer<'_> {
    /// Puts the block into the tool's file.
    fn blocks(&mut self, tool: Tool, report: &mut dyn Sink) -> io::Result<()> {
        let mut path = tool.file();
        // Cline's rules were one file once, and are where they were.
        let folder = path.split_once('/').map_or(path, |(folder, _)| folder);
        if tool == Tool::Cline && !matches!(look(&mut *self.files, folder)?, There::Nothing) {
            path = folder;
        }
        let existing = match self.files.existing(path) {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                let what = format!("{path} is no UTF-8 text, and is left as it is");
                report.lost("rule file", &what, &Place::default());
                return Ok(());
            }
            existing => existing?,
        };
        // Of all tools, only those that the project has already; AGENTS.md is what most of them read.
        let wanted = self.tool.is_some() || tool == Tool::Agents || existing.is_some();
        if !wanted
            || self.points.is_empty() && existing.as_ref().is_none_or(|text| block::split(text).1.is_empty())
        {
            return Ok(());
        }
        let points: Vec<_> = self.points.iter().map(|entry| (entry.kind, entry.point.as_str())).collect();
        let laid = managed::lay(tool, existing.as_deref(), &points);
        for left in laid.left_out {
            let most = tool.most_bytes();
            let what = format!("does not fit into {path}, of which {} reads {most} bytes", tool.title());
            report.lost("memory", &what, &self.points[left].place);
        }
        // A file that was made for a block that is empty now cannot be removed through `Files`; it is left empty.
        self.files.write(path, laid.text.unwrap_or_default().as_bytes())
    }
}

/// A file that is gone, from the units that came from it.
fn rebuilt(pieces: &[Piece]) -> String {
    let mut text = String::new();
    if let Some(front) = pieces.iter().find_map(|piece| piece.front_matter.as_ref()) {
        text.push_str(&format!("---\n{front}---\n\n"));
    }
    let (mut headings, mut after_point): (&[String], bool) = (&[], false);
    for piece in pieces {
        let same = headings.iter().zip(&piece.headings).take_while(|(one, other)| one == other).count();
        if piece.headings.len() != headings.len() || same < headings.len() {
            for (level, name) in piece.headings.iter().enumerate().skip(same) {
                text.push_str(&format!("{}{} {name}\n\n", gap(&text), "#".repeat(level + 2)));
            }
            headings = &piece.headings;
            after_point = false;
        }
        let is_point = super::markdown::point(piece.raw.lines().next().unwrap_or_default()).is_some();
        if !(is_point && after_point) {
            text.push_str(gap(&text));
        }
        text.push_str(&piece.raw);
        text.push('\n');
        after_point = is_point;
    }
    text
}

/// A blank line, unless there is one or nothing is before it.
fn gap(text: &str) -> &'static str {
    if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n" }
}

fn losses(outgoing: &Outgoing, report: &mut dyn Sink) {
    let place = &outgoing.place;
    if !outgoing.tags.is_empty() {
        report.lost("tags", "are not written", place);
    }
    if outgoing.namespace().is_some() {
        report.lost("namespace", "is not written", place);
    }
    if !outgoing.memory.metadata.is_empty() {
        report.lost("metadata", "is not written", place);
    }
    if outgoing.memory.expires_at.is_some() {
        report.lost("expires_at", "is not written", place);
    }
    if outgoing.is_dated() {
        report.lost("created", "is not written", place);
    }
    if !block::survives(&outgoing.content, outgoing.kind) {
        report.changed("content", "was brought into the form of a list's point", place);
    }
}
