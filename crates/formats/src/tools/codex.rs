//! Codex sessions ("rollouts"): a file of JSON Lines for each.
//!
//! **Recognised** by lines with `type` and an object `payload` that has `role`, `content` or begins a session; the flat
//! lines of early versions by the file's name, `rollout-….jsonl`; the documents of the earliest by `session` and `items`.
//!
//! **Read.** One file, or a folder such as `~/.codex/sessions`. The same fact stands twice, as an item of the answer and
//! as an event: items count, events only where there are no items. Kept is what the user and the model said; what the
//! program puts before it (the environment, permissions, instructions, `AGENTS.md`), developer and system texts, calls,
//! results and reasoning are passed over. The folder worked in is the namespace. Keys are blotted out always.
//!
//! **Not written**: the format is the vendor's own and changes.
//!
//! **Cannot carry**: calls of tools and their results, images, reasoning.

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::items::{Item, each_line, whole, why_bad};
use crate::loose::{List, Object, Piece, Word};
use crate::moment::Moment;
use crate::tools::transcript::{blocks, project, without_keys};
use crate::{Format, Input, Member, Outline, Place, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn};

/// The format.
#[derive(Debug)]
pub struct Codex;

const NAME: &str = "codex";

impl Format for Codex {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Codex sessions (a rollout-….jsonl file or a folder such as ~/.codex/sessions)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        if probe.json(is_rollout).is_some() {
            return Some(Recognised::certain("its lines have `type` and `payload`"));
        }
        if probe.json(is_document).is_some() {
            return Some(Recognised::certain("it has a `session` and its `items`"));
        }
        let flat = |member: &&Member| is_flat(member, probe.head(member).outline());
        probe.members().iter().filter(|member| member.name().starts_with("rollout-")).take(20).find(flat)?;
        Some(Recognised::certain("it is called `rollout-…` and its lines have `role` and `content`"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut found = false;
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            let outline = Outline::of(&head);
            let is_document = is_document(&outline);
            if !(input.is_single() || is_rollout(&outline) || is_flat(member, &outline) || is_document) {
                sink.passed("file", "is no session", &member.place());
                continue;
            }
            found = true;
            let mut session = Session::default();
            if is_document {
                session.document(&whole(input, member, sink)?, &member.place(), sink);
            } else {
                each_line(input, member, sink, |sink, item| {
                    session.line(&item, sink);
                    Ok(())
                })?;
            }
            session.give(member, sink)?;
        }
        if !found {
            return Err(Stop::broken(&Place::default(), "there are no sessions of Codex in it"));
        }
        Ok(())
    }
}

fn is_rollout(outline: &Outline) -> bool {
    let begins = outline.text(".type") == Some("session_meta");
    outline.has_all(&[".type", ".payload"])
        && (begins || outline.has(".payload.role") || outline.has(".payload.type"))
}

/// The file of the earliest versions: `{"session": {…}, "items": […]}`.
fn is_document(outline: &Outline) -> bool {
    outline.has_all(&[".session", ".items"])
        && (outline.has(".session.timestamp") || outline.has(".session.id"))
}

fn is_flat(member: &Member, outline: &Outline) -> bool {
    let named = member.name().starts_with("rollout-") && member.ends_with(".jsonl");
    named && (outline.has(".record_type") || outline.has_all(&[".role", ".content"]))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow)]
    session: Object<Payload<'a>>,
    #[serde(borrow)]
    items: List<Object<Payload<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Word<'a>,
    timestamp: Moment,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
}

/// A payload, or a flat line.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(rename = "type", borrow)]
    kind: Word<'a>,
    #[serde(borrow)]
    id: Word<'a>,
    #[serde(borrow)]
    role: Word<'a>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    /// Of an event.
    #[serde(borrow)]
    message: Word<'a>,
    timestamp: Moment,
    #[serde(borrow)]
    cwd: Word<'a>,
    #[serde(borrow)]
    model: Word<'a>,
}

/// What is known of a session so far.
#[derive(Debug, Default)]
struct Session {
    id: Option<String>,
    folder: Option<String>,
    created: Moment,
    /// The model that answers at present.
    model: Option<String>,
    turns: Vec<Turn>,
    /// What events say was said.
    events: Vec<Turn>,
}

