//! Jobs that outlive the server that began them: what is to be read, how far that is, and which server is at it.
//!
//! A server keeps a job to itself with a lease that it renews. When the server has ended, the lease runs out, and
//! another one takes the job over; whoever has lost a job learns that when it next says how far it is, and stops.

use async_trait::async_trait;
use omp_model::api::JobState;
use omp_model::{ConversationId, JobId, KeyId, Namespace, OwnerId, Principal, Timestamp, ToolName};

use crate::Result;

/// The conversations of a job, in the order in which they are read. `None` is what somebody named that can be no id.
pub type JobConversations = Vec<Option<ConversationId>>;

/// Where a job is.
pub type JobPlace = (OwnerId, JobId);

/// What is stored of a job. Of what people wrote there is nothing in it, and no key of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub id: JobId,
    /// Whose conversations are read.
    pub owner: OwnerId,
    /// The key that began it, which is the only one that sees it.
    pub key: Option<KeyId>,
    /// Who reads: `rules`, or provider and model.
    pub reader: String,
    /// Whether any server that has this reader can go on with it; not if it came with a provider's key of its own.
    pub resumable: bool,
    /// Which tool the memories are said to come from.
    pub source_tool: Option<ToolName>,
    /// Where they go.
    pub namespace: Option<Namespace>,
    /// Conversations that are to be read.
    pub total: u64,
    /// How far it is.
    pub progress: JobProgress,
    /// Whether it runs, or how it ended.
    pub state: JobState,
    /// Why it failed.
    pub error: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last made progress.
    pub updated_at: Timestamp,
}

impl StoredJob {
    /// Where it is.
    pub fn place(&self) -> JobPlace {
        (self.owner, self.id)
    }
}

/// How far a job is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobProgress {
    /// Conversations that were read or skipped.
    pub done: u64,
    /// Those of them that could not be read.
    pub skipped: u64,
    /// Memories that were stored.
    pub extracted: u64,
}

/// Which server is at work on a job, and how long others leave it alone from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLease {
    /// The server, by a name that no other one has.
    pub server: String,
    /// For so many milliseconds.
    pub millis: i64,
    /// The present instant. Where several machines share a store, leases are measured by the store's own clock.
    pub now: Timestamp,
}

/// How many jobs a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobBounds {
    /// The most that may run at once, on all servers together.
    pub running: u32,
    /// The most ended ones that are kept; the oldest make room.
    pub ended: u32,
}

/// When a job whose server has ended is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stranded {
    /// It was taken over this many times without progress: whatever it is reading kills the server that reads it.
    pub attempts: u32,
    /// Nobody has taken it over for this many milliseconds.
    pub millis: i64,
}

/// The aggregate of jobs.
#[async_trait]
pub trait JobStore: Send + Sync {
    /// Stores a job that begins, under the lease of the server that begins
    /// it; `false` when as many of its key run as may.
    async fn create_job(
        &self,
        job: &StoredJob,
        conversations: &[Option<ConversationId>],
        lease: &JobLease,
        bounds: JobBounds,
    ) -> Result<bool>;

    /// The jobs of this key, newest first.
    async fn jobs(&self, by: &Principal) -> Result<Vec<StoredJob>>;

    /// One job of this key.
    async fn get_job(&self, by: &Principal, id: JobId) -> Result<Option<StoredJob>>;

    /// Cancels a job of this key; `false` when there is none that runs.
    async fn cancel_job(&self, by: &Principal, id: JobId, now: Timestamp) -> Result<bool>;

    /// Writes down how far a job is and renews its lease; `false` when it is not this server's any more.
    async fn note_job(&self, place: JobPlace, progress: JobProgress, lease: &JobLease) -> Result<bool>;

    /// Writes down how a job of this server has ended; `false` when it is not this server's any more.
    async fn end_job(
        &self,
        place: JobPlace,
        state: JobState,
        error: Option<&str>,
        lease: &JobLease,
    ) -> Result<bool>;

    /// Whether any job runs. Cheap: it is asked every few seconds.
    async fn any_job_runs(&self) -> Result<bool>;

    /// Renews the lease of those of these jobs that are still this server's, and tells which ones these are.
    async fn keep_jobs(&self, places: &[JobPlace], lease: &JobLease) -> Result<Vec<JobPlace>>;

    /// Ends the lease of those of these jobs that are this server's: it stops, and others need not wait.
    async fn release_jobs(&self, places: &[JobPlace], lease: &JobLease) -> Result<()>;

    /// Takes over a job whose lease has run out, that one of these readers reads, and that was not taken over so often
    /// since it last got on. No two servers get the same one.
    async fn take_over_job(
        &self,
        readers: &[String],
        attempts: u32,
        lease: &JobLease,
    ) -> Result<Option<(StoredJob, JobConversations)>>;

    /// Marks jobs whose lease has run out as interrupted: at once those that no server can resume, the others when
    /// they are `stranded`. Returns how many these were.
    async fn interrupt_jobs(&self, stranded: Stranded, now: Timestamp) -> Result<u64>;

    /// Removes up to `limit` jobs that have ended before a time; returns how many.
    async fn forget_jobs(&self, before: Timestamp, limit: u32) -> Result<u64>;
}

/// The states, each at its number in the store.
const STATES: [JobState; 5] =
    [JobState::Running, JobState::Done, JobState::Failed, JobState::Cancelled, JobState::Interrupted];

/// A state's number.
pub(crate) fn state_number(state: JobState) -> u8 {
    STATES.iter().zip(0..).find(|(known, _)| **known == state).map_or(0, |(_, number)| number)
}

/// Reads [`state_number`].
pub(crate) fn state(number: u8) -> Option<JobState> {
    STATES.get(usize::from(number)).copied()
}

/// Conversations as they are stored.
pub(crate) fn conversations_text(conversations: &[Option<ConversationId>]) -> String {
    let ids: Vec<&str> =
        conversations.iter().map(|id| id.as_ref().map_or("-", ConversationId::body)).collect();
    ids.join(" ")
}

/// Reads [`conversations_text`].
pub(crate) fn conversations(text: &str) -> JobConversations {
    text.split(' ').filter(|id| !id.is_empty()).map(ConversationId::from_body).collect()
}

/// A count as the engines have it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_what_its_number_says() {
        for known in STATES {
            assert_eq!(state(state_number(known)), Some(known));
        }
        assert_eq!((state_number(JobState::Running), state(5)), (0, None));
    }

    #[test]
    fn what_can_be_no_id_keeps_its_place() {
        let some = Some(ConversationId::derive(&["a"]));
        for list in [vec![], vec![None], vec![some, None, some]] {
            assert_eq!(conversations(&conversations_text(&list)), list);
        }
    }
}
