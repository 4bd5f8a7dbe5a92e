//! Moving everything of a database to another one, of whichever engine.
//!
//! Rows go over as they are: row numbers, times, the numbers of changes, hashes of keys. So nothing that
//! somebody holds in the hand (an id, a key, a position among the changes) means anything else afterwards, and
//! nothing has to be embedded again. What follows from the rows (words, lists, counters) the target makes
//! itself. [`tables`] says of each table which of the two it is.
//!
//! * [`Relocation`] is what an engine does: show one state of itself ([`Snapshot`]), and write a [`Batch`] in one
//!   transaction. Writing a batch twice is writing it once.
//! * [`relocate`] is the course: passes, each over one state of the source, of which the first carries everything and every
//!   further one what came meanwhile; then a last one after which both sides are compared row by row.
//! * The target knows that it is being filled, and by which run (`marks`): until it is whole nobody else opens it, whoever had
//!   it open before writes nothing to it, and a move that was interrupted goes on.

mod compare;
mod digest;
mod marks;
mod mover;
pub(crate) mod row;
pub mod tables;

use async_trait::async_trait;
use omp_model::OwnerId;

pub(crate) use self::marks::{RUN, STATE, is_claimed_by, is_under_way};
pub use self::mover::{MoveError, MoveProgress, Moved, MovedOwner, Phase, plan, relocate};
pub use self::row::Row;
pub(crate) use self::row::{Cell, Kind};
pub use self::tables::Table;
use crate::{Maintenance, Result};

/// Rows with their tables.
pub type Rows = Vec<(Table, Row)>;

/// A database that can be read as a whole, and filled.
#[async_trait]
pub trait Relocation: Maintenance {
    /// Where it is, for people: no password.
    fn place(&self) -> String;

    /// One state of everything, for as long as this is held.
    async fn snapshot(&self) -> Result<Box<dyn Snapshot>>;

    /// Writes the settings that say who fills this database: when nobody is in the middle of writing, and if nobody has
    /// written since it was seen like this; whether it did. From then on nothing is written but by that run.
    async fn claim(&self, seen: Seen, settings: Rows) -> Result<bool>;

    /// Writes a batch, all of it or nothing. Rows take the place of those with their key; a memory with all that
    /// belongs to it takes the place of those with its row number or its id. `false`, and nothing is written, when the
    /// database is no longer this run's.
    async fn write(&self, batch: Batch) -> Result<bool>;

    /// After the last batch of a run: what the engine counts by itself goes on after what came. `false` as for a batch.
    async fn filled(&self, run: i64) -> Result<bool>;
}

/// How a database was found: whatever anybody writes that is more than the
/// time of a key's last use changes one of these.
#[derive(PartialEq, Eq)]
pub struct Seen {
    /// Users, with the numbers of their last rows and changes.
    pub(crate) owners: Vec<Row>,
    /// Settings: how often users, keys and shares have changed, and what is being moved here.
    pub(crate) settings: Vec<Row>,
    /// The last entry of the audit.
    pub(crate) audit: i64,
}

impl Seen {
    /// What is seen of a state.
    async fn of(state: &dyn Snapshot) -> Result<Self> {
        let (owners, settings) = (state.whole(Table::Owners).await?, state.whole(Table::Settings).await?);
        Ok(Self { owners, settings, audit: state.last(Table::Audit, None).await? })
    }
}

/// What is written in one transaction.
#[derive(Debug)]
pub struct Batch {
    /// Which run of a move writes it.
    pub run: i64,
    /// Whose rows these are, where they have one owner.
    pub owner: Option<OwnerId>,
    /// Rows that go, in this order and before others come. With a memory goes all that belongs to it.
    pub gone: Rows,
    /// Rows that come, in this order.
    pub rows: Rows,
}

/// One state of a database. A root table has positions: numbers by which its rows are read in order.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// All rows of a small table, by key.
    async fn whole(&self, table: Table) -> Result<Vec<Row>>;

    /// Where the next page after a position ends, by rows and by bytes; `None` when nothing follows.
    async fn page_end(&self, root: Table, owner: Option<OwnerId>, after: i64) -> Result<Option<i64>>;

    /// The rows of a root table behind `after` up to `until`, with all that belongs to them.
    async fn page(&self, root: Table, owner: Option<OwnerId>, after: i64, until: i64) -> Result<Rows>;

    /// Those at these positions, as far as they are there.
    async fn at(&self, root: Table, owner: Option<OwnerId>, positions: &[i64]) -> Result<Rows>;

    /// The last position, or the one before the first when there is no row.
    async fn last(&self, root: Table, owner: Option<OwnerId>) -> Result<i64>;

    /// How many rows a root table has.
    async fn count(&self, root: Table) -> Result<u64>;

    /// The memories that a change after `seq` touched, by the numbers of the changes: pairs of number and row number.
    async fn changes(&self, owner: OwnerId, seq: i64, limit: u32) -> Result<Vec<(i64, i64)>>;
}

/// Most rows of a page, and about how many bytes of text it holds.
pub(crate) const PAGE_ROWS: i64 = 2_000;
pub(crate) const PAGE_BYTES: i64 = 8 << 20;
