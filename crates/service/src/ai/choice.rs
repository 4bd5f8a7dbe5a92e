//! Which provider a request means.

use omp_ai::{Engine, Key, ModelSettings, NoModel, Provider, rules};
use omp_model::{Error, ErrorCode, Fields, Result};

use super::Ai;

/// The provider and the key that a request brings. The key lives as long as the request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AiChoice {
    /// Who is to read; by default whom the server's configuration names.
    pub provider: Option<Provider>,
    /// A key for it; by default the server's.
    pub api_key: Option<Key>,
}

impl AiChoice {
    /// Reads `provider` and `api_key`.
    pub(crate) fn read(fields: &mut Fields<'_>) -> Self {
        let name = fields.nullable::<String>("provider").flatten().filter(|name| !name.is_empty());
        let provider = name.and_then(|name| {
            let known = Provider::parse(&name);
            if known.is_none() {
                fields.fail("provider", format!("must be one of {}", Provider::NAMES));
            }
            known
        });
        let key = fields.nullable::<String>("api_key").flatten().filter(|key| !key.trim().is_empty());
        let api_key = key.and_then(|key| match Provider::key(&key) {
            Ok(key) => Some(key),
            Err(what) => {
                fields.fail("api_key", what);
                None
            }
        });
        Self { provider, api_key }
    }
}

/// Who reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reader {
    /// The rules of this program.
    Rules,
    /// A model.
    Model(ModelSettings),
}

impl Reader {
    /// As answers and memories name it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Rules => rules::NAME.to_owned(),
            Self::Model(model) => format!("{}/{}", model.provider, model.model),
        }
    }
}

impl Ai {
    /// Who reads the conversation of this request; `what` it takes a reader for is named when there is none.
    pub(crate) fn reader(&self, choice: &AiChoice, what: &str) -> Result<Reader> {
        match self.settings.engine(choice.provider, choice.api_key.clone()) {
            Ok(Engine::Rules) => Ok(Reader::Rules),
            Ok(Engine::Model(model)) => Ok(Reader::Model(model)),
            Err(NoModel::Key(provider)) => Err(Error::new(
                ErrorCode::NoApiKey,
                format!(
                    "To {what} takes an AI provider, and there is no key for {provider}: set OMP_AI_PROVIDER and \
                     OMP_AI_API_KEY on the server or send `provider` and `api_key`. With `provider` rules it goes by rules, without any model."
                ),
            )),
            Err(NoModel::Address) => Err(Error::invalid(
                "provider",
                "openai-compatible needs an address and a model, which only the server's configuration gives \
                 (OMP_AI_PROVIDER, OMP_AI_BASE_URL, OMP_AI_MODEL)",
            )),
        }
    }

    /// Refuses what would take more tokens than a request may.
    pub(crate) fn within_budget(&self, tokens: u64, field: &str) -> Result<()> {
        let most = self.settings.token_budget;
        if tokens <= most {
            return Ok(());
        }
        Err(Error::invalid(
            field,
            format!(
                "would take about {tokens} tokens of the AI provider, and this server spends at most {most} on a request \
                 (OMP_AI_TOKEN_BUDGET)"
            ),
        ))
    }
}
