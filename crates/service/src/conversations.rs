//! Saved conversations.

use omp_model::api::ConversationList;
use omp_model::conversation::NewConversation;
use omp_model::{Conversation, ConversationId, ConversationQuery, Error, Principal, Result, Scope};
use omp_store::Changed;

use crate::Service;
use crate::access::{not_to_be_changed, require, require_change, require_conversations};
use crate::failure::shown;
use crate::memories::printable;

impl Service {
    /// Saves a conversation.
    pub async fn create_conversation(
        &self,
        principal: Principal,
        new: NewConversation,
    ) -> Result<Conversation> {
        require(&principal, Scope::Write)?;
        require_conversations(&principal)?;
        let now = self.clock.now();
        let mut conversation =
            new.into_conversation(ConversationId::generate(now, self.random.as_ref()), now);
        self.secrets.check_conversation(&mut conversation)?;
        if self.store.create_conversation(&principal, &conversation).await.map_err(shown)? {
            self.embeddings.wake();
            return Ok(conversation);
        }
        tracing::error!("a new id was taken: the random source is broken");
        Err(Error::internal())
    }

    /// Reads one conversation.
    pub async fn get_conversation(&self, principal: Principal, id: &str) -> Result<Conversation> {
        require(&principal, Scope::Read)?;
        let found = match ConversationId::parse(id) {
            Some(id) => self.store.get_conversation(&principal, id).await.map_err(shown)?,
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
        require(&principal, Scope::Read)?;
        let page = self.store.list_conversations(&principal, query).await.map_err(shown)?;
        Ok(ConversationList { conversations: page.items, total: page.total })
    }

    /// Removes one conversation.
    pub async fn delete_conversation(&self, principal: Principal, id: &str) -> Result<()> {
        require_change(&principal)?;
        let changed = match ConversationId::parse(id) {
            Some(id) => {
                self.store.delete_conversation(&principal, id, self.clock.now()).await.map_err(shown)?
            }
            None => Changed::Missing,
        };
        match changed {
            Changed::Done(()) => Ok(()),
            Changed::Missing => Err(Error::conversation_not_found(&printable(id))),
            Changed::Refused => Err(not_to_be_changed(&principal)),
        }
    }
}
