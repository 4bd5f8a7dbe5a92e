//! The jobs that this server is at work on: reading one conversation after the other, keeping their leases, and taking
//! over those of servers that have ended.
//!
//! Before each conversation the key must still hold, with the limits that it has by then. What the store says of a job
//! counts: whoever cancels it or takes it over writes that there, and this server stops when it next looks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use omp_model::api::JobState;
use omp_model::{ErrorCode, KeyId, RandomSource, Result};
use omp_store::{JobConversations, JobLease, JobPlace, JobProgress, StoreError, StoredJob, Stranded};
use tokio::task::AbortHandle;
use tokio::time::MissedTickBehavior;

use super::ExtractRequest;
use super::jobs::chosen;
use crate::Service;
use crate::access::{require_change, require_conversations};
use crate::ai::{AiChoice, ConversationSource, Reader};

/// How often leases are renewed and abandoned jobs are looked for.
const LOOK: Duration = Duration::from_secs(2);
/// How long a server may be silent before others take its jobs over, in milliseconds.
const LEASE: i64 = 10_000;
/// When a job is given up: after this many takeovers in a row without progress, or when no server that could take it
/// over has appeared for five minutes.
const STRANDED: Stranded = Stranded { attempts: 3, millis: 300_000 };

/// Successful looks in a row before jobs are taken over: after an outage of the store all leases have run out, and
/// their holders must get the chance to renew them first.
const CALM: u32 = 2;
/// How many times writing down the progress of a job is tried.
const TRIES: u32 = 5;

/// What this server is at work on.
#[derive(Default)]
pub(crate) struct Jobs {
    /// What the server is called in the store.
    server: OnceLock<String>,
    running: Mutex<HashMap<JobPlace, Running>>,
    runs: AtomicU64,
}

struct Running {
    /// Which of this server's runs it is: a job that was lost may come back.
    run: u64,
    key: Option<KeyId>,
    abort: AbortHandle,
}

impl Jobs {
    fn running(&self) -> MutexGuard<'_, HashMap<JobPlace, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn server(&self, random: &dyn RandomSource) -> String {
        let name = || {
            let mut bytes = [0; 16];
            random.fill(&mut bytes);
            format!("{:032x}", u128::from_le_bytes(bytes))
        };
        self.server.get_or_init(name).clone()
    }

    fn places(&self) -> Vec<(JobPlace, Option<KeyId>)> {
        self.running().iter().map(|(place, running)| (*place, running.key)).collect()
    }

    /// Ends the work on a job, if it is done here.
    pub(super) fn abort(&self, place: JobPlace) {
        // Not under the lock, which the task takes when it ends.
        let removed = self.running().remove(&place);
        if let Some(running) = removed {
            running.abort.abort();
        }
    }
}

/// Takes a job out of those that run, however its task ends.
struct Leaving(Arc<Jobs>, JobPlace, u64);

impl Drop for Leaving {
    fn drop(&mut self) {
        let mut running = self.0.running();
        if running.get(&self.1).is_some_and(|running| running.run == self.2) {
            running.remove(&self.1);
        }
    }
}

/// How the work on a job ended.
enum Ended {
    /// Everything was read.
    Done,
    /// It is not this server's any more, or the store did not say.
    Lost,
}

impl Service {
    /// Looks after jobs until the task is dropped or aborted.
    pub(crate) async fn run_jobs_forever(self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut calm = CALM;
        loop {
            ticks.tick().await;
            match self.tend_jobs(calm >= CALM).await {
                Ok(()) => calm = calm.saturating_add(1),
                Err(error) => {
                    // Logged once, however long the trouble lasts.
                    if calm > 0 {
                        tracing::warn!(%error, "jobs cannot be looked after; it is tried again");
                    }
                    calm = 0;
                }
            }
        }
    }

    /// Stops the work on jobs; those that another server can go on with need not wait for that.
    pub(crate) async fn release_jobs(&self) {
        let running: Vec<(JobPlace, Running)> = self.jobs.running().drain().collect();
        if running.is_empty() {
            return;
        }
        for (_, running) in &running {
            running.abort.abort();
        }
        let places: Vec<JobPlace> = running.into_iter().map(|(place, _)| place).collect();
        if let Err(error) = self.store.release_jobs(&places, &self.job_lease()).await {
            tracing::warn!(%error, "jobs could not be handed back; they are taken over a little later");
        }
    }

    pub(super) fn job_lease(&self) -> JobLease {
        let server = self.jobs.server(self.random.as_ref());
        JobLease { server, millis: LEASE, now: self.clock.now() }
    }

    /// Begins to work on a job that is this server's.
    pub(super) fn run_job(&self, job: StoredJob, conversations: JobConversations, ai: AiChoice) {
        let (place, key) = (job.place(), job.key);
        let run = self.jobs.runs.fetch_add(1, Ordering::Relaxed);
        // The task finds itself among those that run, for it waits for this lock when it ends.
        let mut running = self.jobs.running();
        let leaving = Leaving(Arc::clone(&self.jobs), place, run);
        let service = self.clone();
        let task = tokio::spawn(async move {
            let _leaving = leaving;
            service.work_on(job, conversations, ai).await;
        });
        let former = running.insert(place, Running { run, key, abort: task.abort_handle() });
        drop(running);
        if let Some(former) = former {
            former.abort.abort();
        }
    }

