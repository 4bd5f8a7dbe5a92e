//! JSON read as far as it is what one expects: a member of another type counts as absent, so that one odd member does
//! not cost the item. Nothing is copied that does not have to be.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Visits that find another type than the one wanted.
macro_rules! otherwise {
    ($nothing:expr; $($kind:ident)*) => { $(otherwise!(@$kind $nothing);)* };
    (@text $nothing:expr) => {
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> { Ok($nothing) }
    };
    (@unit $nothing:expr) => {
        fn visit_unit<E>(self) -> Result<Self::Value, E> { Ok($nothing) }
    };
    (@bool $nothing:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> { Ok($nothing) }
    };
    (@number $nothing:expr) => {
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> { Ok($nothing) }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> { Ok($nothing) }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> { Ok($nothing) }
    };
    (@seq $nothing:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
    (@map $nothing:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

/// A string, or nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Word<'a>(pub(crate) Option<Cow<'a, str>>);

impl Word<'_> {
    /// The text, if it is one and not empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The text, owned.
    pub(crate) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Word<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Word<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Word<'de>, E> {
                Ok(Word(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E>(self, text: &str) -> Result<Word<'de>, E> {
                Ok(Word(Some(Cow::Owned(text.to_owned()))))
            }
            otherwise!(Word(None); unit bool number seq map);
        }
        deserializer.deserialize_any(Words)
    }
}

/// `true`, or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Flags;
        impl<'de> Visitor<'de> for Flags {
            type Value = Flag;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }
            otherwise!(Flag(false); text unit number seq map);
        }
        deserializer.deserialize_any(Flags)
    }
}

/// A number, or nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        #[expect(clippy::cast_precision_loss, reason = "compared with small numbers only")]
        impl<'de> Visitor<'de> for Numbers {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, value: i64) -> Result<Number, E> {
                Ok(Number(Some(value as f64)))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Number, E> {
                Ok(Number(Some(value as f64)))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Number, E> {
                Ok(Number(Some(value)))
            }
            otherwise!(Number(None); text unit bool seq map);
        }
        deserializer.deserialize_any(Numbers)
    }
}

/// An array, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Lists<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Lists<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = seq.next_element()? {
                    list.push(element);
                }
                Ok(List(list))
            }
            otherwise!(List(Vec::new()); text unit bool number map);
        }
        deserializer.deserialize_any(Lists(PhantomData))
    }
}

/// An object that is a `T`, or nothing.
#[derive(Debug, Clone)]
pub(crate) struct Object<T>(pub(crate) Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Objects<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Objects<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|value| Object(Some(value)))
            }
            otherwise!(Object(None); text unit bool number seq);
        }
        deserializer.deserialize_any(Objects(PhantomData))
    }
}

/// A string or an object, or nothing: pieces of a message.
#[derive(Debug, Clone)]
pub(crate) enum Piece<'a, T> {
    /// A string.
    Text(Cow<'a, str>),
    /// An object.
    Object(T),
    /// Anything else.
    Nothing,
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Piece<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pieces<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pieces<T> {
            type Value = Piece<'de, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or an object")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Piece::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Piece::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Piece::Object)
            }
            otherwise!(Piece::Nothing; unit bool number seq);
        }
        deserializer.deserialize_any(Pieces(PhantomData))
    }
}

/// The members of an object in their order, or none.
#[derive(Debug, Clone)]
pub(crate) struct Entries<'a, T>(pub(crate) Vec<(Cow<'a, str>, T)>);

impl<T> Default for Entries<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Entries<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Entries<'de, T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some((name, value)) = map.next_entry::<Word<'de>, T>()? {
                    entries.push((name.0.unwrap_or_default(), value));
                }
                Ok(Entries(entries))
            }
            otherwise!(Entries(Vec::new()); text unit bool number seq);
        }
        deserializer.deserialize_any(Members(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Thing<'a> {
        #[serde(borrow)]
        name: Word<'a>,
        done: Flag,
        size: Number,
        list: List<Number>,
        #[serde(borrow)]
        pieces: List<Piece<'a, Object<Flag>>>,
        #[serde(borrow)]
        map: Entries<'a, Number>,
    }

    #[test]
    fn odd_types_count_as_absent() {
        let good = r#"{"name":"a","done":true,"size":2,"list":[1,"x"],"pieces":["t",{},3],"map":{"k":1}}"#;
        let thing: Thing<'_> = serde_json::from_str(good).unwrap();
        assert_eq!((thing.name.get(), thing.done.0, thing.size.0), (Some("a"), true, Some(2.0)));
        assert_eq!((thing.list.0.len(), thing.pieces.0.len(), thing.map.0.len()), (2, 3, 1));
        for odd in ["null", "7", "-1.5", "true", "\"x\\n\"", "[1,{}]", "{\"a\":[1]}"] {
            let text = format!(
                r#"{{"name":{odd},"done":{odd},"size":{odd},"list":{odd},"pieces":{odd},"map":{odd},"other":{odd}}}"#
            );
            assert!(serde_json::from_str::<Thing<'_>>(&text).is_ok(), "{odd}");
            assert!(serde_json::from_str::<Object<Thing<'_>>>(odd).is_ok(), "{odd}");
        }
    }
}
