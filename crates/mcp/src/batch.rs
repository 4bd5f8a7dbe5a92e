//! Arrays of messages, answered with an array. Only 2025-03-26 has them, and the SDK does not.

use std::collections::HashSet;

use rmcp::model::{ErrorData, RequestId, ServerJsonRpcMessage};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::malformed;

/// The version that has them.
pub(crate) const VERSION: &str = "2025-03-26";
/// Messages in one array.
const MOST: usize = 100;

/// Whether an array came.
pub(crate) fn is_array(came: &[u8]) -> bool {
    came.trim_ascii_start().first() == Some(&b'[')
}

/// The messages of an array, or the error that answers the whole of it.
pub(crate) fn split(came: &[u8]) -> Result<Vec<&[u8]>, Value> {
    let messages: Vec<&RawValue> = match serde_json::from_slice(came) {
        Ok(messages) => messages,
        Err(_) => return Err(malformed::answer(came).unwrap_or_default()),
    };
    if messages.is_empty() || messages.len() > MOST {
        return Err(refused(&format!("An array has between 1 and {MOST} messages.")));
    }
    Ok(messages.into_iter().map(|message| message.get().as_bytes()).collect())
}

/// The error for an array in another version, or before there is one.
pub(crate) fn unknown() -> Value {
    refused(&format!("Arrays of messages belong to sessions of {VERSION}; send them one by one."))
}

fn refused(message: &str) -> Value {
    malformed::error_of(None, &ErrorData::invalid_request(message.to_owned(), None))
}

/// An array whose answers are not all there yet.
#[derive(Default)]
pub(crate) struct Batch {
    /// The requests that are not answered.
    pub(crate) open: HashSet<RequestId>,
    /// The answers so far.
    pub(crate) answers: Vec<Value>,
}

/// All of them, of one client.
#[derive(Default)]
pub(crate) struct Batches(Vec<Batch>);

impl Batches {
    /// Begins to collect; the answer, where nothing has to be waited for.
    pub(crate) fn begin(&mut self, batch: Batch) -> Option<Value> {
        self.0.push(batch);
        self.complete()
    }

    /// Keeps an answer that belongs to an array; returns what does not.
    pub(crate) fn keep(&mut self, message: ServerJsonRpcMessage) -> Option<ServerJsonRpcMessage> {
        let id = match &message {
            ServerJsonRpcMessage::Response(answer) => Some(&answer.id),
            ServerJsonRpcMessage::Error(answer) => answer.id.as_ref(),
            _ => None,
        };
        let at = id.and_then(|id| self.0.iter_mut().position(|batch| batch.open.remove(id)));
        let Some(at) = at else { return Some(message) };
        self.0[at].answers.extend(serde_json::to_value(message));
        None
    }

    /// Waits no more for the answer to a request that was cancelled: there is none.
    pub(crate) fn forget(&mut self, id: &RequestId) {
        for batch in &mut self.0 {
            batch.open.remove(id);
        }
    }

    /// The answer to an array that is complete.
    pub(crate) fn complete(&mut self) -> Option<Value> {
        let at = self.0.iter().position(|batch| batch.open.is_empty())?;
        let answers = self.0.swap_remove(at).answers;
        (!answers.is_empty()).then(|| Value::Array(answers))
    }
}
