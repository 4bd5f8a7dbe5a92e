//! Memories out of a conversation, by an AI provider.

use omp_model::api::ExtractResponse;
use omp_model::{Error, ErrorCode, Fields, Principal, Result, Scope, ToolName, Transcript};

use crate::Service;
use crate::access::require;

/// The AI provider that a request names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Anthropic.
    Anthropic,
    /// OpenAI.
    OpenAi,
}

impl Provider {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
        }
    }

    /// Reads `provider` and `api_key`; the key is checked to be text and then let go.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.nullable::<String>("provider").flatten();
        fields.nullable::<String>("api_key");
        match name.as_deref() {
            None => None,
            Some("anthropic") => Some(Self::Anthropic),
            Some("openai") => Some(Self::OpenAi),
            Some(_) => {
                fields.fail("provider", "must be one of anthropic, openai");
                None
            }
        }
    }
}

/// A conversation to extract from.
#[derive(Debug)]
pub struct ExtractRequest {
    /// 1 to 100,000 characters.
    pub transcript: Transcript<100_000>,
    /// Who is to read it.
    pub provider: Option<Provider>,
    /// Which tool the memories are said to come from.
    pub source_tool: ToolName,
}

impl ExtractRequest {
    /// Reads the body of `POST /v1/extract`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let transcript = fields.required("transcript");
        let provider = Provider::read(fields);
        let source_tool = fields.nullable("source_tool").flatten();
        let source_tool = source_tool.or_else(|| ToolName::new("omp-extract").ok());
        Some(Self { transcript: transcript?, provider, source_tool: source_tool? })
    }
}

impl Service {
    /// Extracts memories. This server calls no AI provider yet, and says so.
    #[expect(clippy::unused_async, reason = "every use case is awaited alike")]
    pub async fn extract(&self, principal: Principal, _: ExtractRequest) -> Result<ExtractResponse> {
        require(&principal, Scope::Write)?;
        Err(no_provider("extract memories from a conversation"))
    }
}

/// Why nothing that needs an AI provider can be done.
pub(crate) fn no_provider(what: &str) -> Error {
    Error::new(
        ErrorCode::NoApiKey,
        format!(
            "To {what} takes an AI provider, and this version of the server calls none; store what matters with POST /v1/memories."
        ),
    )
}
