//! What can go wrong between a text and its vector.

/// Why there is no vector. Sentences for people; they hold neither the text nor a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmbedError {
    /// A file of a model folder is not there.
    #[error("{path} is missing: {expected}")]
    Missing {
        /// The file or folder.
        path: String,
        /// What should be there.
        expected: String,
    },
    /// A file is there, but not what it should be.
    #[error("{file} cannot be used: {problem}")]
    BadModel {
        /// The file.
        file: String,
        /// What is wrong with it and what was expected.
        problem: String,
    },
    /// The model did not run through.
    #[error("the embedding model failed: {0}")]
    Run(String),
    /// The endpoint could not be reached or did not answer in time, tried as often as configured.
    #[error("the embedding endpoint {host} could not be reached: {problem}")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What happened.
        problem: String,
    },
    /// The endpoint answered with an error.
    #[error("the embedding endpoint {host} answered {status}: {hint}")]
    Refused {
        /// Host and port.
        host: String,
        /// The HTTP status.
        status: u16,
        /// What that usually means.
        hint: String,
    },
    /// The endpoint's answer is not what its protocol promises.
    #[error("the embedding endpoint {host} gave an answer that cannot be used: {problem}")]
    BadAnswer {
        /// Host and port.
        host: String,
        /// What is wrong with it and what was expected.
        problem: String,
    },
    /// As much waits as may wait.
    #[error("{waiting} requests already wait to be embedded; try again when some of them are done")]
    Busy {
        /// How many wait.
        waiting: usize,
    },
    /// The threads are gone or about to go.
    #[error("embedding has been shut down")]
    Closed,
}

impl EmbedError {
    /// Whether the same request may well succeed later without anybody changing anything.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Busy { .. } => true,
            Self::Refused { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// Whether the texts of the request may be what is wrong with it: others may well be embedded.
    #[must_use]
    pub fn may_be_the_text(&self) -> bool {
        match self {
            Self::Run(_) | Self::BadAnswer { .. } => true,
            Self::Refused { status, .. } => matches!(status, 400 | 413 | 422),
            _ => false,
        }
    }
}
