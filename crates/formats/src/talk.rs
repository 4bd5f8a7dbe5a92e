//! A conversation as another tool has it, and what it becomes here.

use std::collections::HashSet;

use omp_model::conversation::{MAX_MESSAGES, Role};
use omp_model::{
    Content, Conversation, ConversationId, ConversationOrigin, Message, MessageOrigin, ModelName, SourceUrl,
    Text, Timestamp, Topic,
};

use crate::origin::text_id;
use crate::{Fate, Note, Place, Sink};

/// A conversation as another tool has it.
#[derive(Debug, Clone, Default)]
pub struct Talk {
    /// The format's name.
    pub format: &'static str,
    /// Its name there, the same in every export.
    pub id: String,
    /// Which model it was held with; by default the one that most answers name.
    pub model: Option<String>,
    /// What to call the model when nothing names one.
    pub model_unknown: &'static str,
    /// Its title; by default its first words.
    pub topic: Option<String>,
    /// Where it can be seen.
    pub url: Option<String>,
    /// Its project or folder.
    pub namespace: Option<String>,
    /// The account of the file that it belongs to.
    pub account: Option<String>,
    /// When it began; by default when its first turn was said.
    pub created: Option<Timestamp>,
    /// When it was changed last.
    pub updated: Option<Timestamp>,
    /// The turns of the path that was taken last, in order.
    pub turns: Vec<Turn>,
    /// Turns beside that path, a list for each branch; each begins where it leaves the path or another branch.
    pub branches: Vec<Vec<Turn>>,
    /// Where it stands.
    pub place: Place,
}

/// One turn of a conversation, of any length. Empty ones are passed over.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub text: String,
    /// What the tool says of it.
    pub origin: MessageOrigin,
}

impl Turn {
    /// A turn of which only this is known.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, text: text.into(), origin: MessageOrigin::default() }
    }
}

/// What a conversation without a name of its own is known by: what its file or title is called, and how it begins,
/// which does not change when it goes on.
pub(crate) fn begun(called: &str, turns: &[Turn]) -> String {
    let first = turns.iter().find(|turn| !turn.text.trim().is_empty());
    let first = first.map(|turn| text_id(&turn.text));
    [called, first.as_deref().unwrap_or_default()].join("/").trim_matches('/').to_owned()
}

/// By what the parts of a conversation are known.
#[derive(Debug, Clone)]
pub struct TalkName {
    format: &'static str,
    account: String,
    id: String,
}

impl TalkName {
    /// The id of a part, from 1.
    pub fn part(&self, number: usize) -> ConversationId {
        ConversationId::derive(&[self.format, &self.account, &self.id, &number.to_string()])
    }
}

impl Talk {
    /// By what its parts are known.
    pub fn name(&self) -> TalkName {
        let account = self.account.clone().unwrap_or_default();
        TalkName { format: self.format, account, id: self.id.clone() }
    }

    /// When it was changed last, as far as its turns or itself tell.
    pub fn changed_at(&self) -> Option<Timestamp> {
        let turns = self.turns.iter().filter_map(|turn| turn.origin.created_at);
        turns.chain(self.updated).chain(self.created).max()
    }

