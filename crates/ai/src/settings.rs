//! What was configured, as strings, and what it means for a request.

use std::time::Duration;

use crate::{Key, ModelSettings, Provider};

/// The tokens that a request may take when nobody says otherwise: those of the longest transcript, several times.
const BUDGET: u64 = 500_000;
/// How long one answer may take. Models think, and those on one's own machine are slow.
const TIMEOUT: u64 = 120;

/// The settings as they stand in flags or the environment. Empty strings are as good as none.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct RawSettings {
    /// `anthropic`, `openai`, `gemini`, `openai-compatible` or `rules`.
    pub provider: Option<String>,
    /// The provider's key.
    pub key: Option<String>,
    /// The provider's address, where it is not its own.
    pub base_url: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The most tokens that one request may take.
    pub token_budget: Option<String>,
    /// Seconds that one answer may take.
    pub timeout: Option<String>,
}

/// Why the settings make no sense: what was wrong and what is possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The provider is none that there is.
    #[error("the AI provider is `{0}`; it can be {names}", names = Provider::NAMES)]
    Provider(String),
    /// Somebody must say where, or what.
    #[error("the AI provider openai-compatible needs {0}")]
    Needed(&'static str),
    /// The rules need nothing.
    #[error("the AI provider rules has no use for {0}: leave it out or choose another provider")]
    Needless(&'static str),
    /// The address is none.
    #[error(
        "the AI base URL must begin with http:// or https:// and name a host, such as http://localhost:11434/v1"
    )]
    Url,
    /// The model cannot be one.
    #[error("the AI model must be a name of letters, digits and any of . _ : / @ - +")]
    Model,
    /// The key cannot be one.
    #[error("the AI key must be of printable ASCII characters, without blanks")]
    Key,
    /// A number is none.
    #[error("the AI {0} must be a whole number from 1 on")]
    Number(&'static str),
}

/// Who answers when a request does not say, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiSettings {
    provider: Option<Provider>,
    key: Option<Key>,
    base_url: Option<String>,
    model: Option<String>,
    /// The most tokens that one request may take.
    pub token_budget: u64,
    timeout: Duration,
}

impl Default for AiSettings {
    fn default() -> Self {
        Self {
            provider: None,
            key: None,
            base_url: None,
            model: None,
            token_budget: BUDGET,
            timeout: Duration::from_secs(TIMEOUT),
        }
    }
}

/// Who reads the conversation of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The rules in this program.
    Rules,
    /// A model.
    Model(ModelSettings),
}

/// Why no model can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoModel {
    /// There is no key for it.
    Key(Provider),
    /// The server knows no address of it.
    Address,
}

impl AiSettings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// When something is missing, superfluous or not what it should be.
    pub fn read(raw: RawSettings) -> Result<Self, SettingsError> {
        let given = |value: Option<String>| value.map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let number = |value: Option<String>, name, usual: u64| match given(value) {
            None => Ok(usual),
            Some(text) => text.parse().ok().filter(|n| *n > 0).ok_or(SettingsError::Number(name)),
        };
        let provider = match given(raw.provider) {
            None => None,
            Some(name) => {
                let known = Provider::parse(&name.to_ascii_lowercase());
                Some(known.ok_or(SettingsError::Provider(name))?)
            }
        };
        let key = given(raw.key).map(|key| key_of(&key).ok_or(SettingsError::Key)).transpose()?;
        let (base_url, model) = (given(raw.base_url), given(raw.model));
        // A key alone is one for the provider that the published server asks by default.
        let provider = provider.or(key.is_some().then_some(Provider::Anthropic));
        match provider {
            Some(Provider::Compatible) if base_url.is_none() => {
                return Err(SettingsError::Needed("a base URL, such as http://localhost:11434/v1"));
            }
            Some(Provider::Compatible) if model.is_none() => {
                return Err(SettingsError::Needed("a model, such as qwen3:8b"));
            }
            Some(Provider::Rules) if key.is_some() => return Err(SettingsError::Needless("a key")),
            Some(Provider::Rules) if base_url.is_some() => {
                return Err(SettingsError::Needless("a base URL"));
            }
            Some(Provider::Rules) if model.is_some() => return Err(SettingsError::Needless("a model")),
            _ => {}
        }
        if model.as_deref().is_some_and(|model| !is_model(model)) {
            return Err(SettingsError::Model);
        }
        let base_url = base_url.map(|url| address(&url).ok_or(SettingsError::Url)).transpose()?;
        Ok(Self {
            provider,
            key,
            base_url,
            model,
            token_budget: number(raw.token_budget, "token budget", BUDGET)?,
            timeout: Duration::from_secs(number(raw.timeout, "timeout", TIMEOUT)?),
        })
    }

    /// The provider that answers when a request names none.
    pub fn provider(&self) -> Option<Provider> {
        self.provider
    }

    /// Who reads the conversation of a request that names a provider, or none, and brings a key, or none. The key of
    /// the server goes to the provider of the server only, and the address of the server is that of its provider only.
    pub fn engine(&self, named: Option<Provider>, key: Option<Key>) -> Result<Engine, NoModel> {
        let provider = named.or(self.provider).unwrap_or(Provider::Anthropic);
        if provider == Provider::Rules {
            return Ok(Engine::Rules);
        }
        let ours = self.provider == Some(provider);
        let base_url = self.base_url.as_deref().filter(|_| ours).or(provider.address());
        let model = self.model.as_deref().filter(|_| ours).or(provider.usual_model());
        let (Some(base_url), Some(model)) = (base_url, model) else { return Err(NoModel::Address) };
        let key = key.or_else(|| self.key.clone().filter(|_| ours));
        if key.is_none() && provider.needs_key() {
            return Err(NoModel::Key(provider));
        }
        Ok(Engine::Model(ModelSettings {
            provider,
            base_url: base_url.to_owned(),
            model: model.to_owned(),
            key,
            timeout: self.timeout,
        }))
    }
}

