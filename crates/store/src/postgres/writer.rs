//! The writers: a few threads, each with a queue, group commit. See `sqlite/writer.rs` for why those who were just
//! answered are waited for.
//!
//! A job belongs to an owner, and an owner to one writer of this server: so one owner's writes share transactions, and
//! owners do not wait for each other. Work for nobody in particular, and chunks of something large, have a transaction
//! of their own.
//!
//! A writer's thread drives its connection itself: to hand each statement to another thread, and to be woken by it,
//! would take longer than the statement.

use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use deadpool_postgres::Pool;
use futures_util::FutureExt as _;
use omp_model::{MemoryId, OwnerId};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::connection::Way;
use super::forecast::Forecast;
use super::membership::Membership;
use super::notify::Notifier;
use super::positions::Positions;
use super::replication::RoleWatch;
use super::rows;
use super::tx::{Known, Numbers, Tx};
use super::write::{self, Creation};
use crate::queue::{Next, Priority, Queue};
use crate::vitals::Counters;
use crate::{Added, Result, StoreError};

/// How many writers a server has, each with a connection of its own.
pub(super) const WRITERS: usize = 4;

/// Most jobs of one transaction.
const BATCH: usize = 512;

/// Longest wait for those who were just answered without one of them coming.
const LONGEST_GAP: Duration = Duration::from_millis(2);

/// Work inside a transaction. It may run twice: when another job of its batch fails, or when two servers stood in each
/// other's way, the transaction is rolled back and the jobs are run one by one.
trait Job: Send {
    /// Whose rows it writes.
    fn owner(&self) -> Option<OwnerId>;
    /// Whether it belongs to a move into this database, during which no others are done.
    fn fills(&self) -> bool {
        false
    }
    /// Does the work.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>>;
    /// The memory that it stores, if it does nothing else: those of a batch are written together.
    fn creation(&mut self) -> Option<&mut Creation> {
        None
    }
    /// Answers whoever waits; `Ok` only after the commit.
    fn finish(self: Box<Self>, result: Result<()>);
}

/// A job that stores a memory.
struct Create {
    creation: Creation,
    reply: oneshot::Sender<Result<Added>>,
}

