//! Saved conversations by the words that stand in them.
//!
//! They have no index: each search reads those that may answer, page by page, and ranks them by BM25 over the same tokens
//! that memories are found by. That is exact and always up to date, and takes time that grows with what is saved; an index
//! of texts that are searched now and then would cost every import and every deletion.

use std::cmp::Ordering;

use omp_model::api::{ConversationHits, Degraded, FoundConversation, FoundMessage};
use omp_model::{
    Conversation, ConversationQuery, ConversationSearch, Error, Message, Principal, Result, Scope, SearchMode,
};
use omp_search::{Keywords, analyze, keywords};
use tokio::runtime::Handle;

use crate::Service;
use crate::access::require;
use crate::failure::shown;

/// Conversations that are read at once.
const PAGE: u32 = 16;
/// Turns of a conversation that are told.
const TOLD: usize = 3;
/// Characters of a turn that are told, about.
const SNIPPET: usize = 200;
/// The usual parameters of BM25.
const K1: f32 = 1.2;
const B: f32 = 0.75;

/// A conversation in which words stand.
struct Match {
    found: FoundConversation,
    /// How often each word stands in it.
    counts: Vec<u32>,
    /// How many words it has.
    length: u32,
}

/// What the ranking needs of all conversations that may answer.
#[derive(Default)]
struct Collection {
    matches: Vec<Match>,
    conversations: u32,
    words: u64,
}

impl Service {
    /// One page of the conversations that hold words of the question, best first.
    pub async fn search_conversations(
        &self,
        principal: Principal,
        search: &ConversationSearch,
    ) -> Result<ConversationHits> {
        require(&principal, Scope::Read)?;
        let asked = search.mode.filter(|mode| *mode != SearchMode::Keyword);
        let degraded = asked.map(|mode| Degraded {
            requested: mode.as_str().to_owned(),
            reason: "conversations have no vectors, so the search went by words".to_owned(),
        });
        let (service, page, words) = (self.clone(), search.page.clone(), keywords(search.q.as_str()));
        let handle = Handle::current();
        // It reads and analyses for as long as there is something, on a thread of its own.
        let task = tokio::task::spawn_blocking(move || {
            let mut collection = Collection::default();
            let mut after = None;
            loop {
                let read = service.store.export_conversations(&principal, after, PAGE);
                let read = handle.block_on(read).map_err(shown)?;
                let Some(last) = read.last() else { break };
                after = Some(last.id);
                read.iter().filter(|one| admits(&page, one)).for_each(|one| collection.look(one, &words));
            }
            Ok::<_, Error>(collection.ranked(&page))
        });
        let (conversations, scores, total) = task.await.map_err(|_| Error::internal())??;
        Ok(ConversationHits { conversations, total, mode_used: SearchMode::Keyword, scores, degraded })
    }
}

fn admits(query: &ConversationQuery, conversation: &Conversation) -> bool {
    query.model.as_ref().is_none_or(|model| conversation.model == *model)
        && query.exclude_model.as_ref().is_none_or(|model| conversation.model != *model)
        && query.since.is_none_or(|since| conversation.created_at >= since)
}

impl Collection {
    fn look(&mut self, conversation: &Conversation, words: &Keywords) {
        let mut counts = vec![0; words.len()];
        let mut length = count(conversation.topic.as_str(), words, &mut counts);
        let mut turns = Vec::new();
        for (at, message) in conversation.messages.iter().enumerate() {
            let mut here = vec![0; words.len()];
            length += count(message.content.as_str(), words, &mut here);
            let distinct = here.iter().filter(|times| **times > 0).count();
            if distinct > 0 {
                turns.push((distinct, here.iter().sum::<u32>(), at));
            }
            counts.iter_mut().zip(here).for_each(|(all, here)| *all += here);
        }
        self.conversations += 1;
        self.words += u64::from(length);
        if counts.iter().all(|times| *times == 0) {
            return;
        }
        turns.sort_by(|a, b| (b.0, b.1).cmp(&(a.0, a.1)).then(a.2.cmp(&b.2)));
        turns.truncate(TOLD);
        turns.sort_by_key(|turn| turn.2);
        let matches = turns.iter().map(|(.., at)| told(*at, &conversation.messages[*at], words)).collect();
        let Conversation { id, model, topic, message_count, created_at, updated_at, .. } = conversation;
        let found = FoundConversation {
            id: *id,
            model: model.clone(),
            topic: topic.clone(),
            message_count: *message_count,
            created_at: *created_at,
            updated_at: *updated_at,
            matches,
        };
        self.matches.push(Match { found, counts, length });
    }

