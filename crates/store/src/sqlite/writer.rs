//! The one writer: a thread, a connection, group commit.
//!
//! A commit costs a flush of the disk, whatever it holds; so whatever waits when a transaction begins goes into it, and
//! everybody is answered after the one flush. A lone client never waits. Where several write at once, those who were
//! just answered get the time of half a flush to come again, and as long as they keep coming twice that: else they
//! would form two convoys that take turns, and every flush would carry half of what it could.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::checkpoint::Log;
use super::connection::{BUSY_TIMEOUT, DatabaseFile, failure};
use super::tx::{Memo, Tx};
use crate::StoreError;
use crate::hints::Hints;
use crate::queue::{Next, Priority};
use crate::vitals::Counters;

/// Longest wait for those who were just answered without one of them coming.
const LONGEST_GAP: Duration = Duration::from_millis(2);

/// How long there is no work before the writer tidies up.
const REST: Duration = Duration::from_secs(3);

/// How long emptying the log waits for readers of former states at a time; how long after a commit that removed
/// something, if nobody else wants to write; and how soon it is tried again.
const WAIT_FOR_READERS: Duration = Duration::from_millis(20);
const LONGEST_WAIT_FOR_READERS: Duration = Duration::from_millis(200);
const TRY_AGAIN: Duration = Duration::from_millis(250);

/// Most attempts when the store closes.
const LAST_ATTEMPTS: usize = 8;

/// Most jobs of one transaction.
const BATCH: usize = 512;

/// Most chunks of an import in one transaction, and how long they may be collected: nobody else can write meanwhile.
const CHUNKS: usize = 32;
const LONGEST_COLLECTING: Duration = Duration::from_secs(2);

/// How long an open transaction waits for the next chunk of an import.
const NEXT_CHUNK: Duration = Duration::from_millis(100);

/// An import that has been alone for so long may make large transactions.
const ALONE: Duration = Duration::from_secs(2);

type Queue = crate::queue::Queue<Box<dyn Job>>;

/// Work inside a transaction. A single write may run twice: when another job of its batch fails, the batch is rolled
/// back and replayed one by one.
trait Job: Send {
    /// Does the work.
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()>;
    /// Whether more chunks of the same are on their way.
    fn more(&self) -> bool;
    /// Whether it belongs to a move into this file, during which no others are done.
    fn fills(&self) -> bool;
    /// Answers whoever waits; `Ok` only after the commit.
    fn finish(self: Box<Self>, result: Result<(), StoreError>);
}

pub(super) struct Writer {
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(
        mut connection: Connection,
        file: &DatabaseFile,
        hints: &Arc<Hints>,
    ) -> Result<Self, StoreError> {
        let lock = open_lock(&file.path)?;
        let log = Log::follow(&mut connection, file)?;
        let queue = Arc::new(Queue::default());
        let counters = Arc::new(Counters::default());
        let mut work = Loop {
            expected: 0,
            last_single: None,
            flush: Duration::ZERO,
            connection,
            log,
            lock,
            path: file.path.clone(),
            queue: Arc::clone(&queue),
            counters: Arc::clone(&counters),
            hints: Arc::clone(hints),
            memo: Memo::default(),
            remains: false,
            tried: Instant::now(),
        };
        let thread = std::thread::Builder::new()
            .name("omp-writer".into())
            .spawn(move || work.run())
            .map_err(|e| StoreError::Internal(format!("the writer cannot start: {e}")))?;
        Ok(Self { queue, counters, thread: Mutex::new(Some(thread)) })
    }

    /// What it counts.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Runs `work` in a transaction and returns when that is on the disk.
    pub(super) async fn run<T, F>(&self, priority: Priority, more: bool, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.queue.push(priority, Box::new(Work { run: work, more, fills: false, value: None, reply }))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// The same for a move into this file.
    pub(super) async fn fill<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Work { run: work, more: false, fills: true, value: None, reply };
        self.queue.push(Priority::Bulk, Box::new(work))?;
        answer.await.map_err(|_| StoreError::Closed)?
    }

    /// Finishes what waits, then ends the thread; with it goes the connection.
    pub(super) fn close(&self) {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread was logged where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

/// Processes that share a file take turns by locking this file: the kernel wakes who waits, while the engine's
/// own busy handler polls and can starve a process for seconds.
pub(super) fn open_lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push("-lock");
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .create(true)
        .truncate(false)
        .write(true)
        .open(PathBuf::from(&name))
        .map_err(|_| StoreError::ReadOnly(path.to_owned()))
}

struct Work<T, F> {
    run: F,
    more: bool,
    fills: bool,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&mut Tx<'_>) -> rusqlite::Result<T> + Send> Job for Work<T, F> {
    fn run(&mut self, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
        self.value = Some((self.run)(tx)?);
        Ok(())
    }

