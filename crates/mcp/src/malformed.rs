//! What is no message of MCP, and requests without what their method needs. The SDK answers the first with silence or
//! plain text, and takes the second for methods that nobody knows.

use rmcp::model::{
    CallToolRequestParams, ClientJsonRpcMessage, ErrorCode, ErrorData, GetPromptRequestParams,
    InitializeRequestParams, PaginatedRequestParams, ReadResourceRequestParams, RequestId,
    SubscribeRequestParams, SubscriptionsListenRequestParams, UnsubscribeRequestParams,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// The longest reason that is passed on: it may quote what came.
const REASON: usize = 200;

/// The error that answers `came` where it is no message.
pub(crate) fn answer(came: &[u8]) -> Option<Value> {
    if serde_json::from_slice::<ClientJsonRpcMessage>(came).is_ok() {
        return None;
    }
    let value: Value = match serde_json::from_slice(came) {
        Ok(value) => value,
        Err(error) => {
            return Some(error_of(None, &ErrorData::parse_error(format!("This is no JSON: {error}."), None)));
        }
    };
    let id: Option<RequestId> = value.get("id").and_then(|id| serde_json::from_value(id.clone()).ok());
    let message = "This is no message of JSON-RPC 2.0: it needs \"jsonrpc\": \"2.0\" and a \"method\", and a request \
         an \"id\" that is a text or a whole number.";
    Some(error_of(id.as_ref(), &ErrorData::invalid_request(message, None)))
}

/// An error as a message. Without an id, JSON-RPC wants a null.
pub(crate) fn error_of(id: Option<&RequestId>, error: &ErrorData) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": error})
}

/// The error that answers a request which the SDK cannot read: its parameters are wrong, or nobody knows its method.
pub(crate) fn unreadable(method: &str, params: Option<Value>) -> ErrorData {
    let params = params.unwrap_or_else(|| json!({}));
    let reason = match method {
        "initialize" => reason::<InitializeRequestParams>(params),
        "tools/call" => reason::<CallToolRequestParams>(params),
        "prompts/get" => reason::<GetPromptRequestParams>(params),
        "resources/read" => reason::<ReadResourceRequestParams>(params),
        "resources/subscribe" => reason::<SubscribeRequestParams>(params),
        "resources/unsubscribe" => reason::<UnsubscribeRequestParams>(params),
        "subscriptions/listen" => reason::<SubscriptionsListenRequestParams>(params),
        "tools/list" | "prompts/list" | "resources/list" | "resources/templates/list" => {
            reason::<PaginatedRequestParams>(params)
        }
        _ => return ErrorData::new(ErrorCode::METHOD_NOT_FOUND, method.to_owned(), None),
    };
    ErrorData::invalid_params(format!("The parameters of {method} cannot be read: {reason}."), None)
}

fn reason<T: DeserializeOwned>(params: Value) -> String {
    match serde_json::from_value::<T>(params) {
        Ok(_) => "one of them has a wrong form".to_owned(),
        Err(error) => error.to_string().chars().take(REASON).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_is_told_by_its_code_and_keeps_its_id() {
        for (came, code, id) in [
            ("{bad", -32700, Value::Null),
            ("\u{7f}", -32700, Value::Null),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"} {}"#, -32700, Value::Null),
            ("5", -32600, Value::Null),
            ("[]", -32600, Value::Null),
            (r#"{"id":5,"method":"ping"}"#, -32600, json!(5)),
            (r#"{"jsonrpc":"2.0","id":"a"}"#, -32600, json!("a")),
            (r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32600, Value::Null),
        ] {
            let answer = answer(came.as_bytes()).unwrap_or_else(|| panic!("{came} is taken"));
            assert_eq!((&answer["error"]["code"], answer.get("id")), (&json!(code), Some(&id)), "{came}");
        }
        for came in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"nothing/such"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        ] {
            assert_eq!(answer(came.as_bytes()), None, "{came}");
        }
    }

    #[test]
    fn wrong_parameters_have_a_reason() {
        let error = unreadable("tools/call", None);
        assert_eq!(error.code, ErrorCode::INVALID_PARAMS);
        assert_eq!(error.message, "The parameters of tools/call cannot be read: missing field `name`.");
        let long = json!({"name": "x", "arguments": "y".repeat(10_000)});
        let error = unreadable("tools/call", Some(long));
        assert!(error.code == ErrorCode::INVALID_PARAMS && error.message.len() < 300, "{}", error.message);
        assert_eq!(unreadable("nothing/such", None).code, ErrorCode::METHOD_NOT_FOUND);
    }
}
