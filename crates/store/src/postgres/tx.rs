//! A write transaction: the numbers that it hands out, and what it adds up and writes once at its end.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use omp_model::{Memory, MemoryId, OwnerId, Timestamp};
use tokio_postgres::Row;

use super::inserts::{self, AllRows, NewRows};
use super::notify::Changed;
use super::session::{Columns, Owned, Session, number};
use super::{rows, vectors};
use crate::stored::{FacetKind, pk_range};
use crate::{Result, StoreError};

/// The counter of all words of an owner: a kind that lists know nothing of.
pub(super) const WORDS: &str = "words";

/// The last numbers that an owner's rows and changes were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) next_pk: i64,
    pub(super) seq: i64,
}

/// An owner's numbers while a transaction lasts, and what they were when the lock was taken.
struct OwnerNumbers {
    now: Numbers,
    before: Numbers,
}

impl OwnerNumbers {
    fn at(numbers: Numbers) -> Self {
        Self { now: numbers, before: numbers }
    }
}

/// What became of a transaction that lasts.
pub(super) struct Committed {
    /// How long its last step took.
    pub(super) took: Duration,
    /// What it left the numbers of its owners at.
    pub(super) numbers: Vec<(OwnerId, Numbers)>,
    pub(super) changed: Changed,
}

/// What is written down of a transaction.
pub(super) struct Entry {
    pub(super) at: Timestamp,
    pub(super) actor: OwnerId,
    pub(super) key: Option<String>,
    pub(super) action: u8,
    pub(super) target: Option<String>,
    pub(super) count: u64,
}

/// Memories by their ids, each with its row number.
pub(super) type Known = HashMap<MemoryId, (i64, Memory)>;

const LOCK: &str =
    "SELECT owner, next_pk, seq FROM owners WHERE owner = ANY($1) ORDER BY owner FOR NO KEY UPDATE";

/// The same for one owner whose numbers must be these; the transaction fails if they are not.
const LOCK_EXPECTED: &str = "WITH held AS \
     (SELECT 1 FROM owners WHERE owner = $1 AND next_pk = $2 AND seq = $3 FOR NO KEY UPDATE) \
     SELECT 1 / count(*) FROM held";

/// Makes the transaction fail if another database is being moved into this one: there is no logarithm of 0, and nobody
/// else asks for that of what is none ([`failure`](super::connection::failure) knows). It says 0 otherwise.
pub(super) const NOT_BEING_FILLED: &str =
    "SELECT ln((1 - count(*))::float8) FROM settings WHERE name = 'move' AND value = 1";

/// What holds off whoever writes without an owner's lock, and what they take: the table's number keeps schemas apart.
pub(super) const HOLD_OFF_ALL: &str =
    "SELECT pg_advisory_xact_lock(x'4f4d6567'::integer, 'settings'::regclass::oid::integer)";
const HELD_OFF: &str =
    "SELECT pg_advisory_xact_lock_shared(x'4f4d6567'::integer, 'settings'::regclass::oid::integer)";

/// Takes the locks of owners, in order.
async fn locked(session: &Session, owners: &[OwnerId]) -> Result<Vec<Row>> {
    let numbers: Vec<i32> = owners.iter().copied().map(number).collect();
    session.rows(LOCK, &[&numbers]).await
}

