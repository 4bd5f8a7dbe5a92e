//! The order of conversations by words: BM25, where a conversation's turns are its words.
//!
//! In how many turns a word stands says more of a conversation than how often: one turn that repeats it is still one.
//! Rarity and length are those of the owner's conversations alone.

use std::collections::HashSet;

use omp_search::fused;
use omp_search::shard::ALIKE;
use omp_store::WordHits;

use super::meaning::Likeness;

/// The usual parameters of BM25.
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// The one of this place among the most alike is only so-so; where there are fewer, what is barely found.
const SO_SO: usize = 40;

/// Scores and row numbers, best first; of equals the one that was stored later.
#[expect(clippy::cast_precision_loss, reason = "a score, not a sum")]
pub(super) fn by_words(hits: &WordHits) -> Vec<(f32, i64)> {
    let all = (hits.conversations as f32).max(hits.hits.len() as f32).max(1.0);
    let mean = (hits.entries as f32 / all).max(1.0);
    let terms = hits.hits.first().map_or(0, |hit| hit.counts.len());
    let weight = |term: usize| {
        let with = hits.hits.iter().filter(|hit| hit.counts[term] > 0).count() as f32;
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    };
    let weights: Vec<f32> = (0..terms).map(weight).collect();
    let mut ranked: Vec<(f32, i64)> = hits
        .hits
        .iter()
        .map(|hit| {
            let long = K1 * (1.0 - B + B * hit.entries as f32 / mean);
            let of = |(turns, weight): (&u32, &f32)| {
                weight * (*turns as f32 * (K1 + 1.0)) / (*turns as f32 + long)
            };
            (hit.counts.iter().zip(&weights).map(of).sum(), hit.pk)
        })
        .collect();
    sort(&mut ranked);
    ranked
}

/// The same by words and likeness together. Likeness counts from that of what is only so-so among those that may
/// answer: what is hidden does not show in the scores. Of equal scores the more alike comes first.
pub(super) fn by_both(by_words: &[(f32, i64)], like: &Likeness, fit: f32) -> Vec<(f32, i64)> {
    let mut candidates: Vec<(f32, i64)> = by_words.to_vec();
    let with_words: HashSet<i64> = by_words.iter().map(|(_, pk)| *pk).collect();
    candidates.extend(like.nearest.iter().filter(|pk| !with_words.contains(pk)).map(|pk| (0.0, *pk)));
    let evidence: Vec<(f32, Option<f32>)> =
        candidates.iter().map(|(words, pk)| (*words, like.all.get(pk).copied())).collect();
    let so_so = like.nearest.get(SO_SO - 1).and_then(|pk| like.all.get(pk));
    let scores = fused(&evidence, so_so.copied().unwrap_or(ALIKE), fit);
    let mut ranked: Vec<(f32, i64)> =
        scores.into_iter().zip(candidates).map(|(score, (_, pk))| (score, pk)).collect();
    let alike = |pk: &i64| like.all.get(pk).copied().unwrap_or(-1.0);
    ranked.sort_by(|(a, one), (b, other)| {
        b.total_cmp(a).then(alike(other).total_cmp(&alike(one))).then(other.cmp(one))
    });
    ranked
}

/// Best first; of equals the one that was stored later.
pub(super) fn sort(ranked: &mut [(f32, i64)]) {
    ranked.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(other.cmp(one)));
}

#[cfg(test)]
mod tests {
    use omp_store::WordHit;

    use super::*;

    fn hits(hits: &[(i64, u32, &[u32])]) -> WordHits {
        let hit =
            |&(pk, entries, counts): &(i64, u32, &[u32])| WordHit { pk, entries, counts: counts.to_vec() };
        WordHits { conversations: 100, entries: 1_000, waiting: 0, hits: hits.iter().map(hit).collect() }
    }

    fn order(of: &[(i64, u32, &[u32])]) -> Vec<i64> {
        by_words(&hits(of)).into_iter().map(|(_, pk)| pk).collect()
    }

    #[test]
    fn rarer_words_more_turns_and_shorter_conversations_come_first() {
        // The first word stands in three conversations, the second in one.
        assert_eq!(order(&[(1, 10, &[3, 0]), (2, 10, &[1, 0]), (3, 10, &[1, 1])]), [3, 1, 2]);
        assert_eq!(order(&[(1, 40, &[2]), (2, 10, &[2])]), [2, 1]);
        assert_eq!(order(&[(1, 10, &[2]), (2, 10, &[2])]), [2, 1], "of equals the one stored later");
    }

    #[test]
    fn what_says_it_in_other_words_comes_before_what_shares_a_common_one() {
        let words = hits(&[(1, 10, &[3, 1]), (2, 10, &[1, 0]), (3, 10, &[1, 0])]);
        let all = [(1, 0.5), (2, 0.02), (3, 0.04), (4, 0.6), (5, 0.1)].into();
        let like = Likeness { all, nearest: vec![4, 1] };
        let order: Vec<i64> = by_both(&by_words(&words), &like, 1.0).iter().map(|(_, pk)| *pk).collect();
        assert_eq!(order, [1, 4, 3, 2]);
        let foreign: Vec<i64> = by_both(&by_words(&words), &like, 0.0).iter().map(|(_, pk)| *pk).collect();
        assert_eq!(foreign, [1, 3, 2, 4], "a model that does not know the words has no say");
    }

    #[test]
    fn what_is_found_by_meaning_alone_has_a_score_however_few_there_are() {
        let found = |all: &[(i64, f32)], nearest: &[i64]| {
            let like = Likeness { all: all.iter().copied().collect(), nearest: nearest.to_vec() };
            by_both(&[], &like, 1.0)
        };
        let one = found(&[(1, 0.6)], &[1]);
        assert!(one.len() == 1 && one[0].0 > 0.0, "{one:?}");
        let two = found(&[(1, 0.6), (2, 0.3)], &[1, 2]);
        assert_eq!(two.iter().map(|(_, pk)| *pk).collect::<Vec<_>>(), [1, 2]);
        assert!(two[0].0 > two[1].0 && two[1].0 > 0.0, "{two:?}");
        assert_eq!(found(&[(1, 0.6), (2, 0.3), (3, 0.9), (4, 0.1)], &[1, 2]), two, "the hidden do not show");
        let many: Vec<(i64, f32)> = (0_i16..60).map(|n| (n.into(), 0.8 - f32::from(n) / 100.0)).collect();
        let nearest: Vec<i64> = many.iter().map(|(pk, _)| *pk).collect();
        let order: Vec<i64> = found(&many, &nearest).into_iter().map(|(_, pk)| pk).collect();
        assert_eq!(order, nearest, "also of those that are less than so-so");
    }

    #[test]
    fn a_store_of_one_conversation_has_an_order_too() {
        let one = WordHits {
            conversations: 0,
            entries: 0,
            waiting: 0,
            hits: vec![WordHit { pk: 1, entries: 2, counts: vec![1, 0] }],
        };
        assert!(by_words(&one)[0].0 > 0.0);
        assert_eq!(by_words(&WordHits::default()), []);
    }
}
