//! Gemini CLI's sessions: JSON, or since 2026 JSON Lines, a file for each.
//!
//! **Recognised** by `sessionId` beside `projectHash` or `startTime`, and by messages of type `gemini`.
//!
//! **Read.** A file, or a folder such as `~/.gemini/tmp`. A line with an id that was met before replaces it; `$set` changes
//! what the first line says, and the messages that it may bring are joined to those that are there (it brings the model's
//! shortened context); `$rewindTo` takes back a message and all after it, which become a branch. Thoughts, calls of tools
//! and the program's own messages are passed over. Keys are blotted out always.
//!
//! **Not written**: the format is the vendor's own and changes.
//!
//! **Cannot carry**: calls of tools and their results, thoughts.

use std::collections::HashMap;

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::items::{each_line, why_bad};
use crate::loose::{List, Object, Piece, Word};
use crate::moment::Moment;
use crate::talk::begun;
use crate::tools::transcript::{Block, blocks, project, without_keys};
use crate::{Format, Input, Member, Outline, Place, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn};

/// The format.
#[derive(Debug)]
pub struct GeminiCli;

const NAME: &str = "gemini-cli";

impl Format for GeminiCli {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Gemini CLI sessions (a session file or a folder such as ~/.gemini/tmp)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        probe.json(is_session)?;
        Some(Recognised::certain("it has `sessionId` with `projectHash` or `startTime`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut found = false;
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            let outline = Outline::of(&head);
            if !(input.is_single() || is_session(&outline)) {
                sink.passed("file", "is no session", &member.place());
                continue;
            }
            found = true;
            let mut session = Session::default();
            // A file of the older kind is one object over many lines.
            if outline.lines || member.ends_with(".jsonl") {
                each_line(input, member, sink, |sink, item| {
                    session.line(item.raw, &item.place, sink);
                    Ok(())
                })?;
            } else {
                let whole = crate::items::whole(input, member, sink)?;
                session.line(&whole, &member.place(), sink);
            }
            session.give(member, sink)?;
        }
        if !found {
            return Err(Stop::broken(&Place::default(), "there are no sessions of Gemini CLI in it"));
        }
        Ok(())
    }
}

fn is_session(outline: &Outline) -> bool {
    outline.has(".sessionId")
        && (outline.has(".projectHash") || outline.has_all(&[".startTime", ".lastUpdated"]))
}

/// A line, or the whole of an older file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Line<'a> {
    #[serde(borrow)]
    session_id: Word<'a>,
    start_time: Moment,
    last_updated: Moment,
    #[serde(borrow)]
    summary: Word<'a>,
    #[serde(borrow)]
    directories: List<Word<'a>>,
    #[serde(borrow)]
    messages: List<Object<Message<'a>>>,
    #[serde(rename = "$set", borrow)]
    set: Option<&'a RawValue>,
    #[serde(rename = "$rewindTo", borrow)]
    rewind_to: Word<'a>,
    #[serde(borrow)]
    id: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    id: Word<'a>,
    timestamp: Moment,
    #[serde(rename = "type", borrow)]
    kind: Word<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    model: Word<'a>,
}

/// What is known of a session so far.
#[derive(Debug, Default)]
struct Session {
    id: Option<String>,
    folder: Option<String>,
    topic: Option<String>,
    created: Moment,
    updated: Moment,
    /// Each message by its id; one that says nothing (yet) has no turn.
    messages: Vec<Option<Turn>>,
    numbers: HashMap<String, usize>,
    branches: Vec<Vec<Turn>>,
}

