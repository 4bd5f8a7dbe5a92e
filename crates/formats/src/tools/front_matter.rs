//! The front matter of Markdown files: YAML between two lines of `---`, often by hand and often wrong.

use omp_model::Timestamp;
use serde_json::{Map, Value};

pub(in crate::tools) use super::rules::markdown::front_matter as split;
use crate::moment;

/// What stands there, as JSON.
#[derive(Debug, Clone, Default)]
pub(in crate::tools) struct Front {
    members: Map<String, Value>,
    /// It is no valid YAML, and was read line by line.
    pub(in crate::tools) is_literal: bool,
}

impl Front {
    /// Reads it. What is no YAML (an unquoted `*` or a second colon is common) is read as lines `key: value`.
    pub(in crate::tools) fn parse(raw: &str) -> Self {
        match yaml_serde::from_str::<Value>(raw) {
            Ok(Value::Object(members)) => Self { members, is_literal: false },
            Ok(Value::Null) => Self::default(),
            _ => Self { members: literal(raw), is_literal: !raw.trim().is_empty() },
        }
    }

    /// Whether there is a member of this name.
    pub(in crate::tools) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member's text; of a number or `true`, how it is written.
    pub(in crate::tools) fn text(&self, name: &str) -> Option<String> {
        text(self.members.get(name)?).filter(|text| !text.trim().is_empty())
    }

    /// The text of a member of a member.
    pub(in crate::tools) fn inner_text(&self, name: &str, inner: &str) -> Option<String> {
        text(self.members.get(name)?.get(inner)?).filter(|text| !text.trim().is_empty())
    }

    /// Several words: a list, or a text with commas. The `#` of tags goes.
    pub(in crate::tools) fn words(&self, name: &str) -> Vec<String> {
        let clean = |word: &str| word.trim().trim_start_matches('#').trim().to_owned();
        let words: Vec<String> = match self.members.get(name) {
            Some(Value::Array(values)) => values.iter().filter_map(text).map(|word| clean(&word)).collect(),
            Some(value) => text(value).unwrap_or_default().split(',').map(clean).collect(),
            None => Vec::new(),
        };
        words.into_iter().filter(|word| !word.is_empty()).collect()
    }

    /// A time.
    pub(in crate::tools) fn time(&self, name: &str) -> Option<Timestamp> {
        moment::from_json(self.members.get(name)?)
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

fn literal(raw: &str) -> Map<String, Value> {
    let entry = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let plain = !name.is_empty() && !name.starts_with([' ', '\t', '#', '-']);
        plain.then(|| (name.trim().to_owned(), Value::from(value.trim())))
    };
    raw.lines().filter_map(entry).collect()
}

/// Front matter with its two lines, from what becomes a YAML mapping.
pub(in crate::tools) fn write(members: &impl serde::Serialize) -> std::io::Result<String> {
    let yaml = yaml_serde::to_string(members).map_err(std::io::Error::other)?;
    Ok(format!("---\n{yaml}---\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn yaml_is_read_as_it_is_meant() {
        let front = Front::parse(
            "title: A\ntags: [x, '#y']\nn: 7\nyes: no\ndate: 2026-05-01\nmeta:\n  type: user\ntitle: B\n",
        );
        assert!(!front.is_literal);
        assert_eq!(front.text("title").as_deref(), Some("B"), "the last one of two counts");
        assert_eq!((front.words("tags"), front.text("n")), (vec!["x".into(), "y".into()], Some("7".into())));
        assert_eq!(front.text("yes").as_deref(), Some("no"));
        assert_eq!(front.time("date"), Timestamp::parse_date("2026-05-01"));
        assert_eq!(front.inner_text("meta", "type").as_deref(), Some("user"));
        assert!(!Front::parse("").has("title") && !Front::parse("").is_literal);
    }

    #[test]
    fn what_is_no_yaml_is_read_line_by_line() {
        let front = Front::parse("title: One: two\nglobs: *.rs\ntags: a, #b\n  x: y\n");
        assert!(front.is_literal);
        assert_eq!(front.text("title").as_deref(), Some("One: two"));
        assert_eq!(front.words("tags"), ["a", "b"]);
        assert!(!front.has("x"));
    }
}
