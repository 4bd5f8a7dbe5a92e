//! Which memories a search may see.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Shard;
use super::bits::{Bits, DocSet};
use super::cursor::Cursor;
use super::postings::Postings;

/// What a memory must fulfil to be found, all of it. The default finds whatever has not expired by 1970, so
/// [`at`](Self::at) is where to start.
///
/// Its `Debug` tells no names.
#[derive(Clone, Copy, Default)]
pub struct Filter<'a> {
    /// The time: what expires by now is not found.
    pub now: i64,
    /// In one of these namespaces.
    pub namespaces: Option<&'a [&'a str]>,
    /// Of this type.
    pub kind: Option<u8>,
    /// From this tool.
    pub tool: Option<&'a str>,
    /// With all of these tags.
    pub tags: &'a [&'a str],
    /// Created at this time or later.
    pub created_after: Option<i64>,
    /// Created at this time or earlier.
    pub created_before: Option<i64>,
    /// Which of the memories that replace each other.
    pub validity: Validity,
    /// What is there at all for whoever asks.
    pub limit: Limit<'a>,
}

/// What whoever asks may see. Unlike the rest of a filter it also holds for what stands beside the memories found.
#[derive(Clone, Copy, Default)]
pub struct Limit<'a> {
    /// Only from this tool.
    pub tool: Option<&'a str>,
    /// Only in the namespaces that this admits; a memory without one is not admitted.
    pub namespaces: Option<&'a (dyn Fn(&str) -> bool + Sync)>,
}

/// Which of the memories that replace each other are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Validity {
    /// Those that nothing has superseded by now.
    #[default]
    Now,
    /// Those that held at a time: stored by then, and not superseded until after it.
    At(i64),
    /// All of them.
    Ever,
}

impl Filter<'_> {
    /// Everything that has neither expired nor been superseded at this time.
    pub fn at(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// What the rest of a conversation must fulfil to be shown beside what was found: time, namespaces, limit.
    pub(crate) fn scope(&self) -> Self {
        Self {
            now: self.now,
            namespaces: self.namespaces,
            validity: self.validity,
            limit: self.limit,
            ..Filter::default()
        }
    }

    fn created(&self) -> Option<(i64, i64)> {
        (self.created_after.is_some() || self.created_before.is_some())
            .then(|| (self.created_after.unwrap_or(i64::MIN), self.created_before.unwrap_or(i64::MAX)))
    }
}

impl std::fmt::Debug for Filter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter")
            .field("now", &self.now)
            .field("validity", &self.validity)
            .finish_non_exhaustive()
    }
}

/// Looking up a document in the postings of a term costs about as much as reading this many of them.
pub(crate) const LOOK_UP: usize = 6;

/// The same for documents that lie far apart, each in a block of its own.
const LOOK_UP_FAR: usize = 64;

/// The documents that pass a filter.
pub(crate) struct Selection<'a> {
    pub(crate) bits: Cow<'a, Bits>,
    pub(crate) count: usize,
    /// Whether it is every document there is, so that nothing needs to be looked up.
    pub(crate) everything: bool,
    /// Whether it is all that live, so that what is counted already need not be counted again.
    pub(crate) all_living: bool,
    list: OnceCell<Vec<u32>>,
}

impl Selection<'_> {
    /// Its documents one after the other, for selections of few.
    fn list(&self) -> &[u32] {
        self.list.get_or_init(|| self.bits.iter().collect())
    }
}

impl Postings {
    /// How many documents of a selection hold the term.
    pub(crate) fn count_in(&self, selection: &Selection<'_>) -> usize {
        if selection.all_living {
            return self.alive();
        }
        if let Some(set) = self.set().filter(|_| !self.is_worth_looking_up(selection)) {
            return set.count_common(&selection.bits);
        }
        let mut count = 0;
        self.each_in(selection, |_| count += 1);
        count
    }

    /// Adds the documents of a selection that hold the term, and perhaps others outside of the selection.
    pub(crate) fn add_in(&self, selection: &Selection<'_>, bits: &mut Bits) {
        match self.set().filter(|_| !self.is_worth_looking_up(selection)) {
            Some(set) => bits.add(set),
            None => self.each_in(selection, |document| bits.insert(document)),
        }
    }

    /// The documents of a selection that hold the term: read through, or looked up where few are selected.
    pub(crate) fn each_in(&self, selection: &Selection<'_>, mut then: impl FnMut(u32)) {
        if self.is_worth_looking_up(selection) {
            let mut cursor = Cursor::new(self);
            let holds = |document: &&u32| cursor.count(**document).is_some();
            selection.list().iter().filter(holds).for_each(|&document| then(document));
        } else if selection.everything {
            self.each_document(then);
        } else {
            self.each_document(|document| {
                if selection.bits.contains(document) {
                    then(document);
                }
            });
        }
    }

