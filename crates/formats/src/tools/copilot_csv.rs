//! Microsoft Copilot's history: a table of messages.
//!
//! **Recognised** by the names of its columns: `Conversation`, `Time`, `Author`, `Message` (`copilot-activity-history.csv`),
//! or `CreatedAt`, `MessageContent`, `Author`, `ChatName` (`copilot-chat-activity.csv`).
//!
//! **Read.** The messages with one title are one conversation, in the order of their times: the table has no other name
//! for it. Times without a zone are taken as UTC.
//!
//! **Not written**: Copilot takes no file.
//!
//! **Cannot carry** which model answered; two conversations with one title become one.

use std::collections::HashMap;

use omp_model::Timestamp;
use omp_model::conversation::Role;

use super::generic::Rows;
use crate::{Format, Input, Member, Place, Probe, ReadOptions, Recognised, Sink, Stop, Talk, Turn, moment};

/// The format.
#[derive(Debug)]
pub struct CopilotCsv;

const NAME: &str = "copilot-csv";

/// Title, time, author, text.
const COLUMNS: [[&str; 4]; 2] =
    [["Conversation", "Time", "Author", "Message"], ["ChatName", "CreatedAt", "Author", "MessageContent"]];

/// Where the four stand among the columns, if they are all there.
fn places(columns: &[String]) -> Option<[usize; 4]> {
    COLUMNS.iter().find_map(|names| {
        let found = names.map(|name| columns.iter().position(|column| column == name));
        found.iter().all(Option::is_some).then(|| found.map(Option::unwrap_or_default))
    })
}

impl Format for CopilotCsv {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Microsoft Copilot's history (a CSV file)"
    }

    fn recognise(&self, probe: &Probe<'_>) -> Option<Recognised> {
        let is_history = |member: &&Member| {
            let named = probe.single().is_some() || member.ends_with(".csv");
            named && Rows::columns(probe.head(member).bytes()).as_deref().and_then(places).is_some()
        };
        probe.members().iter().take(MOST_LOOKED_AT).find(is_history)?;
        Some(Recognised::certain("its columns are those of Copilot's history"))
    }

    fn read(&self, input: &mut Input, _: &ReadOptions, sink: &mut dyn Sink) -> Result<(), Stop> {
        let mut found = false;
        for member in input.members().iter() {
            let head = input.head(member, crate::probe::HEAD)?;
            let Some(places) = Rows::columns(&head).as_deref().and_then(places) else {
                sink.passed("file", "is no history of Copilot", &member.place());
                continue;
            };
            found = true;
            table(input, member, places, sink)?;
        }
        let nothing = "there is no table with the columns of Copilot's history in it";
        if found { Ok(()) } else { Err(Stop::broken(&Place::default(), nothing)) }
    }
}

/// How many files of a folder are looked at.
const MOST_LOOKED_AT: usize = 50;

#[derive(Default)]
struct Chat {
    turns: Vec<(Option<Timestamp>, Turn)>,
    place: Place,
}

fn table(input: &mut Input, member: &Member, places: [usize; 4], sink: &mut dyn Sink) -> Result<(), Stop> {
    let mut rows = Rows::open(input, member)?;
    let (mut chats, mut order): (HashMap<String, Chat>, Vec<String>) = (HashMap::new(), Vec::new());
    while let Some((fields, place)) = rows.next()? {
        let Some([title, time, author, said]) = fields.and_then(|fields| {
            let found = places.map(|at| fields.get(at).cloned());
            found.iter().all(Option::is_some).then(|| found.map(Option::unwrap_or_default))
        }) else {
            sink.failed("row", "has too few fields, or text that is no UTF-8", &place);
            continue;
        };
        let role = match author.trim().to_lowercase().as_str() {
            "human" | "user" | "you" => Role::User,
            "ai" | "copilot" | "assistant" | "bot" => Role::Assistant,
            _ => {
                sink.passed("message of another role", "is not part of the dialogue", &place);
                continue;
            }
        };
        if said.trim().is_empty() {
            sink.passed("empty message", "says nothing", &place);
            continue;
        }
        let mut turn = Turn::new(role, said);
        turn.origin.created_at = moment::from_text(&time);
        let chat = chats.entry(title.clone()).or_insert_with(|| {
            order.push(title);
            Chat { place, ..Chat::default() }
        });
        chat.turns.push((turn.origin.created_at, turn));
    }
    for title in order {
        let Some(mut chat) = chats.remove(&title) else { continue };
        let (first, last) = (chat.turns.first(), chat.turns.last());
        if first.and_then(|(at, _)| *at) > last.and_then(|(at, _)| *at) {
            // A table that begins with the newest.
            chat.turns.reverse();
        }
        chat.turns.sort_by_key(|(at, _)| *at);
        sink.conversation(Talk {
            format: NAME,
            topic: Some(title.clone()).filter(|title| !title.trim().is_empty()),
            id: title,
            model_unknown: "copilot",
            turns: chat.turns.into_iter().map(|(_, turn)| turn).collect(),
            place: chat.place,
            ..Talk::default()
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::Fate;
    use crate::testing::{Found, archive, collect, collect_files, decided, file};

    fn said(found: &Found, n: usize) -> Vec<&str> {
        found.conversations[n].messages.iter().map(|message| message.content.as_str()).collect()
    }

    const ACTIVITY: &str = "Conversation,Time,Author,Message\n\
        \"Trip, far\",2026-05-01T10:20:35,AI,\"By\nboat\"\n\"Trip, far\",2026-05-01T10:20:30,Human,Where to?\n\
        Tea,2026-05-02T10:00:00,Human,Which?\nTea,2026-05-02T10:00:00,AI,Green\nTea,2026-05-02T10:00:01,Tool,x\nTea,x\n";

    #[test]
    fn messages_of_one_title_are_a_conversation_and_no_memories() {
        let path = "x/copilot-activity-history.csv";
        assert_eq!(decided(&mut file(path, ACTIVITY.as_bytes())), Some("copilot-csv"));
        assert_eq!(decided(&mut archive(&[(path, ACTIVITY), ("a.txt", "x")])), Some("copilot-csv"));
        let found = collect_files("copilot-csv", &[(path, ACTIVITY), ("a.txt", "x")]);
        assert!(found.records.is_empty());
        assert_eq!(
            (said(&found, 0), said(&found, 1)),
            (vec!["Where to?", "By\nboat"], vec!["Which?", "Green"])
        );
        let talk = &found.conversations[0];
        assert_eq!((talk.topic.as_str(), talk.model.as_str()), ("Trip, far", "copilot"));
        assert_eq!(talk.created_at.to_string(), "2026-05-01T10:20:30.000Z");
        for (fate, kind) in
            [(Fate::Passed, "message of another role"), (Fate::Failed, "row"), (Fate::Passed, "file")]
        {
            assert_eq!(found.count(fate, kind), 1, "{kind}");
        }
    }

    #[test]
    fn the_other_table_is_read_too() {
        let table = "\u{feff}CreatedAt,MessageContent,Author,ChatName\r\n2026-05-01T10:00:00Z,Hello,user,Chat 1\r\n2026-05-01T10:00:01Z,Hi there,copilot,Chat 1\r\n";
        assert_eq!(decided(&mut file("copilot-chat-activity.csv", table.as_bytes())), Some("copilot-csv"));
        assert_eq!(said(&collect("copilot-csv", "c.csv", table.as_bytes()), 0), ["Hello", "Hi there"]);
        let other = "Conversation,Message\na,b\n";
        assert_eq!(decided(&mut file("c.csv", other.as_bytes())), Some("csv"));
    }
}
