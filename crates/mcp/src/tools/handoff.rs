//! `omp_handoff`

use omp_model::{ConversationQuery, Error, ErrorCode, ModelName, Result};
use omp_service::HandoffRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::item::NOTICE;
use super::{Call, Effect, Verb};

/// Which conversation.
#[derive(Deserialize, JsonSchema)]
pub(super) struct HandOff {
    /// Default: the newest saved one
    conversation_id: Option<String>,
    /// Where it goes on; default: you
    target_model: Option<String>,
}

/// The brief.
#[derive(Serialize, JsonSchema)]
pub(super) struct HandedOff {
    conversation_id: String,
    brief: String,
    source_model: String,
    notice: &'static str,
}

impl Verb for HandOff {
    const NAME: &'static str = "omp_handoff";
    const TITLE: &'static str = "Go on with a conversation";
    const DESCRIPTION: &'static str =
        "A brief with which a saved conversation from another AI tool goes on here, or in the tool you name.";
    const EFFECT: Effect = Effect::Reads;
    type Output = HandedOff;

    async fn call(self, call: Call) -> Result<(String, HandedOff)> {
        let target = self.target_model.filter(|target| !target.trim().is_empty());
        let target = target.unwrap_or_else(|| call.tool.to_string());
        let target = ModelName::new(target.trim()).map_err(|what| Error::invalid("target_model", what))?;
        let given = self.conversation_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
        let id = match given {
            Some(id) => id.to_owned(),
            None => newest(&call).await?,
        };
        let brief = call.api.hand_off(HandoffRequest::saved(&id, target)).await?;
        // Nothing in it may close the block.
        let quoted = brief.brief.replace('<', "&lt;");
        let text = format!("<conversation id=\"{id}\">\n{NOTICE}\n{quoted}\n</conversation>\n");
        let (brief, source_model) = (brief.brief, brief.source_model);
        Ok((text, HandedOff { conversation_id: id, brief, source_model, notice: NOTICE }))
    }
}

async fn newest(call: &Call) -> Result<String> {
    let query = ConversationQuery { limit: 1, ..ConversationQuery::default() };
    let list = call.api.list_conversations(&query).await?;
    let newest = list.conversations.first().map(|conversation| conversation.id.to_string());
    newest.ok_or_else(|| {
        let message = "No conversation is saved yet; omp_save_conversation saves one.";
        Error::new(ErrorCode::NotFound, message)
    })
}
