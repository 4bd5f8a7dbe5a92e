//! An object whose text is kept.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use crate::json::Kind;
use crate::json::members::Name;
use crate::json::rewrite::compact;
use crate::json::strings;

/// The members of a JSON object in the order of the file, each value as the text it was written in.
///
/// Reading and writing again changes nothing: unknown members, order, number text and string escapes stay. A name
/// that occurs twice stays twice; [`get`](Self::get) gives the last one, as JSON readers commonly do.
///
/// `Debug` shows names only: values are somebody's memories.
#[derive(Clone, Default)]
pub struct Members {
    entries: Vec<(Cow<'static, str>, Box<RawValue>)>,
}

impl Members {
    /// No members.
    pub fn new() -> Self {
        Self::default()
    }

    /// Parses one JSON object. Errors when `text` is not exactly one.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// How many there are, repeated names counted each time.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// All of them in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &RawValue)> {
        self.entries.iter().map(|(name, raw)| (&**name, &**raw))
    }

    /// The names in order.
    pub fn names(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.entries.iter().map(|(name, _)| &**name)
    }

    /// Whether there is a member of that name.
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The value of that name, the last one if there are several.
    pub fn get(&self, name: &str) -> Option<&RawValue> {
        self.iter().rev().find(|(other, _)| *other == name).map(|(_, raw)| raw)
    }

    /// The text of the value of that name without white space between its tokens: equal
    /// for two files that were laid out differently.
    pub fn get_compact(&self, name: &str) -> Option<String> {
        let mut text = String::new();
        compact(self.get(name)?.get(), &mut text);
        Some(text)
    }

    /// The value of that name as a `T`; `Ok(None)` if there is no such member.
    pub fn get_as<'a, T: serde::Deserialize<'a>>(
        &'a self,
        name: &str,
    ) -> Result<Option<T>, serde_json::Error> {
        self.get(name).map(|raw| serde_json::from_str(raw.get())).transpose()
    }

    /// The value of that name if it is a string. An unpaired surrogate escape reads as U+FFFD.
    pub fn get_str(&self, name: &str) -> Option<Cow<'_, str>> {
        let raw = self.get(name)?.get();
        (Kind::of(raw) == Kind::String).then(|| strings::decode(raw))
    }

    /// Sets a member. A member of that name keeps its place (the first one, if there are several, and the others
    /// go); a new one comes last. Errors when `value` cannot be written as JSON.
    pub fn set(&mut self, name: &str, value: impl Serialize) -> Result<(), serde_json::Error> {
        self.set_raw(name, to_raw_value(&value)?);
        Ok(())
    }

    /// Sets a member to a value that is JSON text already; otherwise as [`set`](Self::set).
    pub fn set_raw(&mut self, name: &str, raw: Box<RawValue>) {
        let Some(first) = self.names().position(|other| other == name) else {
            self.push_raw(name, raw);
            return;
        };
        self.entries[first].1 = raw;
        let mut index = 0;
        self.entries.retain(|(other, _)| {
            index += 1;
            index <= first + 1 || other != name
        });
    }

    /// Adds a member at the end, even if there is one of that name.
    pub fn push_raw(&mut self, name: &str, raw: Box<RawValue>) {
        self.entries.push((intern(name), raw));
    }

    /// Removes all members of that name; gives the value that counted.
    pub fn remove(&mut self, name: &str) -> Option<Box<RawValue>> {
        let mut removed = None;
        self.entries.retain_mut(|(other, raw)| {
            let keep = other != name;
            if !keep {
                removed = Some(std::mem::take(raw));
            }
            keep
        });
        removed
    }

    /// Puts a member at `index`, for a writer that cares for the look of the file.
    pub(crate) fn insert_raw(&mut self, index: usize, name: &str, raw: Box<RawValue>) {
        self.entries.insert(index.min(self.entries.len()), (intern(name), raw));
    }

    /// For a name that cannot fail to be written: text and lists of text.
    pub(crate) fn set_text(&mut self, name: &str, value: impl Serialize) {
        self.set(name, value).expect("text always has a JSON form");
    }
}

/// The floor's own names cost no allocation.
fn intern(name: &str) -> Cow<'static, str> {
    const KNOWN: [&str; 23] = [
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
        "method",
    ];
    match KNOWN.iter().find(|known| **known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    }
}

/// Equal when names, order and value texts are.
impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.iter().zip(other.iter()).all(|(a, b)| a.0 == b.0 && a.1.get() == b.1.get())
    }
}

impl Eq for Members {}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.len()))?;
        for (name, raw) in self.iter() {
            map.serialize_entry(name, raw)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut entries = Vec::with_capacity(map.size_hint().unwrap_or(8));
                while let Some(name) = map.next_key::<Name<'_>>()? {
                    entries.push((intern(&name.0), map.next_value()?));
                }
                Ok(Members { entries })
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    fn members(text: &str) -> Members {
        Members::parse(text).unwrap()
    }

    #[test]
    fn the_text_of_every_value_is_kept() {
        let text =
            r#"{"n":1e400,"z":-0,"big":12345678901234567890123,"f":1.0,"s":"\u0041\/","u":{"b":1,"a":[ 2]}}"#;
        assert_eq!(serde_json::to_string(&members(text)).unwrap(), text);
    }

    #[test]
    fn a_repeated_name_is_kept_and_the_last_one_counts() {
        let text = r#"{"a":1,"b":2,"a":3}"#;
        let mut members = members(text);
        assert_eq!(members.get("a").unwrap().get(), "3");
        assert_eq!(serde_json::to_string(&members).unwrap(), text);
        members.set("a", 4).unwrap();
        assert_eq!(serde_json::to_string(&members).unwrap(), r#"{"a":4,"b":2}"#);
    }

    #[test]
    fn removing_gives_the_value_that_counted() {
        let mut members = members(r#"{"a":1,"b":2,"a":3}"#);
        assert_eq!(members.remove("a").unwrap().get(), "3");
        assert_eq!(serde_json::to_string(&members).unwrap(), r#"{"b":2}"#);
        assert!(members.remove("a").is_none());
    }

    #[test]
    fn a_new_member_comes_last() {
        let mut members = members(r#"{"a":1}"#);
        members.set("b", ["x"]).unwrap();
        assert_eq!(serde_json::to_string(&members).unwrap(), r#"{"a":1,"b":["x"]}"#);
    }

    #[test]
    fn debug_shows_no_values() {
        let shown = format!("{:?}", members(r#"{"content":"secret","id":"x"}"#));
        assert_eq!(shown, r#"{"content", "id"}"#);
    }

    #[test]
    fn only_an_object_is_parsed() {
        for text in ["[]", "1", "{} {}", "", "{\"a\":1,}"] {
            assert!(Members::parse(text).is_err(), "{text}");
        }
    }
}