impl Job for Create {
    fn owner(&self) -> Option<OwnerId> {
        Some(self.creation.by.owner)
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>> {
        Box::pin(async move {
            let (owner, id) = (self.creation.by.owner, self.creation.memory.id);
            let known = rows::find_all(tx, owner, &[id.body()]).await?;
            write::create_all(tx, owner, vec![&mut self.creation], known).await
        })
    }

    fn creation(&mut self) -> Option<&mut Creation> {
        Some(&mut self.creation)
    }

    fn finish(self: Box<Self>, result: Result<()>) {
        let Self { creation, reply } = *self;
        let _ = reply.send(result.and_then(|()| creation.added.ok_or(StoreError::Closed)));
    }
}

struct Work<T, F> {
    owner: Option<OwnerId>,
    fills: bool,
    run: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: AsyncFnMut(&mut Tx) -> Result<T> + Send> Job for Work<T, F> {
    fn owner(&self) -> Option<OwnerId> {
        self.owner
    }

    fn fills(&self) -> bool {
        self.fills
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> Pin<Box<dyn Future<Output = Result<()>> + 'a>> {
        Box::pin(async move {
            self.value = Some((self.run)(tx).await?);
            Ok(())
        })
    }

    fn finish(self: Box<Self>, result: Result<()>) {
        let Self { value, reply, .. } = *self;
        // Whoever asked may have gone; the write stands all the same.
        let _ = reply.send(result.and_then(|()| value.ok_or(StoreError::Closed)));
    }
}

type Jobs = Queue<Box<dyn Job>>;

/// All writers of this server.
pub(super) struct Writers {
    queues: Vec<Arc<Jobs>>,
    counters: Arc<Counters>,
    role: Arc<RoleWatch>,
    membership: Arc<Membership>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Writers {
    /// Starts them.
    pub(super) fn start(
        way: &Way,
        teller: &Arc<Notifier>,
        role: &Arc<RoleWatch>,
        membership: &Arc<Membership>,
        positions: &Arc<Positions>,
    ) -> Result<Self> {
        let failed = |error| StoreError::Internal(format!("a writer cannot start: {error}"));
        let counters = Arc::new(Counters::default());
        let queues: Vec<Arc<Jobs>> = (0..WRITERS).map(|_| Arc::default()).collect();
        let mut threads = Vec::new();
        for queue in &queues {
            let mut writer = Writer {
                pool: way.pool(1)?,
                place: Arc::clone(way.place()),
                teller: Arc::clone(teller),
                positions: Arc::clone(positions),
                queue: Arc::clone(queue),
                counters: Arc::clone(&counters),
                forecast: Forecast::default(),
                expected: 0,
                flush: Duration::ZERO,
            };
            let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
            let thread = std::thread::Builder::new().name("omp-writer".into());
            threads.push(thread.spawn(move || writer.run(&runtime)).map_err(failed)?);
        }
        Ok(Self {
            queues,
            counters,
            role: Arc::clone(role),
            membership: Arc::clone(membership),
            threads: Mutex::new(threads),
        })
    }

    /// What they count.
    pub(super) fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Runs `work` in a transaction and returns when that is on the disk.
    pub(super) async fn run<T, F>(&self, owner: Option<OwnerId>, priority: Priority, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnMut(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Work { owner, fills: false, run: work, value: None, reply };
        self.done(priority, Box::new(work), answer).await
    }

    /// The same for a move into this database.
    pub(super) async fn fill<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnMut(&mut Tx) -> Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Work { owner: None, fills: true, run: work, value: None, reply };
        self.done(Priority::Bulk, Box::new(work), answer).await
    }

    /// Stores a memory, together with those that others store at the same moment.
    pub(super) async fn create(&self, creation: Creation) -> Result<Added> {
        let (reply, answer) = oneshot::channel();
        self.done(Priority::Single, Box::new(Create { creation, reply }), answer).await
    }

    /// Gives a job to its writer and waits for the answer.
    async fn done<T>(
        &self,
        priority: Priority,
        job: Box<dyn Job>,
        answer: oneshot::Receiver<Result<T>>,
    ) -> Result<T> {
        self.role.require_primary()?;
        self.queue_of(job.owner()).push(priority, job)?;
        match answer.await.map_err(|_| StoreError::Closed)? {
            Err(error) => {
                self.membership.lost(&error);
                Err(self.role.explain(error).await)
            }
            Ok(done) => {
                self.membership.settle().await;
                Ok(done)
            }
        }
    }

    fn queue_of(&self, owner: Option<OwnerId>) -> &Jobs {
        &self.queues[owner.map_or(0, |owner| owner.0 as usize) % self.queues.len()]
    }

    /// Takes no more work; what waits is done.
    fn close(&self) {
        self.queues.iter().for_each(|queue| queue.close());
    }

    /// The same, and waits for it.
    pub(super) async fn finish(&self) -> Result<()> {
        self.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        let waiting = tokio::task::spawn_blocking(move || {
            for thread in threads {
                // A panic of the thread was logged where it happened.
                let _ = thread.join();
            }
        });
        waiting.await.map_err(|_| StoreError::Internal("closing ended early".into()))
    }
}

impl Drop for Writers {
    /// Without waiting: this may be a thread that others wait for.
    fn drop(&mut self) {
        self.close();
    }
}

struct Writer {
    /// Of one connection.
    pool: Pool,
    place: Arc<str>,
    teller: Arc<Notifier>,
    positions: Arc<Positions>,
    queue: Arc<Jobs>,
    counters: Arc<Counters>,
    forecast: Forecast,
    /// How many single writes to wait for, and how long the last flush took.
    expected: usize,
    flush: Duration,
}

impl Writer {
    fn run(&mut self, runtime: &Runtime) {
        loop {
            if self.expected > 0 {
                let gap = (self.flush / 2).min(LONGEST_GAP);
                self.queue.gather(self.expected, gap, gap * 2);
            }
            match self.queue.next(None) {
                Next::Closed => {
                    self.pool.close();
                    return runtime.block_on(tokio::task::yield_now());
                }
                Next::Nothing => {}
                Next::Job(job, Priority::Bulk) => {
                    self.expected = 0;
                    runtime.block_on(async {
                        look_around().await;
                        self.alone(job).await;
                    });
                }
                Next::Job(job, Priority::Single) => {
                    let mut jobs = vec![job];
                    while jobs.len() < BATCH
                        && let Some(job) = self.queue.next_waiting()
                    {
                        jobs.push(job);
                    }
                    runtime.block_on(async {
                        look_around().await;
                        self.batch(jobs).await;
                    });
                    // However many single writes there are, something large goes on between them.
                    if let Some(job) = self.queue.bulk_waiting() {
                        runtime.block_on(self.alone(job));
                    }
                }
            }
        }
    }

    /// One transaction for all of them; those that belong to nobody come after it, one by one.
    async fn batch(&mut self, jobs: Vec<Box<dyn Job>>) {
        self.expected = 0;
        let (mut jobs, others): (Vec<_>, Vec<_>) = jobs.into_iter().partition(|job| job.owner().is_some());
        // Whose lock is taken first is the same everywhere, so that no two servers wait for each other.
        jobs.sort_by_key(|job| job.owner());
        if jobs.len() > 1 {
            let outcome = self.together(&mut jobs).await;
            self.expected = self.queue.expected(jobs.len());
            match outcome {
                Ok(()) => {
                    self.counters.committed(jobs.len());
                    jobs.drain(..).for_each(|job| job.finish(Ok(())));
                }
                // The next one would find nobody either.
                Err(error @ StoreError::Unreachable { .. }) => {
                    tracing::error!(%error, "writes failed");
                    self.counters.failed(&error);
                    jobs.drain(..).for_each(|job| job.finish(Err(error.clone())));
                }
                // One job failed and took its companions along: each gets a transaction of its own.
                Err(error) => tracing::debug!(%error, "a batch of writes is run one by one"),
            }
        }
        for job in jobs.into_iter().chain(others) {
            self.alone(job).await;
        }
    }

