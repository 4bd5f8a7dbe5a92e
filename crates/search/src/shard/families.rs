//! Terms that begin alike.
//!
//! They are found by their first four characters: a list of the terms that share these is short.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::documents::NONE;
use super::names::Names;
use super::reserve;
use crate::script::{Class, class_of};

/// The characters that variants share at least.
const SHARED: usize = 4;
/// How many characters longer a variant may be.
const LONGER: usize = 6;

/// The terms of letters by their first four characters.
#[derive(Clone, Default)]
pub(crate) struct Families {
    /// The last term of each family.
    last: HashTable<u32>,
    /// By term: the one before it in its family.
    previous: Vec<u32>,
    hasher: DefaultHashBuilder,
}

impl Families {
    /// Takes in the next term, whose name is there already.
    pub(crate) fn push(&mut self, names: &Names) {
        let number = u32::try_from(self.previous.len()).expect("fewer than four billion terms");
        let Self { last, previous, hasher } = self;
        reserve(previous, 1);
        let Some(start) = family(names.name(number)) else {
            previous.push(NONE);
            return;
        };
        let of = |number: u32| family(names.name(number)).unwrap_or_default();
        let hash = hasher.hash_one(start);
        if let Some(last) = last.find_mut(hash, |&other| of(other) == start) {
            previous.push(std::mem::replace(last, number));
        } else {
            previous.push(NONE);
            last.insert_unique(hash, number, |&other| hasher.hash_one(of(other)));
        }
    }

    /// The variants of a term, which need not occur itself.
    pub(crate) fn variants<'a>(&'a self, names: &'a Names, term: &'a str) -> impl Iterator<Item = u32> + 'a {
        let start = family(term);
        let last = start.and_then(|start| {
            let same = |&other: &u32| family(names.name(other)) == Some(start);
            self.last.find(self.hasher.hash_one(start), same).copied()
        });
        let length = term.chars().count();
        let stem = first_chars(term, (7 * length).div_ceil(10).max(SHARED)).unwrap_or(term);
        let next = |&number: &u32| Some(self.previous[number as usize]).filter(|&number| number != NONE);
        std::iter::successors(last, next).filter(move |&number| {
            let name = names.name(number);
            name.starts_with(stem) && name != term && name.chars().count() <= length + LONGER
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.last.allocation_size() + self.previous.capacity() * size_of::<u32>()
    }
}

/// What all members of a term's family begin with; `None` if the term has none.
fn family(term: &str) -> Option<&str> {
    let letters = |term: &str| term.chars().all(|c| matches!(class_of(c), Class::Letter(_)));
    first_chars(term, SHARED).filter(|_| letters(term))
}

fn first_chars(term: &str, count: usize) -> Option<&str> {
    let (last, c) = term.char_indices().nth(count - 1)?;
    Some(&term[..last + c.len_utf8()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variants<'a>(terms: &[&'a str], of: &str) -> Vec<&'a str> {
        let (mut names, mut families) = (Names::default(), Families::default());
        for (at, term) in terms.iter().enumerate() {
            assert_eq!(names.number(term) as usize, at);
            families.push(&names);
        }
        let mut found: Vec<&str> = families.variants(&names, of).map(|at| terms[at as usize]).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn variants_share_seven_tenths_of_the_term_and_are_not_much_longer() {
        let terms = ["garten", "gartenzaun", "gartenzaunfar", "gartenzaunfarb", "garde", "garte", "gart"];
        // Six characters: the first five count.
        assert_eq!(variants(&terms, "garten"), ["garte", "gartenzaun"]);
        assert_eq!(variants(&terms, "gartenz"), ["garte", "garten", "gartenzaun", "gartenzaunfar"]);
        // Four to five characters: the first four count, and the term need not occur.
        assert_eq!(variants(&terms, "gartx"), ["gart", "garte", "garten", "gartenzaun"]);
    }

    #[test]
    fn characters_count_and_not_bytes() {
        let terms = ["книг", "книжн", "книга", "книголюбами", "книголюбамии"];
        assert_eq!(variants(&terms, "книг"), ["книга"]);
        assert_eq!(variants(&terms, "книга"), ["книг", "книголюбами"]);
        assert_eq!(variants(&["مكتب", "مكتبات", "مكتوب"], "مكتبه"), ["مكتب", "مكتبات"]);
    }

    #[test]
    fn only_letters_of_scripts_with_spaces_have_variants() {
        let terms = [
            "node.js",
            "node",
            "nodejs",
            "nodes",
            "node2",
            "2026",
            "20261",
            "東京都市",
            "東京都市部",
            "กรุงเทพ",
        ];
        assert_eq!(variants(&terms, "nodej"), ["node", "nodejs", "nodes"]);
        for term in ["node.", "node2", "2026", "東京都市", "กรุงเทพ", "nod", ""] {
            assert_eq!(variants(&terms, term), [] as [&str; 0], "{term}");
        }
    }
}
