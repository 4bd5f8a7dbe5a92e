//! The forms of the protocol's objects, judged from their JSON alone.

use serde_json::Value;

use super::time;

/// Every field that a memory may have.
pub(super) const MEMORY_FIELDS: [&str; 11] = [
    "id",
    "content",
    "type",
    "source",
    "tags",
    "namespace",
    "created_at",
    "updated_at",
    "expires_at",
    "embedding",
    "metadata",
];
/// Every field that an answer shows of each memory.
pub(super) const MEMORY_ALWAYS: [&str; 10] = [
    "id",
    "content",
    "type",
    "source",
    "tags",
    "namespace",
    "created_at",
    "updated_at",
    "expires_at",
    "metadata",
];
/// Every field that a memory's source may have.
pub(super) const SOURCE_FIELDS: [&str; 4] = ["tool", "session_id", "user_id", "timestamp"];
/// The three kinds of memory.
pub(super) const KINDS: [&str; 3] = ["episodic", "semantic", "procedural"];
/// The three ways to search.
pub(super) const MODES: [&str; 3] = ["keyword", "semantic", "hybrid"];

/// What is wrong with a memory in an answer; empty if nothing is.
pub(super) fn memory(value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if !value.is_object() {
        return vec![format!("not an object: {value}")];
    }
    faults.extend(strangers(value, &MEMORY_FIELDS).into_iter().map(|f| format!("unknown field `{f}`")));
    faults.extend(absent(value, &MEMORY_ALWAYS).into_iter().map(|f| format!("no field `{f}`")));
    faults.extend(
        strangers(&value["source"], &SOURCE_FIELDS)
            .into_iter()
            .map(|f| format!("unknown field `source.{f}`")),
    );
    let mut rule = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    rule(is_id(&value["id"], "mem_"), "`id` is not mem_ and 16 of a-z0-9");
    rule(value["content"].as_str().is_some_and(|c| !c.is_empty()), "`content` is not a text");
    rule(is_one_of(&value["type"], &KINDS), "`type` is not one of the three");
    rule(value["source"]["tool"].is_string(), "`source.tool` is not a text");
    rule(is_time(&value["source"]["timestamp"]), "`source.timestamp` is not a time in UTC");
    rule(is_time(&value["created_at"]), "`created_at` is not a time in UTC");
    rule(is_time(&value["updated_at"]), "`updated_at` is not a time in UTC");
    rule(
        value["expires_at"].is_null() || is_time(&value["expires_at"]),
        "`expires_at` is not a time or null",
    );
    rule(value["namespace"].is_null() || value["namespace"].is_string(), "`namespace` is not a text or null");
    rule(is_texts(&value["tags"]), "`tags` is not an array of texts");
    rule(value["metadata"].is_object(), "`metadata` is not an object");
    faults
}

/// What is wrong with a conversation in an answer; empty if nothing is.
pub(super) fn conversation(value: &Value) -> Vec<String> {
    const FIELDS: [&str; 8] =
        ["id", "model", "topic", "messages", "message_count", "source_url", "created_at", "updated_at"];
    let mut faults: Vec<String> =
        absent(value, &FIELDS).into_iter().map(|f| format!("no field `{f}`")).collect();
    let mut rule = |holds: bool, fault: &str| {
        if !holds {
            faults.push(fault.to_owned());
        }
    };
    let messages = value["messages"].as_array();
    rule(is_id(&value["id"], "conv_"), "`id` is not conv_ and 16 of a-z0-9");
    rule(value["model"].is_string(), "`model` is not a text");
    rule(value["topic"].is_string(), "`topic` is not a text");
    rule(messages.is_some(), "`messages` is not an array");
    let count = messages.map(|all| all.len() as u64);
    rule(value["message_count"].as_u64() == count, "`message_count` is not the number of messages");
    rule(
        value["source_url"].is_null() || value["source_url"].is_string(),
        "`source_url` is not a text or null",
    );
    rule(is_time(&value["created_at"]), "`created_at` is not a time in UTC");
    rule(is_time(&value["updated_at"]), "`updated_at` is not a time in UTC");
    faults
}

