//! What a ranking reads of each term: the term itself, and what its variants add to that.

use super::bits::{Bits, ones};
use super::bm25::{Impact, Norms, units};
use super::cursor::Cursor;
use super::pairs::MAX_COUNT;
use super::plan::Term;
use super::rank::{WINDOW, WORDS};

/// The documents that are ranked at once.
#[derive(Clone, Copy)]
pub(crate) struct Window<'a> {
    /// The first of them, a multiple of 64.
    pub(crate) start: u32,
    pub(crate) lengths: &'a [u16],
    pub(crate) norms: Norms,
    /// A bit for each that may be found; `None` if all may.
    pub(crate) allowed: Option<&'a [u64]>,
}

impl Window<'_> {
    pub(crate) fn norm(&self, at: usize) -> f32 {
        self.norms.of(self.lengths[at])
    }

    pub(crate) fn allows(&self, at: usize) -> bool {
        self.allowed.is_none_or(|words| words.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1))
    }

    fn end(&self) -> u32 {
        self.start + WINDOW
    }
}

/// A term of a plan, read forwards.
pub(crate) struct Reader<'a> {
    pub(crate) exact: Exact<'a>,
    pub(crate) variants: Option<Variants<'a>>,
}

/// The term itself.
pub(crate) struct Exact<'a> {
    pub(crate) cursor: Cursor<'a>,
    pub(crate) weight: f32,
    /// What it can add to a document of this window.
    pub(crate) bound: u32,
    /// How many postings it has in a window on average.
    pub(crate) postings: usize,
    /// The documents that hold it, if they are many.
    set: Option<&'a Bits>,
}

/// What it adds to the term itself to take it and its variants as one.
pub(crate) struct Variants<'a> {
    exact: Exact<'a>,
    cursors: Vec<Cursor<'a>>,
    weight: f32,
    pub(crate) bound: u32,
    pub(crate) postings: usize,
    documents: &'a Bits,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(term: &'a Term<'_>) -> Self {
        let average = |held: usize| held * WINDOW as usize / term.next().max(1) as usize;
        let exact = || Exact {
            cursor: Cursor::new(&term.postings),
            weight: term.weight,
            bound: 0,
            postings: average(term.postings.alive()),
            set: term.postings.set(),
        };
        let variants = term.variants.as_ref().map(|variants| Variants {
            exact: exact(),
            cursors: variants.postings.iter().map(|postings| Cursor::new(postings)).collect(),
            weight: variants.weight,
            bound: 0,
            postings: average(variants.postings.iter().map(|postings| postings.alive()).sum()),
            documents: &variants.holding,
        });
        Self { exact: exact(), variants }
    }

    /// Notes what both sides can add to a document of the window.
    pub(crate) fn look_ahead(&mut self, window: Window<'_>) {
        let Exact { cursor, weight, bound, .. } = &mut self.exact;
        *bound = cursor.bound(window.start, window.end(), *weight, window.norms);
        if let Some(variants) = &mut self.variants {
            variants.bound = variants.look_ahead(window);
        }
    }

    /// What the variants can add in this window.
    pub(crate) fn variants_bound(&self) -> u32 {
        self.variants.as_ref().map_or(0, |variants| variants.bound)
    }

    /// What the term can add to a document where these sides of it may be found.
    pub(crate) fn bound(&self, exact: bool, variants: bool) -> u32 {
        match (exact, variants) {
            (false, false) => 0,
            (true, false) => self.exact.bound,
            (false, true) => self.variants_bound(),
            (true, true) => together(self.exact.bound, self.variants_bound()),
        }
    }

    /// The same for one document, of which it is known at once whether it holds variants, and frequent terms.
    pub(crate) fn bound_of(&self, exact: bool, variants: bool, document: u32) -> u32 {
        let exact = exact && self.exact.set.is_none_or(|set| set.contains(document));
        let holds = |variants: &Variants<'_>| variants.documents.contains(document);
        self.bound(exact, variants && self.variants.as_ref().is_some_and(holds))
    }

    /// Adds the documents of the window that hold variants.
    pub(crate) fn add_holding(&self, window: Window<'_>, holding: &mut [u64; WORDS]) {
        let words = self.variants.iter().flat_map(|variants| variants.words(window.start));
        holding.iter_mut().zip(words).for_each(|(word, more)| *word |= more);
    }

    /// What these sides add to a document, if it holds the term or a variant. Documents must be asked for in
    /// ascending order.
    pub(crate) fn look_up(&mut self, exact: bool, variants: bool, document: u32, norm: f32) -> Option<u32> {
        let own = if exact { self.exact.look_up(document, norm) } else { None };
        let more = match &mut self.variants {
            Some(side) if variants => side.look_up(document, norm),
            _ => None,
        };
        own.max(more).map(|_| own.unwrap_or(0) + more.unwrap_or(0))
    }
}

