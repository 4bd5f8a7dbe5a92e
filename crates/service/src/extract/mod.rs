//! Memories out of a conversation: found by a model or by rules, checked against what is known, and only then stored.

mod jobs;
mod known;
mod run;

use omp_ai::{Candidate, Extracted, extract, reconcile, rules};
use omp_model::api::{Evidence, ExtractAction, ExtractChange, ExtractResponse};
use omp_model::{
    Content, CreateMemory, Dedupe, Error, ErrorCode, Fields, Metadata, NewMemory, Principal, Result, Scope,
    Tags,
};
use serde_json::json;

pub use self::jobs::ExtractJobRequest;
use self::known::Plan;
pub(crate) use self::run::Jobs;
use crate::Service;
use crate::access::{require, require_namespace};
use crate::ai::{ConversationSource, LoadedConversation, Reader, ToRead};

/// The longest transcript.
pub(crate) const TRANSCRIPT: usize = 100_000;
/// What memories are said to come from when nobody says.
const TOOL: &str = "omp-extract";

/// A conversation to extract from.
#[derive(Debug, Clone)]
pub struct ExtractRequest {
    /// Which, and what is said of it on the memories.
    pub read: ToRead<TRANSCRIPT>,
    /// Only tell what would change.
    pub dry_run: bool,
}

impl ExtractRequest {
    /// Of this conversation, read by whoever the server has.
    pub fn new(source: ConversationSource<TRANSCRIPT>) -> Self {
        Self { read: ToRead::new(source, TOOL), dry_run: false }
    }

    /// Reads the body of `POST /v1/extract`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let read = ToRead::read(fields, TOOL);
        let dry_run = fields.nullable("dry_run").flatten().unwrap_or_default();
        Some(Self { read: read?, dry_run })
    }
}

impl Service {
    /// Finds what is worth remembering in a conversation, checks it against what is known, and stores what is new. When
    /// the provider fails nothing is stored. Asking again stores nothing twice.
    pub async fn extract(&self, principal: Principal, request: ExtractRequest) -> Result<ExtractResponse> {
        require(&principal, Scope::Write)?;
        let ExtractRequest { mut read, dry_run } = request;
        // What cannot be stored need not be paid for.
        if !dry_run {
            self.require_primary()?;
        }
        let reader = self.ai.reader(&read.ai, "extract memories from a conversation")?;
        if let Some(own) = principal.tool() {
            read.source_tool = own.clone();
        }
        read.namespace = read.namespace.or_else(|| principal.default_namespace());
        require_namespace(&principal, read.namespace.as_ref())?;
        let held = self.held(&principal, &read).await?;
        let found = self.found(&reader, &held, read.source.field()).await?;
        // Before what is known is looked at, and once more before anything is stored: a model thinks in between.
        self.require_still(&principal).await?;
        let unsupported = found.unsupported;
        let plans = self.plans(&principal, &reader, found.candidates, |candidate| {
            new_memory(candidate, &read, &held, &reader)
        });
        let plans = plans.await?;
        self.require_still(&principal).await?;
        let mut response = ExtractResponse {
            extracted_by: reader.name(),
            dry_run,
            unsupported,
            ..ExtractResponse::default()
        };
        for plan in plans {
            let change = self.carry_out(&principal, plan, dry_run, &mut response).await?;
            response.changes.push(change);
        }
        response.extracted = response.memories.len();
        Ok(response)
    }

    /// What a reader finds.
    async fn found(&self, reader: &Reader, held: &LoadedConversation, field: &str) -> Result<Extracted> {
        match reader {
            Reader::Rules => {
                let script = held.script.clone();
                let read = tokio::task::spawn_blocking(move || rules::extract(&script));
                read.await.map_err(|_| Error::internal())
            }
            Reader::Model(model) => {
                let script = held.sendable(self.secrets);
                let windows = script.windows().len() as u64;
                let answers = u64::from(extract::MOST_TOKENS)
                    + u64::from(reconcile::MOST_TOKENS)
                    + reconcile::tokens(10);
                self.ai.within_budget(script.tokens() + windows * answers, field)?;
                self.ai.ask(model.clone(), move |model| extract::extract(model, &script)).await
            }
        }
    }

    /// Stores what a plan says, unless nothing is to be.
    async fn carry_out(
        &self,
        principal: &Principal,
        plan: Plan,
        dry_run: bool,
        response: &mut ExtractResponse,
    ) -> Result<ExtractChange> {
        let Plan { new, candidate, mut action, mut of } = plan;
        let mut change = ExtractChange {
            action,
            content: new.content.clone(),
            kind: new.kind,
            evidence: evidence(&candidate),
            date: candidate.date,
            id: None,
            of,
        };
        if !dry_run && matches!(action, ExtractAction::New | ExtractAction::Supersedes) {
            let supersedes = of.filter(|_| action == ExtractAction::Supersedes);
            let create = |supersedes| CreateMemory { new: new.clone(), supersedes, dedupe: Dedupe::Exact };
            let created = match self.create_memory(principal.clone(), create(supersedes)).await {
                // What was to be superseded is gone or superseded since it was looked at.
                Err(error) if supersedes.is_some() && error.code == ErrorCode::ValidationError => {
                    (action, of) = (ExtractAction::New, None);
                    self.create_memory(principal.clone(), create(None)).await?
                }
                created => created?,
            };
            if let Some(known) = created.duplicate_of {
                (action, of) = (ExtractAction::Repeat, Some(known));
            } else {
                change.id = Some(created.memory.id);
                response.memories.push(created.memory);
            }
            (change.action, change.of) = (action, of);
        }
        Ok(change)
    }
}

fn evidence(candidate: &Candidate) -> Evidence {
    Evidence { message: candidate.message, id: candidate.message_id.clone(), quote: candidate.quote.clone() }
}

/// The memory that a finding becomes, with the words that bear it beside it.
fn new_memory(
    candidate: &Candidate,
    read: &ToRead<TRANSCRIPT>,
    held: &LoadedConversation,
    reader: &Reader,
) -> Option<NewMemory> {
    let content = Content::new(candidate.content.as_str()).ok()?;
    let mut metadata = json!({"evidence": evidence(candidate), "extracted_by": reader.name()});
    if let Some(date) = &candidate.date {
        metadata["date"] = json!(date);
    }
    let mut new = NewMemory::new(content, candidate.kind, read.source_tool.clone());
    new.session_id = Some(held.session.clone());
    new.observed_at = Some(candidate.said_at);
    new.tags = Tags::normalize(candidate.tags.iter().map(String::as_str));
    new.namespace.clone_from(&read.namespace);
    new.metadata = Metadata::parse(&metadata.to_string()).ok()?;
    Some(new)
}
