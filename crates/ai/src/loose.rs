//! JSON as models write it: in a fence, between sentences, after thoughts.

use serde_json::Value;

/// How many beginnings are tried.
const TRIES: usize = 50;

/// The first object (or list, as the only member of an object of this name) in a text.
pub(crate) fn object_in(text: &str, list: &str) -> Option<Value> {
    let text = text.rsplit_once("</think>").map_or(text, |(_, answer)| answer).trim();
    let starts = text.char_indices().filter(|(_, c)| matches!(c, '{' | '['));
    for (at, _) in starts.take(TRIES) {
        let first = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>().next();
        match first {
            Some(Ok(object @ Value::Object(_))) => return Some(object),
            Some(Ok(Value::Array(items))) if items.iter().all(Value::is_object) => {
                return Some(serde_json::json!({ list: items }));
            }
            // It breaks off; a smaller object inside of it is not the answer.
            Some(Err(error)) if error.is_eof() => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_whatever_stands_around_it() {
        let expected = Some(json!({"a": [1]}));
        for text in [
            r#"{"a":[1]}"#,
            "```json\n{\"a\": [1]}\n```",
            "Here you are: {\"a\": [1]} I hope {it} helps.",
            "<think>maybe {\"a\": 2}?</think>\n{\"a\":[1]}",
            "{oops {\"a\":[1]}",
        ] {
            assert_eq!(object_in(text, "items"), expected, "{text}");
        }
        assert_eq!(object_in(r#"Sure: [{"b":1}]"#, "items"), Some(json!({"items": [{"b": 1}]})));
        assert_eq!(object_in("[]", "items"), Some(json!({"items": []})));
    }

    #[test]
    fn what_breaks_off_is_no_object() {
        for text in ["", "no", r#"{"a": [{"b": "c"#, r#"{"a": [{"b": 1}, {"b"#, "{", "[1, 2]"] {
            assert_eq!(object_in(text, "items"), None, "{text}");
        }
    }
}
