//! What can go wrong between a question and its answer.

use crate::Provider;

/// Why there is no answer. Sentences for people; they hold neither the
/// conversation, nor a key, nor the provider's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AiError {
    /// It could not be reached, or did not answer in time or in full.
    #[error("{provider} could not be reached: {problem}")]
    Unreachable {
        /// Who.
        provider: Provider,
        /// What happened.
        problem: String,
    },
    /// It answered with an error.
    #[error("{provider} answered {status}: {hint}")]
    Refused {
        /// Who.
        provider: Provider,
        /// The HTTP status.
        status: u16,
        /// What that usually means.
        hint: &'static str,
    },
    /// The model would not do it.
    #[error("the model of {provider} declined to answer")]
    Declined {
        /// Who.
        provider: Provider,
    },
    /// The answer was cut off at the most tokens that it may have.
    #[error("the answer of {provider} was cut off at its longest length")]
    Cut {
        /// Who.
        provider: Provider,
    },
    /// Nobody waits for the answer any more.
    #[error("the request was given up")]
    GivenUp,
    /// The answer is not what was asked for.
    #[error("the answer of {provider} cannot be used: {problem}")]
    Unusable {
        /// Who.
        provider: Provider,
        /// What is wrong with it.
        problem: &'static str,
    },
}
