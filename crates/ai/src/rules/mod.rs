//! Memories without a model: sentences in which a person says something about themselves, by patterns.
//!
//! Rules see less than a model and invent nothing: a memory is the person's own sentence, word for word, with the day
//! that "yesterday" was. A sentence that may mean something else (a question, a condition, a quotation, "I love it") is
//! left out; many memories are missed that way, and that is the choice. Each language has a file with its patterns.

mod dates;
mod english;
mod french;
mod german;
mod sentences;
mod spanish;

use std::sync::LazyLock;

use omp_model::MemoryType;
use omp_model::conversation::Role;
use regex::Regex;

use self::dates::When;
use crate::extract::add;
use crate::{Candidate, Extracted, Script, Spoken};

/// What memories are said to come from.
pub const NAME: &str = "rules";

/// Words of a sentence that is looked at: fewer say nothing alone, more say several things.
const WORDS: std::ops::RangeInclusive<usize> = 3..=45;
/// Characters of it.
const LONGEST: usize = 320;
/// A longer turn is a text that was pasted: a letter or a story in the first person is not about who pasted it.
const PASTED: usize = 4_000;

/// What a sentence tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// What somebody likes or not.
    Preference,
    /// What is so.
    Fact,
    /// What was decided.
    Decision,
    /// How something is to be done.
    HowTo,
    /// What happened, where the verb alone says that it matters.
    Event,
    /// What happened or will, worth something only with its day.
    Dated,
}

impl Sort {
    fn kind(self) -> MemoryType {
        match self {
            Self::Preference | Self::Fact | Self::Decision => MemoryType::Semantic,
            Self::HowTo => MemoryType::Procedural,
            Self::Event | Self::Dated => MemoryType::Episodic,
        }
    }

    fn tag(self) -> &'static str {
        match self {
            Self::Preference => "preference",
            Self::Fact => "fact",
            Self::Decision => "decision",
            Self::HowTo => "how-to",
            Self::Event | Self::Dated => "event",
        }
    }
}

/// One pattern of a language. A group `o` is what is said of: it must not begin with a word that only points
/// (`language::pointing`). A group `slot` names what something is said about, added to the rule's own.
pub(crate) type Rule = (Sort, &'static str, Option<&'static str>);

/// The patterns of a language.
pub(crate) struct Language {
    /// Words that may stand before a sentence without changing it; taken off, again and again.
    pub(crate) openers: &'static str,
    /// What makes a sentence mean something else.
    pub(crate) vetoes: &'static str,
    /// What the thing that is spoken of may not begin with.
    pub(crate) pointing: &'static str,
    /// The rules, the more certain first.
    pub(crate) rules: &'static [Rule],
    /// Days.
    pub(crate) dates: &'static [dates::Expression],
}

/// A language, ready.
struct Reader {
    openers: Regex,
    vetoes: Regex,
    pointing: Regex,
    rules: Vec<(Sort, Regex, Option<&'static str>)>,
    dates: dates::Finder,
}

impl Reader {
    fn new(language: &Language) -> Self {
        let regex = |pattern: &str| Regex::new(pattern).expect("a pattern of ours");
        Self {
            openers: regex(&format!("^(?i:(?:{})(?:[,:!.\u{2026}]+\\s*|\\s+))", language.openers)),
            vetoes: regex(&format!("(?i){}", language.vetoes)),
            pointing: regex(&format!("^(?i:{})\\b", language.pointing)),
            rules: language
                .rules
                .iter()
                .map(|(sort, pattern, slot)| (*sort, regex(&format!("^(?i:{pattern})")), *slot))
                .collect(),
            dates: dates::Finder::new(language.dates),
        }
    }

