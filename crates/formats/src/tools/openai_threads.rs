//! Threads of OpenAI's Assistants, items of its Conversations and Responses, and logs of Chat Completions.
//!
//! **Recognised** by messages with `thread_id`, `role` and `content`; by a page (`object` is `list`) of items with `role`
//! and `content`; by objects with `messages` of `role` and `content`, as files for fine-tuning have them a line each; or by
//! nothing but messages whose `role` is `user`, `assistant`, `system`, `developer` or `tool`.
//!
//! **Read.** A page, an array, lines, or an object of a thread with its `messages` or `items`. Messages of one thread are
//! one conversation, in the order of their times: pages come newest first. Items of a conversation have no times; when the
//! last one is the user's and the first one is not, they are turned round. Calls of tools and reasoning are passed over.
//!
//! **Not written**: there is nothing that would read it.
//!
//! **Cannot carry** images and files, annotations, metadata.

use std::collections::BTreeMap;

use omp_model::conversation::Role;
use omp_model::{MessageOrigin, Timestamp};
use serde_json::Value;

use crate::items::{Item, Items, each_item, each_line, each_member, why_bad};
use crate::origin::text_id;
use crate::tools::values::{at, first, objects, text, time};
use crate::{
    Format, Input, Member, Outline, Place, Probe, ReadOptions, Recognised, Root, Sink, Stop, Talk, Turn,
};

/// The format.
#[derive(Debug)]
pub struct OpenAiThreads;

const NAME: &str = "openai-threads";

/// Who speaks in a list of messages that says nothing else.
const ROLES: [&str; 5] = ["user", "assistant", "system", "developer", "tool"];

const PAGES: [&str; 3] = ["data", "threads", "conversations"];

impl Format for OpenAiThreads {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "OpenAI threads, Conversations items and chat completion logs (JSON or JSON Lines)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let has = |outline: &Outline, home: &str, names: &[&str]| {
            names.iter().all(|name| outline.has(&format!("{home}{name}")))
        };
        let threads = |outline: &Outline| {
            ["", "[]", ".data[]", ".messages[]", "[].messages[]"]
                .iter()
                .any(|home| has(outline, home, &[".thread_id", ".role", ".content"]))
        };
        if probe.json(threads).is_some() {
            return Some(Recognised::certain("it has messages with `thread_id`, `role` and `content`"));
        }
        let page = |outline: &Outline| {
            outline.text(".object") == Some("list") && has(outline, ".data[]", &[".role", ".content"])
                // With a session beside them they are a program's.
                || has(outline, ".items[]", &[".role", ".content", ".type"]) && !outline.has(".session")
        };
        if probe.json(page).is_some() {
            return Some(Recognised::certain("it is a list of items with `role` and `content`"));
        }
        let log = |outline: &Outline| has(outline, ".messages[]", &[".role", ".content"]);
        if probe.json(log).is_some() {
            return Some(Recognised::likely("it has `messages` with `role` and `content`"));
        }
        let said = |outline: &Outline| {
            let home = if outline.root == Root::Array { "[]" } else { "" };
            let speaks = outline.text(&format!("{home}.role")).is_some_and(|role| ROLES.contains(&role));
            speaks && has(outline, home, &[".role", ".content"]) && (outline.lines || home == "[]")
        };
        let member = probe.json(said)?;
        let reason = "it is messages with `role` and `content`";
        // Lines with `content` look like records of interchange, which have no roles.
        let others = [".created", ".type", ".record_type"];
        let plain = |outline: &Outline| outline.lines && !others.iter().any(|path| outline.has(path));
        let is_plain = probe.outline(member, plain);
        Some(if is_plain { Recognised::certain(reason) } else { Recognised::likely(reason) })
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        for member in input.members().iter() {
            let json = [".json", ".jsonl", ".ndjson"].iter().any(|ending| member.ends_with(ending));
            if !input.is_single() && !json {
                sink.passed("file", "is no JSON", &member.place());
                continue;
            }
            file(input, member, sink)?;
        }
        Ok(())
    }
}

/// Messages that are waiting for the others of their thread.
#[derive(Default)]
struct Threads(BTreeMap<String, Thread>);

#[derive(Default)]
struct Thread {
    messages: Vec<(Option<Timestamp>, Turn)>,
    created: Option<Timestamp>,
    topic: Option<String>,
    model: Option<String>,
    place: Place,
}

fn file(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let outline = Outline::of(&input.head(member, crate::probe::HEAD)?);
    let mut threads = Threads::default();
    if outline.root == Root::Object && outline.lines {
        each_line(input, member, sink, |sink, item| one(&item, &mut threads, sink))?;
    } else {
        // A page does not say of which conversation its items are.
        let mut known = None;
        each_member(input, member, &PAGES, |name, raw| {
            if matches!(name, "conversation_id" | "thread_id") {
                known = serde_json::from_str::<String>(raw).ok();
            }
        })?;
        each_item(input, member, Items { arrays: &PAGES, itself: true }, sink, |sink, item| {
            one(&item, &mut threads, sink)
        })?;
        if let Some(known) = known
            && let Some(page) = threads.0.remove("")
        {
            threads.0.insert(known, page);
        }
    }
    for (id, thread) in threads.0 {
        thread.give(&id, sink)?;
    }
    Ok(())
}

