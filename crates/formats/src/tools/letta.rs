//! Letta agent files (`.af`).
//!
//! **Recognised** by `agents` and `blocks`, or by `core_memory` and `messages` (until version 0.7). Some files are a JSON
//! string that holds the JSON.
//!
//! **Read.** A block is a memory, known by its label and its agent's name, because ids count within a file only. What the
//! agent is told about itself (`persona`, `system`, instructions) is no memory of a person and passed over. Archival
//! passages, where a file has them, are memories. Messages become a conversation. In older agents what was said is an
//! argument of the tool `send_message`, and what a user said stands in an envelope; heartbeats and logins are passed over.
//!
//! **Not written**: a file is a whole agent with its model and tools, and would replace one.
//!
//! **Cannot carry** tools, model settings, limits of blocks. Secrets and environment variables are never read.

use omp_model::MessageOrigin;
use omp_model::conversation::Role;
use serde_json::Value;

use crate::draft::slug;
use crate::halves::mended;
use crate::items::{whole, why_bad};
use crate::tools::values::{at, first, objects, text, time, words};
use crate::{
    Draft, Format, Input, Outline, Place, Probe, ReadOptions, Recognised, Root, Sink, Stop, Talk, Turn,
};

/// The format.
#[derive(Debug)]
pub struct Letta;

const NAME: &str = "letta";

/// Blocks about the agent.
const ABOUT_AGENT: [&str; 4] = ["persona", "system", "instructions", "soul"];

fn is_agent(outline: &Outline) -> bool {
    outline.has_all(&[".agents", ".blocks"])
        || outline.has_all(&[".core_memory", ".messages"])
        || outline.has(".agents[].core_memory")
}

impl Format for Letta {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Letta agent file (.af)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        if probe.json(is_agent).is_some() {
            return Some(Recognised::certain("it has agents with blocks of memory"));
        }
        let member = probe.single()?;
        let head = probe.head(member);
        let within = head.outline().root == Root::String
            && inner(head.text().trim()).is_some_and(|inner| is_agent(&Outline::of(inner.as_bytes())));
        within.then(|| Recognised::certain("it is a JSON string that holds agents with blocks of memory"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            if !input.is_single() && !member.ends_with(".af") && !member.ends_with(".json") {
                sink.passed("file", "is no agent file", &member.place());
                continue;
            }
            let json = whole(input, member, sink)?;
            file(&json, &member.place(), sink)?;
        }
        Ok(())
    }
}

/// What a JSON string holds, as far as its beginning goes: a beginning ends anywhere, also within an escape.
fn inner(head: &str) -> Option<String> {
    let whole = serde_json::from_str(head).ok();
    let cut = || {
        let ends = head.char_indices().rev().map(|(at, _)| at).take(13);
        ends.into_iter().find_map(|end| serde_json::from_str(&format!("{}\"", &head[..end])).ok())
    };
    whole.or_else(cut)
}

fn file(json: &str, place: &Place, sink: &mut dyn Sink) -> Result<(), Stop> {
    if json.trim().is_empty() {
        sink.failed("agent file", "is empty", place);
        return Ok(());
    }
    let parsed = serde_json::from_str(json).and_then(|value| match value {
        Value::String(inner) => serde_json::from_str(&mended(&inner, place, sink)),
        value => Ok(value),
    });
    let value: Value = match parsed {
        Ok(value) => value,
        Err(error) => {
            sink.failed("agent file", &why_bad(&error), place);
            return Ok(());
        }
    };
    let agents: Vec<&Value> = objects(&value, "agents").collect();
    // In the older form the file is the agent.
    let agents = if agents.is_empty() { vec![&value] } else { agents };
    if agents.len() > 1 {
        let of_agents: Vec<String> = agents.iter().flat_map(|agent| words(agent, "block_ids")).collect();
        let is_of_one =
            |block: &&Value| text(block, "id").is_some_and(|id| of_agents.iter().any(|of| of == id));
        for block in objects(&value, "blocks").filter(|block| !is_of_one(block)) {
            let label = text(block, "label").unwrap_or("block");
            let what = "belongs to none of the agents, and is not kept";
            sink.lost("block", what, &place.inside(format!("block {label}")));
        }
    }
    for agent in &agents {
        let agent = Agent { value: agent, file: &value, place };
        agent.blocks(agents.len() == 1, sink)?;
        agent.passages(sink)?;
        agent.messages(sink)?;
    }
    Ok(())
}

struct Agent<'a> {
    value: &'a Value,
    file: &'a Value,
    place: &'a Place,
}

