//! What a thread does.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::lease::Loaded;
use super::queue::{Job, Next, Takes};
use super::{QueryVector, Shared, TextVectors};
use crate::{EmbedError, Purpose};

/// What `nice` calls the lowest priority.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

/// Queries and nothing else; and to look whether the model is still needed,
/// since this thread is the one that is least busy.
pub(super) fn answer_queries(shared: &Shared) {
    loop {
        match shared.queue.next(Takes::Queries, shared.idle) {
            Next::Job(job) => answer(shared, job),
            Next::Idle => shared.lease.release(),
            Next::End => return,
        }
    }
}

/// Documents. There may be millions of them: whatever else the computer has to do comes first.
pub(super) fn answer_documents(shared: &Shared) {
    step_back();
    while let Next::Job(job) = shared.queue.next(Takes::Documents, None) {
        answer(shared, job);
    }
}

/// Gives this thread the lowest priority. Where that is not possible it goes on with its own.
fn step_back() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, LOWEST);
}

fn answer(shared: &Shared, job: Job) {
    match job {
        Job::Query { text, reply } => {
            let answer = guarded(|| query(shared, &text));
            if let (Ok(found), Some(mut cache)) = (&answer, shared.cache()) {
                cache.put(text, found.clone());
            }
            shared.queue.done();
            reply.send(answer);
        }
        Job::Documents { texts, reply } => {
            let answer = guarded(|| documents(shared, &texts, || reply.is_unwanted()));
            shared.queue.done();
            reply.send(answer);
        }
    }
}

/// A model that panics fails one request and not the thread.
fn guarded<T>(work: impl FnOnce() -> Result<T, EmbedError>) -> Result<T, EmbedError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(EmbedError::Run("it gave up in the middle".into())))
}

fn query(shared: &Shared, text: &str) -> Result<QueryVector, EmbedError> {
    let Loaded { embedder, identity } = shared.lease.take()?;
    let vector = embedder.embed(Purpose::Query, text)?.into_iter().next();
    Ok(QueryVector { model: identity, vector: vector.map(Arc::from), fit: embedder.fit(text) })
}

fn documents(
    shared: &Shared,
    texts: &[String],
    unwanted: impl Fn() -> bool,
) -> Result<TextVectors, EmbedError> {
    let Loaded { embedder, identity } = shared.lease.take()?;
    let mut vectors = Vec::with_capacity(texts.len());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    for some in texts.chunks(embedder.batch().max(1)) {
        if unwanted() {
            return Err(EmbedError::Closed);
        }
        vectors.extend(embedder.embed_all(Purpose::Document, some)?);
    }
    Ok(TextVectors { model: identity, texts: vectors })
}
