//! One row becomes a memory.

use omp_model::{Metadata, Timestamp};
use serde_json::{Map, Value};

use super::map::{Field, FieldMap, Origin};
use crate::kinds::{is_ours, kind_of};
use crate::{Draft, Place, Sink, Stop, moment};

/// A row or an item.
pub(super) struct Row<'a> {
    /// The format under which it is known.
    pub(super) format: &'static str,
    /// What the file is called.
    pub(super) file: &'a str,
    pub(super) map: &'a FieldMap,
    /// The value of a column; `None` when there is no such one.
    pub(super) value: &'a dyn Fn(&str) -> Option<Value>,
    /// The row as JSON.
    pub(super) raw: &'a str,
    pub(super) place: Place,
}

impl Row<'_> {
    /// Gives the row's memory to the sink, or says why it is none.
    pub(super) fn give(self, sink: &mut dyn Sink) -> Result<(), Stop> {
        let texts: Vec<String> = self.all(Field::Content).filter_map(|(_, value)| text(&value)).collect();
        if texts.is_empty() {
            self.nothing(sink);
            return Ok(());
        }
        let mut draft = Draft::new(self.format, self.format, texts.join("\n"));
        draft.id = self.first(Field::Id);
        draft.scope = self.first(Field::Scope).unwrap_or_else(|| {
            // A text is itself in every file, a number is not.
            if draft.id.is_some() { self.file.to_owned() } else { String::new() }
        });
        if let Some(tool) = self.first(Field::Tool) {
            draft.platform = tool;
        }
        draft.tags = self.all(Field::Tags).flat_map(|(_, value)| words(&value)).collect();
        if let Some(word) = self.first(Field::Type) {
            draft.kind = kind_of(&word);
            if !is_ours(&word) {
                draft.tags.push(word);
            }
        }
        (draft.created, draft.day_only) = self.time(Field::CreatedAt, sink);
        draft.updated = self.time(Field::UpdatedAt, sink).0;
        draft.observed = self.time(Field::ObservedAt, sink).0;
        draft.expires = self.time(Field::ExpiresAt, sink).0;
        draft.valid_from = self.time(Field::ValidFrom, sink).0.map(moment::day);
        draft.valid_to = self.time(Field::ValidTo, sink).0.map(moment::day);
        draft.namespace = self.first(Field::Namespace);
        draft.account = self.first(Field::User);
        draft.reference = self.first(Field::Session);
        draft.confidence = self.first(Field::Confidence).and_then(|text| text.trim().parse().ok());
        draft.metadata = self.metadata(sink);
        draft.raw_json(self.raw);
        draft.place = self.place;
        sink.memory(draft)
    }

    /// All values of a field, with the column of each.
    fn all(&self, field: Field) -> impl Iterator<Item = (&str, Value)> {
        let entries = self.map.entries().filter(move |(known, _)| *known == field);
        entries.filter_map(|(_, origin)| match origin {
            Origin::Column(column) => Some((column.as_str(), (self.value)(column)?)),
            Origin::Constant(text) => Some(("", Value::from(text.as_str()))),
        })
    }

    fn first(&self, field: Field) -> Option<String> {
        self.all(field).find_map(|(_, value)| text(&value))
    }

    /// A time, and whether it is only a day. What cannot be understood is told with its column.
    fn time(&self, field: Field, sink: &mut dyn Sink) -> (Option<Timestamp>, bool) {
        for (column, value) in self.all(field) {
            let known = match &value {
                Value::Null => continue,
                Value::String(text) if text.trim().is_empty() => continue,
                value => moment::from_json(value),
            };
            if let Some(at) = known {
                let day = value.as_str().is_some_and(|text| Timestamp::parse_date(text.trim()).is_some());
                return (Some(at), day);
            }
            let what = "is no time that is understood (2026-05-01, 2026-05-01T10:20:30Z, seconds since 1970) and \
                        counts as unknown; it stays in the original";
            sink.changed(field.name(), what, &self.place.inside(format!("column `{column}`")));
        }
        (None, false)
    }

    fn metadata(&self, sink: &mut dyn Sink) -> Metadata {
        let members: Map<String, Value> = self
            .all(Field::Metadata)
            .filter(|(_, value)| !value.is_null() && value.as_str() != Some(""))
            .map(|(column, value)| (column.to_owned(), value))
            .collect();
        Metadata::parse(&Value::from(members).to_string()).unwrap_or_else(|what| {
            sink.changed("metadata", &format!("{what}; it stays in the original"), &self.place);
            Metadata::default()
        })
    }

    /// Says why there is no text.
    fn nothing(&self, sink: &mut dyn Sink) {
        let columns: Vec<String> = self
            .map
            .entries()
            .filter(|(field, _)| *field == Field::Content)
            .filter_map(|(_, origin)| match origin {
                Origin::Column(column) => Some(format!("`{column}`")),
                Origin::Constant(_) => None,
            })
            .collect();
        let columns = columns.join(", ");
        let empty = |value: &Value| value.is_null() || value.as_str().is_some_and(|s| s.trim().is_empty());
        if columns.is_empty() {
            let what =
                "has no member that is usually the text (content, text, note …); name it: --map content=NAME";
            sink.failed("item", what, &self.place);
        } else if self.all(Field::Content).any(|(_, value)| !empty(&value)) {
            let what = format!("has an object or a list in {columns}, which is taken for the text");
            sink.failed("item", &what, &self.place);
        } else if self.all(Field::Content).next().is_none() {
            sink.failed("item", &format!("has no {columns}, which is taken for the text"), &self.place);
        } else {
            sink.passed("empty item", &format!("has nothing in {columns}"), &self.place);
        }
    }
}

/// A value as text; lists of texts are put under one another.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Array(elements) => {
            let texts: Vec<&str> = elements.iter().filter_map(Value::as_str).collect();
            texts.join("\n")
        }
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// The words of a list, or of a text with `,`, `;` or `|` between them.
fn words(value: &Value) -> Vec<String> {
    if let Value::Array(elements) = value {
        return elements.iter().filter_map(text).collect();
    }
    let Some(text) = text(value) else { return Vec::new() };
    if text.starts_with('[')
        && let Ok(Value::Array(elements)) = serde_json::from_str(&text)
    {
        return elements.iter().filter_map(self::text).collect();
    }
    let words = text.split([',', ';', '|']).map(|word| word.trim().trim_start_matches('#').to_owned());
    words.filter(|word| !word.is_empty()).collect()
}
