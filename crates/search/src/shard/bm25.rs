//! BM25, in whole numbers.
//!
//! A term adds `idf · (k1 + 1) · tf / (tf + k1 · (1 - b + b · length / mean length))`, the mean taken as a hundred
//! words where it is less: among notes of ten words, one of three is not the better for it, with `k1` = 1.2, `b` = 0.75
//! and `idf = ln(1 + (N - df + ½) / (df + ½))`. Each such part is cut to a multiple of 2⁻²⁰ before they are added, so a
//! sum is exact and does not depend on the order: whatever is skipped, a score is the same, and equal scores are equal.

use super::pairs::MAX_COUNT;

const K1: f32 = 1.2;
const B: f32 = 0.75;
/// The least that the mean length is taken for.
const LEAST_MEAN: f32 = 100.0;

/// Units in a score of 1. Sixty-four terms with a weight of 60 each, more than a shard can give, still fit.
const UNITS: f32 = 1_048_576.0;

/// What the length of a document does to its score, for the mean length of the moment.
#[derive(Clone, Copy)]
pub(crate) struct Norms {
    base: f32,
    per_word: f32,
}

impl Norms {
    pub(crate) fn new(documents: usize, words: u64) -> Self {
        Self { base: K1 * (1.0 - B), per_word: K1 * B / mean(documents, words).max(LEAST_MEAN) }
    }

    pub(crate) fn of(self, length: u16) -> f32 {
        self.base + self.per_word * f32::from(length)
    }
}

/// The mean length of a document, in words.
#[expect(clippy::cast_precision_loss, reason = "statistics")]
pub(crate) fn mean(documents: usize, words: u64) -> f32 {
    words as f32 / documents.max(1) as f32
}

/// How telling a term is that `matching` of `documents` hold.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "statistics")]
pub(crate) fn idf(documents: usize, matching: usize) -> f32 {
    let (documents, matching) = (documents as f64, matching as f64);
    (1.0 + (documents - matching + 0.5) / (matching + 0.5)).ln() as f32
}

/// The most that a term of this `idf` can add, in units.
pub(crate) fn weight(idf: f32) -> f32 {
    idf * (K1 + 1.0) * UNITS
}

/// What a term adds to a document that holds it `count` times. Written so that each step is monotonous after rounding
/// too: more occurrences never add less, nor does a shorter document, which is what bounds rely on.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "0 <= part < 2^31, and a count is at most 255"
)]
pub(crate) fn units(weight: f32, norm: f32, count: u32) -> u32 {
    (weight / (1.0 + norm / count as f32)) as i32 as u32
}

/// A score as it leaves the shard.
#[expect(clippy::cast_precision_loss, reason = "a score has more digits than it deserves")]
pub(crate) fn score(units: u32) -> f32 {
    units as f32 / UNITS
}

/// The best that the postings of one block can do: the shortest document for each count that matters.
#[derive(Clone, Copy)]
pub(crate) struct Impact {
    once: u16,
    twice: u16,
    more: u16,
    most: u8,
}

impl Impact {
    pub(crate) const NONE: Self = Self { once: u16::MAX, twice: u16::MAX, more: u16::MAX, most: 0 };

    pub(crate) fn include(&mut self, count: u32, length: u16) {
        let shortest = match count {
            1 => &mut self.once,
            2 => &mut self.twice,
            _ => &mut self.more,
        };
        *shortest = length.min(*shortest);
        self.most = self.most.max(count.min(MAX_COUNT).to_le_bytes()[0]);
    }

    /// No posting adds more than this.
    pub(crate) fn bound(self, weight: f32, norms: Norms) -> u32 {
        let part = |count: u32, length| units(weight, norms.of(length), count);
        let most = u32::from(self.most);
        let mut bound = if most == 0 { 0 } else { part(1, self.once) };
        if most >= 2 {
            bound = bound.max(part(2, self.twice));
        }
        if most >= 3 {
            bound = bound.max(part(most, self.more));
        }
        bound
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_the_formula_to_six_digits() {
        let norms = Norms::new(1_000, 71_000);
        for (matching, count, length) in [(1_u16, 1, 71), (10, 3, 20), (999, 255, 500), (400, 2, 0)] {
            let (count_f, length_f, matching_f) = (f64::from(count), f64::from(length), f64::from(matching));
            let idf_f = (1.0 + (1_000.0 - matching_f + 0.5) / (matching_f + 0.5)).ln();
            let expected = idf_f * 2.2 * count_f / (count_f + 1.2 * (0.25 + 0.75 * length_f / 100.0));
            let got = units(weight(idf(1_000, usize::from(matching))), norms.of(length), count);
            assert!((f64::from(score(got)) - expected).abs() < 2e-6 * (1.0 + expected));
        }
    }

    #[test]
    fn a_bound_is_never_below_a_part() {
        let norms = Norms::new(3, 100);
        let postings = [(1, 40), (1, 30), (2, 500), (3, 9), (7, 90), (300, 65_535)];
        let mut impact = Impact::NONE;
        assert_eq!(impact.bound(1e6, norms), 0);
        for (count, length) in postings {
            impact.include(count, length);
        }
        for (count, length) in postings {
            assert!(impact.bound(1e6, norms) >= units(1e6, norms.of(length), count.min(MAX_COUNT)));
        }
    }

    #[test]
    fn parts_are_monotonous_to_the_last_unit() {
        let norms = Norms::new(7, 501);
        let w = weight(idf(1_000_000, 3));
        for length in 0..2_000 {
            for count in 1..=MAX_COUNT {
                let here = units(w, norms.of(length), count);
                assert!(here <= units(w, norms.of(length), count + 1));
                assert!(here >= units(w, norms.of(length + 1), count));
            }
        }
    }
}