    /// What a sentence tells, if anything.
    fn read(&self, sentence: &str, said_on: jiff::civil::Date) -> Option<Matched> {
        let mut rest = sentence;
        while let Some(opener) = self.openers.find(rest) {
            rest = &rest[opener.end()..];
        }
        let words = rest.split_whitespace().count();
        if !WORDS.contains(&words) || rest.chars().count() > LONGEST || self.vetoes.is_match(rest) {
            return None;
        }
        let when = self.dates.find(rest, said_on);
        self.rules.iter().find_map(|(sort, pattern, slot)| {
            let found = pattern.captures(rest)?;
            let object = found.name("o").map_or("", |object| object.as_str());
            if self.pointing.is_match(object) || POINTING_NEXT.is_match(object) {
                return None;
            }
            if *sort == Sort::Dated && when.is_none() {
                return None;
            }
            let about = found.name("slot").map(|about| about.as_str().trim().to_lowercase());
            let slot = match (slot, about) {
                (Some(slot), Some(about)) => Some(format!("{slot} {about}")),
                (Some(slot), None) => Some((*slot).to_owned()),
                (None, _) => None,
            };
            Some(Matched { sentence: rest.to_owned(), sort: *sort, slot, when })
        })
    }
}

/// What a sentence tells.
struct Matched {
    sentence: String,
    sort: Sort,
    slot: Option<String>,
    when: Option<When>,
}

/// A verb and a word that only points: "decided to drink it", "love watching them".
static POINTING_NEXT: LazyLock<Regex> = LazyLock::new(|| {
    let words = "it|this|that|these|those|them|him|her|you|ihn|ça|cela|eso|esto";
    Regex::new(&format!(r"^(?i)(?:not )?[\p{{L}}'-]+ (?:{words})(?:\W|$)")).expect("a pattern of ours")
});

static READERS: LazyLock<Vec<Reader>> = LazyLock::new(|| {
    [&english::ENGLISH, &german::GERMAN, &french::FRENCH, &spanish::SPANISH]
        .into_iter()
        .map(Reader::new)
        .collect()
});

/// What the rules find in a conversation: in what the user says.
pub fn extract(script: &Script) -> Extracted {
    let mut extracted = Extracted::default();
    // Of a message that is read in parts, the last one may be short.
    let mut lengths = vec![0; script.messages];
    script.turns.iter().for_each(|turn| lengths[turn.message] += turn.text.chars().count());
    let pasted = |turn: &Spoken| !turn.unlabelled && lengths[turn.message] > PASTED;
    for turn in script.turns.iter().filter(|turn| turn.role == Role::User && !pasted(turn)) {
        let said_at = script.time_of(turn);
        let Ok(said_on) = crate::script::day_of(said_at).parse() else { continue };
        for sentence in sentences::of(&turn.text) {
            let Some(told) = READERS.iter().find_map(|reader| reader.read(&sentence, said_on)) else {
                continue;
            };
            let candidate = Candidate {
                content: content(&told, said_on),
                kind: told.sort.kind(),
                tags: vec![told.sort.tag().to_owned()],
                message: turn.message,
                message_id: turn.id.clone(),
                quote: sentence.clone(),
                said_at,
                date: told.when.map(|when| when.to_string()),
                slot: told.slot,
            };
            add(&mut extracted, candidate);
        }
    }
    extracted
}

/// What a text that is known already says something about, if only one thing can be true of that at a time.
pub fn slot_of(text: &str) -> Option<String> {
    let said_on = jiff::civil::Date::constant(2000, 1, 1);
    let sentences = sentences::of(text);
    let [sentence] = sentences.as_slice() else { return None };
    READERS.iter().find_map(|reader| reader.read(sentence, said_on))?.slot
}

/// The sentence, beginning with a capital, and the day of a word such as "yesterday".
fn content(told: &Matched, said_on: jiff::civil::Date) -> String {
    let mut letters = told.sentence.chars();
    let first: String = letters.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    let sentence = format!("{first}{}", letters.as_str());
    let Some(when) = &told.when else { return sentence };
    // A day without its year is that of the conversation.
    let without_year =
        when.first.year() == said_on.year() && !sentence.contains(&when.first.year().to_string());
    if !when.relative && !without_year {
        return sentence;
    }
    let bare = sentence.trim_end_matches(['.', '!', ' ', '…']);
    format!("{bare} ({}).", when.shown())
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
