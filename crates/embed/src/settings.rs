//! What was configured, as strings, and what it means.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::builtin::{self, Builtin};
use crate::folder::{Folder, FolderSettings};
use crate::pool::Factory;
use crate::remote::{Key, Protocol, Remote, RemoteSettings};
use crate::{Embedder, ModelIdentity};

/// Where vectors come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbeddingSettings {
    /// From nowhere: search by keywords only.
    Off,
    /// From the model inside the program.
    Builtin,
    /// From a model on disk.
    Folder(FolderSettings),
    /// From an endpoint.
    Remote(RemoteSettings),
}

/// The settings as they stand in flags or the environment. Empty strings are as good as none.
#[derive(Clone, Default)]
#[expect(missing_debug_implementations, reason = "it holds a key")]
pub struct RawSettings {
    /// `builtin` (the default), `off`, `folder`, `openai` or `ollama`.
    pub provider: Option<String>,
    /// The folder, for `folder`.
    pub path: Option<String>,
    /// The address before `/v1/embeddings` or `/api/embed`.
    pub url: Option<String>,
    /// The endpoint's name of the model.
    pub model: Option<String>,
    /// The endpoint's key.
    pub key: Option<String>,
    /// How many dimensions the endpoint's vectors have; found out if not said.
    pub dimensions: Option<String>,
    /// Put before queries.
    pub query_prefix: Option<String>,
    /// Put before documents.
    pub document_prefix: Option<String>,
}

/// Why the settings make no sense: what was wrong and what is possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The provider is none that there is.
    #[error("the embedding provider is `{0}`; it can be builtin, off, folder, openai or ollama")]
    Provider(String),
    /// A setting is needed and missing.
    #[error("the embedding provider {provider} needs {setting}: {expected}")]
    Needed {
        /// The provider.
        provider: &'static str,
        /// What is missing: `path`, `url` or `model`.
        setting: &'static str,
        /// What it should be, with an example.
        expected: &'static str,
    },
    /// A setting is given that the provider has no use for, so something else was meant.
    #[error(
        "the embedding provider {provider} has no use for {setting}: leave it out or choose another provider"
    )]
    Needless {
        /// The provider.
        provider: &'static str,
        /// The setting.
        setting: &'static str,
    },
    /// The address is none.
    #[error(
        "the embedding url must begin with http:// or https:// and name a host, such as http://localhost:11434"
    )]
    Url,
    /// The number of dimensions is none.
    #[error("the embedding dimensions are `{0}`; a whole number from 1 to 65536 was expected")]
    Dimensions(String),
}

