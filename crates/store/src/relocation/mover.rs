//! The course of a move: passes over states of the source until little is left, a last one, and the comparison.

use std::collections::{BTreeMap, BTreeSet};

use omp_model::{Clock, OwnerId, RandomSource, Timestamp};

use super::compare::Tally;
use super::marks::{self, Marks};
use super::row::{Cell, Row};
use super::tables::{MOVED_SETTINGS, Table};
use super::{Batch, Relocation, Rows, Seen, Snapshot};
use crate::StoreError;

/// So few changes of a pass are little: the next pass is the last.
const LITTLE: u64 = 500;

/// Most passes before the last one, however much the source is being written to.
const MOST_PASSES: u32 = 20;

/// Changed memories that are caught up with at a time.
const CHANGES: u32 = 256;

/// Why a move ended without being done.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// One of the two databases failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Source and target are the same database.
    #[error("the source and the target are the same database: {0}")]
    Same(String),
    /// The target already holds data that no move of this source brought.
    #[error(
        "{0} is not empty and holds no move of this source; give a target without memories, users and keys"
    )]
    NotEmpty(String),
    /// The target holds an unfinished move of another database.
    #[error("{0} holds an unfinished move of another source; finish that one, or give an empty target")]
    Another(String),
    /// The target is in use.
    #[error(
        "{0} has been written to since it was moved to, so it is left as it is; give an empty target to move once more"
    )]
    Used(String),
    /// Another run writes to the target.
    #[error(
        "another `omp migrate` has taken over the move into {0}; let that one finish, then run this again if the source has been written to since"
    )]
    TakenOver(String),
    /// What is read back from the target differs from the source.
    #[error("the target does not hold what the source holds: {}", .0.join("; "))]
    Differs(Vec<String>),
}

type Result<T> = std::result::Result<T, MoveError>;

/// What a move is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Everything is carried over.
    Copying,
    /// What came meanwhile is carried over.
    CatchingUp,
    /// Both sides are read and compared.
    Comparing,
}

/// How far a move is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MoveProgress {
    /// What it is doing.
    pub phase: Phase,
    /// Memories and conversations that this phase is done with.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// What was moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Each user.
    pub owners: Vec<MovedOwner>,
    /// Keys, the revoked ones too.
    pub keys: u64,
    /// Shares.
    pub shares: u64,
    /// Entries of the audit.
    pub audit: u64,
    /// Since when what is written to the source may not be in the target.
    pub as_of: Timestamp,
    /// How often the source was gone through.
    pub passes: u32,
    /// Rows that only the comparison brought into line: removed conversations, for instance, have no number.
    pub corrected: u64,
    /// Whether the source has been written to since the state that was moved.
    pub source_changed: bool,
}

/// What was moved of one user: read back from the target, and equal to the source row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedOwner {
    /// The user's number.
    pub owner: OwnerId,
    /// The user's name.
    pub name: String,
    /// How many rows of each table.
    pub rows: BTreeMap<&'static str, u64>,
    /// The sum over the digests of all these rows.
    pub digest: String,
}

/// What a move would carry: how many rows each table has.
///
/// # Errors
/// Those of the store.
pub async fn plan(source: &dyn Relocation) -> crate::Result<BTreeMap<&'static str, u64>> {
    let from = source.snapshot().await?;
    let mut counts = BTreeMap::new();
    for table in [Table::Owners, Table::Keys, Table::Shares] {
        counts.insert(table.name(), from.whole(table).await?.len() as u64);
    }
    for table in [Table::Memories, Table::Conversations, Table::Audit] {
        counts.insert(table.name(), from.count(table).await?);
    }
    Ok(counts)
}

