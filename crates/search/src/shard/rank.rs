//! The best matches, without scoring most of the others: `MaxScore` by windows.
//!
//! Documents are taken 4096 at a time. For each such window every term tells the most it can add there, from the heads
//! of its blocks. The weakest terms, as long as all of them together cannot lift a document over the worst of the best
//! so far, are only looked up in documents that another term has brought up, and only until it is clear that these
//! will not do. A window where all terms together are too weak is passed over unread, and so is a block that is too
//! weak with all the others. Where
//! the filter leaves few documents of a window, these are looked up one by one.

use super::Shard;
use super::bits::ones;
use super::bm25::{Impact, units};
use super::cursor::Cursor;
use super::filter::Selection;
use super::plan::Plan;
use super::top::Top;

const WINDOW: u32 = 4096;
const WORDS: usize = WINDOW as usize / 64;
/// Looking up a document costs about as much as reading this many postings.
const LOOK_UP: usize = 6;

/// What was added up for the documents of a window.
struct Sums {
    units: [u32; WINDOW as usize],
    seen: [u64; WORDS],
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    weight: f32,
    /// What the term can add in this window.
    bound: u32,
    /// How many postings it has in a window on average.
    postings: usize,
}

impl Shard {
    /// The best `limit` documents of the selection by score (in units) and key.
    pub(crate) fn rank(&self, plan: &Plan<'_>, selection: &Selection<'_>, limit: usize) -> Top {
        let mut top = Top::new(limit);
        let mut readers: Vec<Reader<'_>> = plan
            .terms
            .iter()
            .map(|term| Reader {
                cursor: Cursor::new(&term.postings),
                weight: term.weight,
                bound: 0,
                postings: term.documents * WINDOW as usize / term.postings.next() as usize,
            })
            .collect();
        let end = plan.terms.iter().map(|term| term.postings.next()).max().unwrap_or(0);
        if limit == 0 || selection.count == 0 {
            return top;
        }
        let mut sums = Sums { units: [0; WINDOW as usize], seen: [0; WORDS] };
        for start in (0..end).step_by(WINDOW as usize) {
            let words = selection.bits.words().get(start as usize / 64..).unwrap_or_default();
            let words = &words[..words.len().min(WORDS)];
            if words.iter().any(|&word| word != 0) {
                let allowed = (!selection.everything).then_some(words);
                self.rank_window(plan, &mut readers, start, allowed, &mut sums, &mut top);
            }
        }
        top
    }

    /// Ranks the documents from `start` on; `allowed` has a bit for each that may be found.
    fn rank_window(
        &self,
        plan: &Plan<'_>,
        readers: &mut [Reader<'_>],
        start: u32,
        allowed: Option<&[u64]>,
        sums: &mut Sums,
        top: &mut Top,
    ) {
        let lengths = &self.documents.lengths()[start as usize..];
        let lengths = &lengths[..lengths.len().min(WINDOW as usize)];
        for reader in readers.iter_mut() {
            reader.bound = reader.cursor.bound(start, start + WINDOW, reader.weight, plan.norms);
        }
        readers.sort_unstable_by_key(|reader| reader.bound);
        let floor = top.floor();
        let all: u32 = readers.iter().map(|reader| reader.bound).sum();
        if all < floor {
            return;
        }
        // The weak ones: all together they stay below the floor.
        let mut weak_sum = 0;
        let below_floor = |reader: &&Reader<'_>| {
            weak_sum += reader.bound;
            weak_sum < floor
        };
        let mut weak = readers.iter().take_while(below_floor).count();
        let to_read: usize = readers[weak..].iter().map(|reader| reader.postings).sum();
        let few = allowed.filter(|words| {
            let count: usize = words.iter().map(|word| word.count_ones() as usize).sum();
            count * LOOK_UP < to_read
        });
        if let Some(words) = few {
            sums.seen[..words.len()].copy_from_slice(words);
            weak = readers.len();
        }
        let (weak, strong) = readers.split_at_mut(weak);
        let weak_sum: u32 = weak.iter().map(|reader| reader.bound).sum();
        for Reader { cursor, weight, bound, .. } in strong {
            let others = all - *bound;
            let worth =
                |impact: Impact| others >= floor || others + impact.bound(*weight, plan.norms) >= floor;
            loop {
                let (documents, counts) = cursor.take(start, start + WINDOW, worth);
                if documents.is_empty() {
                    break;
                }
                for (document, count) in documents.iter().zip(counts) {
                    let at = (document - start) as usize;
                    if allowed.is_none_or(|words| words.get(at / 64).is_some_and(|w| w >> (at % 64) & 1 == 1))
                    {
                        sums.units[at] += units(*weight, plan.norms.of(lengths[at]), count + 1);
                        sums.seen[at / 64] |= 1 << (at % 64);
                    }
                }
            }
        }
        for (word, seen) in (0_u32..).zip(&mut sums.seen) {
            for bit in ones(std::mem::take(seen)) {
                let at = word * 64 + bit;
                let mut score = std::mem::take(&mut sums.units[at as usize]);
                let floor = top.floor();
                let (mut open, mut matches) = (weak_sum, few.is_none());
                for reader in weak.iter_mut().rev() {
                    if score + open < floor {
                        break;
                    }
                    open -= reader.bound;
                    if let Some(count) = reader.cursor.count(start + at) {
                        score += units(reader.weight, plan.norms.of(lengths[at as usize]), count);
                        matches = true;
                    }
                }
                if matches && score + open >= floor {
                    top.offer(score, self.documents.row(start + at).key);
                }
            }
        }
    }
}
