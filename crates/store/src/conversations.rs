//! Keeping and finding saved conversations.

use async_trait::async_trait;
use omp_model::transfer::Conflict;
use omp_model::{Conversation, ConversationId, ConversationQuery};

use crate::{ImportOutcome, OwnerId, Page, Result};

/// The aggregate of conversations.
#[async_trait]
pub trait ConversationStore: Send + Sync {
    /// Stores a new conversation. `false` when its id is taken; then nothing changes.
    async fn create_conversation(&self, owner: OwnerId, conversation: &Conversation) -> Result<bool>;

    /// Reads one conversation.
    async fn get_conversation(&self, owner: OwnerId, id: ConversationId) -> Result<Option<Conversation>>;

    /// One page, newest first.
    async fn list_conversations(
        &self,
        owner: OwnerId,
        query: &ConversationQuery,
    ) -> Result<Page<Conversation>>;

    /// Removes one conversation; `false` when there is none.
    async fn delete_conversation(&self, owner: OwnerId, id: ConversationId) -> Result<bool>;

    /// Up to `limit` conversations with an id after `after`, in order of their ids.
    async fn export_conversations(
        &self,
        owner: OwnerId,
        after: Option<ConversationId>,
        limit: u32,
    ) -> Result<Vec<Conversation>>;

    /// Stores conversations of an import, all of them or none; one outcome each, in order. With
    /// [`Conflict::Newer`] a taken id is replaced when the conversation says something else and was changed later.
    async fn import_conversations(
        &self,
        owner: OwnerId,
        conversations: Vec<Conversation>,
        conflict: Conflict,
        dry_run: bool,
    ) -> Result<Vec<ImportOutcome>>;
}