/// Moves everything. May be called again after an interruption, and to catch up with a source that
/// went on. `random` tells this run from others.
///
/// # Errors
/// A target that is not this source's or that another run has taken over, rows that do not come back as they were, and
/// the stores' own errors.
pub async fn relocate(
    source: &dyn Relocation,
    target: &dyn Relocation,
    clock: &dyn Clock,
    random: &dyn RandomSource,
    tell: &(dyn Fn(MoveProgress) + Send + Sync),
) -> Result<Moved> {
    if source.place() == target.place() {
        return Err(MoveError::Same(source.place()));
    }
    let mut run = [0; 8];
    random.fill(&mut run);
    let progress = MoveProgress { phase: Phase::Copying, done: 0, total: 0 };
    let mut mover = Mover { source, target, run: i64::from_le_bytes(run), tell, progress };
    mover.begin().await?;
    let mut passes = 1;
    let mut phase = Phase::Copying;
    loop {
        let moved = mover.pass(&*source.snapshot().await?, phase).await?;
        (passes, phase) = (passes + 1, Phase::CatchingUp);
        if moved <= LITTLE || passes > MOST_PASSES {
            break;
        }
    }
    let as_of = clock.now();
    let from = source.snapshot().await?;
    mover.pass(&*from, phase).await?;
    let (mut moved, owners) = mover.verify(&*from).await?;
    let (last, marks) = (from.last(Table::Audit, None).await?, Marks::read(&*from).await?);
    drop(from);
    mover.end(&marks).await?;
    (moved.passes, moved.as_of) = (passes, as_of);
    let now = source.snapshot().await?;
    moved.source_changed =
        now.whole(Table::Owners).await? != owners || now.last(Table::Audit, None).await? != last;
    Ok(moved)
}

/// The owner of a row of `owners`.
pub(super) fn owner(row: &Row) -> OwnerId {
    OwnerId(row.int(0).and_then(|number| u32::try_from(number).ok()).unwrap_or_default())
}

pub(super) struct Mover<'a> {
    source: &'a dyn Relocation,
    pub(super) target: &'a dyn Relocation,
    run: i64,
    tell: &'a (dyn Fn(MoveProgress) + Send + Sync),
    progress: MoveProgress,
}

