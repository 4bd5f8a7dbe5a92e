//! What a server does with its own jobs and with those that others have left, by a clock that is set.

use std::sync::atomic::AtomicI64;

use omp_model::api::ExtractJob;
use omp_model::conversation::{Message, NewConversation, Role};
use omp_model::{Clock, ConversationId, JobId, NewKey, OsRandom, OwnerId, Principal, Text, Timestamp};
use omp_store::{JobBounds, JobProgress, SqliteOptions, SqliteStore};
use tokio::task::JoinHandle;

use super::*;

const NOW: i64 = 1_800_000_000_000;
const BOUNDS: JobBounds = JobBounds { running: 10, ended: 10 };

struct Set(AtomicI64);

impl Clock for Set {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A server on a store of its own.
struct World {
    service: Service,
    clock: Arc<Set>,
    folder: tempfile::TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Set(AtomicI64::new(NOW)));
        let path = folder.path().join("memory.db");
        let store = SqliteStore::open(&SqliteOptions::plain(path, clock.now())).unwrap();
        let service = Service::new(Arc::new(store), folder.path().to_owned())
            .with_clock(Arc::clone(&clock) as Arc<dyn Clock>, Arc::new(OsRandom));
        Self { service, clock, folder }
    }

    /// Another server on the same store.
    fn other(&self) -> Service {
        Service { jobs: Arc::default(), ..self.service.clone() }
    }

    fn later(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    async fn saved(&self, said: &str) -> Option<ConversationId> {
        let message = Message { role: Role::User, content: Text::new(said).unwrap(), origin: None };
        let new = NewConversation {
            model: Text::new("claude").unwrap(),
            topic: Text::new("t").unwrap(),
            messages: vec![message],
            source_url: None,
        };
        Some(self.service.create_conversation(Principal::OWNER, new).await.unwrap().id)
    }

    /// A job that a server has begun.
    async fn begun(&self, job: &StoredJob, conversations: &[Option<ConversationId>], lease: &JobLease) {
        assert!(self.service.store.create_job(job, conversations, lease, BOUNDS).await.unwrap());
    }

    /// The lease of a server that was there until now.
    fn dead(&self) -> JobLease {
        JobLease { server: "dead".into(), millis: LEASE, now: self.clock.now() }
    }

    /// Work that this server never finishes.
    fn stuck(&self, job: &StoredJob) -> JoinHandle<()> {
        let task = tokio::spawn(std::future::pending());
        let running = Running { run: u64::MAX, key: job.key, abort: task.abort_handle() };
        self.service.jobs.running().insert(job.place(), running);
        task
    }

    async fn tend(&self) {
        self.service.tend_jobs(true).await.unwrap();
    }

    async fn told(&self, by: &Principal, job: &StoredJob) -> ExtractJob {
        self.service.extract_job(by, &job.id.to_string()).await.unwrap()
    }

    async fn ended(&self, by: &Principal, job: &StoredJob) -> ExtractJob {
        loop {
            let told = self.told(by, job).await;
            if told.state != JobState::Running {
                return told;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn job(reader: &str, total: u64) -> StoredJob {
    StoredJob {
        id: JobId::derive(&[reader]),
        owner: OwnerId::FIRST,
        key: None,
        reader: reader.into(),
        resumable: true,
        source_tool: None,
        namespace: None,
        total,
        progress: JobProgress::default(),
        state: JobState::Running,
        error: None,
        created_at: Timestamp::from_millis(NOW),
        updated_at: Timestamp::from_millis(NOW),
    }
}

#[tokio::test]
async fn a_job_goes_on_where_it_stood_when_its_server_ended() {
    let world = World::new();
    let conversations = [
        world.saved("I love hiking in the mountains.").await,
        None,
        world.saved("I love swimming in lakes.").await,
    ];
    let progress = JobProgress { done: 1, skipped: 0, extracted: 5 };
    let job = StoredJob { progress, ..job("rules", 3) };
    world.begun(&job, &conversations, &world.dead()).await;
    world.tend().await;
    assert_eq!(world.service.jobs.places(), [], "its server may be alive");
    world.later(LEASE);
    world.tend().await;
    let told = world.ended(&Principal::OWNER, &job).await;
    assert_eq!((told.state, told.done, told.skipped, told.extracted), (JobState::Done, 3, 1, 6));
    let stored =
        world.service.list_memories(Principal::OWNER, &omp_model::ListQuery::default()).await.unwrap();
    assert_eq!(stored.total, 1, "the first was read by the other server");
}

#[tokio::test]
async fn a_job_that_its_server_hands_back_is_taken_over_at_once() {
    let world = World::new();
    let (other, job) = (world.other(), job("rules", 0));
    world.begun(&job, &[], &world.service.job_lease()).await;
    let task = world.stuck(&job);
    other.tend_jobs(true).await.unwrap();
    assert_eq!(world.told(&Principal::OWNER, &job).await.state, JobState::Running);
    world.service.release_jobs().await;
    assert!(task.await.unwrap_err().is_cancelled());
    other.tend_jobs(true).await.unwrap();
    assert_eq!(world.ended(&Principal::OWNER, &job).await.state, JobState::Done);
}

#[tokio::test]
async fn a_server_stops_what_was_cancelled_or_taken_over_elsewhere() {
    let world = World::new();
    let (other, cancelled, lost) = (world.other(), job("anthropic/x", 0), job("rules", 0));
    for job in [&cancelled, &lost] {
        world.begun(job, &[], &world.service.job_lease()).await;
    }
    let (first, second) = (world.stuck(&cancelled), world.stuck(&lost));
    other.cancel_extract_job(&Principal::OWNER, &cancelled.id.to_string()).await.unwrap();
    world.tend().await;
    assert!(first.await.unwrap_err().is_cancelled());
    assert!(!second.is_finished());
    // It was silent for too long.
    world.later(LEASE);
    other.tend_jobs(true).await.unwrap();
    assert_eq!(world.ended(&Principal::OWNER, &lost).await.state, JobState::Done);
    world.tend().await;
    assert!(second.await.unwrap_err().is_cancelled());
    assert_eq!(world.told(&Principal::OWNER, &cancelled).await.state, JobState::Cancelled);
}

#[tokio::test]
async fn a_key_that_is_revoked_ends_its_jobs_at_once() {
    let world = World::new();
    let new = NewKey::new(Text::new("for a tool").unwrap());
    let key = world.service.create_key(Principal::OWNER, new).await.unwrap().key.id;
    let holder = world.service.holder(OwnerId::FIRST, Some(key)).await.unwrap();
    let job = StoredJob { key: Some(key), ..job("rules", 1) };
    world.begun(&job, &[None], &world.service.job_lease()).await;
    let task = world.stuck(&job);
    world.tend().await;
    assert_eq!(world.told(&holder, &job).await.state, JobState::Running);
    world.service.revoke_key(Principal::OWNER, &key.to_string()).await.unwrap();
    world.tend().await;
    assert!(task.await.unwrap_err().is_cancelled());
    let told = world.told(&holder, &job).await;
    assert!(told.state == JobState::Failed && told.error.unwrap().contains("API key"));

    // Nor does anybody go on for it.
    let left = StoredJob { id: JobId::derive(&["left"]), ..job };
    world.begun(&left, &[None], &world.dead()).await;
    world.later(LEASE);
    world.tend().await;
    let told = world.ended(&holder, &left).await;
    assert_eq!((told.state, told.done), (JobState::Failed, 0));
}

#[tokio::test]
async fn what_this_server_cannot_go_on_with_waits_for_one_that_can_but_not_for_ever() {
    let world = World::new();
    let own_key = StoredJob { resumable: false, ..job("openai/x", 1) };
    let other_reader = job("openai/y", 1);
    for job in [&own_key, &other_reader] {
        world.begun(job, &[None], &world.dead()).await;
    }
    world.later(LEASE);
    world.tend().await;
    let told = world.told(&Principal::OWNER, &own_key).await;
    assert!(told.state == JobState::Interrupted && told.error.unwrap().contains("with the key"));
    assert_eq!(world.told(&Principal::OWNER, &other_reader).await.state, JobState::Running);
    world.later(STRANDED.millis);
    world.tend().await;
    let told = world.told(&Principal::OWNER, &other_reader).await;
    assert!(told.state == JobState::Interrupted && told.error.unwrap().contains("begin it again"));
}

#[tokio::test]
async fn a_job_that_ran_when_a_backup_was_made_goes_on_after_it_was_restored() {
    let world = World::new();
    let job = job("rules", 1);
    world.begun(&job, &[world.saved("I love hiking in the mountains.").await], &world.dead()).await;
    let copy = world.folder.path().join("copy.db");
    world.service.store.backup(&copy).await.unwrap();
    world.service.cancel_extract_job(&Principal::OWNER, &job.id.to_string()).await.unwrap();
    world.service.store.restore(&copy).await.unwrap();
    world.later(LEASE);
    world.tend().await;
    let told = world.ended(&Principal::OWNER, &job).await;
    assert_eq!((told.state, told.extracted), (JobState::Done, 1));
}
