//! The columns: what is known of each document besides its words.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::bits::Bits;
use super::reserve;

/// No namespace, no session.
pub(crate) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
pub(crate) struct Document {
    pub(crate) key: i64,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) superseded_at: i64,
    pub(crate) observed_at: i64,
    pub(crate) namespace: u32,
    pub(crate) session: u32,
}

/// Documents are numbered as they come; a memory that is put again is a new document, and the old one dies.
#[derive(Clone, Default)]
pub(crate) struct Documents {
    rows: Vec<Document>,
    lengths: Vec<u16>,
    alive: Bits,
    living: usize,
    /// The words of all that live.
    words: u64,
    by_key: HashTable<u32>,
    /// The first and the last `created_at` of every [`ZONE`] documents.
    zones: Vec<(i64, i64)>,
    hasher: DefaultHashBuilder,
}

/// A multiple of 64.
const ZONE: usize = 4096;

impl Documents {
    /// The number that the next document gets; also how many there are, living or dead.
    pub(crate) fn next(&self) -> u32 {
        u32::try_from(self.rows.len()).expect("fewer than four billion documents")
    }

    /// Adds a document whose key is not in use.
    pub(crate) fn push(&mut self, row: Document, length: u16) -> u32 {
        let document = self.next();
        let Self { rows, hasher, .. } = self;
        reserve(rows, 1);
        reserve(&mut self.lengths, 1);
        rows.push(row);
        self.lengths.push(length);
        self.words += u64::from(length);
        self.alive.insert(document);
        self.living += 1;
        self.by_key
            .insert_unique(hasher.hash_one(row.key), document, |&at| hasher.hash_one(rows[at as usize].key));
        match self.zones.get_mut(document as usize / ZONE) {
            Some((first, last)) => {
                (*first, *last) = (row.created_at.min(*first), row.created_at.max(*last));
            }
            None => self.zones.push((row.created_at, row.created_at)),
        }
        document
    }

    /// Ends a document's life.
    pub(crate) fn bury(&mut self, document: u32) {
        let Self { rows, hasher, .. } = self;
        let key = rows[document as usize].key;
        if let Ok(entry) = self.by_key.find_entry(hasher.hash_one(key), |&at| at == document) {
            entry.remove();
        }
        self.alive.remove(document);
        self.living -= 1;
        self.words -= u64::from(self.lengths[document as usize]);
    }

    pub(crate) fn find(&self, key: i64) -> Option<u32> {
        self.by_key.find(self.hasher.hash_one(key), |&at| self.rows[at as usize].key == key).copied()
    }

    pub(crate) fn row(&self, document: u32) -> &Document {
        &self.rows[document as usize]
    }

    pub(crate) fn rows(&self) -> &[Document] {
        &self.rows
    }

    pub(crate) fn lengths(&self) -> &[u16] {
        &self.lengths
    }

    pub(crate) fn alive(&self) -> &Bits {
        &self.alive
    }

    pub(crate) fn living(&self) -> usize {
        self.living
    }

    pub(crate) fn dead(&self) -> usize {
        self.rows.len() - self.living
    }

    /// The words of all living documents together.
    pub(crate) fn words(&self) -> u64 {
        self.words
    }

    /// Keeps in `bits` what was created in `first..=last`. Memories are mostly stored as time goes by, so most
    /// stretches lie inside or outside as a whole.
    pub(crate) fn keep_created(&self, first: i64, last: i64, bits: &mut Bits) {
        for (at, &(earliest, latest)) in self.zones.iter().enumerate() {
            if first <= earliest && latest <= last {
                continue;
            }
            let zone = at * ZONE..((at + 1) * ZONE).min(self.rows.len());
            if latest < first || last < earliest {
                bits.clear(zone);
                continue;
            }
            for (row, document) in self.rows[zone.clone()].iter().zip(zone) {
                if !(first..=last).contains(&row.created_at) {
                    bits.remove(u32::try_from(document).expect("fewer than four billion documents"));
                }
            }
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Document>()
            + self.lengths.capacity() * size_of::<u16>()
            + self.alive.bytes()
            + self.by_key.allocation_size()
            + self.zones.capacity() * size_of::<(i64, i64)>()
    }
}
