//! Errors as a model can use them: the sentence that everybody gets, and what to do next.

use omp_model::{Error, ErrorCode};
use rmcp::model::{CallToolResult, ContentBlock};

/// The error as the result of a tool. Protocol errors are hidden from the model by most clients; this is read.
pub(crate) fn result(error: &Error) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(text(error))])
}

/// The sentence, and what to do next.
pub(crate) fn text(error: &Error) -> String {
    let next = match error.code {
        ErrorCode::ValidationError | ErrorCode::InvalidJson | ErrorCode::PayloadTooLarge => {
            "Correct the arguments and call the tool again; a text that is too long can be split into several memories."
        }
        ErrorCode::MemoryNotFound => {
            "It may have been forgotten or have expired. omp_recall and omp_list give the ids that there are."
        }
        ErrorCode::NotFound => "Check the id, or leave it out if it may be left out.",
        ErrorCode::NoApiKey => {
            "Do it yourself instead: pick out what will matter later and store each fact with omp_remember."
        }
        ErrorCode::Unauthorized => "Tell the user that this connection needs a valid API key (OMP_API_KEY).",
        ErrorCode::Forbidden => {
            "Do not try again; tell the user that this connection's key does not allow it."
        }
        ErrorCode::StorageFull | ErrorCode::ReadOnly => "Tell the user; nothing was stored.",
        code if code.is_retryable() => "Wait a moment and try once more; if it fails again, tell the user.",
        _ => "Tell the user; trying again will not help.",
    };
    format!("{} {next}", error.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_to_do_next() {
        let result = result(&Error::memory_not_found("mem_x"));
        assert_eq!(result.is_error, Some(true));
        let text = &result.content[0].as_text().unwrap().text;
        assert!(text.starts_with("There is no memory with the id mem_x. "), "{text}");
        assert!(text.contains("omp_recall"), "{text}");
        for code in ErrorCode::ALL {
            assert!(super::text(&Error::new(code, "x.")).len() > 10, "{code:?}");
        }
    }
}
