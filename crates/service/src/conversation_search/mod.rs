//! Finding saved conversations: by the words of their turns, by meaning, by both.
//!
//! The store's index tells which conversations hold a word and in about how many turns, and an index in memory which
//! ones have passages that are like the question. Only the conversations of the page are read. What a search by words
//! costs grows with the conversations that hold the words.

mod index;
mod meaning;
mod passages;
mod rank;
mod snippet;

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use omp_embed::QueryVector;
use omp_model::api::{ConversationHits, Degraded, FoundConversation, FoundMessage};
use omp_model::{Conversation, ConversationSearch, Principal, Result, Scope, SearchMode};
use omp_search::{Keywords, keywords};
use omp_store::{FoundTurns, VectorSpace};

pub(crate) use self::meaning::Meanings;
use self::snippet::snippet;
use crate::Service;
use crate::access::require;
use crate::failure::shown;

/// Turns of a conversation that are told.
const TOLD: usize = 3;

/// How a search goes, and why not otherwise.
struct Course {
    mode: SearchMode,
    question: Option<Arc<[f32]>>,
    space: Option<VectorSpace>,
    reasons: Vec<String>,
}

impl Service {
    /// One page of the conversations that hold words of the question or are about it, best first.
    pub async fn search_conversations(
        &self,
        principal: Principal,
        search: &ConversationSearch,
    ) -> Result<ConversationHits> {
        require(&principal, Scope::Read)?;
        let best = if self.embeddings.are_on() { SearchMode::Hybrid } else { SearchMode::Keyword };
        let requested = search.mode.unwrap_or(best);
        let words = keywords(search.q.as_str());
        let (ranked, course) = self.ranked(&principal, search, requested, &words).await?;
        let offset = usize::try_from(search.page.offset).unwrap_or(usize::MAX);
        let page: Vec<(f32, i64)> =
            ranked.iter().skip(offset).take(search.page.limit as usize).copied().collect();
        let pks: Vec<i64> = page.iter().map(|(_, pk)| *pk).collect();
        let found = self.store.found_conversations(&principal, &words, &pks).await.map_err(shown)?;
        let near = self.near_turns(&principal, &course, &pks).await?;
        let (mut conversations, mut scores, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (score, pk) in page {
            if let Some(found) = found.iter().find(|found| found.pk == pk) {
                conversations.push(shown_as_found(found, near.get(&pk).map_or(&[], Vec::as_slice), &words));
                scores.push(score);
            } else {
                // It has gone since the index was asked.
                gone.push(pk);
            }
        }
        self.meanings.remove(principal.owner, gone).await;
        let (total, reason) = (ranked.len() as u64, course.reasons.join("; "));
        let degraded =
            (!reason.is_empty()).then(|| Degraded { requested: requested.as_str().to_owned(), reason });
        Ok(ConversationHits { conversations, total, mode_used: course.mode, scores, degraded })
    }

    /// All that match, best first, and how they were found.
    async fn ranked(
        &self,
        by: &Principal,
        search: &ConversationSearch,
        requested: SearchMode,
        words: &Keywords,
    ) -> Result<(Vec<(f32, i64)>, Course)> {
        let mut course = Course { mode: requested, question: None, space: None, reasons: Vec::new() };
        let mut likeness = None;
        if requested != SearchMode::Keyword {
            let position = self.store.index_position(by.owner).await.map_err(shown)?;
            let asked = match self.embeddings.query(search.q.as_str(), position.space.as_ref()).await {
                Ok(QueryVector { vector: Some(vector), fit, .. }) => {
                    let like = self.likeness(by, &vector, &position, &search.page).await?;
                    like.map(|like| (like, vector, fit))
                }
                Ok(_) => Err("there is nothing in the question to embed".to_owned()),
                Err(reason) => Err(reason),
            };
            match asked {
                Ok((like, vector, fit)) => {
                    likeness = Some((like, fit));
                    (course.question, course.space) = (Some(vector), position.space);
                }
                Err(reason) => {
                    course.mode = SearchMode::Keyword;
                    course.reasons.push(format!("{reason}, so the search went by words"));
                }
            }
        }
        if let (SearchMode::Semantic, Some((like, _))) = (course.mode, &likeness) {
            let near = like.nearest.iter().map(|pk| (like.all[pk], *pk)).collect();
            return Ok((near, course));
        }
        let hits = self.store.conversation_hits(by, words, &search.page).await.map_err(shown)?;
        if hits.waiting > 0 && by.sees_conversation_of(by.tool()) {
            course.reasons.push(waiting(hits.waiting, by.sees_everything()));
        }
        let by_words = rank::by_words(&hits);
        let ranked = match likeness {
            Some((like, fit)) => rank::by_both(&by_words, &like, fit),
            None => by_words,
        };
        Ok((ranked, course))
    }

    /// The turns of the passages that are like the question, the most like first.
    async fn near_turns(
        &self,
        by: &Principal,
        course: &Course,
        pks: &[i64],
    ) -> Result<HashMap<i64, Vec<Range<usize>>>> {
        let (Some(question), Some(space)) = (&course.question, &course.space) else {
            return Ok(HashMap::new());
        };
        let read = self.store.passages(by.owner, space.slot, pks).await.map_err(shown)?;
        Ok(read.into_iter().map(|passages| (passages.pk, meaning::near(question, &passages))).collect())
    }
}

/// Why not everything that was saved could be found. A key that does not see everything hears no number.
fn waiting(count: u64, sees_everything: bool) -> String {
    let which = match count {
        _ if !sees_everything => "some conversations may not be".to_owned(),
        1 => "1 conversation is not".to_owned(),
        _ => format!("{count} conversations are not"),
    };
    format!("{which} in the index of words yet")
}

fn shown_as_found(found: &FoundTurns, near: &[Range<usize>], words: &Keywords) -> FoundConversation {
    let Conversation { id, model, topic, message_count, created_at, updated_at, .. } = &found.conversation;
    FoundConversation {
        id: *id,
        model: model.clone(),
        topic: topic.clone(),
        message_count: *message_count,
        created_at: *created_at,
        updated_at: *updated_at,
        matches: told(found, near, words),
    }
}

/// The turns with most words of the question, then the beginnings of passages that are
/// like it and hold none of these, in their order.
fn told(found: &FoundTurns, near: &[Range<usize>], words: &Keywords) -> Vec<FoundMessage> {
    let mut by_words = found.turns.clone();
    by_words.sort_by_key(|(turn, words)| (Reverse(*words), *turn));
    let mut turns: Vec<usize> = by_words.iter().map(|(turn, _)| *turn).take(TOLD).collect();
    for passage in near {
        if turns.len() < TOLD && !turns.iter().any(|turn| passage.contains(turn)) {
            turns.push(passage.start);
        }
    }
    turns.sort_unstable();
    turns.iter().filter_map(|turn| told_turn(&found.conversation, *turn, words)).collect()
}

fn told_turn(conversation: &Conversation, turn: usize, words: &Keywords) -> Option<FoundMessage> {
    let message = conversation.messages.get(turn)?;
    let origin = message.origin.as_deref();
    Some(FoundMessage {
        message: turn,
        role: message.role,
        id: origin.and_then(|origin| origin.id.clone()),
        created_at: origin.and_then(|origin| origin.created_at),
        snippet: snippet(message.content.as_str(), words),
    })
}

#[cfg(test)]
mod tests {
    use omp_model::Fields;

    use super::*;

    #[test]
    fn what_waits_for_its_words_is_told_and_counted_only_for_whoever_sees_everything() {
        let told = [(1, true), (20, true), (20, false)].map(|(count, everything)| waiting(count, everything));
        assert_eq!(
            told,
            [
                "1 conversation is not in the index of words yet",
                "20 conversations are not in the index of words yet",
                "some conversations may not be in the index of words yet",
            ]
        );
    }

    #[test]
    fn a_question_of_a_search_is_needed() {
        let mut fields = Fields::from_pairs(vec![("limit".into(), "5".into())]);
        let read = ConversationSearch::read(&mut fields);
        assert_eq!(fields.finish(read).unwrap_err().details.keys().collect::<Vec<_>>(), ["q"]);
    }
}
