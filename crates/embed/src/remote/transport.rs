//! One request, again and again until it is clear how it ends.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::{Protocol, RemoteSettings, Sleep};
use crate::EmbedError;

/// How long a request may take altogether. A model that has to be loaded first takes its time.
const TIMEOUT: Duration = Duration::from_mins(1);

/// How often a request is made before its failure counts.
const ATTEMPTS: u32 = 4;

/// The pause after the first failure; it doubles after each.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// The longest pause that an endpoint may ask for with `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// The most bytes of an answer: 64 vectors of 8,192 numbers, written out.
const MOST_BYTES: u64 = 16 << 20;

pub(super) struct Transport {
    agent: Agent,
    url: String,
    host: String,
    authorization: Option<String>,
    sleep: Sleep,
}

/// How one attempt ended without an answer.
struct Failure {
    error: EmbedError,
    pause: Option<Duration>,
}

impl Transport {
    pub(super) fn new(settings: &RemoteSettings, sleep: Sleep) -> Self {
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(Duration::from_secs(10)))
            .max_redirects(0) // the key is for this address and no other
            .max_redirects_will_error(false)
            .user_agent(concat!("open-memory/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        let path = match settings.protocol {
            Protocol::OpenAi => "/v1/embeddings",
            Protocol::Ollama => "/api/embed",
        };
        let host = settings.base_url.split("://").nth(1).unwrap_or_default();
        Self {
            agent,
            url: format!("{}{path}", settings.base_url),
            host: host.split('/').next().unwrap_or_default().to_owned(),
            authorization: settings.key.as_ref().map(|key| format!("Bearer {}", key.0)),
            sleep,
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The answer's body.
    pub(super) fn post(&self, body: &impl Serialize) -> Result<Vec<u8>, EmbedError> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        loop {
            let failure = match self.attempt(body) {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if attempt == ATTEMPTS || !failure.error.is_temporary() {
                return Err(failure.error);
            }
            (self.sleep)(failure.pause.unwrap_or(pause).min(LONGEST_PAUSE));
            pause *= 2;
            attempt += 1;
        }
    }

    fn attempt(&self, body: &impl Serialize) -> Result<Vec<u8>, Failure> {
        let unreachable = |error: ureq::Error| Failure {
            error: EmbedError::Unreachable { host: self.host.clone(), problem: problem_of(&error) },
            pause: None,
        };
        let mut request = self.agent.post(&self.url);
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let mut response = request.send_json(body).map_err(unreachable)?;
        let status = response.status().as_u16();
        if status == 200 {
            return response.body_mut().with_config().limit(MOST_BYTES).read_to_vec().map_err(unreachable);
        }
        let wait =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.trim().parse().ok());
        // The body is not told: endpoints quote what they were sent.
        let error = EmbedError::Refused { host: self.host.clone(), status, hint: hint(status).into() };
        Err(Failure { error, pause: wait.map(Duration::from_secs) })
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => "it wants to send the request elsewhere; configure that address",
        400 | 422 => "it does not take the request; are the model and the dimensions right?",
        401 | 403 => "the key is missing, wrong, or not for this model",
        404 => "there is no such model or no such address; is the model pulled?",
        413 => "the request is too large for it",
        429 => "too many requests or no credit left",
        500..=599 => "it has a problem of its own",
        _ => "a vector was expected",
    }
}

/// What happened, in words that quote neither address nor headers.
fn problem_of(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it did not answer in time".into(),
        ureq::Error::HostNotFound => "there is no such host".into(),
        ureq::Error::Io(e) => e.kind().to_string(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "no secure connection could be made".into(),
        ureq::Error::BodyExceedsLimit(_) => "its answer is too long".into(),
        _ => "the connection failed".into(),
    }
}
