//! Keeping and finding saved conversations.

use async_trait::async_trait;
use omp_model::service_models::beginnings;
use omp_model::transfer::Conflict;
use omp_model::{Conversation, ConversationId, ConversationQuery, Principal, Timestamp, ToolName};

use crate::memories::Changed;
use crate::{ImportOutcome, Page, Result};

/// The aggregate of conversations. A conversation bears the tool of the key that saved it, and one that the principal
/// may not see does not exist for any of these methods.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Stores a new conversation. `false` when its id is taken; then nothing changes.
    async fn create_conversation(&self, by: &Principal, conversation: &Conversation) -> Result<bool>;

    /// Reads one conversation.
    async fn get_conversation(&self, by: &Principal, id: ConversationId) -> Result<Option<Conversation>>;

    /// One page, newest first.
    async fn list_conversations(
        &self,
        by: &Principal,
        query: &ConversationQuery,
    ) -> Result<Page<Conversation>>;

    /// Removes one conversation.
    async fn delete_conversation(
        &self,
        by: &Principal,
        id: ConversationId,
        now: Timestamp,
    ) -> Result<Changed<()>>;

    /// Up to `limit` conversations with an id after `after`, in order of their ids.
    async fn export_conversations(
        &self,
        by: &Principal,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Conversation>>;

    /// Stores conversations of an import, all of them or none; one outcome each, in order. With
    /// [`Conflict::Newer`] a taken id is replaced when the conversation says something else and was changed later.
    async fn import_conversations(
        &self,
        by: &Principal,
        conversations: Vec<Conversation>,
        conflict: Conflict,
        indexing: Indexing,
        now: Timestamp,
    ) -> Result<Vec<ImportOutcome>>;
}

/// When the words of conversations that are imported go into the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indexing {
    /// With them.
    AtOnce,
    /// In the background: until then they wait, and searches say so.
    Later,
    /// Never, because nothing is written: it is only told what would happen.
    DryRun,
}

/// A condition on the column of models: that of a parameter, or one of the service that its value names.
pub(crate) fn held_with(column: &str, parameter: &str, name: &str) -> String {
    let models = beginnings(name).iter().map(|beginning| format!(" OR {column} LIKE '{beginning}%'"));
    format!("({column} = {parameter}{})", models.collect::<String>())
}

/// What is to happen to a conversation, given what has its id and the tool of the key that saved that.
pub(crate) fn decide(
    by: &Principal,
    known: Option<(&Conversation, Option<&ToolName>)>,
    new: &Conversation,
    conflict: Conflict,
) -> ImportOutcome {
    let Some((known, tool)) = known else { return ImportOutcome::Imported };
    // Whatever the strategy: what a key may not see or change stays.
    if !by.sees_conversation_of(tool) || (conflict != Conflict::Skip && !by.may_change_of(tool)) {
        return ImportOutcome::Refused;
    }
    // An answer that was made again is in the origin, with the branches.
    let same = (&known.messages, &known.origin) == (&new.messages, &new.origin)
        && (&known.model, &known.topic, &known.source_url) == (&new.model, &new.topic, &new.source_url);
    match conflict {
        Conflict::Overwrite => ImportOutcome::Updated,
        Conflict::Newer if same => ImportOutcome::Unchanged,
        Conflict::Newer if new.updated_at > known.updated_at => ImportOutcome::Updated,
        _ if same => ImportOutcome::Unchanged,
        _ => ImportOutcome::Skipped,
    }
}
