//! From two kinds of evidence to one order: how well the words of a question occur in a memory, and how alike the
//! two are in meaning.
//!
//! The score is a weighted sum. Words count relative to the best match; likeness counts from a reference
//! on, the likeness of what is only so-so, because a model finds everything a little alike. How much
//! likeness weighs follows the question: little when the model's vocabulary does not cover it (another
//! language), more when no memory stands out by its words. What the neighbours in a conversation score
//! lends a share: the answer often stands beside the words.
//!
//! The constants were chosen on conversations, their summaries and questions about articles in several languages;
//! `docs/benchmarks.md` has the figures. Most optima are flat.

/// Candidates of each side.
pub(crate) const DEPTH: usize = 100;
/// How far neighbours in a session are looked at, and of how many of the best candidates they become candidates too.
pub(crate) const REACH: usize = 3;
pub(crate) const SEEDS: usize = 20;

/// Likeness counts from that of this candidate on, or of this share of all vectors where there are few.
const REFERENCE_RANK: usize = 40;
const REFERENCE_SHARE: f32 = 0.5;
/// So much above the reference is worth as much as the best match by words.
const LIKENESS_UNIT: f32 = 0.3;
/// The weight of likeness: at least, and what is added when the tenth match by words is as good as the best.
const WEIGHT: f32 = 0.38;
const WEIGHT_WHEN_FLAT: f32 = 0.30;
/// How much the best candidate's own vector says of what was meant.
const ECHO: f32 = 0.15;
/// What a neighbour lends of its score, and what is left of that with each step further away.
const SHARE: f32 = 0.4;
const SHARE_FADES: f32 = 0.7;
/// What being new is worth, and after how many days half of it is gone.
const RECENCY: f32 = 0.01;
const RECENCY_HALF_LIFE: f32 = 90.0;

/// The candidates around one in its session, by place: one before, one after, two before, …
pub(crate) type Around = [Option<usize>; 2 * REACH];

/// What is known of a candidate.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Evidence {
    /// BM25.
    pub(crate) keyword: f32,
    /// Likeness to the question, if it has a vector.
    pub(crate) cosine: Option<f32>,
    /// Days since it was stored.
    pub(crate) age: f32,
    /// Its neighbours among the candidates.
    pub(crate) around: Around,
}

/// What holds for the whole question.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sides {
    /// BM25 of the best match and of the tenth.
    pub(crate) best: f32,
    pub(crate) tenth: f32,
    /// How many vectors could have been found.
    pub(crate) vectors: usize,
    /// How well the model knows the words of the question, 0 to 1.
    pub(crate) fit: f32,
}

impl Sides {
    /// The weight of likeness, 0 to 1; words have the rest.
    pub(crate) fn weight(&self) -> f32 {
        let flat = if self.best > 0.0 { self.tenth / self.best } else { 0.0 };
        self.fit * (WEIGHT + WEIGHT_WHEN_FLAT * flat)
    }

    /// The score of each candidate by itself.
    pub(crate) fn alone(&self, candidates: &[Evidence]) -> Vec<f32> {
        self.alone_from(self.reference(candidates), candidates)
    }

    /// The same where likeness counts from this on.
    fn alone_from(&self, reference: f32, candidates: &[Evidence]) -> Vec<f32> {
        let weight = self.weight();
        let words = |keyword: f32| if self.best > 0.0 { keyword / self.best } else { 0.0 };
        candidates
            .iter()
            .map(|e| weight * likeness(e.cosine, reference) + (1.0 - weight) * words(e.keyword))
            .collect()
    }

    /// The same by likeness only.
    pub(crate) fn by_likeness(&self, candidates: &[Evidence]) -> Vec<f32> {
        let reference = self.reference(candidates);
        candidates.iter().map(|e| likeness(e.cosine, reference)).collect()
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank of at most 40"
    )]
    fn reference(&self, candidates: &[Evidence]) -> f32 {
        let mut cosines: Vec<f32> = candidates.iter().filter_map(|e| e.cosine).collect();
        if cosines.is_empty() {
            return 0.0;
        }
        let share = (REFERENCE_SHARE * self.vectors as f32).ceil() as usize;
        let rank = REFERENCE_RANK.min(share).clamp(1, cosines.len());
        *cosines.select_nth_unstable_by(rank - 1, |a, b| b.total_cmp(a)).1
    }
}

fn likeness(cosine: Option<f32>, reference: f32) -> f32 {
    cosine.map_or(0.0, |cosine| (cosine - reference).max(0.0) / LIKENESS_UNIT)
}

