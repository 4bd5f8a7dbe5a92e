//! The hot index: all memories of one owner, in memory, ready to be searched by words and by likeness.
//!
//! A [`Shard`] is made of the store's rows and is never stored itself; whoever has lost it makes it again. It knows no
//! clock and no text: it is told the words of a memory and tells keys.
//!
//! # Structure
//!
//! Memories are numbered as they come, from 0 on; such a number is a *document*. A memory that is put again is a new
//! document, and the old one is dead. All parts speak of documents:
//!
//! | part | what it holds |
//! |---|---|
//! | `documents` | a row of times and numbers for each, the living as bits, key → document |
//! | `terms` | the dictionary; for each term its postings, for each document its terms |
//! | `facets` | the documents of each tag, namespace and tool: a list, or bits from one in 32 up |
//! | `deadlines` | who expires and who is superseded, by time |
//! | `sessions` | the documents of each session or sitting, in order |
//! | `vectors` | rows of one byte a dimension, one after the other |
//!
//! A search turns its [`Filter`] into bits first, and neither side looks at a document whose bit is not set. Keywords
//! are ranked by BM25 with `MaxScore` (`rank`); likeness is a scan of all selected rows (`vectors`). Both are exact:
//! nothing is missed that looking at every document would find, except that the scan sees bytes instead of floats,
//! for which [`semantic`](Shard::semantic) brings up [`SPARE`] more than asked for and [`rescore`] puts in order.
//!
//! The statistics are those of the selection: how many memories there are, and how many of them hold a term, is counted
//! among those that the filter admits, so that a project is searched as if it had a shard of its own. Only the mean
//! length is that of all the living, and which variants count depends on all of them. None knows of the dead: a shard
//! that was changed a thousand times gives the scores of one that was made anew.
//!
//! # Variants
//!
//! Stemming leaves many forms of a word apart: German compounds, Russian and Arabic derivations, words that two
//! languages share. A term of a query that is made of letters only, four at least and not of a script without spaces,
//! therefore also stands for its variants: the terms of letters that begin with its first seven tenths (four characters
//! at least) and are at most six characters longer. `Zahnarzt` finds `Zahnarzttermin`.
//!
//! It adds to the score of a memory what it adds itself, or three fifths of what it and its variants would add as one
//! term, whichever is more. A memory that holds a variant matches, and what is told of terms tells it.
//!
//! To keep a question quick, a term that 1000 of the memories which the filter admits hold is not helped, nor, where it
//! admits less than an eighth, one that 20 of them hold and 1000 of all. Of more than 64 variants (512 divided by the
//! number of terms, where that is less) those in the most memories count.
//!
//! # Costs
//!
//! | what | cost |
//! |---|---|
//! | memory | about 740 bytes for a memory of 66 words with a vector of 384 dimensions, half of them for the vector |
//! | [`put`](Shard::put) | some 10 µs for 66 words that are analysed already |
//! | [`remove`](Shard::remove) | a microsecond or two |
//! | a filter | a bit operation on documents / 8 bytes for each condition |
//! | keywords | grows with the postings of the rarer terms; counting the matches (and under a filter the memories of each term) with those of the frequent ones / 32 |
//! | variants | about as much as the keywords again |
//! | likeness | selected rows × dimensions bytes from memory |
//! | [`compacted`](Shard::compacted) | a sixth of building, 3 µs for each memory; wanted after a quarter has died |

mod bits;
mod bm25;
mod compact;
mod cursor;
mod deadlines;
mod documents;
mod entry;
pub mod external;
mod facets;
mod families;
mod filter;
#[cfg(test)]
mod inspect;
mod names;
mod pairs;
mod plan;
mod postings;
mod rank;
mod ranking;
mod readers;
mod rescore;
mod scan;
mod search;
mod sessions;
mod terms;
mod top;
mod variants;
mod vectors;

pub use entry::Entry;
pub use filter::{Filter, Limit, Validity};
pub use ranking::{ALIKE, Mode, Ranked, Ranking, Request};
pub use rescore::{SPARE, exact_cosine, rescore};
pub use search::{Found, Hit};
pub use vectors::{CHANCE, Cosine, VectorError};

use bits::DocSet;
use deadlines::{Deadlines, NEVER};
use documents::{Document, Documents, NONE};
use facets::Facet;
use sessions::Sessions;
use terms::Terms;
use vectors::Vectors;

/// The memories of one owner, ready to be searched. See the [module](self).
#[derive(Clone, Default)]
pub struct Shard {
    documents: Documents,
    terms: Terms,
    namespaces: Facet,
    tools: Facet,
    tags: Facet,
    /// By number of the type.
    kinds: Vec<DocSet>,
    sessions: Sessions,
    expiries: Deadlines,
    successions: Deadlines,
    vectors: Vectors,
}

