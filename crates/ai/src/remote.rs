//! A model that is asked over the network.

use std::time::Duration;

use omp_outbound::{Failure, Limits, Sleep, Transport};
use serde_json::Value;

use crate::wire::{self, Said};
use crate::{AiError, Ask, Form, Key, Model, Provider, answers};

/// How often a question is asked before its failure counts.
const ATTEMPTS: u32 = 3;

/// The most bytes of an answer. Those that are asked for have some thousand tokens.
const MOST_BYTES: u64 = 4 << 20;

/// Who is asked, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelSettings {
    /// Whose wire format it is.
    pub provider: Provider,
    /// Where it is, without a slash at the end.
    pub base_url: String,
    /// The provider's name of the model.
    pub model: String,
    /// The key, if it takes one.
    pub key: Option<Key>,
    /// How long one answer may take.
    pub timeout: Duration,
}

/// A model that is asked over the network.
#[derive(Debug)]
pub struct Remote {
    settings: ModelSettings,
    name: String,
    transport: Transport,
}

impl Remote {
    /// Nothing is sent before something is asked.
    pub fn new(settings: ModelSettings, sleep: Sleep) -> Self {
        let limits = Limits {
            timeout: settings.timeout,
            attempts: ATTEMPTS,
            most_bytes: MOST_BYTES,
            // Each attempt costs, and one that came to nothing in two minutes comes to nothing again.
            again_after_timeout: false,
        };
        let name = format!("{}/{}", settings.provider, settings.model);
        Self { settings, name, transport: Transport::new(limits, sleep) }
    }

    fn said(&self, ask: &Ask<'_>, form: Option<&Form<'_>>) -> Result<Said, AiError> {
        let provider = self.settings.provider;
        let post = wire::post(&self.settings, ask, form);
        let headers: Vec<(&str, &str)> =
            post.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.transport.post(&post.url, &headers, &post.body);
        let answer = answer.map_err(|failure| match failure {
            Failure::Refused(status) => AiError::Refused { provider, status, hint: hint(status) },
            other => AiError::Unreachable { provider, problem: other.to_string() },
        })?;
        answers::said(provider, &answer)
    }

    /// The form in words, for those that cannot be held to it.
    fn in_words(&self, ask: &Ask<'_>, form: &Form<'_>) -> Result<Said, AiError> {
        let prompt = format!(
            "{}\n\nAnswer with one JSON object of this JSON Schema and with nothing else:\n{}",
            ask.prompt, form.schema
        );
        self.said(&Ask { prompt: &prompt, ..*ask }, None)
    }
}

impl Model for Remote {
    fn name(&self) -> &str {
        &self.name
    }

    fn text(&self, ask: Ask<'_>) -> Result<String, AiError> {
        answers::text(self.settings.provider, &self.said(&ask, None)?)
    }

    fn json(&self, ask: Ask<'_>, form: Form<'_>) -> Result<Value, AiError> {
        let provider = self.settings.provider;
        let said = match self.said(&ask, Some(&form)) {
            // Not every compatible server knows forms, and not every one says so in the same words.
            Err(AiError::Refused { status: 400 | 422 | 501, .. }) if provider == Provider::Compatible => {
                self.in_words(&ask, &form)?
            }
            other => other?,
        };
        answers::object(provider, said, form.name)
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        300..=399 => "it wants to send the request elsewhere; configure that address",
        400 | 422 => "it does not take the request; are the model and the key right?",
        401 | 403 => "the key is missing, wrong, or not for this model",
        402 => "there is no credit left",
        404 => "there is no such model or no such address",
        413 => "the request is too large for it",
        429 => "too many requests, or no credit left",
        500..=599 => "it has a problem of its own; try again later",
        _ => "an answer was expected",
    }
}

#[cfg(test)]
#[path = "remote_tests.rs"]
mod tests;