impl Mover<'_> {
    /// Makes sure that this target may be filled, and says in it that it is being filled.
    async fn begin(&mut self) -> Result<()> {
        let from = self.source.snapshot().await?;
        let source = marks::identity(&from.whole(Table::Owners).await?);
        for root in [Table::Memories, Table::Conversations] {
            self.progress.total += from.count(root).await?;
        }
        loop {
            let there = self.target.snapshot().await?;
            Marks::read(&*there).await?.admit(&*there, &self.target.place(), source).await?;
            self.progress.done = 0;
            for root in [Table::Memories, Table::Conversations] {
                self.progress.done += there.count(root).await?;
            }
            let seen = Seen::of(&*there).await?;
            drop(there);
            // Whoever has it open may have written since it was looked at; then it is looked at once more.
            if self.target.claim(seen, Marks::begun(source, self.run)).await? {
                return Ok(());
            }
        }
    }

    async fn end(&self, source: &Marks) -> Result<()> {
        self.must_be_ours(self.target.filled(self.run).await?)?;
        let there = self.target.snapshot().await?;
        let rows = Marks::read(&*there).await?.done(&*there, source).await?;
        drop(there);
        self.write(None, Rows::new(), rows).await
    }

    pub(super) async fn write(&self, owner: Option<OwnerId>, gone: Rows, rows: Rows) -> Result<()> {
        if !gone.is_empty() || !rows.is_empty() {
            self.must_be_ours(self.target.write(Batch { run: self.run, owner, gone, rows }).await?)?;
        }
        Ok(())
    }

    fn must_be_ours(&self, ours: bool) -> Result<()> {
        if ours { Ok(()) } else { Err(MoveError::TakenOver(self.target.place())) }
    }

    pub(super) fn phase(&mut self, phase: Phase, done: u64) {
        self.progress = MoveProgress { phase, done, ..self.progress };
        (self.tell)(self.progress);
    }

    /// What was done with these rows counts for whoever looks on.
    pub(super) fn progress(&mut self, root: Table, rows: u64) {
        if matches!(root, Table::Memories | Table::Conversations) {
            self.progress.done += rows;
            self.progress.total = self.progress.total.max(self.progress.done);
            (self.tell)(self.progress);
        }
    }

    /// Brings the target to a state of the source, as far as numbers tell; gives how many rows that took.
    async fn pass(&mut self, from: &dyn Snapshot, phase: Phase) -> Result<u64> {
        self.phase(phase, self.progress.done);
        let owners = from.whole(Table::Owners).await?;
        let there = self.target.snapshot().await?.whole(Table::Owners).await?;
        let here: BTreeSet<OwnerId> = owners.iter().map(owner).collect();
        for gone in there.iter().filter(|row| !here.contains(&owner(row))) {
            // The source has nothing of theirs, so everything goes.
            for root in Table::OWNED {
                self.compare(from, root, Some(owner(gone)), &mut Tally::default()).await?;
            }
        }
        self.small_tables(from).await?;
        let marks = Marks::read(&*self.target.snapshot().await?).await?;
        let mut moved = 0;
        for row in &owners {
            let (whose, seq) = (owner(row), row.int(3).unwrap_or_default());
            moved += self.append(from, Table::Envelopes, Some(whose)).await?;
            match marks.seq(whose) {
                // What this pass brings is of this state or a later one.
                None => self.write(None, Rows::new(), vec![marks::at_seq(whose, seq)]).await?,
                Some(since) if since < seq => moved += self.catch_up(from, whose, since).await?,
                Some(_) => {}
            }
            for root in [Table::Memories, Table::Conversations, Table::Tombstones] {
                moved += self.append(from, root, Some(whose)).await?;
            }
            if marks.seq(whose).is_some_and(|since| since != seq) {
                self.write(None, Rows::new(), vec![marks::at_seq(whose, seq)]).await?;
            }
        }
        Ok(moved + self.append(from, Table::Audit, None).await?)
    }

    /// Users, keys, shares, models: what is other there becomes as it is here.
    async fn small_tables(&self, from: &dyn Snapshot) -> Result<()> {
        let there = self.target.snapshot().await?;
        let (mut gone, mut rows) = (Rows::new(), Rows::new());
        // Keys and shares name users: these come first and go last.
        for table in [Table::Owners, Table::Keys, Table::Shares, Table::Spaces, Table::Settings] {
            let (source, target) = (small(from, table).await?, small(&*there, table).await?);
            let unknown = target.iter().filter(|(key, _)| !source.contains_key(*key));
            gone.splice(0..0, unknown.map(|(_, row)| (table, row.clone())));
            let other = source.iter().filter(|(key, row)| target.get(*key) != Some(row));
            rows.extend(other.map(|(_, row)| (table, row.clone())));
        }
        drop(there);
        self.write(None, gone, rows).await
    }

    /// Carries over what stands behind the last row of the target. The next page is read while one is written.
    async fn append(&mut self, from: &dyn Snapshot, root: Table, owner: Option<OwnerId>) -> Result<u64> {
        let after = self.target.snapshot().await?.last(root, owner).await?;
        let (mut next, mut moved) = (page(from, root, owner, after).await?, 0);
        while let Some((until, rows)) = next {
            let count = rows.iter().filter(|(table, _)| *table == root).count() as u64;
            let (written, following) =
                tokio::join!(self.write(owner, Rows::new(), rows), page(from, root, owner, until));
            written?;
            next = following?;
            moved += count;
            self.progress(root, count);
        }
        Ok(moved)
    }

    /// Carries over what has changed of the memories that are in the target.
    async fn catch_up(&mut self, from: &dyn Snapshot, owner: OwnerId, since: i64) -> Result<u64> {
        let there = self.target.snapshot().await?;
        let last = there.last(Table::Memories, Some(owner)).await?;
        drop(there);
        let (mut seq, mut moved) = (since, 0);
        loop {
            let changes = from.changes(owner, seq, CHANGES).await?;
            let Some((newest, _)) = changes.last() else { return Ok(moved) };
            seq = *newest;
            let mut pks: Vec<i64> = changes.iter().map(|(_, pk)| *pk).filter(|pk| *pk <= last).collect();
            pks.sort_unstable();
            pks.dedup();
            let mut rows = from.at(Table::Memories, Some(owner), &pks).await?;
            let is =
                |pk: &i64| rows.iter().any(|(table, row)| *table == Table::Memories && row.position() == *pk);
            let gone = pks.iter().filter(|pk| !is(pk)).map(|pk| (Table::Memories, Row(vec![Cell::Int(*pk)])));
            let gone = gone.collect();
            rows.push(marks::at_seq(owner, seq));
            self.write(Some(owner), gone, rows).await?;
            moved += pks.len() as u64;
        }
    }
}

/// The rows of a small table that go over, by their keys.
pub(super) async fn small(from: &dyn Snapshot, table: Table) -> Result<BTreeMap<Vec<Cell>, Row>> {
    let moves = |row: &Row| {
        table != Table::Settings || row.text(0).is_some_and(|name| MOVED_SETTINGS.contains(&name))
    };
    let rows = from.whole(table).await?.into_iter().filter(moves);
    Ok(rows.map(|row| (row.0[..table.key()].to_vec(), row)).collect())
}

/// The page behind a position, and where it ends.
async fn page(
    from: &dyn Snapshot,
    root: Table,
    owner: Option<OwnerId>,
    after: i64,
) -> Result<Option<(i64, Rows)>> {
    let Some(until) = from.page_end(root, owner, after).await? else { return Ok(None) };
    Ok(Some((until, from.page(root, owner, after, until).await?)))
}
