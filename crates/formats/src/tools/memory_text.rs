//! Memory prompt text: what a chat answers to "write down everything that you remember about me".
//!
//! **Recognised** by two or more lines that begin with a date or `unknown` in brackets and a dash:
//! `[2026-05-01] - Likes tea.`
//!
//! **Read** with tolerance, because models deviate. Of a text with fences only what is inside them; else all of it. A
//! heading (`## …`, a bold line, `Name:`, CAPITALS) begins a category, which becomes a tag; an entry is an optional
//! bullet or number, an optional date, a separator and text; other lines go on with the entry before. A text without any
//! entries is read by paragraphs. The same text twice is one memory with both categories. Instructions are procedural,
//! all else is semantic: also events, which are told as facts.
//!
//! **Written** in the shape that the vendors' own import asks for: one fence, the five categories of their prompt, an
//! entry a line with its date, the oldest first. This is the way into Claude, Gemini and ChatGPT.
//!
//! **Cannot carry** ids, the time of the day, tags beside the category, namespaces, metadata, ends, line breaks, and
//! that a memory is episodic.

mod entries;

use std::io;

use omp_model::{MemoryType, Timestamp};

use self::entries::{Entry, entries, parse_entry};
use crate::draft::slug;
use crate::format::{BeginFile, Write};
use crate::write::{Outgoing, RecordWriter};
use crate::{Draft, Format, Input, Probe, ReadOptions, Recognised, Sink, Stop, moment};

/// The format.
#[derive(Debug)]
pub struct MemoryText;

const NAME: &str = "memory-text";

/// The categories of the prompt, in its order.
const CATEGORIES: [&str; 5] = ["Instructions", "Identity", "Career", "Projects", "Preferences"];

impl Format for MemoryText {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "What a chat answers when asked for its memories: lines such as `[2026-05-01] - Likes tea.`"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let head = probe.head(probe.single()?);
        let dated =
            head.text().lines().filter_map(entries::bracketed).filter(|(date, _)| entries::is_date(date));
        (dated.take(2).count() == 2)
            .then(|| Recognised::certain("it has lines that begin with a date in brackets and a dash"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            let text = input.text(member)?;
            for entry in entries(&text, &member.place(), sink) {
                sink.memory(draft(entry))?;
            }
        }
        Ok(())
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFile = |out, _| Ok(Box::new(Writer { out, lines: Vec::new() }));
        Some(Write::File { extension: "memories.txt", media_type: "text/plain; charset=utf-8", begin: BEGIN })
    }
}

fn draft(entry: Entry) -> Draft {
    let mut draft = Draft::new(NAME, NAME, entry.text);
    let instructs = |category: &String| slug(category).contains("instruction");
    if entry.categories.iter().any(instructs) {
        draft.kind = MemoryType::Procedural;
    }
    draft.tags = entry.categories.iter().map(|category| slug(category).into_owned()).collect();
    draft.method = Some("extracted");
    draft.created = entry.date.as_deref().and_then(entries::date);
    draft.day_only = draft.created.is_some();
    draft.raw_text(&entry.raw);
    if let Some(date) = &entry.date {
        draft.extra("date", date);
    }
    draft.place = entry.place;
    draft
}

struct Writer<W> {
    out: W,
    /// Category, date, text: sorted at the end.
    lines: Vec<(usize, Option<Timestamp>, String)>,
}

impl<W: io::Write> RecordWriter for Writer<W> {
    fn write(&mut self, outgoing: &Outgoing, report: &mut dyn Sink) -> io::Result<()> {
        let category = category(outgoing);
        let named = category.map(|number| CATEGORIES[number].to_lowercase());
        let place = &outgoing.place;
        let other_tags = outgoing.tags.iter().any(|tag| Some(&slug(tag).into_owned()) != named.as_ref());
        if other_tags {
            report.lost("tags", "beside the category are not written", place);
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
        let read_as = if category == Some(0) { MemoryType::Procedural } else { MemoryType::Semantic };
        if outgoing.kind != read_as {
            report.lost("type", "will be read as semantic", place);
        }
        let date = outgoing.is_dated().then_some(outgoing.created);
        if date.is_some_and(|at| at.as_millis().rem_euclid(86_400_000) != 0) {
            report.lost("created", "keeps its day and loses its time", place);
        }
        let text = outgoing.content.split_whitespace().collect::<Vec<_>>().join(" ");
        let line = line(date, &text);
        let read_again = parse_entry(&line).is_some_and(|(_, again)| again == outgoing.content);
        if !read_again {
            report.changed("content", "was put on one line", place);
        }
        if !text.is_empty() {
            self.lines.push((category.map_or(0, |number| number + 1), date, text));
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, report: &mut dyn Sink) -> io::Result<()> {
        // Undated ones last; the sort is stable, so equals stay in their order.
        self.lines.sort_by_key(|(category, date, _)| (*category, date.is_none(), *date));
        let longest = self.lines.iter().flat_map(|(_, _, text)| text.split(|c| c != '`').map(str::len)).max();
        let fence = "`".repeat(longest.unwrap_or(0).max(2) + 1);
        let mut written = std::collections::HashSet::new();
        let mut current = 0;
        writeln!(self.out, "{fence}")?;
        for (category, date, text) in &self.lines {
            if !written.insert((category, text)) {
                report.changed(
                    "repeated memory",
                    "says what another one says and is written once",
                    &crate::Place::default(),
                );
                continue;
            }
            if *category != current {
                current = *category;
                writeln!(self.out, "\n## {}", CATEGORIES[category - 1])?;
            }
            writeln!(self.out, "{}", line(*date, text))?;
        }
        writeln!(self.out, "{fence}")?;
        self.out.flush()
    }
}

fn line(date: Option<Timestamp>, text: &str) -> String {
    format!("[{}] - {text}", date.map_or_else(|| "unknown".to_owned(), moment::day))
}

/// The category of a memory: by its tags, else by what it is; none is better than a wrong one.
fn category(outgoing: &Outgoing) -> Option<usize> {
    let by_tag = |tag: &String| {
        let tag = slug(tag);
        CATEGORIES.iter().position(|category| category.to_lowercase() == *tag)
    };
    outgoing
        .tags
        .iter()
        .find_map(by_tag)
        .or_else(|| (outgoing.kind == MemoryType::Procedural).then_some(0))
        .or_else(|| outgoing.namespace().is_some_and(|name| name.starts_with("project")).then_some(3))
}

#[cfg(test)]
mod tests;
