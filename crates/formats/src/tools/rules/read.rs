//! Reads rule files.

use std::collections::HashSet;

use omp_model::{MemoryId, MemoryType};

use super::markdown::{Left, Unit, front_matter, units};
use super::places::{Home, Tool, place};
use super::{NAME, block};
use crate::{Draft, Input, Member, Sink, Stop};

/// All rule files of an input; of one tool, when that is asked for.
pub(super) fn read(tool: Option<Tool>, input: &mut Input, sink: &mut dyn Sink) -> Result<(), Stop> {
    let members = input.members();
    let mut found = false;
    let mut written = Written::default();
    for member in members.iter() {
        let home = place(&member.path).or_else(|| {
            // A file that is named with `--from` need not have the right name.
            let tool = tool.unwrap_or(Tool::Agents);
            input.is_single().then(|| Home { tool, path: member.name(), project: "" })
        });
        let Some(home) = home.filter(|home| tool.is_none_or(|tool| tool == home.tool)) else {
            // What belongs to the program itself is nothing that could be meant.
            if member.ends_with(".md") || member.ends_with(".mdc") {
                sink.passed(
                    "Markdown file",
                    "is no such rule file; --from obsidian reads notes",
                    &member.place(),
                );
            }
            continue;
        };
        found = true;
        let text = input.text(member)?;
        let label = input.label().to_owned();
        file(&text, member, &home, &label, &mut written, sink)?;
    }
    if !found {
        return Err(Stop::broken(&crate::Place::default(), "there are no rule files in it"));
    }
    Ok(())
}

/// Memories that went into several files are one.
type Written = HashSet<(Option<MemoryId>, String)>;

fn file(
    text: &str,
    member: &Member,
    home: &Home<'_>,
    label: &str,
    written: &mut Written,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let project = if home.project.is_empty() { label } else { home.project };
    // The home folders of tools are no projects.
    let project = Some(project).filter(|project| !project.is_empty() && !project.starts_with('.'));
    let (before, block, after) = block::split(text);
    let line_at = |offset: usize| 1 + text[..offset].matches('\n').count() as u64;
    let (front, body) = front_matter(before);
    let (body_at, block_at) = (before.len() - body.len(), before.len());
    let base = |content: String, line: u64| {
        let mut draft = Draft::new(NAME, home.tool.platform(), content);
        draft.kind = MemoryType::Procedural;
        draft.scope = format!("{}/{}", project.unwrap_or_default(), home.path);
        draft.namespace = project.map(|project| format!("project:{project}"));
        draft.reference = Some(home.path.to_owned());
        draft.method = Some("stated");
        draft.created = member.modified;
        draft.date_assumed = true;
        draft.place = member.place().line(line);
        draft.extra("path", home.path);
        draft
    };
    let mut order = 0_u32;
    for (part, at) in [(body, body_at), (after, block_at + block.len())] {
        let mut left = Vec::new();
        for Unit { headings, text, raw, line } in
            units(part, line_at(at), |what, line| left.push((what, line)))
        {
            let content =
                if headings.is_empty() { text } else { format!("{}: {text}", headings.join(" / ")) };
            let mut draft = base(content, line);
            draft.extra("headings", &headings);
            draft.extra("order", order);
            if let Some(front) = front.filter(|front| !front.trim().is_empty()) {
                draft.extra("front_matter", front);
            }
            draft.raw_text(&raw);
            order += 1;
            sink.memory(draft)?;
        }
        for (what, line) in left {
            let place = member.place().line(line);
            match what {
                Left::Comment => sink.passed("comment", "is no rule", &place),
                Left::Import => {
                    sink.passed("import of a file", "is not followed; import that file itself", &place);
                }
            }
        }
    }
    for point in block::read(block, line_at(block_at)) {
        if !written.insert((point.id, point.text.clone())) {
            sink.passed("repeated memory", "stands in another file, too", &member.place().line(point.line));
            continue;
        }
        let mut draft = base(point.text, point.line);
        // What we wrote is no rule of this project, but a memory that went there.
        (draft.namespace, draft.kind) = (None, point.kind);
        draft.scope = "open-memory".into();
        draft.extra.clear();
        draft.platform = "open-memory".into();
        draft.own_id = point.id;
        sink.memory(draft)?;
    }
    Ok(())
}
