//! A write transaction: the numbers that it hands out and the counters that it keeps.

use std::collections::HashMap;

use omp_model::OwnerId;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::entries::Entries;
use super::relocation;
use crate::stored::{FacetKind, pk_range};

/// What the writer remembers between transactions.
#[derive(Default)]
pub(super) struct Memo {
    /// The numbers of facets: right as long as nobody else has written, and restored, the file.
    facets: HashMap<(OwnerId, FacetKind, String), i64>,
    /// The engine's number for the last write of another connection.
    version: Option<i64>,
    /// Whether another process is moving a database into this file.
    being_filled: bool,
}

impl Memo {
    /// Most facets to remember.
    const MOST: usize = 50_000;

    /// At the beginning of a transaction: whatever another connection did may have been a restore.
    pub(super) fn check(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let version = connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?;
        if self.version != Some(version) {
            self.forget();
            self.being_filled = relocation::is_being_filled(connection)?;
            self.version = Some(version);
        }
        Ok(())
    }

    /// Whether only the move into this file may write to it.
    pub(super) fn is_being_filled(&self) -> bool {
        self.being_filled
    }

    /// After a transaction of a move: what it left is read by the next one.
    pub(super) fn look_again(&mut self) {
        self.version = None;
    }

    /// After a rollback: a facet that was just made does not exist any more.
    pub(super) fn forget(&mut self) {
        self.facets.clear();
    }
}

/// An owner's numbers while a transaction lasts.
struct Numbers {
    next_pk: i64,
    seq: i64,
    /// What `seq` was when the transaction first asked.
    before: i64,
}

/// What a transaction comes to.
pub(super) struct Finished {
    /// Whether something was removed for good.
    pub(super) forgets: bool,
    /// Owners whose memories have changed, with the number of the last change.
    pub(super) changed: Vec<(OwnerId, i64)>,
}

/// Inside a transaction. Counters are added up here and written once, by [`Tx::finish`].
pub(super) struct Tx<'c> {
    connection: &'c Connection,
    memo: &'c mut Memo,
    owners: HashMap<OwnerId, Numbers>,
    counts: HashMap<i64, i64>,
    pub(super) entries: Entries,
    forgets: bool,
}

impl<'c> Tx<'c> {
    pub(super) fn new(connection: &'c Connection, memo: &'c mut Memo) -> Self {
        Self {
            connection,
            memo,
            owners: HashMap::new(),
            counts: HashMap::new(),
            entries: Entries::default(),
            forgets: false,
        }
    }

    /// Something is removed for good: no former page of the file may outlive this transaction.
    pub(super) fn forgets(&mut self) {
        self.forgets = true;
    }

    pub(super) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// A compiled statement.
    pub(super) fn statement(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        self.connection.prepare_cached(sql)
    }

    fn numbers(&mut self, owner: OwnerId) -> rusqlite::Result<&mut Numbers> {
        if !self.owners.contains_key(&owner) {
            let numbers = self.statement("SELECT next_pk, seq FROM owners WHERE owner = ?1")?.query_row(
                [owner.0],
                |row| {
                    let seq = row.get(1)?;
                    Ok(Numbers { next_pk: row.get(0)?, seq, before: seq })
                },
            )?;
            self.owners.insert(owner, numbers);
        }
        Ok(self.owners.get_mut(&owner).expect("just put there"))
    }

    /// The next row number of this owner.
    pub(super) fn next_pk(&mut self, owner: OwnerId) -> rusqlite::Result<i64> {
        let numbers = self.numbers(owner)?;
        numbers.next_pk += 1;
        Ok(pk_range(owner).0 + numbers.next_pk)
    }

    /// The number of this change.
    pub(super) fn next_seq(&mut self, owner: OwnerId) -> rusqlite::Result<i64> {
        let numbers = self.numbers(owner)?;
        numbers.seq += 1;
        Ok(numbers.seq)
    }

    /// The number of a facet, made when it is new.
    pub(super) fn facet(&mut self, owner: OwnerId, kind: FacetKind, value: &str) -> rusqlite::Result<i64> {
        let key = (owner, kind, value.to_owned());
        if let Some(facet) = self.memo.facets.get(&key) {
            return Ok(*facet);
        }
        let facet = match facet_id(self.connection, owner, kind, value)? {
            Some(facet) => facet,
            None => self
                .statement("INSERT INTO facets (owner, kind, value) VALUES (?1, ?2, ?3)")?
                .insert(params![owner.0, kind.as_str(), value])?,
        };
        if self.memo.facets.len() >= Memo::MOST {
            self.memo.forget();
        }
        self.memo.facets.insert(key, facet);
        Ok(facet)
    }

    /// Writes the list entries that wait, before something looks for one of them.
    pub(super) fn write_entries(&mut self) -> rusqlite::Result<()> {
        self.entries.write(self.connection)
    }

    /// The facets of an owner are gone.
    pub(super) fn forget_facets(&mut self) {
        self.memo.forget();
    }

    /// Adds to a facet's counter.
    pub(super) fn count(&mut self, facet: i64, difference: i64) {
        *self.counts.entry(facet).or_insert(0) += difference;
    }

    /// Writes what was collected and added up.
    pub(super) fn finish(mut self) -> rusqlite::Result<Finished> {
        self.write_entries()?;
        let mut update = self.statement("UPDATE facets SET n = n + ?2 WHERE facet = ?1")?;
        for (facet, difference) in self.counts.iter().filter(|(_, difference)| **difference != 0) {
            update.execute([facet, difference])?;
        }
        // A tag, namespace or tool is a word of the person's too: it goes with the last memory that has it.
        let mut remove = self.statement("DELETE FROM facets WHERE facet = ?1 AND n <= 0")?;
        let mut removed = 0;
        for (facet, _) in self.counts.iter().filter(|(_, difference)| **difference <= 0) {
            removed += remove.execute([facet])?;
        }
        if removed > 0 {
            self.memo.forget();
        }
        let mut update = self.statement("UPDATE owners SET next_pk = ?2, seq = ?3 WHERE owner = ?1")?;
        for (owner, numbers) in &self.owners {
            update.execute(params![owner.0, numbers.next_pk, numbers.seq])?;
        }
        let changed = self.owners.iter().filter(|(_, numbers)| numbers.seq != numbers.before);
        let changed = changed.map(|(owner, numbers)| (*owner, numbers.seq)).collect();
        Ok(Finished { forgets: self.forgets, changed })
    }
}

/// The number of a facet, if there is such a facet.
fn facet_id(
    connection: &Connection,
    owner: OwnerId,
    kind: FacetKind,
    value: &str,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT facet FROM facets WHERE owner = ?1 AND kind = ?2 AND value = ?3")?
        .query_row(params![owner.0, kind.as_str(), value], |row| row.get(0))
        .optional()
}
