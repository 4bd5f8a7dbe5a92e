//! Sets of document numbers.

/// A set with one bit for every number up to its largest.
#[derive(Clone, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
}

impl Bits {
    /// The empty set, with room for the numbers below `numbers`.
    pub(crate) fn with_room(numbers: usize) -> Self {
        Self { words: vec![0; numbers.div_ceil(64)] }
    }

    pub(crate) fn insert(&mut self, number: u32) {
        let word = number as usize / 64;
        if word >= self.words.len() {
            let more = word + 1 - self.words.len();
            super::reserve(&mut self.words, more);
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (number % 64);
    }

    pub(crate) fn extend(&mut self, numbers: &[u32]) {
        for &number in numbers {
            self.insert(number);
        }
    }

    pub(crate) fn remove(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    /// Takes out a range that starts at a multiple of 64, and whatever shares its last word.
    pub(crate) fn clear(&mut self, range: std::ops::Range<usize>) {
        let end = range.end.div_ceil(64).min(self.words.len());
        if let Some(words) = self.words.get_mut(range.start / 64..end) {
            words.fill(0);
        }
    }

    pub(crate) fn contains(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|&word| word == 0)
    }

    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.iter_in(0..self.words.len())
    }

    /// The numbers in these words.
    pub(crate) fn iter_in(&self, words: std::ops::Range<usize>) -> impl Iterator<Item = u32> + '_ {
        let first = u32::try_from(words.start).expect("fewer than four billion words");
        (first..).zip(&self.words[words]).flat_map(|(at, &word)| ones(word).map(move |bit| at * 64 + bit))
    }

    /// Keeps what `other` holds too.
    pub(crate) fn keep(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Takes out what `other` holds.
    pub(crate) fn strike(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// Adds what `other` holds.
    pub(crate) fn add(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// The numbers that both hold.
    pub(crate) fn common(&self, other: &Self) -> impl Iterator<Item = u32> {
        let words = self.words.iter().zip(&other.words).map(|(a, b)| a & b);
        (0..).zip(words).flat_map(|(at, word)| ones(word).map(move |bit| at * 64 + bit))
    }

    /// How many numbers both hold.
    pub(crate) fn count_common(&self, other: &Self) -> usize {
        self.words.iter().zip(&other.words).map(|(a, b)| (a & b).count_ones() as usize).sum()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.words.capacity() * size_of::<u64>()
    }
}

/// The numbers of the bits that are set in a word, ascending.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        (word != 0).then(|| {
            let bit = word.trailing_zeros();
            word &= word - 1;
            bit
        })
    })
}

/// A set that grows at its end and takes whichever form is smaller: a list while few numbers are in it, bits from
/// one in 32 up.
#[derive(Clone)]
pub(crate) enum DocSet {
    Sparse(Vec<u32>),
    Dense(Bits),
}

/// A list costs 32 bits a member.
const BITS_PER_LISTED: usize = 32;

impl DocSet {
    pub(crate) fn new() -> Self {
        Self::Sparse(Vec::new())
    }

    /// Adds a number that is the largest of the set, or was already.
    pub(crate) fn push(&mut self, number: u32) {
        match self {
            Self::Sparse(list) if list.last() == Some(&number) => {}
            Self::Sparse(list) => {
                super::reserve(list, 1);
                list.push(number);
                if list.len() >= 64 && list.len() * BITS_PER_LISTED > number as usize {
                    let mut bits = Bits::with_room(number as usize + 1);
                    bits.extend(list);
                    *self = Self::Dense(bits);
                }
            }
            Self::Dense(bits) => {
                let grows = number as usize / 64 >= bits.words.len();
                bits.insert(number);
                // Looked at once in a while only, and at twice the border: the form must not flutter.
                if grows && number % 4096 < 64 && bits.count() * BITS_PER_LISTED * 2 < number as usize {
                    *self = Self::Sparse(bits.iter().collect());
                }
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Sparse(list) => list.is_empty(),
            Self::Dense(bits) => bits.is_empty(),
        }
    }

    pub(crate) fn for_each(&self, mut then: impl FnMut(u32)) {
        match self {
            Self::Sparse(list) => list.iter().for_each(|&number| then(number)),
            Self::Dense(bits) => bits.iter().for_each(then),
        }
    }

    /// The members under their new numbers, which keep the order (`None`: gone).
    pub(crate) fn moved(&self, moved: &[Option<u32>]) -> Self {
        let mut set = Self::new();
        self.for_each(|old| moved[old as usize].into_iter().for_each(|new| set.push(new)));
        set
    }

    /// Adds all of this set to `bits`.
    pub(crate) fn add_to(&self, bits: &mut Bits) {
        match self {
            Self::Sparse(list) => bits.extend(list),
            Self::Dense(own) => bits.add(own),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Sparse(list) => list.capacity() * size_of::<u32>(),
            Self::Dense(bits) => bits.bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(set: &DocSet) -> Vec<u32> {
        let mut members = Vec::new();
        set.for_each(|number| members.push(number));
        members
    }

    #[test]
    fn bits_do_what_sets_do() {
        let of = |numbers: &[u32]| {
            let mut bits = Bits::default();
            bits.extend(numbers);
            bits
        };
        let list = |bits: &Bits| bits.iter().collect::<Vec<_>>();
        let mut bits = of(&[0, 63, 64, 200]);
        assert_eq!(bits.count_common(&of(&[63, 64, 65])), 2);
        bits.add(&of(&[300]));
        bits.strike(&of(&[0, 1_000]));
        assert_eq!(list(&bits), [63, 64, 200, 300]);
        bits.keep(&of(&[64, 200]));
        bits.remove(64);
        bits.remove(9_999);
        assert_eq!((list(&bits), bits.count()), (vec![200], 1));
        let mut cleared = of(&[10, 64, 130, 700]);
        cleared.clear(64..140);
        cleared.clear(704..9_999);
        assert_eq!(list(&cleared), [10, 700]);
        assert!(bits.contains(200) && !bits.contains(300) && !bits.contains(9_999));
    }

    #[test]
    fn a_set_changes_its_form_and_keeps_its_members() {
        let mut set = DocSet::new();
        let mut expected = Vec::new();
        let numbers = (0..2_000).chain((2_000..800_000).step_by(100));
        let mut was_dense = false;
        for number in numbers {
            set.push(number);
            expected.push(number);
            was_dense |= matches!(set, DocSet::Dense(_));
        }
        assert!(was_dense && matches!(set, DocSet::Sparse(_)));
        assert_eq!(members(&set), expected);
        assert!(!set.is_empty() && DocSet::new().is_empty());
        let mut bits = Bits::default();
        set.add_to(&mut bits);
        assert_eq!(bits.iter().collect::<Vec<_>>(), expected);
        assert!(set.bytes() <= 5 * expected.len());
    }
}
