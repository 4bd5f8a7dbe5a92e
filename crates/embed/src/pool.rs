//! The threads that embedders run on.
//!
//! Some threads answer queries and nothing else, so a query never waits for a document. The others work through
//! documents, at the lowest priority that the system has. The model is loaded by whoever needs it first.

mod lease;
mod pending;
mod queue;
mod worker;

use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use lru::LruCache;

use crate::{EmbedError, Embedder, ModelIdentity, Windows};

use lease::Lease;
pub use pending::Pending;
use pending::promise;
use queue::{Job, Queue};

/// Makes the embedder. Called on a thread of the pool, again after each time the model was let go of.
pub type Factory = Box<dyn Fn() -> Result<Arc<dyn Embedder>, EmbedError> + Send + Sync>;

/// How many threads there are and what they keep.
#[derive(Clone, Debug)]
pub struct PoolOptions {
    /// How many threads embed documents; at least one. As many embed queries.
    pub threads: usize,
    /// How many requests of each kind may wait.
    pub queue: usize,
    /// The model is let go of when it was not used for this long; never if `None`.
    pub idle: Option<Duration>,
    /// How many vectors of queries are kept.
    pub cached_queries: usize,
}

impl Default for PoolOptions {
    /// A thread for every two cores, 1,024 requests, ten minutes, 1,000 queries.
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            threads: (cores / 2).max(1),
            queue: 1024,
            idle: Some(Duration::from_mins(10)),
            cached_queries: 1000,
        }
    }
}

/// The vector of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct QueryVector {
    /// The model that made it.
    pub model: Arc<ModelIdentity>,
    /// The vector; `None` if the query is blank.
    pub vector: Option<Arc<[f32]>>,
    /// How well the model knows the words of the query ([`Embedder::fit`]).
    pub fit: f32,
}

/// The vectors of some documents.
#[derive(Clone, Debug, PartialEq)]
pub struct TextVectors {
    /// The model that made them.
    pub model: Arc<ModelIdentity>,
    /// The windows of each text, in the order of the texts.
    pub texts: Vec<Windows>,
}

/// What happens to requests that wait when the pool ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// They are done first.
    Drain,
    /// They are answered with [`EmbedError::Closed`]; what is being embedded is finished.
    Drop,
}

/// Threads, a queue, and a model that comes and goes.
pub struct Pool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct Shared {
    queue: Queue,
    lease: Lease,
    cache: Option<Mutex<LruCache<String, QueryVector>>>,
    idle: Option<Duration>,
}

impl Shared {
    fn cache(&self) -> Option<std::sync::MutexGuard<'_, LruCache<String, QueryVector>>> {
        Some(self.cache.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pool {
    /// Starts the threads. `known` is the model's identity if it is known before the model is loaded.
    ///
    /// # Errors
    ///
    /// When the system gives no threads.
    pub fn start(options: &PoolOptions, known: Option<ModelIdentity>, factory: Factory) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            queue: Queue::new(options.queue.max(1)),
            lease: Lease::new(known, factory),
            cache: NonZeroUsize::new(options.cached_queries).map(|most| Mutex::new(LruCache::new(most))),
            idle: options.idle,
        });
        // What has been started ends with `pool`, should a later thread not start.
        let pool = Self { shared, threads: Mutex::default() };
        let threads = options.threads.max(1);
        for number in 0..2 * threads {
            let shared = Arc::clone(&pool.shared);
            let (name, work): (_, fn(&Shared)) = match number {
                _ if number < threads => (format!("embed-query-{number}"), worker::answer_queries),
                _ => (format!("embed-{}", number - threads), worker::answer_documents),
            };
            let thread = std::thread::Builder::new().name(name).spawn(move || work(&shared))?;
            pool.threads().push(thread);
        }
        Ok(pool)
    }

    /// The vector of a query: at once if it was asked for lately, else before any document that waits.
    ///
    /// # Errors
    ///
    /// [`EmbedError::Busy`] and [`EmbedError::Closed`] come at once, everything else from the [`Pending`].
    pub fn query(&self, text: &str) -> Result<Pending<QueryVector>, EmbedError> {
        let known = self.shared.cache().and_then(|mut cache| cache.get(text).cloned());
        // A folder's model may have become another since.
        if let Some(known) = known.filter(|known| self.identity().is_some_and(|now| now == known.model)) {
            return Ok(Pending::ready(known));
        }
        let (reply, pending) = promise();
        self.shared.queue.push(Job::Query { text: text.to_owned(), reply })?;
        Ok(pending)
    }

    /// The vectors of some documents. They are one request: one answer, and one failure fails all.
    ///
    /// # Errors
    ///
    /// [`EmbedError::Busy`] and [`EmbedError::Closed`] come at once, everything else from the [`Pending`].
    pub fn documents(&self, texts: Vec<String>) -> Result<Pending<TextVectors>, EmbedError> {
        let (reply, pending) = promise();
        self.shared.queue.push(Job::Documents { texts, reply })?;
        Ok(pending)
    }

    /// The model's identity: known from the start, or since it was first loaded.
    pub fn identity(&self) -> Option<Arc<ModelIdentity>> {
        self.shared.lease.identity()
    }

    /// Whether the model is in memory now.
    pub fn is_loaded(&self) -> bool {
        self.shared.lease.is_loaded()
    }

    /// Lets go of the model now, if there is one; who is at it keeps it until done. It is loaded again when needed.
    pub fn release(&self) {
        self.shared.lease.release();
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.shared.queue.waiting()
    }

    /// Takes no more requests, deals with those that wait as told, and returns when the threads have ended.
    pub fn shutdown(&self, ending: Ending) {
        self.shared.queue.close(ending);
        for thread in std::mem::take(&mut *self.threads()) {
            let _ = thread.join();
        }
        self.shared.lease.release();
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    /// Ends the threads; what waits is answered with [`EmbedError::Closed`].
    fn drop(&mut self) {
        self.shutdown(Ending::Drop);
    }
}

#[cfg(test)]
#[path = "pool_tests.rs"]
mod tests;
