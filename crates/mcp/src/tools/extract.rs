//! `omp_extract`

use omp_model::{Result, Transcript};
use omp_service::ExtractRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Reading, Verb, source_tool};

/// From what.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Extract {
    /// The conversation
    transcript: String,
    /// Where it was held; default: you
    source_tool: Option<String>,
}

/// What was stored.
#[derive(Serialize, JsonSchema)]
pub(super) struct Extracted {
    /// Ids
    memories: Vec<String>,
}

impl Verb for Extract {
    const NAME: &'static str = "omp_extract";
    const TITLE: &'static str = "Extract memories";
    const DESCRIPTION: &'static str =
        "Let the server's AI provider pick the memories out of a conversation and store them.";
    const EFFECT: Effect = Effect::Adds;
    type Output = Extracted;

    async fn call(self, call: Call) -> Result<(String, Extracted)> {
        let mut reading = Reading::default();
        let transcript = reading.value("transcript", Transcript::new(self.transcript));
        let source_tool = source_tool(&mut reading, self.source_tool.as_deref(), &call);
        let request = transcript.zip(source_tool).map(|(transcript, source_tool)| ExtractRequest {
            transcript,
            provider: None,
            source_tool,
        });
        let extracted = call.api.extract(reading.done(request)?).await?;
        let text = format!(
            "{} memories stored.\n{}",
            extracted.extracted,
            omp_service::recalled(&extracted.memories)
        );
        let memories = extracted.memories.iter().map(|memory| memory.id.to_string()).collect();
        Ok((text, Extracted { memories }))
    }
}