/// The likeness of a candidate when the best one's vector is heard too.
pub(crate) fn with_echo(cosine: f32, toward_best: f32) -> f32 {
    cosine + ECHO * toward_best
}

/// The scores of things that were found by words, by likeness or by both. Each has its BM25 (0 where it holds no word)
/// and its likeness to the question, if it has a vector; `reference` is the likeness from which on it counts, `fit` how
/// well the model knows the words of the question, 0 to 1.
pub fn fused(found: &[(f32, Option<f32>)], reference: f32, fit: f32) -> Vec<f32> {
    let mut words: Vec<f32> = found.iter().map(|(keyword, _)| *keyword).collect();
    words.sort_unstable_by(|a, b| b.total_cmp(a));
    let at = |place: usize| words.get(place).copied().unwrap_or_default();
    let sides = Sides { best: at(0), tenth: at(9), vectors: found.len(), fit };
    let evidence: Vec<Evidence> =
        found.iter().map(|&(keyword, cosine)| Evidence { keyword, cosine, ..Evidence::default() }).collect();
    sides.alone_from(reference, &evidence)
}

/// What the neighbours of each candidate lend it.
pub(crate) fn lent(scores: &[f32], candidates: &[Evidence]) -> Vec<f32> {
    let from = |around: &Around| {
        let mut share = SHARE;
        let mut most = 0.0_f32;
        for pair in around.as_chunks::<2>().0 {
            let best = pair.iter().flatten().map(|&place| scores[place]).fold(0.0, f32::max);
            most = most.max(share * best);
            share *= SHARE_FADES;
        }
        most
    };
    candidates.iter().map(|e| from(&e.around)).collect()
}

/// What being new is worth.
pub(crate) fn recency(age: f32) -> f32 {
    RECENCY * (-age.max(0.0) / RECENCY_HALF_LIFE).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(keyword: f32, cosine: f32) -> Evidence {
        Evidence { keyword, cosine: Some(cosine), ..Evidence::default() }
    }

    fn sides(best: f32, tenth: f32) -> Sides {
        Sides { best, tenth, vectors: 4, fit: 1.0 }
    }

    #[test]
    fn likeness_weighs_more_when_no_memory_stands_out_by_its_words() {
        assert!((sides(10.0, 0.0).weight() - 0.38).abs() < 1e-6);
        assert!((sides(10.0, 10.0).weight() - 0.68).abs() < 1e-6);
        assert!(Sides { fit: 0.0, ..sides(10.0, 10.0) }.weight().abs() < f32::EPSILON);
    }

    #[test]
    fn the_score_is_the_weighted_sum() {
        // Of four vectors a half is two, so the second-best cosine is the reference.
        let scores = sides(10.0, 0.0).alone(&[evidence(10.0, 0.2), evidence(0.0, 0.5), evidence(5.0, 0.35)]);
        let expected = [0.62, 0.38 * 0.5, 0.31];
        for (score, expected) in scores.iter().zip(expected) {
            assert!((score - expected).abs() < 1e-6, "{scores:?}");
        }
    }

    #[test]
    fn a_question_in_words_the_model_does_not_know_goes_by_words_alone() {
        let foreign = Sides { fit: 0.0, ..sides(2.0, 1.0) };
        assert_eq!(foreign.alone(&[evidence(2.0, 0.1), evidence(1.0, 0.9)]), [1.0, 0.5]);
    }

    #[test]
    fn a_neighbour_lends_a_share_that_fades() {
        let mut next = Evidence::default();
        next.around[1] = Some(0);
        let mut third = Evidence::default();
        third.around[5] = Some(0);
        let lent = lent(&[1.0, 0.0, 0.0], &[Evidence::default(), next, third]);
        assert!(lent[0].abs() < f32::EPSILON);
        assert!((lent[1] - 0.4).abs() < 1e-6 && (lent[2] - 0.4 * 0.49).abs() < 1e-6, "{lent:?}");
    }

    #[test]
    fn without_vectors_or_words_nothing_divides_by_zero() {
        let none = Evidence { keyword: 0.0, cosine: None, ..Evidence::default() };
        assert_eq!(Sides { fit: 1.0, ..Sides::default() }.alone(&[none]), [0.0]);
        assert_eq!(Sides::default().alone(&[]), Vec::<f32>::new());
        assert!(recency(-5.0) <= RECENCY && recency(1e9) >= 0.0);
    }
}
