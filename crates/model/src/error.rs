//! The error table: one row a code; every door renders from it.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

/// What can go wrong, as clients see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// No key, or a wrong one.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// No such memory (or an expired one, or somebody else's).
    MemoryNotFound,
    /// No such thing of any other kind.
    NotFound,
    /// The path exists, but not for this method.
    MethodNotAllowed,
    /// The body is not JSON; the message tells line and column.
    InvalidJson,
    /// A field is wrong; the details name each.
    ValidationError,
    /// The body is larger than this endpoint takes.
    PayloadTooLarge,
    /// The body is not of a type that this endpoint reads.
    UnsupportedMediaType,
    /// The body did not arrive in time.
    RequestTimeout,
    /// Too many requests with this key.
    RateLimited,
    /// An AI provider is needed and none is configured.
    NoApiKey,
    /// The AI provider failed.
    AiError,
    /// The server cannot take this now; the same request may succeed later.
    Unavailable,
    /// The disk is full.
    StorageFull,
    /// The database cannot be written.
    ReadOnly,
    /// A fault of ours.
    InternalError,
}

/// One row of the table.
struct Row {
    name: &'static str,
    http: u16,
    exit: u8,
    retryable: bool,
}

const fn row(name: &'static str, http: u16, exit: u8, retryable: bool) -> Row {
    Row { name, http, exit, retryable }
}

impl ErrorCode {
    /// Every code, for documents and tests.
    pub const ALL: [Self; 17] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::MemoryNotFound,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::InvalidJson,
        Self::ValidationError,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::RequestTimeout,
        Self::RateLimited,
        Self::NoApiKey,
        Self::AiError,
        Self::Unavailable,
        Self::StorageFull,
        Self::ReadOnly,
        Self::InternalError,
    ];

    const fn row(self) -> Row {
        match self {
            //                                 name                      HTTP exit retryable
            Self::Unauthorized => row("unauthorized", 401, 4, false),
            Self::Forbidden => row("forbidden", 403, 4, false),
            Self::MemoryNotFound => row("memory_not_found", 404, 3, false),
            Self::NotFound => row("not_found", 404, 3, false),
            Self::MethodNotAllowed => row("method_not_allowed", 405, 1, false),
            Self::InvalidJson => row("invalid_json", 400, 1, false),
            Self::ValidationError => row("validation_error", 422, 1, false),
            Self::PayloadTooLarge => row("payload_too_large", 413, 1, false),
            Self::UnsupportedMediaType => row("unsupported_media_type", 415, 1, false),
            Self::RequestTimeout => row("request_timeout", 408, 5, true),
            Self::RateLimited => row("rate_limited", 429, 5, true),
            Self::NoApiKey => row("no_api_key", 422, 1, false),
            Self::AiError => row("ai_error", 502, 5, true),
            Self::Unavailable => row("unavailable", 503, 5, true),
            Self::StorageFull => row("storage_full", 507, 5, false),
            Self::ReadOnly => row("read_only", 503, 5, false),
            Self::InternalError => row("internal_error", 500, 70, false),
        }
    }

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The HTTP status.
    pub const fn http_status(self) -> u16 {
        self.row().http
    }

    /// The exit status of the command line.
    pub const fn exit_code(self) -> u8 {
        self.row().exit
    }

    /// Whether the same request may succeed later.
    pub const fn is_retryable(self) -> bool {
        self.row().retryable
    }

    /// The code of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for ErrorCode {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Self::from_name(&name).unwrap_or(Self::InternalError))
    }
}

/// What is wrong with each field: the field's path, and a sentence without its subject.
pub type FieldErrors = Vec<(String, String)>;

/// An error that may be shown to whoever asked: no memory content, no key, nothing of the inside.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub struct Error {
    /// Which row of the table.
    pub code: ErrorCode,
    /// A sentence that helps.
    pub message: String,
    /// More for programs; for [`ErrorCode::ValidationError`] a text for each field.
    pub details: Map<String, Value>,
}

/// The result of everything that can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error {
    /// An error with a message and no details.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Map::new() }
    }

    /// Adds one detail.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// `validation_error` that names each wrong field.
    pub fn validation(fields: FieldErrors) -> Self {
        let message =
            fields.iter().map(|(field, what)| format!("`{field}` {what}")).collect::<Vec<_>>().join("; ");
        let details = fields.into_iter().map(|(field, what)| (field, Value::from(what))).collect();
        Self {
            code: ErrorCode::ValidationError,
            message: format!("The request is not valid: {message}."),
            details,
        }
    }

    /// `validation_error` about one field.
    pub fn invalid(field: &str, what: impl Into<String>) -> Self {
        Self::validation(vec![(field.to_owned(), what.into())])
    }

    /// `memory_not_found`.
    pub fn memory_not_found(id: &str) -> Self {
        Self::new(ErrorCode::MemoryNotFound, format!("There is no memory with the id {id}."))
    }

    /// `not_found` for a conversation.
    pub fn conversation_not_found(id: &str) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no conversation with the id {id}."))
    }

    /// `forbidden` for want of a scope, which the details name.
    pub fn missing_scope(scope: crate::Scope) -> Self {
        let scope = scope.as_str();
        Self::new(ErrorCode::Forbidden, format!("This key lacks the scope `{scope}`, which this needs."))
            .with_detail("scope", scope)
    }

    /// `forbidden` for another reason.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    /// `invalid_json` with the place of the mistake.
    pub fn invalid_json(error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self::new(ErrorCode::InvalidJson, format!("The body is not valid JSON: {error}."))
            .with_detail("line", line)
            .with_detail("column", column)
    }

    /// `internal_error`; what happened goes to the log, not to the client.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalError, "Something went wrong inside the server; its log tells more.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_by_its_name() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.name()), Some(code));
        }
    }

    #[test]
    fn a_validation_error_names_each_field() {
        let error = Error::validation(vec![
            ("content".into(), "must not be empty".into()),
            ("tags[2]".into(), "is odd".into()),
        ]);
        assert_eq!(error.message, "The request is not valid: `content` must not be empty; `tags[2]` is odd.");
        assert_eq!(error.details["tags[2]"], "is odd");
    }
}
