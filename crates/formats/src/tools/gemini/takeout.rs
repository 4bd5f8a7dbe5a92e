//! Google Takeout of Gemini: "My Activity", and the conversations of Gemini in Workspace.
//!
//! **Recognised** by items with `header`, `title`, `time` and `products`, one of which speaks of Gemini or Bard; or by
//! `conversation_turns`.
//!
//! **Read.** `MyActivity.json` (Takeout gives HTML unless JSON is chosen), a folder or a ZIP. An item is what was asked,
//! mostly with the answer as HTML, which becomes Markdown; no remote content is fetched. There are no conversations in
//! it: items with the same chat in their link are one, and others that lie within half an hour of each other. Of the
//! title, the word for "asked" is taken off where it is a known one. What was not asked (feedback, sharing), and the
//! activity of other products, is passed over.
//!
//! **Not written**: Gemini takes memories as prompt text (`memory-text`).
//!
//! **Cannot carry**: attached files (their names stay), which model answered.

use std::collections::HashMap;

use omp_model::conversation::Role;
use omp_model::{MessageOrigin, Timestamp};
use serde::Deserialize;

use super::html::markdown;
use crate::items::{Item, Items, each_item, why_bad};
use crate::loose::{List, Object, Piece, Word};
use crate::moment::Moment;
use crate::origin::text_id;
use crate::tools::silent::Silent;
use crate::{Format, Input, Member, Outline, Place, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn};

/// The format.
#[derive(Debug)]
pub struct GeminiTakeout;

const NAME: &str = "gemini-takeout";

impl Format for GeminiTakeout {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Google Takeout of Gemini (ZIP, folder or MyActivity.json)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        if probe.members().iter().filter(|member| may_be_json(member, probe.single().is_some())).take(50).any(
            |member| kind(probe.head(member).outline(), probe.head(member).text()) == Some(Kind::Activity),
        ) {
            return Some(Recognised::certain(
                "its items have `header`, `time` and `products`, and are Gemini's",
            ));
        }
        if probe.json(is_workspace).is_some() {
            return Some(Recognised::certain("it has `conversation_turns`"));
        }
        let page = |member: &&Member| is_page(member) && probe.head(member).text().contains("Gemini");
        probe.members().iter().find(page)?;
        Some(Recognised::certain("it is My Activity of Gemini as a page"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let (mut found, mut page) = (false, None);
        for member in input.members().iter() {
            let head = if may_be_json(member, input.is_single()) {
                input.head(member, crate::probe::HEAD)?
            } else {
                Vec::new()
            };
            match kind(&Outline::of(&head), &String::from_utf8_lossy(&head)) {
                Some(Kind::Activity) => activity(input, member, sink)?,
                Some(Kind::Workspace) => workspace(input, member, sink)?,
                None if input.is_single() && !is_page(member) => activity(input, member, sink)?,
                None => {
                    page = page.or_else(|| is_page(member).then(|| member.clone()));
                    sink.passed("file", "holds no conversations with Gemini", &member.place());
                    continue;
                }
            }
            found = true;
        }
        if found {
            return Ok(());
        }
        let what = match page {
            Some(_) => {
                "this is My Activity as a page; ask Takeout for JSON (\"Multiple formats\", Activity records)"
            }
            None => "there is no MyActivity.json of Gemini in it",
        };
        Err(Stop::broken(&Place::default(), what))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Activity,
    Workspace,
}

fn may_be_json(member: &Member, single: bool) -> bool {
    single || member.ends_with(".json") || member.ends_with(".txt")
}

fn is_page(member: &Member) -> bool {
    member.ends_with(".html") && member.name().to_lowercase().replace(' ', "").contains("myactivity")
}

fn is_workspace(outline: &Outline) -> bool {
    outline.has(".conversation_turns")
}

fn kind(outline: &Outline, text: &str) -> Option<Kind> {
    let activity = outline.has_all(&["[].header", "[].title", "[].time", "[].products"]);
    if activity && ["Gemini", "Bard"].iter().any(|name| text.contains(name)) {
        return Some(Kind::Activity);
    }
    is_workspace(outline).then_some(Kind::Workspace)
}

/// An item of My Activity.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Activity<'a> {
    #[serde(borrow)]
    header: Word<'a>,
    #[serde(borrow)]
    title: Word<'a>,
    #[serde(borrow)]
    title_url: Word<'a>,
    time: Moment,
    #[serde(borrow)]
    products: List<Word<'a>>,
    #[serde(borrow)]
    safe_html_item: List<Object<Html<'a>>>,
    /// Where older files have the answer.
    #[serde(borrow)]
    details: List<Object<Detail<'a>>>,
    #[serde(borrow)]
    image_file: Word<'a>,
    #[serde(borrow)]
    attached_files: List<Piece<'a, Attached<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Html<'a> {
    #[serde(borrow)]
    html: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(borrow)]
    name: Word<'a>,
    #[serde(borrow)]
    value: Word<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Attached<'a> {
    #[serde(borrow)]
    name: Word<'a>,
}

/// What an item is.
enum Asked<'a> {
    /// What was asked.
    Prompt(&'a str),
    /// Why it is passed over.
    Passed(&'static str),
}

/// Words before what was asked, as far as known.
const ASKED: [&str; 6] =
    ["Prompted ", "Asked ", "Said ", "Eingegebener Prompt: ", "Prompt inserito: ", "Prompt enviado: "];

/// Words of what is no question.
const OTHER: [&str; 9] = [
    "Created ",
    "Used ",
    "Added ",
    "Gave feedback",
    "Selected ",
    "Shared ",
    "Deleted ",
    "Viewed ",
    "Turned ",
];

impl Activity<'_> {
    fn asked(&self) -> Asked<'_> {
        let about = self.products.0.iter().chain([&self.header]).filter_map(Word::get);
        if !about.into_iter().any(|name| name.contains("Gemini") || name.contains("Bard")) {
            return Asked::Passed("activity of another product");
        }
        let title = self.title.get().unwrap_or_default();
        if OTHER.iter().any(|word| title.starts_with(word)) {
            return Asked::Passed("activity that is no question");
        }
        let prompt = ASKED.iter().find_map(|word| title.strip_prefix(word)).unwrap_or(title);
        let prompt = without_count(prompt).trim();
        if prompt.is_empty() { Asked::Passed("empty message") } else { Asked::Prompt(prompt) }
    }

