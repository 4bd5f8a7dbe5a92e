//! The best matches, without scoring most of the others: `MaxScore` by windows.
//!
//! Documents are taken 4096 at a time. For each such window every term tells the most it can add there, from the heads
//! of its blocks. The weakest terms, as long as all of them together cannot lift a document over the worst of the best
//! so far, are only looked up in documents that another term has brought up, and only until it is clear that these
//! will not do. A window where all terms together are too weak is passed over unread, and so is a block that is too
//! weak with all the others. Where
//! the filter leaves few documents of a window, these are looked up one by one.
//!
//! Where a question's words are so rare that there are fewer postings than
//! windows, their documents are scored one by one.
//!
//! What the variants of a term add is read apart from the term itself: all that they make a document worth more. As
//! such documents rarely are among the best, they are mostly only looked up.

use std::cmp::Reverse;

use super::Shard;
use super::bits::ones;
use super::filter::{LOOK_UP, Selection};
use super::plan::{Plan, Term};
use super::readers::{Reader, Window, together};
use super::top::TopDocuments;

pub(crate) const WINDOW: u32 = 4096;
/// Scoring a document by itself costs about as much as this many windows that hold nothing.
const AS_WINDOWS: usize = 2;

pub(crate) const WORDS: usize = WINDOW as usize / 64;

/// What was added up for the documents of a window.
struct Sums {
    units: [u32; WINDOW as usize],
    seen: [u64; WORDS],
    /// Counts of variants; zero between two terms.
    counts: [u16; WINDOW as usize],
}

/// The sides of a term that are only looked up.
#[derive(Clone, Copy, Default)]
struct Weak {
    term: usize,
    exact: bool,
    variants: bool,
    /// What they can add.
    bound: u32,
}

impl Shard {
    /// The best `limit` documents of the selection by score (in units) and key.
    pub(crate) fn rank(&self, plan: &Plan<'_>, selection: &Selection<'_>, limit: usize) -> TopDocuments {
        let mut top = TopDocuments::new(limit);
        if limit == 0 || selection.count == 0 {
            return top;
        }
        let windows = self.documents.rows().len() / WINDOW as usize;
        match plan.postings().filter(|postings| postings * AS_WINDOWS <= windows) {
            Some(_) => self.rank_each(plan, selection, &mut top),
            None => self.rank_windows(plan, selection, &mut top),
        }
        top
    }

    /// Scores every document that holds one of the terms, for plans without variants.
    pub(crate) fn rank_each(&self, plan: &Plan<'_>, selection: &Selection<'_>, top: &mut TopDocuments) {
        let mut documents: Vec<u32> = Vec::new();
        for term in &plan.terms {
            term.postings.each_document(|document| documents.push(document));
        }
        documents.sort_unstable();
        documents.dedup();
        for document in documents.into_iter().filter(|&document| selection.bits.contains(document)) {
            top.offer(self.score(plan, document).0, (self.documents.row(document).key, document));
        }
    }

    pub(crate) fn rank_windows(&self, plan: &Plan<'_>, selection: &Selection<'_>, top: &mut TopDocuments) {
        let mut readers: Vec<Reader<'_>> = plan.terms.iter().map(Reader::new).collect();
        let end = plan.terms.iter().map(Term::next).max().unwrap_or(0);
        let mut sums = Sums { units: [0; WINDOW as usize], seen: [0; WORDS], counts: [0; WINDOW as usize] };
        for start in (0..end).step_by(WINDOW as usize) {
            let words = selection.bits.words().get(start as usize / 64..).unwrap_or_default();
            let words = &words[..words.len().min(WORDS)];
            if words.iter().any(|&word| word != 0) {
                let lengths = &self.documents.lengths()[start as usize..];
                let window = Window {
                    start,
                    lengths: &lengths[..lengths.len().min(WINDOW as usize)],
                    norms: plan.norms,
                    allowed: (!selection.everything).then_some(words),
                };
                self.rank_window(window, &mut readers, &mut sums, top);
            }
        }
    }

