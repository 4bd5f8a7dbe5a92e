//! Finding saved conversations: by the words of their turns, and by vectors of their passages.
//!
//! A conversation has an entry for each turn and one for its topic. How good a match is follows from how many entries
//! hold a word, which the index tells in powers of two; what ranks conversations is the business of whoever asks.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use omp_model::{Conversation, ConversationQuery, OwnerId, Principal};
use omp_search::{Analyzer, Keywords};

use crate::{Result, Slot};

/// What holds words of a question.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WordHits {
    /// How many of the owner's conversations that the principal may see are in the index, and how many entries these
    /// have: what hits are measured by.
    pub conversations: u64,
    /// The entries of those conversations, all together.
    pub entries: u64,
    /// How many of the owner's conversations are not in the index yet.
    pub waiting: u64,
    /// The conversations that hold any of the words, in no particular order.
    pub hits: Vec<WordHit>,
}

/// A conversation that holds words of a question.
#[derive(Debug, Clone, PartialEq)]
pub struct WordHit {
    /// Its row number: larger is stored later.
    pub pk: i64,
    /// How many entries it has.
    pub entries: u32,
    /// In how many of them each word of the question stands, rounded down to a power of two and to 32 at most; a
    /// [prefix](omp_search::Keyword::prefix) counts once.
    pub counts: Vec<u32>,
}

/// A conversation that is shown.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTurns {
    /// Its row number.
    pub pk: i64,
    /// Itself.
    pub conversation: Conversation,
    /// Its turns (by place) that hold words of the question, and how many different ones each.
    pub turns: Vec<(usize, u32)>,
}

/// A conversation that waits for the vectors of its passages.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingConversation {
    /// Its row number.
    pub pk: i64,
    /// Itself.
    pub conversation: Conversation,
}

/// The vectors of a conversation's passages.
#[derive(Clone, Default, PartialEq)]
pub struct Passages {
    /// The conversation's row number.
    pub pk: i64,
    /// The turn that each passage begins with.
    pub turns: Vec<u16>,
    /// The vectors, one after the other, each as long as the space's dimensions; empty when there is nothing to embed.
    pub vectors: Vec<f32>,
}

impl std::fmt::Debug for Passages {
    /// Without the values, from which the text could be guessed.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passages")
            .field("pk", &self.pk)
            .field("count", &self.turns.len())
            .finish_non_exhaustive()
    }
}

/// Finding conversations. Words are written with the conversation, in its transaction; only those of [large
/// imports](crate::Indexing::Later), those that were saved before there was an index or in another database, and those
/// that were handed over, wait. Vectors are made afterwards.
#[async_trait]
pub trait ConversationIndex: Send + Sync {
    /// The conversations that hold any of the words and that the query and the
    /// principal's limits admit. Its page is not looked at.
    async fn conversation_hits(
        &self,
        by: &Principal,
        keywords: &Keywords,
        query: &ConversationQuery,
    ) -> Result<WordHits>;

    /// Those of these row numbers that the query and the principal's limits admit, in their order.
    async fn admitted_conversations(
        &self,
        by: &Principal,
        query: &ConversationQuery,
        pks: &[i64],
    ) -> Result<Vec<i64>>;

    /// These conversations, in their order, without those that are gone or not to be seen,
    /// each with the turns that hold any of the words.
    async fn found_conversations(
        &self,
        by: &Principal,
        keywords: &Keywords,
        pks: &[i64],
    ) -> Result<Vec<FoundTurns>>;

    /// Puts up to `limit` conversations that wait for it into the word index; `false` when none waits
    /// any more. Owners take turns, and of each owner the one stored last comes first. One that
    /// cannot be read goes on waiting, in nobody's way.
    async fn index_conversations(&self, limit: u32) -> Result<bool>;

    /// How many conversations wait for their vectors in this space, without those that could not be read.
    async fn count_conversation_backlog(&self, slot: Slot) -> Result<u64>;

