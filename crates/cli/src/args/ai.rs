//! Who reads conversations.

use std::path::PathBuf;

use clap::Args;
use omp_model::{Namespace, Timestamp, ToolName};
use omp_service::AiChoice;
use omp_service::models::{AiSettings, Provider, RawSettings, SettingsError};

use super::memories::{namespace, time};

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "the names of flags, which stand beside others")]
#[command(next_help_heading = "Options for what an AI provider does")]
pub(crate) struct Models {
    /// Who reads conversations: anthropic, openai, gemini, openai-compatible (Ollama, LM Studio, vLLM, `OpenRouter` and
    /// others) or rules (nothing leaves the machine). The key is read from `OMP_AI_API_KEY` only
    #[arg(long, env = "OMP_AI_PROVIDER", hide_env_values = true, global = true, value_name = "PROVIDER")]
    ai_provider: Option<String>,
    /// The provider's address, where it is not its own: `http://localhost:11434/v1`
    #[arg(long, env = "OMP_AI_BASE_URL", hide_env_values = true, global = true, value_name = "URL")]
    ai_base_url: Option<String>,
    /// The model
    #[arg(long, env = "OMP_AI_MODEL", hide_env_values = true, global = true, value_name = "NAME")]
    ai_model: Option<String>,
    /// The most tokens that one request may take, about
    #[arg(long, env = "OMP_AI_TOKEN_BUDGET", hide_env_values = true, global = true, value_name = "N")]
    ai_token_budget: Option<String>,
    /// Seconds that one answer may take
    #[arg(long, env = "OMP_AI_TIMEOUT", hide_env_values = true, global = true, value_name = "SECONDS")]
    ai_timeout: Option<String>,
}

/// The key: from the environment only, as a command line can be seen by others.
fn key() -> Option<String> {
    std::env::var("OMP_AI_API_KEY").ok().filter(|key| !key.trim().is_empty())
}

impl Models {
    /// What that means.
    pub(crate) fn settings(&self) -> Result<AiSettings, SettingsError> {
        AiSettings::read(RawSettings {
            provider: self.ai_provider.clone(),
            key: key(),
            base_url: self.ai_base_url.clone(),
            model: self.ai_model.clone(),
            token_budget: self.ai_token_budget.clone(),
            timeout: self.ai_timeout.clone(),
        })
    }
}

pub(super) fn provider(text: &str) -> Result<Provider, String> {
    Provider::parse(text).ok_or_else(|| format!("must be one of {}", Provider::NAMES))
}

fn tool(text: &str) -> Result<ToolName, String> {
    ToolName::new(text.trim())
}

/// Who reads for this once.
#[derive(Debug, Clone, Args)]
pub(crate) struct Chosen {
    /// Who reads it, other than whom the server has; `OMP_AI_API_KEY` is sent along
    #[arg(long, value_parser = provider, value_name = "PROVIDER")]
    pub(crate) provider: Option<Provider>,
}

impl Chosen {
    /// As the request says it. A key of this machine goes to a server only together with the provider that it is for.
    pub(crate) fn choice(&self) -> anyhow::Result<AiChoice> {
        let key = key().filter(|_| self.provider.is_some_and(|provider| provider != Provider::Rules));
        let api_key = key.map(|key| Provider::key(&key)).transpose();
        let api_key = api_key.map_err(|what| anyhow::anyhow!("OMP_AI_API_KEY {what}"))?;
        Ok(AiChoice { provider: self.provider, api_key })
    }
}

/// Which conversation, and what its memories say of it.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The file: `User:` and `Assistant:` lines, JSON messages, or notes; `-` or nothing reads standard input
    #[arg(conflicts_with = "conversation")]
    pub(crate) file: Option<PathBuf>,
    /// A saved conversation instead, by its id as `omp recent` shows it
    #[arg(long, value_name = "ID")]
    pub(crate) conversation: Option<String>,
    #[command(flatten)]
    pub(crate) chosen: Chosen,
    /// Which tool it was held in
    #[arg(long, value_parser = tool)]
    pub(crate) tool: Option<ToolName>,
    /// The namespace of what is stored
    #[arg(long, short, value_parser = namespace)]
    pub(crate) namespace: Option<Namespace>,
    /// When it was held, from which "yesterday" is counted; by default when it was saved, else now
    #[arg(long, value_parser = time, value_name = "TIME")]
    pub(crate) held_at: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub(crate) struct Extract {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Store nothing, only tell what would change
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Compress {
    #[command(flatten)]
    pub(crate) which: Which,
}