impl Agent<'_> {
    fn name(&self) -> &str {
        first(self.value, &["name", "id"]).unwrap_or("agent")
    }

    fn blocks(&self, only: bool, sink: &mut dyn Sink) -> Result<(), Stop> {
        let ids: Vec<&str> = self
            .value
            .get("block_ids")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let shared = objects(self.file, "blocks")
            .filter(|block| only || text(block, "id").is_some_and(|id| ids.contains(&id)));
        let own = objects(self.value, "core_memory").chain(objects(self.value, "memory_blocks"));
        let mut labels: Vec<String> = Vec::new();
        for block in shared.chain(own) {
            let label = text(block, "label").unwrap_or("block");
            let place = self.place.inside(format!("block {label}"));
            if ABOUT_AGENT.contains(&label) {
                sink.passed("persona block", "is about the agent and no memory", &place);
                continue;
            }
            let Some(said) = text(block, "value") else {
                sink.passed("empty block", "says nothing", &place);
                continue;
            };
            labels.push(label.to_owned());
            let same = labels.iter().filter(|known| *known == label).count();
            let mut draft = self.draft(said, block);
            draft.id = Some(if same > 1 { format!("{label}#{same}") } else { label.to_owned() });
            draft.tags = vec!["letta".into(), slug(label).into_owned()];
            draft.place = place;
            sink.memory(draft)?;
        }
        Ok(())
    }

    fn passages(&self, sink: &mut dyn Sink) -> Result<(), Stop> {
        for name in ["archival_memory", "passages"] {
            for (index, passage) in (0..).zip(objects(self.value, name)) {
                let place = self.place.inside(format!("{name}[{index}]"));
                let Some(said) = first(passage, &["text", "content"]) else {
                    sink.passed("empty passage", "says nothing", &place);
                    continue;
                };
                let mut draft = self.draft(said, passage);
                draft.id = text(passage, "id").map(str::to_owned);
                draft.tags = vec!["letta".into(), "archival".into()];
                draft.place = place;
                sink.memory(draft)?;
            }
        }
        Ok(())
    }

    fn draft(&self, said: &str, original: &Value) -> Draft {
        let mut draft = Draft::new(NAME, NAME, said.trim());
        self.name().clone_into(&mut draft.scope);
        draft.reference = Some(self.name().to_owned());
        draft.created = time(original, "created_at");
        draft.updated = time(original, "updated_at");
        if draft.created.is_none() && draft.updated.is_none() {
            draft.created = time(self.file, "created_at");
            draft.date_assumed = true;
        }
        draft.raw_json(&original.to_string());
        draft
    }

    fn messages(&self, sink: &mut dyn Sink) -> Result<(), Stop> {
        let messages: Vec<&Value> = objects(self.value, "messages").collect();
        // Where words are sent with a tool, the text beside them is what the model thought.
        let by_tool = messages.iter().any(|message| sent(message).next().is_some());
        let turns: Vec<Turn> =
            messages.iter().filter_map(|message| self.turn(message, by_tool, sink)).collect();
        if turns.is_empty() {
            return Ok(());
        }
        sink.conversation(Talk {
            format: NAME,
            id: first(self.value, &["name", "id"]).unwrap_or("agent").to_owned(),
            model: text(self.value, "llm_config.model").map(str::to_owned),
            model_unknown: "letta",
            topic: Some(self.name().to_owned()),
            turns,
            place: self.place.inside("messages"),
            ..Talk::default()
        })
    }

    fn turn(&self, message: &Value, by_tool: bool, sink: &mut dyn Sink) -> Option<Turn> {
        let (role, kind) = match text(message, "role") {
            Some("user") => (Role::User, ""),
            Some("assistant") => (Role::Assistant, ""),
            Some("system") => (Role::User, "system message"),
            Some("tool") => (Role::User, "tool message"),
            _ => (Role::User, "message of another role"),
        };
        if !kind.is_empty() {
            sink.passed(kind, "is not part of the dialogue", self.place);
            return None;
        }
        let said = match role {
            Role::User => spoken(&plain(message)),
            Role::Assistant if by_tool => Some(sent(message).collect::<Vec<_>>().join("\n\n")),
            Role::Assistant => Some(plain(message)),
        };
        let Some(said) = said.filter(|said| !said.trim().is_empty()) else {
            let kind = if role == Role::User { "event" } else { "thoughts" };
            sink.passed(kind, "is not part of the dialogue", self.place);
            return None;
        };
        let mut turn = Turn::new(role, said);
        turn.origin = MessageOrigin {
            id: text(message, "id").map(str::to_owned),
            created_at: time(message, "created_at"),
            model: text(message, "model").map(str::to_owned).filter(|_| role == Role::Assistant),
            ..MessageOrigin::default()
        };
        Some(turn)
    }
}

/// The texts of a message.
fn plain(message: &Value) -> String {
    if let Some(said) = first(message, &["content", "text"]) {
        return said.to_owned();
    }
    let blocks =
        objects(message, "content").filter(|block| text(block, "type").is_none_or(|kind| kind == "text"));
    blocks.filter_map(|block| text(block, "text")).collect::<Vec<_>>().join("\n\n")
}

/// What a message sends to the user with the tool for it.
fn sent(message: &Value) -> impl Iterator<Item = String> {
    objects(message, "tool_calls").filter_map(|call| {
        let name = first(call, &["function.name", "name"])?;
        let arguments = at(call, "function.arguments").or_else(|| at(call, "arguments"))?;
        let parsed: Value = match arguments.as_str() {
            Some(json) => serde_json::from_str(json).ok()?,
            None => arguments.clone(),
        };
        (name == "send_message").then(|| text(&parsed, "message").map(str::to_owned))?
    })
}

/// What a user said: in an envelope that tells of what kind it is, or plainly.
fn spoken(said: &str) -> Option<String> {
    let envelope = serde_json::from_str::<Value>(said).ok().filter(Value::is_object);
    let Some(envelope) = envelope else { return Some(said.to_owned()) };
    match text(&envelope, "type") {
        Some("user_message") | None => text(&envelope, "message").map(str::to_owned),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests;
