//! `omp_compress`

use omp_model::Result;
use omp_service::CompressRequest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Call, Effect, Reading, Verb, choice, conversation_source, source_tool};

/// Of what.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Compress {
    transcript: Option<String>,
    /// Of a saved one
    conversation_id: Option<String>,
    source_tool: Option<String>,
    /// "rules": no model
    provider: Option<String>,
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
    const DESCRIPTION: &'static str = "Store a conversation's summary as one memory.";
    const EFFECT: Effect = Effect::Adds;
    type Output = Compressed;

    async fn call(self, call: Call) -> Result<(String, Compressed)> {
        let mut reading = Reading::default();
        let source = conversation_source(&mut reading, self.transcript, self.conversation_id);
        let source_tool = source_tool(&mut reading, self.source_tool.as_deref(), &call);
        let ai = choice(&mut reading, self.provider.as_deref());
        let request = match (source, source_tool, ai) {
            (Some(source), Some(source_tool), Some(ai)) => {
                let mut request = CompressRequest::new(source);
                (request.read.source_tool, request.read.ai) = (source_tool, ai);
                Some(request)
            }
            _ => None,
        };
        let memory = call.api.compress(reading.done(request)?).await?.memory;
        let text = format!(
            "The summary is stored as {}.\n{}",
            memory.id,
            omp_service::recalled(std::slice::from_ref(&memory))
        );
        Ok((text, Compressed { id: memory.id.to_string(), content: memory.content.into_string() }))
    }
}
