//! The writes that wait for a writer, whatever engine it writes to.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::StoreError;

/// Most single writes that may wait; more are refused, so that a client hears of an overload.
const MOST_WAITING: usize = 1_024;

/// How a job stands in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Priority {
    /// A single write: next.
    Single,
    /// A chunk of something large. It shares its transaction with other chunks only.
    Bulk,
}

/// What comes out of the queue.
pub(crate) enum Next<J> {
    /// Work.
    Job(J, Priority),
    /// No work came for a while.
    Nothing,
    /// No work will come.
    Closed,
}

struct State<J> {
    single: VecDeque<J>,
    bulk: VecDeque<J>,
    closed: bool,
    /// While the writer gathers single writes: how many it wants. Those before the last one need not wake it, which
    /// would cost more than they do.
    gathering: Option<usize>,
}

/// Two queues behind one interface; `J` is what waits in them.
pub(crate) struct Queue<J> {
    state: Mutex<State<J>>,
    changed: Condvar,
}

impl<J> Default for Queue<J> {
    fn default() -> Self {
        let state = State { single: VecDeque::new(), bulk: VecDeque::new(), closed: false, gathering: None };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }
}

impl<J> Queue<J> {
    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn push(&self, priority: Priority, job: J) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.closed {
            return Err(StoreError::Closed);
        }
        let line = match priority {
            Priority::Single => &mut state.single,
            Priority::Bulk => &mut state.bulk,
        };
        if line.len() >= MOST_WAITING {
            return Err(StoreError::Busy);
        }
        line.push_back(job);
        if state.gathering.is_none_or(|wanted| state.single.len() >= wanted) {
            self.changed.notify_one();
        }
        Ok(())
    }

    /// The next job; waits for it, with `patience` at most that long.
    pub(crate) fn next(&self, patience: Option<Duration>) -> Next<J> {
        let mut state = self.state();
        loop {
            if let Some(job) = state.single.pop_front() {
                return Next::Job(job, Priority::Single);
            }
            if let Some(job) = state.bulk.pop_front() {
                return Next::Job(job, Priority::Bulk);
            }
            if state.closed {
                return Next::Closed;
            }
            let Some(patience) = patience else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let (woken, timeout) =
                self.changed.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            if timeout.timed_out() && state.single.is_empty() && state.bulk.is_empty() && !state.closed {
                return Next::Nothing;
            }
        }
    }

    /// Whether no write waits.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.state();
        state.single.is_empty() && state.bulk.is_empty()
    }

    /// The next single write, if one waits already.
    pub(crate) fn next_waiting(&self) -> Option<J> {
        self.state().single.pop_front()
    }

    /// A bulk job, if one waits already.
    pub(crate) fn bulk_waiting(&self) -> Option<J> {
        self.state().bulk.pop_front()
    }

    /// The next chunk, if it comes within `patience` and before any single write.
    pub(crate) fn next_chunk(&self, patience: Duration) -> Option<J> {
        let nothing =
            |state: &mut State<J>| state.single.is_empty() && state.bulk.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(self.state(), patience, nothing);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.single.is_empty() { state.bulk.pop_front() } else { None }
    }

    /// How many single writes will wait when all those have come again who are about to be answered: asked before they
    /// are, because the first may be back before the last one has gone. Nobody waits for a lone client.
    pub(crate) fn expected(&self, answered: usize) -> usize {
        if answered > 1 { self.state().single.len() + answered } else { 0 }
    }

    /// Waits until `wanted` single writes wait: as long as some came within
    /// the last `gap`, but not longer than `patience`.
    pub(crate) fn gather(&self, wanted: usize, gap: Duration, patience: Duration) {
        let mut state = self.state();
        let wanted = wanted.min(MOST_WAITING);
        let begun = Instant::now();
        state.gathering = Some(wanted);
        loop {
            let before = state.single.len();
            let waits = |state: &mut State<J>| state.single.len() < wanted && !state.closed;
            let waited = self.changed.wait_timeout_while(state, gap, waits);
            let (now, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = now;
            if !timeout.timed_out() || state.single.len() == before || begun.elapsed() >= patience {
                break;
            }
        }
        state.gathering = None;
    }

    pub(crate) fn close(&self) {
        self.state().closed = true;
        self.changed.notify_all();
    }
}