    async fn work_on(&self, job: StoredJob, conversations: JobConversations, ai: AiChoice) {
        let (state, error) = match self.read_rest(&job, conversations, &ai).await {
            Ok(Ended::Done) => (JobState::Done, None),
            Ok(Ended::Lost) => return,
            // The store did not answer; whoever takes the job over goes on when it does.
            Err(error) if error.code == ErrorCode::Unavailable && job.resumable => return,
            // What an error says of its own conversation is not so of the job.
            Err(error) => {
                let message = error.message.replace("Nothing was stored.", "What was stored before stays.");
                (JobState::Failed, Some(message))
            }
        };
        if let Err(error) = self.store.end_job(job.place(), state, error.as_deref(), &self.job_lease()).await
        {
            tracing::warn!(%error, job = %job.id, "the end of a job was not written down; it is taken over");
        }
    }

    /// Reads what a job has not read yet.
    async fn read_rest(
        &self,
        job: &StoredJob,
        conversations: JobConversations,
        ai: &AiChoice,
    ) -> Result<Ended> {
        let mut progress = job.progress;
        let done = usize::try_from(progress.done).unwrap_or(usize::MAX);
        for id in conversations.into_iter().skip(done) {
            let principal = self.holder(job.owner, job.key).await?;
            require_change(&principal)?;
            require_conversations(&principal)?;
            match id {
                Some(id) => {
                    let request = request(job, ConversationSource::Saved(id.to_string()), ai);
                    match self.extract(principal, request).await {
                        Ok(extracted) => progress.extracted += extracted.extracted as u64,
                        // Deleted meanwhile, or too long for the budget: the others can still be read.
                        Err(error)
                            if matches!(error.code, ErrorCode::NotFound | ErrorCode::ValidationError) =>
                        {
                            progress.skipped += 1;
                        }
                        Err(error) => return Err(error),
                    }
                }
                None => progress.skipped += 1,
            }
            progress.done += 1;
            match self.note(job, progress).await {
                Ok(true) => {}
                Ok(false) => return Ok(Ended::Lost),
                Err(error) => {
                    tracing::warn!(%error, job = %job.id, "how far a job is was not written down; it is taken over from there");
                    return Ok(Ended::Lost);
                }
            }
        }
        Ok(Ended::Done)
    }

    /// Writes down how far a job is; `false` when it is not this server's any more. A store that is away for a moment
    /// costs no conversation that a model was paid for: meanwhile the lease is kept, or it is lost for good.
    async fn note(&self, job: &StoredJob, progress: JobProgress) -> std::result::Result<bool, StoreError> {
        let mut tries = 1;
        loop {
            match self.store.note_job(job.place(), progress, &self.job_lease()).await {
                Err(_) if tries < TRIES => tries += 1,
                said => return said,
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// One look at the jobs of this server, and perhaps at those that others have left.
    async fn tend_jobs(&self, take_over: bool) -> std::result::Result<(), StoreError> {
        // One instant for the whole look: a lease that was written late has not run out for whoever wrote it.
        let lease = self.job_lease();
        let running = self.jobs.places();
        if !running.is_empty() {
            self.keep_jobs(&running, &lease).await?;
        }
        if !take_over || !self.store.any_job_runs().await? {
            return Ok(());
        }
        let readers = self.readers();
        // One at a look, so that the servers share them.
        let taken = self.store.take_over_job(&readers, STRANDED.attempts, &lease).await;
        if let Ok(Some((job, conversations))) = taken {
            tracing::info!(job = %job.id, done = job.progress.done, total = job.total, "going on with a job");
            let ai = chosen(&job);
            self.run_job(job, conversations, ai);
            // Nothing is given up while there is something to go on with.
            return Ok(());
        }
        // Also when what was to be taken over cannot be read: so it comes to an end.
        let interrupted = self.store.interrupt_jobs(STRANDED, lease.now).await?;
        if interrupted > 0 {
            tracing::info!(interrupted, "jobs ended with their server");
        }
        taken.map(drop)
    }

    /// Renews the leases, stops the work on what was lost or cancelled, and ends what was begun with a key that works
    /// no more: a model may think for minutes before that is seen otherwise.
    async fn keep_jobs(
        &self,
        running: &[(JobPlace, Option<KeyId>)],
        lease: &JobLease,
    ) -> std::result::Result<(), StoreError> {
        let places: Vec<JobPlace> = running.iter().map(|(place, _)| *place).collect();
        let kept = self.store.keep_jobs(&places, lease).await?;
        for (place, key) in running {
            if !kept.contains(place) {
                self.jobs.abort(*place);
                continue;
            }
            let refused = self.holder(place.0, *key).await.err();
            if let Some(error) = refused.filter(|error| error.code == ErrorCode::Unauthorized) {
                let (failed, why) = (JobState::Failed, Some(error.message.as_str()));
                if self.store.end_job(*place, failed, why, lease).await? {
                    self.jobs.abort(*place);
                }
            }
        }
        Ok(())
    }

    /// Who can read here without a key that comes along.
    fn readers(&self) -> Vec<String> {
        let own = self.ai.reader(&AiChoice::default(), "extract memories from conversations");
        let mut readers = vec![Reader::Rules.name()];
        readers.extend(own.ok().map(|reader| reader.name()));
        readers
    }
}

fn request(
    job: &StoredJob,
    source: ConversationSource<{ super::TRANSCRIPT }>,
    ai: &AiChoice,
) -> ExtractRequest {
    let mut new = ExtractRequest::new(source);
    new.read.source_tool = job.source_tool.clone().unwrap_or(new.read.source_tool);
    (new.read.ai, new.read.namespace) = (ai.clone(), job.namespace.clone());
    new
}

#[cfg(test)]
#[path = "run_tests.rs"]
mod tests;
