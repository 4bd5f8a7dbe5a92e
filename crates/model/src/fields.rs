//! Reads typed fields out of a JSON object or a query string and collects what is wrong with each.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error::{Error, FieldErrors};
use crate::{Embedding, Metadata, Tag, Tags, Text, Timestamp};

/// The members of a JSON object in their order, values as JSON text.
#[derive(Default)]
pub struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Splits one JSON object.
    pub fn parse(json: &'a str) -> serde_json::Result<Self> {
        serde_json::from_str(json)
    }
}

impl<'a> IntoIterator for Members<'a> {
    type Item = (Cow<'a, str>, &'a RawValue);
    type IntoIter = std::vec::IntoIter<Self::Item>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Collect<'a> {
            type Value = Members<'a>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name<'a>>()? {
                    members.push((name.0, map.next_value::<&'a RawValue>()?));
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Collect(std::marker::PhantomData))
    }
}

/// A member's name, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// JSON text without the white space between its tokens.
pub(crate) fn compact(json: &str) -> String {
    let (mut in_string, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            let keep = in_string || !c.is_ascii_whitespace();
            match c {
                '"' if !escaped => in_string = !in_string,
                _ => {}
            }
            escaped = in_string && *c == '\\' && !escaped;
            keep
        })
        .collect()
}

/// A value that a field can hold.
pub trait Field: Sized {
    /// Whether `name=` in a query string is no mistake, but the same as nothing: forms send what was left empty.
    const MAY_BE_BLANK: bool = false;

    /// From plain text, as in a query string; the error is a sentence without its subject.
    fn from_text(text: &str) -> Result<Self, String>;

    /// From JSON; by default a JSON string with [`Field::from_text`].
    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let text = string(json).map_err(|e| whole(e.into()))?;
        Self::from_text(&text).map_err(whole)
    }
}

fn whole(what: String) -> FieldErrors {
    vec![(String::new(), what)]
}

fn string(json: &RawValue) -> Result<Cow<'_, str>, &'static str> {
    if !json.get().starts_with('"') {
        return Err("must be a string");
    }
    serde_json::from_str::<Name<'_>>(json.get())
        .map(|s| s.0)
        .map_err(|_| "must be Unicode text; this has half of a surrogate pair or another broken escape")
}

/// Fields of one object; ask for each, then [`Fields::finish`].
pub struct Fields<'a> {
    values: Vec<(Cow<'a, str>, Value<'a>)>,
    errors: FieldErrors,
}

enum Value<'a> {
    Json(&'a RawValue),
    Text(String),
}

impl<'a> Fields<'a> {
    /// From a JSON object. Malformed JSON is `invalid_json` with line and column; other JSON a `validation_error`.
    pub fn from_json(json: &'a str) -> Result<Self, Error> {
        let members = Members::parse(json).map_err(|e| {
            // What begins as something else than an object may not be JSON at all.
            let fault = if e.is_data() { serde_json::from_str::<IgnoredAny>(json).err() } else { Some(e) };
            match fault {
                Some(fault) => Error::invalid_json(&fault),
                None => Error::invalid("body", "must be a JSON object"),
            }
        })?;
        Ok(Self {
            values: members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect(),
            errors: Vec::new(),
        })
    }

    /// From the pairs of a query string; `tags` may be repeated.
    pub fn from_pairs(pairs: Vec<(String, String)>) -> Self {
        let mut fields = Self { values: Vec::new(), errors: Vec::new() };
        for (name, text) in pairs {
            match fields.values.iter_mut().find(|(known, _)| *known == name) {
                Some((_, Value::Text(known))) if name == "tags" => {
                    known.push(',');
                    known.push_str(&text);
                }
                Some(_) => fields.errors.push((name, "is given more than once".into())),
                None => fields.values.push((Cow::Owned(name), Value::Text(text))),
            }
        }
        fields
    }

    /// A repeated member counts once, with its last value, as in most JSON readers.
    fn find(&self, name: &str) -> Option<&Value<'a>> {
        self.values.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Records a mistake.
    pub fn fail(&mut self, name: &str, what: impl Into<String>) {
        self.errors.push((name.to_owned(), what.into()));
    }