impl Session {
    fn document(&mut self, raw: &str, place: &Place, sink: &mut dyn Sink) {
        let document = match serde_json::from_str::<Object<Document<'_>>>(raw) {
            Ok(document) => document.0.unwrap_or_default(),
            Err(error) => return sink.failed("session", &why_bad(&error), place),
        };
        if let Some(session) = &document.session.0 {
            self.begin(session, Moment::default());
        }
        for (index, item) in (0..).zip(&document.items.0) {
            let place = place.inside(format!("items[{index}]"));
            match &item.0 {
                Some(item) => self.item(item, item.timestamp, &place, sink),
                None => sink.failed("item", "is no object", &place),
            }
        }
    }

    fn line(&mut self, item: &Item<'_>, sink: &mut dyn Sink) {
        let line = match serde_json::from_str::<Object<Line<'_>>>(item.raw) {
            Ok(Object(Some(line))) => line,
            Ok(Object(None)) => return sink.failed("line", "is no object", &item.place),
            Err(error) => return sink.failed("line", &why_bad(&error), &item.place),
        };
        let flat = line.payload.is_none();
        let raw = line.payload.map_or(item.raw, RawValue::get);
        let Some(payload) =
            serde_json::from_str::<Object<Payload<'_>>>(raw).ok().and_then(|payload| payload.0)
        else {
            return sink.failed("line", "has a `payload` that is no object", &item.place);
        };
        let at = if line.timestamp.0.is_some() { line.timestamp } else { payload.timestamp };
        match line.kind.get() {
            Some("session_meta") => self.begin(&payload, at),
            None if flat && payload.role.get().is_none() => self.begin(&payload, at),
            Some("turn_context") => {
                self.model = payload.model.owned().or_else(|| self.model.take());
                self.folder = self.folder.take().or_else(|| payload.cwd.owned());
            }
            Some("event_msg") => {
                let role = match payload.kind.get() {
                    Some("user_message") => Role::User,
                    Some("agent_message") => Role::Assistant,
                    _ => return sink.passed("event", "is not part of the dialogue", &item.place),
                };
                let Some(text) = payload.message.get().filter(|text| !is_scaffold(text)) else {
                    return sink.passed("text of the program", "is not part of the dialogue", &item.place);
                };
                let turn = self.turn(
                    role,
                    text.to_owned(),
                    &payload,
                    at,
                    &item.place,
                    &mut crate::tools::silent::Silent,
                );
                self.events.push(turn);
            }
            Some("compacted") => {
                sink.passed("summary of the dialogue", "repeats what stands before it", &item.place);
            }
            Some("response_item") => self.item(&payload, at, &item.place, sink),
            _ if flat => self.item(&payload, at, &item.place, sink),
            _ => sink.passed("line of another kind", "is not part of the dialogue", &item.place),
        }
    }

    /// The first one counts: a session that goes on from another one repeats that one's.
    fn begin(&mut self, payload: &Payload<'_>, at: Moment) {
        if self.id.is_none() && self.created.0.is_none() {
            self.id = payload.id.owned();
            self.created = if payload.timestamp.0.is_some() { payload.timestamp } else { at };
            self.folder = payload.cwd.owned();
        }
    }

    fn item(&mut self, payload: &Payload<'_>, at: Moment, place: &Place, sink: &mut dyn Sink) {
        let kind = payload.kind.get().unwrap_or("message");
        if kind != "message" {
            let kind = match kind {
                "reasoning" => "thoughts",
                _ if kind.ends_with("_output") => "tool result",
                _ if kind.ends_with("_call") => "tool call",
                _ => "item of another kind",
            };
            return sink.passed(kind, "is not part of the dialogue", place);
        }
        let role = match payload.role.get() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => return sink.passed("system message", "is not part of the dialogue", place),
        };
        let (mut texts, mut files, mut told): (Vec<String>, usize, bool) = (Vec::new(), 0, false);
        for block in blocks(payload.content) {
            let text = match &block {
                Piece::Text(text) => Some(&**text),
                Piece::Object(block) => {
                    files += usize::from(block.kind.get().is_some_and(|kind| kind.ends_with("image")));
                    block.text.get()
                }
                Piece::Nothing => None,
            };
            match text {
                Some(text) if role == Role::User && is_scaffold(text) => {
                    told = true;
                    sink.passed("text of the program", "is not part of the dialogue", place);
                }
                Some(text) if !text.trim().is_empty() => texts.push(text.trim().to_owned()),
                _ => {}
            }
        }
        if files > 0 {
            sink.lost("attached file", "is not kept", place);
            texts.push("[file]".to_owned());
        }
        if !texts.is_empty() {
            let turn = self.turn(role, texts.join("\n\n"), payload, at, place, sink);
            self.turns.push(turn);
        } else if !told {
            sink.passed("empty message", "says nothing", place);
        }
    }

    fn turn(
        &self,
        role: Role,
        text: String,
        payload: &Payload<'_>,
        at: Moment,
        place: &Place,
        sink: &mut dyn Sink,
    ) -> Turn {
        let origin = MessageOrigin {
            id: payload.id.owned(),
            created_at: at.0,
            model: self.model.clone().filter(|_| role == Role::Assistant),
            ..MessageOrigin::default()
        };
        Turn { role, text: without_keys(text, place, sink), origin }
    }

    fn give(self, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
        let file = member.name().trim_end_matches(".jsonl").trim_end_matches(".json").to_owned();
        for _ in self.events.iter().filter(|_| !self.turns.is_empty()) {
            sink.passed("event", "repeats an item of the answer", &member.place());
        }
        sink.conversation(Talk {
            format: NAME,
            id: self.id.unwrap_or(file),
            model_unknown: "codex",
            namespace: self.folder.as_deref().and_then(project),
            created: self.created.0,
            turns: if self.turns.is_empty() { self.events } else { self.turns },
            place: member.place(),
            ..Talk::default()
        })
    }
}

