//! What was said before and after: the documents of each session, in its order.
//!
//! A document without a session belongs to the *sitting* of its namespace and day: what was observed within minutes of
//! each other was mostly about one thing. A time that many share is when something was imported, and says nothing.

use super::documents::{Documents, NONE};
use super::filter::Selection;
use super::names::Names;

/// Neighbours in a sitting are at most so far apart, in milliseconds.
const SITTING: i64 = 300_000;
/// A time that more documents share has no order.
const SAME_TIME: usize = 4;
const DAY: i64 = 86_400_000;
/// What the name of a sitting begins with; no session's does, as their names come from JSON without NUL.
const SITTING_MARK: char = '\0';

/// How far a neighbour is looked for when what stands nearest may not be seen.
const REACH: usize = 32;

#[cfg(test)]
/// The memories that stand before and after one in its session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Neighbours {
    /// The key of the one before it.
    pub previous: Option<i64>,
    /// The key of the one after it.
    pub next: Option<i64>,
}

/// The documents that follow `first`, as long as each is linked to the one before it and [`REACH`] is not passed.
fn chain<'a>(
    first: u32,
    others: impl Iterator<Item = &'a u32>,
    linked: impl Fn(u32, u32) -> bool,
) -> impl Iterator<Item = u32> {
    let mut last = first;
    others.copied().take(REACH).take_while(move |&next| {
        let together = linked(last, next);
        last = next;
        together
    })
}

/// The living documents of each session, in order.
#[derive(Clone, Default)]
pub(crate) struct Sessions {
    names: Names,
    documents: Vec<Vec<u32>>,
}

impl Sessions {
    /// The number of the session or sitting of an entry, a new one if it has none.
    pub(crate) fn of(&mut self, session: Option<&str>, namespace: Option<&str>, observed_at: i64) -> u32 {
        if session.is_some() {
            return self.number(session);
        }
        let (namespace, day) = (namespace.unwrap_or_default(), observed_at.div_euclid(DAY));
        self.number(Some(&format!("{SITTING_MARK}{day}{SITTING_MARK}{namespace}")))
    }

    /// The number of a session by its name, a new one if it has none.
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

    #[cfg(test)]
    /// The nearest documents of the session that the selection holds, looking [`REACH`] documents far.
    pub(super) fn neighbours(
        &self,
        documents: &Documents,
        document: u32,
        selection: &Selection<'_>,
    ) -> Neighbours {
        let found = self.place(documents, document).filter(|(session, _)| !self.is_sitting(*session));
        let Some((session, place)) = found else { return Neighbours::default() };
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
        let seen = |document: &u32| selection.bits.contains(*document);
        let linked = self.linked(documents, session);
        let before = chain(document, order[..place].iter().rev(), &linked).filter(seen).take(N / 2);
        before.enumerate().for_each(|(distance, document)| around[2 * distance] = Some(document));
        let after = chain(document, order[place + 1..].iter(), &linked).filter(seen).take(N / 2);
        after.enumerate().for_each(|(distance, document)| around[2 * distance + 1] = Some(document));
        around
    }

    /// Whether two documents that follow each other belong together: in a session they always do.
    fn linked<'a>(&'a self, documents: &'a Documents, session: usize) -> impl Fn(u32, u32) -> bool + 'a {
        let sitting = self.is_sitting(session);
        let order = &self.documents[session];
        let at = |document: u32| documents.row(document).observed_at;
        let own = move |time: i64| {
            let first = order.partition_point(|&other| at(other) < time);
            let same = order[first..].iter().take(SAME_TIME + 1).take_while(|&&other| at(other) == time);
            same.count() <= SAME_TIME
        };
        move |a, b| !sitting || ((at(a) - at(b)).abs() <= SITTING && own(at(a)) && own(at(b)))
    }

    fn is_sitting(&self, session: usize) -> bool {
        u32::try_from(session).is_ok_and(|number| self.names.name(number).starts_with(SITTING_MARK))
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
