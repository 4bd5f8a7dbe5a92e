//! Rule and instruction files of coding tools.
//!
//! **Recognised** by their names and folders (`places.rs`): `CLAUDE.md`, `AGENTS.md`, `GEMINI.md`, `.cursorrules` and
//! `.cursor/rules`, `.github/copilot-instructions.md`, Windsurf's, Cline's and Continue's.
//!
//! **Read.** A file, or a project's folder with all of them. Each point of a list at the left margin and each paragraph
//! is a memory; the headings above it stand before its text and make it understandable alone. Fenced code stays with the
//! paragraph before it. The front matter (globs, triggers) is kept. Comments are passed over, imports (`@file`) are not
//! followed. Rules are procedural. The project is the namespace.
//!
//! **Written** as a block between two comments. What others wrote in a file is not touched, byte for byte; the block is
//! replaced. Where a file has several homes, `rules` writes `AGENTS.md` and the block of every other rule file that is
//! there already; the formats of one tool (`claude-md`, `cursor-rules`, …) write that tool's file. A point that came from
//! a file and still stands in it is not written again; if the file is gone, it is made again, where several projects had
//! one only that of the project whose name the folder has; the others' points go into the block. The block names the ids
//! of its memories in comments, so that reading it again finds them.
//!
//! **Cannot carry** tags, namespaces, metadata, dates; more than the tool reads (32 KiB for `AGENTS.md`, 12,000
//! characters for Windsurf): what does not fit is left out and named.

mod block;
mod managed;
pub(super) mod markdown;
mod places;
mod read;
mod write;

pub use self::managed::{Injected, has_block};
pub use self::places::Tool;
use crate::format::{BeginFolder, Write};
use crate::{Format, Input, Probe, ReadOptions, Recognised, Sink, Stop};

/// The rule files of all tools, or of one.
#[derive(Debug)]
pub struct Rules {
    name: &'static str,
    title: &'static str,
    /// The only tool, if there is one.
    tool: Option<places::Tool>,
    begin: BeginFolder,
}

const NAME: &str = "rules";

/// All tools together.
pub static ALL: Rules = Rules {
    name: NAME,
    title: "Rule files of coding tools (CLAUDE.md, AGENTS.md, Cursor, Copilot, Gemini, Windsurf, Cline, Continue): a file or a project's folder",
    tool: None,
    begin: |files, _| Ok(Box::new(write::Writer::new(None, files))),
};

macro_rules! one_tool {
    ($static:ident, $name:literal, $title:literal, $tool:ident) => {
        #[doc = $title]
        pub static $static: Rules = Rules {
            name: $name,
            title: $title,
            tool: Some(places::Tool::$tool),
            begin: |files, _| Ok(Box::new(write::Writer::new(Some(places::Tool::$tool), files))),
        };
    };
}

one_tool!(CLAUDE, "claude-md", "CLAUDE.md", ClaudeCode);
one_tool!(AGENTS, "agents-md", "AGENTS.md", Agents);
one_tool!(CURSOR, "cursor-rules", "Cursor rules (.cursor/rules/open-memory.mdc)", Cursor);
one_tool!(COPILOT, "copilot-instructions", "Copilot instructions (.github/copilot-instructions.md)", Copilot);
one_tool!(GEMINI, "gemini-md", "GEMINI.md", Gemini);
one_tool!(WINDSURF, "windsurf-rules", "Windsurf rules (.windsurf/rules/open-memory.md)", Windsurf);
one_tool!(CLINE, "cline-rules", "Cline rules (.clinerules/open-memory.md)", Cline);
one_tool!(CONTINUE, "continue-rules", "Continue rules (.continue/rules/open-memory.md)", Continue);

impl Format for Rules {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        if self.tool.is_some() {
            return None;
        }
        // Among notes, one that is called `claude.md` in small letters may be a note about somebody.
        let single = probe.single().is_some();
        let known = |member: &&crate::Member| {
            let in_small = matches!(member.name(), "claude.md" | "agents.md" | "gemini.md");
            (single || !in_small) && places::place(&member.path).is_some()
        };
        let member = probe.members().iter().find(known)?;
        let reason =
            format!("{} is a rule file of {}", member.name(), places::place(&member.path)?.tool.title());
        Some(if single { Recognised::certain(reason) } else { Recognised::likely(reason) })
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        read::read(self.tool, input, sink)
    }

    fn write(&self) -> Option<Write> {
        Some(Write::Folder { begin: self.begin })
    }
}

#[cfg(test)]
mod tests;