fn one(item: &Item<'_>, threads: &mut Threads, sink: &mut dyn Sink) -> Result<(), Stop> {
    let value: Value = match serde_json::from_str(item.raw) {
        Ok(Value::Object(members)) => Value::Object(members),
        Ok(_) => {
            sink.failed("message", "is no object", &item.place);
            return Ok(());
        }
        Err(error) => {
            sink.failed("message", &why_bad(&error), &item.place);
            return Ok(());
        }
    };
    let nested = ["messages", "items", "data", "input"]
        .iter()
        .find(|name| value.get(**name).is_some_and(Value::is_array));
    let Some(nested) = nested else {
        let id = first(&value, &["thread_id", "conversation_id"]).unwrap_or_default().to_owned();
        let thread = threads.0.entry(id).or_default();
        thread.add(&value, &item.place, sink);
        return Ok(());
    };
    // A thread or a log with all its messages.
    let mut thread = Thread { place: item.place.clone(), ..Thread::default() };
    let about = at(&value, "thread").or_else(|| at(&value, "conversation")).unwrap_or(&value);
    thread.created = time(about, "created_at").or_else(|| time(about, "created"));
    thread.topic = first(about, &["title", "name", "metadata.title", "metadata.topic"]).map(str::to_owned);
    thread.model = text(&value, "model").map(str::to_owned);
    for message in objects(&value, nested) {
        thread.add(message, &item.place, sink);
    }
    let id = first(about, &["id", "thread_id", "conversation_id"]).unwrap_or_default();
    thread.give(id, sink)
}

impl Thread {
    fn add(&mut self, message: &Value, place: &Place, sink: &mut dyn Sink) {
        if self.messages.is_empty() {
            self.place = place.clone();
        }
        if text(message, "object") == Some("thread") || text(message, "object") == Some("conversation") {
            self.created = time(message, "created_at");
            return;
        }
        if text(message, "type").is_some_and(|kind| kind != "message") {
            sink.passed("tool call or reasoning", "is not part of the dialogue", place);
            return;
        }
        let role = match text(message, "role") {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => {
                sink.passed("message of another role", "is not part of the dialogue", place);
                return;
            }
        };
        let said = said(message, place, sink);
        if said.trim().is_empty() {
            sink.passed("empty message", "says nothing", place);
            return;
        }
        let at = time(message, "created_at");
        let mut turn = Turn::new(role, said);
        turn.origin = MessageOrigin {
            id: text(message, "id").map(str::to_owned),
            created_at: at,
            model: text(message, "model").map(str::to_owned).filter(|_| role == Role::Assistant),
            ..MessageOrigin::default()
        };
        self.messages.push((at, turn));
    }

    fn give(mut self, id: &str, sink: &mut dyn Sink) -> Result<(), Stop> {
        if self.messages.is_empty() {
            return Ok(());
        }
        let (first, last) = (self.messages.first(), self.messages.last());
        let role = |message: Option<&(Option<Timestamp>, Turn)>| message.map(|(_, turn)| turn.role);
        let time = |message: Option<&(Option<Timestamp>, Turn)>| message.and_then(|(at, _)| *at);
        let answer_first = role(first) == Some(Role::Assistant) && role(last) == Some(Role::User);
        // In a page of the newest first, equal times stand the wrong way round as well.
        let turned = time(first) > time(last) || time(first) == time(last) && answer_first;
        if turned && time(first).is_none() {
            let what = "has no times and was turned round, so that the user begins";
            sink.changed("order", what, &self.place);
        }
        if turned {
            self.messages.reverse();
        }
        if self.messages.iter().all(|(at, _)| at.is_some()) {
            self.messages.sort_by_key(|(at, _)| *at);
        }
        let turns: Vec<Turn> = self.messages.into_iter().map(|(_, turn)| turn).collect();
        let id = if id.is_empty() {
            // It has no name: it is known by its first two turns, which do not change when it goes on.
            let begun: Vec<&str> = turns.iter().take(2).map(|turn| turn.text.as_str()).collect();
            text_id(&begun.join("\n\n"))
        } else {
            id.to_owned()
        };
        sink.conversation(Talk {
            format: NAME,
            id,
            model: self.model,
            model_unknown: "openai",
            topic: self.topic,
            created: self.created,
            turns,
            place: self.place,
            ..Talk::default()
        })
    }
}

