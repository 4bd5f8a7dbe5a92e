//! Splits an object into its members, or an array into its elements, borrowing the text.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::syntax::{self, Mistake};

/// So few names are compared with each other faster than they are hashed.
const FEW: usize = 16;

/// The members of one object, in order, borrowed from its text.
pub(crate) struct Borrowed<'a>(pub(crate) Vec<(Name<'a>, &'a RawValue)>);

/// A member name, unescaped.
#[derive(PartialEq, Eq)]
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'a> Borrowed<'a> {
    /// The value of that name; the last one if there are several.
    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().rev().find(|(other, _)| other.0 == name).map(|(_, raw)| raw.get())
    }

    /// Which members have a name that an earlier one has.
    pub(crate) fn repeated(&self) -> Vec<usize> {
        if self.0.len() <= FEW {
            let earlier = |nth: &usize| self.0[..*nth].iter().any(|(name, _)| *name == self.0[*nth].0);
            return (1..self.0.len()).filter(earlier).collect();
        }
        let mut seen = HashSet::with_capacity(self.0.len());
        let names = self.0.iter().map(|(name, _)| &*name.0).enumerate();
        names.filter(|(_, name)| !seen.insert(*name)).map(|(nth, _)| nth).collect()
    }
}

/// Splits an object.
pub(crate) fn split(raw: &str) -> Result<Borrowed<'_>, Mistake> {
    serde_json::from_str(raw).map_err(|_| mistake(raw))
}

/// Splits an array, which must be good JSON.
pub(crate) fn elements(raw: &str) -> Vec<&str> {
    let elements = serde_json::from_str::<Vec<&RawValue>>(raw).unwrap_or_default();
    elements.into_iter().map(RawValue::get).collect()
}

/// Why `raw`, which `serde_json` has refused, is not a good object.
pub(crate) fn mistake(raw: &str) -> Mistake {
    match syntax::check(raw) {
        Err(mistake) => mistake,
        // All that is left to refuse in the text of an object.
        Ok(()) => Mistake { offset: 0, message: "a member name in it has an unpaired surrogate" },
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Borrowed<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Borrowed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(12);
                while let Some(entry) = map.next_entry::<Name<'de>, &'de RawValue>()? {
                    members.push(entry);
                }
                Ok(Borrowed(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Name<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member name")
            }

            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}
