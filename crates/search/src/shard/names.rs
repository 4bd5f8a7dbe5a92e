//! Strings by number: one copy of each, four bytes wherever one is meant.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Numbers strings from 0 on, in the order they come.
#[derive(Clone, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<u32>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn name(&self, number: u32) -> &str {
        name(&self.text, &self.ends, number)
    }

    pub(crate) fn find(&self, wanted: &str) -> Option<u32> {
        let same = |&number: &u32| self.name(number) == wanted;
        self.numbers.find(self.hasher.hash_one(wanted), same).copied()
    }

    /// The number of a string, a new one if it has none.
    pub(crate) fn number(&mut self, wanted: &str) -> u32 {
        let Self { text, ends, numbers, hasher } = self;
        let hash = hasher.hash_one(wanted);
        if let Some(&number) = numbers.find(hash, |&number| name(text, ends, number) == wanted) {
            return number;
        }
        let number = u32::try_from(ends.len()).expect("fewer than four billion names");
        text.push_str(wanted);
        ends.push(u32::try_from(text.len()).expect("fewer than four gigabytes of names"));
        numbers.insert_unique(hash, number, |&number| hasher.hash_one(name(text, ends, number)));
        number
    }

    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<u32>() + self.numbers.allocation_size()
    }
}

fn name<'a>(text: &'a str, ends: &[u32], number: u32) -> &'a str {
    let number = number as usize;
    let start = if number == 0 { 0 } else { ends[number - 1] as usize };
    &text[start..ends[number] as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_string_has_one_number() {
        let mut names = Names::default();
        let numbers: Vec<u32> = (0..3_000).map(|n| names.number(&(n % 1_000).to_string())).collect();
        assert_eq!(numbers[..1_000], numbers[1_000..2_000]);
        assert_eq!((names.len(), names.name(77), names.find("77")), (1_000, "77", Some(77)));
        assert_eq!((names.number(""), names.name(1_000), names.find("1000")), (1_000, "", None));
    }
}