/// Whether a text on the user's side is the program's: all of it between tags, or the project's rules.
fn is_scaffold(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with("# AGENTS.md instructions") {
        return true;
    }
    let Some((open, _)) = text.strip_prefix('<').and_then(|rest| rest.split_once('>')) else { return false };
    let name = open.split(' ').next().unwrap_or_default();
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let theirs = name.contains('_') || matches!(name, "INSTRUCTIONS" | "permissions" | "skill");
    plain && theirs && [name, open].iter().any(|name| text.ends_with(&format!("</{name}>")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::is_scaffold;
    use crate::Fate;
    use crate::testing::{Found, archive, collect, collect_files, decided, file};

    fn item(payload: &Value) -> Value {
        json!({"timestamp": "2026-05-01T10:20:30.500Z", "type": "response_item", "payload": payload})
    }

    fn message(role: &str, texts: &[&str]) -> Value {
        let blocks: Vec<Value> =
            texts.iter().map(|text| json!({"type": "input_text", "text": text})).collect();
        item(&json!({"type": "message", "role": role, "content": blocks}))
    }

    fn text(lines: &[Value]) -> String {
        lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect()
    }

    fn said(found: &Found) -> Vec<&str> {
        found.conversations[0].messages.iter().map(|message| message.content.as_str()).collect()
    }

    fn session() -> Vec<Value> {
        vec![
            json!({"type": "session_meta", "payload": {"id": "s-1", "timestamp": "2026-05-01T10:00:00Z", "cwd": "/home/ana/boat"}}),
            json!({"type": "turn_context", "payload": {"cwd": "/x", "model": "gpt-x"}}),
            message("developer", &["Be safe."]),
            message("user", &["<environment_context>\n<cwd>/x</cwd>\n</environment_context>", "Which oak?"]),
            json!({"type": "event_msg", "payload": {"type": "user_message", "message": "Which oak?"}}),
            item(&json!({"type": "reasoning", "summary": []})),
            item(&json!({"type": "function_call", "name": "shell", "arguments": "{}", "call_id": "c"})),
            item(&json!({"type": "function_call_output", "call_id": "c", "output": "oak"})),
            item(&json!({"type": "web_search_call"})),
            message("assistant", &["White oak, AKIAABCDEFGHIJKLMNOP."]),
            json!({"type": "compacted", "payload": {"message": "all of it"}}),
            json!({"type": "event_msg", "payload": {"type": "token_count"}}),
            json!({"type": "ghost", "payload": {"x": 1}}),
            message("assistant", &[""]),
        ]
    }

    #[test]
    fn items_count_and_events_repeat_them() {
        let session = text(&session());
        assert_eq!(decided(&mut file("x.jsonl", session.as_bytes())), Some("codex"));
        let found = collect("codex", "x.jsonl", session.as_bytes());
        assert_eq!(said(&found), ["Which oak?", "White oak, [key]."]);
        let talk = &found.conversations[0];
        assert_eq!((talk.model.as_str(), talk.topic.as_str()), ("gpt-x", "Which oak?"));
        assert_eq!(talk.created_at.to_string(), "2026-05-01T10:00:00.000Z");
        let origin = talk.origin.as_ref().unwrap();
        assert_eq!((origin.id.as_deref(), origin.namespace.as_deref()), (Some("s-1"), Some("project:boat")));
        for (kind, count) in [
            ("system message", 1),
            ("text of the program", 1),
            ("thoughts", 1),
            ("tool call", 2),
            ("tool result", 1),
            ("summary of the dialogue", 1),
            ("event", 2),
            ("line of another kind", 1),
            ("empty message", 1),
        ] {
            assert_eq!(found.count(Fate::Passed, kind), count, "{kind}");
        }
    }

    #[test]
    fn without_items_the_events_are_what_was_said() {
        let lines = [
            json!({"type": "session_meta", "payload": {"id": "s"}}),
            json!({"type": "event_msg", "payload": {"type": "user_message", "message": "Q"}}),
            json!({"type": "event_msg", "payload": {"type": "token_count"}}),
            json!({"type": "event_msg", "payload": {"type": "agent_message", "message": "A"}}),
        ];
        assert_eq!(said(&collect("codex", "", text(&lines).as_bytes())), ["Q", "A"]);
    }

    #[test]
    fn early_flat_files_are_known_by_their_name() {
        let lines = [
            json!({"id": "old", "timestamp": "2026-05-01T10:00:00Z", "instructions": null}),
            json!({"record_type": "state"}),
            json!({"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Q"}]}),
            json!({"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "A"}]}),
        ];
        let session = text(&lines);
        let files = [
            ("sessions/2026/05/01/rollout-2026-05-01T10-00-00-old.jsonl", session.as_str()),
            ("config.toml", "x"),
        ];
        assert_eq!(decided(&mut archive(&files)), Some("codex"));
        let found = collect_files("codex", &files);
        assert_eq!(said(&found), ["Q", "A"]);
        assert_eq!(found.conversations[0].origin.as_ref().unwrap().id.as_deref(), Some("old"));
        assert_eq!(found.count(Fate::Passed, "file"), 1);
    }

    #[test]
    fn the_document_of_the_earliest_versions_is_a_session_without_keys() {
        let document = json!({"session": {"timestamp": "2026-05-01T10:00:00Z", "id": "oldest", "instructions": ""}, "items": [
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Q"}]},
            {"type": "function_call", "name": "shell"},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "AKIAABCDEFGHIJKLMNOP"}]}]});
        let text = serde_json::to_string_pretty(&document).unwrap();
        let name = "rollout-2026-05-01-oldest.json";
        assert_eq!(decided(&mut file(name, text.as_bytes())), Some("codex"));
        let found = collect("codex", name, text.as_bytes());
        assert_eq!((said(&found), found.records.len()), (vec!["Q", "[key]"], 0));
        assert_eq!(found.conversations[0].origin.as_ref().unwrap().id.as_deref(), Some("oldest"));
        assert_eq!(found.conversations[0].created_at.to_string(), "2026-05-01T10:00:00.000Z");
        assert_eq!(found.count(Fate::Passed, "tool call"), 1);
    }

    #[test]
    fn bad_lines_are_named_and_the_session_goes_on() {
        let lines =
            format!("{}nope\n{}", text(&[message("user", &["Q"])]), text(&[message("assistant", &["A"])]));
        let found = collect("codex", "", lines.as_bytes());
        assert_eq!(
            (said(&found), found.count(Fate::Failed, "item") + found.count(Fate::Failed, "line")),
            (vec!["Q", "A"], 1)
        );
    }

    #[test]
    fn what_the_program_says_is_told_from_what_the_user_says() {
        for theirs in [
            "<user_instructions>x</user_instructions>",
            "# AGENTS.md instructions for /x\n<INSTRUCTIONS>",
            "<permissions instructions>x</permissions instructions>",
        ] {
            assert!(is_scaffold(theirs), "{theirs}");
        }
        for mine in ["<div>x</div>", "what is <environment_context>?", "<", "<>", "# AGENTS"] {
            assert!(!is_scaffold(mine), "{mine}");
        }
    }
}