    /// Whether the object has this member, `null` or not.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The same for a value of this kind: free text that is empty in a query string counts as absent.
    fn given<T: Field>(&self, name: &str) -> Option<&Value<'a>> {
        self.find(name)
            .filter(|value| !(T::MAY_BE_BLANK && matches!(value, Value::Text(text) if text.is_empty())))
    }

    /// The JSON text of a member.
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        match self.find(name)? {
            Value::Json(json) => Some(json),
            Value::Text(_) => None,
        }
    }

    fn read<T: Field>(&mut self, name: &str) -> Option<T> {
        let result = match self.given::<T>(name)? {
            Value::Json(json) => T::from_json(json),
            Value::Text(text) => T::from_text(text).map_err(whole),
        };
        result
            .map_err(|errors| {
                self.errors.extend(errors.into_iter().map(|(at, what)| (format!("{name}{at}"), what)));
            })
            .ok()
    }

    /// A field that must be there.
    pub fn required<T: Field>(&mut self, name: &str) -> Option<T> {
        if self.given::<T>(name).is_none() {
            self.fail(name, "is required");
        }
        self.read(name)
    }

    /// A field that may be absent, but not `null`.
    pub fn optional<T: Field>(&mut self, name: &str) -> Option<T> {
        self.read(name)
    }

    /// A field that may be absent (`None`) or `null` (`Some(None)`).
    pub fn nullable<T: Field>(&mut self, name: &str) -> Option<Option<T>> {
        match self.given::<T>(name)? {
            Value::Json(json) if json.get() == "null" => Some(None),
            _ => self.read(name).map(Some),
        }
    }

    /// An object inside this one; its mistakes are named `name.member`.
    pub fn object<T>(&mut self, name: &str, read: impl FnOnce(&mut Fields<'a>) -> Option<T>) -> Option<T> {
        let Some(Ok(members)) = self.raw(name).map(|json| Members::parse(json.get())) else {
            if self.has(name) {
                self.fail(name, "must be an object");
            }
            return None;
        };
        let mut inner = Self {
            values: members.into_iter().map(|(name, value)| (name, Value::Json(value))).collect(),
            errors: Vec::new(),
        };
        let value = read(&mut inner);
        self.errors.extend(inner.errors.into_iter().map(|(at, what)| (format!("{name}.{at}"), what)));
        value
    }

    /// The value, if every field was right.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Error> {
        self.into_result(value).map_err(Error::validation)
    }

    /// Like [`Fields::finish`], with the bare mistakes.
    pub fn into_result<T>(self, value: Option<T>) -> Result<T, FieldErrors> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ => Err(self.errors),
        }
    }
}

impl<const MIN: usize, const MAX: usize> Field for Text<MIN, MAX> {
    const MAY_BE_BLANK: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text)
    }
}

impl<const MAX: usize> Field for crate::tags::Word<MAX> {
    const MAY_BE_BLANK: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Self::new(text)
    }
}

impl Field for Timestamp {
    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| "must be an RFC 3339 date-time such as 2026-06-29T12:00:00Z".into())
    }
}

impl Field for Tags {
    const MAY_BE_BLANK: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        let tags = text
            .split(',')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(Tag::new)
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(tags)
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let (tags, errors) = array(json, "must be an array of strings", Tag::from_json)?;
        if !errors.is_empty() {
            return Err(errors);
        }
        Self::new(tags).map_err(whole)
    }
}

/// Reads each element of a JSON array; mistakes are named `[index]`.
pub(crate) fn array<T>(
    json: &RawValue,
    expected: &str,
    read: impl Fn(&RawValue) -> Result<T, FieldErrors>,
) -> Result<(Vec<T>, FieldErrors), FieldErrors> {
    let items: Vec<&RawValue> = serde_json::from_str(json.get()).map_err(|_| whole(expected.to_owned()))?;
    let (mut values, mut errors) = (Vec::with_capacity(items.len()), Vec::new());
    for (index, item) in items.into_iter().enumerate() {
        match read(item) {
            Ok(value) => values.push(value),
            Err(found) => errors.extend(found.into_iter().map(|(at, what)| (format!("[{index}]{at}"), what))),
        }
    }
    Ok((values, errors))
}

impl Field for Metadata {
    fn from_text(_: &str) -> Result<Self, String> {
        Err("must be an object".into())
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        Self::parse(json.get()).map_err(whole)
    }
}