/// Inside a transaction.
pub(super) struct Tx {
    session: Session,
    acting: Option<OwnerId>,
    /// Those whose lock this transaction holds.
    owners: HashMap<OwnerId, OwnerNumbers>,
    counts: BTreeMap<(OwnerId, &'static str, String), i64>,
    entries: Vec<Entry>,
    access: bool,
    /// Whether this is a part of a move into this database.
    fills: bool,
    /// New memories that are stored by one statement at the end.
    at_once: Option<[NewRows; 4]>,
    /// Whether this is a transaction that stores new memories and does nothing else.
    only_stores: bool,
}

impl Deref for Tx {
    type Target = Session;
    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Tx {
    /// Begins a transaction that may write for these owners, who are in order.
    pub(super) async fn begin(pool: &Pool, place: &Arc<str>, owners: &[OwnerId]) -> Result<Self> {
        let acting = owners.first().copied();
        let session = Session::write(pool, place, acting).await?;
        let mut tx = Self::over(session, acting);
        if owners.is_empty() {
            tx.session.defer(HELD_OFF, Vec::new()).await?;
        }
        tx.lock(owners).await?;
        Ok(tx)
    }

    fn over(session: Session, acting: Option<OwnerId>) -> Self {
        Self {
            session,
            acting,
            owners: HashMap::new(),
            counts: BTreeMap::new(),
            entries: Vec::new(),
            access: false,
            fills: false,
            at_once: None,
            only_stores: false,
        }
    }

    /// For new memories of one owner whose numbers are known, and for nothing else: nothing is waited for until the
    /// commit, which fails if they are others.
    pub(super) async fn begin_expecting(
        pool: &Pool,
        place: &Arc<str>,
        owner: OwnerId,
        expected: Numbers,
    ) -> Result<Self> {
        let session = Session::store(pool, place, owner).await?;
        let values: Vec<Owned> =
            vec![Box::new(number(owner)), Box::new(expected.next_pk), Box::new(expected.seq)];
        session.defer(LOCK_EXPECTED, values).await?;
        let mut tx = Self { only_stores: true, ..Self::over(session, Some(owner)) };
        tx.owners.insert(owner, OwnerNumbers::at(expected));
        Ok(tx)
    }

    /// Begins a transaction of a move into this database: for nobody in particular, and while all others are refused.
    pub(super) async fn begin_to_fill(pool: &Pool, place: &Arc<str>) -> Result<Self> {
        let session = Session::write(pool, place, None).await?;
        Ok(Self { fills: true, ..Self::over(session, None) })
    }

    /// The same for one owner, with the memories that have these ids: both are asked for at once.
    pub(super) async fn begin_knowing(
        pool: &Pool,
        place: &Arc<str>,
        owner: OwnerId,
        ids: &[&str],
    ) -> Result<(Self, Known)> {
        let owners = [owner];
        let session = Session::write(pool, place, Some(owner)).await?;
        session.ready(LOCK).await?;
        session.ready(&rows::FIND_ALL).await?;
        let (locked, known) = tokio::try_join!(
            biased;
            locked(&session, &owners),
            // It runs after the lock is held, and sees what was committed by then.
            rows::find_all(&session, owner, ids)
        )?;
        let mut tx = Self::over(session, Some(owner));
        tx.hold(&locked)?;
        Ok((tx, known))
    }

    /// Takes the locks of owners, in order. Those who are gone have none.
    pub(super) async fn lock(&mut self, owners: &[OwnerId]) -> Result<()> {
        if owners.is_empty() {
            return Ok(());
        }
        let rows = locked(&self.session, owners).await?;
        self.hold(&rows)
    }

    fn hold(&mut self, rows: &[Row]) -> Result<()> {
        for row in rows {
            let owner = OwnerId(row.column::<i32>(0)?.cast_unsigned());
            let numbers = Numbers { next_pk: row.column(1)?, seq: row.column(2)? };
            self.owners.entry(owner).or_insert(OwnerNumbers::at(numbers));
        }
        Ok(())
    }

    /// Waits until nobody writes for any owner there is; whoever wants to waits for this transaction.
    pub(super) async fn hold_owners(&self) -> Result<()> {
        self.rows("SELECT owner FROM owners ORDER BY owner FOR NO KEY UPDATE", &[]).await.map(drop)
    }

    /// From here on the database lets this transaction see and write the rows of this owner only.
    pub(super) fn act_for(&mut self, owner: Option<OwnerId>) {
        if self.acting != owner {
            self.session.act_for(owner);
            self.acting = owner;
        }
    }

    fn numbers(&mut self, owner: OwnerId) -> Result<&mut Numbers> {
        self.owners.get_mut(&owner).map(|held| &mut held.now).ok_or_else(|| {
            StoreError::Internal("a write for an owner who is gone, or whom the write did not name".into())
        })
    }

    /// The next row number of this owner.
    pub(super) fn next_pk(&mut self, owner: OwnerId) -> Result<i64> {
        let numbers = self.numbers(owner)?;
        numbers.next_pk += 1;
        Ok(pk_range(owner).0 + numbers.next_pk)
    }

    /// The number of this change.
    pub(super) fn next_seq(&mut self, owner: OwnerId) -> Result<i64> {
        let numbers = self.numbers(owner)?;
        numbers.seq += 1;
        Ok(numbers.seq)
    }

    /// Inserts new memories and what belongs to them; they wait for their vectors in every space.
    pub(super) async fn insert_new(&mut self, owner: OwnerId, pks: &[i64], rows: [NewRows; 4]) -> Result<()> {
        if self.only_stores && self.at_once.is_none() {
            self.at_once = Some(rows);
            return Ok(());
        }
        // Nobody waits for their answers: they go out with what comes next.
        for rows in rows {
            rows.defer(self, Some(owner)).await?;
        }
        vectors::expect_first(self, owner, pks).await
    }

    /// Adds to a facet's counter.
    pub(super) fn count(&mut self, owner: OwnerId, kind: FacetKind, value: &str, difference: i64) {
        self.add(owner, kind.as_str(), value, difference);
    }

    /// Adds to the counter of an owner's words.
    pub(super) fn count_words(&mut self, owner: OwnerId, difference: i64) {
        self.add(owner, WORDS, "", difference);
    }

    fn add(&mut self, owner: OwnerId, kind: &'static str, value: &str, difference: i64) {
        *self.counts.entry((owner, kind, value.to_owned())).or_insert(0) += difference;
    }

    /// An owner goes, with all counters.
    pub(super) fn forget(&mut self, owner: OwnerId) {
        self.counts.retain(|(whose, ..), _| *whose != owner);
        self.owners.remove(&owner);
    }

    /// Writes something down at the end.
    pub(super) fn write_down(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Whoever keeps keys or shares in memory learns that they are others now.
    pub(super) fn access_changed(&mut self) {
        self.access = true;
    }

    /// Writes what was added up and makes everything last. All of it is sent at once.
    pub(super) async fn commit(mut self) -> Result<Committed> {
        // Bookkeeping of several owners at once is nobody's in particular.
        if self.owners.len() > 1 {
            self.act_for(None);
        }
        // By now this transaction holds the locks that a move waits for before it begins. Who
        // was given numbers asks when they are written.
        let numbered = self.owners.values().any(|held| held.now != held.before);
        if !self.fills && !numbered {
            self.session.defer(NOT_BEING_FILLED, Vec::new()).await?;
        }
        if let (Some(memories), Some((owner, held))) = (self.at_once.take(), self.owners.iter().next()) {
            let all = AllRows { memories, counters: self.count_rows(), audit: self.entry_rows() };
            inserts::store_at_once(&self.session, *owner, held.now, all).await?;
        } else {
            self.write_counts().await?;
            self.write_numbers().await?;
            self.entry_rows().defer(&self.session, None).await?;
        }
        // This row is waited for by everybody who changes users, keys or shares; so it comes in the last moment.
        self.write_access().await?;
        let changed = self.owners.iter().filter(|(_, held)| held.now.seq != held.before.seq);
        let changed = changed.map(|(owner, held)| (*owner, held.now.seq)).collect();
        let numbers = self.owners.iter().map(|(owner, held)| (*owner, held.now)).collect();
        Ok(Committed { took: self.session.commit().await?, numbers, changed })
    }

    async fn write_counts(&self) -> Result<()> {
        self.count_rows().defer(&self.session, None).await?;
        let fewer = self.counts.iter().filter(|(_, difference)| **difference < 0);
        let mut owners: Vec<i32> = fewer.map(|((owner, ..), _)| number(*owner)).collect();
        owners.dedup();
        if !owners.is_empty() {
            // A tag, namespace or tool is a word of the person's too: it goes with the last memory that has it.
            let sql = "DELETE FROM facets WHERE owner = ANY($1) AND n <= 0";
            self.session.defer(sql, vec![Box::new(owners)]).await?;
        }
        Ok(())
    }

    fn count_rows(&self) -> NewRows {
        let changed: Vec<_> = self.counts.iter().filter(|(_, difference)| **difference != 0).collect();
        let owners: Vec<i32> = changed.iter().map(|((owner, ..), _)| number(*owner)).collect();
        let kinds: Vec<&'static str> = changed.iter().map(|((_, kind, _), _)| *kind).collect();
        let values: Vec<String> = changed.iter().map(|((.., value), _)| value.clone()).collect();
        let differences: Vec<i64> = changed.iter().map(|(_, difference)| **difference).collect();
        let arrays: Vec<Owned> =
            vec![Box::new(owners), Box::new(kinds), Box::new(values), Box::new(differences)];
        inserts::FACETS.rows(changed.len(), arrays)
    }

    async fn write_numbers(&self) -> Result<()> {
        if self.owners.is_empty() {
            return Ok(());
        }
        let owners: Vec<i32> = self.owners.keys().copied().map(number).collect();
        let next_pks: Vec<i64> = self.owners.values().map(|held| held.now.next_pk).collect();
        let seqs: Vec<i64> = self.owners.values().map(|held| held.now.seq).collect();
        // That no move is under way is asked in the same breath: a
        // statement of its own would cost every write something.
        let sql = format!(
            "UPDATE owners SET next_pk = n.next_pk, seq = n.seq + ({NOT_BEING_FILLED})::bigint \
             FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS n (owner, next_pk, seq) \
             WHERE owners.owner = n.owner AND (owners.next_pk, owners.seq) <> (n.next_pk, n.seq)"
        );
        self.session.defer(&sql, vec![Box::new(owners), Box::new(next_pks), Box::new(seqs)]).await
    }

    async fn write_access(&self) -> Result<()> {
        if !self.access {
            return Ok(());
        }
        let sql = "INSERT INTO settings (name, value) VALUES ('access', 1) \
             ON CONFLICT (name) DO UPDATE SET value = settings.value + 1";
        self.session.defer(sql, Vec::new()).await
    }

    fn entry_rows(&self) -> NewRows {
        let entries = &self.entries;
        let at: Vec<i64> = entries.iter().map(|entry| entry.at.as_millis()).collect();
        let actors: Vec<i32> = entries.iter().map(|entry| number(entry.actor)).collect();
        let keys: Vec<Option<String>> = entries.iter().map(|entry| entry.key.clone()).collect();
        let actions: Vec<i16> = entries.iter().map(|entry| i16::from(entry.action)).collect();
        let targets: Vec<Option<String>> = entries.iter().map(|entry| entry.target.clone()).collect();
        let counts: Vec<i64> =
            entries.iter().map(|entry| i64::try_from(entry.count).unwrap_or(i64::MAX)).collect();
        let arrays: Vec<Owned> = vec![
            Box::new(at),
            Box::new(actors),
            Box::new(keys),
            Box::new(actions),
            Box::new(targets),
            Box::new(counts),
        ];
        inserts::AUDIT.rows(entries.len(), arrays)
    }
}