impl Session {
    fn line(&mut self, raw: &str, place: &Place, sink: &mut dyn Sink) {
        let line = match serde_json::from_str::<Object<Line<'_>>>(raw) {
            Ok(Object(Some(line))) => line,
            Ok(Object(None)) => return sink.failed("line", "is no object", place),
            Err(error) => return sink.failed("line", &why_bad(&error), place),
        };
        if let Some(target) = line.rewind_to.get() {
            // To a message that is not there: the tool takes back all.
            let from = self.numbers.get(target).copied().unwrap_or_default();
            self.numbers.retain(|_, number| *number < from);
            let taken: Vec<Turn> = self.messages.split_off(from).into_iter().flatten().collect();
            self.branches.extend(Some(taken).filter(|turns| !turns.is_empty()));
            return;
        }
        if let Some(set) =
            line.set.and_then(|set| serde_json::from_str::<Object<Line<'_>>>(set.get()).ok()?.0)
        {
            return self.header(&set, place, sink);
        }
        if line.id.get().is_some() && line.session_id.get().is_none() {
            return match serde_json::from_str::<Object<Message<'_>>>(raw) {
                Ok(Object(Some(message))) => self.message(&message, place, sink),
                _ => sink.failed("message", "cannot be read", place),
            };
        }
        self.header(&line, place, sink);
    }

    fn header(&mut self, line: &Line<'_>, place: &Place, sink: &mut dyn Sink) {
        self.id = line.session_id.owned().or_else(|| self.id.take());
        let topic = line.summary.owned().map(|topic| without_keys(topic, place, sink));
        self.topic = topic.or_else(|| self.topic.take());
        self.folder = line.directories.0.iter().find_map(Word::owned).or_else(|| self.folder.take());
        for (known, said) in [(&mut self.created, line.start_time), (&mut self.updated, line.last_updated)] {
            if said.0.is_some() {
                *known = said;
            }
        }
        for message in line.messages.0.iter().filter_map(|message| message.0.as_ref()) {
            self.message(message, place, sink);
        }
    }

    fn message(&mut self, message: &Message<'_>, place: &Place, sink: &mut dyn Sink) {
        let turn = turn(message, place, sink);
        let known = message.id.get().and_then(|id| self.numbers.get(id)).copied();
        if let Some(number) = known {
            self.messages[number] = turn;
            return;
        }
        if let Some(id) = message.id.owned() {
            self.numbers.insert(id, self.messages.len());
        }
        self.messages.push(turn);
    }

    fn give(self, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
        let file = member.name().trim_end_matches(".jsonl").trim_end_matches(".json").to_owned();
        // `tmp/<project>/chats/session-….json`, where the project may be a hash, which tells nothing.
        let mut folders = member.folder().rsplit('/');
        let named = folders.next().filter(|name| *name == "chats").and(folders.next());
        let named = named.filter(|name| name.len() < 40 || !name.bytes().all(|b| b.is_ascii_hexdigit()));
        let turns: Vec<Turn> = self.messages.into_iter().flatten().collect();
        sink.conversation(Talk {
            format: NAME,
            id: self.id.unwrap_or_else(|| begun(&file, &turns)),
            model_unknown: "gemini",
            topic: self.topic,
            namespace: self.folder.as_deref().or(named).and_then(project),
            created: self.created.0,
            updated: self.updated.0,
            turns,
            branches: self.branches,
            place: member.place(),
            ..Talk::default()
        })
    }
}

fn turn(message: &Message<'_>, place: &Place, sink: &mut dyn Sink) -> Option<Turn> {
    let role = match message.kind.get() {
        Some("user") => Role::User,
        Some("gemini") => Role::Assistant,
        _ => {
            sink.passed("message of the program", "is not part of the dialogue", place);
            return None;
        }
    };
    let said = blocks(message.content);
    let is_file = |piece: &&Piece<'_, Block<'_>>| matches!(piece, Piece::Object(block) if block.is_file());
    let files = said.iter().filter(is_file).count();
    let mut texts: Vec<&str> = said
        .iter()
        .filter_map(|block| match block {
            Piece::Text(text) => Some(&**text),
            Piece::Object(block) => block.text.get(),
            Piece::Nothing => None,
        })
        .filter(|text| !text.trim().is_empty())
        .collect();
    if files > 0 {
        sink.lost("attached file", "is not kept", place);
        texts.push("[file]");
    }
    if texts.is_empty() {
        sink.passed("empty message", "says nothing beside thoughts and calls of tools", place);
        return None;
    }
    let origin = MessageOrigin {
        id: message.id.owned(),
        created_at: message.timestamp.0,
        model: message.model.owned().filter(|_| role == Role::Assistant),
        ..MessageOrigin::default()
    };
    Some(Turn { role, text: without_keys(texts.join("\n\n"), place, sink), origin })
}