    fn more(&self) -> bool {
        self.more
    }

    fn fills(&self) -> bool {
        self.fills
    }

    fn finish(self: Box<Self>, result: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        // Whoever asked may have gone; the write stands all the same.
        let _ = reply.send(result.and_then(|()| value.ok_or(StoreError::Closed)));
    }
}

struct Loop {
    /// How many single writes to wait for, and how long the last flush took.
    expected: usize,
    flush: Duration,
    last_single: Option<Instant>,
    connection: Connection,
    log: Log,
    lock: File,
    path: PathBuf,
    queue: Arc<Queue>,
    counters: Arc<Counters>,
    hints: Arc<Hints>,
    memo: Memo,
    /// Whether the log may still hold what was removed.
    remains: bool,
    /// When it was tried last to empty it.
    tried: Instant,
}

impl Loop {
    fn run(&mut self) {
        // The log may be left over from a program that was killed.
        let mut tidy = false;
        loop {
            if self.expected > 0 {
                let gap = (self.flush / 2).min(LONGEST_GAP);
                self.queue.gather(self.expected, gap, gap * 2);
            }
            let patience = if self.remains { Some(TRY_AGAIN) } else { (!tidy).then_some(REST) };
            match self.queue.next(patience) {
                Next::Closed => break,
                Next::Nothing if self.remains => self.in_turn(|this| this.empty_log(WAIT_FOR_READERS)),
                Next::Nothing => {
                    // The log goes into the file and the cache back to the system. If it fails, nothing is lost.
                    self.in_turn(|this| this.empty_log(WAIT_FOR_READERS));
                    let _ = self.connection.execute_batch("PRAGMA shrink_memory");
                    (tidy, self.expected) = (true, 0);
                }
                Next::Job(job, priority) => {
                    tidy = false;
                    self.work(job, priority);
                    // However many single writes there are, an import goes on between them.
                    let chunk = (priority == Priority::Single).then(|| self.queue.bulk_waiting()).flatten();
                    if let Some(chunk) = chunk {
                        self.work(chunk, Priority::Bulk);
                    }
                }
            }
        }
        for _ in 0..LAST_ATTEMPTS {
            if self.remains {
                self.in_turn(|this| this.empty_log(WAIT_FOR_READERS));
            }
        }
        let _ = self.connection.execute_batch("PRAGMA optimize");
    }

    /// Waits until no other process writes, then does the work.
    fn work(&mut self, job: Box<dyn Job>, priority: Priority) {
        if let Err(error) = self.lock.lock() {
            job.finish(Err(StoreError::Internal(format!("the lock file failed: {error}"))));
            return;
        }
        match priority {
            Priority::Single => self.batch(job),
            Priority::Bulk => self.chunks(job),
        }
        self.log.committed(&self.connection, priority == Priority::Bulk);
        // Closing the file unlocks too; there is nothing to do about an error.
        let _ = self.lock.unlock();
    }

    /// Does something that answers nobody while no other process writes.
    fn in_turn(&mut self, work: impl FnOnce(&mut Self)) {
        if self.lock.lock().is_ok() {
            work(self);
            let _ = self.lock.unlock();
        }
    }

    /// Empties the log, whose pages of former states hold what was removed since. Readers that are still in such a
    /// state are waited for, with `patience` and while no other write waits; after that it is tried again now and then.
    fn empty_log(&mut self, patience: Duration) {
        let begun = Instant::now();
        // Setting it cannot fail: it is only a number.
        let _ = self.connection.busy_timeout(WAIT_FOR_READERS);
        loop {
            let busy =
                self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            self.remains = !matches!(busy, Ok(0));
            if !self.remains || begun.elapsed() >= patience || !self.queue.is_empty() {
                break;
            }
        }
        let _ = self.connection.busy_timeout(BUSY_TIMEOUT);
        self.tried = Instant::now();
    }