impl Field for Embedding {
    fn from_text(_: &str) -> Result<Self, String> {
        Err("must be an array of numbers".into())
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let values =
            serde_json::from_str(json.get()).map_err(|_| whole("must be an array of numbers".into()))?;
        Self::new(values).map_err(whole)
    }
}

impl Field for u64 {
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "must be a whole number, 0 or more".into())
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        Self::from_text(json.get()).map_err(whole)
    }
}

impl Field for bool {
    fn from_text(text: &str) -> Result<Self, String> {
        match text {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("must be true or false".into()),
        }
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        serde_json::from_str(json.get()).map_err(|_| whole("must be true or false".into()))
    }
}

impl Field for String {
    const MAY_BE_BLANK: bool = true;

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl<T: Field> Field for Vec<T> {
    fn from_text(text: &str) -> Result<Self, String> {
        text.split(',').map(T::from_text).collect()
    }

    fn from_json(json: &RawValue) -> Result<Self, FieldErrors> {
        let (values, errors) = array(json, "must be an array", T::from_json)?;
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }
}

/// Makes a closed list of words a [`Field`].
macro_rules! word_field {
    ($type:ty, $expected:literal) => {
        impl $crate::fields::Field for $type {
            fn from_text(text: &str) -> Result<Self, String> {
                Self::parse(text).ok_or_else(|| concat!("must be one of ", $expected).into())
            }
        }
    };
}
pub(crate) use word_field;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Content;

    #[test]
    fn every_mistake_is_named() {
        let mut fields = Fields::from_json(r#"{"tags":["a","B",3],"limit":-1}"#).unwrap();
        let (content, _, _) = (
            fields.required::<Content>("content"),
            fields.optional::<Tags>("tags"),
            fields.optional::<u64>("limit"),
        );
        let error = fields.finish(content).unwrap_err();
        assert_eq!(error.details.keys().collect::<Vec<_>>(), ["content", "tags[1]", "tags[2]", "limit"]);
    }

    #[test]
    fn malformed_json_tells_line_and_column() {
        let error = Fields::from_json("{\n  \"a\": nope}").err().unwrap();
        assert_eq!(
            (error.code.name(), error.details["line"].as_u64(), error.details["column"].as_u64()),
            ("invalid_json", Some(2), Some(9))
        );
    }

    #[test]
    fn what_is_no_object_is_told_from_what_is_no_json() {
        let code = |json| Fields::from_json(json).err().unwrap().code.name();
        for json in ["[1,", "[1] 2", "5 {", "\"a", "[1,]", "nul"] {
            assert_eq!(code(json), "invalid_json", "{json}");
        }
        for json in ["[1]", "5", "null", "\"a\""] {
            assert_eq!(code(json), "validation_error", "{json}");
        }
    }

    #[test]
    fn lone_surrogates_are_refused_by_name() {
        let mut fields = Fields::from_json(r#"{"content":"\ud800"}"#).unwrap();
        let content = fields.required::<Content>("content");
        assert!(fields.finish(content).unwrap_err().details.contains_key("content"));
    }

    #[test]
    fn white_space_goes_only_between_tokens() {
        assert_eq!(compact("{ \"a b\\\" \" : [ 1 , 2 ] }\n"), "{\"a b\\\" \":[1,2]}");
    }

    #[test]
    fn an_empty_parameter_is_absent_where_any_text_may_stand() {
        let blank =
            || Fields::from_pairs(["limit", "namespace"].map(|name| (name.to_owned(), String::new())).into());
        let mut fields = blank();
        assert!(fields.optional::<crate::Namespace>("namespace").is_none());
        assert!(fields.finish(Some(())).is_ok());
        let mut fields = blank();
        fields.optional::<u64>("limit");
        assert_eq!(fields.finish(Some(())).unwrap_err().details.keys().collect::<Vec<_>>(), ["limit"]);
    }

    #[test]
    fn repeated_parameters_are_refused_but_tags_add_up() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        let mut fields = Fields::from_pairs(vec![
            pair("tags", "a"),
            pair("tags", "b"),
            pair("limit", "1"),
            pair("limit", "2"),
        ]);
        assert_eq!(fields.optional::<Tags>("tags").unwrap().iter().count(), 2);
        assert!(fields.finish(Some(())).is_err());
    }
}