impl EmbeddingSettings {
    /// Reads the settings.
    ///
    /// # Errors
    ///
    /// When something is missing, superfluous or not what it should be.
    pub fn read(raw: RawSettings) -> Result<Self, SettingsError> {
        let given = |value: Option<String>| value.filter(|v| !v.trim().is_empty());
        let provider = given(raw.provider).unwrap_or_else(|| "builtin".into());
        let (path, url, model, key) = (given(raw.path), given(raw.url), given(raw.model), given(raw.key));
        let (query, document) = (given(raw.query_prefix), given(raw.document_prefix));
        let dimensions = given(raw.dimensions);
        let needless = |provider, settings: &[(&'static str, bool)]| {
            let found = settings.iter().find(|(_, given)| *given);
            found.map_or(Ok(()), |&(setting, _)| Err(SettingsError::Needless { provider, setting }))
        };
        let endpoint = [
            ("url", url.is_some()),
            ("model", model.is_some()),
            ("key", key.is_some()),
            ("dimensions", dimensions.is_some()),
        ];
        let here = [("path", path.is_some())];
        let prefixes = [("query_prefix", query.is_some()), ("document_prefix", document.is_some())];
        match provider.trim().to_ascii_lowercase().as_str() {
            // Switching off by one setting must not need the others to go.
            "off" | "none" => Ok(Self::Off),
            "builtin" => {
                needless("builtin", &[endpoint.as_slice(), &here, &prefixes].concat())?;
                Ok(Self::Builtin)
            }
            "folder" => {
                needless("folder", &endpoint)?;
                Ok(Self::Folder(FolderSettings {
                    path: PathBuf::from(path.ok_or(SettingsError::Needed {
                        provider: "folder",
                        setting: "path",
                        expected: "a folder with model.onnx and tokenizer.json",
                    })?),
                    query_prefix: query.unwrap_or_default(),
                    document_prefix: document.unwrap_or_default(),
                }))
            }
            name @ ("openai" | "ollama") => {
                let (protocol, provider, default_url, model_example) = if name == "openai" {
                    (Protocol::OpenAi, "openai", "https://api.openai.com", "such as text-embedding-3-small")
                } else {
                    (Protocol::Ollama, "ollama", "http://localhost:11434", "such as nomic-embed-text")
                };
                needless(provider, &here)?;
                Ok(Self::Remote(RemoteSettings {
                    protocol,
                    base_url: base_url(&url.unwrap_or_else(|| default_url.into()))?,
                    model: model.ok_or(SettingsError::Needed {
                        provider,
                        setting: "model",
                        expected: model_example,
                    })?,
                    key: key.map(Key::new),
                    dimensions: dimensions.map(read_dimensions).transpose()?,
                    query_prefix: query.unwrap_or_default(),
                    document_prefix: document.unwrap_or_default(),
                }))
            }
            other => Err(SettingsError::Provider(other.to_owned())),
        }
    }

    /// The model's identity, if it is known before it is loaded.
    #[must_use]
    pub fn identity(&self) -> Option<ModelIdentity> {
        match self {
            Self::Builtin => Some(builtin::identity()),
            Self::Remote(settings) => settings.identity(),
            Self::Off | Self::Folder(_) => None,
        }
    }

    /// What makes the embedder when it is first needed; `None` when embedding is off.
    #[must_use]
    pub fn factory(self) -> Option<Factory> {
        match self {
            Self::Off => None,
            Self::Builtin => Some(Box::new(|| Ok(Arc::new(Builtin::load()?) as Arc<dyn Embedder>))),
            Self::Folder(settings) => {
                Some(Box::new(move || Ok(Arc::new(Folder::load(settings.clone())?) as Arc<dyn Embedder>)))
            }
            Self::Remote(settings) => Some(Box::new(move || {
                let sleep = Arc::new(|pause: Duration| std::thread::sleep(pause));
                Ok(Arc::new(Remote::connect(settings.clone(), sleep)?) as Arc<dyn Embedder>)
            })),
        }
    }
}

/// The address without what follows it in the protocols, so that it may be given with or without.
fn base_url(url: &str) -> Result<String, SettingsError> {
    let url = url.trim().trim_end_matches('/');
    let url = url.strip_suffix("/v1/embeddings").or_else(|| url.strip_suffix("/api/embed")).unwrap_or(url);
    let url = url.strip_suffix("/v1").unwrap_or(url).trim_end_matches('/');
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    let host = rest.split('/').next().unwrap_or_default();
    if host.is_empty() || host.contains(char::is_whitespace) || host.contains('@') {
        return Err(SettingsError::Url);
    }
    Ok(url.to_owned())
}

fn read_dimensions(text: String) -> Result<usize, SettingsError> {
    let number = text.trim().parse().ok().filter(|n| (1..=65_536).contains(n));
    number.ok_or(SettingsError::Dimensions(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(provider: &str) -> RawSettings {
        RawSettings { provider: Some(provider.into()), ..RawSettings::default() }
    }

    #[test]
    fn the_built_in_model_is_the_default_and_its_identity_is_known() {
        let settings = EmbeddingSettings::read(RawSettings::default()).unwrap();
        assert_eq!(settings, EmbeddingSettings::Builtin);
        assert_eq!(settings.identity().unwrap(), builtin::identity());
        let off = EmbeddingSettings::read(raw("off")).unwrap();
        assert!(off.identity().is_none() && off.factory().is_none());
    }

    #[test]
    fn an_address_may_be_given_with_or_without_the_path() {
        for (url, base) in [
            ("http://localhost:8080", "http://localhost:8080"),
            ("http://localhost:8080/v1/", "http://localhost:8080"),
            ("https://host/proxy/v1/embeddings", "https://host/proxy"),
            ("http://localhost:11434/api/embed", "http://localhost:11434"),
        ] {
            assert_eq!(base_url(url).as_deref(), Ok(base));
        }
        for url in ["localhost:11434", "ftp://host", "http://", "http:///v1", "http://name:word@host"] {
            assert_eq!(base_url(url), Err(SettingsError::Url), "{url}");
        }
    }

    #[test]
    fn an_endpoint_needs_a_model_and_gets_its_usual_address() {
        let error = EmbeddingSettings::read(raw("ollama")).unwrap_err().to_string();
        assert!(error.contains("needs model: such as nomic-embed-text"), "{error}");
        let settings =
            EmbeddingSettings::read(RawSettings { model: Some("nomic-embed-text".into()), ..raw("Ollama") })
                .unwrap();
        let EmbeddingSettings::Remote(remote) = &settings else { panic!("{settings:?}") };
        assert_eq!(remote.base_url, "http://localhost:11434");
        assert!(settings.identity().is_none());
        let known = RawSettings { model: Some("m".into()), dimensions: Some("768".into()), ..raw("openai") };
        let identity = EmbeddingSettings::read(known).unwrap().identity().unwrap();
        assert_eq!((identity.name.as_str(), identity.dimensions), ("openai:m", 768));
    }

    #[test]
    fn what_makes_no_sense_is_said_in_a_sentence() {
        let read = |raw| EmbeddingSettings::read(raw).unwrap_err().to_string();
        assert!(read(raw("cohere")).contains("builtin, off, folder, openai or ollama"));
        assert!(read(raw("folder")).contains("needs path"));
        let meant_remote = RawSettings { url: Some("http://host".into()), ..RawSettings::default() };
        assert!(read(meant_remote).contains("builtin has no use for url"));
        for dimensions in ["0", "many", "-3", "65537"] {
            let raw =
                RawSettings { model: Some("m".into()), dimensions: Some(dimensions.into()), ..raw("openai") };
            assert!(read(raw).contains("a whole number"));
        }
    }

    #[test]
    fn a_key_does_not_show() {
        let raw = RawSettings { key: Some("sk-secret".into()), model: Some("m".into()), ..raw("openai") };
        let settings = EmbeddingSettings::read(raw).unwrap();
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