    /// Conversations that wait for their vectors: owners take turns, and of each owner the one stored
    /// last comes first. One that cannot be read goes on waiting, in nobody's way. Where several servers
    /// share a store, each gets others, as memories do.
    async fn conversation_backlog(&self, slot: Slot, limit: u32) -> Result<Vec<PendingConversation>>;

    /// Stores the vectors of conversations that are still there and wait for them.
    async fn put_passages(&self, slot: Slot, passages: Vec<Passages>) -> Result<()>;

    /// Up to `limit` conversations of an owner whose vectors came after the change `seq`, in the order of these
    /// changes, each with its number.
    async fn passages_since(
        &self,
        owner: OwnerId,
        slot: Slot,
        seq: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Passages)>>;

    /// The vectors of these conversations, without those that have none.
    async fn passages(&self, owner: OwnerId, slot: Slot, pks: &[i64]) -> Result<Vec<Passages>>;
}

/// The backlog of the word index; 0 and 1 are those of the vector spaces.
pub(crate) const WORDS: u8 = 2;

/// The words of a conversation's entries: of its topic, then of each turn, each word once.
pub(crate) fn entries(conversation: &Conversation, analyzer: &mut Analyzer) -> Vec<String> {
    let texts = conversation.messages.iter().map(|message| message.content.as_str());
    let mut stream = String::new();
    std::iter::once(conversation.topic.as_str())
        .chain(texts)
        .map(|text| {
            stream.clear();
            analyzer.token_stream(text, &mut stream);
            let words: BTreeSet<&str> = stream.split(' ').filter(|word| !word.is_empty()).collect();
            words.into_iter().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// The numbers of entries that are told apart.
pub(crate) const COUNTS: [u32; 6] = [1, 2, 4, 8, 16, 32];

/// The largest of [`COUNTS`] that is not more.
pub(crate) fn rounded(count: u32) -> u32 {
    COUNTS.into_iter().rfind(|step| *step <= count).unwrap_or_default()
}

/// The words of all entries, each once, with the number of entries that hold it.
pub(crate) fn counted(entries: &[String]) -> BTreeMap<&str, u32> {
    let mut counted = BTreeMap::new();
    for word in entries.iter().flat_map(|words| words.split(' ')).filter(|word| !word.is_empty()) {
        *counted.entry(word).or_default() += 1;
    }
    counted
}

/// The turns that hold words of a question, and how many different ones each.
pub(crate) fn turns_with(conversation: &Conversation, keywords: &Keywords) -> Vec<(usize, u32)> {
    let mut analyzer = Analyzer::new();
    let mut held = vec![false; keywords.len()];
    let mut turns = Vec::new();
    for (turn, message) in conversation.messages.iter().enumerate() {
        held.fill(false);
        analyzer.analyze(message.content.as_str(), &mut |token| {
            for (keyword, held) in keywords.terms().iter().zip(&mut held) {
                *held |= keyword.matches(token);
            }
        });
        let count = held.iter().map(|held| u32::from(*held)).sum();
        if count > 0 {
            turns.push((turn, count));
        }
    }
    turns
}

/// The turns of entries that hold words: the topic is none.
pub(crate) fn turns(entries: impl IntoIterator<Item = (u32, u32)>) -> Vec<(usize, u32)> {
    let turn = |(entry, words): (u32, u32)| Some((entry.checked_sub(1)? as usize, words));
    entries.into_iter().filter_map(turn).collect()
}

/// The turns of passages as they are stored.
pub(crate) fn turn_bytes(turns: &[u16]) -> Vec<u8> {
    turns.iter().flat_map(|turn| turn.to_le_bytes()).collect()
}

/// Reads [`turn_bytes`].
pub(crate) fn read_turns(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks().0.iter().map(|chunk| u16::from_le_bytes(*chunk)).collect()
}
