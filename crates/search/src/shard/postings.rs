//! Which documents hold a term, and how often.
//!
//! The newest postings of a term are [pairs](super::pairs), so that one more costs a few bytes and no more; as soon as
//! there are 128 of them they are packed into a block that is read sixteen bytes at a time and can be skipped unread,
//! because its head tells its last document and the best it can do. Most terms never fill a block. A term that one
//! document in 32 holds has its documents as a set besides: to tell how many memories match, and whether one does,
//! without unpacking anything.

use bitpacking::{BitPacker, BitPacker4x};

use super::bits::Bits;
use super::bm25::Impact;
use super::pairs::{self, Pairs};

/// Postings in a block.
pub(crate) const BLOCK: usize = BitPacker4x::BLOCK_LEN;

/// A term has a [set](Sealed::set) from one document in this many up; it loses it at half that share.
const SET_SHARE: u64 = 32;

#[derive(Clone)]
pub(crate) struct Postings {
    sealed: Option<Box<Sealed>>,
    /// Fewer than [`BLOCK`] pairs.
    newest: Vec<u8>,
    /// What `newest` can do.
    impact: Impact,
    newest_len: u8,
    /// One more than the last document.
    next: u32,
    /// Documents that are alive, sealed or not.
    alive: u32,
}

/// The packed postings of a term.
#[derive(Clone)]
struct Sealed {
    heads: Vec<Head>,
    packed: Vec<u8>,
    /// All documents of the term, when they are many, the newest included.
    set: Option<Bits>,
}

#[derive(Clone, Copy)]
struct Head {
    /// The last document of the block.
    last: u32,
    start: u32,
    document_bits: u8,
    count_bits: u8,
    impact: Impact,
}

/// Room for the documents and counts of a block. Counts are one less than they are.
#[derive(Clone)]
pub(crate) struct Unpacked {
    pub(crate) documents: [u32; BLOCK],
    pub(crate) counts: [u32; BLOCK],
}

impl Unpacked {
    pub(crate) const fn new() -> Self {
        Self { documents: [0; BLOCK], counts: [0; BLOCK] }
    }
}

impl Postings {
    pub(crate) const fn new() -> Self {
        Self { sealed: None, newest: Vec::new(), impact: Impact::NONE, newest_len: 0, next: 0, alive: 0 }
    }

    /// Adds a document, later than all there are. Its length is for the bounds.
    pub(crate) fn push(&mut self, document: u32, count: u32, length: u16) {
        let count = count.min(pairs::MAX_COUNT);
        pairs::push(&mut self.newest, self.next, document, count);
        self.impact.include(count, length);
        self.newest_len += 1;
        self.next = document + 1;
        self.alive += 1;
        if let Some(set) = self.sealed.as_mut().and_then(|sealed| sealed.set.as_mut()) {
            set.insert(document);
        }
        if usize::from(self.newest_len) == BLOCK {
            self.seal();
        }
    }

    /// One of the documents has died. Its posting stays.
    pub(crate) fn lose_one(&mut self) {
        self.alive -= 1;
    }

    /// How many living documents hold the term.
    pub(crate) fn alive(&self) -> usize {
        self.alive as usize
    }

    /// How many there are, those of the dead included.
    pub(crate) fn len(&self) -> usize {
        self.blocks() * BLOCK + usize::from(self.newest_len)
    }

    fn seal(&mut self) {
        let mut block = Unpacked::new();
        self.unpack(self.blocks(), &mut block);
        self.unpack_counts(self.blocks(), &mut block);
        let Self { sealed, newest, impact, newest_len, next, .. } = self;
        let sealed = sealed
            .get_or_insert_with(|| Box::new(Sealed { heads: Vec::new(), packed: Vec::new(), set: None }));
        sealed.pack(&block, *impact);
        newest.clear();
        *newest_len = 0;
        *impact = Impact::NONE;

        let (held, documents) = (sealed.heads.len() as u64 * BLOCK as u64, u64::from(*next));
        if sealed.set.is_none() && held * SET_SHARE >= documents {
            let mut set = Bits::with_room(*next as usize);
            self.each_document(|document| set.insert(document));
            if let Some(sealed) = &mut self.sealed {
                sealed.set = Some(set);
            }
        } else if held * SET_SHARE * 2 < documents {
            sealed.set = None;
        }
    }