    /// The chat that its link leads to.
    fn chat(&self) -> Option<&str> {
        let (_, rest) = self.title_url.get()?.split_once("gemini.google.com/app/")?;
        let id = rest.split(['?', '#', '/']).next().unwrap_or_default();
        (id.len() >= 8).then_some(id)
    }
}

/// Without `Attached 2 files.` at the end, which is the program's.
fn without_count(text: &str) -> &str {
    let Some((said, rest)) = text.trim_end().rsplit_once("Attached ") else { return text };
    let rest = rest.trim_end_matches('.');
    let count = rest.strip_suffix(" files").or_else(|| rest.strip_suffix(" file"));
    let counted = count.is_some_and(|count| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()));
    if counted { said } else { text }
}

/// Items that lie so close to each other are one conversation, in milliseconds.
const GAP: i64 = 30 * 60 * 1000;

/// What the first reading finds out: which items belong together.
#[derive(Default)]
struct Plan {
    /// The time, number and chat of each question.
    asked: Vec<(Option<Timestamp>, u64, Option<String>)>,
    /// The conversation of each question, by its number.
    groups: HashMap<u64, usize>,
    /// How many questions of each conversation are still to come.
    open: Vec<usize>,
}

impl Plan {
    fn make(&mut self) {
        let mut asked = std::mem::take(&mut self.asked);
        asked.sort();
        let mut chats: HashMap<String, usize> = HashMap::new();
        let mut last: Option<(Timestamp, usize)> = None;
        for (time, number, chat) in asked {
            let near = |(before, _): &(Timestamp, usize)| {
                time.is_some_and(|time| time.as_millis() - before.as_millis() <= GAP)
            };
            let known = match &chat {
                Some(chat) => chats.get(chat).copied(),
                None => last.filter(near).map(|(_, group)| group),
            };
            let group = known.unwrap_or_else(|| {
                self.open.push(0);
                self.open.len() - 1
            });
            self.open[group] += 1;
            self.groups.insert(number, group);
            match chat {
                Some(chat) => drop(chats.insert(chat, group)),
                None => last = time.map(|time| (time, group)),
            }
        }
    }
}

