//! What was said before and after: the documents of each session, in its order.

use super::documents::{Documents, NONE};
use super::filter::Selection;
use super::names::Names;

/// How far a neighbour is looked for when what stands nearest may not be seen.
const REACH: usize = 32;

/// The memories that stand before and after one in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    /// The key of the one before it.
    pub previous: Option<i64>,
    /// The key of the one after it.
    pub next: Option<i64>,
}

/// The living documents of each session, in order.
#[derive(Clone, Default)]
pub(crate) struct Sessions {
    names: Names,
    documents: Vec<Vec<u32>>,
}

impl Sessions {
    /// The number of a session, a new one if it has none.
    pub(crate) fn number(&mut self, name: Option<&str>) -> u32 {
        let Some(name) = name else { return NONE };
        let number = self.names.number(name);
        if number as usize == self.documents.len() {
            self.documents.push(Vec::new());
        }
        number
    }

    pub(crate) fn name(&self, session: u32) -> Option<&str> {
        (session != NONE).then(|| self.names.name(session))
    }

    /// Adds a document to its session.
    pub(crate) fn insert(&mut self, documents: &Documents, document: u32) {
        if let Some((session, place)) = self.place(documents, document) {
            self.documents[session].insert(place, document);
        }
    }

    pub(crate) fn remove(&mut self, documents: &Documents, document: u32) {
        if let Some((session, place)) = self.place(documents, document) {
            self.documents[session].remove(place);
            if self.documents[session].is_empty() {
                self.documents[session] = Vec::new();
            }
        }
    }

    /// The nearest documents of the session that the selection holds, looking [`REACH`] documents far.
    pub(crate) fn neighbours(
        &self,
        documents: &Documents,
        document: u32,
        selection: &Selection<'_>,
    ) -> Neighbours {
        let Some((session, place)) = self.place(documents, document) else { return Neighbours::default() };
        let order = &self.documents[session];
        let seen = |&&document: &&u32| selection.bits.contains(document);
        let key = |&document: &u32| documents.row(document).key;
        Neighbours {
            previous: order[..place].iter().rev().take(REACH).find(seen).map(key),
            next: order[place + 1..].iter().take(REACH).find(seen).map(key),
        }
    }

    /// The nearest documents that the selection holds: one before, one after, two before, and so on.
    pub(crate) fn around<const N: usize>(
        &self,
        documents: &Documents,
        document: u32,
        selection: &Selection<'_>,
    ) -> [Option<u32>; N] {
        let mut around = [None; N];
        let Some((session, place)) = self.place(documents, document) else { return around };
        let order = &self.documents[session];
        let seen = |document: &&u32| selection.bits.contains(**document);
        let before = order[..place].iter().rev().take(REACH).filter(seen).take(N / 2);
        before.enumerate().for_each(|(distance, document)| around[2 * distance] = Some(*document));
        let after = order[place + 1..].iter().take(REACH).filter(seen).take(N / 2);
        after.enumerate().for_each(|(distance, document)| around[2 * distance + 1] = Some(*document));
        around
    }

    /// The session of a document, and where in it the document stands or would stand.
    fn place(&self, documents: &Documents, document: u32) -> Option<(usize, usize)> {
        let order = |document: u32| {
            let row = documents.row(document);
            (row.observed_at, row.key)
        };
        let session = documents.row(document).session;
        if session == NONE {
            return None;
        }
        let of = &self.documents[session as usize];
        let wanted = order(document);
        // Mostly it is the newest.
        let place = match of.last() {
            Some(&last) if order(last) < wanted => of.len(),
            _ => of.partition_point(|&other| order(other) < wanted),
        };
        Some((session as usize, place))
    }

    pub(crate) fn bytes(&self) -> usize {
        self.names.bytes()
            + self.documents.capacity() * size_of::<Vec<u32>>()
            + self.documents.iter().map(|of| of.capacity() * size_of::<u32>()).sum::<usize>()
    }
}