/// What a term can add to a document that holds it, which adds `exact` at most, and variants, which add `variants` at
/// most: either what it is worth itself, or three fifths of that and the variants.
pub(crate) fn together(exact: u32, variants: u32) -> u32 {
    match variants {
        0 => exact,
        more => exact.max(more + exact / 5 * 3 + exact / (1 << 20) + 4),
    }
}

impl Exact<'_> {
    fn look_up(&mut self, document: u32, norm: f32) -> Option<u32> {
        self.cursor.count(document).map(|count| units(self.weight, norm, count))
    }

    /// Hands what the term adds to the documents of the window to `then`. Blocks may be passed over when the most that
    /// they can add is not `worth` it.
    pub(crate) fn read(
        &mut self,
        window: Window<'_>,
        worth: impl Fn(u32) -> bool,
        mut then: impl FnMut(usize, u32),
    ) {
        let weight = self.weight;
        let always = worth(0);
        let worth = |impact: Impact| always || worth(impact.bound(weight, window.norms));
        loop {
            let (documents, counts) = self.cursor.take(window.start, window.end(), worth);
            if documents.is_empty() {
                return;
            }
            for (document, count) in documents.iter().zip(counts) {
                let at = (document - window.start) as usize;
                then(at, units(weight, window.norm(at), count + 1));
            }
        }
    }
}

impl<'a> Variants<'a> {
    /// Which documents of the window from `start` on hold variants.
    fn words(&self, start: u32) -> &'a [u64] {
        let words = self.documents.words().get(start as usize / 64..).unwrap_or_default();
        &words[..words.len().min(WORDS)]
    }

    /// The variants never add more to the term itself than they would alone: counted together, occurrences are worth no
    /// more than counted apart, and those of the term less than by themselves.
    fn look_ahead(&mut self, window: Window<'_>) -> u32 {
        if self.words(window.start).iter().all(|&word| word == 0) {
            return 0;
        }
        let mut sum = 0;
        for cursor in &mut self.cursors {
            sum += cursor.bound(window.start, window.end(), self.weight, window.norms);
        }
        // Each part is rounded by itself.
        let rounding = sum / (1 << 20) + u32::try_from(self.cursors.len()).unwrap_or(u32::MAX) + 2;
        (sum + rounding).min(units(self.weight, window.norms.of(0), MAX_COUNT))
    }

    fn look_up(&mut self, document: u32, norm: f32) -> Option<u32> {
        if !self.documents.contains(document) {
            return None;
        }
        let counts = self.cursors.iter_mut().filter_map(|cursor| cursor.count(document));
        let count = counts.sum();
        Some(self.gain(document, norm, count))
    }

    /// What the variants add to what the term itself does, when they occur `count` times.
    fn gain(&mut self, document: u32, norm: f32, count: u32) -> u32 {
        let own = self.exact.cursor.count(document).unwrap_or(0);
        let together = units(self.weight, norm, (own + count).min(MAX_COUNT));
        match own {
            0 => together,
            own => together.saturating_sub(units(self.exact.weight, norm, own)),
        }
    }

    /// Hands what the variants add to the documents of the window to `then`. `counts` is zero, and is so again
    /// afterwards.
    pub(crate) fn read(
        &mut self,
        window: Window<'_>,
        counts: &mut [u16; WINDOW as usize],
        mut then: impl FnMut(usize, u32),
    ) {
        for cursor in &mut self.cursors {
            loop {
                let (documents, more) = cursor.take(window.start, window.end(), |_| true);
                if documents.is_empty() {
                    break;
                }
                for (document, count) in documents.iter().zip(more) {
                    #[expect(clippy::cast_possible_truncation, reason = "64 times 255 at most")]
                    let count = (count + 1) as u16;
                    counts[(document - window.start) as usize] += count;
                }
            }
        }
        for (word, held) in (0..WINDOW / 64).zip(self.words(window.start)) {
            for bit in ones(*held) {
                let at = word * 64 + bit;
                let count = u32::from(counts[at as usize]);
                then(at as usize, self.gain(window.start + at, window.norm(at as usize), count));
            }
        }
        counts.fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_document_gains_more_than_both_sides_are_bounded_by() {
        let norms = Norms::new(10, 2_000);
        for (length, share) in [(1, 1.0), (50, 0.9), (400, 1.0), (5_000, 0.3)] {
            let norm = norms.of(length);
            let (weight, variants_weight) = (1.2e7, 0.6 * share * 1.2e7);
            let mut variants_won = false;
            for (own, more) in (1..20).flat_map(|own| (1..100).map(move |more| (own, more))) {
                let exact = units(weight, norm, own);
                let variants = units(variants_weight, norm, more);
                let all = units(variants_weight, norm, own + more);
                assert!(exact.max(all) <= together(exact, variants), "{length} {own} {more}");
                assert!(all.saturating_sub(exact) <= variants + 2, "{length} {own} {more}");
                variants_won |= all > exact;
            }
            assert_eq!(variants_won, length >= 400, "in long memories only");
        }
    }
}