    /// One transaction: the job, and whatever waits by the time it has run.
    fn batch(&mut self, first: Box<dyn Job>) {
        let mut jobs = vec![first];
        let result = self.transaction(false, |tx, queue| {
            let mut next = 0;
            loop {
                while let Some(job) = jobs.get_mut(next) {
                    run_caught(job.as_mut(), tx)?;
                    next += 1;
                }
                if jobs.len() >= BATCH {
                    return Ok(());
                }
                let Some(job) = queue.next_waiting() else { return Ok(()) };
                jobs.push(job);
            }
        });
        self.expected = self.queue.expected(jobs.len());
        self.last_single = Some(Instant::now());
        if result.is_ok() {
            self.counters.committed(jobs.len());
        }
        match result {
            Ok(()) => finish_all(jobs, &Ok(())),
            Err(Failed(error)) if jobs.len() == 1 => finish_all(jobs, &Err(error)),
            // One job failed and took its companions along: each gets a transaction of its own.
            Err(_) => {
                for mut job in jobs {
                    let result = self.transaction(false, |tx, _| run_caught(job.as_mut(), tx));
                    if result.is_ok() {
                        self.counters.committed(1);
                    }
                    job.finish(result.map_err(|Failed(error)| error));
                }
            }
        }
    }

    /// One transaction with chunks of an import: a large one as long as nobody else writes, because then neighbours
    /// in the lists share the writing of their pages. If it fails, all of its chunks have failed.
    fn chunks(&mut self, first: Box<dyn Job>) {
        let alone = self.last_single.is_none_or(|at| at.elapsed() > ALONE);
        let (most, begun) = (if alone { CHUNKS } else { 1 }, Instant::now());
        let fills = first.fills();
        let mut jobs = vec![first];
        let result = self.transaction(fills, |tx, queue| {
            let mut next = 0;
            while let Some(job) = jobs.get_mut(next) {
                run_caught(job.as_mut(), tx)?;
                next += 1;
                if job.more() && next < most && begun.elapsed() < LONGEST_COLLECTING {
                    jobs.extend(queue.next_chunk(NEXT_CHUNK));
                }
            }
            Ok(())
        });
        self.expected = 0;
        if result.is_ok() {
            self.counters.committed(jobs.len());
        }
        finish_all(jobs, &result.map_err(|Failed(error)| error));
    }

    fn transaction(
        &mut self,
        fills: bool,
        work: impl FnOnce(&mut Tx<'_>, &Queue) -> rusqlite::Result<()>,
    ) -> Result<(), Failed> {
        let mut refused = false;
        let result = self.connection.execute_batch("BEGIN IMMEDIATE").and_then(|()| {
            self.memo.check(&self.connection)?;
            refused = self.memo.is_being_filled() && !fills;
            if refused {
                return self.connection.execute_batch("ROLLBACK").map(|()| false);
            }
            let mut tx = Tx::new(&self.connection, &mut self.memo);
            work(&mut tx, &self.queue)?;
            let finished = tx.finish()?;
            let begun = Instant::now();
            self.connection.execute_batch("COMMIT")?;
            self.flush = begun.elapsed();
            for (owner, seq) in finished.changed {
                self.hints.tell(owner, seq);
            }
            Ok(finished.forgets)
        });
        if matches!(result, Ok(true)) {
            // Who reads for so long that the last attempt failed is not waited for again and again.
            let patience = if self.remains { WAIT_FOR_READERS } else { LONGEST_WAIT_FOR_READERS };
            self.empty_log(patience);
        } else if self.remains && self.tried.elapsed() >= TRY_AGAIN {
            self.empty_log(WAIT_FOR_READERS);
        }
        if fills {
            self.memo.look_again();
        }
        if refused && result.is_ok() {
            let error = StoreError::BeingFilled(self.path.display().to_string());
            self.counters.failed(&error);
            return Err(Failed(error));
        }
        result.map(drop).map_err(|error| {
            self.memo.forget();
            if !self.connection.is_autocommit() {
                // If this fails too, the next BEGIN will tell.
                let _ = self.connection.execute_batch("ROLLBACK");
            }
            let error = failure(&self.path, &error);
            tracing::error!(%error, "a write failed");
            self.counters.failed(&error);
            Failed(error)
        })
    }
}

struct Failed(StoreError);

fn finish_all(jobs: Vec<Box<dyn Job>>, result: &Result<(), StoreError>) {
    for job in jobs {
        job.finish(result.clone());
    }
}

/// A panic in one job must not end the writer for everybody.
fn run_caught(job: &mut dyn Job, tx: &mut Tx<'_>) -> rusqlite::Result<()> {
    catch_unwind(AssertUnwindSafe(|| job.run(tx))).unwrap_or(Err(rusqlite::Error::UnwindingPanic))
}