    async fn together(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<()> {
        let mut owners: Vec<OwnerId> = jobs.iter().filter_map(|job| job.owner()).collect();
        owners.dedup();
        let (mut tx, mut first) = match *owners {
            [owner] => {
                if let Some(expected) = self.forecast.of(owner)
                    && self.in_one_go(owner, expected, jobs).await?
                {
                    return Ok(());
                }
                let ids = ids(jobs);
                let ids: Vec<&str> = ids.iter().map(MemoryId::body).collect();
                let (tx, known) = Tx::begin_knowing(&self.pool, &self.place, owner, &ids).await?;
                (tx, Some(known))
            }
            _ => (Tx::begin(&self.pool, &self.place, &owners).await?, None),
        };
        for of_one in jobs.chunk_by_mut(|a, b| a.owner() == b.owner()) {
            let Some(owner) = of_one[0].owner() else { continue };
            tx.act_for(Some(owner));
            let known = if let Some(known) = first.take() {
                known
            } else {
                let ids = ids(of_one);
                let ids: Vec<&str> = ids.iter().map(MemoryId::body).collect();
                rows::find_all(&tx, owner, &ids).await?
            };
            let new = of_one.iter_mut().filter_map(|job| job.creation()).collect();
            caught(Box::pin(write::create_all(&mut tx, owner, new, known))).await?;
            for job in of_one.iter_mut().filter_map(|job| job.creation().is_none().then_some(job)) {
                caught(job.run(&mut tx)).await?;
            }
        }
        self.commit(tx).await
    }

    /// Stores memories whose ids are probably free, with all that belongs to it sent at once, the commit too; `false`
    /// when it was not as expected, and nothing happened.
    async fn in_one_go(
        &mut self,
        owner: OwnerId,
        expected: Numbers,
        jobs: &mut [Box<dyn Job>],
    ) -> Result<bool> {
        if jobs.iter_mut().any(|job| job.creation().is_none()) {
            return Ok(false);
        }
        let mut tx = Tx::begin_expecting(&self.pool, &self.place, owner, expected).await?;
        let new = jobs.iter_mut().filter_map(|job| job.creation()).collect();
        caught(Box::pin(write::create_all(&mut tx, owner, new, Known::new()))).await?;
        match self.commit(tx).await {
            Ok(()) => Ok(true),
            Err(error @ StoreError::Unreachable { .. }) => Err(error),
            // Another server wrote meanwhile, or an id is taken.
            Err(error) => {
                tracing::debug!(%error, "a write is done again, step by step");
                self.forecast.was_wrong(owner);
                Ok(false)
            }
        }
    }

    async fn commit(&mut self, tx: Tx) -> Result<()> {
        let outcome = tx.commit().await;
        // Also when nobody knows whether it was committed.
        self.positions.written();
        let committed = outcome?;
        self.flush = committed.took;
        self.teller.committed(&committed.changed);
        for (owner, numbers) in committed.numbers {
            self.forecast.learn(owner, numbers);
        }
        Ok(())
    }

    /// A transaction for one job.
    async fn alone(&mut self, mut job: Box<dyn Job>) {
        let mut result = self.once(&mut job).await;
        // Two servers stood in each other's way; one of them had to give in.
        if matches!(result, Err(StoreError::Busy)) {
            result = self.once(&mut job).await;
        }
        match &result {
            Ok(()) => self.counters.committed(1),
            Err(error) => {
                tracing::error!(%error, "a write failed");
                self.counters.failed(error);
            }
        }
        let rolls_back = matches!(&result, Err(error) if !matches!(error, StoreError::Unreachable { .. }));
        job.finish(result);
        if rolls_back {
            // Nobody drives the connection while this thread sleeps, and it comes back when the transaction has ended:
            // until then it holds the owner's lock.
            drop(self.pool.get().await);
        }
    }

    async fn once(&mut self, job: &mut Box<dyn Job>) -> Result<()> {
        if job.creation().is_some() {
            return self.together(std::slice::from_mut(job)).await;
        }
        let mut tx = if job.fills() {
            Tx::begin_to_fill(&self.pool, &self.place).await?
        } else {
            Tx::begin(&self.pool, &self.place, job.owner().as_slice()).await?
        };
        caught(job.run(&mut tx)).await?;
        self.commit(tx).await
    }
}

/// Lets the connection take notice of what came while this thread slept, its end above all: once for the socket to be
/// looked at, once for what was read.
async fn look_around() {
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
}

/// The ids of the memories that are to be stored.
fn ids(jobs: &mut [Box<dyn Job>]) -> Vec<MemoryId> {
    jobs.iter_mut().filter_map(|job| job.creation().map(|creation| creation.memory.id)).collect()
}

/// A panic in one job must not end the writer for everybody.
async fn caught(work: impl Future<Output = Result<()>>) -> Result<()> {
    let run = AssertUnwindSafe(work).catch_unwind().await;
    run.unwrap_or_else(|_| Err(StoreError::Internal("a write ended early".into())))
}
