//! The one place that prints: data to stdout, talk to stderr.
#![expect(
    clippy::unused_self,
    reason = "what is printed goes through the printer, whether it has to look at itself or not"
)]

use std::io::{IsTerminal, Write};

use anstream::{eprintln, stdout};
use omp_model::api::ErrorBody;
use omp_model::{Error, Memory, Tag, UserName};
use serde::Serialize;

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

/// What to print, and how. Colours go where the output is a terminal and `NO_COLOR` is not set.
pub(crate) struct Printer {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Printer {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet }
    }

    /// Whether a person looks on while something long runs.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.json && !self.quiet && std::io::stderr().is_terminal()
    }

    /// One line of data.
    pub(crate) fn line(&self, text: impl std::fmt::Display) -> std::io::Result<()> {
        writeln!(stdout(), "{text}")
    }

    /// Data for programs, written straight from its type: a detour over a JSON value would change number text.
    pub(crate) fn value(&self, value: &impl Serialize) -> std::io::Result<()> {
        let text = serde_json::to_string_pretty(value).expect("our types are JSON");
        writeln!(stdout(), "{text}")
    }

    /// The data as JSON if that was asked for, else as text.
    pub(crate) fn either(&self, json: &impl Serialize, text: impl std::fmt::Display) -> std::io::Result<()> {
        if self.json { self.value(json) } else { self.line(text) }
    }

    /// Talk.
    pub(crate) fn say(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            eprintln!("{text}");
        }
    }

    pub(crate) fn error(&self, error: &Error) {
        if self.json {
            let text = serde_json::to_string(&ErrorBody::from(error.clone())).expect("an error is JSON");
            eprintln!("{text}");
        } else {
            eprintln!("{RED}error{RESET}: {}", clean(&error.message));
        }
    }

    /// Memories as text: id and circumstances on one line, the content below.
    pub(crate) fn memories(&self, memories: &[Memory]) -> std::io::Result<()> {
        memories.iter().try_for_each(|memory| self.line(text(memory)))
    }
}

/// Standard output for a stream of data. When its reader has gone there is nobody to tell anything.
pub(crate) struct Stream;

impl Write for Stream {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        std::io::stdout().write(piece).inspect_err(|error| {
            if error.kind() == std::io::ErrorKind::BrokenPipe {
                std::process::exit(0);
            }
        })
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stdout().flush()
    }
}

/// A number of things, in words.
pub(crate) fn counted(number: impl Into<u64>, one: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => match one.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o', 'u'])) {
            Some(stem) => format!("{number} {stem}ies"),
            None => format!("{number} {one}s"),
        },
    }
}

/// One memory as text.
pub(crate) fn text(memory: &Memory) -> String {
    text_of(memory, None)
}

/// The same with whose it is.
pub(crate) fn text_of(memory: &Memory, owner: Option<&UserName>) -> String {
    let mut head = format!(
        "{BOLD}{}{RESET} {DIM}{} · {} · {}",
        memory.id,
        memory.kind.as_str(),
        memory.source.tool,
        memory.created_at.to_string().get(..10).unwrap_or_default()
    );
    if let Some(owner) = owner {
        head.push_str(&format!(" · of {owner}"));
    }
    if let Some(namespace) = &memory.namespace {
        head.push_str(&format!(" · in {namespace}"));
    }
    if !memory.tags.is_empty() {
        let tags = memory.tags.iter().map(Tag::as_str).collect::<Vec<_>>().join(" #");
        head.push_str(&format!(" · #{tags}"));
    }
    if let Some(expires_at) = memory.expires_at {
        head.push_str(&format!(" · until {expires_at}"));
    }
    let content = clean(memory.content.as_str()).replace('\n', "\n  ");
    format!("{}{RESET}\n  {content}", clean_head(&head))
}

/// Memory text comes from anywhere; on a terminal a control character could do things.
pub(crate) fn clean(text: &str) -> String {
    let tame = |c: char| {
        let steers = c.is_control() && c != '\n' && c != '\t';
        let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if steers || turns { '\u{fffd}' } else { c }
    };
    text.chars().map(tame).collect()
}

/// The same for a line that holds colours of ours.
fn clean_head(head: &str) -> String {
    head.split("\x1b[").map(clean).collect::<Vec<_>>().join("\x1b[")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_was_told_as_several() {
        let told = [counted(1u64, "memory"), counted(2u64, "memory"), counted(0u64, "key")];
        assert_eq!(told, ["1 memory", "2 memories", "0 keys"]);
    }

    #[test]
    fn escape_sequences_in_memories_are_tamed() {
        assert_eq!(clean("a\x1b[31mb\u{202e}c\nd"), "a\u{fffd}[31mb\u{fffd}c\nd");
    }
}
