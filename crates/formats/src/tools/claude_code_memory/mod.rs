//! What Claude Code has noted by itself: the files of a project's `memory` folder.
//!
//! **Recognised** by a `MEMORY.md` with lines `- [title](file.md)`, or by front matter with `name`, `description` and a
//! `type` of user, feedback, project or reference.
//!
//! **Read.** A file, a `memory` folder or `~/.claude/projects`. Each file beside the index is a memory: feedback is
//! procedural, the rest semantic; the type is a tag, the session that it comes from the session, the project's folder the
//! namespace. In older folders `MEMORY.md` holds the notes themselves: each point and paragraph of it that is no line of
//! the index is a memory, too. A line that leads to no file is told.
//!
//! **Written** as a file for each memory and a line for it in `MEMORY.md`, which keeps everything else that it says. A
//! file that came from there goes back as it was; one that was changed there since it was read, or that somebody else
//! has written, is not touched. What the tool has no name for stands in the front matter under names that begin with
//! `omp_`.
//!
//! **Cannot carry** metadata, the tool that wrote a memory, validity, confidence, entities and relations. Claude Code
//! loads the first 200 lines of the index: a line beyond is told.

mod read;
mod write;

use crate::format::{BeginFolder, Write};
use crate::{Format, Input, Member, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct ClaudeCodeMemory;

const NAME: &str = "claude-code-memory";

const INDEX: &str = "MEMORY.md";

/// The types of memories there.
const TYPES: [&str; 4] = ["user", "feedback", "project", "reference"];

/// How many files are looked at to recognise a folder.
const MOST_LOOKED_AT: usize = 50;

impl Format for ClaudeCodeMemory {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Claude Code's memory files (a file, a memory folder or ~/.claude/projects)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let texts = || probe.members().iter().filter(|member| member.ends_with(".md")).take(MOST_LOOKED_AT);
        let links = |member: &&Member| {
            let head = probe.head(member);
            head.text().lines().any(|line| read::index_line(line).is_some())
        };
        if let Some(member) = texts().filter(|member| member.name() == INDEX).find(links) {
            return Some(Recognised::certain(format!("{} lists files of memories", member.name())));
        }
        let noted = |member: &&Member| read::is_topic(probe.head(member).text());
        texts().find(noted)?;
        Some(Recognised::certain(
            "its front matter has `name`, `description` and a type of Claude Code's memories",
        ))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        read::read(input, sink)
    }

    fn write(&self) -> Option<Write> {
        const BEGIN: BeginFolder = |files, _| Ok(Box::new(write::Writer::new(files)));
        Some(Write::Folder { begin: BEGIN })
    }
}

#[cfg(test)]
mod tests;
