//! Extraction from many saved conversations, beside whatever else is asked: with progress, and an end before its end.
//!
//! A job lives as long as the server and belongs to the key that began it; another key sees none of it. Before each conversation the
//! key must still hold. What a job has stored stays when it fails or is cancelled, and beginning it again stores nothing twice.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use omp_model::api::{ExtractJob, ExtractJobs, JobState};
use omp_model::{
    ConversationQuery, Error, ErrorCode, Fields, MemoryId, ModelName, Namespace, Principal, Result, Scope,
    Timestamp, ToolName,
};
use tokio::task::AbortHandle;

use super::ExtractRequest;
use crate::Service;
use crate::access::{require, require_change, require_conversations, require_namespace};
use crate::ai::{AiChoice, Told};
use crate::memories::printable;

/// Jobs that are remembered; the oldest that have ended make room.
const KEPT: usize = 200;
/// Jobs of one key that run at once.
const AT_ONCE: usize = 2;
/// The most conversations of a job that names them.
const MOST: usize = 10_000;
/// Conversations of a page, while their ids are gathered.
const PAGE: u32 = 50;

/// Which conversations are read, and how.
#[derive(Debug, Clone)]
pub struct ExtractJobRequest {
    /// These, by their ids; `None` is all that the query has.
    pub ids: Option<Vec<String>>,
    /// Which of the saved ones.
    pub query: ConversationQuery,
    /// Who is to read them.
    pub ai: AiChoice,
    /// Which tool the memories are said to come from.
    pub source_tool: Option<ToolName>,
    /// Where they go.
    pub namespace: Option<Namespace>,
}

impl ExtractJobRequest {
    /// Reads the body of `POST /v1/extract/jobs`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let ids = fields.nullable::<Vec<String>>("conversation_ids").flatten();
        if ids.as_ref().is_some_and(|ids| ids.len() > MOST) {
            fields.fail("conversation_ids", format!("must be at most {MOST}"));
        }
        let model = fields.nullable::<ModelName>("model").flatten();
        let since = fields.nullable::<Timestamp>("since").flatten();
        let ai = AiChoice::read(fields);
        let source_tool = fields.nullable("source_tool").flatten();
        let namespace = fields.nullable("namespace").flatten();
        let query = ConversationQuery { model, since, limit: PAGE, ..ConversationQuery::default() };
        Some(Self { ids, query, ai, source_tool, namespace })
    }

    fn request(&self, id: String) -> ExtractRequest {
        let mut new = ExtractRequest::new(Told::Saved(id));
        new.read.source_tool = self.source_tool.clone().unwrap_or(new.read.source_tool);
        (new.read.ai, new.read.namespace) = (self.ai.clone(), self.namespace.clone());
        new
    }
}

/// A job, whose it is, and what ends it.
struct Entry {
    job: Arc<Mutex<ExtractJob>>,
    principal: Principal,
    abort: AbortHandle,
}

