//! What becomes of a record that an import brings, given what is stored of it.

use omp_model::transfer::Conflict;
use omp_model::{Memory, MemoryId, Principal};

use crate::{ImportItem, ImportOutcome, Original};

/// Reads the records that memories are imported from. The store keeps them and knows no format.
pub trait Records: Send + Sync {
    /// Whether two records say the same of themselves, wherever in their files they stood.
    fn say_the_same(&self, stored: &str, new: &str) -> bool;

    /// Whether these memories, all parts in order, are what the record became when it was imported.
    fn became(&self, record: &str, parts: &[&Memory]) -> bool;

    /// The id of the part `index`, from 1, of the record whose first part is `head`.
    fn part(&self, head: MemoryId, index: usize) -> MemoryId;
}

/// A record that comes, as one memory or as the parts of one, and what is stored of it.
pub(crate) struct Arrival<'a> {
    /// The parts, in order.
    pub(crate) items: Vec<&'a ImportItem>,
    /// The memory that has the id of each, with the number of its row.
    pub(crate) known: Vec<Option<(i64, Memory)>>,
    /// What the first one was imported from.
    pub(crate) original: Option<Original>,
    /// Whether an item comes with another vector than the stored one.
    pub(crate) brings_vector: bool,
    /// Stored parts beyond those that come, from when the record was longer.
    pub(crate) surplus: Vec<(i64, Memory)>,
}

/// What is to happen.
pub(crate) struct Verdict {
    /// To each part.
    pub(crate) outcomes: Vec<ImportOutcome>,
    /// Whether the record is kept in the place of the old one, though the memory stays as it is.
    pub(crate) renews_record: bool,
    /// Whether the surplus goes.
    pub(crate) drops_surplus: bool,
}

/// With [`Conflict::Newer`]: which version counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// What comes.
    New,
    /// What is here, though the source says something else.
    Known,
    /// What is here: the source says what it said, so that what differs was changed here.
    Both,
}

/// The items of one record after another: the parts of a record follow its first.
pub(crate) fn of_one_record(one: &ImportItem, next: &ImportItem) -> bool {
    let head = |item: &ImportItem| item.original.as_ref().and_then(|original| original.head);
    head(next).is_some_and(|first| head(one).unwrap_or(one.memory.id) == first)
}

impl Arrival<'_> {
    /// The first part, when there may be stored parts beyond those that come.
    pub(crate) fn may_leave_surplus(&self) -> Option<MemoryId> {
        let is_first = self.items[0].original.as_ref().is_some_and(|original| original.head.is_none());
        (is_first && self.known[0].is_some() && self.brings_another_record())
            .then_some(self.items[0].memory.id)
    }

    /// Whether the first item comes with another record than the one that is stored.
    fn brings_another_record(&self) -> bool {
        let Some(new) = &self.items[0].original else { return false };
        self.original.as_ref().is_none_or(|stored| stored.raw != new.raw)
    }

    /// Decides. Whatever the strategy: what a key may not see or change stays, and the key learns only that the id is
    /// taken.
    pub(crate) fn decide(&self, by: &Principal, conflict: Conflict, records: &dyn Records) -> Verdict {
        let renews = self.brings_another_record();
        let counts = self.counts(conflict, records);
        let mut outcomes: Vec<ImportOutcome> = (self.items.iter().zip(&self.known))
            .map(|(item, known)| {
                self.outcome(by, item, known.as_ref().map(|(_, known)| known), conflict, counts)
            })
            .collect();
        let may_change = |known: &Memory| by.sees(known) && by.may_change(known);
        let head = self.known[0].as_ref().filter(|(_, head)| may_change(head));
        let takes = match conflict {
            Conflict::Overwrite => renews,
            Conflict::Newer => counts == Counts::New,
            Conflict::Skip | Conflict::Duplicate => false,
        };
        let surplus_is_ours = self.surplus.iter().all(|(_, memory)| may_change(memory));
        let drops_surplus = takes && head.is_some() && surplus_is_ours && !self.surplus.is_empty();
        if drops_surplus && outcomes[0] == ImportOutcome::Unchanged {
            // It lost an end, if nothing else.
            outcomes[0] = ImportOutcome::Updated;
        }
        let stays = conflict == Conflict::Newer && outcomes[0] == ImportOutcome::Unchanged;
        let renews_record = renews && stays && head.is_some() && counts != Counts::Known;
        Verdict { outcomes, renews_record, drops_surplus }
    }

    fn outcome(
        &self,
        by: &Principal,
        item: &ImportItem,
        known: Option<&Memory>,
        conflict: Conflict,
        counts: Counts,
    ) -> ImportOutcome {
        let Some(known) = known else {
            // Beside parts that stay as they are here there is no place for one of another text.
            let head = self.known[0].as_ref().filter(|_| counts == Counts::Known);
            let out_of_place = head.is_some_and(|(_, head)| !self.items[0].says_the_same(head));
            return if out_of_place { ImportOutcome::Skipped } else { ImportOutcome::Imported };
        };
        if !by.sees(known) || (conflict == Conflict::Overwrite && !by.may_change(known)) {
            return ImportOutcome::Refused;
        }
        let same = item.says_the_same(known);
        match conflict {
            // What a memory does not hold may have changed all the same: the record that it came from, its vector.
            Conflict::Overwrite if !same || self.brings_vector || self.brings_another_record() => {
                ImportOutcome::Updated
            }
            _ if same => ImportOutcome::Unchanged,
            Conflict::Newer => match counts {
                Counts::New if by.may_change(known) => ImportOutcome::Updated,
                Counts::New => ImportOutcome::Refused,
                Counts::Known => ImportOutcome::Skipped,
                Counts::Both => ImportOutcome::Unchanged,
            },
            _ => ImportOutcome::Skipped,
        }
    }

    /// Which version counts when the newer one is to.
    fn counts(&self, conflict: Conflict, records: &dyn Records) -> Counts {
        if conflict != Conflict::Newer {
            return Counts::Both;
        }
        let known = || self.known.iter().flatten().chain(&self.surplus).map(|(_, memory)| memory);
        let stored = self.original.as_ref().and_then(|original| original.raw.as_deref());
        let new = self.items[0].original.as_ref().and_then(|original| original.raw.as_deref());
        let said = stored.zip(new);
        let says_the_same =
            said.is_some_and(|(stored, new)| stored == new || records.say_the_same(stored, new));
        if says_the_same && !self.brings_vector {
            return Counts::Both;
        }
        let newer = if self.items[0].date_assumed {
            // Of what has no date nobody knows whether it is newer than what was changed here.
            let parts: Vec<&Memory> = known().collect();
            stored.is_some_and(|stored| records.became(stored, &parts))
        } else {
            known().map(|memory| memory.updated_at).max() < Some(self.items[0].memory.updated_at)
        };
        if newer { Counts::New } else { Counts::Known }
    }
}
