//! Who has a tag, a namespace, a tool.

use super::bits::DocSet;
use super::names::Names;

/// The documents of each value. A document that died stays in its sets until the shard is compacted.
#[derive(Clone, Default)]
pub(crate) struct Facet {
    names: Names,
    sets: Vec<DocSet>,
}

impl Facet {
    /// Adds a document, later than all there are, and returns the number of the value.
    pub(crate) fn push(&mut self, value: &str, document: u32) -> u32 {
        let number = self.names.number(value);
        if number as usize == self.sets.len() {
            self.sets.push(DocSet::new());
        }
        self.sets[number as usize].push(document);
        number
    }

    pub(crate) fn number(&self, value: &str) -> Option<u32> {
        self.names.find(value)
    }

    pub(crate) fn value(&self, number: u32) -> &str {
        self.names.name(number)
    }

    pub(crate) fn documents(&self, value: &str) -> Option<&DocSet> {
        self.names.find(value).map(|number| &self.sets[number as usize])
    }

    /// The documents of each value that is admitted.
    pub(crate) fn documents_where(&self, admits: impl Fn(&str) -> bool) -> impl Iterator<Item = &DocSet> {
        (0..).zip(&self.sets).filter(move |(number, _)| admits(self.names.name(*number))).map(|(_, set)| set)
    }

    /// The values that a document of `moved` has, under its new number (`None`: it is gone).
    pub(crate) fn compacted(&self, moved: &[Option<u32>]) -> Self {
        let mut facet = Self::default();
        for (number, set) in (0..).zip(&self.sets) {
            let set = set.moved(moved);
            if !set.is_empty() {
                facet.names.number(self.names.name(number));
                facet.sets.push(set);
            }
        }
        facet
    }

    pub(crate) fn bytes(&self) -> usize {
        self.names.bytes()
            + self.sets.capacity() * size_of::<DocSet>()
            + self.sets.iter().map(DocSet::bytes).sum::<usize>()
    }
}
