//! Saved conversations.

use omp_model::api::ConversationList;
use omp_model::conversation::NewConversation;
use omp_model::{Conversation, ConversationId, ConversationQuery, Error, Principal, Result};

use crate::Service;
use crate::failure::shown;
use crate::memories::printable;

impl Service {
    /// Saves a conversation.
    pub async fn create_conversation(
        &self,
        principal: Principal,
        new: NewConversation,
    ) -> Result<Conversation> {
        let now = self.clock.now();
        let conversation = new.into_conversation(ConversationId::generate(now, self.random.as_ref()), now);
        if self.store.create_conversation(principal.owner, &conversation).await.map_err(shown)? {
            return Ok(conversation);
        }
        tracing::error!("a new id was taken: the random source is broken");
        Err(Error::internal())
    }

    /// Reads one conversation.
    pub async fn get_conversation(&self, principal: Principal, id: &str) -> Result<Conversation> {
        let found = match ConversationId::parse(id) {
            Some(id) => self.store.get_conversation(principal.owner, id).await.map_err(shown)?,
            None => None,
        };
        found.ok_or_else(|| Error::conversation_not_found(&printable(id)))
    }

    /// One page of conversations, newest first.
    pub async fn list_conversations(
        &self,
        principal: Principal,
        query: &ConversationQuery,
    ) -> Result<ConversationList> {
        let page = self.store.list_conversations(principal.owner, query).await.map_err(shown)?;
        Ok(ConversationList { conversations: page.items, total: page.total })
    }

    /// Removes one conversation.
    pub async fn delete_conversation(&self, principal: Principal, id: &str) -> Result<()> {
        let deleted = match ConversationId::parse(id) {
            Some(id) => self.store.delete_conversation(principal.owner, id).await.map_err(shown)?,
            None => false,
        };
        if deleted { Ok(()) } else { Err(Error::conversation_not_found(&printable(id))) }
    }
}
