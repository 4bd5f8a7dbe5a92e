//! What a target knows of the move into it: settings of its own, written in the transactions of the move.

use std::collections::BTreeMap;

use omp_model::OwnerId;
use omp_model::audit::Action;

use super::digest::{Sum, digest};
use super::row::{Cell, Row};
use super::tables::Table;
use super::{MoveError, Rows, Snapshot};
use crate::Result;

/// Whether a move is under way ([`UNDER_WAY`]) or done ([`DONE`]).
pub(crate) const STATE: &str = "move";
/// Which run of the command moves it here: the last one that began.
pub(crate) const RUN: &str = "move_run";
/// Which database is being moved here.
const SOURCE: &str = "move_source";
/// What the target looked like when the move was done: whoever has written since has changed it.
const LEFT_AS: &str = "move_left_as";
/// The last entry of the audit at that time.
const AUDIT: &str = "move_audit";
/// Up to which change an owner's memories are here; followed by the owner's number.
const SEQ: &str = "move_seq_";

const UNDER_WAY: i64 = 1;
const DONE: i64 = 2;

/// Whether this value of the setting `move` says that a move into the database is unfinished.
pub(crate) fn is_under_way(state: Option<i64>) -> bool {
    state == Some(UNDER_WAY)
}

/// Whether a database with these values of the settings `move` and `move_run` is being filled by this run.
pub(crate) fn is_claimed_by(run: i64, state: Option<i64>, claimed: Option<i64>) -> bool {
    is_under_way(state) && claimed == Some(run)
}

fn setting(name: &str, value: i64) -> (Table, Row) {
    (Table::Settings, Row(vec![Cell::Text(name.to_owned()), Cell::Int(value)]))
}

/// The settings of a target; those of a source, where they are asked for.
pub(super) struct Marks(BTreeMap<String, i64>);

impl Marks {
    pub(super) async fn read(target: &dyn Snapshot) -> Result<Self> {
        let rows = target.whole(Table::Settings).await?;
        let pair = |row: &Row| Some((row.text(0)?.to_owned(), row.int(1)?));
        Ok(Self(rows.iter().filter_map(pair).collect()))
    }

    /// Up to which change an owner's memories are in the target.
    pub(super) fn seq(&self, owner: OwnerId) -> Option<i64> {
        self.0.get(&format!("{SEQ}{}", owner.0)).copied()
    }

    /// Whether this target may be filled from this source: it is empty, or holds what an earlier move of the same
    /// source brought and nothing else.
    pub(super) async fn admit(
        &self,
        target: &dyn Snapshot,
        place: &str,
        source: i64,
    ) -> Result<(), MoveError> {
        let same = self.0.get(SOURCE) == Some(&source);
        match self.0.get(STATE).copied() {
            None if is_empty(target).await? => Ok(()),
            Some(UNDER_WAY) if same => Ok(()),
            Some(UNDER_WAY) => Err(MoveError::Another(place.to_owned())),
            Some(DONE) if same => {
                let same =
                    self.0.get(LEFT_AS) == Some(&look(target).await?) && self.only_looked_at(target).await?;
                if same { Ok(()) } else { Err(MoveError::Used(place.to_owned())) }
            }
            _ => Err(MoveError::NotEmpty(place.to_owned())),
        }
    }

    /// Whether nothing was written down since the move was done but that somebody exported, or could not sign in.
    async fn only_looked_at(&self, target: &dyn Snapshot) -> Result<bool> {
        let mut after = self.0.get(AUDIT).copied().unwrap_or_default();
        let changes = |row: &Row| {
            let action =
                row.int(4).and_then(|number| u8::try_from(number).ok()).and_then(Action::from_number);
            !matches!(action, Some(Action::Export | Action::SignInFailure))
        };
        while let Some(until) = target.page_end(Table::Audit, None, after).await? {
            let page = target.page(Table::Audit, None, after, until).await?;
            if page.iter().any(|(_, row)| changes(row)) {
                return Ok(false);
            }
            after = until;
        }
        Ok(true)
    }

    /// What the target says from the beginning of a move on.
    pub(super) fn begun(source: i64, run: i64) -> Rows {
        vec![setting(STATE, UNDER_WAY), setting(RUN, run), setting(SOURCE, source)]
    }

    /// What it says at the end. Processes that have it open learn by the `generation` that users, keys and
    /// rows are others now. `access` says more than that: from 1 on nobody comes in without a key, so a
    /// place without users and keys has to stay one.
    pub(super) async fn done(&self, target: &dyn Snapshot, source: &Self) -> Result<Rows> {
        let number = |marks: &Self, name| marks.0.get(name).copied().unwrap_or(0);
        let access = number(self, "access").max(number(source, "access"));
        let mut rows = vec![
            setting(LEFT_AS, look(target).await?),
            setting(AUDIT, target.last(Table::Audit, None).await?),
            setting("generation", number(self, "generation") + 1),
            setting(STATE, DONE),
        ];
        if access > 0 {
            rows.push(setting("access", access));
        }
        Ok(rows)
    }
}

/// An owner's memories are here up to this change.
pub(super) fn at_seq(owner: OwnerId, seq: i64) -> (Table, Row) {
    setting(&format!("{SEQ}{}", owner.0), seq)
}

/// Which database this is, however its address is written: by when its first user was made, to the millisecond.
pub(super) fn identity(owners: &[Row]) -> i64 {
    let mut sum = Sum::default();
    if let Some(first) = owners.first() {
        let parts = [first.0[0].clone(), first.0[4].clone()];
        sum.add(digest(Table::Owners, &Row(parts.to_vec())));
    }
    sum.short()
}

/// What every write of memories, vectors and conversations changes: the numbers of an owner.
async fn look(target: &dyn Snapshot) -> Result<i64> {
    let mut sum = Sum::default();
    for owner in target.whole(Table::Owners).await? {
        sum.add(digest(Table::Owners, &owner));
    }
    Ok(sum.short())
}

/// Whether nobody has stored anything yet.
async fn is_empty(target: &dyn Snapshot) -> Result<bool> {
    let owners = target.whole(Table::Owners).await?;
    let fresh = |owner: &Row| owner.int(2) == Some(0) && owner.int(3) == Some(0);
    Ok(owners.len() <= 1
        && owners.iter().all(fresh)
        && target.whole(Table::Keys).await?.is_empty()
        && target.last(Table::Audit, None).await? == 0)
}
