//! A memory's free-form metadata.

use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::fields::{self, Members};

/// At most ten keys with any JSON values (reading 24). Order, number text and values come back as they came in.
#[derive(Clone, Default)]
pub struct Metadata(Vec<(String, Box<RawValue>)>);

impl Metadata {
    /// The most keys.
    pub const MAX_KEYS: usize = 10;

    /// Reads a JSON object; the error is a sentence.
    pub fn parse(json: &str) -> Result<Self, String> {
        let members = Members::parse(json).map_err(|_| "must be an object".to_owned())?;
        let mut entries: Vec<(String, Box<RawValue>)> = Vec::new();
        for (name, value) in members {
            // The nesting that a value may have is what every JSON reader after us can take.
            serde_json::from_str::<serde_json::Value>(value.get())
                .map_err(|e| format!("has a bad value at `{name}`: {e}"))?;
            entries.retain(|(known, _)| *known != name);
            let compact = RawValue::from_string(fields::compact(value.get())).expect("still the same JSON");
            entries.push((name.into_owned(), compact));
        }
        if entries.len() > Self::MAX_KEYS {
            return Err(format!("must have at most {} keys; this has {}", Self::MAX_KEYS, entries.len()));
        }
        Ok(Self(entries))
    }

    /// Reads what [`Metadata::to_json`] wrote, without checking again.
    pub fn from_stored(json: &str) -> Result<Self, serde_json::Error> {
        let owned =
            |(name, value): (std::borrow::Cow<'_, str>, &RawValue)| (name.into_owned(), value.to_owned());
        Ok(Self(Members::parse(json)?.into_iter().map(owned).collect()))
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON text of one key's value.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.get())
    }

    /// The object as compact JSON text.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("metadata is JSON")
    }
}

impl PartialEq for Metadata {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(&other.0).all(|((a, x), (b, y))| a == b && x.get() == y.get())
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} keys>", self.0.len())
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Metadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(raw.get()).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_order_survive() {
        let text = r#"{"z":12345678901234567890123,"a":[1.0, null]}"#;
        assert_eq!(
            Metadata::parse(text).unwrap().to_json(),
            r#"{"z":12345678901234567890123,"a":[1.0,null]}"#
        );
    }

    #[test]
    fn eleven_keys_and_bottomless_nesting_are_refused() {
        let eleven = (0..11).map(|n| format!("\"k{n}\":0")).collect::<Vec<_>>().join(",");
        assert!(Metadata::parse(&format!("{{{eleven}}}")).is_err());
        assert!(Metadata::parse(&format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000))).is_err());
        assert!(Metadata::parse("[]").is_err());
    }
}
