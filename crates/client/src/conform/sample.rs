//! Bits that samples are made of: ids, words, and JSON laid over JSON.

use std::hash::{BuildHasher, Hasher, RandomState};

use serde_json::Value;

/// The path of a memory; never that of all memories, even if the server gave no id.
pub(super) fn memory_path(id: &Value) -> String {
    format!("/v1/memories/{}", id.as_str().unwrap_or("no-id"))
}

/// An id that no memory has.
pub(super) fn memory_id() -> String {
    format!("mem_{}", letters(16))
}

/// `base` with the fields of `change` in place of its own; the parts of `source` one by one.
pub(super) fn overlay(mut base: Value, change: Value) -> Value {
    let Value::Object(change) = change else { return base };
    for (field, value) in change {
        let value = if field == "source" && value.is_object() {
            overlay(base["source"].take(), value)
        } else {
            value
        };
        base[field] = value;
    }
    base
}

/// `value` without one field.
pub(super) fn without(mut value: Value, field: &str) -> Value {
    value.as_object_mut().map(|fields| fields.remove(field));
    value
}

/// Random lower-case letters.
pub(super) fn letters(count: usize) -> String {
    let pick =
        || char::from(b'a' + u8::try_from(RandomState::new().build_hasher().finish() % 26).unwrap_or(0));
    (0..count).map(|_| pick()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn overlaying_merges_only_the_source() {
        let base = json!({"source": {"tool": "a", "user_id": "u"}, "metadata": {"k": 1}});
        let got = overlay(base, json!({"source": {"tool": "b"}, "metadata": {"l": 2}, "tags": null}));
        assert_eq!(got, json!({"source": {"tool": "b", "user_id": "u"}, "metadata": {"l": 2}, "tags": null}));
    }

    #[test]
    fn words_are_letters_and_differ() {
        let (one, two) = (letters(12), letters(12));
        assert!(one.bytes().all(|b| b.is_ascii_lowercase()) && one.len() == 12);
        assert_ne!(one, two);
    }

    #[test]
    fn made_up_ids_have_the_form_of_ids() {
        assert!(crate::conform::shape::is_id(&json!(memory_id()), "mem_"));
    }
}
