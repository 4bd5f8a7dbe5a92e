//! Claude Code's sessions: a file of JSON Lines for each.
//!
//! **Recognised** by lines with `sessionId` beside `uuid` or `parentUuid`.
//!
//! **Read.** One file, or a folder of them such as `~/.claude/projects`. Only what the user and the model said: the
//! results of tools stand on lines of the user and are passed over like calls, thoughts, hidden lines, summaries of what
//! stands before them, and the dialogues of sub-agents (`agent-*.jsonl`), unless one is named alone. An answer is spread
//! over lines with the same message id, which become one turn. Lines hang together by their parents: going back and
//! asking something else makes a branch. The project's folder is the namespace, a title line the topic. Keys are blotted
//! out always, because tools show them.
//!
//! **Not written**: the format is the vendor's own and changes.
//!
//! **Cannot carry**: calls of tools and their results, images, thoughts.

mod session;
mod wire;

use self::session::Session;
use crate::items::each_line;
use crate::{Format, Input, Outline, Probe, ReadOptions, Recognised, Sink, Stop};

/// The format.
#[derive(Debug)]
pub struct ClaudeCode;

const NAME: &str = "claude-code";

impl Format for ClaudeCode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Claude Code sessions (a .jsonl file or a folder such as ~/.claude/projects)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(is_session)?;
        Some(Recognised::certain("its lines have `sessionId`, and `uuid` or `parentUuid`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut found = false;
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            let begins = |outline: &Outline| {
                is_session(outline) || head.len() == crate::probe::HEAD && may_begin_session(outline)
            };
            if !(input.is_single() || member.ends_with(".jsonl") && begins(&Outline::of(&head))) {
                let what = if member.ends_with(".md") {
                    "is no session; `--from claude-code-memory` reads memory files"
                } else {
                    "is no session"
                };
                sink.passed("file", what, &member.place());
                continue;
            }
            found = true;
            let mut session = Session::new(input.is_single());
            each_line(input, member, sink, |sink, item| {
                session.line(&item, sink);
                Ok(())
            })?;
            session.give(member, sink)?;
        }
        if !found {
            return Err(Stop::broken(&crate::Place::default(), "there are no sessions of Claude Code in it"));
        }
        Ok(())
    }
}

fn is_session(outline: &Outline) -> bool {
    outline.has(".sessionId") && (outline.has(".parentUuid") || outline.has_all(&[".uuid", ".message"]))
}

/// Whether lines of the program may go before what was said: titles, snapshots of files, messages that wait.
fn may_begin_session(outline: &Outline) -> bool {
    let theirs = [".sessionId", ".leafUuid", ".snapshot"].iter().any(|path| outline.has(path));
    outline.has(".type")
        && theirs
        && ![".payload", ".projectHash", ".display"].iter().any(|path| outline.has(path))
}

#[cfg(test)]
mod tests;