    /// The same, each with how often it holds the term.
    pub(crate) fn each_counted_in(&self, selection: &Selection<'_>, mut then: impl FnMut(u32, u32)) {
        let set = self.set().filter(|_| !selection.everything);
        if set.is_none() && !self.is_worth_looking_up(selection) {
            return self.each(|document| selection.bits.contains(document), then);
        }
        let mut cursor = Cursor::new(self);
        let look_up = |document| {
            if let Some(count) = cursor.count(document) {
                then(document, count);
            }
        };
        match set.filter(|_| !self.is_worth_looking_up(selection)) {
            Some(set) => set.common(&selection.bits).for_each(look_up),
            None => selection.list().iter().copied().for_each(look_up),
        }
    }

    fn is_worth_looking_up(&self, selection: &Selection<'_>) -> bool {
        selection.count * LOOK_UP_FAR < self.alive()
    }
}

impl Shard {
    pub(crate) fn select(&self, filter: &Filter<'_>) -> Selection<'_> {
        let (documents, alive) = (&self.documents, self.documents.alive());
        let Some(faceted) = self.select_facets(filter) else {
            let (bits, all_living) = (Cow::Owned(Bits::default()), documents.living() == 0);
            return Selection { bits, count: 0, everything: false, all_living, list: OnceCell::new() };
        };
        let mut bits = match faceted {
            Some(mut bits) => {
                bits.keep(alive);
                Cow::Owned(bits)
            }
            None => Cow::Borrowed(alive),
        };
        if self.expiries.any_past(filter.now) {
            self.expiries.strike_past(filter.now, bits.to_mut());
        }
        if let Some((first, last)) = filter.created() {
            documents.keep_created(first, last, bits.to_mut());
        }
        match filter.validity {
            Validity::Now if self.successions.any_past(filter.now) => {
                self.successions.strike_past(filter.now, bits.to_mut());
            }
            Validity::At(time) => {
                let others: Vec<u32> = bits
                    .iter()
                    .filter(|&document| {
                        let row = documents.row(document);
                        !(row.created_at <= time && time < row.superseded_at)
                    })
                    .collect();
                let bits = bits.to_mut();
                for document in others {
                    bits.remove(document);
                }
            }
            Validity::Now | Validity::Ever => {}
        }
        let count = match bits {
            Cow::Borrowed(_) => documents.living(),
            Cow::Owned(ref bits) => bits.count(),
        };
        let (everything, all_living) = (count == documents.rows().len(), count == documents.living());
        Selection { bits, count, everything, all_living, list: OnceCell::new() }
    }

    /// What passes by tags, namespace, tool and type, the dead included: `None` if nothing can, `Some(None)` if
    /// everything does.
    #[expect(clippy::option_option, reason = "nothing, everything, or these")]
    fn select_facets(&self, filter: &Filter<'_>) -> Option<Option<Bits>> {
        let mut bits: Option<Bits> = None;
        let room = self.documents.rows().len();
        for tag in filter.tags {
            narrow(&mut bits, &[self.tags.documents(tag)?], room);
        }
        for tool in [filter.tool, filter.limit.tool].into_iter().flatten() {
            narrow(&mut bits, &[self.tools.documents(tool)?], room);
        }
        if let Some(kind) = filter.kind {
            narrow(&mut bits, &[self.kinds.get(usize::from(kind))?], room);
        }
        if let Some(namespaces) = filter.namespaces {
            let sets: Vec<&DocSet> =
                namespaces.iter().filter_map(|name| self.namespaces.documents(name)).collect();
            if sets.is_empty() {
                return None;
            }
            narrow(&mut bits, &sets, room);
        }
        if let Some(admits) = filter.limit.namespaces {
            let sets: Vec<&DocSet> = self.namespaces.documents_where(admits).collect();
            if sets.is_empty() {
                return None;
            }
            narrow(&mut bits, &sets, room);
        }
        Some(bits)
    }
}

/// Keeps what is in one of the sets.
fn narrow(bits: &mut Option<Bits>, sets: &[&DocSet], room: usize) {
    match (bits, sets) {
        (Some(bits), &[DocSet::Dense(set)]) => bits.keep(set),
        (bits, sets) => {
            let mut union = match sets {
                &[DocSet::Dense(set)] => set.clone(),
                sets => {
                    let mut union = Bits::with_room(room);
                    for set in sets {
                        set.add_to(&mut union);
                    }
                    union
                }
            };
            if let Some(bits) = bits {
                union.keep(bits);
            }
            *bits = Some(union);
        }
    }
}
