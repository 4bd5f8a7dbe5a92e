//! Terms that begin alike.
//!
//! They are found by their first four characters: a list of the terms that share these is short.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

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
    /// None is empty.
    families: HashTable<Vec<Member>>,
    hasher: DefaultHashBuilder,
}

/// A term in its family.
#[derive(Clone, Copy)]
struct Member {
    number: u32,
    /// The bytes after those that the whole family begins with, as many as there are: most members are told apart by
    /// them, without a look at their names, which lie wherever they lie.
    next: [u8; 4],
}

impl Families {
    /// Takes in the next term, whose name is there already.
    pub(crate) fn push(&mut self, names: &Names, number: u32) {
        let name = names.name(number);
        let Some(start) = family(name) else { return };
        let member = Member { number, next: next_bytes(&name[start.len()..]) };
        let Self { families, hasher } = self;
        let hash = hasher.hash_one(start);
        if let Some(members) = families.find_mut(hash, |members| start_of(members, names) == start) {
            reserve(members, 1);
            members.push(member);
        } else {
            let hash_of = |members: &Vec<Member>| hasher.hash_one(start_of(members, names));
            families.insert_unique(hash, vec![member], hash_of);
        }
    }

    /// The variants of a term, which need not occur itself.
    pub(crate) fn variants<'a>(&'a self, names: &'a Names, term: &'a str) -> impl Iterator<Item = u32> + 'a {
        let start = family(term).unwrap_or_default();
        let same = |members: &Vec<Member>| start_of(members, names) == start;
        let members = self.families.find(self.hasher.hash_one(start), same);
        let length = term.chars().count();
        let stem = first_chars(term, (7 * length).div_ceil(10).max(SHARED)).unwrap_or(term);
        let rest = &stem[start.len()..];
        let (wanted, known) = (next_bytes(rest), rest.len().min(4));
        let alike =
            members.into_iter().flatten().filter(move |member| member.next[..known] == wanted[..known]);
        alike.map(|member| member.number).filter(move |&number| {
            let name = names.name(number);
            name.starts_with(stem) && name != term && name.chars().count() <= length + LONGER
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        let members = self.families.iter().map(|members| members.capacity() * size_of::<Member>());
        self.families.allocation_size() + members.sum::<usize>()
    }
}

/// What all members of a family begin with.
fn start_of<'a>(members: &[Member], names: &'a Names) -> &'a str {
    family(names.name(members[0].number)).unwrap_or_default()
}

/// What all members of a term's family begin with; `None` if the term has none.
fn family(term: &str) -> Option<&str> {
    let letters = |term: &str| term.chars().all(|c| matches!(class_of(c), Class::Letter(_)));
    first_chars(term, SHARED).filter(|_| letters(term))
}

fn next_bytes(rest: &str) -> [u8; 4] {
    let mut bytes = [0; 4];
    bytes.iter_mut().zip(rest.bytes()).for_each(|(byte, next)| *byte = next);
    bytes
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
            families.push(&names, names.find(term).unwrap());
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