/// A conversation of which some items have been read.
#[derive(Default)]
struct Open {
    chat: Option<String>,
    /// The turns of each item with its time and number.
    items: Vec<(Option<Timestamp>, u64, Vec<Turn>)>,
    place: Place,
}

const ITEMS: Items<'_> = Items { arrays: &[], itself: false };

fn activity(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut plan = Plan::default();
    let mut number = 0;
    each_item(input, member, ITEMS, &mut Silent, |_, item| {
        number += 1;
        if let Ok(Object(Some(wire))) = serde_json::from_str::<Object<Activity<'_>>>(item.raw)
            && let Asked::Prompt(_) = wire.asked()
        {
            plan.asked.push((wire.time.0, number, wire.chat().map(str::to_owned)));
        }
        Ok(())
    })?;
    plan.make();
    let mut open: HashMap<usize, Open> = HashMap::new();
    let mut number = 0;
    each_item(input, member, ITEMS, sink, |sink, item| {
        number += 1;
        let wire = match serde_json::from_str::<Object<Activity<'_>>>(item.raw) {
            Ok(Object(Some(wire))) => wire,
            Ok(Object(None)) => {
                sink.failed("activity", "is no object", &item.place);
                return Ok(());
            }
            Err(error) => {
                sink.failed("activity", &why_bad(&error), &item.place);
                return Ok(());
            }
        };
        let prompt = match wire.asked() {
            Asked::Prompt(prompt) => prompt,
            Asked::Passed(kind) => {
                sink.passed(kind, "is no part of a conversation with Gemini", &item.place);
                return Ok(());
            }
        };
        let Some(group) = plan.groups.get(&number).copied() else { return Ok(()) };
        let conversation = open.entry(group).or_default();
        conversation.chat = wire.chat().map(str::to_owned).or_else(|| conversation.chat.take());
        conversation.place = item.place.clone();
        conversation.items.push((wire.time.0, number, turns(&wire, prompt, &item, sink)));
        plan.open[group] -= 1;
        if plan.open[group] > 0 {
            return Ok(());
        }
        open.remove(&group).map_or(Ok(()), |conversation| give(conversation, sink))
    })
}

/// Question and answer.
fn turns(wire: &Activity<'_>, prompt: &str, item: &Item<'_>, sink: &mut dyn Sink) -> Vec<Turn> {
    let mut question = Turn::new(Role::User, prompt);
    let names = wire.attached_files.0.iter().filter_map(|file| match file {
        Piece::Text(name) => Some(name.clone().into_owned()),
        Piece::Object(file) => file.name.owned(),
        Piece::Nothing => None,
    });
    let attachments: Vec<String> = names.chain(wire.image_file.owned()).collect();
    if !attachments.is_empty() {
        sink.lost("attached file", "is not kept; its name is", &item.place);
    }
    question.origin = MessageOrigin { created_at: wire.time.0, attachments, ..MessageOrigin::default() };
    let html: Vec<&str> =
        wire.safe_html_item.0.iter().filter_map(|html| html.0.as_ref()?.html.get()).collect();
    let mut said = html.into_iter().map(markdown).collect::<Vec<_>>().join("\n\n");
    if said.trim().is_empty() {
        let details = wire.details.0.iter().filter_map(|detail| detail.0.as_ref());
        let mut answers = details.filter(|detail| detail.name.get() == Some("Response"));
        said = answers.find_map(|detail| detail.value.owned()).unwrap_or_default();
        if said.contains("</") || said.contains("<br") {
            said = markdown(&said);
        }
    }
    let mut turns = vec![question];
    if !said.trim().is_empty() {
        let mut answer = Turn::new(Role::Assistant, said);
        answer.origin.created_at = wire.time.0;
        turns.push(answer);
    }
    turns
}

