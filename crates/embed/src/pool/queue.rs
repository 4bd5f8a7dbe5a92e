//! What waits, and in which order it is taken.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::pending::Reply;
use super::{Ending, QueryVector, TextVectors};
use crate::EmbedError;

pub(super) enum Job {
    Query { text: String, reply: Reply<QueryVector> },
    Documents { texts: Vec<String>, reply: Reply<TextVectors> },
}

impl Job {
    fn is_unwanted(&self) -> bool {
        match self {
            Self::Query { reply, .. } => reply.is_unwanted(),
            Self::Documents { reply, .. } => reply.is_unwanted(),
        }
    }
}

/// What a thread finds when it asks for work.
pub(super) enum Next {
    Job(Job),
    /// No job was taken by any thread for as long as was said, and none is being done.
    Idle,
    /// There will be no more.
    End,
}

/// Which jobs a thread takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Queries,
    Documents,
}

pub(super) struct Queue {
    most: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queries: VecDeque<Job>,
    documents: VecDeque<Job>,
    closed: bool,
    /// How many jobs are being done.
    running: usize,
    /// How many jobs have been taken since the beginning: if it stands still, nothing happens.
    taken: u64,
}

impl Queue {
    /// At most `most` jobs of each kind wait.
    pub(super) fn new(most: usize) -> Self {
        Self { most, state: Mutex::default(), changed: Condvar::new() }
    }

    pub(super) fn push(&self, job: Job) -> Result<(), EmbedError> {
        let mut state = self.state();
        if state.closed {
            return Err(EmbedError::Closed);
        }
        let line = match job {
            Job::Query { .. } => &mut state.queries,
            Job::Documents { .. } => &mut state.documents,
        };
        if line.len() >= self.most {
            // Those that nobody waits for any more do not count.
            line.retain(|job| !job.is_unwanted());
            if line.len() >= self.most {
                return Err(EmbedError::Busy { waiting: line.len() });
            }
        }
        line.push_back(job);
        drop(state);
        // Everybody: whoever one notification would reach may not take this kind.
        self.changed.notify_all();
        Ok(())
    }

    /// The next job, or after `idle` without any job by any thread [`Next::Idle`]. Every job has to be followed by
    /// [`done`](Self::done).
    pub(super) fn next(&self, takes: Takes, idle: Option<Duration>) -> Next {
        let mut state = self.state();
        loop {
            let job = match takes {
                Takes::Queries => state.queries.pop_front(),
                Takes::Documents => state.documents.pop_front(),
            };
            match job {
                Some(job) if job.is_unwanted() => {}
                Some(job) => {
                    state.running += 1;
                    state.taken += 1;
                    return Next::Job(job);
                }
                None if state.closed => return Next::End,
                None => match idle {
                    Some(idle) => {
                        let taken = state.taken;
                        let still = |state: &mut State| {
                            state.queries.is_empty() && !state.closed && state.taken == taken
                        };
                        let (after, timeout) = self
                            .changed
                            .wait_timeout_while(state, idle, still)
                            .unwrap_or_else(PoisonError::into_inner);
                        state = after;
                        if timeout.timed_out() && state.running == 0 && state.documents.is_empty() {
                            return Next::Idle;
                        }
                    }
                    None => state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                },
            }
        }
    }

    pub(super) fn done(&self) {
        self.state().running -= 1;
    }

    pub(super) fn waiting(&self) -> usize {
        let state = self.state();
        state.queries.len() + state.documents.len()
    }

    pub(super) fn close(&self, ending: Ending) {
        let mut state = self.state();
        state.closed = true;
        if ending == Ending::Drop {
            // Their answers are dropped with them, which is `Closed` to whoever waits.
            state.queries.clear();
            state.documents.clear();
        }
        drop(state);
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