/// What is wrong with the body of an error; empty if nothing is.
pub(super) fn envelope(value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    if !value["error"].as_str().is_some_and(is_code) {
        faults.push("`error` is not a code".to_owned());
    }
    if value["message"].as_str().is_none_or(|m| m.trim().is_empty()) {
        faults.push("`message` is not a text".to_owned());
    }
    if !value["details"].is_object() {
        faults.push("`details` is not an object".to_owned());
    }
    faults
}

/// Traces of a server's inside in a text that goes to a client.
pub(super) fn leaks(text: &str) -> Option<&'static str> {
    [
        "<html",
        "<!DOCTYPE",
        "node_modules",
        "\\n    at ",
        "panicked at",
        ".rs:",
        ".ts:",
        ".py\"",
        "Traceback",
        "SQLITE_",
    ]
    .into_iter()
    .find(|trace| text.contains(trace))
}

/// Fields of an object that are not in `allowed`.
pub(super) fn strangers(value: &Value, allowed: &[&str]) -> Vec<String> {
    let fields = value.as_object().into_iter().flatten();
    fields.map(|(name, _)| name.clone()).filter(|name| !allowed.contains(&name.as_str())).collect()
}

/// Fields of `wanted` that an object does not have.
pub(super) fn absent<'a>(value: &Value, wanted: &[&'a str]) -> Vec<&'a str> {
    wanted.iter().copied().filter(|name| value.get(name).is_none()).collect()
}

/// Whether a value is `prefix` and 16 characters of `a-z0-9`.
pub(super) fn is_id(value: &Value, prefix: &str) -> bool {
    let Some(tail) = value.as_str().and_then(|id| id.strip_prefix(prefix)) else { return false };
    tail.len() == 16 && tail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

/// Whether a value is a time in UTC.
pub(super) fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(time::is_utc)
}

/// Whether a value is one of some texts.
pub(super) fn is_one_of(value: &Value, choices: &[&str]) -> bool {
    value.as_str().is_some_and(|text| choices.contains(&text))
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "id": "mem_0123456789abcdef", "content": "x", "type": "semantic",
            "source": {"tool": "t", "timestamp": "2020-01-01T00:00:00.000Z"},
            "tags": [], "namespace": null, "expires_at": null, "metadata": {},
            "created_at": "2020-01-01T00:00:00.000Z", "updated_at": "2020-01-01T00:00:00.000Z",
        })
    }

    #[test]
    fn a_whole_memory_has_no_faults() {
        assert_eq!(memory(&good()), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_a_memory_is_named() {
        let mut bad = good();
        bad["id"] = json!("mem_ABC");
        bad["score"] = json!(1);
        bad["source"]["model"] = json!("m");
        bad["created_at"] = json!("2020-01-01T00:00:00+00:00");
        bad.as_object_mut().unwrap().remove("tags");
        let faults = memory(&bad).join("; ");
        for part in ["`id`", "`score`", "`source.model`", "`created_at`", "no field `tags`"] {
            assert!(faults.contains(part), "{part} in {faults}");
        }
    }

    #[test]
    fn a_conversation_counts_its_messages() {
        let mut value = json!({
            "id": "conv_0123456789abcdef", "model": "m", "topic": "t", "messages": [{}], "message_count": 1,
            "source_url": null, "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
        });
        assert_eq!(conversation(&value), Vec::<String>::new());
        value["message_count"] = json!(2);
        assert_eq!(conversation(&value).len(), 1);
    }

    #[test]
    fn an_envelope_needs_all_three_keys() {
        assert!(envelope(&json!({"error": "not_found", "message": "No.", "details": {}})).is_empty());
        assert_eq!(envelope(&json!({"error": "not_found"})).len(), 2);
        assert_eq!(envelope(&json!("x")).len(), 3);
    }
}
