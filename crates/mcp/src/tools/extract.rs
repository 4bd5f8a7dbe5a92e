//! `omp_extract`

use omp_model::api::ExtractAction;
use omp_model::{Error, Result};
use omp_service::ExtractRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Reading, Verb, choice, conversation_source, source_tool};

/// From what.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Extract {
    transcript: Option<String>,
    /// Of a saved one
    conversation_id: Option<String>,
    source_tool: Option<String>,
    /// "rules": no model
    provider: Option<String>,
    /// Store nothing
    dry_run: Option<bool>,
}

/// What was stored.
#[derive(Serialize, JsonSchema)]
pub(super) struct Extracted {
    memories: Vec<String>,
}

impl Verb for Extract {
    const NAME: &'static str = "omp_extract";
    const TITLE: &'static str = "Extract memories";
    const DESCRIPTION: &'static str = "Store what is worth remembering of a conversation.";
    const EFFECT: Effect = Effect::Adds;
    type Output = Extracted;

    async fn call(self, call: Call) -> Result<(String, Extracted)> {
        let mut reading = Reading::default();
        let source = conversation_source(&mut reading, self.transcript, self.conversation_id);
        let source_tool = source_tool(&mut reading, self.source_tool.as_deref(), &call);
        let ai = choice(&mut reading, self.provider.as_deref());
        let dry_run = self.dry_run.unwrap_or_default();
        let request = match (source, source_tool, ai) {
            (Some(source), Some(source_tool), Some(ai)) => {
                let mut request = ExtractRequest::new(source);
                (request.read.source_tool, request.read.ai, request.dry_run) = (source_tool, ai, dry_run);
                Some(request)
            }
            _ => None,
        };
        let extracted = call.api.extract(reading.done(request)?).await?;
        let count = |action| extracted.changes.iter().filter(|change| change.action == action).count();
        let mut text = if extracted.dry_run {
            let mut text = String::from("Nothing was stored. What would be:\n<memories>\n");
            for change in &extracted.changes {
                let action = serde_json::to_value(change.action).map_err(|_| Error::internal())?;
                let content = change.content.as_str().replace('<', "&lt;").replace('\n', " ");
                text.push_str(&format!("- [{}] {content}\n", action.as_str().unwrap_or_default()));
            }
            text + "</memories>\n"
        } else {
            format!(
                "{} memories stored.\n{}",
                extracted.extracted,
                omp_service::recalled(&extracted.memories)
            )
        };
        let (repeats, successors) = (count(ExtractAction::Repeat), count(ExtractAction::Supersedes));
        if repeats + successors > 0 && !extracted.dry_run {
            text.push_str(&format!(
                "{repeats} were known already, {successors} stand in the place of an older one.\n"
            ));
        }
        let memories = extracted.memories.iter().map(|memory| memory.id.to_string()).collect();
        Ok((text, Extracted { memories }))
    }
}
