//! JSON and JSON Lines.

use std::collections::BTreeMap;

use serde_json::Value;

use super::map::{FieldMap, Origin};
use super::row::Row;
use super::{JSON_NAME, tell_guess};
use crate::items::{Item, Items, each_item, each_line, why_bad};
use crate::{Input, Member, Outline, Recognised, Root, Sink, Stop};

/// Members that hold the items, when no map names one.
const ARRAYS: [&str; 8] = ["items", "memories", "results", "data", "records", "entries", "notes", "rows"];

/// What a text is called, where that alone is enough.
const TEXTS: [&str; 8] = ["content", "text", "memory", "note", "fact", "body", "message", "observation"];

pub(super) fn recognise(outline: &Outline) -> Option<Recognised> {
    if outline.root == Root::Array && !outline.has("[]") && !outline.lines {
        return Some(Recognised::possible("it is an empty list"));
    }
    // An object with `memories` is for the protocol's own reader, which takes it when nothing says otherwise.
    let arrays = ARRAYS.iter().filter(|name| **name != "memories").map(|name| format!(".{name}[]"));
    let homes = match (outline.root, outline.lines) {
        (Root::Array, false) => vec!["[]".to_owned()],
        (Root::Object, true) => vec![String::new()],
        (Root::Object, false) => arrays.collect(),
        _ => return None,
    };
    let mut names = TEXTS.iter().flat_map(|text| homes.iter().map(move |home| (text, home)));
    let (text, _) = names.find(|(text, home)| outline.has(&format!("{home}.{text}")))?;
    Some(Recognised::possible(format!("its items have `{text}`, and nothing says whose they are")))
}

pub(super) fn read(
    input: &mut Input,
    member: &Member,
    map: Option<&FieldMap>,
    sink: &mut dyn Sink,
) -> Result<(), Stop> {
    let outline = Outline::of(&input.head(member, crate::probe::HEAD)?);
    let file = member.name();
    let mut guessed = BTreeMap::new();
    let mut each = |sink: &mut dyn Sink, item: Item<'_>| {
        let value: Value = match serde_json::from_str(item.raw) {
            Ok(value) => value,
            Err(error) => {
                sink.failed("item", &why_bad(&error), &item.place);
                return Ok(());
            }
        };
        // A list of mere texts is one, too.
        let value = if value.is_string() { serde_json::json!({ "content": value }) } else { value };
        let Value::Object(members) = &value else {
            sink.failed("item", "is neither an object nor a text", &item.place);
            return Ok(());
        };
        let guess;
        let map = if let Some(map) = map {
            map
        } else {
            guess = FieldMap::guess(members.keys().map(String::as_str));
            for (field, origin) in guess.entries() {
                if let Origin::Column(column) = origin {
                    guessed.entry(field).or_insert_with(|| column.clone());
                }
            }
            &guess
        };
        let look = |column: &str| look(&value, column).cloned();
        Row { format: JSON_NAME, file, map, value: &look, raw: item.raw, place: item.place }.give(sink)
    };
    if outline.root == Root::Object && outline.lines {
        each_line(input, member, sink, &mut each)?;
    } else {
        let named = map.and_then(FieldMap::items).map(|name| vec![name]);
        let arrays = named.unwrap_or_else(|| ARRAYS.to_vec());
        each_item(input, member, Items { arrays: &arrays, itself: true }, sink, &mut each)?;
    }
    if map.is_none() && !guessed.is_empty() {
        let names = guessed.values().map(String::as_str);
        tell_guess(&FieldMap::guess(names), &member.place(), sink);
    }
    Ok(())
}

/// A member by its name, or by the way to it: `a.b`, `a.0.b`.
fn look<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(path) {
        return Some(found);
    }
    let mut at = value;
    for step in path.split('.') {
        at = match at {
            Value::Object(members) => members.get(step)?,
            Value::Array(elements) => elements.get(step.parse::<usize>().ok()?)?,
            _ => return None,
        };
    }
    Some(at)
}
