//! `omp_compress`

use omp_model::{Result, Transcript};
use omp_service::CompressRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Reading, Verb, source_tool};

/// Of what.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Compress {
    /// The conversation
    transcript: String,
    /// Where it was held; default: you
    source_tool: Option<String>,
}

/// What was stored.
#[derive(Serialize, JsonSchema)]
pub(super) struct Compressed {
    id: String,
    content: String,
}

impl Verb for Compress {
    const NAME: &'static str = "omp_compress";
    const TITLE: &'static str = "Compress a conversation";
    const DESCRIPTION: &'static str =
        "Let the server's AI provider write a conversation's summary and store it as one memory.";
    const EFFECT: Effect = Effect::Adds;
    type Output = Compressed;

    async fn call(self, call: Call) -> Result<(String, Compressed)> {
        let mut reading = Reading::default();
        let transcript = reading.value("transcript", Transcript::new(self.transcript));
        let source_tool = source_tool(&mut reading, self.source_tool.as_deref(), &call);
        let request = transcript.zip(source_tool).map(|(transcript, source_tool)| CompressRequest {
            transcript,
            provider: None,
            source_tool,
        });
        let memory = call.api.compress(reading.done(request)?).await?.memory;
        let text = format!("The summary is stored as {}.\n{}", memory.id, omp_service::recalled([&memory]));
        Ok((text, Compressed { id: memory.id.to_string(), content: memory.content.into_string() }))
    }
}
