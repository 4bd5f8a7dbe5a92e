//! Moving everything from file to file. To and from PostgreSQL: `postgres/moving.rs`.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use omp_model::{NewUser, OsRandom, SystemClock, Timestamp, UserName};
use omp_store::conformance::relocations::{self, Whole, assert_same, carry, fill};
use omp_store::conformance::{BY, NOW, memory};
use omp_store::relocation::{Batch, MoveError, Phase, Rows, Seen, Snapshot, Table, relocate};
use omp_store::{
    Check, Maintenance, MemoryStore, Relocation, Result, SqliteOptions, SqliteStore, StoreError, StoreInfo,
    StoreVitals,
};

use crate::suite::{make, open};

fn to_fill(path: &Path) -> SqliteStore {
    SqliteStore::open_to_fill(&SqliteOptions::plain(path.to_owned(), NOW)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_goes_over_and_back() {
    relocations::everything_goes_over_and_back(&*make().await, &*make().await, &*make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_catches_up() {
    relocations::a_second_run_catches_up(&*make().await, &*make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_stays_as_it_was() {
    relocations::the_door_stays_as_it_was(&*make().await, &*make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_yet_to_wait_goes_over() {
    relocations::what_is_yet_to_wait_goes_over(&*make().await, &*make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_wait_for_a_later_model() {
    relocations::conversations_wait_for_a_later_model(&*make().await, &*make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_may_be_written_to_meanwhile() {
    relocations::a_source_may_be_written_to_meanwhile(&*make().await, &*make().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_an_empty_target_or_a_move_of_the_same_source_is_filled() {
    let (source, target, full) = (make().await, make().await, make().await);
    relocations::only_an_empty_target_or_a_move_of_the_same_source_is_filled(&*source, &*target, &*full)
        .await;
}

#[tokio::test]
async fn every_table_goes_over_or_is_said_to_stay() {
    let store = make().await;
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    let names = |sql: &str| -> Vec<String> {
        connection
            .prepare(sql)
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(rusqlite::Result::unwrap)
            .collect()
    };
    let tables = names("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    assert!(tables.len() > 15, "{tables:?}");
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for table in &tables {
        let columns = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
        // The two places for vectors are one table elsewhere.
        let name = if table.starts_with("vectors_") { "vectors" } else { table.as_str() };
        let other = |column: String| match (name, column.as_str()) {
            ("shares", "user") => "guest".to_owned(),
            ("audit", "user") => "actor".to_owned(),
            _ => column,
        };
        found.push((name, columns.into_iter().map(other).collect()));
    }
    for table in Table::ALL {
        assert!(found.iter().any(|(name, _)| *name == table.name()), "there is no {}", table.name());
    }
    relocations::assert_every_table_is_known(
        found.iter().map(|(name, columns)| (*name, columns.iter().map(String::as_str).collect())),
    );
}

/// A target that does so many writes and no more, as if the program were killed there; or
/// that loses some rows; or that is not left alone.
pub(crate) struct Faulty<'a> {
    inner: &'a dyn Relocation,
    left: AtomicI64,
    loses: Option<Table>,
    /// Another run that moves this here when the writes are used up, instead of an end.
    rival: Option<&'a dyn Relocation>,
    /// Somebody who writes between a look at the target and its claim.
    user: Option<&'a dyn Whole>,
}

impl<'a> Faulty<'a> {
    fn new(inner: &'a dyn Relocation) -> Self {
        Self { inner, left: AtomicI64::new(i64::MAX), loses: None, rival: None, user: None }
    }

    pub(crate) fn after(inner: &'a dyn Relocation, writes: i64) -> Self {
        Self { left: AtomicI64::new(writes), ..Self::new(inner) }
    }

    async fn one_more(&self) -> Result<()> {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return Ok(());
        }
        let rival = self.rival.ok_or(StoreError::Closed)?;
        carry(rival, self.inner).await.unwrap();
        Ok(())
    }
}

#[async_trait]
impl Relocation for Faulty<'_> {
    fn place(&self) -> String {
        self.inner.place()
    }

    async fn snapshot(&self) -> Result<Box<dyn Snapshot>> {
        self.inner.snapshot().await
    }

    async fn claim(&self, seen: Seen, settings: Rows) -> Result<bool> {
        self.one_more().await?;
        if let Some(user) = self.user {
            user.create_memory(&BY, &memory(900, "mine"), NOW).await.unwrap();
        }
        self.inner.claim(seen, settings).await
    }

    async fn write(&self, mut batch: Batch) -> Result<bool> {
        self.one_more().await?;
        batch.rows.retain(|(table, _)| Some(*table) != self.loses);
        self.inner.write(batch).await
    }

    async fn filled(&self, run: i64) -> Result<bool> {
        self.inner.filled(run).await
    }
}

#[async_trait]
impl Maintenance for Faulty<'_> {
    async fn info(&self) -> Result<StoreInfo> {
        self.inner.info().await
    }

    fn vitals(&self) -> StoreVitals {
        self.inner.vitals()
    }

    async fn ready(&self) -> Result<()> {
        self.inner.ready().await
    }

    async fn purge_expired(&self, limit: u32, now: Timestamp) -> Result<u64> {
        self.inner.purge_expired(limit, now).await
    }

    async fn check(&self) -> Result<Vec<Check>> {
        self.inner.check().await
    }

    async fn backup(&self, to: &Path) -> Result<()> {
        self.inner.backup(to).await
    }

    async fn restore(&self, from: &Path) -> Result<()> {
        self.inner.restore(from).await
    }

    async fn close(&self) -> Result<()> {
        self.inner.close().await
    }
}

/// A server that had the target open before takes no writes until it is whole:
/// they would go as what the source does not have.
pub(crate) async fn who_has_it_open_writes_nothing_meanwhile(
    source: &dyn Whole,
    server: &dyn Whole,
    target: &dyn Relocation,
) {
    fill(source).await;
    carry(source, &Faulty::after(target, 4)).await.unwrap_err();
    let mine = [memory(900, "mine"), memory(901, "mine"), memory(902, "mine")];
    let [one, other, third] = mine.each_ref().map(|mine| server.create_memory(&BY, mine, NOW));
    let (one, other, third) = tokio::join!(one, other, third);
    for refused in [one, other, third] {
        assert!(matches!(refused, Err(StoreError::BeingFilled(_))), "{refused:?}");
    }
    let new = NewUser { name: UserName::new("dora").unwrap(), admin: false };
    let refused = server.create_user(&BY, &new, NOW).await;
    assert!(matches!(refused, Err(StoreError::BeingFilled(_))), "{refused:?}");
    let refused = server.save_envelope(BY.owner, "test", "{}", NOW).await;
    assert!(refused.is_err(), "{refused:?}");
    carry(source, target).await.unwrap();
    assert_same(source, target).await;
    assert!(server.create_memory(&BY, &mine[0], NOW).await.unwrap());
    server.create_user(&BY, &new, NOW).await.unwrap().unwrap();
    let refused = carry(source, target).await;
    assert!(matches!(refused, Err(MoveError::Used(_))), "{refused:?}");
    assert!(server.get_memory(&BY, mine[0].id, false, NOW).await.unwrap().is_some());
}

/// What somebody writes between the look that finds the target empty and the mark in it stays there.
pub(crate) async fn what_is_written_while_it_is_looked_at_stays(
    source: &dyn Whole,
    server: &dyn Whole,
    target: &dyn Relocation,
) {
    fill(source).await;
    let refused = carry(source, &Faulty { user: Some(server), ..Faulty::new(target) }).await;
    assert!(matches!(refused, Err(MoveError::NotEmpty(_))), "{refused:?}");
    assert!(server.get_memory(&BY, memory(900, "x").id, false, NOW).await.unwrap().is_some());
    assert!(server.create_memory(&BY, &memory(901, "mine"), NOW).await.unwrap());
}

/// Of two runs to one target the one that began last goes on; the other one hears of it and writes nothing more.
pub(crate) async fn of_two_runs_the_last_one_goes_on(source: &dyn Whole, target: &dyn Relocation) {
    fill(source).await;
    for writes in [3, 1] {
        let first = Faulty { rival: Some(source), ..Faulty::after(target, writes) };
        let ended = carry(source, &first).await;
        assert!(matches!(ended, Err(MoveError::TakenOver(_))), "{ended:?}");
        assert_same(source, target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_file_open_writes_nothing_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.db");
    let server = open(&path).unwrap();
    who_has_it_open_writes_nothing_meanwhile(&*make().await, &server, &to_fill(&path)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_a_file_is_looked_at_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("target.db");
    let server = open(&path).unwrap();
    what_is_written_while_it_is_looked_at_stays(&*make().await, &server, &to_fill(&path)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_into_a_file_the_last_one_goes_on() {
    of_two_runs_the_last_one_goes_on(&*make().await, &*make().await).await;
}

/// Every write is a moment at which the program may be killed: after each of them in turn it is, people go on writing,
/// and the next run finishes.
#[tokio::test(flavor = "multi_thread")]
async fn interrupted_at_any_write_it_goes_on() {
    let source = make().await;
    fill(&*source).await;
    let folder = tempfile::tempdir().unwrap();
    let mut writes = 0;
    loop {
        let path = folder.path().join(format!("{writes}.db"));
        let target = to_fill(&path);
        let ended = carry(&*source, &Faulty::after(&target, writes)).await;
        if ended.is_ok() {
            break;
        }
        assert!(matches!(ended, Err(MoveError::Store(StoreError::Closed))), "{ended:?}");
        if writes > 0 {
            target.close().await.unwrap();
            let refused = open(&path).err();
            assert!(matches!(refused, Some(StoreError::BeingFilled(_))), "after {writes}: {refused:?}");
        }
        let target = to_fill(&path);
        let number = 50_000 + writes;
        source.create_memory(&BY, &memory(number, "meanwhile"), NOW).await.unwrap();
        source.delete_memory(&BY, memory(number - 2, "x").id, NOW).await.unwrap();
        carry(&*source, &target).await.unwrap();
        assert_same(&*source, &target).await;
        target.close().await.unwrap();
        // Whole, it is a file like any other.
        open(&path).unwrap().create_memory(&BY, &memory(90_000, "later"), NOW).await.unwrap();
        writes += 1;
    }
    assert!(writes > 10, "a move of {writes} writes");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_come_back_as_it_was_is_named() {
    let source = make().await;
    fill(&*source).await;
    for (loses, named) in [
        (Table::Versions, memory(1, "x").id.to_string()),
        (Table::Conversations, "the conversation conv_".to_owned()),
        (Table::Keys, "the table keys".to_owned()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let target = to_fill(&folder.path().join("memory.db"));
        let faulty = Faulty { loses: Some(loses), ..Faulty::new(&target) };
        let Err(MoveError::Differs(what)) = carry(&*source, &faulty).await else {
            panic!("a loss of {loses:?} is not noticed")
        };
        assert!(what.iter().any(|what| what.contains(&named)), "{what:?}");
        // It is not for use; and a sound program finishes it.
        target.close().await.unwrap();
        assert!(matches!(open(&folder.path().join("memory.db")).err(), Some(StoreError::BeingFilled(_))));
        let target = to_fill(&folder.path().join("memory.db"));
        carry(&*source, &target).await.unwrap();
        assert_same(&*source, &target).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_of_another_source_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let source = make().await;
    fill(&*source).await;
    let target = to_fill(&folder.path().join("target.db"));
    carry(&*source, &Faulty::after(&target, 4)).await.unwrap_err();
    let later = SqliteOptions::plain(folder.path().join("other.db"), NOW.plus_millis(1));
    let other = SqliteStore::open(&later).unwrap();
    let refused = carry(&other, &target).await;
    assert!(matches!(refused, Err(MoveError::Another(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_on_is_told_how_far_it_is() {
    let (source, target) = (make().await, make().await);
    fill(&*source).await;
    let told = std::sync::Mutex::new(Vec::new());
    let tell = |progress| told.lock().unwrap().push(progress);
    relocate(&*source, &*target, &SystemClock, &OsRandom, &tell).await.unwrap();
    let told = told.into_inner().unwrap();
    let last = |phase: Phase| told.iter().rfind(|told| told.phase == phase).copied().unwrap();
    for phase in [Phase::Copying, Phase::Comparing] {
        let last = last(phase);
        assert_eq!((last.done, last.done > 50), (last.total, true), "{last:?}");
    }
}
