//! Embedding by an endpoint: OpenAI's `POST /v1/embeddings`, which many servers speak, or Ollama's `POST /api/embed`.

mod transport;
mod wire;

use crate::embedder::normalise;
use crate::identity::revision_of;
use crate::{EmbedError, Embedder, MAX_WINDOWS, ModelIdentity, Purpose, Windows};

use transport::Transport;

pub use omp_outbound::{Key, Sleep};

/// The most texts in one request.
pub const BATCH: usize = 64;

/// How many characters a window has. What a model can take is not to be learned from the endpoint; this is about 500
/// tokens of English, which models with a window of 512 still see whole.
const WINDOW_CHARS: usize = 2_000;

/// How many of them its successor repeats.
const OVERLAP_CHARS: usize = 400;

/// How an endpoint is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// `POST {base}/v1/embeddings`.
    OpenAi,
    /// `POST {base}/api/embed`.
    Ollama,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Ollama => "ollama",
        }
    }
}

/// An endpoint and what to say to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteSettings {
    /// How it is spoken to.
    pub protocol: Protocol,
    /// What comes before `/v1/embeddings` or `/api/embed`, without a slash at the end.
    pub base_url: String,
    /// The endpoint's name of the model.
    pub model: String,
    /// Sent as a bearer token.
    pub key: Option<Key>,
    /// How many dimensions vectors have. With OpenAI's protocol the endpoint is asked for that many; without, it is
    /// asked for one vector to find out.
    pub dimensions: Option<usize>,
    /// Put before every query, such as `search_query: ` for nomic-embed-text.
    pub query_prefix: String,
    /// Put before every window of a document, such as `search_document: `.
    pub document_prefix: String,
}

impl RemoteSettings {
    /// The identity, if the dimensions are configured. The address is no part of it: the same model at another address
    /// gives the same vectors.
    #[must_use]
    pub fn identity(&self) -> Option<ModelIdentity> {
        Some(self.identity_with(self.dimensions?))
    }

    fn identity_with(&self, dimensions: usize) -> ModelIdentity {
        let parts = [self.protocol.name(), &self.model, &self.query_prefix, &self.document_prefix];
        ModelIdentity {
            name: format!("{}:{}", self.protocol.name(), self.model),
            revision: revision_of(parts.map(str::as_bytes)),
            dimensions,
            normalised: true,
        }
    }
}

/// An endpoint that has answered.
pub struct Remote {
    settings: RemoteSettings,
    identity: ModelIdentity,
    transport: Transport,
}

impl Remote {
    /// Asks the endpoint for the vector of one word, so that wrong settings are found out here.
    ///
    /// # Errors
    ///
    /// When the endpoint cannot be reached, refuses, or gives other dimensions than configured.
    pub fn connect(settings: RemoteSettings, sleep: Sleep) -> Result<Self, EmbedError> {
        let transport = Transport::new(&settings, sleep);
        let mut remote = Self { identity: settings.identity_with(0), settings, transport };
        let probe = remote.request(&["word".to_owned()])?;
        let found = probe.first().map_or(0, Vec::len);
        remote.check_dimensions(found, remote.settings.dimensions.unwrap_or(found))?;
        remote.identity.dimensions = found;
        Ok(remote)
    }

    /// One request: a vector for each text, as the endpoint gave them, of length 1.
    fn request(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        let body = wire::request(&self.settings, texts);
        let answer = self.transport.post(&body)?;
        let unusable = |problem| EmbedError::BadAnswer { host: self.transport.host().to_owned(), problem };
        let vectors = wire::vectors(self.settings.protocol, &answer, texts.len()).map_err(unusable)?;
        let normalised = vectors.into_iter().map(normalise).collect::<Option<Vec<_>>>();
        normalised.ok_or_else(|| unusable("it holds a vector that is zero or not finite".into()))
    }

    fn check_dimensions(&self, found: usize, expected: usize) -> Result<(), EmbedError> {
        if found == expected {
            return Ok(());
        }
        let problem = format!(
            "its vectors have {found} dimensions, {expected} were expected; set the dimensions that the model has"
        );
        Err(EmbedError::BadAnswer { host: self.transport.host().to_owned(), problem })
    }
}

impl Embedder for Remote {
    fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    fn embed(&self, purpose: Purpose, text: &str) -> Result<Windows, EmbedError> {
        Ok(self.embed_all(purpose, &[text])?.pop().unwrap_or_default())
    }

    fn embed_all(&self, purpose: Purpose, texts: &[&str]) -> Result<Vec<Windows>, EmbedError> {
        let prefix = match purpose {
            Purpose::Query => &self.settings.query_prefix,
            Purpose::Document => &self.settings.document_prefix,
        };
        let mut owners = Vec::new();
        let mut pieces = Vec::new();
        for (owner, text) in texts.iter().enumerate() {
            for window in windows(purpose, text) {
                owners.push(owner);
                pieces.push(format!("{prefix}{window}"));
            }
        }
        let mut all = vec![Windows::new(); texts.len()];
        for (pieces, owners) in pieces.chunks(BATCH).zip(owners.chunks(BATCH)) {
            for (vector, &owner) in self.request(pieces)?.into_iter().zip(owners) {
                self.check_dimensions(vector.len(), self.identity.dimensions)?;
                all[owner].push(vector);
            }
        }
        Ok(all)
    }

    fn batch(&self) -> usize {
        BATCH
    }
}

/// The windows of a text by characters, cut at blanks where there are any.
fn windows(purpose: Purpose, text: &str) -> Vec<&str> {
    let most = if purpose == Purpose::Query { 1 } else { MAX_WINDOWS };
    let mut windows = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && windows.len() < most {
        let Some((end, _)) = rest.char_indices().nth(WINDOW_CHARS) else {
            windows.push(rest);
            break;
        };
        windows.push(rest[..end].trim_end());
        let next = rest.char_indices().nth(WINDOW_CHARS - OVERLAP_CHARS).map_or(end, |(at, _)| at);
        // From a blank on, if there is one in the part that is repeated.
        let blank = rest[next..end].find(char::is_whitespace).map_or(next, |at| next + at);
        rest = rest[blank..].trim_start();
    }
    windows
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
