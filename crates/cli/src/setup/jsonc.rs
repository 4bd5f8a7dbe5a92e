//! Changes of a JSON file; comments, layout and trailing commas stay.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstObject, CstRootNode};
use serde_json::{Map, Value, json};

use super::document::{Edit, Trace, is_marked};

const BOM: char = '\u{feff}';

/// The text with the changes.
pub(super) fn apply(text: &str, edits: &[Edit]) -> Result<String, String> {
    if text.trim_start_matches(BOM).trim().is_empty() {
        return Ok(fresh(edits));
    }
    changed(text, |root| edits.iter().try_for_each(|edit| apply_one(root, edit)))
}

/// The text without what is ours.
pub(super) fn take_out(text: &str, traces: &[Trace]) -> Result<String, String> {
    if text.trim_start_matches(BOM).trim().is_empty() {
        return Ok(text.to_owned());
    }
    changed(text, |root| {
        for trace in traces {
            take_out_one(root, trace);
        }
        Ok(())
    })
}

fn changed(text: &str, change: impl FnOnce(&CstObject) -> Result<(), String>) -> Result<String, String> {
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let document = CstRootNode::parse(body, &ParseOptions::default())
        .map_err(|error| format!("is not JSON in line {}: {}", error.line_display(), error.kind()))?;
    let root = document.object_value().ok_or("holds no JSON object")?;
    change(&root)?;
    let mark = &text[..text.len() - body.len()];
    Ok(format!("{mark}{document}"))
}

/// The text at a path, if there is one.
pub(super) fn text_at(text: &str, at: &[&str]) -> Option<String> {
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let whole = CstRootNode::parse(body, &ParseOptions::default()).ok()?.to_serde_value()?;
    let value = at.iter().try_fold(&whole, |value, name| value.get(name))?;
    value.as_str().map(str::to_owned)
}

/// A file that was not there.
fn fresh(edits: &[Edit]) -> String {
    let mut whole = json!({});
    for edit in edits {
        let (Edit::Member { at, .. } | Edit::Element { at, .. }) = edit;
        let place = at.iter().fold(&mut whole, |place, name| &mut place[name]);
        match edit {
            Edit::Member { name, value, .. } => place[name] = value.clone(),
            Edit::Element { value, .. } => match place {
                Value::Array(list) => list.push(value.clone()),
                other => *other = json!([value]),
            },
        }
    }
    let mut text = serde_json::to_string_pretty(&whole).expect("a value is JSON");
    text.push('\n');
    text
}

fn apply_one(root: &CstObject, edit: &Edit) -> Result<(), String> {
    match edit {
        Edit::Member { at, name, value } => {
            let place = object_at(root, at)?;
            match place.get(name) {
                Some(member) if member.to_serde_value().as_ref() == Some(value) => {}
                Some(member) => member.set_value(input(value)),
                None => drop(place.append(name, input(value))),
            }
        }
        Edit::Element { at, value, mark } => {
            let list = list_at(root, at)?;
            let ours = list
                .elements()
                .into_iter()
                .find(|element| element.to_serde_value().is_some_and(|element| is_marked(&element, mark)));
            if let Some(ours) = ours {
                if ours.to_serde_value().as_ref() == Some(value) {
                    return Ok(());
                }
                ours.remove();
            }
            list.append(input(value));
        }
    }
    Ok(())
}

fn take_out_one(root: &CstObject, trace: &Trace) {
    let Trace { at, name, mark } = trace;
    if let Some(name) = name {
        let place = at.iter().try_fold(root.clone(), |place, name| place.object_value(name));
        if let Some(member) = place.and_then(|place| place.get(name)) {
            member.remove();
        }
    }
    let (Some(mark), Some((last, above))) = (mark, at.split_last()) else { return };
    let place = above.iter().try_fold(root.clone(), |place, name| place.object_value(name));
    let Some(list) = place.and_then(|place| place.array_value(last)) else { return };
    for element in list.elements() {
        if element.to_serde_value().is_some_and(|element| is_marked(&element, mark)) {
            element.remove();
        }
    }
}

/// The object at a path, made where there is none.
fn object_at(root: &CstObject, at: &[String]) -> Result<CstObject, String> {
    at.iter().try_fold(root.clone(), |place, name| {
        place.object_value_or_create(name).ok_or_else(|| format!("has `{name}`, which is no object"))
    })
}

fn list_at(root: &CstObject, at: &[String]) -> Result<CstArray, String> {
    let (last, above) = at.split_last().ok_or("names no list")?;
    let place = object_at(root, above)?;
    place.array_value_or_create(last).ok_or_else(|| format!("has `{last}`, which is no list"))
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(word) => CstInputValue::Bool(*word),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(list) => CstInputValue::Array(list.iter().map(input).collect()),
        Value::Object(members) => object(members),
    }
}