    /// The conversations that it becomes: several when it has more than 500 turns, none when nobody says anything.
    pub fn into_conversations(self, now: Timestamp, sink: &mut dyn Sink) -> Vec<Conversation> {
        let (place, name) = (self.place.clone(), self.name());
        let mut told = |kind: &str, what: &str, fate| sink.note(Note { kind, what, place: &place, fate });
        let changed_at = self.changed_at().filter(|at| *at <= now.plus_millis(86_400_000));
        let Self {
            format, id, model, model_unknown, topic, url, namespace, created, turns, branches, ..
        } = self;
        let model = model.or_else(|| most_frequent(&turns)).unwrap_or_else(|| model_unknown.to_owned());
        let started = turns.iter().find_map(|turn| turn.origin.created_at);
        let mut long = false;
        let messages = messages(turns, &mut long);
        let mut branches: Vec<Vec<Message>> = branches
            .into_iter()
            .map(|turns| self::messages(turns, &mut long))
            .filter(|b| !b.is_empty())
            .collect();
        if long {
            told("turn", "is longer than 10,000 characters and was stored in parts", Fate::Changed);
        }
        if messages.is_empty() {
            told("empty conversation", "nobody says anything in it", Fate::Passed);
            return Vec::new();
        }
        let topic = topic.filter(|topic| !topic.trim().is_empty());
        let topic = topic.unwrap_or_else(|| first_words(messages[0].content.as_str()));
        let created = created.or(started).or(changed_at).unwrap_or_else(|| {
            told("conversation date", "is unknown; the conversation is dated like the import", Fate::Changed);
            now
        });
        let parts = messages.len().div_ceil(MAX_MESSAGES);
        if parts > 1 {
            let what = format!("has {} turns and was stored in {parts} parts", messages.len());
            told("conversation", &what, Fate::Changed);
        }
        let mut rest = messages;
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (1..=parts)
            .map(|part| {
                let after = rest.split_off(rest.len().min(MAX_MESSAGES));
                let messages = std::mem::replace(&mut rest, after);
                let mark = if parts > 1 { format!(" ({part}/{parts})") } else { String::new() };
                let room = Topic::MAX - mark.len();
                let topic: String = topic.chars().take(room).chain(mark.chars()).collect();
                Conversation {
                    id: name.part(part),
                    model: ModelName::cut(&model).unwrap_or_else(|| Text::new("unknown").expect("short")),
                    topic: Topic::cut(&topic).unwrap_or_else(|| Text::new("").expect("may be empty")),
                    message_count: messages.len(),
                    messages,
                    source_url: url.as_deref().and_then(|url| SourceUrl::new(url).ok()),
                    created_at: created,
                    updated_at: changed_at.unwrap_or(created).max(created),
                    origin: Some(Box::new(ConversationOrigin {
                        format: format.to_owned(),
                        id: Some(id.clone()),
                        namespace: namespace.clone(),
                        part: (parts > 1).then(|| (number(part), number(parts))),
                        // Branches leave the path anywhere; they stay together in the first part.
                        branches: std::mem::take(&mut branches),
                    })),
                }
            })
            .collect()
    }
}

/// The turns that say something, long ones in parts.
fn messages(turns: Vec<Turn>, long: &mut bool) -> Vec<Message> {
    let mut messages = Vec::with_capacity(turns.len());
    for Turn { role, text, origin } in turns {
        if text.trim().is_empty() {
            continue;
        }
        let origin = Some(Box::new(origin)).filter(|origin| **origin != MessageOrigin::default());
        if let Ok(content) = Content::new(text.as_str()) {
            messages.push(Message { role, content, origin });
            continue;
        }
        let parts = crate::interchange::split(&text);
        *long |= parts.len() > 1;
        messages.extend(parts.into_iter().map(|content| Message { role, content, origin: origin.clone() }));
    }
    messages
}

fn most_frequent(turns: &[Turn]) -> Option<String> {
    let models = || turns.iter().filter_map(|turn| turn.origin.model.as_deref());
    let different: HashSet<&str> = models().collect();
    // Of equals the one that came first, so that the answer is always the same.
    let count = |model: &str| models().filter(|other| *other == model).count();
    let mut best: Option<(&str, usize)> = None;
    for model in models().filter(|model| different.contains(model)) {
        let times = count(model);
        if best.is_none_or(|(_, most)| times > most) {
            best = Some((model, times));
        }
        if different.len() == 1 {
            break;
        }
    }
    best.map(|(model, _)| model.to_owned())
}

/// The beginning of the first line, for a title.
fn first_words(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    match line.char_indices().nth(80) {
        None => line.to_owned(),
        Some((at, _)) => {
            let cut = line[..at].rfind(' ').filter(|space| *space > 40).unwrap_or(at);
            format!("{}…", &line[..cut])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Found;

    #[test]
    fn a_long_turn_of_a_branch_was_cut_without_a_word() {
        let talk = Talk {
            format: "f",
            id: "a".into(),
            model_unknown: "m",
            turns: vec![Turn::new(Role::User, "Hi")],
            branches: vec![vec![Turn::new(Role::Assistant, "x".repeat(20_000))]],
            ..Talk::default()
        };
        let mut found = Found::default();
        talk.into_conversations(Timestamp::from_millis(0), &mut found);
        assert_eq!(found.count(Fate::Changed, "turn"), 1);
    }
}