    /// The number of packed blocks; the number itself stands for the newest.
    pub(crate) fn blocks(&self) -> usize {
        self.sealed.as_ref().map_or(0, |sealed| sealed.heads.len())
    }

    /// One more than the last document.
    pub(crate) fn next(&self) -> u32 {
        self.next
    }

    /// The last document of a block; `None` past the end.
    pub(crate) fn last(&self, block: usize) -> Option<u32> {
        match self.sealed.as_ref().and_then(|sealed| sealed.heads.get(block)) {
            Some(head) => Some(head.last),
            None => (block == self.blocks() && self.newest_len > 0).then(|| self.next - 1),
        }
    }

    /// The first block from `from` on that ends at `document` or later.
    pub(crate) fn block_of(&self, from: usize, document: u32) -> usize {
        let Some(sealed) = &self.sealed else { return from };
        let rest = &sealed.heads[from.min(sealed.heads.len())..];
        // Nearly always this block or one of the next.
        let near = rest.iter().take(4).position(|head| head.last >= document);
        from + near.unwrap_or_else(|| rest.partition_point(|head| head.last < document))
    }

    /// What a block can do.
    pub(crate) fn impact(&self, block: usize) -> Impact {
        match self.sealed.as_ref().and_then(|sealed| sealed.heads.get(block)) {
            Some(head) => head.impact,
            None => self.impact,
        }
    }

    /// Every document, living or dead, when they are many.
    pub(crate) fn set(&self) -> Option<&Bits> {
        self.sealed.as_ref()?.set.as_ref()
    }

    /// Unpacks the documents of a block and returns how many there are. The counts come with the newest, but not with
    /// a packed block; see [`unpack_counts`](Self::unpack_counts).
    pub(crate) fn unpack(&self, block: usize, into: &mut Unpacked) -> usize {
        if let Some(sealed) = &self.sealed
            && let Some(head) = sealed.heads.get(block)
        {
            let before = block.checked_sub(1).map(|before| sealed.heads[before].last);
            let packed = &sealed.packed[head.start as usize..];
            BitPacker4x::new().decompress_strictly_sorted(
                before,
                packed,
                &mut into.documents,
                head.document_bits,
            );
            return BLOCK;
        }
        for (at, (document, count)) in self.newest().enumerate() {
            into.documents[at] = document;
            into.counts[at] = count - 1;
        }
        usize::from(self.newest_len)
    }

    /// What is not packed yet.
    fn newest(&self) -> Pairs<'_> {
        let before = self.sealed.as_ref().and_then(|sealed| sealed.heads.last());
        pairs::read(&self.newest, before.map_or(0, |head| head.last + 1))
    }

    /// Unpacks the counts of a packed block.
    pub(crate) fn unpack_counts(&self, block: usize, into: &mut Unpacked) {
        if let Some(sealed) = &self.sealed
            && let Some(head) = sealed.heads.get(block)
        {
            let skip = BitPacker4x::compressed_block_size(head.document_bits);
            let packed = &sealed.packed[head.start as usize + skip..];
            BitPacker4x::new().decompress(packed, &mut into.counts, head.count_bits);
        }
    }

    pub(crate) fn each_document(&self, mut then: impl FnMut(u32)) {
        let mut block = Unpacked::new();
        for at in 0..=self.blocks() {
            let length = self.unpack(at, &mut block);
            block.documents[..length].iter().for_each(|&document| then(document));
        }
    }

    /// The documents that are wanted, each with how often it holds the term. Counts are unpacked only where one of
    /// these is.
    pub(crate) fn each(&self, wanted: impl Fn(u32) -> bool, mut then: impl FnMut(u32, u32)) {
        if self.sealed.is_some() {
            let mut block = Unpacked::new();
            for at in 0..self.blocks() {
                self.unpack(at, &mut block);
                if block.documents.iter().any(|&document| wanted(document)) {
                    self.unpack_counts(at, &mut block);
                    let both = block.documents.iter().zip(&block.counts);
                    let wanted = both.filter(|(document, _)| wanted(**document));
                    wanted.for_each(|(&document, &count)| then(document, count + 1));
                }
            }
        }
        self.newest()
            .filter(|(document, _)| wanted(*document))
            .for_each(|(document, count)| then(document, count));
    }

    pub(crate) fn bytes(&self) -> usize {
        let sealed = self.sealed.as_ref().map_or(0, |sealed| {
            size_of::<Sealed>()
                + sealed.heads.capacity() * size_of::<Head>()
                + sealed.packed.capacity()
                + sealed.set.as_ref().map_or(0, Bits::bytes)
        });
        sealed + self.newest.capacity()
    }
}

