//! The checks are written out in code. Here the JSON Schemas judge the same texts, and both must agree.

use std::sync::LazyLock;

use jsonschema::Validator;
use omi::{Code, Level, Serialization, validate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Map, Value, json};

static L0: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../../../spec/omi/omi-l0.schema.json"), false));
static L1: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../../../spec/omi/omi-l1.schema.json"), true));

fn compile(schema: &str, formats: bool) -> Validator {
    let schema = serde_json::from_str(schema).unwrap();
    jsonschema::draft202012::options().should_validate_formats(formats).build(&schema).unwrap()
}

/// What the schemas say of a document, uniqueness of ids aside.
fn by_schema(document: &Value) -> Option<Level> {
    if L1.is_valid(document) {
        assert!(L0.is_valid(document), "L1 implies L0");
        Some(Level::L1)
    } else if L0.is_valid(document) {
        Some(Level::L0)
    } else {
        None
    }
}

/// What our checks say, uniqueness of ids aside.
fn by_code(text: &str, form: Serialization) -> Option<Level> {
    let report = validate(text.as_bytes(), Some(form)).unwrap();
    let mut not_l1 = report.counts.keys().filter(|code| code.level() == Some(Level::L1));
    match report.level {
        Some(Level::L0) if not_l1.all(|code| *code == Code::DuplicateId) => Some(Level::L1),
        level => level,
    }
}

/// The same as JSON Lines, if it can be.
fn as_lines(document: &Value) -> Option<String> {
    let mut header = document.as_object()?.clone();
    let memories = header.shift_remove("memories")?;
    let is_header =
        |members: &Map<String, Value>| members.contains_key("format") && !members.contains_key("content");
    if !is_header(&header) {
        return None;
    }
    let mut text = format!("{}\n", Value::Object(header));
    for record in memories.as_array()? {
        if record.as_object().is_some_and(is_header) {
            return None;
        }
        text.push_str(&record.to_string());
        text.push('\n');
    }
    Some(text)
}

#[test]
fn schemas_and_code_agree_on_every_fixture() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/omi/cases.jsonl"));
    let mut compared = 0;
    for line in text.unwrap().lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let text = case["text"].as_str().unwrap();
        let Ok(document) = serde_json::from_str::<Value>(text) else { continue };
        if case["serialization"] == "json" {
            assert_eq!(by_code(text, Serialization::Json), by_schema(&document), "{}", case["name"]);
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared}");
}

/// A good document with everything in it.
fn full() -> Value {
    json!({
        "format": "open-memory-interchange", "version": "0.1", "serialization": "json",
        "subject": {"id": "u", "type": "person", "label": "Ana"},
        "generated_at": "2026-01-01T00:00:00Z", "generator": "demo/1.0", "ext": {"org.example.a": {"v": 1}},
        "memories": [
            {
                "id": "a", "content": "x", "created": "2026-01-01T00:00:00Z", "type": "semantic",
                "subject": {"id": "p"}, "confidence": 0.5, "lang": "en", "tags": ["t", "u"],
                "source": {"platform": "p", "ref": "r", "method": "m"}, "entities": [{"id": "e"}, "f"],
                "relations": [{"type": "about", "target": "e"}], "valid_from": "2026-01-01", "valid_to": null,
                "ext": {},
            },
            {"id": "b", "content": "y", "created": "2026-01-01T00:00:00+01:00", "type": "episodic"},
        ],
    })
}

/// A change to some value of a document.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Insert(&'static str, Value),
}

fn value() -> impl Strategy<Value = Value> {
    let plain = select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(1.0),
        json!(0.5),
        json!(1.000_001),
        json!(-0.0),
        json!(-1e-9),
        json!(1e300),
        json!(u64::MAX),
        json!(""),
        json!(" "),
        json!("a"),
        json!("json"),
        json!("jsonl"),
        json!("0.1"),
        json!("0.10"),
        json!("open-memory-interchange"),
        json!([]),
        json!([null]),
        json!(["a"]),
        json!([{}]),
        json!([1, "a"]),
        json!({}),
        json!({"id": "x"}),
        json!({"id": ""}),
        json!({"id": 1}),
        json!({"ref": null}),
        json!({"id": "x", "label": 1}),
    ]);
    let date = r"[0-9]{4}-[01][0-9]-[0-3][0-9]";
    let time = r"[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ]?[0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,3})?([zZ]|[+-][0-2][0-9]:[0-6][0-9])?";
    let leap = r"(2016-12-31|2017-01-01)T[0-2][0-9]:[0-5][0-9]:60(Z|[+-][01][0-9]:[0-5][0-9])";
    prop_oneof![
        4 => plain,
        1 => date.prop_map(Value::from),
        2 => time.prop_map(Value::from),
        1 => leap.prop_map(Value::from),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let names = [
        "id",
        "content",
        "created",
        "type",
        "subject",
        "confidence",
        "lang",
        "tags",
        "source",
        "entities",
        "relations",
        "valid_from",
        "valid_to",
        "ext",
        "format",
        "version",
        "memories",
        "serialization",
        "generated_at",
        "generator",
        "label",
        "platform",
        "ref",
        "method",
        "unknown",
    ];
    prop_oneof![
        3 => value().prop_map(Change::Replace),
        2 => Just(Change::Remove),
        2 => (select(names.to_vec()), value()).prop_map(|(name, value)| Change::Insert(name, value)),
    ]
}

/// The JSON pointers of all values in a document.
fn pointers(value: &Value, at: &str, all: &mut Vec<String>) {
    all.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(nth, item)| pointers(item, &format!("{at}/{nth}"), all));
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| pointers(member, &format!("{at}/{name}"), all));
        }
        _ => {}
    }
}

fn apply(document: &mut Value, at: Index, change: &Change) {
    let mut all = Vec::new();
    pointers(document, "", &mut all);
    let pointer = &all[at.index(all.len())];
    match change {
        Change::Replace(value) => *document.pointer_mut(pointer).unwrap() = value.clone(),
        Change::Remove => {
            let Some((parent, last)) = pointer.rsplit_once('/') else { return };
            match document.pointer_mut(parent) {
                Some(Value::Object(members)) => drop(members.shift_remove(last)),
                Some(Value::Array(items)) => drop(items.remove(last.parse().unwrap())),
                _ => {}
            }
        }
        Change::Insert(name, value) => {
            if let Some(Value::Object(members)) = document.pointer_mut(pointer) {
                members.insert((*name).to_owned(), value.clone());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn schemas_and_code_agree_on_changed_documents(changes in vec((any::<Index>(), change()), 1..4)) {
        let mut document = full();
        for (at, change) in &changes {
            apply(&mut document, *at, change);
        }
        let expected = by_schema(&document);
        prop_assert_eq!(by_code(&document.to_string(), Serialization::Json), expected, "{}", document);
        let pretty = serde_json::to_string_pretty(&document).unwrap();
        prop_assert_eq!(by_code(&pretty, Serialization::Json), expected, "{}", document);
        if let Some(lines) = as_lines(&document) {
            prop_assert_eq!(by_code(&lines, Serialization::JsonLines), expected, "{}", lines);
        }
    }

    #[test]
    fn date_times_are_judged_as_the_schema_library_does(text in r"[0-9TtZz:.+-]{0,3}(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,12})?(Z|z|[+-][0-2][0-9]:[0-6][0-9])?") {
        let mut document = full();
        document["memories"][0]["created"] = Value::from(text);
        prop_assert_eq!(by_code(&document.to_string(), Serialization::Json), by_schema(&document));
    }
}