impl Shard {
    /// An empty shard for vectors with this many dimensions; 0 if there will be none.
    pub fn new(dimensions: usize) -> Self {
        Self { vectors: Vectors::new(dimensions), ..Self::default() }
    }

    /// Takes in a memory. If its key is there, the memory replaces what was there, vectors included.
    pub fn put(&mut self, entry: &Entry<'_>) {
        self.remove(entry.key);
        let numbers = self.terms.number(entry.words);
        let length = u16::try_from(numbers.len()).unwrap_or(u16::MAX);
        let document = self.documents.next();
        let namespace = entry.namespace.map_or(NONE, |name| self.namespaces.push(name, document));
        self.tools.push(entry.tool, document);
        for tag in entry.tags {
            self.tags.push(tag, document);
        }
        if self.kinds.len() <= usize::from(entry.kind) {
            self.kinds.resize_with(usize::from(entry.kind) + 1, DocSet::new);
        }
        self.kinds[usize::from(entry.kind)].push(document);
        let row = Document {
            key: entry.key,
            created_at: entry.created_at,
            expires_at: entry.expires_at.unwrap_or(NEVER),
            superseded_at: entry.superseded_at.unwrap_or(NEVER),
            observed_at: entry.observed_at,
            namespace,
            session: self.sessions.of(entry.session, entry.namespace, entry.observed_at),
        };
        self.documents.push(row, length);
        self.terms.push(document, &numbers, length);
        self.sessions.insert(&self.documents, document);
        self.expiries.insert(row.expires_at, document);
        self.successions.insert(row.superseded_at, document);
    }

    /// Gives a memory its vectors, one for each window of its text in their order, instead of those it has. No windows
    /// take them away. `false` if there is no such memory (any more).
    ///
    /// # Errors
    ///
    /// When a vector does not fit the shard or has no direction; then nothing has changed.
    pub fn put_vectors(&mut self, key: i64, windows: &[&[f32]]) -> Result<bool, VectorError> {
        match self.documents.find(key) {
            Some(document) => self.vectors.put(document, windows).map(|()| true),
            None => Ok(false),
        }
    }

    /// Forgets a memory; whether it was there.
    pub fn remove(&mut self, key: i64) -> bool {
        let Some(document) = self.documents.find(key) else { return false };
        let &Document { expires_at, superseded_at, .. } = self.documents.row(document);
        self.sessions.remove(&self.documents, document);
        self.expiries.remove(expires_at, document);
        self.successions.remove(superseded_at, document);
        self.terms.bury(document);
        self.vectors.remove(document);
        self.documents.bury(document);
        true
    }

    /// The number of memories, the expired included.
    pub fn len(&self) -> usize {
        self.documents.living()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether this memory is there, expired or not.
    pub fn contains(&self, key: i64) -> bool {
        self.documents.find(key).is_some()
    }

    /// The dimensions of the vectors it takes; 0 if it takes none.
    pub fn dimensions(&self) -> usize {
        self.vectors.dimensions()
    }

    /// What it holds of the computer's memory, in bytes, to within a few per cent. Looks at every term.
    pub fn bytes(&self) -> usize {
        size_of::<Self>()
            + self.documents.bytes()
            + self.terms.bytes()
            + [&self.namespaces, &self.tools, &self.tags].map(Facet::bytes).iter().sum::<usize>()
            + self.kinds.iter().map(|kind| size_of::<DocSet>() + kind.bytes()).sum::<usize>()
            + self.sessions.bytes()
            + self.expiries.bytes()
            + self.successions.bytes()
            + self.vectors.bytes()
    }
}

impl std::fmt::Debug for Shard {
    /// Numbers only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shard")
            .field("memories", &self.len())
            .field("dead", &self.documents.dead())
            .field("terms", &self.terms.len())
            .field("vectors", &(self.vectors.len() - self.vectors.dead()))
            .field("dimensions", &self.dimensions())
            .finish_non_exhaustive()
    }
}

/// Makes room for `additional` more, and for an eighth beyond what there is: doubling would leave large columns half
/// empty.
fn reserve<T>(vec: &mut Vec<T>, additional: usize) {
    if vec.capacity() - vec.len() < additional {
        vec.reserve_exact(additional.max(vec.len() / 8).max(4));
    }
}

#[cfg(test)]
mod answers_tests;
#[cfg(test)]
mod exhaustive_tests;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod ranking_tests;
#[cfg(test)]
mod variants_tests;
