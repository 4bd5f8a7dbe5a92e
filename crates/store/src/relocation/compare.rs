//! Comparing both sides row by row, and bringing into line what differs. What still differs then is told by its name.

use std::collections::{BTreeMap, BTreeSet};

use omp_model::{ConversationId, MemoryId, OwnerId};

use super::digest::{Sum, digest};
use super::mover::{self, Mover};
use super::row::Row;
use super::tables::Table;
use super::{MoveError, Moved, MovedOwner, Phase, Rows, Snapshot};

type Result<T> = std::result::Result<T, MoveError>;

/// Most differences that are told.
const MOST_TOLD: usize = 20;

/// What was read of both sides.
#[derive(Default)]
pub(super) struct Tally {
    rows: BTreeMap<&'static str, u64>,
    here: Sum,
    there: Sum,
    corrected: u64,
    differences: Vec<String>,
}

impl Tally {
    /// So many rows of a table, as the target has them.
    fn count(&self, table: Table) -> u64 {
        self.rows.get(table.name()).copied().unwrap_or(0)
    }
}

/// The digests of rows by their positions: a memory's are those of all that belongs to it.
fn digests(rows: &Rows) -> BTreeMap<i64, Sum> {
    let mut sums: BTreeMap<i64, Sum> = BTreeMap::new();
    for (table, row) in rows {
        sums.entry(row.position()).or_default().add(digest(*table, row));
    }
    sums
}

/// The positions at which the two are not the same.
fn differing(here: &BTreeMap<i64, Sum>, there: &BTreeMap<i64, Sum>) -> BTreeSet<i64> {
    let positions: BTreeSet<i64> = here.keys().chain(there.keys()).copied().collect();
    positions.into_iter().filter(|position| here.get(position) != there.get(position)).collect()
}

impl Mover<'_> {
    /// Compares everything. Gives what there is, and the users of the state that was compared.
    pub(super) async fn verify(&mut self, from: &dyn Snapshot) -> Result<(Moved, Vec<Row>)> {
        self.phase(Phase::Comparing, 0);
        let owners = from.whole(Table::Owners).await?;
        let mut moved = Moved {
            owners: Vec::with_capacity(owners.len()),
            keys: 0,
            shares: 0,
            audit: 0,
            as_of: omp_model::Timestamp::from_millis(0),
            passes: 0,
            corrected: 0,
            source_changed: false,
        };
        let mut differences = Vec::new();
        for row in &owners {
            let (owner, name) = (mover::owner(row), row.text(1).unwrap_or_default().to_owned());
            let mut tally = Tally::default();
            // What came in an envelope is compared before the envelopes.
            for root in [Table::Memories, Table::Conversations, Table::Tombstones, Table::Envelopes] {
                self.compare(from, root, Some(owner), &mut tally).await?;
            }
            if tally.differences.is_empty() && tally.here != tally.there {
                tally.differences.push("the sums over all rows".to_owned());
            }
            differences.extend(tally.differences.iter().map(|what| format!("{what} of {name}")));
            moved.corrected += tally.corrected;
            moved.owners.push(MovedOwner { owner, name, rows: tally.rows, digest: tally.there.to_string() });
        }
        let mut tally = Tally::default();
        self.compare(from, Table::Audit, None, &mut tally).await?;
        (moved.audit, moved.corrected) = (tally.count(Table::Audit), moved.corrected + tally.corrected);
        differences.append(&mut tally.differences);
        let there = self.target.snapshot().await?;
        for table in [Table::Owners, Table::Keys, Table::Shares, Table::Spaces, Table::Settings] {
            let (source, target) = (mover::small(from, table).await?, mover::small(&*there, table).await?);
            match table {
                Table::Keys => moved.keys = target.len() as u64,
                Table::Shares => moved.shares = target.len() as u64,
                _ => {}
            }
            if source != target {
                differences.push(format!("the table {}", table.name()));
            }
        }
        if differences.is_empty() {
            return Ok((moved, owners));
        }
        if differences.len() > MOST_TOLD {
            let more = differences.len() - MOST_TOLD;
            differences.truncate(MOST_TOLD);
            differences.push(format!("and {more} more"));
        }
        Err(MoveError::Differs(differences))
    }

    /// Compares what an owner has in a root table, page by page; the target takes over what differs and is read again.
    pub(super) async fn compare(
        &mut self,
        from: &dyn Snapshot,
        root: Table,
        owner: Option<OwnerId>,
        tally: &mut Tally,
    ) -> Result<()> {
        let mut there = self.target.snapshot().await?;
        let mut after = root.bounds(owner).0;
        loop {
            // Behind the last row of the source stands what only the target has.
            let until = match from.page_end(root, owner, after).await? {
                Some(until) => until,
                None => match there.page_end(root, owner, after).await? {
                    Some(until) => until,
                    None => return Ok(()),
                },
            };
            let (ours, theirs) =
                tokio::join!(from.page(root, owner, after, until), there.page(root, owner, after, until));
            let (ours, mut theirs) = (ours?, theirs?);
            let here = digests(&ours);
            let other = differing(&here, &digests(&theirs));
            if !other.is_empty() {
                // A reader of the state before would hold up the removal of what is removed.
                drop(there);
                self.align(root, owner, &ours, &theirs, &other).await?;
                tally.corrected += other.len() as u64;
                there = self.target.snapshot().await?;
                theirs = there.page(root, owner, after, until).await?;
                let left = differing(&here, &digests(&theirs));
                tally
                    .differences
                    .extend(left.into_iter().map(|at| name(root, at, ours.iter().chain(&theirs))));
            }
            for (table, row) in &theirs {
                *tally.rows.entry(table.name()).or_insert(0) += 1;
                tally.there.add(digest(*table, row));
            }
            for (table, row) in &ours {
                tally.here.add(digest(*table, row));
            }
            self.progress(root, ours.iter().filter(|(table, _)| *table == root).count() as u64);
            after = until;
        }
    }

    /// Makes the target at these positions what the source is there.
    async fn align(
        &self,
        root: Table,
        owner: Option<OwnerId>,
        ours: &Rows,
        theirs: &Rows,
        other: &BTreeSet<i64>,
    ) -> Result<()> {
        let at = |rows: &Rows| -> Rows {
            rows.iter().filter(|(_, row)| other.contains(&row.position())).cloned().collect()
        };
        let here: BTreeSet<i64> = ours.iter().map(|(_, row)| row.position()).collect();
        let mut gone = at(theirs);
        gone.retain(|(table, row)| *table == root && !here.contains(&row.position()));
        self.write(owner, gone, at(ours)).await
    }
}

/// What somebody who looks for it can find.
fn name<'a>(root: Table, position: i64, mut rows: impl Iterator<Item = &'a (Table, Row)>) -> String {
    let row = rows.find(|(table, row)| *table == root && row.position() == position);
    let id = row.and_then(|(_, row)| row.text(1));
    match (root, id) {
        (Table::Memories, Some(id)) => MemoryId::from_body(id).map(|id| format!("the memory {id}")),
        (Table::Conversations, Some(id)) => {
            ConversationId::from_body(id).map(|id| format!("the conversation {id}"))
        }
        _ => None,
    }
    .unwrap_or_else(|| format!("row {position} of {}", root.name()))
}
