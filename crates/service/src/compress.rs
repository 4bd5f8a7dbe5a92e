//! A conversation's summary as one memory, by an AI provider.

use omp_model::api::CompressResponse;
use omp_model::{Fields, Principal, Result, Scope, ToolName, Transcript};

use crate::Service;
use crate::access::require;
use crate::extract::{Provider, no_provider};

/// A conversation to summarise.
#[derive(Debug)]
pub struct CompressRequest {
    /// 1 to 200,000 characters.
    pub transcript: Transcript<200_000>,
    /// Who is to read it.
    pub provider: Option<Provider>,
    /// Which tool the memory is said to come from.
    pub source_tool: ToolName,
}

impl CompressRequest {
    /// Reads the body of `POST /v1/compress`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let transcript = fields.required("transcript");
        let provider = Provider::read(fields);
        let source_tool = fields.nullable("source_tool").flatten();
        let source_tool = source_tool.or_else(|| ToolName::new("omp-compress").ok());
        Some(Self { transcript: transcript?, provider, source_tool: source_tool? })
    }
}

impl Service {
    /// Summarises. This server calls no AI provider yet, and says so.
    #[expect(clippy::unused_async, reason = "every use case is awaited alike")]
    pub async fn compress(&self, principal: Principal, _: CompressRequest) -> Result<CompressResponse> {
        require(&principal, Scope::Write)?;
        Err(no_provider("compress a conversation into a memory"))
    }
}