fn give(mut conversation: Open, sink: &mut dyn Sink) -> Result<(), Stop> {
    // The file begins with the newest one.
    conversation.items.sort_by_key(|(time, number, _)| (*time, std::cmp::Reverse(*number)));
    let first = conversation.items.first();
    let time = first.and_then(|(time, ..)| *time);
    let words = first.and_then(|(.., turns)| turns.first()).map(|turn| text_id(&turn.text));
    // The oldest question stays the same when a newer file goes on with the conversation.
    let of_first = || {
        let time = time.map(|time| time.to_string()).unwrap_or_default();
        format!("{time}/{}", words.clone().unwrap_or_default())
    };
    let url = conversation.chat.as_ref().map(|chat| format!("https://gemini.google.com/app/{chat}"));
    let id = conversation.chat.take().unwrap_or_else(of_first);
    sink.conversation(Talk {
        format: NAME,
        id,
        model_unknown: "gemini",
        url,
        created: time,
        turns: conversation.items.into_iter().flat_map(|(.., turns)| turns).collect(),
        place: conversation.place,
        ..Talk::default()
    })
}

/// A conversation of Gemini in Workspace.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Workspace<'a> {
    #[serde(borrow)]
    title: Word<'a>,
    creation_time: Moment,
    last_modification_time: Moment,
    #[serde(borrow)]
    conversation_turns: List<Object<WorkspaceTurn<'a>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct WorkspaceTurn<'a> {
    #[serde(borrow)]
    user_turn: Object<UserTurn<'a>>,
    #[serde(borrow)]
    system_turn: Object<SystemTurn<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct UserTurn<'a> {
    #[serde(borrow)]
    prompt: Word<'a>,
    turn_last_modified: Moment,
    turn_deleted_time: Moment,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SystemTurn<'a> {
    #[serde(borrow)]
    text: List<Object<Data<'a>>>,
    turn_last_modified: Moment,
    turn_deleted_time: Moment,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    data: Word<'a>,
}

fn workspace(input: &mut Input, member: &Member, sink: &mut dyn Sink) -> Result<(), Stop> {
    each_item(input, member, Items { arrays: &[], itself: true }, sink, |sink, item| {
        let wire = match serde_json::from_str::<Object<Workspace<'_>>>(item.raw) {
            Ok(wire) => wire.0.unwrap_or_default(),
            Err(error) => {
                sink.failed("conversation", &why_bad(&error), &item.place);
                return Ok(());
            }
        };
        let mut turns = Vec::new();
        for turn in wire.conversation_turns.0.iter().filter_map(|turn| turn.0.as_ref()) {
            let (role, text, at, deleted) = match (&turn.user_turn.0, &turn.system_turn.0) {
                (Some(user), _) => {
                    let text = user.prompt.owned().unwrap_or_default();
                    (Role::User, text, user.turn_last_modified, user.turn_deleted_time)
                }
                (None, Some(system)) => {
                    let texts = system.text.0.iter().filter_map(|text| text.0.as_ref()?.data.get());
                    let text = texts.collect::<Vec<_>>().join("\n\n");
                    (Role::Assistant, text, system.turn_last_modified, system.turn_deleted_time)
                }
                (None, None) => continue,
            };
            if deleted.0.is_some() {
                sink.passed("deleted message", "was deleted there", &item.place);
                continue;
            }
            let mut turn = Turn::new(role, text);
            turn.origin.created_at = at.0;
            turns.push(turn);
        }
        let created = wire.creation_time.0;
        let first = turns.first().map(|turn: &Turn| text_id(&turn.text)).unwrap_or_default();
        sink.conversation(Talk {
            format: NAME,
            id: format!("workspace/{}/{first}", created.map(|at| at.to_string()).unwrap_or_default()),
            model_unknown: "gemini",
            topic: wire.title.owned(),
            created,
            updated: wire.last_modification_time.0,
            turns,
            place: item.place.clone(),
            ..Talk::default()
        })
    })
}