impl Sealed {
    fn pack(&mut self, block: &Unpacked, impact: Impact) {
        let packer = BitPacker4x::new();
        let before = self.heads.last().map(|head| head.last);
        let document_bits = packer.num_bits_strictly_sorted(before, &block.documents);
        let count_bits = packer.num_bits(&block.counts);
        let start = self.packed.len();
        let middle = start + BitPacker4x::compressed_block_size(document_bits);
        let end = middle + BitPacker4x::compressed_block_size(count_bits);
        super::reserve(&mut self.packed, end - start);
        self.packed.resize(end, 0);
        packer.compress_strictly_sorted(
            before,
            &block.documents,
            &mut self.packed[start..middle],
            document_bits,
        );
        packer.compress(&block.counts, &mut self.packed[middle..], count_bits);
        super::reserve(&mut self.heads, 1);
        self.heads.push(Head {
            last: block.documents[BLOCK - 1],
            start: u32::try_from(start).expect("the postings of a term are under four gigabytes"),
            document_bits,
            count_bits,
            impact,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(step: u32, length: u32) -> (Postings, Vec<(u32, u32)>) {
        let mut postings = Postings::new();
        let mut expected = Vec::new();
        for n in 0..length {
            let (document, count) = (n * step + n % step.max(2) / 2, 1 + n % 7 / 5 * (n % 400));
            postings.push(document, count, 50);
            expected.push((document, count.min(pairs::MAX_COUNT)));
        }
        (postings, expected)
    }

    #[test]
    fn postings_come_back_sealed_or_not() {
        for (step, length) in [(1, 0), (1, 1), (3, 127), (3, 128), (2, 129), (50, 1_000), (1, 5_000)] {
            let (postings, expected) = list(step, length);
            let (mut all, mut documents) = (Vec::new(), Vec::new());
            postings.each(|_| true, |document, count| all.push((document, count)));
            postings.each_document(|document| documents.push(document));
            assert_eq!(all, expected);
            assert_eq!(documents, expected.iter().map(|&(document, _)| document).collect::<Vec<_>>());
            assert_eq!(postings.alive(), expected.len());
            assert_eq!(postings.last(postings.blocks()).is_some(), length % 128 != 0);
        }
    }

    #[test]
    fn only_frequent_terms_have_a_set() {
        let (mut postings, expected) = list(31, 1_280);
        let set = postings.set().expect("one in 31");
        assert_eq!(
            set.iter().collect::<Vec<_>>(),
            expected.iter().map(|&(document, _)| document).collect::<Vec<_>>()
        );
        assert!(list(100, 1_280).0.set().is_none());
        for n in 0..128 {
            postings.push(1_000_000 + n, 1, 1);
        }
        assert!(postings.set().is_none(), "a term that became rare");
    }

    #[test]
    fn a_block_is_found_by_a_document() {
        let (postings, _) = list(50, 1_000);
        assert_eq!(postings.block_of(0, 0), 0);
        assert_eq!(postings.block_of(0, 127 * 50 + 13), 0);
        assert_eq!(postings.block_of(0, 6 * 6_400 + 1), 6);
        assert_eq!(postings.block_of(2, 128 * 50), 2);
        assert_eq!(postings.block_of(0, 49_999), 7);
        assert_eq!(postings.block_of(0, 1_000_000), 7);
    }

    #[test]
    fn a_term_of_ten_thousand_postings_takes_about_a_byte_for_each() {
        let mut postings = Postings::new();
        (0..10_000).for_each(|n| postings.push(40 * n + n % 20, 1 + n % 2, 50));
        assert!(postings.bytes() < 14_000, "{}", postings.bytes());
    }
}
