//! The Markdown that mem0's plugin for coding tools exports: a block of front matter and a text for each memory.

use omp_model::Timestamp;

use super::NAME;
use crate::tools::front_matter::Front;
use crate::{Draft, Member, Sink, Stop};

/// A memory of the file.
pub(super) struct Block<'a> {
    front: Front,
    text: &'a str,
    /// Front matter and text as they are.
    raw: &'a str,
    line: u64,
}

/// The blocks that have `id` and `branch`. A line `---` inside a text begins none.
pub(super) fn blocks(text: &str) -> impl Iterator<Item = Block<'_>> {
    let mut starts = Vec::new();
    let (mut at, mut fence) = (0, None);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if line.trim_end() == "---" {
            fence = Some((at, number));
        } else if let Some(start) = fence.take().filter(|_| line.starts_with("id:")) {
            starts.push(start);
        }
        at += line.len();
    }
    let ends: Vec<usize> = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]).collect();
    starts.into_iter().zip(ends).filter_map(|((from, line), to)| {
        let raw = &text[from..to];
        let (front, body) = crate::tools::front_matter::split(raw);
        let front = Front::parse(front?);
        let is_block = front.text("id").is_some() && front.has("branch");
        is_block.then(|| Block { front, text: body.trim(), raw: raw.trim_end(), line })
    })
}

/// Gives the memories of a file to the sink.
pub(super) fn read(text: &str, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let project = project(member.name());
    let mut found = false;
    for Block { front, text, raw, line } in blocks(text) {
        found = true;
        let mut draft = Draft::new(NAME, NAME, text);
        draft.scope = format!("plugin:{}", project.unwrap_or_default());
        draft.id = front.text("id");
        draft.namespace = project.map(|project| format!("project:{project}"));
        draft.tags = front.words("categories");
        let kind = front.text("type").filter(|kind| !draft.tags.contains(kind));
        draft.tags.extend(kind);
        draft.confidence = front.text("confidence").and_then(|number| number.parse().ok());
        draft.created = front.time("created_at");
        draft.method = Some("extracted");
        draft.raw_text(raw);
        draft.place = member.place().line(line);
        if front.is_literal {
            sink.changed("front matter", "is no valid YAML and was read line by line", &draft.place);
        }
        sink.memory(draft)?;
    }
    if !found {
        let what = "there are no blocks of front matter with `id` and `branch` in it";
        return Err(Stop::broken(&member.place(), what));
    }
    Ok(())
}

/// The project in `mem0-export-<project>-<date>.md`.
fn project(name: &str) -> Option<&str> {
    let rest = name.strip_prefix("mem0-export-")?.strip_suffix(".md")?;
    let at = rest.len().checked_sub(11)?;
    let (project, date) = rest.split_at_checked(at)?;
    let dated = date.strip_prefix('-').and_then(Timestamp::parse_date).is_some();
    (dated && !project.is_empty()).then_some(project)
}