fn object(members: &Map<String, Value>) -> CstInputValue {
    CstInputValue::Object(members.iter().map(|(name, value)| (name.clone(), input(value))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits() -> Vec<Edit> {
        let entry = json!({"command": "/bin/omp", "args": ["mcp"]});
        let hook = json!({"hooks": [{"type": "command", "command": "/bin/omp hook session-start --tool x"}]});
        vec![
            Edit::member(&["mcpServers"], "open-memory", entry),
            Edit::element(&["hooks", "SessionStart"], hook, " hook session-start --tool x"),
        ]
    }

    fn traces() -> Vec<Trace> {
        edits().iter().map(Edit::trace).collect()
    }

    /// What a tool reads of it.
    fn read(text: &str) -> Value {
        let body = text.strip_prefix(BOM).unwrap_or(text);
        CstRootNode::parse(body, &ParseOptions::default()).unwrap().to_serde_value().unwrap()
    }

    const FILES: [&str; 8] = [
        "{}",
        "{\n}\n",
        "{\n  // mine\n  \"theme\": \"dark\", // why\n  /* a */ \"list\": [1, 2,],\n}\n",
        "{\"mcpServers\":{\"other\":{\"command\":\"x\"}},\"n\":1.50}",
        "{\n\t\"mcpServers\": {\n\t\t\"other\": { \"command\": \"x\" } // theirs\n\t}\n}",
        "{\r\n    \"hooks\": {\r\n        \"SessionStart\": [ { \"hooks\": [] } ]\r\n    }\r\n}\r\n",
        "\u{feff}{\n  \"a\": \"\\u00e9\"\n}\n",
        "{\n  \"mcpServers\": {},\n  \"hooks\": {\"SessionStart\": []}\n}",
    ];

    #[test]
    fn everything_else_stays_and_twice_is_once() {
        for text in FILES {
            let once = apply(text, &edits()).unwrap();
            let value = read(&once);
            assert_eq!(value["mcpServers"]["open-memory"]["command"], "/bin/omp", "{once}");
            assert!(
                value["hooks"]["SessionStart"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|e| is_marked(e, " hook session-start --tool x"))
            );
            assert_eq!(apply(&once, &edits()).unwrap(), once);
            for comment in ["// mine", "// why", "/* a */", "// theirs"] {
                assert_eq!(once.contains(comment), text.contains(comment), "{once}");
            }
            // Character by character; only a comma may come, and an object on one line may be unfolded.
            let mut there = once.chars();
            let mut theirs = text.chars().filter(|c| !c.is_whitespace() && *c != ',');
            assert!(theirs.all(|c| there.any(|other| other == c)), "{once}");
            assert_eq!(once.contains("\r\n"), text.contains("\r\n"), "{once:?}");
            assert_eq!(once.starts_with(BOM), text.starts_with(BOM));
            if text.contains("\r\n") {
                assert_eq!(once.matches('\n').count(), once.matches("\r\n").count());
            }
        }
    }

    #[test]
    fn what_is_ours_comes_out_and_nothing_else() {
        for text in FILES {
            let out = take_out(&apply(text, &edits()).unwrap(), &traces()).unwrap();
            let (mut before, mut after) = (read(text), read(&out));
            for value in [&mut before, &mut after] {
                // What had to be made for it may stay, empty.
                for name in ["mcpServers", "hooks"] {
                    if value[name]["SessionStart"] == json!([]) {
                        value[name].as_object_mut().unwrap().remove("SessionStart");
                    }
                    if value[name] == json!({}) || value[name].is_null() {
                        value.as_object_mut().unwrap().remove(name);
                    }
                }
            }
            assert_eq!(after, before, "{out}");
            assert!(!text.contains("//") || out.contains("//"), "{out}");
        }
    }

    #[test]
    fn what_was_ours_before_is_replaced() {
        let old = r#"{"mcpServers": {"open-memory": {"command": "/old"}, "b": {}}, "hooks": {"SessionStart": [
            {"hooks": [{"command": "/old/omp hook session-start --tool x"}]}, {"hooks": [{"command": "theirs"}]}]}}"#;
        let once = apply(old, &edits()).unwrap();
        assert!(!once.contains("/old"), "{once}");
        let value = read(&once);
        assert_eq!(value["hooks"]["SessionStart"].as_array().unwrap().len(), 2);
        assert_eq!(value["mcpServers"].as_object().unwrap().len(), 2);
    }

    #[test]
    fn a_file_that_is_not_there_is_made() {
        for text in ["", " \n", "\u{feff}"] {
            assert_eq!(
                read(&apply(text, &edits()).unwrap())["mcpServers"]["open-memory"]["args"],
                json!(["mcp"])
            );
        }
    }

    #[test]
    fn what_cannot_be_changed_is_named() {
        assert!(apply("{\n  \"a\": \n}", &edits()).unwrap_err().starts_with("is not JSON in line "));
        assert_eq!(apply("[1]", &edits()).unwrap_err(), "holds no JSON object");
        assert_eq!(
            apply(r#"{"mcpServers": 3}"#, &edits()).unwrap_err(),
            "has `mcpServers`, which is no object"
        );
        assert_eq!(
            apply(r#"{"hooks": {"SessionStart": {}}}"#, &edits()).unwrap_err(),
            "has `SessionStart`, which is no list"
        );
    }
}
