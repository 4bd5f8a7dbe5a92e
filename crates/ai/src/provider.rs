//! Who can be asked.

use std::fmt;

/// Who reads a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Anthropic, by its Messages API.
    Anthropic,
    /// OpenAI, by its Responses API.
    OpenAi,
    /// Any address that speaks OpenAI's Chat Completions: Ollama, LM Studio, vLLM, `OpenRouter` and many others.
    Compatible,
    /// Google, by its Gemini API.
    Gemini,
    /// Nobody: the rules in this program.
    Rules,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Anthropic, Self::OpenAi, Self::Gemini, Self::Compatible, Self::Rules];

    /// What errors list.
    pub const NAMES: &str = "anthropic, openai, gemini, openai-compatible, rules";

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Anthropic => "anthropic",
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
            Self::Compatible => "openai-compatible",
            Self::Rules => "rules",
        }
    }

    /// Reads the word on the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|provider| provider.as_str() == text)
    }

    /// Its own address; `None` where somebody must say which.
    pub(crate) const fn address(self) -> Option<&'static str> {
        match self {
            Self::Anthropic => Some("https://api.anthropic.com"),
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com"),
            Self::Compatible | Self::Rules => None,
        }
    }

    /// The model that is asked when nobody says which; `None` where somebody must. Names go out of use: documents tell
    /// people to set one.
    pub(crate) const fn usual_model(self) -> Option<&'static str> {
        match self {
            Self::Anthropic => Some("claude-sonnet-4-6"),
            Self::OpenAi => Some("gpt-5-mini"),
            Self::Gemini => Some("gemini-flash-latest"),
            Self::Compatible | Self::Rules => None,
        }
    }

    /// Whether nobody is answered without a key. Servers on one's own machine have none.
    pub(crate) const fn needs_key(self) -> bool {
        matches!(self, Self::Anthropic | Self::OpenAi | Self::Gemini)
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
