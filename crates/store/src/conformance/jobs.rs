//! Jobs, and the servers that take turns at them.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use omp_model::api::JobState;
use omp_model::{
    ConversationId, Grant, JobId, KeyId, Limits, Namespace, NewUser, OwnerId, Principal, Scopes, ToolName,
    UserName,
};

use super::{BY, NOW, OWNER};
use crate::{JobBounds, JobConversations, JobLease, JobProgress, Store, StoredJob, Stranded};

const BOUNDS: JobBounds = JobBounds { running: 100, ended: 100 };
const HOUR: i64 = 3_600_000;
/// Only what nobody can go on with.
const PATIENT: Stranded = Stranded { attempts: 100, millis: 1_000 * HOUR };
const ATTEMPTS: u32 = 100;

fn user() -> UserName {
    UserName::new("anna").expect("fits")
}

fn holder(user_number: OwnerId, key: &str) -> Principal {
    Principal::with(Arc::new(Grant {
        user: user_number,
        user_name: user(),
        key: KeyId::derive(&[key]),
        administers: false,
        scopes: Scopes::from_bits(7),
        limits: Limits::default(),
        default_namespace: None,
    }))
}

/// The job of this number: later ones have later ids.
fn job(by: &Principal, number: u8) -> StoredJob {
    StoredJob {
        id: JobId::from_body(&format!("{number:016}")).expect("sixteen digits"),
        owner: by.owner,
        key: by.key(),
        reader: "rules".into(),
        resumable: true,
        source_tool: ToolName::new("claude").ok(),
        namespace: Namespace::new("home").ok(),
        total: 3,
        progress: JobProgress::default(),
        state: JobState::Running,
        error: None,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn conversations() -> JobConversations {
    vec![Some(ConversationId::derive(&["a"])), None, Some(ConversationId::derive(&["b"]))]
}

fn lease(server: &str, millis: i64) -> JobLease {
    JobLease { server: server.into(), millis, now: NOW }
}

async fn begun(store: &dyn Store, job: &StoredJob, lease: &JobLease) {
    assert!(store.create_job(job, &conversations(), lease, BOUNDS).await.expect("begun"));
}

async fn taken_over(store: &dyn Store, lease: &JobLease) -> Option<(StoredJob, JobConversations)> {
    let readers = ["rules".to_owned(), "openai/x".to_owned()];
    store.take_over_job(&readers, ATTEMPTS, lease).await.expect("asked")
}

async fn state(store: &dyn Store, by: &Principal, job: &StoredJob) -> JobState {
    store.get_job(by, job.id).await.expect("read").expect("is there").state
}

/// To any other key, and any other user, it is not there.
pub async fn a_job_is_there_for_the_key_that_began_it(store: &dyn Store) {
    let (one, other) = (holder(OWNER, "one"), holder(OWNER, "other"));
    let (first, second, third) = (job(&one, 1), job(&one, 2), job(&BY, 3));
    for job in [&first, &second, &third] {
        begun(store, job, &lease("s", HOUR)).await;
    }
    assert_eq!(store.jobs(&one).await.expect("read"), [second.clone(), first.clone()]);
    assert_eq!(store.jobs(&BY).await.expect("read"), [third]);
    assert_eq!(store.get_job(&one, first.id).await.expect("read"), Some(first.clone()));
    for stranger in [other, BY.clone(), holder(OwnerId(9), "one"), Principal::everything(OwnerId(9))] {
        assert_eq!(store.get_job(&stranger, first.id).await.expect("read"), None);
        assert!(!store.cancel_job(&stranger, first.id, NOW).await.expect("asked"));
        assert!(!store.jobs(&stranger).await.expect("read").contains(&first));
    }
    assert!(store.cancel_job(&one, first.id, NOW).await.expect("cancelled"));
    assert!(!store.cancel_job(&one, first.id, NOW).await.expect("asked"), "it runs no more");
    assert_eq!(state(store, &one, &first).await, JobState::Cancelled);
    assert_eq!(state(store, &one, &second).await, JobState::Running);
}

/// Each key has its own bounds, and what has ended makes room.
pub async fn so_many_jobs_of_a_key_run_and_so_many_are_kept(store: &dyn Store) {
    let bounds = JobBounds { running: 2, ended: 3 };
    let one = holder(OWNER, "one");
    let begin = async |by: &Principal, number, server| {
        let new = job(by, number);
        store.create_job(&new, &conversations(), &lease(server, HOUR), bounds).await.expect("asked")
    };
    assert!(begin(&one, 1, "s").await && begin(&one, 2, "t").await);
    assert!(!begin(&one, 3, "u").await, "whichever server");
    assert_eq!(store.get_job(&one, job(&one, 3).id).await.expect("read"), None);
    assert!(begin(&BY, 4, "s").await, "another key");
    for number in 5..=9 {
        let last = if number == 5 { 1 } else { number - 1 };
        assert!(store.cancel_job(&one, job(&one, last).id, NOW).await.expect("cancelled"));
        assert!(begin(&one, number, "s").await);
    }
    let kept: Vec<JobId> = store.jobs(&one).await.expect("read").iter().map(|job| job.id).collect();
    assert_eq!(kept, [9, 8, 7, 6, 2].map(|number| job(&one, number).id));
    assert_eq!(store.jobs(&BY).await.expect("read").len(), 1);
}

/// Whoever has lost it, by whatever, writes nothing down any more.
pub async fn progress_is_written_by_whose_job_it_is(store: &dyn Store) {
    let (job, other) = (job(&BY, 1), job(&BY, 2));
    let (mine, theirs) = (lease("mine", HOUR), lease("theirs", HOUR));
    begun(store, &job, &mine).await;
    begun(store, &other, &mine).await;
    let progress = JobProgress { done: 2, skipped: 1, extracted: 7 };
    assert!(!store.note_job(job.place(), progress, &theirs).await.expect("asked"));
    assert!(!store.end_job(job.place(), JobState::Done, None, &theirs).await.expect("asked"));
    assert_eq!(store.get_job(&BY, job.id).await.expect("read"), Some(job.clone()));
    let later = JobLease { now: NOW.plus_millis(5), ..mine.clone() };
    assert!(store.note_job(job.place(), progress, &later).await.expect("noted"));
    let noted = StoredJob { progress, updated_at: later.now, ..job.clone() };
    assert_eq!(store.get_job(&BY, job.id).await.expect("read"), Some(noted.clone()));

    assert!(store.end_job(job.place(), JobState::Failed, Some("Why."), &later).await.expect("ended"));
    let failed = StoredJob { state: JobState::Failed, error: Some("Why.".into()), ..noted };
    assert_eq!(store.get_job(&BY, job.id).await.expect("read"), Some(failed));
    assert!(store.cancel_job(&BY, other.id, NOW).await.expect("cancelled"));
    for place in [job.place(), other.place()] {
        assert!(!store.note_job(place, progress, &mine).await.expect("asked"));
        assert!(!store.end_job(place, JobState::Done, None, &mine).await.expect("asked"));
    }
    assert!(!store.any_job_runs().await.expect("read"));
}

/// Once the lease has run out; where it stood, by one server, which has the reader.
pub async fn a_job_is_taken_over_when_its_lease_has_run_out(store: &dyn Store) {
    let one = holder(OWNER, "one");
    let (held, left) = (job(&BY, 1), job(&one, 2));
    begun(store, &held, &lease("alive", HOUR)).await;
    begun(store, &left, &lease("dead", HOUR)).await;
    assert_eq!(taken_over(store, &lease("next", HOUR)).await, None);
    let progress = JobProgress { done: 1, skipped: 0, extracted: 4 };
    assert!(store.note_job(left.place(), progress, &lease("dead", 0)).await.expect("noted"));
    let others = ["openai/x".to_owned()];
    assert_eq!(store.take_over_job(&others, ATTEMPTS, &lease("next", HOUR)).await.expect("asked"), None);
    let expected = StoredJob { progress, ..left.clone() };
    assert_eq!(taken_over(store, &lease("next", HOUR)).await, Some((expected, conversations())));
    assert_eq!(taken_over(store, &lease("third", HOUR)).await, None);
    assert!(!store.note_job(left.place(), progress, &lease("dead", 0)).await.expect("asked"));
    assert!(store.note_job(left.place(), progress, &lease("next", HOUR)).await.expect("noted"));
}

/// Many servers look at the same moment.
pub async fn no_two_servers_take_over_the_same_job(store: &dyn Store) {
    let jobs: Vec<StoredJob> = (1..=6).map(|number| job(&BY, number)).collect();
    for job in &jobs {
        begun(store, job, &lease("dead", 0)).await;
    }
    let looks = join_all((0..10).map(|server| async move {
        taken_over(store, &lease(&format!("server {server}"), HOUR)).await.map(|(job, _)| job.id)
    }));
    let mut taken: Vec<JobId> = looks.await.into_iter().flatten().collect();
    // Who looked at what another one was just taking had nothing, and looks again.
    while let Some((job, _)) = taken_over(store, &lease("late", HOUR)).await {
        taken.push(job.id);
    }
    assert_eq!(taken.len(), jobs.len());
    assert_eq!(BTreeSet::from_iter(taken).len(), jobs.len());
}

/// What came with a key of its own at once, the rest when nobody takes it over, or servers do not live through it.
pub async fn what_nobody_can_go_on_with_is_interrupted(store: &dyn Store) {
    let own_key = StoredJob { resumable: false, ..job(&BY, 1) };
    let held = StoredJob { resumable: false, ..job(&BY, 2) };
    let waiting = StoredJob { reader: "gemini/y".into(), ..job(&BY, 3) };
    let deadly = job(&BY, 4);
    begun(store, &own_key, &lease("dead", 0)).await;
    begun(store, &held, &lease("alive", HOUR)).await;
    begun(store, &waiting, &lease("dead", 0)).await;
    begun(store, &deadly, &lease("dead", 0)).await;
    for _ in 0..2 {
        let (taken, _) = taken_over(store, &lease("dead too", 0)).await.expect("is left");
        assert_eq!(taken.id, deadly.id);
    }
    assert_eq!(store.interrupt_jobs(PATIENT, NOW).await.expect("ran"), 1);
    assert_eq!(state(store, &BY, &own_key).await, JobState::Interrupted);
    assert_eq!(
        store.take_over_job(&["rules".to_owned()], 2, &lease("next", HOUR)).await.expect("asked"),
        None
    );
    assert_eq!(store.interrupt_jobs(Stranded { attempts: 2, ..PATIENT }, NOW).await.expect("ran"), 1);
    assert_eq!(state(store, &BY, &deadly).await, JobState::Interrupted);
    assert_eq!(state(store, &BY, &waiting).await, JobState::Running);
    assert_eq!(store.interrupt_jobs(Stranded { millis: 0, ..PATIENT }, NOW).await.expect("ran"), 1);
    assert_eq!(state(store, &BY, &waiting).await, JobState::Interrupted);
    assert_eq!(state(store, &BY, &held).await, JobState::Running);
}

/// A server renews what is still its own, and hands back what it does not finish.
pub async fn leases_are_kept_and_given_back(store: &dyn Store) {
    let (mine, lost, over) = (job(&BY, 1), job(&BY, 2), job(&BY, 3));
    for job in [&mine, &lost, &over] {
        begun(store, job, &lease("me", 0)).await;
    }
    assert!(store.cancel_job(&BY, over.id, NOW).await.expect("cancelled"));
    assert!(
        store.keep_jobs(&[mine.place()], &lease("me", HOUR)).await.expect("kept").contains(&mine.place())
    );
    let (taken, _) = taken_over(store, &lease("next", HOUR)).await.expect("is left");
    assert_eq!(taken.id, lost.id);
    let places = [mine.place(), lost.place(), over.place()];
    assert_eq!(store.keep_jobs(&places, &lease("me", HOUR)).await.expect("kept"), [mine.place()]);
    assert_eq!(taken_over(store, &lease("third", HOUR)).await, None);
    store.release_jobs(&places, &lease("me", HOUR)).await.expect("released");
    let (taken, _) = taken_over(store, &lease("third", HOUR)).await.expect("is free");
    assert_eq!(taken.id, mine.id);
    assert_eq!(taken_over(store, &lease("fourth", HOUR)).await, None);
}

/// With their user, or after a time.
pub async fn jobs_go(store: &dyn Store) {
    let new = NewUser { name: user(), admin: false };
    let anna = store.create_user(&BY, &new, NOW).await.expect("stored").expect("free");
    let key = holder(anna, "hers");
    begun(store, &job(&key, 1), &lease("s", HOUR)).await;
    let (running, ended) = (job(&BY, 2), job(&BY, 3));
    begun(store, &running, &lease("s", HOUR)).await;
    begun(store, &ended, &lease("s", HOUR)).await;
    assert!(store.cancel_job(&BY, ended.id, NOW).await.expect("cancelled"));
    while !store.remove_user(&BY, anna, None, 10, NOW).await.expect("a step").done {}
    assert_eq!(store.jobs(&key).await.expect("read"), []);
    assert!(
        !store.note_job(job(&key, 1).place(), JobProgress::default(), &lease("s", 0)).await.expect("asked")
    );

    assert_eq!(store.forget_jobs(NOW, 10).await.expect("ran"), 0);
    assert_eq!(store.forget_jobs(NOW.plus_millis(1), 10).await.expect("ran"), 1);
    let left: Vec<JobId> = store.jobs(&BY).await.expect("read").iter().map(|job| job.id).collect();
    assert_eq!(left, [running.id]);
}
