//! The same order for candidates that somebody else brought up: a store
//! that searches by itself while there is no index.
//!
//! What a session's neighbours lend needs the index, so here nobody lends; the rest
//! is the [ranking](super::Ranking) of an index.

use super::ranking::{Asked, DAY, Found, best, ranked};
use super::{Mode, Ranked, exact_cosine};
use crate::fusion::{self, Evidence, Sides};

/// A candidate, with what is true of it.
#[derive(Clone, Copy)]
pub struct External<'a> {
    /// The memory.
    pub key: i64,
    /// BM25 of the words of the question, by any measure that is the same for all candidates.
    pub keyword: f32,
    /// A bit for each term of the question that it holds, by place.
    pub matched: u64,
    /// The windows of its vector, one after the other; none if it has no vector.
    pub windows: &'a [f32],
    /// When it was stored, in milliseconds.
    pub created_at: i64,
}

/// The question that they were brought up for.
#[derive(Clone, Copy)]
pub struct Asking<'a> {
    /// By what memories are found.
    pub mode: Mode,
    /// Its vector.
    pub vector: &'a [f32],
    /// How well the model knows its words: 1 well, 0 not at all.
    pub fit: f32,
    /// How many terms it has.
    pub terms: usize,
    /// The present, in milliseconds.
    pub now: i64,
    /// How many answers at most.
    pub limit: usize,
}

/// The best of the candidates, best first, with the weight that likeness had. Their likeness is exact.
pub fn order(asking: &Asking<'_>, given: &[External<'_>]) -> (Vec<Ranked>, f32) {
    let found: Vec<Found> = given
        .iter()
        .map(|one| Found {
            document: 0,
            key: one.key,
            matched: one.matched,
            cosine: exact_cosine(asking.vector, one.windows),
            wanted: true,
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "an age")]
    let mut evidence: Vec<Evidence> = given
        .iter()
        .zip(&found)
        .map(|(one, found)| Evidence {
            keyword: one.keyword,
            cosine: found.cosine,
            age: (asking.now - one.created_at) as f32 / DAY,
            ..Evidence::default()
        })
        .collect();
    let sides = sides(asking, &evidence);
    let alone = |evidence: &[Evidence]| match asking.mode {
        Mode::Keyword => evidence.iter().map(|one| one.keyword).collect(),
        Mode::Semantic => sides.by_likeness(evidence),
        Mode::Hybrid => sides.alone(evidence),
    };
    if asking.mode == Mode::Hybrid {
        let first = best(&found, &evidence, &alone(&evidence));
        let first = first.map(|place| given[place].windows).unwrap_or_default();
        hear(first.get(..asking.vector.len()).unwrap_or_default(), given, &mut evidence);
    }
    let scores: Vec<f32> = alone(&evidence);
    let asked = Asked { mode: asking.mode, terms: asking.terms, limit: asking.limit };
    let weight = match asking.mode {
        Mode::Keyword => 0.0,
        Mode::Semantic => 1.0,
        Mode::Hybrid => sides.weight(),
    };
    (ranked(&found, &evidence, &scores, &asked), weight)
}

