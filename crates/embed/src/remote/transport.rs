//! How an endpoint is asked, and what its refusals mean.

use std::time::Duration;

use omp_outbound::{Failure, Limits, Sleep, Transport as Outbound, host_of};
use serde::Serialize;

use super::{Protocol, RemoteSettings};
use crate::EmbedError;

const LIMITS: Limits = Limits {
    // A model that has to be loaded first takes its time.
    timeout: Duration::from_mins(1),
    attempts: 4,
    // 64 vectors of 8,192 numbers, written out.
    most_bytes: 16 << 20,
    again_after_timeout: true,
};

pub(super) struct Transport {
    outbound: Outbound,
    url: String,
    host: String,
    authorization: Option<String>,
}

impl Transport {
    pub(super) fn new(settings: &RemoteSettings, sleep: Sleep) -> Self {
        let path = match settings.protocol {
            Protocol::OpenAi => "/v1/embeddings",
            Protocol::Ollama => "/api/embed",
        };
        Self {
            outbound: Outbound::new(LIMITS, sleep),
            url: format!("{}{path}", settings.base_url),
            host: host_of(&settings.base_url).to_owned(),
            authorization: settings.key.as_ref().map(|key| format!("Bearer {}", key.reveal())),
        }
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The answer's body.
    pub(super) fn post(&self, body: &impl Serialize) -> Result<Vec<u8>, EmbedError> {
        let headers: Vec<(&str, &str)> =
            self.authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        self.outbound.post(&self.url, &headers, body).map_err(|failure| self.error(&failure))
    }

    fn error(&self, failure: &Failure) -> EmbedError {
        let host = self.host.clone();
        match failure {
            // The body is not told: endpoints quote what they were sent.
            Failure::Refused(status) => {
                EmbedError::Refused { host, status: *status, hint: hint(*status).into() }
            }
            other => EmbedError::Unreachable { host, problem: other.to_string() },
        }
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
