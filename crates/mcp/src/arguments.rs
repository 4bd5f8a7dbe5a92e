//! Arguments that a model gets slightly wrong are put into the form that the schema asks for: a number as text, one
//! text for a list, a list as JSON in a text, `null` for nothing, a word in capitals. What cannot be is named, all of
//! it at once.

use omp_model::error::FieldErrors;
use rmcp::model::JsonObject;
use serde_json::{Map, Number, Value};

/// The arguments as the schema has them, or what is wrong with each.
pub(crate) fn in_form(schema: &JsonObject, arguments: &JsonObject) -> Result<Value, FieldErrors> {
    let mut errors = FieldErrors::new();
    let formed = members(schema, arguments, "", &mut errors);
    if errors.is_empty() { Ok(Value::Object(formed)) } else { Err(errors) }
}

fn members(schema: &JsonObject, given: &JsonObject, at: &str, errors: &mut FieldErrors) -> JsonObject {
    let required = |name: &str| {
        schema
            .get("required")
            .and_then(Value::as_array)
            .is_some_and(|list| list.iter().any(|item| item == name))
    };
    let mut formed = Map::new();
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
        let value = given.get(name).or_else(|| {
            given.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        });
        match value {
            None | Some(Value::Null) if required(name) => {
                let what = property.get("description").and_then(Value::as_str);
                errors.push((
                    path,
                    what.map_or_else(|| "is required".into(), |what| format!("is required: {what}")),
                ));
            }
            None | Some(Value::Null) => {}
            Some(value) => {
                if let Some(value) = formed_value(property, value, &path, errors) {
                    formed.insert(name.clone(), value);
                }
            }
        }
    }
    formed
}

fn formed_value(schema: &Value, value: &Value, at: &str, errors: &mut FieldErrors) -> Option<Value> {
    let formed = match schema.get("type").and_then(Value::as_str).unwrap_or_default() {
        "string" => text(schema, value),
        "integer" => integer(schema, value),
        "boolean" => boolean(value),
        "array" => return list(schema, value, at, errors),
        "object" => return object(schema, value, at, errors),
        _ => Ok(value.clone()),
    };
    formed.map_err(|what| errors.push((at.to_owned(), what))).ok()
}

fn text(schema: &Value, value: &Value) -> Result<Value, String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(boolean) => boolean.to_string(),
        Value::Array(items) if items.len() == 1 => return text_of_one(schema, items),
        _ => return Err("must be text".into()),
    };
    let Some(words) = schema.get("enum").and_then(Value::as_array) else { return Ok(Value::String(text)) };
    let wanted = text.trim();
    let known = words.iter().find(|word| word.as_str().is_some_and(|word| word.eq_ignore_ascii_case(wanted)));
    known.cloned().ok_or_else(|| {
        let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
        format!("must be one of {}", words.join(", "))
    })
}

fn text_of_one(schema: &Value, items: &[Value]) -> Result<Value, String> {
    match items {
        [only] if !only.is_array() => text(schema, only),
        _ => Err("must be text".into()),
    }
}

/// A whole number; one beyond the limits is the limit.
fn integer(schema: &Value, value: &Value) -> Result<Value, String> {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse::<f64>().ok(),
        _ => None,
    };
    let number = number.filter(|number| number.is_finite()).ok_or("must be a whole number")?;
    let limit = |name: &str, otherwise: f64| schema.get(name).and_then(Value::as_f64).unwrap_or(otherwise);
    let number = number.round().max(limit("minimum", f64::MIN)).min(limit("maximum", f64::MAX));
    #[expect(clippy::cast_possible_truncation, reason = "rounded, and no limit of ours is near the ends")]
    let whole = number as i64;
    Ok(Value::Number(Number::from(whole)))
}