    /// The page, its scores, and how many match at all.
    #[expect(clippy::cast_precision_loss, reason = "a score, not a sum")]
    fn ranked(self, page: &ConversationQuery) -> (Vec<FoundConversation>, Vec<f32>, u64) {
        let all = self.conversations as f32;
        let mean = (self.words as f32 / all.max(1.0)).max(1.0);
        let terms = self.matches.first().map_or(0, |first| first.counts.len());
        let weight = |term: usize| {
            let with = self.matches.iter().filter(|one| one.counts[term] > 0).count() as f32;
            (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
        };
        let weights: Vec<f32> = (0..terms).map(weight).collect();
        let score = |one: &Match| -> f32 {
            let long = K1 * (1.0 - B + B * one.length as f32 / mean);
            let of = |(times, weight): (&u32, &f32)| {
                weight * (*times as f32 * (K1 + 1.0)) / (*times as f32 + long)
            };
            one.counts.iter().zip(&weights).map(of).sum()
        };
        let total = self.matches.len() as u64;
        let mut ranked: Vec<(f32, FoundConversation)> = self
            .matches
            .iter()
            .map(score)
            .collect::<Vec<_>>()
            .into_iter()
            .zip(self.matches.into_iter().map(|one| one.found))
            .collect();
        // Of equals the newer one first; ids make the order of pages certain.
        ranked.sort_by(|(a, one), (b, other)| {
            let newer = (other.created_at, other.id).cmp(&(one.created_at, one.id));
            b.partial_cmp(a).unwrap_or(Ordering::Equal).then(newer)
        });
        let offset = usize::try_from(page.offset).unwrap_or(usize::MAX);
        let (scores, found) = ranked.into_iter().skip(offset).take(page.limit as usize).unzip();
        (found, scores, total)
    }
}

/// Counts the words of a question in a text, and all words of it.
fn count(text: &str, words: &Keywords, counts: &mut [u32]) -> u32 {
    let mut length = 0;
    analyze(text, &mut |token| {
        length += 1;
        for (word, times) in words.terms().iter().zip(counts.iter_mut()) {
            let same = if word.prefix { token.starts_with(&word.token) } else { token == word.token };
            *times += u32::from(same);
        }
    });
    length
}

fn told(at: usize, message: &Message, words: &Keywords) -> FoundMessage {
    let origin = message.origin.as_deref();
    FoundMessage {
        message: at,
        role: message.role,
        id: origin.and_then(|origin| origin.id.clone()),
        created_at: origin.and_then(|origin| origin.created_at),
        snippet: snippet(message.content.as_str(), words),
    }
}

/// The part of a text in which most words of a question stand, in one line.
fn snippet(text: &str, words: &Keywords) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = line.as_str();
    while let Some((end, _)) = rest.char_indices().nth(SNIPPET) {
        let cut = rest[..end].rfind(' ').filter(|at| *at > 0).unwrap_or(end);
        parts.push(&rest[..cut]);
        rest = rest[cut..].trim_start();
    }
    parts.push(rest);
    let worth = |part: &str| {
        let mut counts = vec![0; words.len()];
        count(part, words, &mut counts);
        counts.iter().filter(|times| **times > 0).count()
    };
    let worths: Vec<usize> = parts.iter().map(|part| worth(part)).collect();
    let most = worths.iter().copied().max().unwrap_or_default();
    let best = worths.iter().position(|worth| *worth == most).unwrap_or_default();
    let (before, after) = (best > 0, best + 1 < parts.len());
    format!("{}{}{}", if before { "… " } else { "" }, parts[best], if after { " …" } else { "" })
}

#[cfg(test)]
mod tests {
    use omp_model::{Content, ConversationId, Fields, ModelName, NewConversation, Role, Timestamp, Topic};

    use super::*;

    fn conversation(number: i64, model: &str, turns: &[&str]) -> Conversation {
        let message =
            |text: &&str| Message { role: Role::User, content: Content::new(*text).unwrap(), origin: None };
        let new = NewConversation {
            model: ModelName::new(model).unwrap(),
            topic: Topic::new("").unwrap(),
            messages: turns.iter().map(message).collect(),
            source_url: None,
        };
        let id = ConversationId::parse(&format!("conv_{number:016}")).unwrap();
        new.into_conversation(id, Timestamp::from_millis(number))
    }

    fn search(all: &[Conversation], q: &str, page: &ConversationQuery) -> (Vec<FoundConversation>, u64) {
        let words = keywords(q);
        let mut collection = Collection::default();
        all.iter().filter(|one| admits(page, one)).for_each(|one| collection.look(one, &words));
        let (found, scores, total) = collection.ranked(page);
        assert!(scores.is_sorted_by(|a, b| a >= b) && scores.len() == found.len());
        (found, total)
    }

    #[test]
    fn the_conversation_that_says_most_of_it_comes_first_with_the_turns_that_say_it() {
        let all = [
            conversation(
                1,
                "claude",
                &["Let us bake bread.", "Rye or wheat?", "Rye bread, with a sourdough starter."],
            ),
            conversation(2, "chatgpt", &["How warm should bread dough be?"]),
            conversation(3, "claude", &["A poem about the sea"]),
        ];
        let page = ConversationQuery::default();
        let (found, total) = search(&all, "rye bread", &page);
        assert_eq!((found.len(), total), (2, 2));
        assert_eq!(found[0].id, all[0].id);
        let told: Vec<usize> = found[0].matches.iter().map(|one| one.message).collect();
        assert_eq!(told, [0, 1, 2]);
        let (found, total) =
            search(&all, "bread", &ConversationQuery { limit: 1, offset: 1, ..page.clone() });
        assert_eq!((found.len(), total), (1, 2));
        let only = ConversationQuery { model: Some(ModelName::new("chatgpt").unwrap()), ..page };
        assert_eq!(search(&all, "rye bread", &only).0[0].id, all[1].id);
        assert_eq!(search(&all, "quokka", &only).1, 0);
    }

    #[test]
    fn the_part_of_a_long_turn_is_told_where_the_words_stand() {
        let text = format!("{}The sourdough starter sleeps.{}", "word ".repeat(100), " more".repeat(100));
        let told = snippet(&text, &keywords("sourdough"));
        assert!(
            told.contains("sourdough starter") && told.starts_with("… ") && told.ends_with(" …"),
            "{told}"
        );
        assert!(told.chars().count() < SNIPPET + 10);
    }

    #[test]
    fn a_question_of_a_search_is_needed() {
        let mut fields = Fields::from_pairs(vec![("limit".into(), "5".into())]);
        let read = ConversationSearch::read(&mut fields);
        assert_eq!(fields.finish(read).unwrap_err().details.keys().collect::<Vec<_>>(), ["q"]);
    }
}
