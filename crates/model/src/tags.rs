//! Tags and namespaces: short words of a closed alphabet.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// What a tag or a namespace is made of (omp.md section 1).
pub const PATTERN: &str = "^[a-z0-9_:\\-]+$";

fn in_alphabet(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | ':' | '-')
}

/// A word of at most `MAX` characters of `a-z 0-9 _ : -`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Word<const MAX: usize>(String);

/// One tag: 1 to 50 of `a-z 0-9 _ : -`.
pub type Tag = Word<50>;
/// A namespace such as `project:myapp`: 1 to 100 of `a-z 0-9 _ : -`.
pub type Namespace = Word<100>;

impl<const MAX: usize> Word<MAX> {
    /// Takes the word as it is, or says what is wrong with it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        if text.is_empty() || !text.chars().all(in_alphabet) {
            return Err(format!("must match {PATTERN}: lower-case letters, digits, `_`, `:` and `-`"));
        }
        if text.len() > MAX {
            return Err(format!("must have at most {MAX} characters; this has {}", text.len()));
        }
        Ok(Self(text))
    }

    /// Puts any text into this form: lower case, white space and `/` become `-`, the rest is dropped, cut at
    /// the limit. `None` when nothing is left. For our own clients and importers (reading 22), never for the API.
    pub fn normalize(text: &str) -> Option<Self> {
        let mut word = String::new();
        for c in text.trim().chars().flat_map(char::to_lowercase) {
            let c = if c.is_whitespace() || matches!(c, '/' | '.' | '\\') { '-' } else { c };
            if in_alphabet(c) && word.len() < MAX && !(c == '-' && word.ends_with('-')) {
                word.push(c);
            }
        }
        Self::new(word.trim_matches('-')).ok()
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Display for Word<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Word<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Word<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// At most 20 tags, each once, in the order they were given (readings 22 and 23).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The most tags that a memory has.
    pub const MAX: usize = 20;

    /// Merges repeats (the first stays) and checks the number; the error is a sentence.
    pub fn new(tags: impl IntoIterator<Item = Tag>) -> Result<Self, String> {
        let mut unique: Vec<Tag> = Vec::new();
        for tag in tags {
            if unique.contains(&tag) {
                continue;
            }
            if unique.len() == Self::MAX {
                // Counting the rest would cost the square of their number.
                return Err(format!("must be at most {} tags; there are more", Self::MAX));
            }
            unique.push(tag);
        }
        Ok(Self(unique))
    }

    /// Brings any words into form ([`Word::normalize`]); what does not fit is dropped.
    pub fn normalize<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut tags = Self::default();
        for tag in words.into_iter().filter_map(Tag::normalize) {
            if tags.0.len() < Self::MAX && !tags.0.contains(&tag) {
                tags.0.push(tag);
            }
        }
        tags
    }

    /// The tags.
    pub fn iter(&self) -> std::slice::Iter<'_, Tag> {
        self.0.iter()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Tags {
    type Item = &'a Tag;
    type IntoIter = std::slice::Iter<'a, Tag>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::<Tag>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_tags_are_merged_and_the_first_stays() {
        let tags = Tags::new(["b", "a", "b"].map(|t| Tag::new(t).unwrap())).unwrap();
        assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["b", "a"]);
    }

    #[test]
    fn any_text_is_brought_into_form() {
        assert_eq!(Tag::normalize(" Hot Drinks ").unwrap().as_str(), "hot-drinks");
        assert_eq!(Namespace::normalize("me/My.App").unwrap().as_str(), "me-my-app");
        assert_eq!(Tag::normalize("Чай"), None);
        assert_eq!(Tag::normalize(&"x".repeat(80)).unwrap().as_str().len(), 50);
    }
}