/// Lets the vector of the best candidate speak beside the question's.
fn hear(voice: &[f32], given: &[External<'_>], evidence: &mut [Evidence]) {
    if voice.is_empty() {
        return;
    }
    for (one, evidence) in given.iter().zip(evidence) {
        if let Some(cosine) = evidence.cosine {
            let toward = exact_cosine(voice, &one.windows[..voice.len()]).unwrap_or_default();
            evidence.cosine = Some(fusion::with_echo(cosine, toward));
        }
    }
}

fn sides(asking: &Asking<'_>, evidence: &[Evidence]) -> Sides {
    let mut by_words: Vec<f32> =
        evidence.iter().map(|one| one.keyword).filter(|score| *score > 0.0).collect();
    by_words.sort_unstable_by(|a, b| b.total_cmp(a));
    Sides {
        best: by_words.first().copied().unwrap_or_default(),
        tenth: by_words.get(9).copied().unwrap_or_default(),
        vectors: evidence.iter().filter(|one| one.cosine.is_some()).count(),
        fit: asking.fit,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{Memory, put};
    use super::super::{Filter, Request, Shard};
    use super::*;
    use crate::keywords;

    const VECTORS: [[f32; 2]; 5] = [[1.0, 0.1], [0.9, 0.5], [0.2, 1.0], [-1.0, 0.2], [0.6, 0.7]];
    const TEXTS: [&str; 5] =
        ["green tea", "black coffee in the morning", "the tea house is closed", "tea", "a long walk"];

    /// What an index finds, and what is found when the same memories are brought up from outside.
    fn both(question: &str, mode: Mode) -> (Vec<Ranked>, Vec<Ranked>) {
        let mut shard = Shard::new(2);
        for (key, text) in (1..).zip(TEXTS) {
            // So far from each other that none stands beside another.
            put(&mut shard, key, &Memory { observed_at: key * 1_000_000_000, ..Memory::new(text) });
        }
        for (key, vector) in (1..).zip(&VECTORS) {
            assert!(shard.put_vectors(key, &[vector]).unwrap());
        }
        let (keywords, filter, vector) = (keywords(question), Filter::at(0), [1.0, 0.0]);
        let request = Request {
            keywords: &keywords,
            vector: Some(&vector),
            fit: 1.0,
            filter: &filter,
            mode,
            limit: 10,
        };
        let indexed = shard.ranking(&request).unwrap().hits;
        let words = Request { mode: Mode::Keyword, ..request };
        let words = shard.ranking(&words).unwrap().hits;
        let given: Vec<External<'_>> = (1..)
            .zip(&VECTORS)
            .map(|(key, windows)| {
                let by_words = words.iter().find(|hit| hit.key == key);
                External {
                    key,
                    keyword: by_words.map_or(0.0, |hit| hit.keyword),
                    matched: by_words.map_or(0, |hit| hit.matched),
                    windows,
                    created_at: 0,
                }
            })
            .collect();
        let asking = Asking { mode, vector: &vector, fit: 1.0, terms: keywords.len(), now: 0, limit: 10 };
        (indexed, order(&asking, &given).0)
    }

    #[test]
    fn candidates_from_outside_are_put_in_the_order_of_an_index() {
        for mode in [Mode::Semantic, Mode::Hybrid] {
            for question in ["green tea", "where is the tea house now", "coffee"] {
                let (indexed, given) = both(question, mode);
                let keys = |hits: &[Ranked]| hits.iter().map(|hit| hit.key).collect::<Vec<_>>();
                assert_eq!(keys(&indexed), keys(&given), "{mode:?} {question}");
                for (a, b) in indexed.iter().zip(&given) {
                    // The index knows vectors to two digits.
                    assert!((a.score - b.score).abs() < 0.1, "{mode:?} {question}: {a:?} {b:?}");
                }
            }
        }
    }

    #[test]
    fn without_candidates_there_is_no_answer() {
        let asking =
            Asking { mode: Mode::Hybrid, vector: &[1.0, 0.0], fit: 1.0, terms: 1, now: 0, limit: 10 };
        assert_eq!(order(&asking, &[]).0, []);
    }

    #[test]
    fn a_candidate_without_a_vector_is_found_by_its_words_alone() {
        let asking =
            Asking { mode: Mode::Semantic, vector: &[1.0, 0.0], fit: 1.0, terms: 1, now: 0, limit: 10 };
        let plain = External { key: 1, keyword: 2.0, matched: 1, windows: &[], created_at: 0 };
        assert_eq!(order(&asking, &[plain]).0, []);
        let (found, _) = order(&Asking { mode: Mode::Hybrid, ..asking }, &[plain]);
        assert_eq!((found[0].key, found[0].cosine), (1, None));
    }
}