/// The texts of a message.
fn said(message: &Value, place: &Place, sink: &mut dyn Sink) -> String {
    if let Some(said) = text(message, "content") {
        return said.to_owned();
    }
    let mut texts = Vec::new();
    for part in objects(message, "content") {
        let kind = text(part, "type").unwrap_or("text");
        // A thread has `text.value`, all others have `text`.
        match first(part, &["text.value", "text", "refusal"]) {
            Some(said) if kind != "summary_text" => texts.push(said),
            Some(_) => {}
            None => sink.lost("image or file", "is not kept", place),
        }
    }
    texts.join("\n\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::Fate;
    use crate::testing::{Found, collect, decided, file};

    fn texts(found: &Found, talk: usize) -> Vec<&str> {
        found.conversations[talk].messages.iter().map(|message| message.content.as_str()).collect()
    }

    fn message(id: &str, thread: &str, role: &str, said: &str, at: u32) -> Value {
        json!({"id": id, "object": "thread.message", "created_at": at, "thread_id": thread, "role": role,
               "content": [{"type": "text", "text": {"value": said, "annotations": []}}], "metadata": {}})
    }

    #[test]
    fn a_page_of_threads_is_put_in_order() {
        let page = json!({"object": "list", "has_more": false, "data": [
            message("m4", "t2", "user", "Hello", 1_777_630_840),
            message("m3", "t1", "assistant", "Green.", 1_777_630_830),
            message("m2", "t1", "user", "Which tea?", 1_777_630_830),
            {"id": "m1", "thread_id": "t1", "role": "user", "content": [{"type": "image_file"}], "created_at": 1},
        ]});
        let text = page.to_string();
        assert_eq!(decided(&mut file("p.json", text.as_bytes())), Some("openai-threads"));
        let found = collect("openai-threads", "", text.as_bytes());
        assert_eq!((texts(&found, 0), texts(&found, 1)), (vec!["Which tea?", "Green."], vec!["Hello"]));
        assert_eq!(found.conversations[0].created_at.to_string(), "2026-05-01T10:20:30.000Z");
        assert_eq!(
            (found.count(Fate::Lost, "image or file"), found.count(Fate::Passed, "empty message")),
            (1, 1)
        );
    }

    #[test]
    fn items_without_times_begin_with_the_user() {
        let item = |role: &str, kind: &str, said: &str| json!({"type": "message", "role": role, "content": [{"type": kind, "text": said}]});
        let page = json!({"object": "list", "data": [item("assistant", "output_text", "Green."),
            {"type": "reasoning", "summary": []}, item("user", "input_text", "Which tea?")]});
        let text = page.to_string();
        assert_eq!(decided(&mut file("p.json", text.as_bytes())), Some("openai-threads"));
        let found = collect("openai-threads", "", text.as_bytes());
        assert_eq!(texts(&found, 0), ["Which tea?", "Green."]);
        assert_eq!(
            (found.count(Fate::Changed, "order"), found.count(Fate::Passed, "tool call or reasoning")),
            (1, 1)
        );
    }

    #[test]
    fn bare_messages_are_one_conversation_and_no_memories() {
        let messages = [
            json!({"role": "system", "content": "x"}),
            json!({"role": "user", "content": "Which tea?"}),
            json!({"role": "assistant", "content": [{"type": "text", "text": "Green."}]}),
        ];
        let array = json!(messages).to_string();
        let lines = messages.each_ref().map(ToString::to_string).join("\n");
        for text in [array, lines] {
            assert_eq!(decided(&mut file("chat.json", text.as_bytes())), Some("openai-threads"), "{text}");
            let found = collect("openai-threads", "chat.json", text.as_bytes());
            assert_eq!((texts(&found, 0), found.records.len()), (vec!["Which tea?", "Green."], 0));
        }
        let staff = json!([{"role": "cook", "content": "Ana cooks"}]).to_string();
        assert_eq!(decided(&mut file("staff.json", staff.as_bytes())), Some("json"));
    }

    #[test]
    fn logs_are_a_conversation_a_line() {
        let log = |said: &str| json!({"model": "m-1", "messages": [{"role": "system", "content": "x"}, {"role": "user", "content": said}, {"role": "assistant", "content": "y"}]});
        let text = format!("{}\n{}\nnope\n", log("a"), log("b"));
        assert_eq!(decided(&mut file("log.jsonl", text.as_bytes())), Some("openai-threads"));
        let found = collect("openai-threads", "log.jsonl", text.as_bytes());
        assert_eq!((found.conversations.len(), found.conversations[0].model.as_str()), (2, "m-1"));
        assert_eq!(texts(&found, 1), ["b", "y"]);
        assert_eq!(found.count(Fate::Failed, "message"), 1);
        let thread = json!({"id": "t", "object": "thread", "created_at": 1_777_630_830, "messages": [message("m", "t", "user", "Hi", 1_777_630_831)]});
        let found = collect("openai-threads", "", thread.to_string().as_bytes());
        assert_eq!(found.conversations[0].origin.as_ref().unwrap().id.as_deref(), Some("t"));
    }
}