fn boolean(value: &Value) -> Result<Value, String> {
    let word = match value {
        Value::Bool(_) => return Ok(value.clone()),
        Value::String(text) => text.trim().to_ascii_lowercase(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    match word.as_str() {
        "true" | "yes" | "1" => Ok(Value::Bool(true)),
        "false" | "no" | "0" | "" => Ok(Value::Bool(false)),
        _ => Err("must be true or false".into()),
    }
}

/// One thing is a list of one; a text is JSON, or words between commas where words are wanted.
fn list(schema: &Value, value: &Value, at: &str, errors: &mut FieldErrors) -> Option<Value> {
    let item = schema.get("items").unwrap_or(&Value::Null);
    let words = item.get("type").is_some_and(|kind| kind == "string");
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(Value::Array(items)) => items,
            Ok(object @ Value::Object(_)) => vec![object],
            _ if words => {
                text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(Value::from).collect()
            }
            _ => {
                errors.push((at.to_owned(), "must be a list".into()));
                return None;
            }
        },
        other => vec![other.clone()],
    };
    let formed = items.iter().enumerate().filter(|(_, value)| !value.is_null());
    Some(formed.filter_map(|(i, value)| formed_value(item, value, &format!("{at}[{i}]"), errors)).collect())
}

fn object(schema: &Value, value: &Value, at: &str, errors: &mut FieldErrors) -> Option<Value> {
    let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
    if let (Value::Object(given), Some(schema)) = (parsed.as_ref().unwrap_or(value), schema.as_object()) {
        return Some(Value::Object(members(schema, given, at, errors)));
    }
    errors.push((at.to_owned(), "must be an object".into()));
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> JsonObject {
        let schema = json!({"type": "object", "required": ["content"], "properties": {
            "content": {"type": "string", "description": "What to keep"},
            "type": {"type": "string", "enum": ["semantic", "episodic"]},
            "tags": {"type": "array", "items": {"type": "string"}},
            "limit": {"type": "integer", "minimum": 1, "maximum": 100},
            "wide": {"type": "boolean"},
            "turns": {"type": "array", "items": {"type": "object", "required": ["role"], "properties": {
                "role": {"type": "string", "enum": ["user", "assistant"]}
            }}},
        }});
        schema.as_object().unwrap().clone()
    }

    fn form(arguments: &Value) -> Result<Value, FieldErrors> {
        in_form(&schema(), arguments.as_object().unwrap())
    }

    #[test]
    fn what_is_nearly_right_is_put_into_form() {
        for (given, formed) in [
            (json!({"content": "a"}), json!({"content": "a"})),
            (json!({"Content": "a", "unknown": 1}), json!({"content": "a"})),
            (json!({"content": 42, "limit": "7"}), json!({"content": "42", "limit": 7})),
            (json!({"content": ["a"], "limit": 1e9}), json!({"content": "a", "limit": 100})),
            (json!({"content": "a", "limit": -3.2}), json!({"content": "a", "limit": 1})),
            (json!({"content": "a", "type": " Semantic "}), json!({"content": "a", "type": "semantic"})),
            (json!({"content": "a", "type": null}), json!({"content": "a"})),
            (
                json!({"content": "a", "tags": "Hot Drinks, tea"}),
                json!({"content": "a", "tags": ["Hot Drinks", "tea"]}),
            ),
            (json!({"content": "a", "tags": "[\"x\", 2]"}), json!({"content": "a", "tags": ["x", "2"]})),
            (json!({"content": "a", "tags": ["x", null]}), json!({"content": "a", "tags": ["x"]})),
            (json!({"content": "a", "tags": 2026}), json!({"content": "a", "tags": ["2026"]})),
            (json!({"content": "a", "wide": "Yes"}), json!({"content": "a", "wide": true})),
            (
                json!({"content": "a", "turns": {"role": "USER"}}),
                json!({"content": "a", "turns": [{"role": "user"}]}),
            ),
            (
                json!({"content": "a", "turns": "[{\"role\": \"user\"}]"}),
                json!({"content": "a", "turns": [{"role": "user"}]}),
            ),
        ] {
            assert_eq!(form(&given), Ok(formed), "{given}");
        }
    }

    #[test]
    fn everything_that_cannot_be_is_named_at_once() {
        let errors = form(&json!({
            "content": null, "type": "x", "limit": "many", "wide": "perhaps", "turns": [{"role": "user"}, {}, 3],
        }));
        let errors = errors.unwrap_err();
        let named: Vec<_> = errors.iter().map(|(field, what)| format!("{field} {what}")).collect();
        assert_eq!(
            named,
            [
                "content is required: What to keep",
                "type must be one of semantic, episodic",
                "limit must be a whole number",
                "wide must be true or false",
                "turns[1].role is required",
                "turns[2] must be an object",
            ]
        );
    }
}
