//! Extraction from many saved conversations in the background: with progress, and it can be cancelled.
//!
//! A job stands in the store and belongs to the key that began it; another key sees none of it. What a job has stored
//! stays when it ends early, and beginning it again stores nothing twice.

use omp_ai::Provider;
use omp_model::api::{ExtractJob, ExtractJobs, JobState};
use omp_model::{
    ConversationId, ConversationQuery, Error, ErrorCode, Fields, JobId, ModelName, Namespace, Principal,
    Result, Scope, Timestamp, ToolName,
};
use omp_store::{JobBounds, JobProgress, StoredJob};

use crate::Service;
use crate::access::{require, require_change, require_conversations, require_namespace};
use crate::ai::{AiChoice, Reader};
use crate::failure::shown;
use crate::memories::printable;

/// Jobs of one key: those that run at once, on all servers together, and those that have ended and are remembered.
const BOUNDS: JobBounds = JobBounds { running: 2, ended: 200 };
/// How long those that have ended are remembered, in milliseconds: 30 days.
const REMEMBERED: i64 = 30 * 24 * 3_600_000;
/// Jobs that are forgotten in one transaction.
const CHUNK: u32 = 1_000;
/// The most conversations of a job that names them.
const MOST: usize = 10_000;
/// Conversations of a page, while their ids are gathered.
const PAGE: u32 = 50;

/// Why a job ended that came with a key of its own.
const KEY_IS_GONE: &str = "The server ended or lost its database before the job was done, and the provider's key that came with it is kept nowhere; begin it \
     again, with the key. What was stored stays, and nothing is stored twice.";
/// Why another one did.
const NOBODY_WENT_ON: &str = "The server ended or lost its database before the job was done, and no server with the same AI provider and model has finished it; \
     begin it again. What was stored stays, and nothing is stored twice.";

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
}

fn not_found(id: &str) -> Error {
    Error::new(ErrorCode::NotFound, format!("There is no job with the id {}.", printable(id)))
}

/// A job as it is told.
fn told(job: StoredJob) -> ExtractJob {
    let JobProgress { done, skipped, extracted } = job.progress;
    let why = if job.resumable { NOBODY_WENT_ON } else { KEY_IS_GONE };
    ExtractJob {
        id: job.id,
        state: job.state,
        total: job.total,
        done,
        skipped,
        extracted,
        error: if job.state == JobState::Interrupted { Some(why.to_owned()) } else { job.error },
        created_at: job.created_at,
        updated_at: job.updated_at,
    }
}

/// Who reads the conversations of a job that was taken over: as when it began, without a key of its own.
pub(super) fn chosen(job: &StoredJob) -> AiChoice {
    let rules = job.reader == Reader::Rules.name();
    AiChoice { provider: rules.then_some(Provider::Rules), api_key: None }
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
        let reader = self.ai.reader(&request.ai, "extract memories from conversations")?;
        let conversations = match &request.ids {
            // Only ids are written down, and what can be none is no conversation.
            Some(ids) => ids.iter().map(|id| ConversationId::parse(id)).collect(),
            None => self.saved_ids(&principal, &request.query).await?,
        };
        let now = self.clock.now();
        let job = StoredJob {
            id: JobId::generate(now, self.random.as_ref()),
            owner: principal.owner,
            key: principal.key(),
            reader: reader.name(),
            resumable: request.ai.api_key.is_none() || reader == Reader::Rules,
            source_tool: request.source_tool,
            namespace: request.namespace,
            total: conversations.len() as u64,
            progress: JobProgress::default(),
            state: JobState::Running,
            error: None,
            created_at: now,
            updated_at: now,
        };
        let begun = self.store.create_job(&job, &conversations, &self.job_lease(), BOUNDS).await;
        if !begun.map_err(shown)? {
            let most = BOUNDS.running;
            let message = format!("{most} jobs of this key run already; wait for one of them or cancel it.");
            return Err(Error::new(ErrorCode::Unavailable, message));
        }
        self.run_job(job.clone(), conversations, request.ai);
        Ok(told(job))
    }

    async fn saved_ids(
        &self,
        principal: &Principal,
        query: &ConversationQuery,
    ) -> Result<Vec<Option<ConversationId>>> {
        let (mut query, mut ids) = (query.clone(), Vec::new());
        loop {
            let page = self.list_conversations(principal.clone(), &query).await?.conversations;
            query.offset += page.len() as u64;
            let last = page.len() < PAGE as usize;
            ids.extend(page.into_iter().map(|conversation| Some(conversation.id)));
            if last || ids.len() >= MOST {
                ids.truncate(MOST);
                return Ok(ids);
            }
        }
    }

    /// The jobs of this key, newest first.
    pub async fn extract_jobs(&self, principal: &Principal) -> Result<ExtractJobs> {
        require(principal, Scope::Read)?;
        let jobs = self.store.jobs(principal).await.map_err(shown)?;
        Ok(ExtractJobs { jobs: jobs.into_iter().map(told).collect() })
    }

    /// One job of this key.
    pub async fn extract_job(&self, principal: &Principal, id: &str) -> Result<ExtractJob> {
        require(principal, Scope::Read)?;
        let known = JobId::parse(id).ok_or_else(|| not_found(id))?;
        let job = self.store.get_job(principal, known).await.map_err(shown)?;
        job.map(told).ok_or_else(|| not_found(id))
    }

    /// Ends a job, if it still runs, on whichever server. What it has stored stays.
    pub async fn cancel_extract_job(&self, principal: &Principal, id: &str) -> Result<ExtractJob> {
        require_change(principal)?;
        let known = JobId::parse(id).ok_or_else(|| not_found(id))?;
        if self.store.cancel_job(principal, known, self.clock.now()).await.map_err(shown)? {
            self.jobs.abort((principal.owner, known));
        }
        self.extract_job(principal, id).await
    }

    /// Forgets jobs that ended long ago.
    pub(crate) async fn forget_old_jobs(&self) {
        let before = self.clock.now().plus_millis(-REMEMBERED);
        if let Err(error) = self.store.forget_jobs(before, CHUNK).await {
            tracing::warn!(%error, "jobs that ended long ago could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use omp_model::OwnerId;

    use super::*;

    fn job(reader: &str, resumable: bool, state: JobState) -> StoredJob {
        StoredJob {
            id: JobId::derive(&["x"]),
            owner: OwnerId::FIRST,
            key: None,
            reader: reader.into(),
            resumable,
            source_tool: None,
            namespace: None,
            total: 2,
            progress: JobProgress { done: 1, skipped: 1, extracted: 0 },
            state,
            error: None,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(2),
        }
    }

    #[test]
    fn an_interrupted_job_says_what_to_do() {
        let why = |resumable| told(job("rules", resumable, JobState::Interrupted)).error.unwrap_or_default();
        assert!(why(false).contains("again, with the key") && !why(true).contains("with the key"));
        assert!(why(true).contains("begin it again"));
        assert_eq!(told(job("rules", false, JobState::Running)).error, None);
    }

    #[test]
    fn a_job_goes_on_with_whoever_began_it() {
        let provider = |reader| chosen(&job(reader, true, JobState::Running)).provider;
        assert_eq!(provider("rules"), Some(Provider::Rules));
        assert_eq!(provider("openai/gpt-5-mini"), None, "the server's own");
    }
}
