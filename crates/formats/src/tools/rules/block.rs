//! Our block in a file that belongs to somebody: between two comments, a point for each memory.

use omp_model::{MemoryId, MemoryType};

use super::markdown::{Unit, units};

const BEGIN: &str = "<!-- open-memory: begin. Written by `omp export`; change memories with `omp edit`. -->";
const END: &str = "<!-- open-memory: end -->";
/// By what a block is found, whatever a later version says after it.
const MARK: &str = "<!-- open-memory: begin";

/// The headings inside a block, and what stands below each.
const SECTIONS: [(MemoryType, &str); 3] = [
    (MemoryType::Procedural, "Instructions"),
    (MemoryType::Semantic, "Facts"),
    (MemoryType::Episodic, "Events"),
];

/// A point of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) kind: MemoryType,
    pub(super) text: String,
    pub(super) id: Option<MemoryId>,
    pub(super) line: u64,
}

/// A file in three: before the block, the block, after it. Without a block the last two are empty.
pub(super) fn split(text: &str) -> (&str, &str, &str) {
    let Some(begin) = text.find(MARK) else { return (text, "", "") };
    let Some(end) = text[begin..].find(END).map(|at| begin + at + END.len()) else { return (text, "", "") };
    let end = end + usize::from(text[end..].starts_with('\n'));
    (&text[..begin], &text[begin..end], &text[end..])
}

/// The point of a memory, with the line end.
pub(super) fn point(text: &str, id: Option<&MemoryId>) -> String {
    let mark = id.map(|id| format!(" <!-- {id} -->")).unwrap_or_default();
    let mut lines = text.lines();
    // The id stands behind the first line, where it is no line of its own.
    let mut point = format!("- {}{mark}\n", lines.next().unwrap_or_default());
    for line in lines {
        if !line.is_empty() {
            point.push_str("  ");
        }
        point.push_str(line);
        point.push('\n');
    }
    point
}

/// A whole block of these points, in their order within each section.
pub(super) fn write(points: &[(MemoryType, &str)]) -> String {
    let mut block = format!("{BEGIN}\n");
    for (kind, name) in SECTIONS {
        let mut of_kind = points.iter().filter(|(other, _)| *other == kind).peekable();
        if of_kind.peek().is_some() {
            block.push_str(&format!("\n## {name}\n\n"));
            of_kind.for_each(|(_, point)| block.push_str(point));
        }
    }
    block.push_str(&format!("\n{END}\n"));
    block
}

/// How many bytes a block has beside its points.
pub(super) fn frame_bytes() -> usize {
    write(&SECTIONS.map(|(kind, _)| (kind, ""))).len()
}

/// The points of a block that begins on this line of its file.
pub(super) fn read(block: &str, first_line: u64) -> Vec<Point> {
    units(block, first_line, |_, _| {}).iter().map(point_of).collect()
}

fn point_of(unit: &Unit) -> Point {
    let kind = SECTIONS.iter().find(|(_, name)| unit.headings.last().is_some_and(|heading| heading == name));
    let kind = kind.map_or(MemoryType::Procedural, |(kind, _)| *kind);
    let (first, rest) = unit.text.split_once('\n').map_or((unit.text.as_str(), None), |(f, r)| (f, Some(r)));
    let marked = first
        .rsplit_once(" <!-- ")
        .and_then(|(text, mark)| Some((text, MemoryId::parse(mark.strip_suffix(" -->")?)?)));
    let (first, id) = marked.map_or((first, None), |(text, id)| (text, Some(id)));
    let text = rest.map_or_else(|| first.to_owned(), |rest| format!("{first}\n{rest}"));
    Point { kind, text, id, line: unit.line }
}

/// Whether a text comes back from a block as it is.
pub(super) fn survives(text: &str, kind: MemoryType) -> bool {
    let point = point(text, None);
    matches!(&read(&write(&[(kind, point.as_str())]), 1)[..], [only] if only.text == text && only.kind == kind)
}