impl Entry {
    fn job(&self) -> ExtractJob {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The jobs of a server, oldest first.
#[derive(Default)]
pub(crate) struct Jobs(Mutex<VecDeque<Entry>>);

impl Jobs {
    fn with<T>(&self, look: impl FnOnce(&mut VecDeque<Entry>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn not_found(id: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("There is no job with the id {}.", printable(id)))
}

impl Service {
    /// Begins to extract from saved conversations, and tells what was begun.
    pub async fn start_extract_job(
        &self,
        principal: Principal,
        request: ExtractJobRequest,
    ) -> Result<ExtractJob> {
        require_change(&principal)?;
        require_conversations(&principal)?;
        let namespace = request.namespace.clone().or_else(|| principal.default_namespace());
        require_namespace(&principal, namespace.as_ref())?;
        self.ai.reader(&request.ai, "extract memories from conversations")?;
        let ids = match &request.ids {
            Some(ids) => ids.clone(),
            None => self.saved_ids(&principal, &request.query).await?,
        };
        let now = self.clock.now();
        let id = MemoryId::generate(now, self.random.as_ref()).to_string().replace("mem_", "job_");
        let job =
            ExtractJob { id, total: ids.len(), created_at: now, updated_at: now, ..ExtractJob::default() };
        let shared = Arc::new(Mutex::new(job.clone()));
        self.jobs.with(|jobs| {
            let running = |entry: &Entry| entry.job().state == JobState::Running;
            if jobs.iter().filter(|entry| entry.principal == principal && running(entry)).count() >= AT_ONCE {
                let message =
                    format!("{AT_ONCE} jobs of this key run already; wait for one of them or cancel it.");
                return Err(Error::new(ErrorCode::Unavailable, message));
            }
            if jobs.len() >= KEPT {
                let oldest = jobs.iter().position(|entry| !running(entry));
                let busy =
                    || Error::new(ErrorCode::Unavailable, "As many jobs run as may run; try again later.");
                jobs.remove(oldest.ok_or_else(busy)?);
            }
            let task = self.clone().run_job(principal.clone(), request, ids, Arc::clone(&shared));
            let abort = tokio::spawn(task).abort_handle();
            jobs.push_back(Entry { job: shared, principal, abort });
            Ok(job)
        })
    }

    async fn saved_ids(&self, principal: &Principal, query: &ConversationQuery) -> Result<Vec<String>> {
        let (mut query, mut ids) = (query.clone(), Vec::new());
        loop {
            let page = self.list_conversations(principal.clone(), &query).await?.conversations;
            query.offset += page.len() as u64;
            let last = page.len() < PAGE as usize;
            ids.extend(page.into_iter().map(|conversation| conversation.id.to_string()));
            if last || ids.len() >= MOST {
                ids.truncate(MOST);
                return Ok(ids);
            }
        }
    }

    async fn run_job(
        self,
        principal: Principal,
        request: ExtractJobRequest,
        ids: Vec<String>,
        job: Arc<Mutex<ExtractJob>>,
    ) {
        let note = |change: &dyn Fn(&mut ExtractJob)| {
            let mut job = job.lock().unwrap_or_else(PoisonError::into_inner);
            job.updated_at = self.clock.now();
            change(&mut job);
        };
        for id in ids {
            let read = async {
                self.require_still(&principal).await?;
                self.extract(principal.clone(), request.request(id)).await
            };
            match read.await {
                Ok(extracted) => note(&|job| {
                    job.done += 1;
                    job.extracted += extracted.extracted;
                }),
                // Deleted meanwhile, or too long for the budget: the others can still be read.
                Err(error) if matches!(error.code, ErrorCode::NotFound | ErrorCode::ValidationError) => {
                    note(&|job| {
                        job.done += 1;
                        job.skipped += 1;
                    });
                }
                Err(error) => {
                    note(&|job| (job.state, job.error) = (JobState::Failed, Some(error.message.clone())));
                    return;
                }
            }
        }
        note(&|job| {
            if job.state == JobState::Running {
                job.state = JobState::Done;
            }
        });
    }

    /// The jobs of this key, newest first.
    pub fn extract_jobs(&self, principal: &Principal) -> Result<ExtractJobs> {
        require(principal, Scope::Read)?;
        let own = |jobs: &mut VecDeque<Entry>| {
            jobs.iter().rev().filter(|entry| entry.principal == *principal).map(Entry::job).collect()
        };
        Ok(ExtractJobs { jobs: self.jobs.with(own) })
    }

    /// One job of this key.
    pub fn extract_job(&self, principal: &Principal, id: &str) -> Result<ExtractJob> {
        let jobs = self.extract_jobs(principal)?.jobs;
        jobs.into_iter().find(|job| job.id == id).ok_or_else(|| not_found(id))
    }

    /// Ends a job, if it still runs. What it has stored stays.
    pub fn cancel_extract_job(&self, principal: &Principal, id: &str) -> Result<ExtractJob> {
        require_change(principal)?;
        self.extract_job(principal, id)?;
        let now = self.clock.now();
        let cancelled = self.jobs.with(|jobs| {
            let entry = jobs.iter().find(|entry| entry.principal == *principal && entry.job().id == id)?;
            entry.abort.abort();
            let mut job = entry.job.lock().unwrap_or_else(PoisonError::into_inner);
            if job.state == JobState::Running {
                (job.state, job.updated_at) = (JobState::Cancelled, now);
            }
            Some(job.clone())
        });
        cancelled.ok_or_else(|| not_found(id))
    }
}