    fn rank_window(
        &self,
        window: Window<'_>,
        readers: &mut [Reader<'_>],
        sums: &mut Sums,
        top: &mut TopDocuments,
    ) {
        for reader in &mut *readers {
            reader.look_ahead(window);
        }
        let floor = top.floor();
        let all: u32 = readers.iter().map(|reader| reader.bound(true, true)).sum();
        if all < floor {
            return;
        }
        let mut weak = weak_sides(readers, floor);
        let to_read = |(reader, weak): (&Reader<'_>, &Weak)| {
            let exact = if weak.exact { 0 } else { reader.exact.postings };
            let variants = reader.variants.as_ref().filter(|_| !weak.variants);
            exact + variants.map_or(0, |variants| variants.postings)
        };
        let to_read: usize = readers.iter().zip(&weak).map(to_read).sum();
        let few = window.allowed.filter(|words| {
            let count: usize = words.iter().map(|word| word.count_ones() as usize).sum();
            count * LOOK_UP < to_read
        });
        if let Some(words) = few {
            sums.seen[..words.len()].copy_from_slice(words);
            for weak in &mut weak {
                (weak.exact, weak.variants) = (true, true);
            }
        }
        for (reader, weak) in readers.iter_mut().zip(&weak) {
            let Sums { units, seen, counts } = &mut *sums;
            let mut add = |at: usize, gain| {
                if window.allows(at) {
                    units[at] += gain;
                    seen[at / 64] |= 1 << (at % 64);
                }
            };
            if !weak.exact {
                // A document of a block may hold variants too.
                let (others, more) = (all - reader.bound(true, true), reader.variants_bound());
                let worth = |bound| others + together(bound, more) >= floor;
                reader.exact.read(window, worth, &mut add);
            }
            if let Some(variants) = &mut reader.variants
                && !weak.variants
            {
                variants.read(window, counts, &mut add);
            }
        }
        for weak in &mut weak {
            weak.bound = readers[weak.term].bound(weak.exact, weak.variants);
        }
        weak.retain(|weak| weak.exact || weak.variants);
        weak.sort_unstable_by_key(|weak| Reverse(weak.bound));
        self.offer(window, readers, &weak, few.is_some(), sums, top);
    }

    /// Offers what was seen in a window, after looking up what may be missing. With `few`, what was seen matches only
    /// if something is found then.
    fn offer(
        &self,
        window: Window<'_>,
        readers: &mut [Reader<'_>],
        weak: &[Weak],
        few: bool,
        sums: &mut Sums,
        top: &mut TopDocuments,
    ) {
        let weak_sum: u32 = weak.iter().map(|weak| weak.bound).sum();
        // Most documents hold no variants, so that only the terms themselves are left.
        let exact_sum: u32 = weak.iter().map(|weak| readers[weak.term].bound(weak.exact, false)).sum();
        let mut holding = [0; WORDS];
        for weak in weak.iter().filter(|weak| weak.variants) {
            readers[weak.term].add_holding(window, &mut holding);
        }
        for (word, (seen, holding)) in (0_u32..).zip(sums.seen.iter_mut().zip(holding)) {
            for bit in ones(std::mem::take(seen)) {
                let at = word * 64 + bit;
                let mut score = std::mem::take(&mut sums.units[at as usize]);
                let floor = top.floor();
                let holds = holding >> bit & 1 == 1;
                let mut open = if holds { weak_sum } else { exact_sum };
                if score + open < floor {
                    continue;
                }
                let document = window.start + at;
                if holds {
                    // Which variants, and which of the frequent terms, is known before any is looked up.
                    for weak in weak {
                        let reader = &readers[weak.term];
                        open -= weak.bound - reader.bound_of(weak.exact, weak.variants, document);
                        if score + open < floor {
                            break;
                        }
                    }
                }
                let mut matches = !few;
                for &Weak { term, exact, variants, .. } in weak {
                    if score + open < floor {
                        break;
                    }
                    let reader = &mut readers[term];
                    let variants = variants && holds;
                    let bound = if holds {
                        reader.bound_of(exact, variants, document)
                    } else {
                        reader.bound(exact, false)
                    };
                    open -= bound;
                    if bound == 0 && matches {
                        continue;
                    }
                    if let Some(units) = reader.look_up(exact, variants, document, window.norm(at as usize)) {
                        score += units;
                        matches = true;
                    }
                }
                if matches && score + open >= floor {
                    top.offer(score, (self.documents.row(document).key, document));
                }
            }
        }
    }
}

/// For each term the sides that need not be read: all together they stay below the floor.
fn weak_sides(readers: &[Reader<'_>], floor: u32) -> Vec<Weak> {
    let mut weak: Vec<Weak> = (0..readers.len()).map(|term| Weak { term, ..Weak::default() }).collect();
    let mut order: Vec<(u32, usize, bool)> = Vec::with_capacity(2 * readers.len());
    for (term, reader) in readers.iter().enumerate() {
        order.push((reader.exact.bound, term, true));
        if let Some(variants) = &reader.variants {
            order.push((variants.bound, term, false));
        }
    }
    order.sort_unstable();
    let mut sum = 0;
    for (_, term, side) in order {
        let reader = &readers[term];
        let Weak { exact, variants, bound, .. } = &mut weak[term];
        let grown = reader.bound(*exact || side, *variants || !side);
        sum += grown - *bound;
        if sum >= floor {
            break;
        }
        *bound = grown;
        *(if side { exact } else { variants }) = true;
    }
    weak
}
