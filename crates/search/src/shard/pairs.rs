//! Ascending numbers with a count each, in a few bytes: how a term's newest postings are kept, and what each
//! document holds.
//!
//! A pair is the gap to the number before it, shifted by one; the low bit says that the count is one. Otherwise the
//! count follows. Both are written in groups of seven bits, low ones first.

/// The count that a reader gets at most. BM25 gains less than half a per cent from whatever lies beyond.
pub(crate) const MAX_COUNT: u32 = 255;

/// Appends a pair; `next` is the smallest number it may have (one more than the last).
pub(crate) fn push(out: &mut Vec<u8>, next: u32, number: u32, count: u32) {
    let gap = u64::from(number - next);
    push_number(out, gap << 1 | u64::from(count == 1));
    if count != 1 {
        push_number(out, u64::from(count.min(MAX_COUNT)));
    }
}

fn push_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    out.push(number.to_le_bytes()[0]);
}

/// Reads the pairs; `next` is what the first was pushed with.
pub(crate) fn read(bytes: &[u8], next: u32) -> Pairs<'_> {
    Pairs { bytes, next }
}

pub(crate) struct Pairs<'a> {
    bytes: &'a [u8],
    next: u32,
}

impl Pairs<'_> {
    fn number(&mut self) -> Option<u64> {
        let (&first, mut rest) = self.bytes.split_first()?;
        let mut number = u64::from(first & 0x7f);
        let (mut byte, mut shift) = (first, 7);
        while byte >= 0x80 {
            (byte, rest) = rest.split_first().map(|(&byte, rest)| (byte, rest))?;
            number |= u64::from(byte & 0x7f) << shift;
            shift += 7;
        }
        self.bytes = rest;
        Some(number)
    }
}

impl Iterator for Pairs<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        let head = self.number()?;
        #[expect(clippy::cast_possible_truncation, reason = "what was written were u32")]
        let count = if head & 1 == 1 { 1 } else { self.number()? as u32 };
        #[expect(clippy::cast_possible_truncation, reason = "what was written were u32")]
        let number = self.next + (head >> 1) as u32;
        self.next = number.wrapping_add(1);
        Some((number, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back() {
        let pairs = [(0, 1), (1, 2), (127, 1), (128, 255), (70_000, 1), (u32::MAX - 1, 3)];
        let mut bytes = Vec::new();
        let mut next = 0;
        for (number, count) in pairs {
            push(&mut bytes, next, number, count);
            next = number + 1;
        }
        assert_eq!(read(&bytes, 0).collect::<Vec<_>>(), pairs);
        assert_eq!(read(&[], 0).next(), None);
    }

    #[test]
    fn a_neighbour_that_occurs_once_takes_a_byte_and_counts_are_capped() {
        let mut bytes = Vec::new();
        push(&mut bytes, 7, 8, 1);
        assert_eq!(bytes.len(), 1);
        push(&mut bytes, 9, 9, 70_000);
        assert_eq!(read(&bytes, 7).last(), Some((9, MAX_COUNT)));
    }
}