/// A key that can stand in a header.
pub(crate) fn key_of(text: &str) -> Option<Key> {
    let plain = !text.is_empty() && text.len() <= 1_000 && text.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| Key::new(text))
}

impl Provider {
    /// Reads a key that a request brings; the error is a sentence without its subject.
    pub fn key(text: &str) -> Result<Key, String> {
        key_of(text.trim())
            .ok_or_else(|| "must be a key of printable ASCII characters, without blanks".into())
    }
}

fn is_model(name: &str) -> bool {
    name.len() <= 200
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/@-+".contains(&b))
        && !name.contains("..")
}

/// An address without a slash at its end, if it is one.
fn address(url: &str) -> Option<String> {
    let rest = ["http://", "https://"].iter().find_map(|scheme| url.strip_prefix(scheme))?;
    let host = rest.split('/').next().filter(|host| !host.is_empty())?;
    let plain = url.bytes().all(|b| b.is_ascii_graphic()) && !host.contains('@');
    (plain && !url.contains(['?', '#'])).then(|| url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<AiSettings, SettingsError> {
        let of = |name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        AiSettings::read(RawSettings {
            provider: of("provider"),
            key: of("key"),
            base_url: of("base_url"),
            model: of("model"),
            token_budget: of("token_budget"),
            timeout: of("timeout"),
        })
    }

    fn model(engine: Result<Engine, NoModel>) -> ModelSettings {
        match engine {
            Ok(Engine::Model(model)) => model,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_key_of_the_server_goes_to_its_provider_only() {
        let settings =
            read(&[("provider", "openai"), ("key", "sk-ours"), ("base_url", "http://proxy/v1/")]).unwrap();
        let ours = model(settings.engine(None, None));
        assert_eq!((ours.base_url.as_str(), ours.key), ("http://proxy/v1", Some(Key::new("sk-ours"))));
        assert_eq!(settings.engine(Some(Provider::Anthropic), None), Err(NoModel::Key(Provider::Anthropic)));
        let theirs = model(settings.engine(Some(Provider::Gemini), Some(Key::new("theirs"))));
        assert_eq!(theirs.base_url, "https://generativelanguage.googleapis.com");
        assert_eq!(theirs.key, Some(Key::new("theirs")));
        assert_eq!(settings.engine(Some(Provider::Rules), None), Ok(Engine::Rules));
        assert_eq!(settings.engine(Some(Provider::Compatible), None), Err(NoModel::Address));
        assert!(!format!("{settings:?}").contains("sk-ours"));
    }

    #[test]
    fn without_settings_a_key_must_come_along() {
        let settings = read(&[("provider", " ")]).unwrap();
        assert_eq!(settings, AiSettings::default());
        assert_eq!(settings.engine(None, None), Err(NoModel::Key(Provider::Anthropic)));
        let theirs = model(settings.engine(None, Some(Key::new("k"))));
        assert_eq!(theirs.provider, Provider::Anthropic);
    }

    #[test]
    fn a_server_on_ones_own_machine_needs_no_key() {
        let settings = read(&[
            ("provider", "openai-compatible"),
            ("base_url", "http://localhost:11434/v1"),
            ("model", "qwen3:8b"),
            ("timeout", "600"),
        ]);
        let settings = model(settings.unwrap().engine(None, None));
        assert_eq!((settings.key, settings.timeout.as_secs()), (None, 600));
    }

    #[test]
    fn what_makes_no_sense_is_told() {
        let wrong = |pairs: &[(&str, &str)]| read(pairs).unwrap_err().to_string();
        assert!(wrong(&[("provider", "oracle")]).contains("`oracle`; it can be anthropic, openai"));
        assert!(wrong(&[("provider", "openai-compatible")]).contains("needs a base URL"));
        let here = ("base_url", "http://localhost/v1");
        assert!(wrong(&[("provider", "openai-compatible"), here]).contains("needs a model"));
        assert!(wrong(&[("provider", "rules"), ("key", "k")]).contains("no use for a key"));
        assert!(wrong(&[("provider", "openai"), ("model", "a b")]).contains("must be a name"));
        for url in ["localhost", "http://", "https://me@host/", "http://h/?a=b"] {
            assert!(wrong(&[("provider", "openai"), ("base_url", url)]).contains("must begin"), "{url}");
        }
        assert!(wrong(&[("token_budget", "0")]).contains("token budget"));
        assert!(wrong(&[("key", "a b")]).contains("printable"));
    }
}
